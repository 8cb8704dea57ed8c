"""Lookups of the entities in a request: members, customers and parents, if the caller may see them."""

from __future__ import annotations

import re
from typing import Any

from gateway import Context, Principal
from gateway.contract.rules import is_email
from gateway.sessions.callers import visible_accounts
from models.sessions import account, session
from models.sessions.session import MemberRow
from models.users import user

_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]{2,30}")


def may_see(principal: Principal, account_id: str | None) -> bool:
    """Return whether the principal sees the entities of an account."""
    visible = visible_accounts(principal)
    return visible is None or account_id in visible


def visible_user(context: Context, user_id: str) -> Any:
    """Return the user with this id who shares an account with the caller, or None."""
    row = user.get(context.unit, user_id)
    if row is None or row.disabled:
        return None
    visible = visible_accounts(context.principal)
    if visible is None or not set(visible).isdisjoint(user.list_accounts(context.unit, user_id)):
        return row
    return None


def visible_customer(context: Context, customer_id: str) -> Any:
    """Return the customer with this id if the caller sees it, else None."""
    customer = account.get_customer(context.unit, customer_id)
    return customer if customer is not None and may_see(context.principal, customer.account_id) else None


def visible_session(context: Context, session_id: str) -> Any:
    """Return the session with this id if the caller sees it, else None."""
    return session.get(context.unit, session_id, account_ids=visible_accounts(context.principal))


_LONGEST_NAME = 255
#: A text with fewer characters is short enough in lower case, too.
_SHORT = 64


def make_member(
    identity: str,
    *,
    endpoint_id: str | None = None,
    display_name: str | None = None,
    is_original_member: bool = False,
    avatar_url: str | None = None,
    call_state: str = "None",
    role: str = "None",
    call_sid: str | None = None,
) -> MemberRow:
    """Return a member, with defaults for omitted values. A name longer than its column is cut."""
    name = (display_name or identity)[:_LONGEST_NAME]
    values = identity, endpoint_id, name, is_original_member, avatar_url, None, call_state, role, call_sid, False
    # PERF: a named tuple's own constructor is a function in Python.
    return tuple.__new__(MemberRow, values)


#: The other columns of a member who is known by e-mail address only.
_UNKNOWN = MemberRow("", None, None, False, None, None, "None", "None", None, muted=False)[3:]


def make_invited_member(address: str) -> MemberRow:
    """Return a member for an e-mail address."""
    # PERF: what `get_identity` does with short addresses, one call less.
    identity = address.lower() if len(address) < _SHORT else get_identity(address)
    return tuple.__new__(MemberRow, (identity, None, address[:_LONGEST_NAME], *_UNKNOWN))


def make_calling_member(caller: Principal, role: str) -> MemberRow:
    """Return the caller as the first member of a session."""
    name = (caller.display_name or caller.email)[:_LONGEST_NAME]
    # PERF: as in `make_invited_member`.
    identity = caller.email.lower() if len(caller.email) < _SHORT else get_identity(caller.email)
    values = identity, caller.user_id, name, True, None, None, "Connected", role, None, False
    return tuple.__new__(MemberRow, values)


def get_identity(address: str) -> str:
    """Return the member identity of an e-mail address: the address in lower case."""
    lowered = address.lower()
    # Some letters are longer in lower case; an address of hundreds of them is not changed.
    return lowered if len(lowered) <= _LONGEST_NAME else address


def make_user_member(row: Any, **values: Any) -> MemberRow:
    """Return a user as a member, identified by e-mail address, which is how users are invited and removed."""
    name = " ".join(part for part in (row.first_name, row.last_name) if part) or row.email_address
    return make_member(
        get_identity(row.email_address), endpoint_id=row.id, display_name=name, avatar_url=row.avatar_url, **values
    )


def find_member(context: Context, name: str) -> MemberRow | None:
    """Return the member for a mobile number, an e-mail address or a user id, or None."""
    name = name.strip()
    if is_email(name):
        return make_invited_member(name)
    row = visible_user(context, name)
    if row is not None:
        return make_user_member(row)
    return make_member(name) if _NUMBER.fullmatch(name) else None


def is_same(identity: str | None, other_identity: str | None) -> bool:
    """Return whether two identities are equal in any letter case."""
    return identity is not None and other_identity is not None and identity.lower() == other_identity.lower()
