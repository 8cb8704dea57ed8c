"""Users, their accounts and their API keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import peewee

from models.engine import ids
from models.engine.database import Unit
from models.engine.rows import Table
from models.engine.statements import Statement, param
from models.users.tables import ApiKey, User, UserAccount

_USERS = Table(User, hidden=("email_folded",))
_ACCOUNTS = Table(UserAccount)
_KEYS = Table(ApiKey)

_REVOKE = Statement(
    lambda: ApiKey.update({ApiKey.date_revoked: param("now")}).where(
        ApiKey.id == param("id"), ApiKey.date_revoked.is_null()
    )
)
_LOCK = Statement(lambda: User.select(User.id).where(User.id.in_([param("one"), param("other")])).for_update())
_LOCK_EMAIL = Statement(lambda: User.select(User.id).where(User.email_folded == param("email_folded")).for_update())
_ID_OF_EMAIL = Statement(lambda: User.select(User.id).where(User.email_folded == param("email_folded")))
_WITH_ROLE = Statement(
    lambda: User.select(User.id).where(peewee.fn.INSTR(User.roles, param("quoted")) > 0, ~User.disabled).limit(1)
)
_EVERYBODY = Statement(lambda: User.select(*_USERS.fields).order_by(User.email_folded))


def insert(
    unit: Unit,
    *,
    email_address: str,
    account_ids: Sequence[str],
    roles: Sequence[str],
    now: str,
    password_hash: str | None = None,
    password_set_by: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
) -> Any:
    """Store a new user; return the row. Raises Duplicate when the e-mail address is taken, in any letter case.

    :param password_set_by: the id of the user who chose the password; None if the command line did.
    """
    user_id = ids.new_id()
    _USERS.insert(
        unit,
        id=user_id,
        email_address=email_address,
        email_folded=email_address.casefold(),
        first_name=first_name,
        last_name=last_name,
        password_hash=password_hash,
        password_set_by=password_set_by,
        roles=list(roles),
        disabled=False,
        credentials_version=1,
        date_created=now,
        date_last_modified=now,
    )
    set_accounts(unit, user_id, account_ids)
    return get(unit, user_id)


def get(unit: Unit, user_id: str) -> Any:
    """Return the user, or None."""
    return _USERS.find(unit, id=user_id)


def lock(unit: Unit, one: str, other: str) -> None:
    """Lock two users until the unit of work ends. SQLite needs no lock: it has one writer at a time."""
    if unit.dialect != "sqlite":
        _LOCK.rows(unit, one=one, other=other)


def lock_by_email(unit: Unit, email_address: str) -> str | None:
    """Return the id of the user with an e-mail address, locked until the unit of work ends; None if there is none."""
    statement = _ID_OF_EMAIL if unit.dialect == "sqlite" else _LOCK_EMAIL
    row = statement.row(unit, email_folded=email_address.casefold())
    return None if row is None else str(row[0])


def renew_password(unit: Unit, user_id: str, old_hash: str, new_hash: str, now: str) -> None:
    """Replace the hash of a password by another hash of the same password, unless the password was changed meanwhile."""
    _USERS.update(unit, {"id": user_id, "password_hash": old_hash}, password_hash=new_hash, date_last_modified=now)


def find_by_email(unit: Unit, email_address: str) -> Any:
    """Return the user with an e-mail address, in any letter case, or None."""
    return _USERS.find(unit, email_folded=email_address.casefold())


def has_any(unit: Unit, role: str = "") -> bool:
    """Return whether there is an enabled user.

    :param role: a role that the user must have; empty for any or none.
    """
    # Roles are stored as JSON: a list of texts, or an empty one.
    return _WITH_ROLE.row(unit, quoted=f'"{role}"' if role else "[") is not None


def list_all(unit: Unit) -> list[Any]:
    """Return all users, sorted by e-mail address."""
    return [_USERS.row(columns) for columns in _EVERYBODY.rows(unit)]


def update(unit: Unit, user_id: str, **changes: Any) -> None:
    """Change columns of a user."""
    _USERS.update(unit, {"id": user_id}, **changes)


def delete(unit: Unit, user_id: str) -> None:
    """Delete a user with the user's API keys and links to accounts."""
    _KEYS.delete(unit, user_id=user_id)
    _ACCOUNTS.delete(unit, user_id=user_id)
    _USERS.delete(unit, id=user_id)


def list_accounts(unit: Unit, user_id: str) -> list[str]:
    """Return the ids of a user's accounts, the user's own first."""
    return [link.account_id for link in _ACCOUNTS.find_all(unit, user_id=user_id)]


def set_accounts(unit: Unit, user_id: str, account_ids: Sequence[str]) -> None:
    """Give a user these accounts and no others, the first as the user's own."""
    _ACCOUNTS.delete(unit, user_id=user_id)
    for position, account_id in enumerate(dict.fromkeys(account_ids)):
        _ACCOUNTS.insert(unit, user_id=user_id, position=position, account_id=account_id)


def insert_key(unit: Unit, *, user_id: str, key_hash: str, hint: str, now: str, date_expires: str | None = None) -> str:
    """Store an API key's hash; return the key's id. Raises Duplicate when the key exists already."""
    key_id = ids.new_id()
    _KEYS.insert(
        unit, id=key_id, user_id=user_id, key_hash=key_hash, hint=hint, date_created=now, date_expires=date_expires
    )
    return key_id


def list_keys(unit: Unit, user_id: str) -> list[Any]:
    """Return a user's API keys, oldest first, each with a hint instead of the key."""
    return _KEYS.find_all(unit, user_id=user_id)


def revoke_key(unit: Unit, key_id: str, now: str) -> bool:
    """Revoke a key; return whether it was not revoked before."""
    return bool(_REVOKE.execute(unit, id=key_id, now=now).rowcount)
