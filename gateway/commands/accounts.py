"""``gateway account``: the accounts that sessions and users belong to."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from gateway import audit
from gateway.audit import Event
from gateway.calls import instant
from gateway.commands.databases import open_database
from gateway.commands.output import json_option, print_json, print_line
from gateway.errors import GatewayError
from gateway.transactions import unit_of_work
from models.engine.fields import SHORT
from models.engine.listing import Order
from models.sessions import account as accounts
from models.sessions import account_list

_BY_NAME = Order("name", descending=False)


class AccountError(GatewayError):
    """An account that can't be added, with the reason."""


@click.group()
def account() -> None:
    """Manage accounts.

    \b
    Examples:
      gateway account add Acme
      gateway account add "Acme Sales" --parent Acme
      gateway account list
    """


@account.command()
@click.argument("name")
@click.option("--parent", metavar="NAME", help="The account above the new one; if omitted, there is none.")
def add(name: str, parent: str | None) -> None:
    """Add an account."""
    if not name.strip() or len(name) > SHORT:
        raise AccountError(f"an account's name has 1 to {SHORT} characters, and not only blanks")
    database = open_database(changes=True)
    with unit_of_work(database) as unit:
        if accounts.find_by_name(unit, name) is not None:
            raise AccountError(f"there is an account {name} already")
        parent_row = None if parent is None else accounts.find_by_name(unit, parent)
        if parent is not None and parent_row is None:
            raise AccountError(f"there is no account {parent}")
        now = instant(datetime.now(UTC))
        row = accounts.insert(
            unit, name=name, parent_account_id=parent_row.id if parent_row else None, now=now, by=None
        )
    audit.record(Event.ACCOUNT_ADDED, user="command line", target=row.id, parent=row.parent_account_id)
    print_line(f"added {row.name} ({row.id})")


@account.command("list")
@json_option
def list_accounts(*, as_json: bool) -> None:
    """List accounts by name, with their ids and the names of the accounts above them."""
    database = open_database(changes=False)
    with unit_of_work(database, write=False) as unit:
        rows = list(account_list.accounts.everything(unit, {}, _BY_NAME))
        paths = account_list.read_account_paths(unit, rows)
    names = [[account_row.name for account_row in path[:-1]] for path in paths]
    if as_json:
        print_json(
            [
                {"id": row.id, "name": row.name, "parentAccountId": row.parent_account_id, "above": ancestors}
                for row, ancestors in zip(rows, names, strict=True)
            ]
        )
        return
    for row, ancestors in zip(rows, names, strict=True):
        print_line(f"{row.name}  {row.id}" + (f"  in {' / '.join(ancestors)}" if ancestors else ""))
