"""Use cases of accounts: list, read, create and change them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway import Context, Instance, Principal, close, lists
from gateway.audit import Event
from gateway.contract.lists import ListResponse
from gateway.errors import Conflict, FieldError, NotFound, ValidationFailed
from gateway.sessions import people
from gateway.sessions.callers import visible_accounts
from gateway.sessions.declared import service
from gateway.sessions.dtos.accounts import AccountInfo, GetAccount, ListAccounts, NewAccount, PatchAccount
from models import Unit
from models.sessions import account, account_list
from models.sessions.session import fold

_PAGE = close(ListResponse, AccountInfo)
_COLUMNS = tuple(name for name in AccountInfo.schema().fields if name != "ancestor_ids")


def _make_infos(unit: Unit, rows: Sequence[Any], caller: Principal) -> list[Instance]:
    """Return accounts for the response, without their parent accounts that the caller does not see."""
    paths = account_list.read_account_paths(unit, rows)
    return [_make_info(row, path[:-1], caller) for row, path in zip(rows, paths, strict=True)]


def _make_info(row: Any, ancestors: Sequence[Any], caller: Principal) -> Instance:
    values = {name: getattr(row, name) for name in _COLUMNS}
    if not people.may_see(caller, row.parent_account_id):
        values["parent_account_id"] = None
    ancestor_ids = [ancestor.id for ancestor in ancestors if people.may_see(caller, ancestor.id)]
    return AccountInfo.instance({**values, "ancestor_ids": ancestor_ids})


@service.handles(ListAccounts)
def list_accounts(request: ListAccounts, context: Context) -> Any:
    """Return the caller's accounts; for a SystemAdministrator, all accounts."""
    filters = {
        "visible_accounts": visible_accounts(context.principal),
        "ids": lists.drop_empty(request.specific_ids),
        "name_contains": fold(request.name_filter) or None,
    }
    caller = context.principal
    rows = lists.Converted(account_list.accounts, lambda unit, rows: _make_infos(unit, rows, caller))
    return lists.build_response(_PAGE, AccountInfo, request, context.unit, rows, filters, by="date_created")


@service.handles(GetAccount)
def read(request: GetAccount, context: Context) -> Instance:
    """Return the account. Raises NotFound if it does not exist or is not one of the caller's."""
    return _show(_get_account(request.account_id, context), context)


@service.handles(NewAccount)
def create(request: NewAccount, context: Context) -> Instance:
    """Store a new account. Raises ValidationFailed if the parent does not exist."""
    parent = _find_parent(NewAccount.__name__, request, context)
    row = account.insert(
        context.unit,
        name=request.name,
        parent_account_id=None if parent is None else parent.id,
        now=context.now,
        by=context.principal.user_id,
    )
    context.record(Event.ACCOUNT_ADDED, row.id, parent=row.parent_account_id)
    return _show(row, context)


@service.handles(PatchAccount)
def patch(request: PatchAccount, context: Context) -> Instance:
    """Change the given fields. Raises NotFound, ValidationFailed if the parent does not exist, and Conflict for a cycle."""
    row = _get_account(request.account_id, context)
    parent = _find_parent(PatchAccount.__name__, request, context)
    changes: dict[str, Any] = {}
    if request.name:
        changes["name"] = request.name
    if parent is not None:
        changes["parent_account_id"] = parent.id
        if row.id in (ancestor.id for ancestor in account_list.read_account_paths(context.unit, [parent])[0]):
            raise Conflict("An account can't be part of itself.")
    if changes:
        row = account.update(context.unit, row.id, changes, now=context.now, by=context.principal.user_id)
        context.record(Event.ACCOUNT_CHANGED, row.id, changed=list(changes))
    return _show(row, context)


def _show(row: Any, context: Context) -> Instance:
    return _make_infos(context.unit, [row], context.principal)[0]


def _get_account(account_id: str, context: Context) -> Any:
    row = account.get(context.unit, account_id) if people.may_see(context.principal, account_id) else None
    if row is None:
        raise NotFound(f"There is no account '{account_id}'.")
    return row


def _find_parent(operation: str, request: NewAccount | PatchAccount, context: Context) -> Any:
    if not request.parent_account_id:
        return None
    parent = account.get(context.unit, request.parent_account_id)
    if parent is None:
        message = f"There is no account '{request.parent_account_id}'."
        raise ValidationFailed(operation, [FieldError("NotFound", "parentAccountId", message)])
    return parent
