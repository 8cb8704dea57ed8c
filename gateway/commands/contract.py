"""``gateway types``, ``routes`` and ``openapi``: metadata of the service, without a server."""

from __future__ import annotations

import click

from gateway.commands.chosen import load_service
from gateway.commands.output import json_option, print_json
from gateway.importing import sources
from gateway.metadata import types as languages
from gateway.metadata.languages.options import Options
from gateway.metadata.library import Document, Library
from gateway.metadata.pages import list_rules
from gateway.terminal import counted
from serializers.registry import default_registry

_BASE_URL = click.option(
    "--base-url",
    default="http://localhost:8000",
    show_default=True,
    help="URL of the service, written into the document.",
)


def _make_library() -> Library:
    service = load_service()
    return Library(service.catalog, default_registry(service.dialect), service.title, service.version)


def _print_document(document: Document) -> None:
    """Print the bytes that a server sends."""
    click.echo(document.body, nl=False)


@click.command()
@click.argument("language")
@click.option(
    "--include",
    metavar="NAMES",
    help="IncludeTypes: names separated by commas; NewSession.* includes the types that it uses.",
)
@click.option("--exclude", metavar="NAMES", help="ExcludeTypes: names separated by commas.")
@click.option(
    "--option",
    "options",
    metavar="NAME=VALUE",
    multiple=True,
    help="An option of the language, as in the document's head; may be repeated.",
)
@click.option(
    "--from",
    "source",
    metavar="SOURCE",
    help="The contract of another host instead of the service's: a file, a URL or -, as for 'gateway import'.",
)
@click.option(
    "--version",
    metavar="VERSION",
    help="Write types as this version of ServiceStack does, such as 5.8 or 10.1. By default that of the service's dialect.",
)
@_BASE_URL
def types(
    language: str,
    include: str | None,
    exclude: str | None,
    options: tuple[str, ...],
    source: str | None,
    version: str | None,
    base_url: str,
) -> None:
    """Print the API's types in LANGUAGE: csharp, typescript, java, python or another that /types lists.

    \b
    Examples:
      gateway types csharp > dtos.cs
      gateway types typescript --include 'NewSession.*' --base-url https://api.example.org
      gateway types rust --from metadata.json
      gateway types csharp --version 10.1
    """
    names_by_lower = {name.lower(): name for name in languages.find_language(language).list_options()}
    language_options = [(name, value) for name, _, value in (text.partition("=") for text in options)]
    for name, _ in language_options:
        if name.lower() not in names_by_lower:
            raise click.BadParameter(
                f"there is no '{name}' in {language}; there are {', '.join(names_by_lower.values())}."
            )
    language_options += [
        (name, value)
        for name, value in (("IncludeTypes", include), ("ExcludeTypes", exclude), ("version", version))
        if value
    ]
    if source is None:
        _print_document(_make_library().render_types(None, language, language_options, base_url))
    else:
        contract = sources.import_from(source).contract
        click.echo(languages.generate(language, contract, Options.of(language_options, base_url, "")), nl=False)


@click.command()
@json_option
def routes(*, as_json: bool) -> None:
    """Print every route: verbs, path, operation and access."""
    rows = []
    for operation in load_service().catalog:
        assert operation.access is not None
        roles_text = ", ".join(roles for _, roles in list_rules(operation.access))
        access_text = roles_text or ("signed in" if operation.access.signed_in else "anyone")
        rows += [(route.path, ",".join(route.verbs), operation.name, access_text) for route in operation.addresses]
    if as_json:
        print_json(
            [
                {"path": path, "verbs": verbs.split(","), "operation": name, "access": access}
                for path, verbs, name, access in sorted(rows)
            ]
        )
        return
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for path, verbs, name, access_text in sorted(rows):
        click.echo(f"{verbs:<{widths[1]}}  {path:<{widths[0]}}  {name:<{widths[2]}}  {access_text}")


@click.command()
@json_option
def check(*, as_json: bool) -> None:
    """Check the service's declarations, without a server."""
    service = load_service()
    service.check_paths()
    if as_json:
        print_json(
            {
                "title": service.title,
                "operations": sorted(service.catalog.operations),
                "tables": [rows.owner for rows in service.rows],
            }
        )
        return
    owners = ", ".join(rows.owner for rows in service.rows) or "none"
    click.echo(f"{service.title}: {counted(len(service.catalog.operations), 'operation')}, no faults; tables: {owners}")


@click.command()
@_BASE_URL
def openapi(base_url: str) -> None:
    """Print the API as OpenAPI 3.1.

    \b
    Example:
      gateway openapi --base-url https://api.example.org > openapi.json
    """
    _print_document(_make_library().openapi(None, base_url))
