"""Reading CSV: a header, and rows directed by the shape of a record.

The header determines the separator of all cells: a comma, or a semicolon or tab, which spreadsheet programs write in many
countries. A first line ``sep=;``, which Excel writes, names the separator. Blanks around names and quotes are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from serializers import jsv, scalars
from serializers import shape as shapes
from serializers.base import DEFAULT_LIMITS, Limits
from serializers.errors import DecodeError, LimitPassed, wire_path
from serializers.rows import row_shape
from serializers.shape import ListOf, Record, Shape, names_of
from serializers.tally import Tally

#: The cells of a line: text, position, and whether it was quoted.
Line = list[tuple[str, int, bool]]
#: A column's name and shape.
Column = tuple[str, Shape | None]

#: Separators of cells in order of preference.
SEPARATORS = (",", ";", "\t")
#: A first line that names the separator.
_NAMED_SEPARATOR = re.compile(r'"?sep=([^"\r\n])"?[ \t]*(?:\r\n|[\r\n]|\Z)', re.IGNORECASE)
#: Names that an error shows.
_MOST_SHOWN = 20


@cache
def _compile_cell(separator: str) -> re.Pattern[str]:
    mark = re.escape(separator)
    blanks = " " if separator == "\t" else r" \t"
    return re.compile(rf'(?:[{blanks}]*+"([^"]*+(?:""[^"]*+)*+)"[{blanks}]*+|([^"{mark}\r\n]*+))(\r\n|[{mark}\r\n]|\Z)')


def loads(text: str, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Return the value of a document; None for an empty one.

    A record is read from the first row, a list from all rows; without a shape the rows are dicts of texts.

    :raises DecodeError: when the text is not CSV, a value is not of its shape, or a limit is exceeded.
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
    """Return a function from the text of some rows to their records, for tables that are too long for one text.

    Rows have a cell for every column: a shorter row may have been cut off. The function raises DecodeError for an invalid row.

    :param header: the table's first line.
    :raises DecodeError: when the header is invalid.
    """
    top = _Table(header.removeprefix("\ufeff"), shape, limits)
    columns = top.header()

    def check_width(text: str, lines: Iterable[Line]) -> Iterator[Line]:
        for line in lines:
            if 1 < len(line) < len(columns):
                raise DecodeError.at("fewer cells than the header has", text, line[-1][1])
            yield line

    def read(text: str) -> Iterator[dict[str, Any]]:
        table = _Table(text, shape, limits, top.separator)
        return table.below(columns, check_width(text, table.lines()))

    return read


class _Table:
    def __init__(self, text: str, shape: Shape | None, limits: Limits, separator: str = ",") -> None:
        self.text = text
        self.shape = shape
        self.limits = limits
        self.separator = separator
        self.position = 0
        self.tally = Tally(limits)
        self.tally.begin_list()

    def records(self) -> Iterator[dict[str, Any]]:
        return self.below(self.header(), self.lines())

    def below(self, columns: Sequence[Column | None], lines: Iterable[Line]) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(lines):
            if _is_blank(line):
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

    def header(self) -> list[Column | None]:
        """Return the columns, and set the separator and the position after the header.

        :raises DecodeError: when the shape has none of the columns.
        """
        separator_line = _NAMED_SEPARATOR.match(self.text)
        start = separator_line.end() if separator_line else self.position
        separators = (separator_line[1],) if separator_line else SEPARATORS
        widest, width = separators[0], 0
        for separator in separators:
            try:
                _, columns = self.columns(start, separator)
            except LimitPassed:
                raise
            except DecodeError:
                continue
            if any(columns) and (isinstance(self.shape, Record) or len(columns) > 1):
                return columns
            if len(columns) > width:
                widest, width = separator, len(columns)
        line, columns = self.columns(start, widest)
        if line and not any(columns):
            raise DecodeError.at(self.unknown([name for name, _, _ in line]), self.text, line[0][1])
        return columns

    def columns(self, start: int, separator: str) -> tuple[Line, list[Column | None]]:
        """Return the first line that is not blank, and the columns that it names, if this is the separator."""
        self.position, self.separator = start, separator
        line = next((cells for cells in self.lines(counted=False) if not _is_blank(cells)), [])
        return line, [self.column(name.strip()) for name, _, _ in line]

    def unknown(self, names: Sequence[str]) -> str:
        """Return the fault of a header with these names."""
        assert isinstance(self.shape, Record)
        known_names = [self.shape.declared_name(name) for name in self.shape.fields]
        return f"no column is known: {_list(names)}; known are {_list(known_names)}"

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
        if isinstance(shape, shapes.Character):
            return self.character(raw, position, path)
        try:
            return jsv.loads_member(raw, shape, limits=self.limits, tally=self.tally)
        except DecodeError as error:
            inner = error.path
            steps = path[1:] if isinstance(path[0], int) and len(path) > 1 else path
            full_path = wire_path(steps) + (inner if inner.startswith("[") or not inner else f".{inner}")
            raise DecodeError.at(error.message, self.text, position, full_path) from None

    def character(self, raw: str, position: int, path: tuple[str | int, ...]) -> str:
        """Return the value of a cell of one character, which may be special in JSV."""
        try:
            return str(scalars.reader(shapes.Character())(raw))
        except ValueError as error:
            raise DecodeError.at(str(error), self.text, position, wire_path(path[-1:])) from None

    def lines(self, *, counted: bool = True) -> Iterator[Line]:
        """Yield the cells of the remaining lines: text, position, and whether it was quoted. A line counts as an item, a cell as a name."""
        end, cell = len(self.text), _compile_cell(self.separator)
        line: Line = []
        while self.position < end or line:
            start = self.position
            match = cell.match(self.text, start)
            if match is None:
                open_quote = self.text[start:].lstrip(" \t")[:1] == '"' and self.text.count('"', start) % 2
                raise DecodeError.at(
                    "a quote is not closed" if open_quote else "a quote inside a cell", self.text, start
                )
            quoted, bare, stop = match.groups()
            self.count(self.tally.add_item() if counted and not line else "", start)
            self.count(self.tally.add_name() if counted or len(line) >= self.limits.names else "", start)
            line.append((bare, start, False) if quoted is None else (quoted.replace('""', '"'), start, True))
            self.position = match.end()
            if stop != self.separator:
                yield line
                line = []
            elif self.position == end:
                line.append(("", self.position, False))
                yield line
                line = []

    def count(self, problem: str, position: int) -> None:
        if problem:
            raise LimitPassed.at(problem, self.text, position)


def _is_blank(line: Line) -> bool:
    return len(line) == 1 and line[0][0] == "" and not line[0][2]


def _list(names: Sequence[str]) -> str:
    text = ", ".join(repr(name[:40]) for name in names[:_MOST_SHOWN])
    return f"{text} …" if len(names) > _MOST_SHOWN else text
