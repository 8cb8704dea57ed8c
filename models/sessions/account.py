"""Accounts, which own sessions, and customers, for whom sessions are held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.engine import ids
from models.engine.database import Unit
from models.engine.fields import SHORT
from models.engine.rows import Table
from models.engine.statements import Statement, param
from models.sessions.session import BreadcrumbRow
from models.sessions.tables import Account, Customer

ACCOUNTS = Table(Account, hidden=("name_folded",))
CUSTOMERS = Table(Customer, hidden=("name_folded",))

#: Levels of parents that are followed; more are taken for a cycle.
DEEPEST = 64

_ID_AND_NAME = Statement(lambda: Account.select(Account.id, Account.name).where(Account.id == param("id")))


def fold_name(name: str) -> str:
    """Return a name case-folded and cut to the column's length, because some letters get longer."""
    return name.casefold()[:SHORT]


def insert(unit: Unit, *, name: str, parent_account_id: str | None, now: str, by: str | None) -> Any:
    """Store a new account; return its row."""
    account_id = ids.new_id()
    ACCOUNTS.insert(
        unit,
        id=account_id,
        name=name,
        name_folded=fold_name(name),
        parent_account_id=parent_account_id,
        date_created=now,
        date_last_modified=now,
        created_by=by,
        last_modified_by=by,
    )
    return get(unit, account_id)


def get(unit: Unit, account_id: str) -> Any:
    """Return the account, or None."""
    return ACCOUNTS.find(unit, id=account_id)


def read_id_and_name(unit: Unit, account_id: str) -> tuple[str, str] | None:
    """Return the columns of the account that its sessions copy; None if it does not exist."""
    columns: tuple[str, str] | None = _ID_AND_NAME.run(unit, (account_id,)).fetchone()
    return columns


def find_by_name(unit: Unit, name: str) -> Any:
    """Return the first account with this name, in any letter case, or None."""
    return ACCOUNTS.find(unit, name_folded=fold_name(name))


def update(unit: Unit, account_id: str, changes: Mapping[str, Any], *, now: str, by: str) -> Any:
    """Change columns of an account and return the changed row."""
    search_columns = {"name_folded": fold_name(changes["name"])} if "name" in changes else {}
    edit_columns = {"date_last_modified": now, "last_modified_by": by}
    ACCOUNTS.update(unit, {"id": account_id}, **changes, **search_columns, **edit_columns)
    return get(unit, account_id)


def insert_customer(
    unit: Unit,
    *,
    account_id: str,
    name: str,
    parent_customer_id: str | None,
    reference_id: str | None,
    now: str,
    by: str | None,
) -> Any:
    """Store a new customer; return its row."""
    customer_id = ids.new_id()
    CUSTOMERS.insert(
        unit,
        id=customer_id,
        account_id=account_id,
        name=name,
        name_folded=fold_name(name),
        parent_customer_id=parent_customer_id,
        reference_id=reference_id,
        date_created=now,
        date_last_modified=now,
        created_by=by,
        last_modified_by=by,
    )
    return get_customer(unit, customer_id)


def get_customer(unit: Unit, customer_id: str) -> Any:
    """Return the customer, or None."""
    return CUSTOMERS.find(unit, id=customer_id)


def read_breadcrumb(unit: Unit, customer: Any) -> list[BreadcrumbRow]:
    """Return the customers above a customer and the customer itself, the root first."""
    crumbs = [BreadcrumbRow(customer.id, customer.name)]
    while customer is not None and customer.parent_customer_id and len(crumbs) < DEEPEST:
        customer = get_customer(unit, customer.parent_customer_id)
        if customer is not None:
            crumbs.append(BreadcrumbRow(customer.id, customer.name))
    return crumbs[::-1]
