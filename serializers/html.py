"""HTML: a page for people. Nested tables, links to the same document in other formats, no scripts.

A record is a table of names and values, a list of records a table of rows. What is nested in a row is folded until somebody opens it, and
what is too wide for the window scrolls by itself: the page never does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import chain, islice
from typing import Any, NoReturn

from serializers import scalars
from serializers.base import DEFAULT_LIMITS, STRICT, Limits, Page, Reading, Serializer
from serializers.dialect import DEFAULT, Dialect
from serializers.errors import DecodeError, EncodeError
from serializers.plain import plain
from serializers.rows import BLOCK_ROWS, blocks, halves, row_shape, rows_of
from serializers.shape import ListOf, MapOf, Record, Shape
from serializers.text import to_bytes

_STYLE = """
:root{color-scheme:light dark;--line:#d5d9e0;--head:#f1f3f6;--text:#1c2330;--back:#fff;--link:#0b5cad;--mute:#5a6274}
@media(prefers-color-scheme:dark){:root{--line:#39404d;--head:#232936;--text:#e4e8ef;--back:#161a22;--link:#7db7ff;--mute:#9aa3b5}}
*{box-sizing:border-box}body{margin:0 auto;max-width:80rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;
color:var(--text);background:var(--back);overflow-wrap:anywhere}h1{font-size:1.4rem;margin:.2rem 0 .4rem}
a,summary{color:var(--link)}nav a{display:inline-block;padding:.3rem .9rem .3rem 0}summary{cursor:pointer;white-space:nowrap}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
table{border-collapse:collapse}th,td{border:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
th{background:var(--head);font-weight:600}td{white-space:pre-wrap}i{color:var(--mute)}
.record{width:100%;table-layout:fixed}.record>tbody>tr>th{width:13rem}
.rows{overflow-x:auto;max-width:100%}.rows td{max-width:28rem;overflow-wrap:break-word}.rows th{white-space:nowrap}
.rows .record{width:28rem}.rows .record>tbody>tr>th{width:11rem;white-space:normal}
@media(max-width:40rem){body{padding:.6rem;font-size:15px}th,td{padding:.25rem .4rem}.rows td{max-width:16rem}
.record,.record>tbody,.record>tbody>tr,.record>tbody>tr>th,.record>tbody>tr>td{display:block;width:auto}
.record>tbody>tr>th{width:auto;border-bottom:0}.rows .record{width:17rem}.record>tbody>tr+tr>th{border-top:0}}
""".strip().replace("\n", "")
_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
)
_END = "</main></body></html>"
_RECORD, _RECORD_END = '<table class="record"><tbody>', "</tbody></table>"
# Who has no mouse scrolls with the keyboard what can have the focus.
_ROWS, _ROWS_END = '<div class="rows" tabindex="0" role="group" aria-label="rows"><table>', "</tbody></table></div>"
_NONE = "<i>none</i>"


def dumps(value: Any, shape: Shape | None = None, *, page: Page | None = None, dialect: Dialect = DEFAULT) -> str:
    """A page that shows a value. Raises EncodeError for a value that is not of the shape."""
    if shape is not None:
        value = plain(value, shape, dialect)
    try:
        body = _cell(value)
    except RecursionError:
        raise EncodeError("the value is nested too deeply") from None
    return f"{_opening(page, shape)}{body}{_END}"


def stream(value: Any, shape: Shape, *, page: Page | None = None, dialect: Dialect = DEFAULT) -> Iterator[bytes]:
    """A page of rows in blocks; the other members of a record stand before and after them. Raises EncodeError."""
    item, member = row_shape(shape)
    rows = (plain(row, item, dialect) for row in rows_of(value, shape, member))
    first = list(islice(rows, BLOCK_ROWS))
    table = _Table(first) if isinstance(item, Record) else None
    opening, closing = _around(value, shape, member, dialect)
    end = _NONE if not first else _ROWS_END
    begin = "" if not first else table.begin() if table else f"{_ROWS}<tbody>"
    yield from blocks(
        f"{_opening(page, shape)}{opening}{begin}",
        chain(first, rows),
        table.row if table else _single,
        "",
        lambda: f"{end}{closing()}{_END}",
    )


def loads(text: str, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS) -> NoReturn:
    """Pages are for people and are not read: always raises DecodeError."""
    del text, shape, limits
    raise DecodeError("HTML is not read")


def _opening(page: Page | None, shape: Shape | None) -> str:
    page = page or Page()
    title = escape(page.title or _title(shape))
    links = "".join(f'<a href="{escape(address)}">{escape(label)}</a>' for label, address in page.links.items())
    nav = f'<nav aria-label="Other formats">{links}</nav>' if links else ""
    return (
        f"{_HEAD}<title>{title}</title><style>{_STYLE}</style></head><body><header><h1>{title}</h1>{nav}</header><main>"
    )


def _title(shape: Shape | None) -> str:
    if isinstance(shape, ListOf):
        return f"{_title(shape.item)} list"
    return shape.name if isinstance(shape, Record) else "Map" if isinstance(shape, MapOf) else "Document"


def _around(value: Any, shape: Shape, member: str | None, dialect: Dialect) -> tuple[str, Callable[[], str]]:
    """What of a record stands before its rows, and what after them: that may be known only then."""
    if member is None:
        return "", lambda: ""
    assert isinstance(shape, Record)
    before, after = halves(shape)
    name = escape(dialect.speller(shape)(member))
    opening = f'{_RECORD}{_lines(plain(value, before, dialect))}<tr><th scope="row">{name}</th><td>'
    return opening, lambda: f"</td></tr>{_lines(plain(value, after, dialect))}{_RECORD_END}"


def _cell(value: Any) -> str:
    if value is None:
        return "<i>null</i>"
    if isinstance(value, Mapping):
        lines = _lines(value)
        return f"{_RECORD}{lines}{_RECORD_END}" if lines else "<i>empty</i>"
    if isinstance(value, (list, tuple)):
        return _items(value)
    return escape(scalars.write_any(value))


def _lines(value: Mapping[Any, Any]) -> str:
    return "".join(
        f'<tr><th scope="row">{escape(scalars.write_any(name))}</th><td>{_cell(item)}</td></tr>'
        for name, item in value.items()
        if item is not None
    )


def _items(value: Sequence[Any]) -> str:
    if not value:
        return _NONE
    if all(isinstance(item, Mapping) for item in value):
        table = _Table(value)
        return f"{table.begin()}{''.join(map(table.row, value))}{_ROWS_END}"
    return f"{_ROWS}<tbody>{''.join(map(_single, value))}{_ROWS_END}"


def _single(item: Any) -> str:
    return f"<tr><td>{_cell(item)}</td></tr>"


class _Table:
    """A table of records: a column for each member that one of the first rows has."""

    def __init__(self, rows: Iterable[Mapping[Any, Any] | None]) -> None:
        self._columns = list(dict.fromkeys(name for row in rows for name in _members(row)))

    def begin(self) -> str:
        """The head of the table."""
        names = "".join(f'<th scope="col">{escape(scalars.write_any(name))}</th>' for name in self._columns)
        return f"{_ROWS}<thead><tr>{names}</tr></thead><tbody>"

    def row(self, row: Mapping[Any, Any] | None) -> str:
        """A row; where it has members that no row before it had, it begins another table."""
        members = _members(row)
        new = [name for name in members if name not in self._columns]
        self._columns += new
        cells = "".join(f"<td>{_folded(members[name]) if name in members else ''}</td>" for name in self._columns)
        return f"{_ROWS_END + self.begin() if new else ''}<tr>{cells}</tr>"


def _members(row: Mapping[Any, Any] | None) -> dict[Any, Any]:
    return {name: item for name, item in (row or {}).items() if item is not None}


def _folded(value: Any) -> str:
    """A cell of a row: what is nested is opened by its reader."""
    if not value or not isinstance(value, (Mapping, list, tuple)):
        return _cell(value)
    unit = "field" if isinstance(value, Mapping) else "item"
    return f"<details><summary>{len(value)} {unit}{'' if len(value) == 1 else 's'}</summary>{_cell(value)}</details>"


class Html(Serializer):
    """The HTML serializer."""

    name = "html"
    suffixes = ("html", "htm")
    media_types = ("text/html",)
    content_type = "text/html; charset=utf-8"
    readable = False
    paged = True
    streams = False

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        return to_bytes(dumps(value, shape, page=page, dialect=self.dialect))

    def decode(
        self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, reading: Reading = STRICT
    ) -> Any:
        del data, reading
        return loads("", shape, limits=limits)

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        return stream(value, shape, page=page, dialect=self.dialect)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        return lambda value: self.encode(value, shape)


serializer = Html()
