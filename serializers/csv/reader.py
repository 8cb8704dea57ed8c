"""Reading CSV: a header, and rows directed by the shape of a record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from serializers import jsv
from serializers import shape as shapes
from serializers.base import DEFAULT_LIMITS, Limits
from serializers.errors import DecodeError, wire_path
from serializers.rows import row_shape
from serializers.shape import ListOf, Record, Reference, Shape, names_of

#: The cells of a line: text, position, and whether it stood in quotes.
Line = list[tuple[str, int, bool]]
#: A column's name and shape.
Column = tuple[str, Shape | None]

_CELL = re.compile(r'(?:"([^"]*+(?:""[^"]*+)*+)"|([^",\r\n]*+))(\r\n|[,\r\n]|\Z)')


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


def row_reader(
    header: str, shape: Record, *, limits: Limits = DEFAULT_LIMITS
) -> Callable[[str], Iterator[dict[str, Any]]]:
    """What reads rows by themselves, for tables that are too long for one text: from some rows' text to their records.

    Rows have a cell for every column: one that ends early may have been cut off.

    :param header: the table's first line. Raises DecodeError where it is none, and so does the reader where a row is none.
    """
    top = _Table(header.removeprefix("\ufeff"), shape, limits)
    columns = top.columns(next(top.lines(), []))

    def whole(text: str, lines: Iterable[Line]) -> Iterator[Line]:
        for line in lines:
            if 1 < len(line) < len(columns):
                raise DecodeError.at("fewer cells than the header has", text, line[-1][1])
            yield line

    def read(text: str) -> Iterator[dict[str, Any]]:
        table = _Table(text, shape, limits)
        return table.below(columns, whole(text, table.lines()))

    return read


class _Table:
    def __init__(self, text: str, shape: Shape | None, limits: Limits) -> None:
        self.text = text
        self.shape = shape
        self.limits = limits

    def records(self) -> Iterator[dict[str, Any]]:
        lines = self.lines()
        return self.below(self.columns(next(lines, [])), lines)

    def below(self, columns: Sequence[Column | None], lines: Iterable[Line]) -> Iterator[dict[str, Any]]:
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

    def columns(self, header: Line) -> list[Column | None]:
        return [self.column(name) for name, _, _ in header]

    def column(self, name: str) -> Column | None:
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

    def lines(self) -> Iterator[Line]:
        """Each line's cells: text, position, and whether it stood in quotes. Empty lines are skipped by who reads."""
        position, end, items = 0, len(self.text), self.limits.items
        line: Line = []
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
