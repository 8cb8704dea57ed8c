"""``gateway front``: serve in front of an old host."""

from __future__ import annotations

import click

from gateway.commands import serving
from gateway.service import Service
from gateway.settings import Settings, names_service
from gateway.upstream.limits import CONNECTIONS, Timeouts


class _Front(click.Group):
    """A URL in place of a command serves."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        if args and args[0] not in self.commands and args[0] not in context.help_option_names:
            args = ["to", *args]
        return super().parse_args(context, args)


@click.group(cls=_Front, subcommand_metavar="URL [OPTIONS] | COMMAND [ARGS]…")
def front() -> None:
    """Serve in front of an old host: gateway front http://old-host shop:shop. `gateway front to --help` has the options.

    Operations with a handler are answered here, the others are forwarded.
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
    help="Ask in JSON for this operation, by its own route or this one, and answer in every format; may be repeated; all for all.",
)
@click.option(
    "--connect-timeout",
    type=float,
    default=Timeouts.connect,
    show_default=True,
    help="Seconds until a connection is made.",
)
@click.option(
    "--read-timeout",
    type=float,
    default=Timeouts.read,
    show_default=True,
    help="Seconds that the old host may be silent.",
)
@click.option(
    "--connections",
    type=int,
    default=CONNECTIONS,
    show_default=True,
    help="Requests that each process has with the old host at once.",
)
@click.option("--ca-file", default="", metavar="FILE", help="Certificates to trust in place of the system's.")
def to(
    url: str,
    *,
    typed: tuple[str, ...],
    everything: bool,
    connect_timeout: float,
    read_timeout: float,
    connections: int,
    ca_file: str,
) -> None:
    """Serve in front of the old host at URL, until SIGTERM or Ctrl-C."""
    from gateway import wsgi
    from gateway.upstream.part import Upstream

    settings = Settings.from_environment()
    # Without a contract there is nothing to tell of it.
    has_contract = names_service() or not everything
    service = wsgi.load(settings.service) if has_contract else Service("Front")
    service.use(
        Upstream(
            url,
            typed=_typed(typed),
            everything=everything,
            pages=has_contract,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            connections=connections,
            ca_file=ca_file,
        )
    )
    serving.run(settings, service)


def _typed(given: tuple[str, ...]) -> bool | dict[str, str]:
    if "all" in given:
        return True
    return {name.strip(): text.strip() for name, _, text in (each.partition("=") for each in given)}
