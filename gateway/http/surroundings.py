"""The parts around a document on a page for people: the header, links, the filters of lists, and possible next calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from http.client import responses
from typing import Any, cast
from urllib.parse import quote, urlencode

from gateway.calls import Method, Principal, authorize
from gateway.contract import fields, rules
from gateway.contract.catalog import Access, Catalog, Operation
from gateway.contract.dto_field import AnyField
from gateway.contract.enums import make_choice
from gateway.errors import ServiceError
from gateway.http import login
from gateway.http.auth import Gate
from gateway.http.request import Request
from gateway.metadata.neighbours import PAGING, Link, Neighbours, format_operation_name, get_row_shape
from gateway.metadata.pages import NAVIGATION
from serializers.html.viewed import make_label
from serializers.page import COLUMNS, Control, Frame, Listing, Page
from serializers.registry import Registry

_TRUTH = (("true", "yes"), ("false", "no"))
_KINDS: Sequence[str] = ("text", "date")
_NONE: Mapping[str, str] = {}
_SAFE = ("GET", "HEAD")
#: Titles of error pages by status; other statuses have HTTP's phrase.
_TITLES: Mapping[int, str] = {
    400: "The request is not valid",
    401: "Sign in first",
    403: "You may not do this",
    404: "Not found",
    405: "This method is not allowed",
    500: "Something went wrong",
    503: "Not available now",
}


class Surroundings:
    """Makes the pages around the documents of a service.

    :ivar title: the service's name.
    """

    def __init__(
        self,
        registry: Registry,
        catalog: Catalog,
        gate: Gate,
        title: str = "Gateway",
        channels: tuple[str, ...] | None = None,
    ) -> None:
        self.title = title
        self._registry = registry
        self._gate = gate
        self._signs_in = any(operation.signs_in for operation in catalog)
        self._neighbours = Neighbours(catalog, channels)

    def plain(self, title: str, request: Request) -> Page:
        """Return the page around a document that is not a response of an operation."""
        return Page(title, self._links(request), frame=self.frame(request))

    def error(self, status: int, message: str, request: Request, problems: Mapping[str, str] = _NONE) -> Page:
        """Return the page around an error. An invalid request for a list gets its filters, a missing record a link to its list.

        :param problems: the errors of fields, by name in lower case.
        """
        title, operation = _TITLES.get(status) or responses.get(status, "Error"), request.operation
        if status == 404 and operation is None:
            title = "Page not found"
        page = Page(title, self._links(request), lead=message, frame=self.frame(request, looked_up=status < 500))
        if operation is None or request.method not in _SAFE or status not in (400, 404):
            return page
        is_refused = operation.lists and status == 400
        listing = _listing(operation, request, capped=False, problems=problems) if is_refused else None
        related = _leads(self._neighbours.find_home(operation), self._caller(request))
        return replace(page, listing=listing, related=related, root=request.prefix)

    def page(self, operation: Operation, request: Request, result: Any = None) -> Page:
        """Return the page around the response of an operation.

        :param result: the response.
        """
        caller = self._caller(request)
        places = {
            key: place
            for key, place in self._neighbours.record_routes.items()
            if may_call(caller, place.operation.access)
        }
        page = Page(
            "" if operation.returns is not None else format_operation_name(operation),
            self._links(request),
            frame=self.frame(request),
            root=request.prefix,
            addresses={key: place.path for key, place in places.items()},
            owners={place.record: (place.path, place.key) for place in reversed(places.values())},
        )
        if operation.lists and request.method in _SAFE:
            actions = _leads(self._neighbours.find_additions(operation), caller)
            listing = _listing(operation, request, capped=bool(getattr(result, "is_count_capped", False)))
            return replace(page, listing=listing, actions=actions)
        return replace(
            page,
            actions=_leads(self._neighbours.find_changes(operation), caller),
            related={
                **_leads(
                    [*self._neighbours.find_home(operation), *self._neighbours.find_belonging_lists(operation)], caller
                ),
                **self._neighbours.link_to_events(operation),
            },
        )

    def frame(self, request: Request, *, looked_up: bool = True) -> Frame:
        """Return the header of the page.

        :param looked_up: authenticate the caller, if that has not happened yet.
        """
        caller, root = self._caller(request, looked_up=looked_up), request.prefix
        may_leave = caller is not None and caller.method is Method.COOKIE and self._signs_in
        return Frame(
            self.title,
            f"{root}/",
            {label: f"{root}{path}" for label, path in NAVIGATION.items()},
            caller="" if caller is None else caller.display_name or caller.email or caller.user_id,
            sign_in=f"{root}{login.LOGIN}" if self._signs_in and caller is None else "",
            sign_out=f"{root}{login.LOGOUT_ACTION}" if may_leave else "",
            after=f"{root}{login.LOGIN}",
        )

    def _caller(self, request: Request, *, looked_up: bool = True) -> Principal | None:
        # Only a lone cookie is checked, so that wrong passwords and keys are not counted in requests that need none.
        if request.authentication is None and looked_up and _shows_cookie_only(request):
            with suppress(ServiceError):
                self._gate.identify(request)
        return request.authentication[0] if request.authentication else None

    def _links(self, request: Request) -> dict[str, str]:
        """Return links to the same path in other formats, if it has GET."""
        if request.method not in _SAFE:
            return {}
        path = _path_of(request)
        # Other formats always have all columns.
        others = [(name, value or "") for name, value in request.pairs if name.lower() not in ("format", COLUMNS)]
        return {
            serializer.name: f"{path}?{urlencode([*others, ('format', serializer.name)])}"
            for serializer in self._registry
            if not serializer.paged
        }


def _leads(leads: Iterable[Link], caller: Principal | None) -> dict[str, str]:
    return {lead.label: lead.address for lead in leads if may_call(caller, lead.operation.access)}


def _path_of(request: Request) -> str:
    """Return the path of this page as the browser sees it. It never begins with two slashes, which would lead to another host."""
    return request.prefix + quote("/" + request.negotiation.path.lstrip("/"))


def _shows_cookie_only(request: Request) -> bool:
    env = request.env
    return "HTTP_COOKIE" in env and "HTTP_AUTHORIZATION" not in env and "HTTP_X_API_KEY" not in env


def may_call(caller: Principal | None, access: Access | None) -> bool:
    """Return whether a caller may call an operation with this access rule."""
    try:
        authorize(caller, access or Access())
    except ServiceError:
        return False
    return True


def _listing(operation: Operation, request: Request, *, capped: bool, problems: Mapping[str, str] = _NONE) -> Listing:
    pairs = tuple((name, value or "") for name, value in request.pairs)
    given = {name.lower(): value for name, value in pairs}
    members = {str(field.data_key): field for field in operation.dto.schema().fields.values()}
    known = {wire.lower() for wire in members}
    in_path = {name.lower() for route in operation.routes for name in route.variables}
    row = get_row_shape(operation)
    sortable = {"sortfield", "sortorder"} <= known
    default = row.view.sorted_by if row is not None and row.view is not None else ""
    paged = "page" in known and given.get("all", "").lower() not in ("true", "1")
    return Listing(
        _path_of(request),
        pairs,
        _controls(
            replace(_control(wire, field, given.get(wire.lower(), "")), problem=problems.get(wire.lower(), ""))
            for wire, field in members.items()
            if wire.lower() not in PAGING | in_path
        ),
        sort_field=(given.get("sortfield") or default) if sortable else "",
        ascending=given.get("sortorder", "").lower() in ("ascend", "0"),
        sortable=sortable,
        number=_number(given.get("page", "")) if paged else 0,
        capped=capped,
    )


def _controls(controls: Iterable[Control]) -> tuple[Control, ...]:
    """Return the filters in order: text fields, then days, then choices."""
    return tuple(sorted(controls, key=lambda control: (bool(control.choices), _KINDS.index(control.kind))))


def _number(text: str) -> int:
    text = text.strip()
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _control(wire: str, field: AnyField, value: str) -> Control:
    kind, choices = "text", tuple[tuple[str, str], ...]()
    if isinstance(field, fields.Boolean):
        choices = _TRUTH
    elif isinstance(field, fields.Enum):
        known = make_choice(cast("type[fields.DtoEnum]", field.enum))
        choices = tuple((known.text_of(name), known.text_of(name)) for name in known.members)
    elif any(isinstance(validator, rules.Date) for validator in field.validators):
        kind = "date"
    about = getattr(field, "description", "")
    is_id = wire.lower().removesuffix("s").endswith("id")
    return Control(wire, make_label(wire), value, kind, choices, about, rare=is_id)
