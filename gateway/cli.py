"""The command line: ``gateway``."""

from __future__ import annotations

import sys

import click

from gateway import __version__, logs
from gateway.commands import contract, convert, sessions, users
from gateway.errors import GatewayError
from gateway.settings import Settings
from models import StorageError


class _Gateway(click.Group):
    """Errors of the service and of its database end a command with one line and status 1."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except (GatewayError, StorageError) as error:
            click.echo(f"gateway: {error}", err=True)
            sys.exit(1)


@click.group(cls=_Gateway, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """A ServiceStack-compatible gateway for a sessions API. Settings come from GATEWAY_… variables."""
    # Standard output is a command's own; log lines, audit lines among them, never go there.
    logs.configure("text" if sys.stderr.isatty() else "json")


@main.command()
def serve() -> None:
    """Serve requests until SIGTERM or Ctrl-C."""
    from gateway import serving, wsgi
    from gateway.security import bootstrap

    settings = Settings.from_environment()
    logs.configure(settings.log)
    database = wsgi.open_database(settings)
    made = bootstrap.first_user(database, settings)
    if made is not None:
        click.echo(made.announcement(settings.bind))
    app = wsgi.build(settings, database)
    database.dispose()
    serving.Server(app, database, settings).run()


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; end with status 1 where a migration is missing.")
def migrate(*, check: bool) -> None:
    """Bring the database's schema to this version."""
    from models import migrations

    database = migrations.patient(Settings.from_environment().database_url)
    missing = migrations.missing(database)
    if check:
        click.echo("\n".join(f"missing: {name}" for name in missing) or "the schema is up to date")
        sys.exit(1 if missing else 0)
    for name in migrations.apply(database):
        click.echo(f"applied {name}")
    click.echo("the schema is up to date")


@main.command("check-config")
def check_config() -> None:
    """Check the settings and print them, secrets hidden."""
    for variable, value, meaning in Settings.from_environment().shown():
        click.echo(f"{variable}={value}  # {meaning}")


main.add_command(sessions.sessions)
main.add_command(users.user)
main.add_command(convert.convert)
main.add_command(contract.types)
main.add_command(contract.routes)
main.add_command(contract.openapi)
