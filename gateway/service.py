"""A service: a catalog of operations with their handlers, its callers and its rows; the composition root of an application.

shop = Service("Acme shop", roles=["Clerk"], authenticate=who)

@shop.post("/customers", returns=Customer, role="Clerk")
class NewCustomer(Dto): ...

@shop.handles(NewCustomer)
def create(request, context): ...
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn, Protocol, Unpack
from urllib.parse import quote

from gateway import __version__, logs, metrics, rates
from gateway.budget import STREAMED, Allowance
from gateway.calls import SILENT, Callers, Cookie, Credentials, Front, Method, Once, Principal, Publisher, Subscribers
from gateway.contract.catalog import Catalog, Check, Handler, OperationOptions
from gateway.contract.documents import Documents
from gateway.contract.dto import Dto, DtoType
from gateway.errors import CatalogError, ServiceError
from gateway.http.admission import Admission
from gateway.http.app import App, Options, check_paths, create_app, own_places
from gateway.places import Kind, Places, Share, build_shares
from gateway.rows import Rows
from gateway.settings import SECRET_BYTES, Settings
from gateway.tracing import Tracer
from models import Database, Unit, connect
from models.engine import migrations, owners
from models.engine.observed import observe
from serializers.dialect import DEFAULT, Dialect
from serializers.registry import default_registry

if TYPE_CHECKING:
    from gateway.http.testing import Client

#: A service's own function: it gets the credentials of a request and returns its caller, or None for an anonymous request.
#: It may raise `errors.NotAuthenticated`.
Authenticate = Callable[[Credentials], Principal | None]


class EventSender(Protocol):
    """A part that sends events: `gateway.Events`.

    :ivar operations: the names of its operations.
    :ivar channels: what its channels are called, with the variables of routes.
    """

    @property
    def operations(self) -> Collection[str]: ...

    @property
    def channels(self) -> Sequence[str]: ...

    def subscribers(
        self, settings: Settings, database: Database, callers: Callers | None, documents: Documents
    ) -> Subscribers:
        """Return the sender of an application's events."""
        ...

    def publisher(self, unit: Unit, documents: Documents) -> Publisher:
        """Return a publisher for use outside of an application."""
        ...


class Part(Protocol):
    """A part that a service may use, such as `gateway.Users`.

    :ivar rows: its tables; None for a part without.
    """

    @property
    def rows(self) -> Rows | None:
        """Its tables; None for a part without."""
        ...

    def install(self, service: Service) -> None:
        """Add the part's operations and callers to a service. Raises CatalogError when they contradict the service's own."""
        ...


@dataclass(frozen=True, slots=True)
class _FunctionCallers:
    """Authenticates callers with a service's own function."""

    function: Authenticate

    def authenticate(self, credentials: Credentials) -> Principal | None:
        """Return the caller that the function returns, with the method of the credentials."""
        caller = self.function(credentials)
        if caller is None or caller.method is not Method.OTHER:
            return caller
        return replace(caller, method=self._find_method(caller, credentials))

    def _find_method(self, caller: Principal, credentials: Credentials) -> Method:
        """Return the credentials that signed the caller in: the API key if it does so alone, the cookie if the others do not without it."""
        no_credentials = Credentials(address=credentials.address)
        if credentials.api_key and self._sign_in(
            caller, no_credentials._replace(api_key=credentials.api_key), credentials
        ):
            return Method.KEY
        # SECURITY: browsers send cookies automatically, with requests of other sites' pages too.
        without_cookie = credentials._replace(cookie="")
        if credentials.cookie and (
            without_cookie == no_credentials or not self._sign_in(caller, without_cookie, credentials)
        ):
            return Method.COOKIE
        return Method.OTHER

    def _sign_in(self, caller: Principal, part: Credentials, credentials: Credentials) -> bool:
        """Return whether some of the shown credentials sign the caller in."""
        # PERF: most requests show one kind of credentials.
        if part == credentials:
            return True
        try:
            signed_in = self.function(part)
        except ServiceError:
            return False
        return signed_in is not None and signed_in.user_id == caller.user_id

    def renewal(self, caller: Principal) -> Sequence[Cookie]:
        """Return no cookies: these callers have no log-in sessions."""
        return ()


class Service:
    """An API: its operations, their handlers, callers and tables.

    :param title: the API's name on pages and in OpenAPI.
    :param roles: the roles that access rules may name.
    :param administrator: a role that passes every check; `roles` need not contain it.
    :param authenticate: returns the caller of a request. Without it, and without `gateway.Users`, every request is anonymous.
    :param version: the version of the API, for OpenAPI.
    :param dialect: how names and values are spelled in responses: ``Dialect.of("5.8")`` as on a host of that version.
    """

    def __init__(
        self,
        title: str,
        *,
        roles: Iterable[str] = (),
        administrator: str = "",
        authenticate: Authenticate | None = None,
        version: str = __version__,
        dialect: Dialect = DEFAULT,
    ) -> None:
        if isinstance(roles, str):
            raise CatalogError(f"roles={roles!r} must be a list of roles: roles=[{roles!r}]")
        if authenticate is not None and not callable(authenticate):
            raise CatalogError(f"authenticate={authenticate!r} must be a function from credentials to a principal")
        if not isinstance(dialect, Dialect):
            raise CatalogError(f"dialect={dialect!r} must be a Dialect, such as Dialect.of('5.8')")
        self.title = title
        self.version = version
        self.dialect = dialect
        self.catalog = Catalog(tuple(dict.fromkeys([*roles, *filter(None, [administrator])])), administrator)
        self.parts: list[Part] = []
        #: The owners of the tables; none for a service without a database.
        self.rows: list[Rows] = []
        self._callers: Callable[[Settings, Database], Callers] | None = None
        self._once: Callable[[Database], Once] | None = None
        self._front: Callable[[Settings, Catalog], Front] | None = None
        self._event_sender: EventSender | None = None
        self._has_pages = True
        if authenticate is not None:
            self._callers = lambda _settings, _database: _FunctionCallers(authenticate)

    def use(self, part: Part | Rows) -> None:
        """Add a part, or tables. Raises CatalogError when it contradicts another part."""
        if isinstance(part, Rows):
            self.rows.append(part)
            return
        part.install(self)
        self.parts.append(part)
        if part.rows is not None:
            self.rows.append(part.rows)

    def sign_in(self, callers: Callable[[Settings, Database], Callers], once: Callable[[Database], Once]) -> None:
        """Let a part sign callers in, and remember their calls. Raises CatalogError when another part does so already."""
        if self._callers is not None:
            raise CatalogError(
                f"{self.title} authenticates callers twice: by authenticate= and Users(), or by two Users()"
            )
        self._callers, self._once = callers, once

    def stand_before(self, front: Callable[[Settings, Catalog], Front]) -> None:
        """Let a part handle operations that have no handler. Raises CatalogError when another part does so already."""
        if self._front is not None:
            raise CatalogError(f"{self.title} has two old hosts: use(Upstream(...)) was called twice")
        self._front = front

    def send_events(self, sender: EventSender) -> None:
        """Let a part send events. Raises CatalogError when another part does so already."""
        if self._event_sender is not None:
            raise CatalogError(f"{self.title} has two parts that send events: use(Events()) was called twice")
        self._event_sender = sender

    def only_events(self) -> Service:
        """Return a service with the events of this one, but without its other operations and pages, for ``gateway events``.

        :raises CatalogError: when this service sends no events.
        """
        if self._event_sender is None:
            raise CatalogError(f"{self.title} sends no events: add use(Events())")
        service = copy(self)
        service.catalog = self.catalog.restrict(self._event_sender.operations)
        service._front, service._has_pages = None, False
        return service

    def publisher(self, unit: Unit) -> Publisher:
        """Return a publisher of events for a command or a job: ``service.publisher(unit).publish(...)``. Handlers have
        ``context.events``.

        :param unit: the unit of work of the change that the event reports.
        """
        return SILENT if self._event_sender is None else self._event_sender.publisher(unit, self._build_documents())

    def _build_documents(self) -> Documents:
        json = default_registry().spelled(self.dialect).by_name("json")
        assert json is not None
        return Documents(json)

    def operation(
        self, verbs: str = "", path: str = "", **options: Unpack[OperationOptions]
    ) -> Callable[[DtoType], DtoType]:
        """Declare the decorated DTO as an operation (`gateway.contract.catalog.Catalog.operation`)."""
        return self.catalog.operation(verbs, path, **options)

    def get(self, path: str, **options: Unpack[OperationOptions]) -> Callable[[DtoType], DtoType]:
        """Declare the decorated DTO as an operation that GET calls."""
        return self.operation("GET", path, **options)

    def post(self, path: str, **options: Unpack[OperationOptions]) -> Callable[[DtoType], DtoType]:
        """Declare the decorated DTO as an operation that POST calls."""
        return self.operation("POST", path, **options)

    def put(self, path: str, **options: Unpack[OperationOptions]) -> Callable[[DtoType], DtoType]:
        """Declare the decorated DTO as an operation that PUT calls."""
        return self.operation("PUT", path, **options)

    def patch(self, path: str, **options: Unpack[OperationOptions]) -> Callable[[DtoType], DtoType]:
        """Declare the decorated DTO as an operation that PATCH calls."""
        return self.operation("PATCH", path, **options)

    def delete(self, path: str, **options: Unpack[OperationOptions]) -> Callable[[DtoType], DtoType]:
        """Declare the decorated DTO as an operation that DELETE calls."""
        return self.operation("DELETE", path, **options)

    def any(self, path: str, **options: Unpack[OperationOptions]) -> Callable[[DtoType], DtoType]:
        """Declare the decorated DTO as an operation that every verb calls."""
        return self.operation("ANY", path, **options)

    def handles(self, dto: type[Dto]) -> Callable[[Handler], Handler]:
        """Bind the decorated function to an operation. Raises CatalogError when another one is bound to it."""
        return self.catalog.handles(dto)

    def checks(self, dto: type[Dto]) -> Callable[[Check], Check]:
        """Let the decorated function add its failures to those of a request's values (`gateway.contract.catalog.Catalog.checks`)."""
        return self.catalog.checks(dto)

    def check(self) -> None:
        """Check the declarations. Raises CatalogError with a line for each contradiction."""
        problems = [*self._list_uncallable(), *self._list_unremembered()]
        try:
            self._served.check()
        except CatalogError as error:
            problems.insert(0, str(error))
        if problems:
            raise CatalogError("\n".join(problems))

    def check_paths(self) -> None:
        """Check that no operation is at a path of the server itself, as `application` does.

        :raises CatalogError: with a line for each that is.
        """
        # PERF: the paths are those of an application without operations, which takes some time to make.
        check_paths(self._served, own_places(has_events=self._event_sender is not None), default_registry())

    @property
    def _served(self) -> Catalog:
        """Return the operations with their handlers. A part that forwards handles those without one, if there is such a part."""
        return self.catalog if self._front is None else self.catalog.complete(_unreachable)

    def _list_uncallable(self) -> Iterable[str]:
        for operation in () if self._callers else self.catalog:
            if operation.name not in self.catalog.handlers and self._front is not None:
                continue
            if operation.access is not None and operation.access.signed_in:
                yield f"{operation.name} needs a caller who is signed in, and the service knows none: give it authenticate= or Users()"

    def _list_unremembered(self) -> Iterable[str]:
        for operation in () if self._once else self.catalog:
            if operation.idempotent:
                yield f"{operation.name} can't be idempotent: the service remembers no keys without Users()"

    def application(
        self,
        settings: Settings,
        database: Database | None = None,
        probed: Database | None = None,
        tracer: Tracer | None = None,
    ) -> App:
        """Return the WSGI application with these settings. Raises CatalogError when declarations contradict each other.

        :param database: the database; None for a service without tables.
        :param probed: the same database with a separate connection, for ``/ready``; None to use `database`.
        :param tracer: creates spans of requests and transactions; None for no traces.
        """
        self.check()
        callers = None if self._callers is None else self._callers(settings, database)  # type: ignore[arg-type]
        once = None if self._once is None or database is None else self._once(database)
        options = _build_options(settings)
        sources = [metrics.make_places_source(options.admission.places)]
        if database is not None:
            sources.append(metrics.make_database_source(database))
            if tracer is not None:
                observe(database, tracer)
        subscribers = channels = None
        if self._event_sender is not None and database is not None:
            channels = tuple(self._event_sender.channels)
            subscribers = self._event_sender.subscribers(settings, database, callers, self._build_documents())
            sources.append(metrics.make_events_source(subscribers.numbers))
        options = replace(
            options,
            meter=metrics.Meter(sources, (__version__, self.title)),
            title=self.title,
            version=self.version,
            dialect=self.dialect,
            probed=probed,
            once=once,
            subscribers=subscribers,
            channels=channels,
            pages=self._has_pages,
            tracer=tracer,
        )
        if self._front is None:
            return create_app(self.catalog, default_registry(), database, callers, options)
        # PERF: only servers in front of an old host need it.
        from gateway.http.front import create_front

        served = self._served
        return create_front(self._front(settings, served), served, default_registry(), database, callers, options)

    def client(self, as_: Principal | str | None = None) -> Client:
        """Return a client for tests: it calls the service without a server. Its settings are the defaults; it ignores the environment.

        A service with tables gets an empty SQLite database in a temporary folder. Close the client, or use it in a ``with`` statement: that
        deletes the folder.

        :param as_: the caller: a principal, or the name of a caller without roles. None: the caller that the credentials of each request
            name.
        :raises CatalogError: when declarations contradict each other.
        :raises WrongRows: when the tables and their migrations differ.
        """
        # PERF: servers need none of Falcon's tools for tests.
        from gateway.http.testing import Client

        self.check()
        with ExitStack() as stack:
            settings = replace(Settings.defaults(), log="text", secret=secrets.token_urlsafe(SECRET_BYTES))
            database = None
            if self.rows:
                owners.verify(self.rows)
                folder = stack.enter_context(TemporaryDirectory(prefix="gateway-"))
                database = connect(f"sqlite:///{quote(folder)}/rows.db", connections=settings.connections)
                stack.callback(database.dispose)
                migrations.apply(database, self.rows)
            app = self.application(settings, database)
            stack.callback(app.close)
            return Client.of(app, self.catalog, database, as_, stack.pop_all().close)


def _unreachable(request: object, _context: object) -> NoReturn:
    """A placeholder for the handler of a forwarded operation."""
    raise AssertionError(f"{request!r} was not forwarded")


def _build_options(settings: Settings) -> Options:
    return Options(
        debug=settings.debug,
        proxies=settings.trusted_proxies,
        origins=settings.cors_origins,
        transport_seconds=settings.transport_seconds,
        jsonp=settings.jsonp,
        reading=settings.reading,
        default_format=settings.default_format,
        tables=settings.csv,
        permitted_only=settings.metadata == "permitted",
        compatible_errors=settings.errors == "compatible",
        write_line=logs.request_writer(settings.log, settings.slow_request or math.inf),
        metrics_networks=() if settings.metrics_bind else settings.metrics_networks,
        metrics_bind=settings.metrics_bind,
        admission=Admission(Places(_build_shares(settings)), rates.Rates(rates.parse(settings.rate))),
        caller_share=settings.caller_share / 100,
        limits=Allowance(
            settings.request_seconds, settings.request_rows, settings.request_bytes, statement=settings.list_seconds
        ),
        streamed=replace(
            STREAMED, seconds=settings.stream_seconds, rows=settings.stream_rows, bytes=settings.stream_bytes
        ),
    )


def _build_shares(settings: Settings) -> Mapping[Kind, Share]:
    # Lists and streams must leave connections to short requests, and those that write to those that read.
    most = max(1, settings.connections // 4)
    return build_shares(
        settings.threads,
        writes=max(1, min(settings.threads, settings.connections) * 3 // 4),
        lists=min(settings.list_places, most),
        streams=min(settings.stream_places, most),
        per_caller=settings.caller_requests,
        streams_per_caller=settings.caller_streams,
    )
