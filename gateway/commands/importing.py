"""``gateway import``: conversion of another host's contract to a package of declarations."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from gateway.commands.new import check_name
from gateway.importing import package, sources
from gateway.importing.sources import Imported
from gateway.terminal import counted, printable


@click.command("import")
@click.argument("source")
@click.option(
    "--package", "name", metavar="NAME", help="Name of the package; if omitted, derived from the service's name."
)
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; print the changes in the source, and exit with status 1 if there are any.",
)
def import_(source: str, name: str | None, *, check: bool) -> None:
    """Write a package from the contract of another ServiceStack host.

    SOURCE is a file, the URL of a running host or of a document there, or - for standard input: metadata.json, app.json, OpenAPI,
    generated types, or a metadata page of an operation with its types, as HTML or text.

    Importing again into a package replaces its generated modules and leaves the others alone.

    \b
    Examples:
      gateway import metadata.json --package shop
      gateway import https://old-host --package shop
      gateway import dtos.cs --package shop --check
    """
    imported = sources.import_from(source)
    project = package.Project.of(name or _derive_name(imported), Path.cwd())
    if check:
        changes = package.find_changes(project, imported)
        click.echo(printable("\n".join(changes) or "nothing changed", kept="\n"))
        sys.exit(1 if changes else 0)
    if not project.exists:
        check_name(project.name, project.folder)
    files = package.write_package(project, imported)
    for line in files.changes:
        click.echo(printable(line))
    _report(imported, files, project.name)


def _report(imported: Imported, files: package.Written, name: str) -> None:
    contract = imported.contract
    summary = f"{counted(len(contract.operations), 'operation')}, {counted(len(contract.types), 'type')}"
    click.echo(printable(f"{summary}: wrote {', '.join(files.files) or 'nothing new'} in {files.folder.name}"))
    for kind, positions in imported.losses.positions.items():
        examples = ", ".join(positions[:3]) + (", …" if len(positions) > 3 else "")
        click.echo(printable(f"not in the declarations: {len(positions)} x {kind}: {examples}"), err=True)
    if imported.losses.positions:
        click.echo("README.rst lists all of them.", err=True)
    if not files.changes and len(files.files) > 3:
        click.echo(f"\n    cd {files.folder.name}\n    gateway serve {name}.service:service")


def _derive_name(imported: Imported) -> str:
    """Return a name for the package: that of the service, or of the file."""
    text = imported.title or Path(imported.source).stem
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_0123456789")[:30].strip("_")
    return name or "imported"
