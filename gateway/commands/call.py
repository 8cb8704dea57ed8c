"""``gateway call``: a call of one operation in this process, on the service's database."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from urllib.parse import urlencode

import click

from gateway.calls import Method, Principal
from gateway.commands.chosen import load_service
from gateway.commands.databases import open_database
from gateway.contract.catalog import Operation
from gateway.errors import GatewayError
from gateway.service import Service
from gateway.settings import Settings
from gateway.terminal import printable
from gateway.transactions import unit_of_work
from gateway.users.authenticator import make_principal
from gateway.users.part import find_users
from models import Database
from models.users import identity, user
from serializers.registry import default_registry

_FORMATS = [serializer.name for serializer in default_registry()]


class CallError(GatewayError):
    """A call that can't be made, with the reason."""


@click.command()
@click.argument("operation")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--as", "email", metavar="EMAIL", help="The user who calls; if omitted, an administrator.")
@click.option("--format", "format_name", type=click.Choice(_FORMATS), default="json", show_default=True)
def call(operation: str, values: tuple[str, ...], email: str | None, format_name: str) -> None:
    """Call an operation without a server, and print its response. Lists and objects are written in JSV.

    An error response goes to standard error, and the status is 1.

    \b
    Examples:
      gateway call NewSession displayName=Hi channel=Chat
      gateway call ListSessions countPerPage=5 --format csv
      gateway call NewUser emailAddress=bob@example.org 'roles=[User]' --as ann@example.org
    """
    service = load_service()
    service.check()
    declared_operation = _find_operation(service, operation)
    pairs = [_pair(declared_operation, text) for text in values]
    settings = Settings.from_environment()
    database = open_database(service, changes=declared_operation.writes) if service.rows else None
    from gateway.http.testing import Client

    caller = _find_caller(service, database, settings, email)
    app = service.application(settings, database)
    client = Client.of(app, service.catalog, database, caller, database.dispose if database else _do_nothing)
    verb = "POST" if "POST" in declared_operation.verbs else declared_operation.verbs[0]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    query, body = ("", urlencode(pairs)) if verb in ("POST", "PUT", "PATCH") else (urlencode(pairs), "")
    with client:
        response = client.request(
            verb,
            f"/{format_name}/reply/{declared_operation.name}",
            query_string=query,
            body=body,
            headers=form if body else {},
        )
    _print(response.content, failed=response.status_code >= 400)


def _do_nothing() -> None:
    """Do nothing: a service without tables has no database to close."""


def _find_operation(service: Service, name: str) -> Operation:
    operation = service.catalog.find(name)
    if operation is None:
        raise CallError(f"there is no operation {name!r}{_suggest_names(name, service.catalog.operations)}")
    return operation


def _pair(operation: Operation, text: str) -> tuple[str, str]:
    """Return a field's wire name and its text. Raises CallError when there is no such field."""
    name, equals, value = text.partition("=")
    if not equals:
        raise CallError(f"{text!r} is not NAME=VALUE")
    names = {field.lower(): field for field in operation.request_shape.fields}
    wire_name = names.get(name.partition("[")[0].lower())
    if wire_name is None:
        raise CallError(f"{operation.name} has no field {name!r}{_suggest_names(name, names.values())}")
    return name, value


def _suggest_names(name: str, names: Iterable[str]) -> str:
    by_lower = {name.lower(): name for name in names}
    matches = get_close_matches(name.lower(), by_lower, n=1)
    if matches:
        return f"; did you mean {by_lower[matches[0]]}?"
    return f"; there are {', '.join(by_lower.values())}" if by_lower else ""


def _find_caller(service: Service, database: Database | None, settings: Settings, email: str | None) -> Principal:
    """Return the user of an e-mail address, or an administrator. Raises CallError when there is none."""
    catalog = service.catalog
    if database is None or find_users(service) is None:
        if email is not None:
            raise CallError(f"{service.title} has no users, so --as has no effect")
        return Principal.of("command line", roles=catalog.roles)
    with unit_of_work(database, write=False) as unit:
        facts = identity.find_by_email(unit, email or settings.bootstrap_email)
        if email is None and (facts is None or facts.disabled or catalog.administrator not in facts.roles):
            administrators = (
                row for row in user.list_all(unit) if catalog.administrator in row.roles and not row.disabled
            )
            first = next(administrators, None)
            facts = None if first is None else identity.find_by_id(unit, first.id)
    if facts is None or facts.disabled:
        reason = "no user is an administrator" if email is None else f"there is no enabled user {email}"
        raise CallError(f"{reason}; name a user with --as, or add one with 'gateway user add'")
    return make_principal(facts, Method.OTHER)


def _print(content: bytes, *, failed: bool) -> None:
    """Print a response: JSON indented on a terminal, other text with a final line feed, binary content unchanged."""
    stream = sys.stderr if failed else sys.stdout
    try:
        text = content.decode()
    except UnicodeDecodeError:
        click.echo(content, nl=False, err=failed)
    else:
        if stream.isatty():
            text = printable(_indent(text), kept="\n")
        click.echo(text, nl=bool(text) and not text.endswith("\n"), err=failed)
    if failed:
        sys.exit(1)


def _indent(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
