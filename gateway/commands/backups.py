"""``gateway backup`` and ``gateway restore``."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.commands.chosen import load_service
from gateway.commands.databases import announce_database, require_database
from gateway.errors import ConfigurationError
from gateway.settings import Settings
from models.engine import backup as copies
from models.engine import migrations
from models.engine.owners import verify

_MEGABYTE = 1_000_000
_ADVICE = "Keep the secret that signs tokens beside it, too: GATEWAY_SECRET, or {}. Without it, all clients must log in again."


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Replace a file that exists.")
def backup(path: Path, *, replace: bool) -> None:
    """Write a copy of the database to FILE, while the service runs. The copy is an SQLite file, for MySQL and MariaDB, too.

    \b
    Examples:
      gateway backup /backup/gateway-$(date +%F).db
    """
    settings = Settings.from_environment()
    require_database(settings)
    if path.exists() and not replace:
        raise ConfigurationError(f"{path} exists; choose another file, or add --replace")
    database = migrations.connect_patiently(settings.database_url)
    size = copies.save(database, load_service().rows, path)
    click.echo(f"saved {max(1, size // _MEGABYTE)} MB to {path}", err=True)
    database_path = settings.sqlite_path
    click.echo(
        _ADVICE.format("the file's of GATEWAY_SECRET_FILE" if database_path is None else f"{database_path}.secret"),
        err=True,
    )


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Replace the existing rows of the database.")
def restore(path: Path, *, replace: bool) -> None:
    """Restore the database from FILE, which `gateway backup` wrote. Later migrations are applied.

    It is one transaction: clients see the rows before or after it. Running servers use the restored rows at once, without a
    restart, and their event streams go on. For up to a minute a token's user is as before; a reload (SIGHUP) ends that.

    \b
    Examples:
      gateway restore /backup/gateway-2026-11-27.db
      gateway restore /backup/gateway-2026-11-27.db --replace
    """
    settings = Settings.from_environment()
    rows = load_service().rows
    verify(rows)
    copies.restore(migrations.connect_patiently(settings.database_url), rows, path, replace=replace)
    announce_database(settings)
    click.echo(
        f"restored {path}; running servers use its rows at once, and its users for tokens within a minute", err=True
    )
