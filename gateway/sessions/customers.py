"""Use cases of customers: list and create them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway import Context, Instance, Principal, close, lists
from gateway.audit import Event
from gateway.contract.lists import ListResponse
from gateway.errors import FieldError, ValidationFailed
from gateway.sessions import people
from gateway.sessions.callers import visible_accounts
from gateway.sessions.declared import service
from gateway.sessions.dtos.customers import CustomerInfo, ListCustomers, NewCustomer
from gateway.sessions.shown import list_visible_customers
from models import Unit
from models.sessions import account, account_list
from models.sessions.session import BreadcrumbRow, fold

_PAGE = close(ListResponse, CustomerInfo)
_COLUMNS = tuple(name for name in CustomerInfo.schema().fields if name not in ("account_name", "breadcrumb"))


def _make_infos(unit: Unit, rows: Sequence[Any], caller: Principal) -> list[Instance]:
    """Return customers for the response, without their parent customers that the caller does not see."""
    names = account_list.read_account_names(unit, [row.account_id for row in rows])
    paths = account_list.read_customer_paths(unit, rows)
    return [_make_info(row, path, names.get(row.account_id), caller) for row, path in zip(rows, paths, strict=True)]


def _make_info(row: Any, path: Sequence[Any], account_name: str | None, caller: Principal) -> Instance:
    values = {name: getattr(row, name) for name in _COLUMNS}
    visible_path = [customer for customer in path if people.may_see(caller, customer.account_id)]
    if row.parent_customer_id not in {customer.id for customer in visible_path}:
        values["parent_customer_id"] = None
    crumbs = [BreadcrumbRow(customer.id, customer.name) for customer in visible_path]
    return CustomerInfo.instance({**values, "account_name": account_name, "breadcrumb": crumbs})


@service.handles(ListCustomers)
def list_customers(request: ListCustomers, context: Context) -> Any:
    """Return the customers of the accounts that the caller sees."""
    filters = {
        "visible_accounts": visible_accounts(context.principal),
        "account_ids": lists.drop_empty(request.account_ids),
        "parent_customer_ids": list_visible_customers(lists.drop_empty(request.parent_customer_ids), context),
        "ids": lists.drop_empty(request.specific_ids),
        "name_contains": fold(request.name_filter) or None,
    }
    caller = context.principal
    rows = lists.Converted(account_list.customers, lambda unit, rows: _make_infos(unit, rows, caller))
    return lists.build_response(_PAGE, CustomerInfo, request, context.unit, rows, filters, by="date_created")


@service.handles(NewCustomer)
def create(request: NewCustomer, context: Context) -> Instance:
    """Store a new customer, in the caller's first account if none is named.

    Raises ValidationFailed with a NotFound for an account or a parent that the caller does not see.
    """
    failures = []
    account_id = request.account_id or next(iter(context.principal.account_ids), "")
    if not people.may_see(context.principal, account_id) or account.get(context.unit, account_id) is None:
        failures.append(FieldError("NotFound", "accountId", f"There is no account '{account_id}'."))
    parent_id = request.parent_customer_id or None
    if parent_id is not None and people.visible_customer(context, parent_id) is None:
        failures.append(FieldError("NotFound", "parentCustomerId", f"There is no customer '{parent_id}'."))
    if failures:
        raise ValidationFailed(NewCustomer.__name__, failures)
    row = account.insert_customer(
        context.unit,
        account_id=account_id,
        name=request.name,
        parent_customer_id=parent_id,
        reference_id=request.reference_id,
        now=context.now,
        by=context.principal.user_id,
    )
    context.record(Event.CUSTOMER_ADDED, row.id, account=row.account_id)
    return _make_infos(context.unit, [row], context.principal)[0]
