"""Use cases of users: managers list, create and change them.

A manager sees the users of the manager's accounts, a SystemAdministrator all; other users get NotFound. A manager cannot change
users with rights that the manager lacks, nor get tokens for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway import Context, Dto, Instance, Principal, close, lists
from gateway.audit import Event
from gateway.calls import authorize
from gateway.contract.lists import ListResponse
from gateway.errors import Conflict, FieldError, Forbidden, NotAuthenticated, NotFound, RoleMissing, ValidationFailed
from gateway.sessions import people
from gateway.sessions.callers import is_administrator, visible_accounts
from gateway.sessions.declared import ROLES, SYSTEM_ADMINISTRATOR, USER, catalog, service
from gateway.sessions.dtos.users import ListUsers, NewUser, PatchUser, UserInfo
from gateway.users.administration import SHORTEST, find_password_fault
from gateway.users.authentication import get_authenticator
from gateway.users.passwords import LONGEST
from gateway.users.rights import change_rights, covers
from models import Unit
from models.engine.listing import Order
from models.sessions import account, account_list
from models.users import identity, user, user_list
from models.users.user_list import UserRow

_PAGE = close(ListResponse, UserInfo)
#: Attributes of the response that are not columns, and the columns that sort them.
_SORTED_BY = {"name": "first_name", "is_authenticated": "date_created"}


@service.handles(ListUsers)
def list_users(request: ListUsers, context: Context) -> Any:
    """Return the users that the caller sees and that pass every filter."""
    filters = {
        "visible_accounts": visible_accounts(context.principal),
        "account_ids": _filter_accounts(lists.drop_empty(request.account_ids), context.principal),
        "ids": lists.drop_empty(request.specific_ids),
        "email_contains": (request.email_filter or "").casefold() or None,
    }
    rows = _ConvertedUsers(context.principal)
    return lists.build_response(_PAGE, UserInfo, request, context.unit, rows, filters, by="date_created")


@service.handles(NewUser)
def create(request: NewUser, context: Context) -> Instance:
    """Store a new user with the role User. Raises ValidationFailed, and Conflict if the e-mail address is taken."""
    _check_new(request, context)
    hashed = _hash(request.password, context)
    _refresh_caller(context, NewUser)
    _check_new(request, context)
    if user.find_by_email(context.unit, request.email_address) is not None:
        raise Conflict("A user with this e-mail address already exists.")
    row = user.insert(
        context.unit,
        email_address=request.email_address,
        account_ids=[request.account_id or context.principal.account_ids[0]],
        roles=[USER],
        now=context.now,
        password_hash=hashed,
        password_set_by=None if hashed is None else context.principal.user_id,
        first_name=request.first_name,
        last_name=request.last_name,
    )
    context.record(Event.USER_ADDED, row.id, email=row.email_address)
    return _convert_users(context.unit, [_get_existing(context.unit, row.id)], context.principal)[0]


@service.handles(PatchUser)
def patch(request: PatchUser, context: Context) -> Instance:
    """Change the given fields; empty lists, which some clients always send, are ignored. Raises NotFound, Forbidden, ValidationFailed."""
    _check_patch(request, context)
    hashed = _hash(request.new_password, context)
    # Rights may have changed while the hash was computed, so the transaction that writes checks them again.
    _refresh_caller(context, PatchUser, request.user_id)
    row = _check_patch(request, context)
    _apply(request, context, row, hashed)
    return _convert_users(context.unit, [_get_existing(context.unit, row.id)], context.principal)[0]


def _check_new(request: NewUser, context: Context) -> None:
    guesses = (request.email_address, request.first_name, request.last_name)
    failures = [*_check_password("password", request.password, guesses), *_check_account(request, context)]
    if failures:
        raise ValidationFailed(NewUser.__name__, failures)


def _check_patch(request: PatchUser, context: Context) -> UserRow:
    """Check a change, and return the user that it changes. Raises NotFound, Forbidden, ValidationFailed."""
    row = get_visible(context, request.user_id)
    check_covers(context.principal, row)
    if request.roles and not is_administrator(context.principal):
        raise RoleMissing
    failures = [
        *_check_password("newPassword", request.new_password, (row.email_address, row.first_name, row.last_name)),
        *_check_roles(request.roles or ()),
        *_check_accounts(request.account_ids or (), context),
    ]
    if failures:
        raise ValidationFailed(PatchUser.__name__, failures)
    return row


def _refresh_caller(context: Context, operation: type[Dto], target_id: str = "") -> None:
    """Read the caller's current rights, and lock the caller and the target until the transaction ends.

    Raises NotAuthenticated and Forbidden if the caller may no longer call the operation.
    """
    user.lock(context.unit, context.principal.user_id, target_id)
    caller_row = identity.find_by_id(context.unit, context.principal.user_id)
    if caller_row is None or caller_row.disabled:
        raise NotAuthenticated
    context.caller = replace(
        context.principal, roles=frozenset(caller_row.roles), account_ids=tuple(caller_row.account_ids)
    )
    access = catalog.operations[operation.__name__].access
    assert access is not None
    authorize(context.caller, access)


def _apply(request: PatchUser, context: Context, row: UserRow, hashed: str | None) -> None:
    changes: dict[str, Any] = {
        name: getattr(request, name) for name in ("first_name", "last_name") if getattr(request, name) is not None
    }
    names = list(changes)
    if hashed is not None:
        changes |= {"password_hash": hashed, "password_set_by": context.principal.user_id}
    roles = list(dict.fromkeys(request.roles)) if request.roles else None
    account_ids = list(dict.fromkeys(request.account_ids)) if request.account_ids else None
    voided = change_rights(
        context.unit, row, context.now, SYSTEM_ADMINISTRATOR, roles=roles, account_ids=account_ids, **changes
    )
    values = {"roles": roles, "password": hashed, "accounts": account_ids}
    field_names = [*names, *(name for name, value in values.items() if value)]
    context.record(Event.USER_CHANGED, row.id, changed=field_names, roles=roles, accounts=account_ids)
    if voided:
        context.record(Event.PASSWORD_VOIDED, row.id)


def _filter_accounts(account_ids: Sequence[str] | None, caller: Principal) -> Sequence[str] | None:
    """Return the accounts of a filter that the caller may see."""
    return (
        None
        if account_ids is None
        else [account_id for account_id in account_ids if people.may_see(caller, account_id)]
    )


class _ConvertedUsers:
    """The rows of a list, converted for the response."""

    def __init__(self, caller: Principal) -> None:
        self._caller = caller

    def page(self, unit: Unit, filters: Mapping[str, Any], order: Order, limit: int, offset: int) -> Sequence[Instance]:
        """Return at most `limit` users after `offset`."""
        return _convert_users(unit, user_list.page(unit, filters, _map_order(order), limit, offset), self._caller)

    def count(self, unit: Unit, filters: Mapping[str, Any], most: int | None = None) -> int:
        """Return the number of users, at most `most`."""
        return user_list.count(unit, filters, most)

    def is_sorted_by_index(self, order: Order) -> bool:
        """Return whether an index has the rows in this order."""
        return user_list.is_sorted_by_index(_map_order(order))

    def everything(self, unit: Unit, filters: Mapping[str, Any], order: Order) -> Iterator[Instance]:
        """Yield every user, read in blocks."""
        for block in user_list.read_blocks(unit, filters, _map_order(order)):
            yield from _convert_users(unit, block, self._caller)


def _map_order(order: Order) -> Order:
    return Order(_SORTED_BY.get(order.column, order.column), order.descending)


def _convert_users(unit: Unit, rows: Sequence[UserRow], caller: Principal) -> Sequence[Instance]:
    """Return the users as the caller sees them: with the accounts that the caller sees."""
    ids = {account_id for row in rows for account_id in row.account_ids if people.may_see(caller, account_id)}
    names = account_list.read_account_names(unit, ids)
    return [_make_info(row, names, caller) for row in rows]


def _make_info(row: UserRow, names: Mapping[str, str], caller: Principal) -> Instance:
    """Return the user with those accounts whose names are given. Only the caller is shown as signed in."""
    account_ids = [account_id for account_id in row.account_ids if account_id in names]
    return UserInfo.new(
        id=row.id,
        is_authenticated=row.id == caller.user_id,
        first_name=row.first_name,
        last_name=row.last_name,
        name=" ".join(name for name in (row.first_name, row.last_name) if name) or row.email_address,
        avatar_url=row.avatar_url,
        email_address=row.email_address,
        roles=list(row.roles),
        account_ids=account_ids,
        account_names=[names[account_id] for account_id in account_ids],
    )


def get_caller_info(context: Context) -> Instance:
    """Return the signed-in user for the response, or None."""
    if context.caller is None:
        return UserInfo.new(is_authenticated=False)
    row = user_list.get(context.unit, context.caller.user_id)
    if row is None:
        raise NotAuthenticated
    return _convert_users(context.unit, [row], context.caller)[0]


def get_visible(context: Context, user_id: str) -> UserRow:
    """Return the user with this id, if the caller sees it. Raises NotFound."""
    row = _find_visible(context, user_id)
    if row is None:
        raise NotFound(f"There is no user '{user_id}'.")
    return row


def get_visible_by_email(context: Context, email_address: str) -> UserRow:
    """Return the user with this e-mail address, if the caller sees it. Raises NotFound."""
    email_owner = user.find_by_email(context.unit, email_address)
    row = None if email_owner is None else _find_visible(context, email_owner.id)
    if row is None:
        raise NotFound(f"There is no user '{email_address}'.")
    return row


def _find_visible(context: Context, user_id: str) -> UserRow | None:
    row = user_list.get(context.unit, user_id)
    accounts = visible_accounts(context.principal)
    return None if row is None or (accounts is not None and set(accounts).isdisjoint(row.account_ids)) else row


def check_covers(caller: Principal, row: UserRow) -> None:
    """Check that the caller has all rights of a user. Raises Forbidden."""
    if not covers(caller, row.roles, row.account_ids, SYSTEM_ADMINISTRATOR):
        raise Forbidden("This user has roles or accounts that you do not have.")


def _get_existing(unit: Unit, user_id: str) -> UserRow:
    row = user_list.get(unit, user_id)
    assert row is not None
    return row


def _hash(password: str | None, context: Context) -> str | None:
    """Return the password's hash. The unit of work is suspended during the computation, so that others can write."""
    if not password:
        return None
    passwords = get_authenticator(context).passwords
    with context.unit.suspended(), passwords.wait_in_line(f"user {context.principal.user_id}"):
        return passwords.hash(password)


def _check_password(name: str, password: str | None, guesses: Sequence[str | None]) -> Iterator[FieldError]:
    fault = find_password_fault(password, guesses) if password else ""
    if fault:
        code = "Predicate" if SHORTEST <= len(password or "") <= LONGEST else "Length"
        yield FieldError(code, name, fault[:1].upper() + fault[1:] + ".")


def _check_roles(roles: Sequence[str]) -> Iterator[FieldError]:
    for index, role in enumerate(roles):
        if role not in ROLES:
            yield FieldError("Enum", f"roles[{index}]", f"There is no role '{role}'; there are {', '.join(ROLES)}.")


def _check_accounts(account_ids: Sequence[str], context: Context) -> Iterator[FieldError]:
    for index, account_id in enumerate(account_ids):
        if not _is_account(account_id, context):
            yield FieldError("NotFound", f"accountIds[{index}]", f"There is no account '{account_id}'.")


def _check_account(request: NewUser, context: Context) -> Iterator[FieldError]:
    if request.account_id:
        if not _is_account(request.account_id, context):
            yield FieldError("NotFound", "accountId", f"There is no account '{request.account_id}'.")
    elif not context.principal.account_ids:
        yield FieldError("NotEmpty", "accountId", "'Account Id' must not be empty.", {"PropertyName": "Account Id"})


def _is_account(account_id: str, context: Context) -> bool:
    return people.may_see(context.principal, account_id) and account.get(context.unit, account_id) is not None
