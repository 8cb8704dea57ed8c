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
    found = user.get(context.unit, user_id)
    if found is None or found.disabled:
        return None
    visible = visible_accounts(context.principal)
    if visible is None or not set(visible).isdisjoint(user.accounts(context.unit, user_id)):
        return found
    return None


def visible_customer(context: Context, customer_id: str) -> Any:
    """Return the customer with this id if the caller sees it, else None."""
    found = account.get_customer(context.unit, customer_id)
    return found if found is not None and may_see(context.principal, found.account_id) else None


def visible_session(context: Context, session_id: str) -> Any:
    """Return the session with this id if the caller sees it, else None."""
    return session.get(context.unit, session_id, account_ids=visible_accounts(context.principal))


_LONGEST_NAME = 255
#: A text with fewer characters is short enough in lower case, too.
_SHORT = 64


def member(
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


def invited(address: str) -> MemberRow:
    """Return a member for an e-mail address."""
    # PERF: what `identity_of` does with short addresses, one call less.
    identity = address.lower() if len(address) < _SHORT else identity_of(address)
    return tuple.__new__(MemberRow, (identity, None, address[:_LONGEST_NAME], *_UNKNOWN))


def calling(caller: Principal, role: str) -> MemberRow:
    """Return the caller as the first member of a session."""
    name = (caller.display_name or caller.email)[:_LONGEST_NAME]
    # PERF: as in `invited`.
    identity = caller.email.lower() if len(caller.email) < _SHORT else identity_of(caller.email)
    values = identity, caller.user_id, name, True, None, None, "Connected", role, None, False
    return tuple.__new__(MemberRow, values)


def identity_of(address: str) -> str:
    """Return the member identity of an e-mail address: the address in lower case."""
    lowered = address.lower()
    # Some letters are longer in lower case; an address of hundreds of them is not changed.
    return lowered if len(lowered) <= _LONGEST_NAME else address


def user_member(found: Any, **values: Any) -> MemberRow:
    """Return a user as a member, identified by e-mail address, which is how users are invited and removed."""
    name = " ".join(each for each in (found.first_name, found.last_name) if each) or found.email_address
    return member(
        identity_of(found.email_address), endpoint_id=found.id, display_name=name, avatar_url=found.avatar_url, **values
    )


def named_member(context: Context, name: str) -> MemberRow | None:
    """Return the member for a mobile number, an e-mail address or a user id, or None."""
    name = name.strip()
    if is_email(name):
        return invited(name)
    found = visible_user(context, name)
    if found is not None:
        return user_member(found)
    return member(name) if _NUMBER.fullmatch(name) else None


def same(one: str | None, other: str | None) -> bool:
    """Return whether two identities are equal in any letter case."""
    return one is not None and other is not None and one.lower() == other.lower()
