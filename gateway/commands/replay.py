"""``gateway replay``: replay of recorded conversations against a server or a service."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.commands.output import print_line
from gateway.errors import ServiceError

if TYPE_CHECKING:
    from gateway.upstream.replaying import Replay


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--against",
    metavar="URL",
    help="The server that gets the requests; the service itself, with empty tables, if omitted.",
)
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of {{NAME}} in the file; NAME=@FILE reads it from a file; may be repeated.",
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="NAME:VALUE",
    help="A header that replaces the recorded one; VALUE may be @FILE; may be repeated.",
)
@click.option(
    "--mask", "masks", multiple=True, metavar="PATH", help="A field that may differ; @ids and @times; may be repeated."
)
@click.option("--ca-file", default="", metavar="FILE", help="Certificates to trust instead of the system's.")
def replay(
    file: Path,
    against: str | None,
    secrets: tuple[str, ...],
    headers: tuple[str, ...],
    masks: tuple[str, ...],
    ca_file: str,
) -> None:
    """Send the recorded requests of FILE again, and print where responses differ. The exit status is 1 if one does.

    \b
    Examples:
      gateway replay old-host.jsonl shop:shop
      gateway replay old-host.jsonl --against http://127.0.0.1:8000 --header 'Authorization: @token.txt'

    Ids and log-ins of responses take the places of the recorded ones in later requests.
    """
    from gateway.upstream import recording, replaying

    conversations = recording.load(file)
    replay_options = (
        dict(_pair(text, "=") for text in secrets),
        dict(_pair(text, ":") for text in headers),
        masks or None,
    )
    counts = {"alike": 0, "different": 0, "not sent": 0}
    with _replay(against, ca_file, replay_options) as runner:
        for number, conversation in enumerate(conversations, 1):
            try:
                outcome = runner.run(conversation)
            except ServiceError as error:
                print_line(f"{number}  {replaying.title(conversation)}\n    {error.message}")
                counts["different"] += 1
                continue
            counts["not sent" if outcome.missing else "different" if outcome.differences else "alike"] += 1
            if lines := outcome.lines():
                print_line(f"{number}  {replaying.title(conversation)}")
                for line in lines:
                    print_line(f"    {line}")
    print_line(", ".join(f"{count} {name}" for name, count in counts.items()))
    sys.exit(1 if counts["different"] or counts["not sent"] else 0)


@contextmanager
def _replay(
    against: str | None, ca_file: str, options: tuple[dict[str, str], dict[str, str], tuple[str, ...] | None]
) -> Iterator[Replay]:
    from gateway import wsgi
    from gateway.settings import find_service_name, names_service
    from gateway.upstream import replaying

    secrets, headers, masks = options
    service = wsgi.load(find_service_name()) if against is None or names_service() else None
    catalog = None if service is None else service.catalog
    if against is not None:
        yield replaying.Replay(replaying.make_sender(against, ca_file=ca_file), secrets, headers, masks, catalog)
        return
    assert service is not None
    with service.client() as client:
        yield replaying.Replay(replaying.make_caller(client.app), secrets, headers, masks, catalog)


def _pair(text: str, separator: str) -> tuple[str, str]:
    name, separator_match, value = text.partition(separator)
    if not separator_match or not name.strip():
        raise click.UsageError(f"'{name}' is not NAME{separator}VALUE.")
    value = value.strip()
    if value.startswith("@"):
        try:
            value = Path(value[1:]).read_text().strip()
        except OSError as error:
            raise click.UsageError(f"{value[1:]} can't be read: {error.strerror}.") from None
    return name.strip(), value
