"""Falcon's resources: one for each route of the catalog, one for all pre-defined routes of a kind, and the probes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from gateway.contract.catalog import Operation
from gateway.errors import NotSupported
from gateway.http import binding, routing
from gateway.http.metadata import Visibility
from gateway.http.pipeline import Answer, Pipeline
from gateway.http.request import Request
from gateway.http.response import Response

#: The verbs that pre-defined routes take; an operation may take only some of them.
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")

Responder = Callable[..., None]


def reply(response: Response, result: Answer) -> None:
    """Write a result to Falcon's response."""
    response.status = result.status
    fields = response.fields
    for name, value in result.headers.items():
        fields[name.lower()] = value
    for line in result.cookies:
        response.append_header("Set-Cookie", line)
    if result.content_type:
        fields["content-type"] = result.content_type
    response.data = result.body
    response.stream = result.stream


class FormResource(ABC):
    """A resource whose verb may be named in a form."""

    @abstractmethod
    def operations(self, request: Request, **variables: str) -> Sequence[Operation]:
        """Return the operations of a path that are visible to the caller; the first one responds if none admits the caller."""

    @abstractmethod
    def verbs(self, **variables: str) -> Collection[str]:
        """Return the verbs that a path takes."""

    @abstractmethod
    def operation_of(self, verb: str, **variables: str) -> Operation | None:
        """Return the operation that a verb calls, even if it is hidden from the caller; None if there is none."""


class OperationResource(FormResource):
    """One route of the catalog, with the operation of each of its verbs."""

    def __init__(
        self, pipeline: Pipeline, visibility: Visibility, verbs: Mapping[str, tuple[Operation, tuple[str, ...]]]
    ) -> None:
        self._pipeline = pipeline
        self._visibility = visibility
        self._verbs = verbs
        own_first = sorted(verbs, key=lambda verb: verb != "POST")
        self._operations = tuple(dict.fromkeys(verbs[verb][0] for verb in own_first))
        for verb, (operation, names) in verbs.items():
            setattr(self, f"on_{verb.lower()}", self._responder(operation, names))
        if "GET" in verbs and "HEAD" not in verbs:
            self.on_head = self.on_get  # type: ignore[attr-defined]

    def operations(self, request: Request, **variables: str) -> Sequence[Operation]:
        """Return the operations of the route's verbs."""
        return [operation for operation in self._operations if not self._visibility.hides(operation, request)]

    def verbs(self, **variables: str) -> Collection[str]:
        """Return the verbs with an operation."""
        return self._verbs.keys()

    def operation_of(self, verb: str, **variables: str) -> Operation | None:
        """Return the operation with this verb."""
        entry = self._verbs.get("GET" if verb == "HEAD" and verb not in self._verbs else verb)
        return None if entry is None else entry[0]

    def _responder(self, operation: Operation, declared: tuple[str, ...]) -> Responder:
        names = binding.path_names(operation, declared)
        is_hiding = self._visibility.permitted_only
        bound = [(name, f"v{index}") for index, name in enumerate(names) if name]

        def respond(request: Request, response: Response, **variables: str) -> None:
            if is_hiding and self._visibility.hides(operation, request):
                # The error must not be of the operation's own response type.
                self._visibility.gate.admit(operation, request)
            path = {}
            # PERF: a comprehension is a call.
            for name, variable in bound:
                path[name] = variables[variable]
            reply(response, self._pipeline.run(operation, request, path))

        return respond


class PredefinedResource(FormResource):
    """Every operation by its name: ``/{format}/reply/{Op}``, ``/{format}/oneway/{Op}``, ``/api/{Op}``; ``{Op}[]`` is a batch.

    :param one_way: the client ignores the response. Old TypeScript clients parse it as JSON all the same, so it has a body.
    """

    def __init__(self, pipeline: Pipeline, visibility: Visibility, *, one_way: bool = False) -> None:
        self._pipeline = pipeline
        self._visibility = visibility
        self._catalog = visibility.library.catalog
        self._one_way = one_way

    def operations(self, request: Request, **variables: str) -> Sequence[Operation]:
        """Return the named operation, if it exists."""
        operation = self._catalog.find(variables["name"].removesuffix("[]"))
        return (operation,) if operation and not self._visibility.hides(operation, request) else ()

    def verbs(self, **variables: str) -> Collection[str]:
        """Return the verbs that the named operation takes; all verbs if there is no such operation."""
        operation = self._catalog.find(variables["name"].removesuffix("[]"))
        return _verbs(operation) if operation else VERBS

    def operation_of(self, verb: str, **variables: str) -> Operation | None:
        """Return the named operation, if it takes the verb."""
        operation = self._catalog.find(variables["name"].removesuffix("[]"))
        called = "GET" if verb == "HEAD" else verb
        return operation if operation is not None and called in _verbs(operation) else None

    def on_get(self, request: Request, response: Response, name: str) -> None:
        """Call the named operation."""
        operation = self._operation(name.removesuffix("[]"), request)
        result = self._pipeline.run(operation, request, {}, predefined=True, batch=name.endswith("[]"))
        one_way = request.negotiation.serializer.one_way if self._one_way else b""
        if result.status == 204 and one_way:
            result = replace(result, status=200, body=one_way, content_type=request.negotiation.content_type)
        reply(response, result)

    on_post = on_put = on_patch = on_delete = on_head = on_get

    def on_options(self, request: Request, response: Response, name: str) -> None:
        """Respond with the verbs that the operation takes; with all verbs if it is unknown or hidden from the caller."""
        operation = self._catalog.find(name.removesuffix("[]"))
        shown = operation is not None and not self._visibility.hides(operation, request)
        self._visibility.vary(response)
        response.set_header("Allow", routing.allowed(self.verbs(name=name) if shown else VERBS))

    def _operation(self, name: str, request: Request) -> Operation:
        operation = self._catalog.find(name)
        if operation is None or self._visibility.hides(operation, request):
            raise self._visibility.refusal(name, operation, request)
        verb = "GET" if request.method == "HEAD" else request.method
        if verb not in _verbs(operation):
            verb_name = verb.capitalize()
            raise NotSupported(
                f"Could not find method named {verb_name}({operation.name}) or Any({operation.name}) on Service {operation.service}",
                _verbs(operation),
            )
        return operation


def _verbs(operation: Operation) -> list[str]:
    return sorted({*operation.verbs, "POST"})


class OperationsResource:
    """``/api``: the names of the operations that are visible to the caller."""

    def __init__(self, visibility: Visibility) -> None:
        self._visibility = visibility

    def on_get(self, request: Request, response: Response) -> None:
        """Respond with the names, in the negotiated format."""
        names = self._visibility.names(request)
        self._visibility.vary(response)
        response.content_type = request.negotiation.content_type
        response.data = request.negotiation.serializer.encode(
            sorted(self._visibility.library.catalog.operations if names is None else names)
        )

    on_head = on_get
