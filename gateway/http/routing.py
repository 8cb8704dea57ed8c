"""Routing: a router that ignores letter case and the names of variables."""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import falcon
from falcon.routing import CompiledRouter
from falcon.routing.util import set_default_responders

from gateway.contract.catalog import Catalog, Operation, Route, route_key
from serializers.registry import Registry


@dataclass(frozen=True, slots=True)
class _Route:
    """A route in the router.

    :ivar segments: the segments of its template.
    :ivar names: the names of its variables, in order; a wildcard's is not among them.
    :ivar verbs: the verbs that its resource has responders for.
    :ivar methods: the responder of each verb, the default ones included.
    """

    template: str
    segments: list[str]
    names: tuple[str, ...]
    resource: object
    verbs: Collection[str]
    methods: Mapping[str, Any]

    @property
    def is_wildcard(self) -> bool:
        return self.segments[-1].endswith("*}")

    @property
    def order(self) -> list[int]:
        """Return the sort key of the route: for each segment, whether it is a literal, a variable or a wildcard."""
        return [segment.startswith("{") + segment.endswith("*}") for segment in self.segments]

    def variables(self, given: list[str]) -> dict[str, str] | None:
        """Return the values of the variables in a path; None if the path does not match."""
        count = len(self.segments) - self.is_wildcard
        before = self.segments[:count]
        fits = len(given) >= count if self.is_wildcard else len(given) == count
        if not fits or not all(map(_matches, before, given)):
            return None
        values = (value for segment, value in zip(before, given, strict=False) if segment.startswith("{"))
        matched = dict(zip(self.names, values, strict=True))
        if self.is_wildcard:
            matched[self.segments[-1][1:-2]] = "/".join(given[count:])
        return matched

    def resolved(self, variables: dict[str, str]) -> Any:
        """Return the route as Falcon's routers do."""
        return self.resource, self.methods, variables, self.template


@dataclass(slots=True)
class _Node:
    """The routes that begin with the same segments.

    :ivar literals: the nodes of the next segment, by literal.
    :ivar variable: the node of the next segment for any other text.
    :ivar route: the route that ends here.
    """

    literals: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    route: _Route | None = None

    def add(self, segment: str) -> _Node:
        """Return the node of the next segment, which is added if it is new."""
        if not segment.startswith("{"):
            return self.literals.setdefault(segment, _Node())
        self.variable = self.variable or _Node()
        return self.variable


class CaselessRouter(CompiledRouter):
    """A router for Falcon that matches literal segments in any letter case.

    If a path matches several routes, those that take the verb count. If a segment may be a literal or a variable, the literal wins in
    any letter case: ``/sessions/MY`` is ``/sessions/my``. Wildcards come last, those with the most literal segments in front first.
    """

    def __init__(self) -> None:
        super().__init__()
        self._tree = _Node()
        self._routes: list[_Route] = []

    def add_route(self, uri_template: str, resource: object, **kwargs: Any) -> None:
        """Add a route; its literals must be in lower case. ``{name*}`` at its end is a wildcard.

        Of two routes with one template, the later takes the verbs that both have.
        """
        methods = self.map_http_methods(resource, **kwargs)
        verbs = frozenset(methods)
        set_default_responders(methods)
        segments = uri_template.split("/")
        names = tuple(segment[1:-1] for segment in segments if segment.startswith("{") and not segment.endswith("*}"))
        route = _Route(uri_template, segments, names, resource, verbs, methods)
        if not route.is_wildcard:
            node = self._tree
            for segment in uri_template.lstrip("/").split("/"):
                node = node.add(segment)
            node.route = route
        insort(self._routes, route, key=lambda listed: listed.order)

    def find(self, uri: str, req: Any = None) -> Any:
        """Return the route of a path, or None."""
        verb = "GET" if req is None else req.method
        node = self._tree
        values: list[str] = []
        for segment in uri.lstrip("/").split("/"):
            # PERF: most literals are in lower case as they come.
            after = node.literals.get(segment) or node.literals.get(segment.lower())
            if after is None and segment:
                values.append(segment)
                after = node.variable
            if after is None:
                return self._find_by_verb(uri, verb)
            node = after
        route = node.route
        if route is None or verb not in route.verbs:
            return self._find_by_verb(uri, verb)
        return route.resource, route.methods, dict(zip(route.names, values, strict=True)), route.template

    def _find_by_verb(self, uri: str, verb: str) -> Any:
        """Return the first route of a path that takes the verb. If none does, return a route with the verbs of all of them."""
        given = uri.split("/")
        fitting = [(route, values) for route in self._routes if (values := route.variables(given)) is not None]
        for route, variables in fitting:
            if verb in route.verbs:
                return route.resolved(variables)
        if not fitting:
            return None
        first, variables = fitting[0]
        if len(fitting) == 1:
            return first.resolved(variables)
        methods = {
            name: responder
            for route, _ in reversed(fitting)
            for name, responder in route.methods.items()
            if name in route.verbs
        }
        set_default_responders(methods)
        return replace(first, methods=methods).resolved(variables)


def _takes(resource: object, verb: str) -> bool:
    """Return whether a resource has its own responder for a verb."""
    return hasattr(resource, f"on_{verb.lower()}")


def _matches(expected: str, given: str) -> bool:
    """Return whether a path segment matches a template's: a literal in any letter case, or any text for a variable."""
    return bool(given) if expected.startswith("{") else given.lower() == expected


def template(path: str) -> tuple[str, tuple[str, ...]]:
    """Return Falcon's template of a declared path, and the declared names of its variables in order.

    Variables are numbered (``{v0}``), because Falcon refuses two names at the same position, which contracts may have.
    """
    names: list[str] = []
    segments = []
    # A slash at the end of a request's path is cut off before routing.
    for segment in (path.rstrip("/") or "/").split("/"):
        if segment.startswith("{"):
            segments.append(f"{{v{len(names)}{'*' if segment.endswith('*}') else ''}}}")
            names.append(segment.strip("{}*"))
        else:
            segments.append(segment.lower())
    return "/".join(segments), tuple(names)


def table(catalog: Catalog) -> Iterator[tuple[str, dict[str, tuple[Operation, tuple[str, ...]]]]]:
    """Yield every template with its verbs: operation and path variables. A route with a specific verb precedes ``ANY``."""
    routes: dict[str, dict[str, tuple[Operation, tuple[str, ...]]]] = {}
    weights: dict[tuple[str, str], int] = {}
    for operation in catalog:
        for route in operation.routes:
            path, names = template(route.path)
            for verb in route.verbs:
                place = (route_key(route.path), verb)
                if len(route.verbs) < weights.get(place, 99):
                    weights[place] = len(route.verbs)
                    routes.setdefault(path, {})[verb] = (operation, names)
    yield from routes.items()


#: The verbs and the paths (`route_key`) of routes.
Places: TypeAlias = frozenset[tuple[str, str]]


def places(routes: Iterable[tuple[str, object]]) -> Places:
    """Return the verbs and paths of routes with their resources."""
    return frozenset(
        (verb, route_key(path)) for path, resource in routes for verb in falcon.HTTP_METHODS if _takes(resource, verb)
    )


def taken(route: Route, own: Places, registry: Registry) -> str:
    """Return the verb of a declared route for which the server has a route of its own at this path, or at the path without a format's
    suffix; empty if there is none."""
    keys = {route_key(path) for path in (route.path, without_suffix(route.path, registry))}
    return next((verb for verb in route.verbs if any((verb, key) in own for key in keys)), "")


def without_suffix(path: str, registry: Registry) -> str:
    """Return a declared path without its suffix, if that names a format."""
    stem, _, suffix = path.rstrip("/").rpartition(".")
    is_format = stem and not stem.endswith("/") and registry.by_suffix(suffix)
    return stem if is_format else path


def suffixed(catalog: Catalog, registry: Registry) -> re.Pattern[str] | None:
    """Return a pattern of the declared paths that end in a format's suffix, such as ``/report.csv``; None if there are none."""
    paths = {route.path.rstrip("/") for operation in catalog for route in operation.routes}
    patterns = [
        "/".join("[^/]+" if part.startswith("{") else re.escape(part) for part in path.split("/"))
        for path in sorted(paths)
        if without_suffix(path, registry) != path
    ]
    return re.compile("|".join(patterns), re.IGNORECASE) if patterns else None


def allowed(verbs: Any) -> str:
    """Return the Allow header for these verbs, with HEAD if GET is among them, and always with OPTIONS."""
    names = set(verbs) | {"OPTIONS"} | ({"HEAD"} if "GET" in verbs else set())
    return ", ".join(sorted(names & set(falcon.HTTP_METHODS)))
