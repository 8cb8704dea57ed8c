"""The composition root: it assembles the WSGI application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import falcon

from gateway import __version__, addresses, logs
from gateway.budget import STREAMED, Allowance
from gateway.calls import Callers, Once, Subscribers
from gateway.contract.catalog import Catalog, route_key
from gateway.errors import CatalogError
from gateway.http import (
    compression,
    events,
    forwarded,
    hardening,
    leniency,
    login,
    metadata,
    metrics,
    middleware,
    refusals,
    routing,
    traced,
    unknown,
)
from gateway.http.admission import PLACE, Admission
from gateway.http.auth import Gate
from gateway.http.errors import ErrorAnswers
from gateway.http.nearest import Nearest
from gateway.http.pipeline import OPEN_LIMITS, Pipeline
from gateway.http.probes import HealthResource, ReadyResource
from gateway.http.request import Request
from gateway.http.resources import (
    OperationResource,
    OperationsResource,
    PredefinedResource,
)
from gateway.http.response import Response
from gateway.http.surroundings import Surroundings
from gateway.http.tables import Tables
from gateway.metadata.library import Library
from gateway.metrics import Meter
from gateway.places import Place
from gateway.tracing import Tracer
from models import Database
from serializers.base import Limits
from serializers.dialect import DEFAULT, Dialect
from serializers.registry import Registry, default_registry, names_of

#: Default maximum bytes of a body.
BODY_LIMIT = 10 * 1024 * 1024
#: Default maximum bytes of a body for operations that anyone may call.
OPEN_BODY_LIMIT = 64 * 1024


class App(falcon.App[Request, Response]):
    """Falcon's app.

    :ivar registry: the formats.
    :ivar reading: how strictly requests are read: ``compatible``, ``strict`` or ``lenient`` (`gateway.http.leniency`).
    :ivar default_format: the name of the default response format.
    :ivar proxies: networks of the proxies whose forwarding headers are trusted.
    :ivar visibility: the metadata pages, and the callers that may see each operation.
    :ivar body_limit: bytes of a body; a longer one is never read.
    :ivar caller_share: the part of a processor that one caller may use in a process while others call.
    :ivar meter: the numbers for ``/metrics``.
    :ivar metrics_bind: the address for metrics only; empty for none.
    :ivar subscribers: sends events; None if there are none.
    :ivar own_places: the verbs and paths of the server's own routes.
    """

    registry: Registry
    default_format: str
    caller_share: float = 1.0
    proxies: tuple[addresses.Network, ...] = ()
    body_limit: int = BODY_LIMIT
    visibility: metadata.Visibility
    meter: Meter
    metrics_bind: str = ""
    subscribers: Subscribers | None = None
    own_places: routing.Places

    def __call__(self, env: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one WSGI request."""
        # PERF: most requests have no such header.
        if not env.keys().isdisjoint(forwarded.HEADERS) or ":" in env.get("REMOTE_ADDR", ""):
            forwarded.apply(env, self.proxies)
        blocks = super().__call__(env, start_response)
        place = env.get(PLACE)
        return blocks if place is None else _Placed(blocks, place)

    def _get_body(self, resp: Any, wsgi_file_wrapper: Any = None) -> tuple[Iterable[bytes], int | None]:
        # PERF: most bodies are bytes.
        data = resp.data
        return super()._get_body(resp, wsgi_file_wrapper) if data is None else ([data], len(data))

    def close(self) -> None:
        """Close the resources of the application."""

    def refusal(self, status: int, message: str, request_id: str, head: bytes, retry_after: int = 0) -> bytes:
        """Return the complete response to a request that no thread has read (`gateway.http.refusals`)."""
        return refusals.refusal(
            status, message, request_id, head, self.registry, self.default_format, retry_after=retry_after
        )


class _Placed:
    """A response that keeps the place of its request until it is sent."""

    def __init__(self, blocks: Iterable[bytes], place: Place) -> None:
        self._blocks = blocks
        self._place = place

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._blocks)

    def close(self) -> None:
        """Release the place."""
        self._place.release()


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an application.

    :ivar title: the name of the service on pages and in OpenAPI.
    :ivar version: the version of its API.
    :ivar once: remembers calls with an Idempotency-Key; None for a service that does not.
    :ivar realm: the realm of WWW-Authenticate.
    :ivar body_limit: maximum bytes of a body.
    :ivar open_body_limit: maximum bytes of a body for operations that anyone may call.
    :ivar debug: error responses contain stack traces.
    :ivar proxies: addresses or networks of proxies whose X-Forwarded-… and Forwarded headers are trusted.
    :ivar origins: web origins whose pages may call (CORS), as `gateway.origins.parse` spells them.
    :ivar jsonp: ``?callback=`` is honoured.
    :ivar permitted_only: metadata pages and generated types show callers only the operations that they may call.
    :ivar transport_seconds: seconds for which browsers use https only (HSTS); 0 for no such header.
    :ivar compatible_errors: names of fields and reason phrases in errors are ServiceStack's.
    :ivar write_line: takes each request's log line; None where requests are neither logged nor counted.
    :ivar probed: the database as ``/ready`` sees it, by a connection that requests do not use; None for the application's.
    :ivar admission: which requests run at once, and how often a caller may call.
    :ivar caller_share: the part of a processor that one caller may use in a process while others call; 1 for all of it.
    :ivar limits: the budget of a request, or of a complete batch.
    :ivar streamed: the budget of a streamed list.
    :ivar reading: how strictly requests are read: ``compatible``, ``strict`` or ``lenient`` (`gateway.http.leniency`).
    :ivar default_format: the name of the default response format.
    :ivar tables: how lists are written in CSV.
    :ivar dialect: how names and values are spelled in responses (`serializers.dialect`).
    :ivar meter: the numbers for ``/metrics``.
    :ivar metrics_networks: addresses or networks of the clients that ``/metrics`` responds to; none if it has a separate address.
    :ivar metrics_bind: that address (GATEWAY_METRICS_BIND); empty for none.
    :ivar subscribers: sends events; None if there are none.
    :ivar pages: whether there are pages about the service, with generated types, OpenAPI and the explorer.
    :ivar tracer: makes spans; None if no traces are exported.
    """

    realm: str = "gateway"
    body_limit: int = BODY_LIMIT
    open_body_limit: int = OPEN_BODY_LIMIT
    debug: bool = False
    proxies: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    jsonp: bool = False
    default_format: str = "json"
    tables: Tables = "auto"
    dialect: Dialect = DEFAULT
    reading: str = "compatible"
    permitted_only: bool = False
    admission: Admission = field(default_factory=Admission)
    caller_share: float = 1.0
    limits: Allowance = Allowance()  # noqa: RUF009 - frozen
    streamed: Allowance = STREAMED
    transport_seconds: int = 0
    compatible_errors: bool = True
    write_line: Callable[[logs.Line], None] | None = field(default_factory=lambda: logs.request_writer("text"))
    probed: Database | None = None
    title: str = "Gateway"
    version: str = __version__
    once: Once | None = None
    meter: Meter = field(default_factory=Meter)
    metrics_networks: tuple[str, ...] = ()
    metrics_bind: str = ""
    subscribers: Subscribers | None = None
    channels: tuple[str, ...] | None = None
    pages: bool = True
    tracer: Tracer | None = None


def create_app(
    catalog: Catalog,
    registry: Registry,
    database: Database | None,
    callers: Callers | None,
    options: Options | None = None,
    app_type: type[App] = App,
    pipeline_type: type[Pipeline] = Pipeline,
) -> App:
    """Return the WSGI application of a catalog. Raises CatalogError when declarations contradict each other."""
    options = options or Options()
    catalog.check()
    registry = registry.spelled(options.dialect)
    gate = Gate(callers, options.origins)
    surroundings = Surroundings(registry, catalog, gate, options.title, options.channels)
    pipeline = pipeline_type(
        catalog,
        registry,
        database,
        gate,
        (Limits(bytes=options.body_limit), replace(OPEN_LIMITS, bytes=options.open_body_limit)),
        options.limits,
        options.streamed,
        options.admission,
        options.tables,
        options.reading,
        options.once,
        surroundings,
        options.subscribers,
    )
    app = app_type(
        request_type=Request,
        response_type=Response,
        router=routing.CaselessRouter(),
        middleware=list(_middleware(catalog, registry, options, pipeline)),
    )
    _configure(app, registry, options)
    known = _known_to_all(catalog, permitted_only=options.permitted_only)
    nearest = Nearest(known) if options.pages else Nearest((), _WITHOUT_PAGES)
    answers = ErrorAnswers(
        registry, surroundings, nearest, options.realm, debug=options.debug, compatible=options.compatible_errors
    )
    answers.install(app)
    library = Library(catalog, registry, options.title, options.version, options.channels)
    app.visibility = metadata.Visibility(library, gate, options.admission, surroundings, options.permitted_only)
    _mount_operations(app, catalog, pipeline, app.visibility)
    own = [
        *_predefined(registry, pipeline, app.visibility),
        *_documents(app.visibility, gate, options),
        ("/health", HealthResource()),
        ("/ready", ReadyResource(options.probed or database)),
    ]
    app.own_places = routing.places(own)
    check_paths(catalog, app.own_places, registry)
    for template, resource in (*own, *_giving_way(app.visibility, catalog, surroundings, options)):
        app.add_route(template, resource)
    return app


def check_paths(catalog: Catalog, own: routing.Places, registry: Registry) -> None:
    """Refuse operations at paths of the server itself, which would get no request there. Raises CatalogError with a line for each."""
    problems = [
        f"{operation.name}: {verb} {route.path} is a path of the server itself; choose another path"
        for operation in catalog
        for route in operation.routes
        if (verb := routing.taken(route, own, registry))
    ]
    if problems:
        raise CatalogError("\n".join(problems))


@cache
def own_places(*, has_events: bool = False) -> routing.Places:
    """Return the verbs and paths of the server's own routes, which no operation can have.

    :param has_events: the service has server events.
    """
    places = create_app(Catalog(), default_registry(), None, None).own_places
    return places | routing.places(events.RESOURCES.items()) if has_events else places


#: The message of a 404 if no page documents the operations.
_WITHOUT_PAGES = "This process serves server events only: /event-stream and its calls."


def _configure(app: App, registry: Registry, options: Options) -> None:
    app.registry, app.default_format, app.meter = registry, options.default_format, options.meter
    app.metrics_bind = options.metrics_bind
    app.proxies = _networks(options.proxies)
    app.caller_share = options.caller_share
    app.subscribers = options.subscribers
    app.req_options.strip_url_path_trailing_slash = True
    # A response without a body, to OPTIONS for instance, has no type.
    app.resp_options.default_media_type = None  # type: ignore[assignment]


def _documents(visibility: metadata.Visibility, gate: Gate, options: Options) -> Iterator[tuple[str, Any]]:
    """Yield the routes of documents and events."""
    if options.pages:
        yield from metadata.routes(visibility)
    if options.subscribers is not None:
        yield from events.routes(options.subscribers, gate, options.admission)


def _giving_way(
    visibility: metadata.Visibility, catalog: Catalog, surroundings: Surroundings, options: Options
) -> Iterator[tuple[str, Any]]:
    """Yield the routes of pages and of the metrics at which no operation is declared."""
    declared = {route_key(route.path) for operation in catalog for route in operation.routes if "GET" in route.verbs}
    if options.pages:
        yield from metadata.redirects(visibility.library)
    if any(operation.signs_in for operation in catalog):
        pages = {login.LOGIN: login.LoginResource, login.LOGOUT: login.LogoutResource}
        yield from ((path, page(surroundings.frame)) for path, page in pages.items() if path not in declared)
    if options.metrics_networks and metrics.ROUTE not in declared:
        yield metrics.ROUTE, metrics.MetricsResource(options.meter, _networks(options.metrics_networks))


#: Routes that every service has.
_FIXED = ("/metadata", "/types", "/openapi", "/explorer", "/health", "/ready", "/api/{Operation}")


def _known_to_all(catalog: Catalog, *, permitted_only: bool) -> Iterator[str]:
    """Yield the routes that an error may name to anyone."""
    yield from _FIXED
    for operation in catalog:
        # SECURITY: no response may then name operations that the caller may not call.
        if not permitted_only or operation.access is None or not operation.access.signed_in:
            yield from (route.path for route in operation.routes)
    if any(operation.signs_in for operation in catalog):
        yield from (login.LOGIN, login.LOGOUT)


def _networks(texts: Iterable[str]) -> tuple[addresses.Network, ...]:
    return tuple(addresses.parse_network(text.strip()) for text in texts if text.strip())


def formats_of(catalog: Catalog, registry: Registry, options: Options) -> middleware.Formats:
    """Return what chooses the formats of an application's responses."""
    declared = routing.suffixed(catalog, registry)
    return middleware.Formats(registry, options.default_format, jsonp=options.jsonp, declared=declared)


def _middleware(catalog: Catalog, registry: Registry, options: Options, pipeline: Pipeline) -> Iterator[Any]:
    """Yield the middleware in the order for requests. Responses pass it in the opposite order."""
    formats = formats_of(catalog, registry, options)
    yield middleware.Envelope(formats, hardening.Hardening(options.transport_seconds), options.write_line)
    if options.tracer is not None:
        yield traced.Tracing(options.tracer)
    yield middleware.FormOverriding(pipeline)
    if options.origins:
        yield middleware.CrossOrigin(options.origins)
    yield compression.Compressing()
    if options.jsonp:
        yield middleware.Padding()
    if options.reading == "lenient":
        yield leniency.Telling()
    if options.debug:
        yield unknown.CountingUnknown(registry)


def _mount_operations(app: App, catalog: Catalog, pipeline: Pipeline, visibility: metadata.Visibility) -> None:
    for template, verbs in routing.table(catalog):
        app.add_route(template, OperationResource(pipeline, visibility, verbs))


def _predefined(
    registry: Registry, pipeline: Pipeline, visibility: metadata.Visibility
) -> Iterator[tuple[str, object]]:
    """Yield the pre-defined routes of all operations."""
    replying = PredefinedResource(pipeline, visibility)
    one_way = PredefinedResource(pipeline, visibility, one_way=True)
    for serializer in registry:
        for spelling in (*names_of(serializer), *serializer.media_types):
            yield f"/{spelling}/reply/{{name}}", replying
            yield f"/{spelling}/oneway/{{name}}", one_way
    yield "/api/{name}", replying
    yield "/api", OperationsResource(visibility)
