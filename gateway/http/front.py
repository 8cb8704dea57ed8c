"""The front of an old host: which requests are handled here, and which are forwarded (`gateway.calls.Front`)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import falcon

from gateway import addresses, logs, turns
from gateway.calls import Arrival, Callers, Front, Way
from gateway.contract.catalog import Catalog, Operation, route_key
from gateway.errors import ServiceError
from gateway.http import conditional, forwarded, traced
from gateway.http.admission import Admission
from gateway.http.app import App, Options, create_app, formats_of
from gateway.http.metadata import Visibility, base_url
from gateway.http.metrics import MetricsResource
from gateway.http.middleware import OVERRIDE, REQUEST_ID, Formats, LoggedStream, finished, overridden, take_trace
from gateway.http.pipeline import RolledBack
from gateway.http.probes import HealthResource, ReadyResource
from gateway.http.request import Request, new_request_id
from gateway.http.resources import FormResource
from gateway.logs import Line
from gateway.places import Places, build_shares
from gateway.rates import Rates
from gateway.tracing import Tracer
from models import Database
from serializers.registry import Registry

#: In the WSGI environment: the operation that a request calls, and why it could not be forwarded.
_OPERATION, _PROBLEM = "gateway.front.operation", "gateway.front.problem"
#: In the WSGI environment: the template of the route of a request that could not be forwarded.
_TEMPLATE = "gateway.front.template"
#: In the WSGI environment: the request that is forwarded by the contract.
_CALL = "gateway.front.call"
#: Maximum bytes of a response that is written by the contract.
_TYPED_BYTES = 128 * 1024 * 1024


class Failing:
    """Middleware that responds to a request that could not be forwarded."""

    def process_request(self, request: Request, response: falcon.Response) -> None:
        """Raise the error, in a request that has one."""
        problem = request.env.get(_PROBLEM)
        if problem is not None:
            request.operation = request.env.get(_OPERATION)
            request.uri_template = request.env.get(_TEMPLATE)
            raise problem


class FrontResource:
    """``/front``: the state of each operation."""

    def __init__(self, visibility: Visibility, front: Front, catalog: Catalog) -> None:
        self._visibility = visibility
        self._front = front
        self._catalog = catalog

    def on_get(self, request: Request, response: falcon.Response) -> None:
        """Return the page, or the rows in the negotiated format."""
        visibility, negotiation = self._visibility, request.negotiation
        with visibility.admission.document(request):
            names = visibility.names(request)
            rows = [standing._asdict() for standing in self._front.standing(self._catalog)]
            if negotiation.serializer.paged:
                unknown = self._front.unknown(self._catalog)
                visibility.tell(
                    request,
                    response,
                    visibility.library.render_front(
                        names, rows, unknown, base_url(request), visibility.account(request)
                    ),
                )
                return
        visibility.vary(response)
        shown = [_camel(row) for row in rows if names is None or row["operation"] in names]
        response.content_type = negotiation.content_type
        response.data = negotiation.serializer.encode(shown)

    on_head = on_get


def _camel(row: dict[str, str]) -> dict[str, str]:
    return {"answeredBy" if name == "answered_by" else name: value for name, value in row.items()}


class Tagging:
    """Middleware that adds an ETag to documents of the old host, unless they have one, and returns 304 to clients that have them."""

    def process_response(self, request: Request, response: falcon.Response, resource: Any, req_succeeded: bool) -> None:
        """Compare the tags."""
        if (
            request.method not in ("GET", "HEAD")
            or not req_succeeded
            or response.status_code != 200
            or not response.data
        ):
            return
        passed = request.env[_CALL].passed
        tag = next((value for name, value in passed if name.lower() == "etag"), "")
        tag = tag or f'W/"{hashlib.blake2b(response.data, digest_size=12).hexdigest()}"'
        response.set_header("ETag", tag)
        if conditional.unchanged(request, tag):
            response.status, response.data = falcon.HTTP_304, None
            response.content_type = None


#: Paths that every front serves itself.
_OWN = (HealthResource, ReadyResource, MetricsResource, FrontResource)


class FrontApp(App):
    """An application that forwards some of its requests.

    :ivar front: decides which, and forwards.
    :ivar typed: the application whose handlers call the old host.
    :ivar tracer: makes spans; None if no traces are exported.
    """

    front: Front
    typed: App
    tracer: Tracer | None = None
    _formats: Formats
    _write_line: Callable[[Line], None]

    body_limit = 2**63

    def stand_before(self, front: Front, typed: App, formats: Formats, write_line: Callable[[Line], None]) -> None:
        """Forward from now on."""
        self.front, self.typed, self._formats, self._write_line = front, typed, formats, write_line
        self.add_middleware(Failing())

    def __call__(self, env: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one WSGI request."""
        began = time.perf_counter()
        peer, chain = env.get("REMOTE_ADDR", ""), env.get("HTTP_X_FORWARDED_FOR", "")
        if not env.keys().isdisjoint(forwarded.HEADERS) or ":" in peer:
            forwarded.apply(env, self.proxies)
        request: Request = self._request_type(env, options=self.req_options)
        operation, way = self._way(request)
        witness = self.front.witness(operation, way, env)
        if witness is None:
            return self._answer(
                env, start_response, request, (operation, way), self._arrival(env, request, peer, chain), began
            )
        env["HTTP_X_REQUEST_ID"] = _id_of(env)
        arrival = self._arrival(env, request, peer, chain)
        start = witness.start(start_response)
        return witness.blocks(self._answer(env, start, request, (operation, way), arrival, began))

    def _answer(
        self,
        env: dict[str, Any],
        start_response: Callable[..., Any],
        request: Request,
        called: tuple[Operation | None, Way],
        arrival: Arrival,
        began: float,
    ) -> Iterable[bytes]:
        operation, way = called
        if way is Way.HERE:
            return super().__call__(env, start_response)
        if way is Way.TYPED:
            return self._ask(env, start_response, arrival)
        request.id = logs.current.request_id = arrival.request_id
        request.operation, request.began = operation, began
        take_trace(request)
        span = None if self.tracer is None else traced.begin(request, self.tracer)
        # Other requests compute while this one waits for the old host.
        turns.leave()
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            started.append(status)
            return start_response(status, headers, *more)

        try:
            blocks = self.front.forward(operation, env, arrival, start)
        except ServiceError as error:
            env[_OPERATION], env[_PROBLEM], env["HTTP_X_REQUEST_ID"] = operation, error, request.id
            env[_TEMPLATE] = request.uri_template
            return super().__call__(env, start_response)
        finally:
            if span is not None:
                span.leave()
        logged = LoggedStream(blocks, partial(self._log, request, started[0]))
        return logged if span is None else traced.TracedStream(logged, request, span, int(started[0][:3]))

    def _arrival(self, env: dict[str, Any], request: Request, peer: str, chain: str) -> Arrival:
        return Arrival(_id_of(env), peer, self._chain(peer, chain), request.prefix)

    def _chain(self, peer: str, chain: str) -> str:
        return chain if chain and forwarded.is_trusted(addresses.format_canonical(peer), self.proxies) else ""

    def _ask(self, env: dict[str, Any], start_response: Callable[..., Any], arrival: Arrival) -> Iterable[bytes]:
        """Handle a request whose handler calls the old host."""
        env["HTTP_X_REQUEST_ID"] = arrival.request_id
        try:
            calling = self.front.call(env, arrival)
        except ServiceError as error:
            env[_PROBLEM] = error
            return super().__call__(env, start_response)
        with calling as call:
            env[_CALL] = call

            def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
                own = {name.lower() for name, _ in headers}
                passed = [
                    header
                    for header in call.passed
                    if header[0].lower() not in own or header[0].lower() == "set-cookie"
                ]
                return start_response(status, headers + passed, *more)

            return self.typed(env, start)

    def close(self) -> None:
        """Close the connections to the old host."""
        self.front.close()

    def _way(self, request: Request) -> tuple[Operation | None, Way]:
        """Return the operation that a request calls, if any, and where it is handled."""
        # Other requests are routed again, as in every application.
        self._formats.choose(request)
        route = self._router.find(request.path, req=request)
        resource, variables = (None, {}) if route is None else (route[0], route[2])
        request.uri_template = None if route is None else route[3]
        if isinstance(resource, FormResource):
            operation = resource.operation_of(_verb(request), **variables)
            if operation is None and request.method == "OPTIONS":
                operation = next(
                    filter(None, (resource.operation_of(verb, **variables) for verb in resource.verbs(**variables))),
                    None,
                )
            if operation is not None:
                return operation, self.front.way(operation, request.method)
        elif resource is not None and (self.front.pages or isinstance(resource, _OWN)):
            return None, Way.HERE
        return None, Way.RAW if self.front.everything else Way.HERE

    def _log(self, request: Request, status: str, size: int, outcome: str) -> None:
        self._write_line(finished(request, int(status[:3]), "raw", size, outcome))


def _verb(request: Request) -> str:
    """Return the verb that a request means."""
    if request.method == "OPTIONS":
        return str(request.env.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "OPTIONS"))
    if request.method != "POST":
        return request.method
    return overridden(request.env.get("HTTP_X_HTTP_METHOD_OVERRIDE") or request.query_value(OVERRIDE)) or "POST"


def _id_of(env: dict[str, Any]) -> str:
    """Return a request's id: the proxy's if it is a plain one, else a new one."""
    given = env.get("HTTP_X_REQUEST_ID", "")
    return given if REQUEST_ID.fullmatch(given) else new_request_id()


def _typed_options(options: Options, front: Front) -> Options:
    """Return the options for forwarded requests: the connections to the old host limit them, instead of places."""
    most = front.connections
    places = Places(build_shares(most, writes=most, lists=most, streams=most, per_caller=most, streams_per_caller=most))
    limits = replace(options.limits, seconds=options.limits.seconds + front.patience, bytes=_TYPED_BYTES)
    admission = Admission(places, options.admission.rates)
    return replace(options, admission=admission, limits=limits, once=None, probed=None, permitted_only=False)


def create_front(
    front: Front,
    catalog: Catalog,
    registry: Registry,
    database: Database | None,
    callers: Callers | None,
    options: Options,
) -> FrontApp:
    """Return a catalog's WSGI application, which forwards to an old host. Raises CatalogError when the catalog contradicts itself."""
    app = create_app(catalog, registry, database, callers, options, FrontApp)
    assert isinstance(app, FrontApp)
    typed = create_app(front.typed(catalog), registry, None, front.callers, _typed_options(options, front))
    typed.add_middleware(Tagging())
    app.visibility.library.read_hosts = lambda: tuple(
        (standing.operation, standing.answered_by) for standing in front.standing(catalog)
    )
    # The old host's clients may need it more.
    if not any(route_key(route.path) == "/front" for operation in catalog for route in operation.routes):
        app.add_route("/front", FrontResource(app.visibility, front, catalog))
    places = Places(build_shares(1, writes=1, lists=1, streams=1, per_caller=1, streams_per_caller=1))
    shadow = replace(options, admission=Admission(places, Rates({})), write_line=None, probed=None, tracer=None)
    front.shadow_with(create_app(catalog, registry, database, callers, shadow, pipeline_type=RolledBack), app.registry)
    assert options.write_line is not None
    if options.tracer is not None:
        app.tracer = options.tracer
        front.trace_with(options.tracer)
    app.stand_before(front, typed, formats_of(catalog, app.registry, options), options.write_line)
    return app
