"""What administrators do with users and keys; each change leaves an audit line in the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from gateway.contract.rules import is_email
from gateway.dtos.catalog import ROLES
from gateway.errors import GatewayError
from gateway.security import keys
from gateway.security.passwords import Passwords
from models import Database, Duplicate, Unit, account, user

log = structlog.get_logger("gateway.audit")

#: Characters that a new password has at least (OWASP ASVS 5.0, 6.2.1).
SHORTEST_PASSWORD = 8


class AdministrationError(GatewayError):
    """What an administrator asked for can't be done."""


@dataclass(frozen=True, slots=True)
class Added:
    """A new user and the secrets that are shown once."""

    user_id: str
    email: str
    api_key: str | None


def add_user(
    database: Database,
    email: str,
    *,
    roles: Sequence[str],
    account_name: str,
    password: str | None = None,
    api_key: str | None = None,
) -> Added:
    """Add a user. Raises AdministrationError where the address is none or taken, or where a role, password or key won't do.

    :param account_name: the user's account; made where there is none of that name.
    """
    if not is_email(email):
        raise AdministrationError(f"{email!r} is no e-mail address")
    _check_roles(roles)
    password_hash = None if password is None else hash_password(password)
    now = _now()
    with database.unit_of_work() as unit:
        if user.by_email(unit, email) is not None:
            raise AdministrationError(f"there is a user {email} already")
        found = account.by_name(unit, account_name)
        if found is None:
            found = account.insert(unit, name=account_name, parent_account_id=None, now=now, by=None)
        added = user.insert(
            unit, email_address=email, account_ids=[found.id], roles=roles, now=now, password_hash=password_hash
        )
        if api_key is not None:
            _insert_key(unit, added.id, api_key, now)
    log.info("user added", user=added.id, email=email, roles=list(roles))
    return Added(added.id, email, api_key)


def add_key(database: Database, email: str, api_key: str | None = None) -> str:
    """Give a user an API key, a new one where none is given. Raises AdministrationError."""
    key = api_key or keys.new_key()
    with database.unit_of_work() as unit:
        found = user.by_email(unit, email)
        if found is None:
            raise AdministrationError(f"there is no user {email}")
        _insert_key(unit, found.id, key, _now())
    log.info("key added", user=found.id, email=email)
    return key


def describe_users(database: Database) -> list[str]:
    """A line for each user: address, id, roles and the hints of the keys."""
    with database.unit_of_work(write=False) as unit:
        return [_description(unit, each) for each in user.everybody(unit)]


def _description(unit: Unit, found: Any) -> str:
    hints = [each.hint for each in user.keys(unit, found.id) if each.date_revoked is None]
    state = "  disabled" if found.disabled else ""
    return (
        f"{found.email_address}  {found.id}  roles: {', '.join(found.roles)}  keys: {', '.join(hints) or 'none'}{state}"
    )


def hash_password(password: str) -> str:
    """The hash of a new password. Raises AdministrationError where it is too short or too long."""
    if len(password) < SHORTEST_PASSWORD:
        raise AdministrationError(f"a password has at least {SHORTEST_PASSWORD} characters")
    return Passwords().hash(password)


def _insert_key(unit: Unit, user_id: str, key: str, now: str) -> None:
    if not keys.SHORTEST <= len(key) <= keys.LONGEST:
        raise AdministrationError(f"an API key has {keys.SHORTEST} to {keys.LONGEST} characters")
    try:
        user.insert_key(unit, user_id=user_id, key_hash=keys.key_hash(key), hint=keys.hint(key), now=now)
    except Duplicate as error:
        raise AdministrationError("this API key is in use already") from error


def _check_roles(roles: Sequence[str]) -> None:
    for role in roles:
        if role not in ROLES:
            raise AdministrationError(f"there is no role {role!r}; there are {', '.join(ROLES)}")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
