"""``gateway mock``: a server with samples for another host's contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from gateway import logs
from gateway.importing import sources
from gateway.settings import Settings
from gateway.terminal import counted, printable


@click.command()
@click.argument("source")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port to listen on, instead of that in GATEWAY_BIND.")
@click.option("--seed", type=int, help="Vary the data; the same seed and request give the same response.")
@click.option(
    "--record",
    "record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append each request to this file as a line of JSON, without passwords and tokens.",
)
def mock(source: str, port: int | None, seed: int | None, record: Path | None) -> None:
    """Serve the contract of another ServiceStack host, without code: every operation returns a sample.

    SOURCE: see gateway import. Values of the request appear in the response where names match. Requests are validated. Every caller
    is signed in, with every role.

    \b
    Examples:
      gateway mock contract.json --port 8080
      gateway mock contract.json --seed 7 --record requests.jsonl
    """
    from gateway.importing.mock import FileRecorder, build_service
    from gateway.serving import application as serving
    from gateway.serving import listening

    settings = Settings.from_environment()
    if port is not None:
        settings = replace(settings, bind=listening.replace_port(settings.bind, port))
    imported = sources.import_from(source)
    recorder = None if record is None else FileRecorder(record.absolute())
    service = build_service(imported, seed=seed, recorder=recorder)
    logs.configure(settings.log, queued=True)
    app = service.application(settings)
    listener = listening.listen(settings.bind)
    number = len(imported.contract.operations)
    summary = f"{counted(number, 'operation')} {'returns' if number == 1 else 'return'} samples"
    click.echo(
        printable(f"{service.title}: {summary} at {listening.format_url(settings.bind)}"),
        err=True,
    )
    serving.Server(app, None, settings, listener).run()
