"""The WSGI application of this environment: ``gunicorn 'gateway.wsgi:create()'``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gateway import logs, rates
from gateway.budget import STREAMED, Allowance
from gateway.errors import ConfigurationError
from gateway.http import refusals
from gateway.http.admission import Admission
from gateway.http.app import App, Options, create_app
from gateway.http.request import new_request_id
from gateway.places import Kind, Places, Share, shares
from gateway.sessions import load_services
from gateway.sessions.dtos.catalog import catalog
from gateway.settings import Settings
from gateway.users.authenticator import Authenticator
from gateway.users.lockout import Limits
from gateway.users.tokens import Lifetimes
from models import Database, SchemaMismatch, connect
from models import sessions as session_rows
from models import users as user_rows
from models.engine import migrations, owners
from models.engine.engines import PATIENCE
from serializers.registry import default_registry

#: Who owns tables of this service, in the order in which they are migrated.
OWNERS = (user_rows.ROWS, session_rows.ROWS)


def open_database(settings: Settings) -> Database:
    """The database, with its schema as this version needs it. On SQLite missing migrations are applied; elsewhere that is
    ``gateway migrate``'s work. Raises ConfigurationError when the schema is another."""
    owners.verify(OWNERS)
    database = _connect(settings, settings.connections)
    if settings.sqlite_path is not None:
        patient = migrations.patient(settings.database_url)
        migrations.apply(patient, OWNERS)
        patient.dispose()
    try:
        migrations.check(database, OWNERS)
    except SchemaMismatch as error:
        raise ConfigurationError(str(error)) from error
    return database


def probed(settings: Settings) -> Database:
    """The database by one connection that requests do not use."""
    # Another writer's lock is no reason to wait for longer than the probe does.
    return _connect(settings, 1, patience=1)


def _connect(settings: Settings, connections: int, patience: float = PATIENCE) -> Database:
    return connect(
        settings.database_url,
        connections=connections,
        patience=patience,
        age=settings.connection_age,
        sync_wait=settings.galera_sync,
        sqlite_sync=settings.sqlite_sync,
    )


def build(settings: Settings, database: Database, probed: Database | None = None) -> App:
    """The application of these settings on this database.

    :param probed: the database by a connection of its own, for ``/ready``; None for the application's.
    """
    load_services()
    authenticator = Authenticator(
        database,
        [settings.secret, settings.previous_secret],
        # Who waits for a hash keeps a thread but no processor; some threads are always left to requests of other kinds.
        in_line=max(1, settings.threads * 3 // 4),
        lifetimes=Lifetimes(settings.token_lifetime, settings.refresh_lifetime),
        limits=Limits(
            settings.login_attempts, settings.login_address_attempts, settings.login_window, settings.login_exempt
        ),
    )
    options = Options(
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
        write_line=logs.request_writer(settings.log),
        probed=probed,
        admission=Admission(Places(_shares(settings)), rates.Rates(rates.parse(settings.rate))),
        limits=Allowance(
            settings.request_seconds, settings.request_rows, settings.request_bytes, statement=settings.list_seconds
        ),
        streamed=replace(
            STREAMED, seconds=settings.stream_seconds, rows=settings.stream_rows, bytes=settings.stream_bytes
        ),
    )
    return create_app(catalog, default_registry(), database, authenticator, options)


def _shares(settings: Settings) -> Mapping[Kind, Share]:
    # Lists and streams must leave connections to short requests, and those that write to those that read.
    most = max(1, settings.connections // 4)
    return shares(
        settings.threads,
        writes=max(1, min(settings.threads, settings.connections) * 3 // 4),
        lists=min(settings.list_places, most),
        streams=min(settings.stream_places, most),
        per_caller=settings.caller_requests,
        streams_per_caller=settings.caller_streams,
    )


def refusal(settings: Settings) -> Callable[[bytes], bytes]:
    """Return what makes the response to a request from its first bytes, while there is no application yet."""
    registry = default_registry()

    def refuse(head: bytes) -> bytes:
        message = "The service is starting. Try again in a few seconds."
        return refusals.refusal(503, message, new_request_id(), head, registry, settings.default_format, retry_after=2)

    return refuse


def create() -> App:
    """The application of this process's environment."""
    settings = Settings.from_environment()
    return build(settings, open_database(settings), probed(settings))
