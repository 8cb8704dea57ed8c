"""The command line: ``gateway``."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from importlib import import_module

import click

from gateway import __version__, logs
from gateway.commands import serving
from gateway.commands.chosen import load_service
from gateway.commands.databases import announce_database, require_database
from gateway.commands.output import json_option, print_json
from gateway.errors import GatewayError
from gateway.settings import SERVERS, Settings
from gateway.terminal import counted, printable
from models import StorageError
from models.engine.plan import Step

#: Commands that are about a service.
_OF_A_SERVICE = frozenset(
    {
        "backup",
        "call",
        "check",
        "check-config",
        "convert",
        "events",
        "front",
        "migrate",
        "openapi",
        "replay",
        "restore",
        "routes",
        "serve",
        "types",
        "user",
    }
)
#: Commands of modules in `gateway.commands`: the module and its function.
_IN_MODULES: Mapping[str, tuple[str, str]] = {
    "account": ("accounts", "account"),
    "backup": ("backups", "backup"),
    "call": ("call", "call"),
    "check": ("contract", "check"),
    "convert": ("convert", "convert"),
    "front": ("front", "front"),
    "import": ("importing", "import_"),
    "mock": ("mock", "mock"),
    "new": ("new", "new"),
    "openapi": ("contract", "openapi"),
    "replay": ("replay", "replay"),
    "restore": ("backups", "restore"),
    "routes": ("contract", "routes"),
    "sessions": ("sessions", "sessions"),
    "types": ("contract", "types"),
    "user": ("users", "user"),
}
_SERVICE = re.compile(r"[^\W\d][\w.]*:[^\W\d]\w*")


_EPILOG = "MODULE:ATTRIBUTE is the service, for instance shop:shop. It may also follow other arguments, or be GATEWAY_SERVICE."


class _Commands(MutableMapping[str, click.Command]):
    """Commands by name. Those of `_IN_MODULES` are imported when they are looked up: a server needs none of them."""

    def __init__(self) -> None:
        self._imported: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._imported:
            module, function = _IN_MODULES[name]
            self[name] = getattr(import_module(f"gateway.commands.{module}"), function)
        return self._imported[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        if name in _OF_A_SERVICE:
            command.options_metavar = "[MODULE:ATTRIBUTE] [OPTIONS]"
            command.epilog = _EPILOG
        self._imported[name] = command

    def __delitem__(self, name: str) -> None:
        del self._imported[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**_IN_MODULES, **self._imported})

    def __len__(self) -> int:
        return len({**_IN_MODULES, **self._imported})


class _Gateway(click.Group):
    """A group whose commands end with one line and status 1 on errors of the service or its database."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of the arguments. The first MODULE:ATTRIBUTE after its name is the service that it is about."""
        name, command, arguments = super().resolve_command(context, args)
        if name in _OF_A_SERVICE and command is not None:
            for position, argument in enumerate(arguments):
                if _SERVICE.fullmatch(argument) and not _is_value(command, arguments[:position]):
                    os.environ["GATEWAY_SERVICE"] = arguments.pop(position)
                    break
        return name, command, arguments

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except (GatewayError, StorageError, UnicodeDecodeError) as error:
            text = str(error)
        except OSError as error:
            # Click handles a reader that has left.
            if error.errno == errno.EPIPE:
                raise
            text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        click.echo(printable(f"gateway: {text}", kept="\n"), err=True)
        sys.exit(1)


def _is_value(command: click.Command, before: Sequence[str]) -> bool:
    """Return whether the argument after these is the value of an option: a password, for example, may look like a service."""
    if not before:
        return False
    commands: Iterable[click.Command] = [command]
    if isinstance(command, click.Group):
        # Without a subcommand's name, it may be any of them: `gateway front URL` is `gateway front to URL`.
        subcommand = command.commands.get(before[0])
        commands = command.commands.values() if subcommand is None else [subcommand]
    options = [
        parameter
        for subcommand in commands
        for parameter in subcommand.params
        if isinstance(parameter, click.Option) and not parameter.is_flag
    ]
    return any(before[-1] in parameter.opts for parameter in options)


@click.group(cls=_Gateway, commands=_Commands(), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """A server for ServiceStack clients. Settings are GATEWAY_… environment variables; check-config prints them.

    Commands are about the service that MODULE:ATTRIBUTE names, anywhere after the command's name: gateway serve shop:shop. If it is
    omitted, GATEWAY_SERVICE names the service; if that is not set, it is the sessions API.

    \b
    Examples:
      gateway serve --port 8080
      gateway user add ann@example.org --role User --password
      gateway call NewSession displayName=Hi channel=Chat
      gateway types csharp > dtos.cs
    """
    # SECURITY: only their owner may read databases, exports and secrets.
    os.umask(0o077)
    # Standard output is for a command's output only; log lines, including audit lines, never go there.
    logs.configure("text" if sys.stderr.isatty() else "json")


@main.command()
@click.option("--port", type=click.IntRange(1, 65_535), help="Port to listen on, instead of that in GATEWAY_BIND.")
@click.option("--open", "opens", is_flag=True, help="Open the service in a browser.")
@click.option("--server", type=click.Choice(SERVERS), help="HTTP server, instead of GATEWAY_SERVER.")
def serve(*, port: int | None, opens: bool, server: str | None) -> None:
    """Serve requests until SIGTERM or Ctrl-C. The first start creates the database and an administrator.

    \b
    Examples:
      gateway serve
      gateway serve --port 8080 --open
      gateway serve --server granian
      gateway serve shop:shop
      GATEWAY_DATABASE_URL=mysql://gateway:PASSWORD@127.0.0.1/gateway gateway serve
    """
    from gateway import wsgi
    from gateway.serving import listening

    if server is not None:
        os.environ["GATEWAY_SERVER"] = server
    settings = Settings.from_environment()
    if port is not None:
        settings = replace(settings, bind=listening.replace_port(settings.bind, port))
    serving.run(settings, wsgi.load(settings.service), opens=opens)


@main.command()
@click.option(
    "--port", type=click.IntRange(1, 65_535), help="Port to listen on, instead of that in GATEWAY_EVENTS_BIND."
)
def events(*, port: int | None) -> None:
    """Serve only server events, in addition to gateway serve, until SIGTERM or Ctrl-C.

    One process with the settings of gateway serve holds all event streams of a node at GATEWAY_EVENTS_BIND. gateway serve --server granian
    needs it for more than a few. A proxy passes /event-… on to it: deploy/nginx/gateway.conf.

    \b
    Examples:
      gateway events
      gateway events --port 8001
    """
    from gateway import wsgi
    from gateway.serving import listening

    settings = Settings.from_environment()
    if port is not None:
        settings = replace(settings, events_bind=listening.replace_port(settings.events_bind, port))
    serving.run_events(settings, wsgi.load(settings.service))


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; exit with status 1 if a migration is missing.")
@click.option(
    "--plan", "plans", is_flag=True, help="Change nothing; print what each change locks, and about how long it takes."
)
@click.option(
    "--to",
    "wanted",
    metavar="OWNER/NUMBER",
    help="Undo the owner's migrations after this number, or apply them up to it; 0 undoes all. The owner may be omitted if there is one.",
)
@json_option
def migrate(*, check: bool, plans: bool, wanted: str | None, as_json: bool) -> None:
    """Update the database's schema to this version. Each part with tables is an owner: users, sessions, a service.

    \b
    Examples:
      gateway migrate --check
      gateway migrate --plan
      gateway migrate
      gateway migrate --to sessions/3
    """
    from gateway.serving import starting
    from models.engine import migrations, owners

    settings = Settings.from_environment()
    if check or plans:
        require_database(settings)
    database = migrations.connect_patiently(settings.database_url)
    rows = load_service().rows
    owners.verify(rows)
    target = None if wanted is None else migrations.parse_target(wanted, rows)
    missing = migrations.missing(database, rows)
    if check:
        if as_json:
            print_json({"missing": missing})
        else:
            click.echo("\n".join(f"missing: {name}" for name in missing) or "the schema is up to date")
        sys.exit(1 if missing else 0)
    if plans:
        _print_plan([*migrations.plan_missing(database, rows)], as_json=as_json)
        return
    announce_database(settings)
    has_data = migrations.is_migrated(database)
    report: Callable[[str], None] = _to_stderr if has_data else _to_nobody
    if has_data and (target is not None or missing):
        report(f"the migrations need {starting.describe_disk_needed(database, settings.sqlite_path)} of disk")
    undone = [] if target is None else migrations.downgrade(database, rows, target, report)
    applied = migrations.apply(database, rows, report, target)
    if as_json:
        print_json({"undone": undone, "applied": applied})
        return
    for name in undone:
        click.echo(f"undid {name}")
    for name in applied:
        click.echo(f"applied {name}")
    click.echo("the schema is up to date" if target is None else f"the schema is that of {target}")


def _print_plan(planned: Sequence[tuple[str, bool, Sequence[Step]]], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {"migration": name, "earlierVersionWorksOn": expands, "changes": [step._asdict() for step in steps]}
                for name, expands, steps in planned
            ]
        )
        return
    for name, expands, steps in planned:
        nodes = "nodes of the version before may go on" if expands else "stop the nodes of the version before first"
        click.echo(f"{name}: {nodes}")
        for number, step in enumerate(steps, 1):
            lasts = f", about {max(1, round(step.seconds))} s for {counted(step.rows, 'row')}" if step.seconds else ""
            click.echo(printable(f"  {number}. {step.statement}"))
            click.echo(f"     {step.locks}{lasts}")
    if not planned:
        click.echo("the schema is up to date")


def _to_stderr(text: str) -> None:
    click.echo(text, err=True)


def _to_nobody(text: str) -> None:
    del text


@main.command("check-config")
@json_option
def check_config(*, as_json: bool) -> None:
    """Check and print the settings, without secrets."""
    from gateway import wsgi
    from gateway.users.part import find_users

    settings = Settings.from_environment()
    service = wsgi.load(settings.service)
    if find_users(service) is not None:
        settings = replace(settings, secret=settings.read_existing_secret())
    wsgi.checked_exporter()
    if as_json:
        print_json({variable: value for variable, value, _ in settings.list_values()})
        return
    for variable, value, meaning in settings.list_values():
        click.echo(printable(f"{variable}={value}  # {meaning}"))
