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
from serializers.html.viewed import label_of
from serializers.shape import ListOf, Record, Reference

#: Fields of a list's request that are not filters: the page and the order have separate links.
PAGING = frozenset({"page", "all", "countperpage", "simplifiedpaging", "sortfield", "sortorder"})
#: The filter of a list that takes the ids of its rows, in lower case.
_IDS = "specificids"


@dataclass(frozen=True, slots=True)
class Place:
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
class Lead:
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
    def places(self) -> Mapping[str, Place]:
        """The routes of objects, by the name of their id in lower case (``accountid``)."""
        return places_of(self._catalog)

    @cached_property
    def lists(self) -> list[Lead]:
        """Every list that GET reads at an address without variables, by label."""
        return lists_of(self._catalog)

    def home(self, operation: Operation) -> Iterator[Lead]:
        """Yield the list that contains the record that an operation reads; for a list, the list without filters."""
        paths = {place.path.partition("/{}")[0].lower() for _, place in self._of_record(operation)}
        for each in self.lists:
            if each.operation is operation or each.address.lower() in paths:
                yield replace(each, label=f"All {each.label[:1].lower()}{each.label[1:]}")

    def watching(self, operation: Operation) -> dict[str, str]:
        """Return the link to the event page of the record that an operation returns."""
        variables = {variable for variable, _ in self._of_record(operation)}
        parts = [each for each in map(channel_parts, self._channels) if each[1] in variables]
        addresses = [f"/explorer/events#{before}{{}}{after}" for before, _, after in parts]
        return {"Watch events": addresses[0]} if addresses else {}

    def new(self, operation: Operation) -> Iterator[Lead]:
        """Yield the operations that add to a list: those for POST at the list's address."""
        paths = {route.path.lower() for route in operation.routes}
        for each in self._catalog:
            if each is not operation and any(
                route.path.lower() in paths and "POST" in route.verbs for route in each.routes
            ):
                yield Lead(each, name_of(each), f"/explorer#{each.name}")

    def changing(self, operation: Operation) -> Iterator[Lead]:
        """Yield the operations that change the record that an operation returns."""
        for variable, place in self._of_record(operation):
            base = place.path.partition("{}")[0].lower()
            for each in self._catalog:
                wire = wire_of(each, variable)
                on_path = any(route.path.lower().startswith(f"{base}{{{variable}") for route in each.routes)
                if wire and each.writes and on_path:
                    yield Lead(each, name_of(each), f"/explorer#{each.name}?{wire}={{}}")

    def belonging(self, operation: Operation) -> Iterator[Lead]:
        """Return lists of objects that belong to the record that an operation returns: those with a filter for its id."""
        for variable, _ in self._of_record(operation):
            for each in self._catalog:
                row = row_of(each)
                if row is None or row.view is None or not _is_flat(each):
                    continue
                for wire in each.request_shape.fields:
                    single = wire.removesuffix("s")
                    if wire.lower() == _IDS or not single.lower().endswith(variable):
                        continue
                    by = f" by {label_of(single).removesuffix(' ID').lower()}" if single.lower() != variable else ""
                    yield Lead(each, f"{row.view.plural}{by}", f"{each.routes[0].path}?{wire}={{}}")

    def _of_record(self, operation: Operation) -> Iterator[tuple[str, Place]]:
        if operation.returns is not None and not operation.lists:
            record = document_shape(operation.returns).name
            yield from ((variable, place) for variable, place in self.places.items() if place.record == record)


def places_of(operations: Iterable[Operation]) -> dict[str, Place]:
    """Return the routes of objects, by the name of their id in lower case (``accountid``)."""
    operations, found = [*operations], dict[str, Place]()
    for operation in operations:
        for route in operation.routes:
            if (place := _single(operation, route)) is not None:
                found.setdefault(route.variables[0].lower(), place)
    # Objects that no operation reads one by one are read from a list that takes ids.
    for operation in operations:
        row, ids = row_of(operation), wire_of(operation, _IDS)
        if row is not None and row.view is not None and ids and "id" in row.fields and _is_flat(operation):
            key = f"{row.view.noun.replace(' ', '').lower()}id"
            found.setdefault(key, Place(operation, f"{operation.routes[0].path}?{ids}={{}}", row.name, "id"))
    return found


def channel_parts(channel: str) -> tuple[str, str, str]:
    """Return the text before the variable of a channel's name, the variable in lower case, and the text after it."""
    before, _, rest = channel.partition("{")
    variable, _, after = rest.partition("}")
    return before, variable.lower(), after


def _single(operation: Operation, route: Route) -> Place | None:
    """Return the route of the records that an operation reads one by one; None if it does not read single records."""
    if operation.returns is None or operation.lists or "GET" not in route.verbs or len(route.variables) != 1:
        return None
    (variable,) = route.variables
    record = document_shape(operation.returns)
    key = next((wire for wire in record.fields if wire.lower() == variable.lower()), "id")
    # Paths with a wildcard have slashes in their variable.
    if key not in record.fields or f"{{{variable}}}" not in route.path:
        return None
    return Place(operation, route.path.replace(f"{{{variable}}}", "{}"), record.name, key)


def lists_of(operations: Iterable[Operation]) -> list[Lead]:
    """Return the lists that GET reads at addresses without variables, by label: the name of their rows, or the operation's name if another
    list has the same rows."""
    found: dict[str, Lead] = {}
    flat = [each for each in operations if _is_flat(each)]
    for each in sorted(flat, key=lambda each: len(each.routes[0].path)):
        row = row_of(each)
        if row is not None and row.view is not None:
            label = row.view.plural if row.view.plural not in found else name_of(each)
            found.setdefault(label, Lead(each, label, each.routes[0].path))
    return sorted(found.values(), key=lambda each: each.label)


def _is_flat(operation: Operation) -> bool:
    """Return whether GET reads a list at an address without variables."""
    routes = operation.routes
    return operation.lists and bool(routes) and "GET" in routes[0].verbs and not routes[0].variables


def row_of(operation: Operation) -> Record | None:
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


def wire_of(operation: Operation, name: str) -> str:
    """Return the wire name of a request's field by its name in lower case, or by the name of a path's variable; empty if there is none."""
    wire = next((wire for wire in operation.request_shape.fields if wire.lower() == name), "")
    return wire or next((wire for alias, wire in operation.dto.aliases.items() if alias.lower() == name), "")


def name_of(operation: Operation) -> str:
    """Return an operation's name in words: ``End session``."""
    text = words(operation.name)
    return text[:1] + text[1:].lower()
