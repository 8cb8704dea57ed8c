"""Lists of accounts and customers with their ancestors, read by one statement for each level of the tree, not for each row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from models.engine.conditions import contains, within
from models.engine.database import Unit
from models.engine.listing import BLOCK, Order
from models.engine.table_list import TableList
from models.sessions.account import ACCOUNTS, CUSTOMERS, DEEPEST
from models.sessions.tables import Account, Customer

#: Filters: ``name_contains`` (folded), ``ids``, ``visible_accounts``.
accounts = TableList(
    ACCOUNTS,
    one={"name_contains": contains(Account.name_folded)},
    several={"ids": within(Account.id), "visible_accounts": within(Account.id)},
)

#: Filters: ``name_contains`` (folded), ``ids``, ``account_ids``, ``parent_customer_ids``, ``visible_accounts``.
customers = TableList(
    CUSTOMERS,
    one={"name_contains": contains(Customer.name_folded)},
    several={
        "ids": within(Customer.id),
        "account_ids": within(Customer.account_id),
        "parent_customer_ids": within(Customer.parent_customer_id),
        "visible_accounts": within(Customer.account_id),
    },
    keys={"account_name": Account.select(Account.name).where(Account.id == Customer.account_id)},
)

_BY_ID = Order("id", descending=False)


def account_paths(unit: Unit, rows: Sequence[Any]) -> list[list[Any]]:
    """Return, for each account, the accounts above it, the root first, and the account itself."""
    return _paths(unit, accounts, rows, "parent_account_id")


def customer_paths(unit: Unit, rows: Sequence[Any]) -> list[list[Any]]:
    """Return, for each customer, the customers above it, the root first, and the customer itself."""
    return _paths(unit, customers, rows, "parent_customer_id")


def account_names(unit: Unit, ids: Iterable[str]) -> dict[str, str]:
    """Return the names of accounts by id."""
    wanted = sorted(set(ids))
    return {each.id: each.name for each in accounts.page(unit, {"ids": wanted}, _BY_ID, len(wanted))}


def customer_accounts(unit: Unit, ids: Iterable[str]) -> dict[str, str]:
    """Return the ids of customers' accounts by the customers' ids; customers that do not exist are omitted."""
    found: dict[str, str] = {}
    wanted = iter(sorted(ids))
    while block := list(islice(wanted, BLOCK)):
        rows = customers.page(unit, {"ids": block}, _BY_ID, len(block))
        found |= {each.id: each.account_id for each in rows}
    return found


def _paths(unit: Unit, listed: TableList, rows: Sequence[Any], parent: str) -> list[list[Any]]:
    known: dict[str | None, Any] = {each.id: each for each in rows}
    level = list(rows)
    for _ in range(DEEPEST):
        missing = sorted({getattr(each, parent) for each in level} - known.keys() - {None})
        if not missing:
            break
        level = listed.page(unit, {"ids": missing}, _BY_ID, len(missing))
        known |= {each.id: each for each in level}
    return [_path(each, known, parent) for each in rows]


def _path(row: Any, known: dict[str | None, Any], parent: str) -> list[Any]:
    path = [row]
    while len(path) < DEEPEST and (above := known.get(getattr(path[-1], parent))) is not None:
        path.append(above)
    return path[::-1]
