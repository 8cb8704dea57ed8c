"""What all lists share: pages, order, and the choice between a page and everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, Protocol

from gateway.calls import Streamed, instant
from gateway.contract import dates, fields
from gateway.contract.dto import Dto, Instance
from gateway.contract.lists import SortOrders
from gateway.contract.naming import camel_case, pascal_case
from gateway.errors import FieldError, ValidationFailed
from models import Unit
from models.engine.listing import BLOCK, Order

#: Default number of items on a page.
PER_PAGE = 50
#: Maximum number of rows that are counted for a page's totals.
MOST_COUNTED = 10_000
#: Maximum number of rows that are sorted without an index.
MOST_SORTED = 100_000

_SCALARS = (fields.String, fields.Boolean, fields.Integer, fields.Enum)


class Rows(Protocol):
    """How `models` reads a list. Filters that are None admit everything."""

    def page(self, unit: Unit, filters: Mapping[str, Any], order: Order, limit: int, offset: int) -> Sequence[Any]:
        """Return at most `limit` rows after `offset`."""
        ...

    def count(self, unit: Unit, filters: Mapping[str, Any], most: int | None = None) -> int:
        """Return the number of rows, at most `most`."""
        ...

    def is_sorted_by_index(self, order: Order) -> bool:
        """Return whether an index has the rows in this order."""
        ...

    def everything(self, unit: Unit, filters: Mapping[str, Any], order: Order) -> Iterator[Any]:
        """Return every row, read in blocks."""
        ...


class Converted:
    """Rows that are converted before they are returned, block by block.

    :param convert: gets an open unit of work and some rows, and returns as many items.
    """

    def __init__(self, rows: Rows, convert: Callable[[Unit, Sequence[Any]], Sequence[Any]]) -> None:
        self._rows = rows
        self._convert = convert

    def page(self, unit: Unit, filters: Mapping[str, Any], order: Order, limit: int, offset: int) -> Sequence[Any]:
        """Return at most `limit` items after `offset`."""
        return self._convert(unit, self._rows.page(unit, filters, order, limit, offset))

    def count(self, unit: Unit, filters: Mapping[str, Any], most: int | None = None) -> int:
        """Return the number of items, at most `most`."""
        return self._rows.count(unit, filters, most)

    def is_sorted_by_index(self, order: Order) -> bool:
        """Return whether an index has the rows in this order."""
        return self._rows.is_sorted_by_index(order)

    def everything(self, unit: Unit, filters: Mapping[str, Any], order: Order) -> Iterator[Any]:
        """Yield every item, read in blocks."""
        rows = self._rows.everything(unit, filters, order)
        while block := list(islice(rows, BLOCK)):
            yield from self._convert(unit, block)


def build_response(
    returns: type[Dto],
    item: type[Dto],
    request: Instance,
    unit: Unit,
    rows: Rows,
    filters: Mapping[str, Any],
    *,
    by: str,
) -> Any:
    """Return the page that a ``ListRequest`` requests, or the complete list, streamed.

    With simplified paging the totals are 0, because typed clients have no null for them. Other pages count up to `MOST_COUNTED` rows;
    ``is_count_capped`` shows that there are more.

    :param returns: the response's DTO, a ``ListResponse`` of the item.
    :param by: the attribute to sort by if the request names none.
    Raises ValidationFailed for a sortField that is not a scalar field of the item, or that has no index when more rows than `MOST_SORTED`
    match the filters.
    """
    order = read_order(item, request, by)
    if not rows.is_sorted_by_index(order) and rows.count(unit, filters, MOST_SORTED + 1) > MOST_SORTED:
        message = f"'Sort Field' can sort at most {MOST_SORTED} rows: use more filters, or sort by {camel_case(pascal_case(by))}."
        raise ValidationFailed(item.__name__, [FieldError("InclusiveBetween", "sortField", message)])
    if request.all:
        total = 0 if request.simplified_paging else rows.count(unit, filters)
        return Streamed(returns, lambda streaming: rows.everything(streaming, filters, order), total)
    count = request.count_per_page or PER_PAGE
    offset = ((request.page or 1) - 1) * count
    # One additional row shows whether another page follows, without counting.
    listed = list(rows.page(unit, filters, order, count + 1, offset))
    has_more = len(listed) > count
    total, capped = 0, False
    if not request.simplified_paging:
        # PERF: on the last page the number of rows is known; the query is not repeated to count them.
        ends_here = not has_more and (listed or offset == 0)
        total = offset + len(listed) if ends_here else rows.count(unit, filters, MOST_COUNTED + 1)
        capped = not ends_here and total > MOST_COUNTED
        total = MOST_COUNTED if capped else total
    page = returns.new(items=listed[:count], total_count=total, total_pages=-(-total // count), has_more_pages=has_more)
    page.is_count_capped = capped
    return page


def read_order(item: type[Dto], request: Instance, default: str) -> Order:
    """Return the order that a request sets. Raises ValidationFailed."""
    descending = request.sort_order is not SortOrders.Ascend
    if not request.sort_field:
        return Order(default, descending)
    attribute = _list_sortable(item).get(request.sort_field.lower())
    if attribute is None:
        shown_field = request.sort_field[:200]
        text = f"'Sort Field' has a range of values which does not include '{shown_field}'."
        meta = {"PropertyName": "Sort Field", "PropertyValue": shown_field}
        raise ValidationFailed(item.__name__, [FieldError("Enum", "sortField", text, meta)])
    return Order(attribute, descending)


@cache
def _list_sortable(item: type[Dto]) -> dict[str, str]:
    members = item.schema().fields.items()
    return {str(field.data_key).lower(): name for name, field in members if isinstance(field, _SCALARS)}


def parse_first_instant(day: str | None) -> str | None:
    """Return the first instant of a day in UTC."""
    return f"{dates.parse_day(day)}T00:00:00.000000Z" if day and not day.isspace() else None


def parse_last_instant(day: str | None) -> str | None:
    """Return the last instant of a day in UTC."""
    return f"{dates.parse_day(day)}T23:59:59.999999Z" if day and not day.isspace() else None


def parse_instant(text: str | None) -> str | None:
    """Convert a text that `dates.parse_moment` reads into an instant as the API writes it. Raises ValueError."""
    return instant(dates.parse_moment(text)) if text and not text.isspace() else None


def drop_empty(values: list[str | None] | None) -> list[str] | None:
    """Return the non-empty values of a filter; None if there are none, which admits everything."""
    return [value for value in values or () if value] or None
