"""HTML: a page for people. Nested tables, links to the same document in other formats, no scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any, NoReturn

from serializers import scalars
from serializers.base import DEFAULT_LIMITS, Limits, Page
from serializers.errors import DecodeError, EncodeError
from serializers.plain import plain
from serializers.shape import ListOf, MapOf, Record, Shape
from serializers.text import to_bytes

_STYLE = """
:root{color-scheme:light dark;--line:#d5d9e0;--head:#f1f3f6;--text:#1c2330;--back:#fff;--link:#0b5cad;--mute:#667}
@media(prefers-color-scheme:dark){:root{--line:#39404d;--head:#232936;--text:#e4e8ef;--back:#161a22;--link:#7db7ff;--mute:#99a}}
*{box-sizing:border-box}body{margin:0 auto;max-width:72rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;
color:var(--text);background:var(--back)}h1{font-size:1.4rem;margin:.2rem 0}a{color:var(--link)}
nav a{display:inline-block;padding:.3rem .8rem .3rem 0}main{overflow-x:auto}
table{border-collapse:collapse;margin:.2rem 0}th,td{border:1px solid var(--line);padding:.25rem .6rem;text-align:left;
vertical-align:top;overflow-wrap:anywhere}th{background:var(--head);font-weight:600;overflow-wrap:normal}
td{white-space:pre-wrap}i{color:var(--mute)}
@media(max-width:40rem){body{padding:.6rem;font-size:15px}th,td{padding:.2rem .4rem}}
""".strip().replace("\n", "")
_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
)


def dumps(value: Any, shape: Shape | None = None, *, page: Page | None = None) -> str:
    """A page that shows a value. Raises EncodeError for a value that is not of the shape."""
    page = page or Page(_title(shape))
    if shape is not None:
        value = plain(value, shape)
    title = escape(page.title or _title(shape))
    links = "".join(f'<a href="{escape(address)}">{escape(label)}</a>' for label, address in page.links.items())
    try:
        body = _cell(value)
    except RecursionError:
        raise EncodeError("the value is nested too deeply") from None
    return (
        f"{_HEAD}<title>{title}</title><style>{_STYLE}</style></head><body><header><h1>{title}</h1>"
        f"{f'<nav>{links}</nav>' if links else ''}</header><main>{body}</main></body></html>"
    )


def loads(text: str, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS) -> NoReturn:
    """Pages are for people and are not read: always raises DecodeError."""
    del text, shape, limits
    raise DecodeError("HTML is not read")


def _title(shape: Shape | None) -> str:
    if isinstance(shape, ListOf):
        return f"{_title(shape.item)} list"
    return shape.name if isinstance(shape, Record) else "Map" if isinstance(shape, MapOf) else "Document"


def _cell(value: Any) -> str:
    if value is None:
        return "<i>null</i>"
    if isinstance(value, Mapping):
        return _members(value)
    if isinstance(value, (list, tuple)):
        return _items(value)
    return escape(scalars.write_any(value))


def _members(value: Mapping[Any, Any]) -> str:
    rows = [
        f'<tr><th scope="row">{escape(scalars.write_any(name))}</th><td>{_cell(item)}</td></tr>'
        for name, item in value.items()
        if item is not None
    ]
    return f"<table>{''.join(rows)}</table>" if rows else "<i>empty</i>"


def _items(value: list[Any] | tuple[Any, ...]) -> str:
    if not value:
        return "<i>none</i>"
    if all(isinstance(item, Mapping) for item in value):
        return _table(value)
    rows = [f"<tr><td>{_cell(item)}</td></tr>" for item in value]
    return f"<table>{''.join(rows)}</table>"


def _table(value: list[Any] | tuple[Any, ...]) -> str:
    names = dict.fromkeys(name for item in value for name, member in item.items() if member is not None)
    head = "".join(f'<th scope="col">{escape(scalars.write_any(name))}</th>' for name in names)
    rows = [
        "<tr>" + "".join(f"<td>{'' if row.get(name) is None else _cell(row[name])}</td>" for name in names) + "</tr>"
        for row in value
    ]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


class Html:
    """The HTML serializer."""

    name = "html"
    suffixes = ("html", "htm")
    media_types = ("text/html",)
    content_type = "text/html; charset=utf-8"
    readable = False

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        return to_bytes(dumps(value, shape, page=page))

    def decode(self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Any:
        del data
        return loads("", shape, limits=limits)

    def stream(self, value: Any, shape: Shape) -> Iterator[bytes]:
        """A page in one block: a table's columns are known only after its last row."""
        if isinstance(shape, ListOf):
            value = list(value)
        yield self.encode(value, shape)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        return lambda value: self.encode(value, shape)


serializer = Html()
