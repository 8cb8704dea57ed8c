"""The command line: ``gateway``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace

import click

from gateway import __version__, logs
from gateway.commands import contract, convert, new, sessions, users
from gateway.commands.chosen import chosen_service
from gateway.errors import GatewayError
from gateway.settings import Settings
from gateway.terminal import printable
from models import StorageError

#: Commands that are about a service.
_OF_A_SERVICE = frozenset(
    {"check", "check-config", "convert", "migrate", "openapi", "routes", "serve", "types", "user"}
)
_SERVICE = re.compile(r"[^\W\d][\w.]*:[^\W\d]\w*")


class _Gateway(click.Group):
    """Errors of the service and of its database end a command with one line and status 1."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of the arguments. MODULE:ATTRIBUTE after its name, or at its end, is the service that it is about."""
        name, command, rest = super().resolve_command(context, args)
        if name in _OF_A_SERVICE and command is not None and rest:
            if _SERVICE.fullmatch(rest[0]):
                os.environ["GATEWAY_SERVICE"] = rest.pop(0)
            elif _SERVICE.fullmatch(rest[-1]) and not _is_value(command, rest):
                os.environ["GATEWAY_SERVICE"] = rest.pop()
        return name, command, rest

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except (GatewayError, StorageError) as error:
            click.echo(printable(f"gateway: {error}", kept="\n"), err=True)
            sys.exit(1)


def _is_value(command: click.Command, arguments: list[str]) -> bool:
    """Return whether the last argument is the value of an option: a password, for example, may look like a service."""
    if isinstance(command, click.Group):
        command = command.commands.get(arguments[0], command)
    before = arguments[-2] if len(arguments) > 1 else ""
    options = [each for each in command.params if isinstance(each, click.Option) and not each.is_flag]
    return any(before in each.opts for each in options)


@click.group(cls=_Gateway, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """A server for ServiceStack clients. Settings are GATEWAY_… environment variables; check-config prints them.

    Commands are about the service that MODULE:ATTRIBUTE names, after the command's name or at its end: gateway serve shop:shop. If it
    is omitted, GATEWAY_SERVICE names the service; if that is not set, it is the sessions API.
    """
    # SECURITY: databases, exports and secrets are their owner's.
    os.umask(0o077)
    # Standard output is a command's own; log lines, audit lines among them, never go there.
    logs.configure("text" if sys.stderr.isatty() else "json")


@main.command()
def serve() -> None:
    """Serve requests until SIGTERM or Ctrl-C."""
    from gateway import wsgi
    from gateway.serving import application as serving
    from gateway.serving import listening, starting

    settings = Settings.from_environment()
    logs.configure(settings.log, queued=True)
    service = wsgi.load(settings.service)
    service.check()
    listener = listening.listen(settings.bind)
    with listening.Starting(listener, wsgi.refusal(settings)) as meanwhile:
        database = starting.prepare(settings, service, meanwhile.begin)
        app = wsgi.build(settings, database, None if database is None else wsgi.probed(settings), service)
        if database is not None:
            database.dispose()
    serving.Server(app, database, settings, listener).run()


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; exit with status 1 if a migration is missing.")
@click.option(
    "--to",
    "wanted",
    metavar="OWNER/NUMBER",
    help="Undo the owner's migrations after this number, or apply them up to it; 0 undoes all. The owner may be omitted if there is one.",
)
def migrate(*, check: bool, wanted: str | None) -> None:
    """Bring the database's schema to this version. Each part with tables of its own is an owner: users, sessions, a service."""
    from gateway.serving import starting
    from models.engine import migrations, owners

    settings = Settings.from_environment()
    database = migrations.patient(settings.database_url)
    rows = chosen_service().rows
    owners.verify(rows)
    target = None if wanted is None else migrations.target(wanted, rows)
    missing = migrations.missing(database, rows)
    if check:
        click.echo("\n".join(f"missing: {name}" for name in missing) or "the schema is up to date")
        sys.exit(1 if missing else 0)
    has_data = migrations.is_migrated(database)
    report: Callable[[str], None] = _to_stderr if has_data else _to_nobody
    if has_data and (target is not None or missing):
        report(f"the migrations need {starting.disk_needed(database, settings.sqlite_path)} of disk")
    if target is not None:
        for name in migrations.downgrade(database, rows, target, report):
            click.echo(f"undid {name}")
    for name in migrations.apply(database, rows, report, target):
        click.echo(f"applied {name}")
    click.echo("the schema is up to date" if target is None else f"the schema is that of {target}")


def _to_stderr(text: str) -> None:
    click.echo(text, err=True)


def _to_nobody(text: str) -> None:
    del text


@main.command("check-config")
def check_config() -> None:
    """Check and print the settings, without secrets."""
    from gateway import wsgi
    from gateway.users.part import users_of

    settings = Settings.from_environment()
    if users_of(wsgi.load(settings.service)) is not None:
        settings = replace(settings, secret=settings.signing_secret())
    for variable, value, meaning in settings.shown():
        click.echo(printable(f"{variable}={value}  # {meaning}"))


main.add_command(sessions.sessions)
main.add_command(users.user)
main.add_command(convert.convert)
main.add_command(new.new)
main.add_command(contract.check)
main.add_command(contract.types)
main.add_command(contract.routes)
main.add_command(contract.openapi)

for _name in _OF_A_SERVICE:
    main.commands[_name].options_metavar = "[MODULE:ATTRIBUTE] [OPTIONS]"
    main.commands[
        _name
    ].epilog = (
        "MODULE:ATTRIBUTE is the service, for instance shop:shop. It may also be the last argument, or GATEWAY_SERVICE."
    )
