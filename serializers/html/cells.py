"""Values as HTML: tables inside tables. Nested values in a row of a table are collapsed until the user opens them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from serializers import scalars

RECORD, RECORD_END = '<table class="record"><tbody>', "</tbody></table>"
#: A focusable element (``tabindex``) can be scrolled by keyboard.
ROWS, ROWS_END = '<div class="rows" tabindex="0" role="group" aria-label="rows"><table>', "</tbody></table></div>"
NONE = "<i>none</i>"
#: A point in time in ISO 8601: day, time to the second, fraction, zone.
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def cell(value: Any) -> str:
    """Return the HTML of a value: a text, or a table."""
    if value is None:
        return "<i>null</i>"
    if isinstance(value, Mapping):
        members = lines(value)
        return f"{RECORD}{members}{RECORD_END}" if members else "<i>empty</i>"
    if isinstance(value, (list, tuple)):
        return items(value)
    return text(value)


def text(value: Any, *, brief: bool = False) -> str:
    """Return the HTML of a scalar. A point in time is shown to the second; the attributes of its element have the full value.

    :param brief: a point in time is shown to the minute.
    """
    content = scalars.write_any(value)
    # PERF: few other texts of this length have a T there.
    if 20 <= len(content) <= 35 and content[10] == "T" and (match := _INSTANT.fullmatch(content)) is not None:
        day, time, zone = match.groups()
        zone = "UTC" if zone == "Z" else zone
        return f'<time datetime="{content}" title="{content}">{day} {time[:5] if brief else time} {zone}</time>'
    return escape(content)


def lines(value: Mapping[Any, Any]) -> str:
    """Return the rows of the table of a record."""
    return "".join(line(scalars.write_any(name), cell(item)) for name, item in value.items() if item is not None)


def line(name: str, content: str) -> str:
    """Return a row of the table of a record: a name, and a value that is HTML."""
    return f'<tr><th scope="row">{escape(name)}</th><td>{content}</td></tr>'


def items(value: Sequence[Any]) -> str:
    """Return the HTML of a list."""
    if not value:
        return NONE
    if all(isinstance(item, Mapping) for item in value):
        table = Table(value)
        return f"{table.begin()}{''.join(map(table.row, value))}{ROWS_END}"
    return f"{ROWS}<tbody>{''.join(map(single, value))}{ROWS_END}"


def single(item: Any) -> str:
    """Return a row with one cell."""
    return f"<tr><td>{cell(item)}</td></tr>"


class Table:
    """A table of records: a column for each member that one of the first rows has."""

    def __init__(self, rows: Iterable[Mapping[Any, Any] | None]) -> None:
        self._columns = list(dict.fromkeys(name for row in rows for name in members(row)))

    def begin(self) -> str:
        """Return the head of the table."""
        names = "".join(f'<th scope="col">{escape(scalars.write_any(name))}</th>' for name in self._columns)
        return f"{ROWS}<thead><tr>{names}</tr></thead><tbody>"

    def row(self, row: Mapping[Any, Any] | None) -> str:
        """Return a row; if it has members that no row before it had, another table begins with it."""
        row_members = members(row)
        new = [name for name in row_members if name not in self._columns]
        self._columns += new
        cells = "".join(
            f"<td>{folded(row_members[name]) if name in row_members else ''}</td>" for name in self._columns
        )
        return f"{ROWS_END + self.begin() if new else ''}<tr>{cells}</tr>"


def members(row: Mapping[Any, Any] | None) -> dict[Any, Any]:
    """Return the members of a row that are not null."""
    return {name: item for name, item in (row or {}).items() if item is not None}


def folded(value: Any, name: str = "") -> str:
    """Return the HTML of a cell of a row, with nested values collapsed.

    :param name: the name of a record; if empty, the number of its fields is shown.
    """
    if not value or not isinstance(value, (Mapping, list, tuple)):
        return cell(value)
    unit = "field" if isinstance(value, Mapping) else "item"
    label = escape(name) or f"{len(value)} {unit}{'' if len(value) == 1 else 's'}"
    return f"<details><summary>{label}</summary>{cell(value)}</details>"
