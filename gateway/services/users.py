"""Users: listed, made, changed by those who manage them.

A manager sees the users of the manager's own accounts, a SystemAdministrator all; whom one may not see does not exist. Nobody gets at the
rights of somebody who may do more: not by a new password, not by a token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.contract.dto import Instance, close
from gateway.dtos.catalog import ROLES, SYSTEM_ADMINISTRATOR, USER, catalog
from gateway.dtos.common import ListResponse
from gateway.dtos.users import ListUsers, NewUser, PatchUser, UserInfo
from gateway.errors import Conflict, FieldError, Forbidden, NotAuthenticated, NotFound, ValidationFailed
from gateway.security import audit
from gateway.security.administration import password_fault, void_credentials
from gateway.security.audit import Event
from gateway.security.principal import Principal
from gateway.services import lists, people
from gateway.services.context import Context
from models import Unit, account, user, user_list
from models.listing import Order
from models.user_list import UserRow

#: Attributes of the answer that are no columns, and what sorts in their place.
_SORTED_BY = {"name": "first_name", "is_authenticated": "date_created"}


@catalog.handles(ListUsers)
def list_users(request: Instance, context: Context) -> Any:
    """The users that the caller sees and that pass every filter."""
    filters = {
        "visible_accounts": context.principal.visible_accounts,
        "account_ids": lists.given(request.account_ids),
        "ids": lists.given(request.specific_ids),
        "email_contains": (request.email_filter or "").casefold() or None,
    }
    rows = _Shown(context.principal)
    return lists.answer(
        close(ListResponse, UserInfo), UserInfo, request, context.unit, rows, filters, by="date_created"
    )


@catalog.handles(NewUser)
def create(request: Instance, context: Context) -> Instance:
    """Store a new user with the role User. Raises ValidationFailed, and Conflict where the e-mail address is taken."""
    failures = [*_password_failures("password", request.password), *_account_failures(request, context)]
    if failures:
        raise ValidationFailed(NewUser.__name__, failures)
    hashed = _hashed(request.password, context)
    if user.by_email(context.unit, request.email_address) is not None:
        raise Conflict("There is a user with this e-mail address already.")
    row = user.insert(
        context.unit,
        email_address=request.email_address,
        account_ids=[request.account_id or context.principal.account_ids[0]],
        roles=[USER],
        now=context.now,
        password_hash=hashed,
        first_name=request.first_name,
        last_name=request.last_name,
    )
    record(Event.USER_ADDED, context, row, email=row.email_address)
    return info(_existing(context.unit, row.id), context.principal)


@catalog.handles(PatchUser)
def patch(request: Instance, context: Context) -> Instance:
    """Change what is given; empty lists, which some clients always send, are left out. Raises NotFound, Forbidden, ValidationFailed."""
    row = visible(context, request.user_id)
    if request.new_password or request.roles:
        check_outranks(context.principal, row)
    if request.roles and not context.principal.is_administrator:
        raise Forbidden
    failures = [
        *_password_failures("newPassword", request.new_password),
        *_role_failures(request.roles or ()),
        *_accounts_failures(request.account_ids or (), context),
    ]
    if failures:
        raise ValidationFailed(PatchUser.__name__, failures)
    hashed = _hashed(request.new_password, context)
    _apply(request, context, visible(context, request.user_id), hashed)
    return info(_existing(context.unit, row.id), context.principal)


def _apply(request: Instance, context: Context, row: UserRow, hashed: str | None) -> None:
    changes: dict[str, Any] = {
        name: getattr(request, name) for name in ("first_name", "last_name") if getattr(request, name) is not None
    }
    if request.roles:
        changes["roles"] = list(dict.fromkeys(request.roles))
    if hashed is not None:
        void_credentials(context.unit, row, context.now, password_hash=hashed, **changes)
    elif changes:
        user.update(context.unit, row.id, date_last_modified=context.now, **changes)
    if request.account_ids:
        hidden = [each for each in row.account_ids if not people.may_see(context.principal, each)]
        user.set_accounts(context.unit, row.id, [*request.account_ids, *hidden])
    changed = [*changes, *(["password"] if hashed else []), *(["accounts"] if request.account_ids else [])]
    record(Event.USER_CHANGED, context, row, changed=changed, roles=changes.get("roles"))


class _Shown:
    """The rows of a list as the answer shows them."""

    def __init__(self, caller: Principal) -> None:
        self._caller = caller

    def page(self, unit: Unit, filters: Mapping[str, Any], order: Order, limit: int, offset: int) -> Sequence[Instance]:
        """At most `limit` users after `offset`."""
        return [info(row, self._caller) for row in user_list.page(unit, filters, _column(order), limit, offset)]

    def count(self, unit: Unit, filters: Mapping[str, Any]) -> int:
        """How many users there are."""
        return user_list.count(unit, filters)

    def everything(self, unit: Unit, filters: Mapping[str, Any], order: Order) -> Iterator[Instance]:
        """Every user, read in blocks."""
        return (info(row, self._caller) for row in user_list.everything(unit, filters, _column(order)))


def _column(order: Order) -> Order:
    return Order(_SORTED_BY.get(order.column, order.column), order.descending)


def info(row: UserRow, caller: Principal) -> Instance:
    """A user as shown. Signed in, as far as the caller needs to know, is the caller."""
    return UserInfo.new(
        id=row.id,
        is_authenticated=row.id == caller.user_id,
        first_name=row.first_name,
        last_name=row.last_name,
        name=" ".join(each for each in (row.first_name, row.last_name) if each) or row.email_address,
        avatar_url=row.avatar_url,
        email_address=row.email_address,
        roles=list(row.roles),
        account_ids=list(row.account_ids),
        account_names=list(row.account_names),
    )


def caller_info(context: Context) -> Instance:
    """The signed-in user as shown, or nobody."""
    if context.caller is None:
        return UserInfo.new(is_authenticated=False)
    row = user_list.get(context.unit, context.caller.user_id)
    if row is None:
        raise NotAuthenticated
    return info(row, context.caller)


def visible(context: Context, user_id: str) -> UserRow:
    """The user of that id, as far as the caller sees it. Raises NotFound."""
    row = user_list.get(context.unit, user_id)
    accounts = context.principal.visible_accounts
    if row is None or (accounts is not None and set(accounts).isdisjoint(row.account_ids)):
        raise NotFound(f"There is no user '{user_id}'.")
    return row


def visible_by_email(context: Context, email_address: str) -> UserRow:
    """The user of that e-mail address, as far as the caller sees it. Raises NotFound."""
    found = user.by_email(context.unit, email_address)
    if found is None:
        raise NotFound(f"There is no user '{email_address}'.")
    return visible(context, found.id)


def check_outranks(caller: Principal, row: UserRow) -> None:
    """Refuse the caller what would give the rights of somebody who may do more. Raises Forbidden."""
    accounts = caller.visible_accounts
    if accounts is not None and (SYSTEM_ADMINISTRATOR in row.roles or not set(row.account_ids).issubset(accounts)):
        raise Forbidden("This user may do more than you.")


def record(event: Event, context: Context, row: Any, **facts: object) -> None:
    """Write down what the caller did to a user."""
    audit.record(event, user=context.principal.user_id, target=row.id, **facts)


def _existing(unit: Unit, user_id: str) -> UserRow:
    row = user_list.get(unit, user_id)
    assert row is not None
    return row


def _hashed(password: str | None, context: Context) -> str | None:
    """The password's hash. The unit is suspended meanwhile: a hash takes long, and nobody else could write."""
    if not password:
        return None
    assert context.authenticator is not None
    passwords = context.authenticator.passwords
    with context.unit.suspended(), passwords.line():
        return passwords.hash(password)


def _password_failures(name: str, password: str | None) -> Iterator[FieldError]:
    fault = password_fault(password) if password else ""
    if fault:
        yield FieldError("Length", name, fault[:1].upper() + fault[1:] + ".")


def _role_failures(roles: Sequence[str]) -> Iterator[FieldError]:
    for index, role in enumerate(roles):
        if role not in ROLES:
            yield FieldError("Enum", f"roles[{index}]", f"There is no role '{role}'; there are {', '.join(ROLES)}.")


def _accounts_failures(account_ids: Sequence[str], context: Context) -> Iterator[FieldError]:
    for index, account_id in enumerate(account_ids):
        if not _is_account(account_id, context):
            yield FieldError("NotFound", f"accountIds[{index}]", f"There is no account '{account_id}'.")


def _account_failures(request: Instance, context: Context) -> Iterator[FieldError]:
    if request.account_id:
        if not _is_account(request.account_id, context):
            yield FieldError("NotFound", "accountId", f"There is no account '{request.account_id}'.")
    elif not context.principal.account_ids:
        yield FieldError("NotEmpty", "accountId", "'Account Id' must not be empty.", {"PropertyName": "Account Id"})


def _is_account(account_id: str, context: Context) -> bool:
    return people.may_see(context.principal, account_id) and account.get(context.unit, account_id) is not None
