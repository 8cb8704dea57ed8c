"""``gateway front``: a server in front of an old host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path

import click

from gateway.commands import serving
from gateway.commands.output import json_option, print_json, print_line
from gateway.service import Service
from gateway.settings import Settings, find_service_name, names_service
from gateway.upstream.limits import CONNECTIONS, REPORT, SWITCHES, Timeouts

_FILE = click.Path(dir_okay=False, path_type=Path)
_SWITCHES = click.option(
    "--switches",
    type=_FILE,
    default=SWITCHES,
    show_default=True,
    help="The file with the state of each operation; it is reread when it changes.",
)


class _Front(click.Group):
    """Serves if a URL is given in place of a command."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments."""
        if args and args[0] not in self.commands and args[0] not in context.help_option_names:
            args = ["to", *args]
        return super().parse_args(context, args)


@click.group(cls=_Front, subcommand_metavar="URL [OPTIONS] | COMMAND [ARGS]…")
def front() -> None:
    """Serve in front of an old host: gateway front http://old-host shop:shop. `gateway front to --help` has the options.

    Operations with a handler run here, the others are forwarded.
    """


@front.command()
@click.argument("url")
@click.option(
    "--everything", is_flag=True, help="Forward paths that no operation has, too. Without a service, all paths."
)
@click.option(
    "--typed",
    multiple=True,
    metavar="NAME[=VERB PATH]",
    help="Forward this operation as JSON, by its route or this one, and respond in every format; may be repeated; all for all.",
)
@click.option(
    "--contract",
    metavar="SOURCE",
    help="The contract of the old host, instead of a service: /types/metadata.json as a file or a URL, as for 'gateway import'.",
)
@_SWITCHES
@click.option("--report", type=_FILE, default=REPORT, show_default=True, help="The file that counts shadow calls.")
@click.option(
    "--record",
    type=_FILE,
    help="Append conversations to this file, without secrets, for 'gateway replay'.",
)
@click.option(
    "--mask",
    multiple=True,
    metavar="[NAME:]PATH",
    help="A field in which shadow calls may differ; @ids and @times; may be repeated.",
)
@click.option(
    "--connect-timeout",
    type=float,
    default=Timeouts.connect,
    show_default=True,
    help="Seconds to wait for a connection.",
)
@click.option(
    "--read-timeout",
    type=float,
    default=Timeouts.read,
    show_default=True,
    help="Seconds to wait for data from the old host.",
)
@click.option(
    "--connections",
    type=int,
    default=CONNECTIONS,
    show_default=True,
    help="Concurrent requests to the old host in each process.",
)
@click.option("--ca-file", default="", metavar="FILE", help="Certificates to trust instead of the system's.")
def to(
    url: str,
    *,
    typed: tuple[str, ...],
    contract: str | None,
    switches: Path,
    report: Path,
    mask: tuple[str, ...],
    record: Path | None,
    everything: bool,
    connect_timeout: float,
    read_timeout: float,
    connections: int,
    ca_file: str,
) -> None:
    """Serve in front of the old host at URL, until SIGTERM or Ctrl-C."""
    from gateway.upstream import switches as file
    from gateway.upstream.part import Upstream

    settings = Settings.from_environment()
    # Without a contract there are no pages about it.
    has_contract = contract is not None or names_service() or not everything
    service = (
        _import_service(contract)
        if contract is not None
        else _load_service(settings)
        if has_contract
        else Service("Front")
    )
    service.use(
        Upstream(
            url,
            typed=_parse_typed(typed),
            switches=switches,
            report=report,
            masks=_parse_masks(mask),
            record=record,
            everything=everything,
            pages=has_contract,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            connections=connections,
            ca_file=ca_file,
        )
    )
    file.write_operations(switches, _handled_operations(service))
    serving.run(settings, service)


@front.command()
@click.option("--report", "path", type=_FILE, default=REPORT, show_default=True, help="The file with the counts.")
@click.option("--reset", is_flag=True, help="Reset all counts.")
@json_option
def report(path: Path, *, reset: bool, as_json: bool) -> None:
    """Print how often the handlers here responded like the old host, in the state shadow.

    A call is different when its status or a field differs; the first such fields are named. It is skipped when it writes, unless the
    operation is declared with shadow_writes=True, and when a body is too large. It is dropped when too many calls wait.
    """
    from gateway.upstream import report as file

    if reset:
        file.reset(path)
        return
    counts = file.read(path)
    if as_json:
        print_json({name: asdict(tally) for name, tally in counts.items()})
    elif counts:
        for line in file.format_lines(counts):
            print_line(line)
    else:
        print_line(f"No shadow calls in {path} yet. 'gateway front set NAME shadow' begins.")


@front.command("set")
@click.argument("operation")
@click.argument("state", nargs=-1, required=True)
@_SWITCHES
def set_state(operation: str, state: tuple[str, ...], switches: Path) -> None:
    """Set the STATE of OPERATION: old, shadow, percent N or new. Servers apply it within a second.

    \b
    Examples:
      gateway front set NewSession shadow
      gateway front set GetSession percent 10
      gateway front set '*' old

    '*' means all operations without a state. The operation is looked up in the service (MODULE:ATTRIBUTE), or else in those of the last
    `gateway front` with this file.
    """
    from gateway.upstream import switches as file

    try:
        new_state = file.parse_state(" ".join(state))
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None
    if operation != "*":
        operation = _check_operation(operation, new_state.kind, switches)
    file.change(switches, operation, new_state)
    click.echo(f"{operation} = {new_state}")


def _check_operation(name: str, kind: str, switches: Path) -> str:
    """Return the name of an operation as declared. Raises UsageError if there is none, or if it can't be in this state."""
    from gateway.upstream import switches as file

    if not re.fullmatch(r"\w+", name):
        raise click.UsageError(f"'{name}' is not the name of an operation.")
    title, handled = "The front", file.read_operations(switches)
    if names_service():
        from gateway import wsgi

        # Without its old host, the service may be incomplete.
        service = wsgi.load(find_service_name())
        title, handled = service.title, _handled_operations(service)
    if handled is None:
        click.echo(f"{name} is not checked: name the service, or start 'gateway front' in this folder first.", err=True)
        return name
    names = {operation.lower(): operation for operation in handled}
    operation = names.get(name.lower())
    if operation is None:
        raise click.UsageError(f"{title} has no operation '{name}'. {_nearest(name, names)}")
    if kind != "old" and not handled[operation]:
        raise click.UsageError(f"{operation} has no handler here, so that the old host must answer it.")
    return operation


def _nearest(name: str, names: Mapping[str, str]) -> str:
    """Return a sentence with the most similar names.

    :param names: names by name in lower case.
    """
    near = get_close_matches(name.lower(), names) or [key for key in names if name.lower() in key][:3]
    return f"Did you mean {' or '.join(names[key] for key in near)}?" if near else "'gateway routes' lists them."


def _handled_operations(service: Service) -> dict[str, bool]:
    """Return a service's operations, and whether each has a handler."""
    return {operation.name: operation.name in service.catalog.handlers for operation in service.catalog}


def _load_service(settings: Settings) -> Service:
    from gateway import wsgi

    return wsgi.load(settings.service)


def _import_service(source: str) -> Service:
    """Return a service with the operations of a contract, and without handlers."""
    from gateway.importing import loading, sources

    imported = sources.read(sources.open_source(source))
    roles = loading.list_roles(imported.contract)
    service = Service(imported.title or "Front", roles=roles, dialect=loading.find_dialect(imported.version))
    loading.declare(imported.contract, service, imported.losses, "gateway_front")
    return service


def _parse_masks(options: tuple[str, ...]) -> dict[str, list[str]]:
    masks: dict[str, list[str]] = {}
    for option in options:
        name, _, path = option.rpartition(":")
        masks.setdefault(name, []).append(path)
    return masks


def _parse_typed(options: tuple[str, ...]) -> bool | dict[str, str]:
    if "all" in options:
        return True
    return {name.strip(): text.strip() for name, _, text in (option.partition("=") for option in options)}
