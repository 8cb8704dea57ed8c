"""Startup before the first request: wait for the database, update its schema, add the first user."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from shutil import disk_usage

import structlog

from gateway import wsgi
from gateway.errors import ConfigurationError
from gateway.service import Service
from gateway.settings import Settings
from gateway.users import bootstrap
from gateway.users.part import find_users
from models import Database, SchemaMismatch, Unavailable, connect
from models.engine import migrations

#: Seconds between two attempts to reach the database, and between two log lines about it.
_PAUSE = 0.5
_LINES = 5.0
#: MySQL's numbers for errors that need an operator: a wrong user, password or database.
_LASTING = re.compile(r"\((1044|1045|1049|1130|1698),")
_MEGABYTE = 1_000_000

log = structlog.get_logger("gateway")


def do_nothing() -> None:
    """Do nothing, if no client waits during a slow start."""


def prepare(settings: Settings, service: Service, slow: Callable[[], None] = do_nothing) -> Database | None:
    """Return the database, with its schema up to date and at least one administrator in it; None for a service without tables.

    :param slow: called once when this takes long: the database does not respond, or a database with data is migrated.
    :raises ConfigurationError: when the database does not respond within GATEWAY_DATABASE_WAIT seconds, or has another schema, or there is
        no secret to sign users' tokens.
    """
    if not service.rows:
        return None
    if find_users(service) is not None:
        settings.read_signing_secret()
    _wait(settings, service, slow)
    if settings.sqlite_path is not None:
        _migrate(settings, service, slow)
    database = wsgi.open_database(settings, service)
    announce_first_user(database, settings, service)
    return database


def _wait(settings: Settings, service: Service, slow: Callable[[], None]) -> None:
    """Return when the database responds."""
    deadline = time.monotonic() + settings.database_wait
    next_line = 0.0
    database = connect(settings.database_url, connections=1)
    while True:
        try:
            migrations.missing(database, service.rows)
            if settings.sqlite_path is not None:
                database.probe()
        except SchemaMismatch:
            break
        except Unavailable as error:
            now = time.monotonic()
            if _is_lasting(error, settings):
                raise ConfigurationError(f"{_format_prefix(settings)}{error}.") from error
            if now >= deadline:
                waited = f"It did not respond within {settings.database_wait} s."
                raise ConfigurationError(f"{_format_prefix(settings)}{error}. {waited}") from error
            slow()
            if now >= next_line:
                next_line = now + _LINES
                log.warning("waiting for the database", seconds_left=round(deadline - now), reason=str(error))
            time.sleep(_PAUSE)
        else:
            break
    database.dispose()


def _is_lasting(error: Unavailable, settings: Settings) -> bool:
    """Return whether waiting would not help. Of SQLite's failures only locks are temporary."""
    if settings.sqlite_path is not None:
        return not error.again
    return error.lasting or _LASTING.search(str(error)) is not None


def _format_prefix(settings: Settings) -> str:
    path = settings.sqlite_path
    return "" if path is None else f"{path}: "


def _migrate(settings: Settings, service: Service, slow: Callable[[], None]) -> None:
    database = migrations.connect_patiently(settings.database_url)
    if migrations.is_migrated(database) and (missing := migrations.missing(database, service.rows)):
        slow()
        log.info("migrating", migrations=missing, disk=describe_disk_needed(database, settings.sqlite_path))
        migrations.apply(database, service.rows, lambda text: log.info("migrating", step=text))
    database.dispose()


def describe_disk_needed(database: Database, path: Path | None) -> str:
    """Return a text about the disk space that migrations need and, if known, the free space.

    :param path: the database's file; None for a server's.
    """
    # SQLite writes a table that is rebuilt twice: into the write-ahead log, then into the file.
    needed = migrations.measure_size(database) * (1 if path is None else 2)
    free = f"; {disk_usage(path.resolve().parent).free // _MEGABYTE} MB are free" if path is not None else ""
    return f"up to {max(1, needed // _MEGABYTE)} MB{free}"


def announce_first_user(database: Database, settings: Settings, service: Service) -> None:
    """Create an administrator if there is none, and show the secrets on a terminal, or write them to a file of mode 600."""
    users = find_users(service)
    if users is None or not service.catalog.administrator:
        return
    secrets_path = None if sys.stdout.isatty() else _choose_secrets_path(settings)
    try:
        first_user = users.first_user(service, database, settings, secrets_path)
    except bootstrap.NoAdministrator as error:
        log.warning("no administrator", reason=str(error))
        return
    if first_user is not None:
        sys.stdout.write(f"{first_user.format_announcement(settings.bind)}\n")
        sys.stdout.flush()


def _choose_secrets_path(settings: Settings) -> Path:
    """Return the path for the first user's secrets: beside an SQLite database, else in the working folder."""
    path = settings.sqlite_path
    return Path(os.path.abspath("gateway.first-user" if path is None else f"{path}.first-user"))
