"""Lists of records with a `View`: count, order, filters, sortable heads, links to pages above and below; on a phone each row is a card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import chain, islice
from typing import Any

from serializers.dialect import Dialect
from serializers.html import cells, viewed
from serializers.page import ALL_COLUMNS, COLUMNS, Control, Listing, Page
from serializers.plain import member_of
from serializers.rows import BLOCK_ROWS, blocks, rows_of
from serializers.shape import Boolean, Choice, Integer, ListOf, Record, Reference, Shape, Text, View

#: Maximum of shown columns: the style sheet has a rule for each number up to this one.
MOST_COLUMNS = 12
_SORTED = (Text, Boolean, Choice, Integer)
#: Members of a response that have its totals or status, by wire name in lower case.
_TOTALS = ("totalcount", "totalpages", "hasmorepages", "responsestatus", "total", "offset")


class RowTable:
    """A table of records. Its columns: those of the view, the sorted one, then those that have a value in one of the first rows.

    :param listing: the order that the heads show and change; None for a table that cannot be sorted.
    :param linked: the member that names a record is a link to it.
    """

    def __init__(
        self,
        record: Record,
        view: View,
        rows: Sequence[Any],
        page: Page,
        dialect: Dialect,
        *,
        listing: Listing | None = None,
        linked: bool = True,
    ) -> None:
        self._record, self._view, self._listing = record, view, listing
        self._write = viewed.make_writers(record, page, dialect, linked=linked, folded=True, brief=listing is not None)
        view_columns = [name for name in view.columns if name in record.fields][:MOST_COLUMNS]
        sorting = listing.sort_field.lower() if listing is not None else ""
        sorts = [name for name in record.fields if name.lower() == sorting and name not in view_columns]
        view_columns = [*view_columns[:1], *sorts, *view_columns[1:]][:MOST_COLUMNS] if view_columns else view_columns
        used = {name for name in record.fields if any(_has(row, record, name) for row in rows)}
        visible_columns = view_columns if listing is not None else [name for name in view_columns if name in used]
        last = [name for name in record.fields if name in view.last]
        others = [name for name in record.fields if name in used and name not in visible_columns and name not in last]
        self._columns = [
            *visible_columns,
            *others,
            *(name for name in last if name in used and name not in visible_columns),
        ]
        self._visible_count = len(visible_columns)
        self._absent = [name for name in record.fields if name not in self._columns]
        self._opening = {name: f'<td data-label="{escape(viewed.make_label(name))}">' for name in record.fields}

    @property
    def columns(self) -> int:
        """The number of columns."""
        return len(self._columns)

    @property
    def shown(self) -> int:
        """The number of columns that are shown by default."""
        return self._visible_count

    @property
    def folds(self) -> bool:
        """Whether some columns are hidden by default."""
        return self._listing is not None and 0 < self._visible_count < len(self._columns)

    def begin(self) -> str:
        """Return the head of the table."""
        kind = "rows list"
        if self.folds and self._listing is not None:
            kind += " wide" if self._listing.has_all_columns else f" c{self._visible_count}"
        heads = "".join(map(self._write_head, self._columns))
        label = escape(self._view.plural)
        return f'<div class="{kind}" tabindex="0" role="group" aria-label="{label}"><table><thead><tr>{heads}</tr></thead><tbody>'

    def row(self, row: Any) -> str:
        """Return a row; if it has members that no row before it had, another table begins with it."""
        if row is None:
            return f"<tr>{'<td></td>' * len(self._columns)}</tr>"
        new = [name for name in self._absent if _has(row, self._record, name)]
        if new:
            self._columns += new
            self._absent = [name for name in self._absent if name not in new]
        row_cells = "".join(self._write_cell(row, name) for name in self._columns)
        return f"{cells.ROWS_END + self.begin() if new else ''}<tr>{row_cells}</tr>"

    def _write_cell(self, row: Any, name: str) -> str:
        content = self._write[name](row)
        return f"{self._opening[name]}{content}</td>" if content else "<td></td>"

    def _write_head(self, name: str) -> str:
        label, listing = escape(viewed.make_label(name)), self._listing
        if listing is None or not listing.sortable or not isinstance(_resolve(self._record.fields[name]), _SORTED):
            return f'<th scope="col">{label}</th>'
        is_sorted = name.lower() == listing.sort_field.lower()
        # The first click on another column sorts by it in ascending order; dates are sorted newest first, which is more useful.
        ascending = not listing.ascending if is_sorted else not viewed.is_time(name)
        address = listing.address(sortField=name, sortOrder="Ascend" if ascending else "Descend", page="")
        order = f' aria-sort="{"ascending" if listing.ascending else "descending"}"' if is_sorted else ""
        return f'<th scope="col"{order}><a href="{escape(address)}">{label}</a></th>'


def _has(row: Any, record: Record, name: str) -> bool:
    return row is not None and member_of(row, record, name) is not None


def _resolve(shape: Shape) -> Shape:
    return shape.record if isinstance(shape, Reference) else shape


def list_page(value: Any, shape: Shape, record: Record, view: View, page: Page, dialect: Dialect) -> Iterator[bytes]:
    """Return the main part of the page of a list, in blocks. Raises EncodeError.

    :param record: the shape of a row.
    """
    listing = page.listing
    assert listing is not None
    member = shape.rows if isinstance(shape, Record) else None
    rows = iter(rows_of(value, shape, member))
    first = list(islice(rows, BLOCK_ROWS))
    totals = _Totals(value, shape)
    table = RowTable(record, view, first, page, dialect, listing=listing)
    above, below = (_write_bar(listing, totals, position) for position in ("above", "below"))
    opening = "".join(
        (
            heading(
                f"{escape(view.plural)} <small>— {_describe_count(view, listing, totals, is_empty=not first)}</small>",
                page,
                None,
            ),
            filters(listing),
            f'<div class="bar">{above}{_switch(table, listing) if first and table.folds else ""}{downloads(page)}</div>',
            table.begin() if first else _write_empty(view, listing, page),
        )
    )
    closing = cells.ROWS_END if first else ""
    if first and below:
        closing += f'<div class="bar">{below}</div>'
    return blocks(
        opening, chain(first, rows), table.row, "", lambda: closing + _write_others(value, shape, member, page, dialect)
    )


class _Totals:
    """The totals of a response over all pages; None for values that it does not have."""

    def __init__(self, value: Any, shape: Shape) -> None:
        self.count = self._find_member(value, shape, "totalCount", "total")
        self.pages = self._find_member(value, shape, "totalPages")
        self.has_more = bool(self._find_member(value, shape, "hasMorePages"))

    def _find_member(self, value: Any, shape: Shape, *names: str) -> Any:
        if not isinstance(shape, Record):
            return None
        candidates = (member_of(value, shape, name) for name in names if name in shape.fields)
        return next((candidate for candidate in candidates if candidate is not None), None)


def _describe_count(view: View, listing: Listing, totals: _Totals, *, is_empty: bool) -> str:
    """Return a text with the number of rows, their order and the number of this page."""
    parts = []
    if totals.count == 0 and totals.pages == 0 and not totals.has_more and is_empty:
        return "none"
    if listing.capped:
        parts.append(f"more than {totals.count:,}")
    elif totals.count:
        parts.append(f"{totals.count:,}")
    parts.append(_order(view, listing))
    if listing.number > 1 or (listing.number and (totals.pages != 1 or totals.has_more)):
        is_total_known = totals.pages and not listing.capped
        parts.append(f"page {listing.number:,} of {totals.pages:,}" if is_total_known else f"page {listing.number:,}")
    return escape(", ".join(filter(None, parts)) or "all")


def _order(view: View, listing: Listing) -> str:
    name = listing.sort_field
    if not name:
        return ""
    if viewed.is_time(name):
        order = "oldest first" if listing.ascending else "newest first"
        return order if name.lower() == view.sorted_by.lower() else f"{order} by {viewed.make_label(name).lower()}"
    return f"by {viewed.make_label(name).lower()}, {'ascending' if listing.ascending else 'descending'}"


def actions(page: Page, record_id: Any) -> str:
    """Return links to the page's actions."""
    links = page.leading(page.actions, record_id)
    action_links = "".join(
        f'<a class="button" href="{escape(address)}">{escape(label)}</a>' for label, address in links.items()
    )
    return f'<p class="actions">{action_links}</p>' if action_links else ""


def heading(title: str, page: Page, record_id: Any) -> str:
    """Return the head of a page, with its actions.

    :param title: the title, as HTML.
    :param record_id: the id of the record; None for a page without one.
    """
    return f'<div class="head"><h1>{title}</h1>{actions(page, record_id)}</div>'


def downloads(page: Page) -> str:
    """Return links to the same document in other formats."""
    links = "".join(f'<a href="{escape(address)}">{escape(label)}</a>' for label, address in page.links.items())
    return f'<nav class="formats" aria-label="Other formats">{links}</nav>' if links else ""


def _write_bar(listing: Listing, totals: _Totals, position: str) -> str:
    """Return links to the first, previous and next page."""
    number = listing.number
    if not number or (number == 1 and not totals.has_more):
        return ""
    links = []
    if number > 1:
        if number > 2:
            links.append(f'<a href="{escape(listing.address(page=""))}">First</a>')
        previous = listing.address(page="" if number == 2 else str(number - 1))
        links.append(f'<a rel="prev" href="{escape(previous)}">← Previous</a>')
    total = f" of {totals.pages:,}" if totals.pages and not listing.capped else ""
    links.append(f"<span>Page {number:,}{total}</span>")
    if totals.has_more:
        links.append(f'<a rel="next" href="{escape(listing.address(page=str(number + 1)))}">Next →</a>')
    return f'<nav class="pages" aria-label="Pages, {position} the list">{"".join(links)}</nav>'


def _switch(table: RowTable, listing: Listing) -> str:
    """Return a link to the same page with all columns, or with those of the view. The links of that page keep the choice."""
    is_on = listing.has_all_columns
    address = listing.address(**{COLUMNS: "" if is_on else ALL_COLUMNS})
    label = f"Only {table.shown} columns" if is_on else f"All {table.columns} columns"
    return f'<a class="columns" id="all-columns" href="{escape(address)}">{label}</a>'


def filters(listing: Listing) -> str:
    """Return the form of the filters; empty if there are none."""
    if not listing.controls:
        return ""
    hidden_inputs = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in listing.list_hidden_pairs()
    )
    usual = "".join(_write_control(control) for control in listing.controls if not control.rare)
    rare = [control for control in listing.controls if control.rare]
    folded = ""
    if rare:
        is_open = " open" if any(control.value or control.problem for control in rare) else ""
        inner = "".join(map(_write_control, rare))
        folded = f'<details{is_open}><summary>More filters</summary><div class="grid">{inner}</div></details>'
    clear = f'<a href="{escape(_clear(listing))}">Clear the filters</a>' if listing.is_filtered else ""
    send = f'<p class="send"><button class="go">Filter</button>{clear}</p>'
    return (
        f'<form class="filters" method="get" action="{escape(listing.path)}" aria-label="Filters">'
        f'{hidden_inputs}<div class="grid">{usual}{send}</div>{folded}</form>'
    )


def _clear(listing: Listing) -> str:
    return listing.address(page="", **{control.name: "" for control in listing.controls})


def _write_control(control: Control) -> str:
    name, value = escape(control.name), escape(control.value)
    about = f' title="{escape(control.about)}"' if control.about else ""
    problem = ""
    if control.problem:
        about += f' aria-invalid="true" aria-describedby="problem-{name}"'
        problem = f'<small class="bad" id="problem-{name}">{escape(control.problem)}</small>'
    if control.choices:
        options = "".join(
            f'<option value="{escape(choice)}"{" selected" if choice.lower() == control.value.lower() else ""}>{escape(label)}</option>'
            for choice, label in (("", "any"), *control.choices)
        )
        element = f'<select name="{name}" id="filter-{name}"{about}>{options}</select>'
    else:
        element = f'<input name="{name}" id="filter-{name}" type="{control.kind}" value="{value}"{about}>'
    return f'<p><label for="filter-{name}">{escape(control.label)}</label>{element}{problem}</p>'


def _write_empty(view: View, listing: Listing, page: Page) -> str:
    many = escape(view.plural[:1].lower() + view.plural[1:])
    if listing.number > 1:
        first = escape(listing.address(page=""))
        return f'<div class="empty"><p>Page {listing.number:,} is empty.</p><p><a href="{first}">Go to the first page</a></p></div>'
    if listing.is_filtered:
        clear = escape(_clear(listing))
        return f'<div class="empty"><p>No {many} match these filters.</p><p><a href="{clear}">Clear the filters</a> to see all.</p></div>'
    begin = " Create the first one above." if page.actions else ""
    return f'<div class="empty"><p>There are no {many} yet.{begin}</p></div>'


def _write_others(value: Any, shape: Shape, member: str | None, page: Page, dialect: Dialect) -> str:
    """Return a table of the members of a response other than its rows and totals."""
    if member is None or not isinstance(shape, Record):
        return ""
    write = viewed.make_writers(shape, page, dialect, linked=False, folded=False)
    names = (name for name in shape.fields if name != member and name.lower() not in _TOTALS)
    texts = [(name, write[name](value)) for name in names]
    lines = "".join(cells.line(viewed.make_label(name), text) for name, text in texts if text)
    return f"{cells.RECORD}{lines}{cells.RECORD_END}" if lines else ""


def table_record(shape: Shape) -> Record | None:
    """Return the record of a list of records; None for other shapes."""
    item = _resolve(shape.item) if isinstance(shape, ListOf) else None
    return item if isinstance(item, Record) else None
