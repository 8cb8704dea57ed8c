"""The front of an old host: which requests are answered here, and which are forwarded (`gateway.calls.Front`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import falcon

from gateway import addresses, logs, turns
from gateway.calls import Arrival, Callers, Front, Way
from gateway.contract.catalog import Catalog, Operation
from gateway.errors import ServiceError
from gateway.http import forwarded
from gateway.http.app import App, Options, create_app
from gateway.http.middleware import OVERRIDE, REQUEST_ID, LoggedStream, Negotiating, overridden
from gateway.http.probes import HealthResource, ReadyResource
from gateway.http.request import Request, new_request_id
from gateway.http.resources import FormResource
from gateway.logs import Line
from models import Database
from serializers.registry import Registry

#: In the WSGI environment: the operation that a request calls, and why it could not be forwarded.
_OPERATION, _PROBLEM = "gateway.front.operation", "gateway.front.problem"

#: What the server itself has at every front.
_PROBES = (HealthResource, ReadyResource)


class Failing:
    """Middleware that answers a request that could not be forwarded."""

    def process_request(self, request: Request, response: falcon.Response) -> None:
        """Raise the error, in a request that has one."""
        problem = request.env.get(_PROBLEM)
        if problem is not None:
            request.operation = request.env.get(_OPERATION)
            raise problem


class FrontApp(App):
    """An application that forwards some of its requests.

    :ivar front: decides which, and forwards.
    """

    front: Front
    _negotiating: Negotiating
    _write_line: Callable[[Line], None]

    body_limit = 2**63

    def stand_before(self, front: Front, negotiating: Negotiating, write_line: Callable[[Line], None]) -> None:
        """Forward from now on."""
        self.front, self._negotiating, self._write_line = front, negotiating, write_line
        self.add_middleware(Failing())

    def __call__(self, env: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one WSGI request."""
        began = time.perf_counter()
        peer, chain = env.get("REMOTE_ADDR", ""), env.get("HTTP_X_FORWARDED_FOR", "")
        if not env.keys().isdisjoint(forwarded.HEADERS) or ":" in peer:
            forwarded.apply(env, self.proxies)
        request: Request = self._request_type(env, options=self.req_options)
        operation, way = self._way(request)
        if way is Way.HERE:
            return super().__call__(env, start_response)
        given = env.get("HTTP_X_REQUEST_ID", "")
        request.id = logs.current.request_id = given if REQUEST_ID.fullmatch(given) else new_request_id()
        trusted = chain if forwarded.is_trusted(addresses.canonical(peer), self.proxies) else ""
        arrival = Arrival(request.id, peer, trusted, request.prefix)
        # Others compute while this request waits for the old host.
        turns.leave()
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            started.append(status)
            return start_response(status, headers, *more)

        try:
            blocks = self.front.forward(operation, env, arrival, start)
        except ServiceError as error:
            env[_OPERATION], env[_PROBLEM], env["HTTP_X_REQUEST_ID"] = operation, error, request.id
            return super().__call__(env, start_response)
        return LoggedStream(blocks, partial(self._log, request, operation, began, started[0]))

    def close(self) -> None:
        """Close the connections to the old host."""
        self.front.close()

    def _way(self, request: Request) -> tuple[Operation | None, Way]:
        """Return the operation that a request calls, if it calls one, and where it is answered."""
        # What is not forwarded is routed once more, as in every application.
        self._negotiating.process_request(request, _UNSENT)
        found = self._router.find(request.path, req=request)
        resource, variables = (None, {}) if found is None else (found[0], found[2])
        if isinstance(resource, FormResource):
            operation = resource.operation_of(_verb(request), **variables)
            if operation is None and request.method == "OPTIONS":
                operation = next(
                    filter(None, (resource.operation_of(each, **variables) for each in resource.verbs(**variables))),
                    None,
                )
            if operation is not None:
                return operation, self.front.way(operation)
        elif resource is not None and (self.front.pages or isinstance(resource, _PROBES)):
            return None, Way.HERE
        return None, Way.RAW if self.front.everything else Way.HERE

    def _log(
        self, request: Request, operation: Operation | None, began: float, status: str, size: int, outcome: str
    ) -> None:
        name = None if operation is None else operation.name
        ms = (time.perf_counter() - began) * 1000
        self._write_line(
            Line(request.id, request.method, request.path, int(status[:3]), "raw", name, None, ms, size, outcome)
        )


class _Unsent:
    """The response of a request whose route is looked up only."""

    def append_header(self, *_: str) -> None:
        """Nothing is sent."""


_UNSENT: Any = _Unsent()


def _verb(request: Request) -> str:
    """The verb that a request means."""
    if request.method == "OPTIONS":
        return str(request.env.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "OPTIONS"))
    if request.method != "POST":
        return request.method
    return overridden(request.env.get("HTTP_X_HTTP_METHOD_OVERRIDE") or request.query_value(OVERRIDE)) or "POST"


def create_front(
    front: Front,
    catalog: Catalog,
    registry: Registry,
    database: Database | None,
    callers: Callers | None,
    options: Options,
) -> FrontApp:
    """The WSGI application of a catalog, with an old host behind it. Raises CatalogError when the catalog contradicts itself."""
    app = create_app(catalog, registry, database, callers, options, FrontApp)
    assert isinstance(app, FrontApp)
    negotiating = Negotiating(app.registry, options.default_format, jsonp=options.jsonp)
    app.stand_before(front, negotiating, options.write_line)
    return app
