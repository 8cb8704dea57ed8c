"""CSV: a table with a header, by RFC 4180; nested values are JSV in a cell.

The header is the shape's declared names, always all of them. A document is one row of a record, or the rows of a list,
or of a record that names its rows. Cells that begin with ``=``, ``+``, ``-`` or ``@`` stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from serializers import jsv, scalars
from serializers import shape as shapes
from serializers.base import DEFAULT_LIMITS, Limits, Page
from serializers.compiler import ChoiceTable, TextWriter, read_source
from serializers.errors import DecodeError, EncodeError, wire_path
from serializers.rows import blocks, row_shape, row_writer, rows_of
from serializers.shape import ListOf, MapOf, Record, Reference, Shape, names_of
from serializers.text import from_bytes

_special = re.compile(r'[",\r\n]').search
_bracket_in_front = re.compile(r"\n[\[{]").search
_CELL = re.compile(r'(?:"([^"]*+(?:""[^"]*+)*+)"|([^",\r\n]*+))(\r\n|[,\r\n]|\Z)')


def cell(text: str) -> str:
    """A text as a cell: in quotes where it must be."""
    if _special(text) or text[:1] in ("[", "{"):
        return '"' + text.replace('"', '""') + '"'
    return text


def dumps(value: Any, shape: Shape | None = None) -> str:
    """A value as CSV. Raises EncodeError for a value that is not of the shape."""
    return _encode(value, shape).decode()


def _encode(value: Any, shape: Shape | None) -> bytes:
    if shape is None:
        value, shape = _untyped(value)
    return b"".join(stream(value, shape))


def stream(value: Any, shape: Shape, *, objects: bool = False) -> Iterator[bytes]:
    """A table in blocks. A record that names no rows is a single row."""
    if isinstance(shape, ListOf) or (isinstance(shape, Record) and shape.rows is not None):
        item, member = row_shape(shape)
        rows = rows_of(value, shape, member)
    else:
        item, rows = shape, () if value is None else (value,)
    null = "," * (len(item.fields) - 1) if isinstance(item, Record) else ""
    return blocks(header(item), rows, row_writer(item, compiled, null + "\r\n", objects=objects), "", str)


def header(shape: Shape) -> str:
    """The first line of a table of rows of the shape; a table of scalars has none."""
    if not isinstance(shape, Record):
        return ""
    return ",".join(cell(shape.declared_name(name)) for name in shape.fields) + "\r\n"


@lru_cache(maxsize=1024)
def compiled(shape: Shape, *, attributes: bool) -> TextWriter:
    """The function from a row (or, with `attributes`, an object) of a shape to its line. Compiled once."""
    if not isinstance(shape, Record):
        write = _cell_writer(shape, {}, attributes=attributes)
        return lambda row: (write[row] if isinstance(write, ChoiceTable) else write(row)) + "\r\n"
    lines = ["def write(o):"] if attributes else ["def write(o):", "    get = o.get"]
    namespace: dict[str, Any] = {"special": _special, "text": _text, "brackets": _bracket_in_front}
    cells: list[str] = []
    clean: list[str] = []
    texts: list[str] = []
    for number, (name, field) in enumerate(shape.fields.items()):
        variable = f"v{number}"
        lines.append(f"    {variable} = {read_source(shape, name, attributes=attributes)}")
        if isinstance(field, shapes.Text):
            texts.append(f"{variable} or ''")
            cells.append(f"'' if {variable} is None else text({variable})")
            clean.append(f"'' if {variable} is None else {variable} or text({variable})")
            continue
        namespace[f"w{number}"] = _cell_writer(field, {shape.name: shape}, attributes=attributes)
        source = (
            f"w{number}[{variable}]" if isinstance(namespace[f"w{number}"], ChoiceTable) else f"w{number}({variable})"
        )
        cells.append(f"'' if {variable} is None else {source}")
        clean.append(cells[-1])
    line = f"','.join(({', '.join(cells)},)) + '\\r\\n'" if cells else "'\\r\\n'"
    if len(texts) > 2:
        # PERF: one search over all texts of a row; the line breaks between them show brackets in front of one.
        lines += [
            "    try:",
            f"        texts = '\\n'.join(('', {', '.join(texts)}))",
            "    except TypeError:",
            f"        return {line}",
            f"    if '\"' not in texts and ',' not in texts and '\\r' not in texts and texts.count('\\n') == {len(texts)} "
            "and not brackets(texts):",
            f"        return ','.join(({', '.join(clean)},)) + '\\r\\n'",
        ]
    lines.append(f"    return {line}")
    exec("\n".join(lines), namespace)  # noqa: S102  (made of the shape alone)
    write_row: TextWriter = namespace["write"]

    def guarded(row: Any) -> str:
        try:
            return write_row(row)
        except (TypeError, AttributeError, KeyError) as error:
            raise EncodeError(f"the row is not of its shape: {error}") from error

    return guarded


def _cell_writer(shape: Shape, enclosing: Mapping[str, Record], *, attributes: bool) -> Any:
    if isinstance(shape, shapes.Text):
        return _text
    if isinstance(shape, Reference):
        shape = enclosing[shape.name]
    if isinstance(shape, ListOf) and isinstance(shape.item, Reference):
        shape = ListOf(enclosing[shape.item.name])
    if isinstance(shape, (Record, ListOf, MapOf)):
        write = jsv.compiled(shape, attributes=attributes)
        return lambda value: '"' + write(value).replace('"', '""') + '"'
    if isinstance(shape, shapes.Choice):
        return ChoiceTable(shape, scalars.writer(shape))
    return scalars.writer(shape)


def _text(value: Any) -> str:
    return cell(value if value.__class__ is str else scalars.write_any(value))


def _untyped(value: Any) -> tuple[Any, Shape]:
    """A value without a shape: its rows' cells as texts, and the shape that has a column for each name of any row."""
    rows = [_cells(row) for row in value] if isinstance(value, (list, tuple)) else [_cells(value)]
    names = dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
    item: Shape = shapes.Text()
    if names:
        item = Record("Row", {name: shapes.Text() for name in names}, names={name: name for name in names})
        rows = [row if isinstance(row, dict) else {} for row in rows]
    return (rows, ListOf(item)) if isinstance(value, (list, tuple)) else (rows[0], item)


def _cells(row: Any) -> Any:
    if isinstance(row, Mapping):
        return {scalars.write_any(name): None if cell is None else _cell_text(cell) for name, cell in row.items()}
    return None if row is None else _cell_text(row)


def _cell_text(value: Any) -> str:
    return jsv.dumps(value) if isinstance(value, (Mapping, list, tuple)) else scalars.write_any(value)


def loads(text: str, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Any:
    """The value of a document, None where it is empty.

    A record is the header and the first row, a list all rows; without a shape the rows are dicts of texts.

    :raises DecodeError: where the text is not CSV, a value is not of its shape, or a limit is passed.
    """
    text = text.removeprefix("\ufeff")
    if not text:
        return None
    if len(text) > limits.bytes:
        raise DecodeError(f"longer than {limits.bytes} bytes")
    if isinstance(shape, Record):
        if shape.rows is not None:
            rows, _ = row_shape(shape)
            return {shape.rows: list(_Table(text, rows, limits).records())}
        return next(iter(_Table(text, shape, limits).records()), {})
    if shape is None:
        return list(_Table(text, None, limits).records())
    if not isinstance(shape, ListOf):
        raise DecodeError("a table has rows; expected a list or a record")
    if isinstance(shape.item, Record):
        return list(_Table(text, shape.item, limits).records())
    return list(_Table(text, shape.item, limits).scalars())


class _Table:
    def __init__(self, text: str, shape: Shape | None, limits: Limits) -> None:
        self.text = text
        self.shape = shape
        self.limits = limits

    def records(self) -> Iterator[dict[str, Any]]:
        lines = self.lines()
        header = next(lines, [])
        columns = [self.column(name) for name, _, _ in header]
        for number, line in enumerate(lines):
            if len(line) == 1 and line[0][0] == "" and not line[0][2]:
                continue
            if len(line) > len(columns):
                raise DecodeError.at("more cells than the header has", self.text, line[len(columns)][1])
            record: dict[str, Any] = {}
            for column, (raw, position, quoted) in zip(columns, line, strict=False):
                if column is not None:
                    name, shape = column
                    record[name] = self.value(raw, quoted, position, shape, (number, name))
            yield record

    def scalars(self) -> Iterator[Any]:
        assert self.shape is not None
        for number, line in enumerate(self.lines()):
            if len(line) > 1:
                raise DecodeError.at("more than one cell in a line", self.text, line[1][1])
            raw, position, quoted = line[0]
            yield self.value(raw, quoted, position, self.shape, (number,))

    def column(self, name: str) -> tuple[str, Shape | None] | None:
        if not isinstance(self.shape, Record):
            return name, None
        names = names_of(self.shape)
        wire_name = names.get(name) or names.get(name.casefold())
        return None if wire_name is None else (wire_name, self.shape.fields[wire_name])

    def value(self, raw: str, quoted: bool, position: int, shape: Shape | None, path: tuple[str | int, ...]) -> Any:
        if shape is None:
            return raw
        if isinstance(shape, shapes.Text):
            return raw or ("" if quoted else None)
        if not raw:
            return None
        if isinstance(shape, Reference) and isinstance(self.shape, Record):
            shape = self.shape
        if isinstance(shape, ListOf) and isinstance(shape.item, Reference) and isinstance(self.shape, Record):
            shape = ListOf(self.shape)
        try:
            return jsv.loads_member(raw, shape, limits=self.limits)
        except DecodeError as error:
            inner = error.path
            steps = path[1:] if isinstance(path[0], int) and len(path) > 1 else path
            place = wire_path(steps) + (inner if inner.startswith("[") or not inner else f".{inner}")
            raise DecodeError.at(error.message, self.text, position, place) from None

    def lines(self) -> Iterator[list[tuple[str, int, bool]]]:
        """Each line's cells: text, position, and whether it stood in quotes. Empty lines are skipped by who reads."""
        position, end, items = 0, len(self.text), self.limits.items
        line: list[tuple[str, int, bool]] = []
        while position < end or line:
            start = position
            match = _CELL.match(self.text, position)
            if match is None:
                open_quote = self.text[position] == '"' and self.text.count('"', position) % 2
                raise DecodeError.at(
                    "a quote is not closed" if open_quote else "a quote inside a cell", self.text, start
                )
            quoted, bare, stop = match.groups()
            line.append((bare, start, False) if quoted is None else (quoted.replace('""', '"'), start, True))
            items -= 1
            if items < 0:
                raise DecodeError.at("too many items", self.text, start)
            position = match.end()
            if stop != ",":
                yield line
                line = []
            elif position == end:
                line.append(("", position, False))
                yield line
                line = []


class Csv:
    """The CSV serializer."""

    name = "csv"
    suffixes = ("csv",)
    media_types = ("text/csv", "application/csv")
    content_type = "text/csv"
    readable = True

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        del page
        return _encode(value, shape)

    def decode(self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Any:
        return loads(from_bytes(data, limits), shape, limits=limits)

    def stream(self, value: Any, shape: Shape) -> Iterator[bytes]:
        return stream(value, shape)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        return lambda value: b"".join(stream(value, shape, objects=True))


serializer = Csv()
