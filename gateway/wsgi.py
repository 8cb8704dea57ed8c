"""The WSGI application of this environment: ``gunicorn 'gateway.wsgi:create()'``."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from gateway import __version__
from gateway.errors import ConfigurationError
from gateway.http import refusals
from gateway.http.app import App
from gateway.http.request import new_request_id
from gateway.service import Service
from gateway.settings import Settings, find_traces_exporter
from gateway.tracing import Tracer
from models import Database, SchemaMismatch, connect
from models.engine import migrations, owners
from models.engine.engines import PATIENCE
from serializers.registry import default_registry


def open_database(settings: Settings, service: Service | None = None, *, migrates: bool = True) -> Database:
    """Open the database, and check that it has the schema of this version.

    :param service: the service whose tables are checked; None for the one that the settings name.
    :param migrates: apply missing migrations to SQLite; ``gateway migrate`` applies them to database servers.
    :raises ConfigurationError: when the schema is another version's.
    """
    rows = (service or load(settings.service)).rows
    owners.verify(rows)
    database = _connect(settings, settings.connections)
    if migrates and settings.sqlite_path is not None:
        patient = migrations.connect_patiently(settings.database_url)
        migrations.apply(patient, rows)
        patient.dispose()
    try:
        migrations.check(database, rows)
    except SchemaMismatch as error:
        raise ConfigurationError(str(error)) from error
    return database


def probed(settings: Settings) -> Database:
    """Return the database with a separate connection that requests do not use."""
    # The connection must not wait for another writer's lock for longer than the probe waits.
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


def build(
    settings: Settings, database: Database | None, probed: Database | None = None, service: Service | None = None
) -> App:
    """Return the application with these settings and this database.

    :param probed: the same database with a separate connection, for ``/ready``; None to use `database`.
    :param service: the service; None for the one that the settings name.
    """
    service = service or load(settings.service)
    return service.application(settings, database, probed, tracer(service))


def tracer(service: Service) -> Tracer | None:
    """Return the exporter of a service's traces according to OpenTelemetry's variables; None if they turn it off.

    :raises ConfigurationError: when one of them can't be used, or the packages are not installed.
    """
    exporter = checked_exporter()
    if not exporter:
        return None
    # PERF: servers that export no traces do not need this import.
    from gateway import spans

    return spans.exporting(exporter, service.title, __version__)


def checked_exporter() -> str:
    """Return how traces are exported (`gateway.settings.find_traces_exporter`), and check that they can be. Raises ConfigurationError."""
    exporter = find_traces_exporter()
    if exporter:
        try:
            import_module("gateway.spans")
        except ImportError as error:
            raise ConfigurationError(
                f"OTEL_… asks for traces, and {error.name} is not installed. Install it with pip install 'sessions-gateway[otel]'."
            ) from error
    return exporter


def load(name: str) -> Service:
    """Return the service of a name, ``module:attribute``. Modules in the working folder can be imported.

    :raises ConfigurationError: when there is no such service, or importing its module raises an error: then with the error and the line.
    """
    module_name, colon, attribute = name.partition(":")
    if not colon:
        attribute = "service"
    if (folder := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise ConfigurationError(
                f"the module '{module_name}' can't be imported: {_format_error(error, folder)}"
            ) from error
        raise ConfigurationError(
            f"there is no module '{error.name}' for the service '{name}' in {folder} or on Python's path"
        ) from error
    except Exception as error:
        raise ConfigurationError(
            f"the module '{module_name}' can't be imported: {_format_error(error, folder)}"
        ) from error
    service = getattr(module, attribute, None)
    if not isinstance(service, Service):
        description = "nothing" if service is None else f"a {type(service).__name__}"
        raise ConfigurationError(f"'{name}' is {description}, and no gateway.Service")
    return service


def _format_error(error: Exception, folder: str) -> str:
    """Return an error of a service's module on one line, with the last line of a file in the working folder that led to it."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    own_frames = [frame for frame in frames if frame.filename.startswith(folder + os.sep)] or frames
    return f"{type(error).__name__}: {error} ({own_frames[-1].filename}, line {own_frames[-1].lineno})"


def refusal(settings: Settings) -> Callable[[bytes], bytes]:
    """Return a function that makes the response to a request from its first bytes, while the application is not ready."""
    registry = default_registry()

    def refuse(head: bytes) -> bytes:
        message = "The service is starting. Try again in a few seconds."
        return refusals.refusal(503, message, new_request_id(), head, registry, settings.default_format, retry_after=2)

    return refuse


def create() -> App:
    """Return the application of this process's environment."""
    settings = Settings.from_environment()
    service = load(settings.service)
    if not service.rows:
        return build(settings, None, service=service)
    return build(settings, open_database(settings, service), probed(settings), service)
