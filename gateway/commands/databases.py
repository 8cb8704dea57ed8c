"""The database of a command. ``gateway serve`` and ``gateway migrate`` create one; every other command needs one that exists."""

from __future__ import annotations

import os

import click

from gateway import logs, wsgi
from gateway.errors import ConfigurationError
from gateway.service import Service
from gateway.settings import Settings
from models import Database
from models.engine import address


def name_database(settings: Settings) -> str:
    """Return the database's name for people: the path of SQLite's file, or the URL without its secrets."""
    path = settings.sqlite_path
    return address.hide_secrets(settings.database_url) if path is None else os.path.abspath(path)


def require_database(settings: Settings) -> None:
    """Refuse an SQLite database that does not exist: opening it would create an empty file.

    :raises ConfigurationError: with the path and what to do.
    """
    path = settings.sqlite_path
    if path is None or path.exists():
        return
    raise ConfigurationError(
        f"There is no database {os.path.abspath(path)}. Run the command in the server's folder, or set GATEWAY_DATABASE_URL "
        "as for the server. 'gateway serve' and 'gateway migrate' create a database."
    )


def open_database(service: Service | None = None, *, changes: bool) -> Database:
    """Open the database of the settings, which must exist and have this version's schema.

    :param service: the service whose tables are checked; None for the one of the settings.
    :param changes: the command changes the database, so its name is printed on standard error.
    :raises ConfigurationError: when there is no database, or its schema is not this version's.
    """
    settings = Settings.from_environment()
    logs.configure(settings.log)
    require_database(settings)
    database = wsgi.open_database(settings, service, migrates=False)
    if changes:
        announce_database(settings)
    return database


def announce_database(settings: Settings) -> None:
    """Print the database's name on standard error."""
    click.echo(f"database: {name_database(settings)}", err=True)
