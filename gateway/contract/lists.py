"""Lists with their pages: the types that services share. They are in the namespace of the service whose items they list."""

from __future__ import annotations

from enum import auto
from typing import Any

from gateway.contract import fields, rules
from gateway.contract.dto import Dto
from gateway.contract.fields import DtoEnum
from gateway.contract.generics import TypeParameter, close

#: Maximum number of items on a page that a client may request.
MOST_PER_PAGE = 1000
#: Maximum number of items of a list in a request.
MOST_VALUES = 1000


class SortOrders(DtoEnum):
    Ascend = auto()
    Descend = auto()


class ListRequest(Dto):
    """A request for one page of a list, or for all of it."""

    parameters = ("T",)
    interfaces = ("IGet",)

    page = fields.Integer("The page to return, counted from 1", rules=[rules.greater_than_or_equal(1)])
    all = fields.Boolean("Return every item, without pages")
    count_per_page = fields.Integer(
        f"Items on a page (50 by default, {MOST_PER_PAGE} at most)", rules=[rules.inclusive_between(1, MOST_PER_PAGE)]
    )
    specific_ids = fields.List(
        fields.String(), "Return only the objects with these IDs", rules=[rules.at_most(MOST_VALUES)]
    )
    sort_field = fields.String("The field to sort by (dateCreated by default)")
    sort_order = fields.Enum(SortOrders, "The direction to sort in (Descend by default)")
    simplified_paging = fields.Boolean("Leave out the totals, which is faster; no items then mean no more pages")


class ListResponse(Dto):
    """A page of a list, or the complete list."""

    parameters = ("T",)
    rows = "items"

    items = fields.List(TypeParameter("T"), "The items of this page")
    total_count = fields.Integer("Items on all pages")
    total_pages = fields.Integer("Pages there are")
    has_more_pages = fields.Boolean("Whether there are pages after this one")


def list_request(item: type[Dto]) -> Any:
    """Return ``ListRequest<T>`` for an item, to use as a base class."""
    return close(ListRequest, item)


def filter_of(description: str) -> fields.List:
    """Return a filter that admits any of several values; an empty one admits everything."""
    return fields.List(fields.String(), description, rules=[rules.at_most(MOST_VALUES)])
