"""HTML: pages that work without scripts and load no other resources.

A record is a table of names and values, a list of records a table of rows. A `serializers.shape.View` in the shape of records controls how
they are shown: the page of one record begins with its name and the most important fields, and a list that `Page.listing` describes has a
count, filters, sortable column heads and links to the other pages. Nested values in a row are collapsed until the user opens them. A table
that is wider than the window has its own scroll bar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from itertools import chain, islice
from typing import Any, NoReturn

from serializers.base import DEFAULT_LIMITS, STRICT, Limits, Page, Reading, Serializer
from serializers.dialect import DEFAULT, Dialect
from serializers.errors import DecodeError, EncodeError
from serializers.html import cells, lists, records
from serializers.html.frame import END, head, header
from serializers.html.lists import downloads
from serializers.plain import plain
from serializers.rows import BLOCK_ROWS, blocks, halves, row_shape, rows_of
from serializers.shape import ListOf, MapOf, Record, Shape, View
from serializers.text import to_bytes


def dumps(value: Any, shape: Shape | None = None, *, page: Page | None = None, dialect: Dialect = DEFAULT) -> str:
    """Return a page that shows a value. Raises EncodeError when it is not of the shape."""
    page = page or Page()
    try:
        if shape is not None and _find_list(shape, page) is not None:
            return b"".join(stream(value, shape, page=page, dialect=dialect)).decode()
        if isinstance(shape, Record) and shape.view is not None and value is not None:
            title = page.title or records.title_text(value, shape, shape.view)
            return f"{_begin(page, title)}{records.record_page(value, shape, shape.view, page, dialect)}{END}"
        if shape is not None:
            value = plain(value, shape, dialect)
        return f"{_write_opening(page, shape)}{cells.cell(value)}{END}"
    except RecursionError:
        raise EncodeError("the value is nested too deeply") from None
    except AttributeError as error:
        raise EncodeError(f"the value is not of its shape: {error}") from error


def stream(value: Any, shape: Shape, *, page: Page | None = None, dialect: Dialect = DEFAULT) -> Iterator[bytes]:
    """Yield a page of rows in blocks; the other members of a record are before and after them. Raises EncodeError."""
    page = page or Page()
    record_and_view = _find_list(shape, page)
    if record_and_view is not None:
        record, view = record_and_view
        yield to_bytes(_begin(page, page.title or view.plural))
        yield from lists.list_page(value, shape, record, view, page, dialect)
        yield to_bytes(END)
        return
    item, member = row_shape(shape)
    rows = (plain(row, item, dialect) for row in rows_of(value, shape, member))
    first = list(islice(rows, BLOCK_ROWS))
    table = cells.Table(first) if isinstance(item, Record) else None
    opening, closing = _write_around(value, shape, member, dialect)
    end = cells.NONE if not first else cells.ROWS_END
    begin = "" if not first else table.begin() if table else f"{cells.ROWS}<tbody>"
    yield from blocks(
        f"{_write_opening(page, shape)}{opening}{begin}",
        chain(first, rows),
        table.row if table else cells.single,
        "",
        lambda: f"{end}{closing()}{END}",
    )


def loads(text: str, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS) -> NoReturn:
    """Raise DecodeError: pages are for people and cannot be read."""
    del text, shape, limits
    raise DecodeError("HTML is not read")


def _find_list(shape: Shape, page: Page) -> tuple[Record, View] | None:
    """Return the shape of a list's rows and its view, if the page describes the list; None for other documents."""
    is_list = isinstance(shape, ListOf) or (isinstance(shape, Record) and shape.rows is not None)
    if page.listing is None or not is_list:
        return None
    item, _ = row_shape(shape)
    return (item, item.view) if isinstance(item, Record) and item.view is not None else None


def _begin(page: Page, title: str) -> str:
    """Return the beginning of a page, up to the main part."""
    return f"{head(title)}<body>{header(page.frame) if page.frame else ''}<main>"


def _write_opening(page: Page, shape: Shape | None) -> str:
    title = page.title or _title(shape)
    lead = f'<p class="bad" role="alert">{escape(page.lead)}</p>' if page.lead else ""
    return f"{_begin(page, title)}<h1>{escape(title)}</h1>{lead}{downloads(page)}"


def _title(shape: Shape | None) -> str:
    if isinstance(shape, ListOf):
        return f"{_title(shape.item)} list"
    return shape.name if isinstance(shape, Record) else "Map" if isinstance(shape, MapOf) else "Document"


def _write_around(value: Any, shape: Shape, member: str | None, dialect: Dialect) -> tuple[str, Callable[[], str]]:
    """Return the part of a record before its rows, and a function for the part after them, which may be known only then."""
    if member is None:
        return "", lambda: ""
    assert isinstance(shape, Record)
    before, after = halves(shape)
    name = escape(dialect.speller(shape)(member))
    opening = f'{cells.RECORD}{cells.lines(plain(value, before, dialect))}<tr><th scope="row">{name}</th><td>'
    return opening, lambda: f"</td></tr>{cells.lines(plain(value, after, dialect))}{cells.RECORD_END}"


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
