"""Links on the page of a record or a list: objects with these ids, lists of objects that belong to a record, operations that change it.

All links follow from the declared routes: an ``accountId`` links to ``GET /accounts/{AccountId}``, and a list with a filter
``accountIds`` is a list of objects that belong to an account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from gateway.contract.catalog import Catalog, Operation, Route
from gateway.contract.naming import words
from gateway.contract.shapes import document_shape
from serializers.html.viewed import make_label
from serializers.shape import ListOf, Record, Reference

#: Fields of a list's request that are not filters: the page and the order have separate links.
PAGING = frozenset({"page", "all", "countperpage", "simplifiedpaging", "sortfield", "sortorder"})
#: The filter of a list that takes the ids of its rows, in lower case.
_IDS = "specificids"


@dataclass(frozen=True, slots=True)
class RecordRoute:
    """The route of the objects of a kind.

    :ivar operation: the operation that reads one.
    :ivar path: its path, or address, with ``{}`` for the id.
    :ivar record: the name of the record's type.
    :ivar key: the wire name of the record's id.
    """

    operation: Operation
    path: str
    record: str
    key: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a page.

    :ivar operation: the operation that it calls.
    :ivar label: the text of the link.
    :ivar address: under the service's root, with ``{}`` for the record's id.
    """

    operation: Operation
    label: str
    address: str


class Neighbours:
    """The links between the operations of a catalog.

    :param channels: the name pattern of its event channels; None if it has no events.
    """

    def __init__(self, catalog: Catalog, channels: tuple[str, ...] | None = None) -> None:
        self._catalog = catalog
        self._channels = channels or ()

    @cached_property
    def record_routes(self) -> Mapping[str, RecordRoute]:
        """The routes of objects, by the name of their id in lower case (``accountid``)."""
        return find_record_routes(self._catalog)

    @cached_property
    def lists(self) -> list[Link]:
        """Every list that GET reads at an address without variables, by label."""
        return find_lists(self._catalog)

    def find_home(self, operation: Operation) -> Iterator[Link]:
        """Yield the list that contains the record that an operation reads; for a list, the list without filters."""
        paths = {route.path.partition("/{}")[0].lower() for _, route in self._find_routes_of_record(operation)}
        for link in self.lists:
            if link.operation is operation or link.address.lower() in paths:
                yield replace(link, label=f"All {link.label[:1].lower()}{link.label[1:]}")

    def link_to_events(self, operation: Operation) -> dict[str, str]:
        """Return the link to the event page of the record that an operation returns."""
        variables = {variable for variable, _ in self._find_routes_of_record(operation)}
        parts = [part for part in map(split_channel, self._channels) if part[1] in variables]
        addresses = [f"/explorer/events#{before}{{}}{after}" for before, _, after in parts]
        return {"Watch events": addresses[0]} if addresses else {}

    def find_additions(self, operation: Operation) -> Iterator[Link]:
        """Yield the operations that add to a list: those for POST at the list's address."""
        paths = {route.path.lower() for route in operation.routes}
        for candidate in self._catalog:
            if candidate is not operation and any(
                route.path.lower() in paths and "POST" in route.verbs for route in candidate.routes
            ):
                yield Link(candidate, format_operation_name(candidate), f"/explorer#{candidate.name}")

    def find_changes(self, operation: Operation) -> Iterator[Link]:
        """Yield the operations that change the record that an operation returns."""
        for variable, record_route in self._find_routes_of_record(operation):
            base = record_route.path.partition("{}")[0].lower()
            for candidate in self._catalog:
                wire = find_wire_name(candidate, variable)
                on_path = any(route.path.lower().startswith(f"{base}{{{variable}") for route in candidate.routes)
                if wire and candidate.writes and on_path:
                    yield Link(candidate, format_operation_name(candidate), f"/explorer#{candidate.name}?{wire}={{}}")

    def find_belonging_lists(self, operation: Operation) -> Iterator[Link]:
        """Return lists of objects that belong to the record that an operation returns: those with a filter for its id."""
        for variable, _ in self._find_routes_of_record(operation):
            for candidate in self._catalog:
                row = get_row_shape(candidate)
                if row is None or row.view is None or not _is_flat(candidate):
                    continue
                for wire in candidate.request_shape.fields:
                    single = wire.removesuffix("s")
                    if wire.lower() == _IDS or not single.lower().endswith(variable):
                        continue
                    by = f" by {make_label(single).removesuffix(' ID').lower()}" if single.lower() != variable else ""
                    yield Link(candidate, f"{row.view.plural}{by}", f"{candidate.routes[0].path}?{wire}={{}}")

    def _find_routes_of_record(self, operation: Operation) -> Iterator[tuple[str, RecordRoute]]:
        if operation.returns is not None and not operation.lists:
            record = document_shape(operation.returns).name
            yield from (
                (variable, record_route)
                for variable, record_route in self.record_routes.items()
                if record_route.record == record
            )


def find_record_routes(operations: Iterable[Operation]) -> dict[str, RecordRoute]:
    """Return the routes of objects, by the name of their id in lower case (``accountid``)."""
    operations, record_routes = [*operations], dict[str, RecordRoute]()
    for operation in operations:
        for route in operation.routes:
            if (record_route := _find_record_route(operation, route)) is not None:
                record_routes.setdefault(route.variables[0].lower(), record_route)
    # Objects that no operation reads one by one are read from a list that takes ids.
    for operation in operations:
        row, ids = get_row_shape(operation), find_wire_name(operation, _IDS)
        if row is not None and row.view is not None and ids and "id" in row.fields and _is_flat(operation):
            key = f"{row.view.noun.replace(' ', '').lower()}id"
            record_routes.setdefault(
                key, RecordRoute(operation, f"{operation.routes[0].path}?{ids}={{}}", row.name, "id")
            )
    return record_routes


def split_channel(channel: str) -> tuple[str, str, str]:
    """Return the text before the variable of a channel's name, the variable in lower case, and the text after it."""
    before, _, rest = channel.partition("{")
    variable, _, after = rest.partition("}")
    return before, variable.lower(), after


def _find_record_route(operation: Operation, route: Route) -> RecordRoute | None:
    """Return the route of the records that an operation reads one by one; None if it does not read single records."""
    if operation.returns is None or operation.lists or "GET" not in route.verbs or len(route.variables) != 1:
        return None
    (variable,) = route.variables
    record = document_shape(operation.returns)
    key = next((wire for wire in record.fields if wire.lower() == variable.lower()), "id")
    # Paths with a wildcard have slashes in their variable.
    if key not in record.fields or f"{{{variable}}}" not in route.path:
        return None
    return RecordRoute(operation, route.path.replace(f"{{{variable}}}", "{}"), record.name, key)


def find_lists(operations: Iterable[Operation]) -> list[Link]:
    """Return the lists that GET reads at addresses without variables, by label: the name of their rows, or the operation's name if another
    list has the same rows."""
    links: dict[str, Link] = {}
    flat = [operation for operation in operations if _is_flat(operation)]
    for operation in sorted(flat, key=lambda operation: len(operation.routes[0].path)):
        row = get_row_shape(operation)
        if row is not None and row.view is not None:
            label = row.view.plural if row.view.plural not in links else format_operation_name(operation)
            links.setdefault(label, Link(operation, label, operation.routes[0].path))
    return sorted(links.values(), key=lambda link: link.label)


def _is_flat(operation: Operation) -> bool:
    """Return whether GET reads a list at an address without variables."""
    routes = operation.routes
    return operation.lists and bool(routes) and "GET" in routes[0].verbs and not routes[0].variables


def get_row_shape(operation: Operation) -> Record | None:
    """Return the shape of the rows of a list; None for other operations."""
    if not operation.lists or operation.returns is None:
        return None
    shape = document_shape(operation.returns)
    if operation.returns_list:
        return shape
    rows = shape.fields[shape.rows or ""]
    item = rows.item if isinstance(rows, ListOf) else None
    item = item.record if isinstance(item, Reference) else item
    return item if isinstance(item, Record) else None


def find_wire_name(operation: Operation, name: str) -> str:
    """Return the wire name of a request's field by its name in lower case, or by the name of a path's variable; empty if there is none."""
    wire = next((wire for wire in operation.request_shape.fields if wire.lower() == name), "")
    return wire or next((wire for alias, wire in operation.dto.aliases.items() if alias.lower() == name), "")


def format_operation_name(operation: Operation) -> str:
    """Return an operation's name in words: ``End session``."""
    text = words(operation.name)
    return text[:1] + text[1:].lower()
