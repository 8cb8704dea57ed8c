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


def read_account_paths(unit: Unit, rows: Sequence[Any]) -> list[list[Any]]:
    """Return, for each account, the accounts above it, the root first, and the account itself."""
    return _read_paths(unit, accounts, rows, "parent_account_id")


def read_customer_paths(unit: Unit, rows: Sequence[Any]) -> list[list[Any]]:
    """Return, for each customer, the customers above it, the root first, and the customer itself."""
    return _read_paths(unit, customers, rows, "parent_customer_id")


def read_account_names(unit: Unit, ids: Iterable[str]) -> dict[str, str]:
    """Return the names of accounts by id."""
    account_ids = sorted(set(ids))
    return {account.id: account.name for account in accounts.page(unit, {"ids": account_ids}, _BY_ID, len(account_ids))}


def read_customer_accounts(unit: Unit, ids: Iterable[str]) -> dict[str, str]:
    """Return the ids of customers' accounts by the customers' ids; customers that do not exist are omitted."""
    account_ids: dict[str, str] = {}
    customer_ids = iter(sorted(ids))
    while block := list(islice(customer_ids, BLOCK)):
        rows = customers.page(unit, {"ids": block}, _BY_ID, len(block))
        account_ids |= {customer.id: customer.account_id for customer in rows}
    return account_ids


def _read_paths(unit: Unit, table_list: TableList, rows: Sequence[Any], parent: str) -> list[list[Any]]:
    rows_by_id: dict[str | None, Any] = {row.id: row for row in rows}
    level = list(rows)
    for _ in range(DEEPEST):
        missing = sorted({getattr(row, parent) for row in level} - rows_by_id.keys() - {None})
        if not missing:
            break
        level = table_list.page(unit, {"ids": missing}, _BY_ID, len(missing))
        rows_by_id |= {row.id: row for row in level}
    return [_build_path(row, rows_by_id, parent) for row in rows]


def _build_path(row: Any, rows_by_id: dict[str | None, Any], parent: str) -> list[Any]:
    path = [row]
    while len(path) < DEEPEST and (parent_row := rows_by_id.get(getattr(path[-1], parent))) is not None:
        path.append(parent_row)
    return path[::-1]
