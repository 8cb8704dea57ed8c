"""Sessions and messages in responses, without the customers that the caller may not see.

A session belongs to one account, but its customer may belong to another. A caller who does not see the customer's account gets neither the
customer's name nor its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gateway import Context, Principal
from gateway.sessions import people
from gateway.sessions.callers import is_administrator
from models import Unit
from models.sessions import account_list


def show(row: Any, context: Context) -> Any:
    """Return a session or message, as a row or an instance of its DTO, as the caller sees it."""
    caller = context.caller
    # PERF: most sessions have no customer.
    if caller is not None and row.customer_id is None and not getattr(row, "customer_breadcrumb", None):
        return row
    return show_to(context.principal, context.unit, [row])[0]


def show_to(caller: Principal, unit: Unit, rows: Sequence[Any]) -> Sequence[Any]:
    """Return sessions or messages as the caller sees them."""
    customers = (
        set() if is_administrator(caller) else {customer_id for row in rows for customer_id in _list_customers(row)}
    )
    if not customers:
        return rows
    accounts = account_list.read_customer_accounts(unit, customers)
    hidden = {
        customer_id
        for customer_id in customers
        if customer_id in accounts and not people.may_see(caller, accounts[customer_id])
    }
    return [_hide_customers(row, hidden) for row in rows] if hidden else rows


def list_visible_customers(ids: Sequence[str] | None, context: Context) -> Sequence[str] | None:
    """Return the ids of a filter without those of customers that the caller does not see: a filter must not reveal hidden customers."""
    caller = context.principal
    if not ids or is_administrator(caller):
        return ids
    accounts = account_list.read_customer_accounts(context.unit, set(ids))
    return [
        customer_id
        for customer_id in ids
        if customer_id not in accounts or people.may_see(caller, accounts[customer_id])
    ]


def _list_customers(row: Any) -> Iterable[str]:
    if row.customer_id is not None:
        yield row.customer_id
    for crumb in getattr(row, "customer_breadcrumb", None) or ():
        yield crumb.id


def _hide_customers(row: Any, hidden: set[str]) -> Any:
    if hidden.isdisjoint(_list_customers(row)):
        return row
    changes: dict[str, Any] = {"customer_id": None, "customer_name": None} if row.customer_id in hidden else {}
    # A session with hidden fields has no version: the complete document is cached under its ETag.
    changes["version"] = None
    crumbs = getattr(row, "customer_breadcrumb", None)
    if crumbs is not None:
        changes["customer_breadcrumb"] = [crumb for crumb in crumbs if crumb.id not in hidden]
    changes = {name: value for name, value in changes.items() if hasattr(row, name)}
    if hasattr(row, "_replace"):
        return row._replace(**changes)
    for name, value in changes.items():
        setattr(row, name, value)
    return row
