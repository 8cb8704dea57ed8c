"""The page of one record with a `View`: its name as title, the most important fields, tables of nested values, ids last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from html import escape
from typing import Any

from serializers.dialect import Dialect
from serializers.html import cells, viewed
from serializers.html.lists import RowTable, downloads, filters, heading, table_record
from serializers.page import Page
from serializers.plain import member_of
from serializers.shape import Anything, ListOf, MapOf, Record, Reference, Shape, View

_NESTED = (ListOf, MapOf, Record, Reference, Anything)


def record_page(value: Any, record: Record, view: View, page: Page, dialect: Dialect) -> str:
    """Return the main part of the page. Raises EncodeError."""
    write = viewed.make_writers(record, page, dialect, linked=False, folded=False)
    present = [name for name in record.fields if member_of(value, record, name) not in (None, [], {}, ())]
    nested = [name for name in present if isinstance(record.fields[name], _NESTED) and name not in view.last]
    first = [name for name in view.first if name in present and name not in nested]
    last = [name for name in present if name in view.last]
    others = [name for name in present if name not in (*first, *nested, *last)]
    if not first:
        first, others = others, []
    parts = [_write_lines(first, value, write)]
    parts += [
        _write_section(name, value, record, page, dialect, write[name](value)) for name in _sort_by_view(nested, view)
    ]
    parts += [_write_titled("Details", others, value, write), _write_titled("IDs", last, value, write)]
    return "".join((_write_opening(value, record, view, page), *parts)) + ("" if present else "<p><i>empty</i></p>")


def _write_opening(value: Any, record: Record, view: View, page: Page) -> str:
    owner = page.owners.get(record.name)
    own_id = None if owner is None else member_of(value, record, owner[1])
    name = viewed.title_of(value, record, view)
    title = f"{escape(name)} <small>· {escape(view.noun)}</small>" if name else escape(view.noun)
    if page.title:
        title = escape(page.title)
    lead = f'<p class="bad" role="alert">{escape(page.lead)}</p>' if page.lead else ""
    related = page.leading(page.related, own_id)
    related_links = "".join(f'<a href="{escape(address)}">{escape(label)}</a>' for label, address in related.items())
    related_nav = f'<nav class="related" aria-label="Related">{related_links}</nav>' if related_links else ""
    # The page of a refused list request has the list's filters, so that the user can correct them.
    form = filters(page.listing) if page.listing is not None else ""
    if view.closed_by and member_of(value, record, view.closed_by) is True:
        page = replace(page, actions={})
    return f'{heading(title, page, own_id)}{lead}{form}<div class="bar">{related_nav}{downloads(page)}</div>'


def title_text(value: Any, record: Record, view: View) -> str:
    """Return the title of the browser's tab."""
    name = viewed.title_of(value, record, view)
    return f"{name} · {view.noun}" if name else view.noun


def _sort_by_view(names: Iterable[str], view: View) -> list[str]:
    order = {name: index for index, name in enumerate(view.first)}
    return sorted(names, key=lambda name: order.get(name, len(order)))


def _write_lines(names: Iterable[str], value: Any, write: Any) -> str:
    lines = "".join(cells.line(viewed.make_label(name), write[name](value)) for name in names)
    return f"{cells.RECORD}{lines}{cells.RECORD_END}" if lines else ""


def _write_titled(title: str, names: Iterable[str], value: Any, write: Any) -> str:
    lines = _write_lines(names, value, write)
    return f"<h2>{title}</h2>{lines}" if lines else ""


def _write_section(name: str, value: Any, record: Record, page: Page, dialect: Dialect, content: str) -> str:
    """Return a nested value under its own heading; lists of records are tables."""
    head, shape = f"<h2>{escape(viewed.make_label(name))}</h2>", record.fields[name]
    shape = shape.record if isinstance(shape, Reference) else shape
    if isinstance(shape, Record) and shape.view is not None:
        return head + _write_inner(member_of(value, record, name), shape, page, dialect)
    if not content.startswith("<"):
        content = f"<p>{content}</p>"
    return head + (_write_table(member_of(value, record, name), record.fields[name], page, dialect) or content)


def _write_inner(value: Any, record: Record, page: Page, dialect: Dialect) -> str:
    """Return a record in a section: its members, except one that repeats the page's lead, then its lists of records as tables."""
    write = viewed.make_writers(record, page, dialect, linked=False, folded=False)
    members = {name: member_of(value, record, name) for name in record.fields}
    tables = {name: _write_table(rows, record.fields[name], page, dialect) for name, rows in members.items()}
    names = [
        name for name, member_value in members.items() if member_value not in (None, [], {}, ()) and not tables[name]
    ]
    rows = _write_lines([name for name in names if not page.lead or members[name] != page.lead], value, write)
    return rows + "".join(
        f"<h3>{escape(viewed.make_label(name))}</h3>{table}" for name, table in tables.items() if table
    )


def _write_table(rows: Any, shape: Shape, page: Page, dialect: Dialect) -> str:
    """Return the table of a list of records that have a view; empty for other values."""
    item = table_record(shape)
    if item is None or item.view is None or not rows or not isinstance(rows, (list, tuple)):
        return ""
    table = RowTable(item, item.view, rows, page, dialect)
    return f"{table.begin()}{''.join(map(table.row, rows))}{cells.ROWS_END}"
