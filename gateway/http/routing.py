"""From an address to an operation: Falcon's router, blind to letter case and to the names of variables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import falcon
from falcon.routing import CompiledRouter

from gateway.contract.catalog import Catalog, Operation, route_key


class CaselessRouter(CompiledRouter):
    """Falcon's router, with literal segments matched in any letter case.

    Where a segment may be a literal or a variable, the literal wins in any spelling: ``/sessions/MY`` is ``/sessions/my``.
    A path that no other route has goes to the wildcard with the most literal segments in front.
    """

    def __init__(self) -> None:
        super().__init__()
        self._literals: dict[str, Any] = {}
        self._wildcards: list[tuple[list[str], str]] = []
        #: The resources of wildcards, each at an address of its own.
        self._behind = CompiledRouter()

    def add_route(self, uri_template: str, resource: object, **kwargs: Any) -> None:
        """Add a route; its literals must be in lower case. ``{name*}`` at its end is a wildcard."""
        if uri_template.endswith("*}"):
            address = f"/{len(self._wildcards)}"
            self._behind.add_route(address, resource, **kwargs)
            self._wildcards.append((uri_template.split("/"), address))
            self._wildcards.sort(key=lambda each: [_width(segment) for segment in each[0]])
            return
        node = self._literals
        for segment in uri_template.split("/"):
            node = node.setdefault("{}" if segment.startswith("{") else segment, {})
        super().add_route(uri_template, resource, **kwargs)

    def find(self, uri: str, req: Any = None) -> Any:
        """The route of a path, or None."""
        # PERF: most paths are in lower case as they come.
        found = super().find(uri if uri == uri.lower() else self.fold(uri), req)
        return self._find_wildcard(uri, req) if found is None and self._wildcards else found

    def _find_wildcard(self, uri: str, req: Any) -> Any:
        segments = uri.split("/")
        for template, address in self._wildcards:
            *before, last = template
            if len(segments) < len(before) or not all(map(_matches, before, segments)):
                continue
            resource, methods, _, _ = self._behind.find(address, req) or _NOTHING
            variables = {
                name[1:-1]: value for name, value in zip(before, segments, strict=False) if name.startswith("{")
            }
            variables[last[1:-2]] = "/".join(segments[len(before) :])
            return resource, methods, variables, "/".join(template)
        return None

    def fold(self, path: str) -> str:
        """The path with its literal segments in lower case and its variables as they are."""
        node: dict[str, Any] | None = self._literals
        folded = []
        for segment in path.split("/"):
            lowered = segment.lower()
            literal = node is not None and lowered in node
            folded.append(lowered if literal else segment)
            node = None if node is None else node.get(lowered if literal else "{}")
        return "/".join(folded)


def _width(segment: str) -> int:
    """How much a segment of a template admits: a literal, a variable or a wildcard."""
    return segment.startswith("{") + segment.endswith("*}")


_NOTHING: tuple[Any, ...] = (None, {}, {}, "")


def _matches(expected: str, given: str) -> bool:
    """Whether a segment of a path is what a template has there: a literal in any letter case, or any text for a variable."""
    return bool(given) if expected.startswith("{") else given.lower() == expected


def template(path: str) -> tuple[str, tuple[str, ...]]:
    """Falcon's template of a declared path, and the declared names of its variables in order.

    Variables are numbered (``{v0}``), because Falcon refuses two names at one place and contracts have them.
    """
    names: list[str] = []
    segments = []
    for segment in path.split("/"):
        if segment.startswith("{"):
            segments.append(f"{{v{len(names)}{'*' if segment.endswith('*}') else ''}}}")
            names.append(segment.strip("{}*"))
        else:
            segments.append(segment.lower())
    return "/".join(segments), tuple(names)


def table(catalog: Catalog) -> Iterator[tuple[str, dict[str, tuple[Operation, tuple[str, ...]]]]]:
    """Every template with its verbs: operation and names of the path's variables. A route with a verb of its own beats ``ANY``."""
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


def allowed(verbs: Any) -> str:
    """The Allow header for these verbs: HEAD where GET is, OPTIONS always."""
    names = set(verbs) | {"OPTIONS"} | ({"HEAD"} if "GET" in verbs else set())
    return ", ".join(sorted(names & set(falcon.HTTP_METHODS)))
