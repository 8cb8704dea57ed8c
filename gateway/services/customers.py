"""Customers: listed and made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.contract.dto import Instance, close
from gateway.dtos.catalog import catalog
from gateway.dtos.common import ListResponse
from gateway.dtos.customers import CustomerInfo, ListCustomers, NewCustomer
from gateway.errors import FieldError, ValidationFailed
from gateway.services import lists, people
from gateway.services.context import Context
from models import Unit, account, account_list
from models.session import BreadcrumbRow, fold

_COLUMNS = tuple(name for name in CustomerInfo.schema().fields if name not in ("account_name", "breadcrumb"))


def _infos(unit: Unit, rows: Sequence[Any]) -> list[Instance]:
    names = account_list.account_names(unit, [each.account_id for each in rows])
    return [
        CustomerInfo.instance(
            {
                **{name: getattr(row, name) for name in _COLUMNS},
                "account_name": names.get(row.account_id),
                "breadcrumb": [BreadcrumbRow(each.id, each.name) for each in path],
            }
        )
        for row, path in zip(rows, account_list.customer_paths(unit, rows), strict=True)
    ]


_ROWS = lists.Converted(account_list.customers, _infos)


@catalog.handles(ListCustomers)
def list_customers(request: Instance, context: Context) -> Any:
    """The customers of the accounts that the caller sees."""
    filters = {
        "visible_accounts": context.principal.visible_accounts,
        "account_ids": lists.given(request.account_ids),
        "parent_customer_ids": lists.given(request.parent_customer_ids),
        "ids": lists.given(request.specific_ids),
        "name_contains": fold(request.name_filter) or None,
    }
    returns = close(ListResponse, CustomerInfo)
    return lists.answer(returns, CustomerInfo, request, context.unit, _ROWS, filters, by="date_created")


@catalog.handles(NewCustomer)
def create(request: Instance, context: Context) -> Instance:
    """Store a new customer, of the caller's first account where none is named.

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
    return _infos(context.unit, [row])[0]
