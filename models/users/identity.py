"""Read a user's identity for authentication in one statement: by key, login session, e-mail address or id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import peewee

from models.engine.database import Unit
from models.engine.statements import Statement, param
from models.users.tables import ApiKey, LoginSession, User, UserAccount


class Identity(NamedTuple):
    """The columns of a user that authentication needs.

    :ivar account_ids: the user's own account first.
    """

    user_id: str
    email_address: str
    first_name: str | None
    last_name: str | None
    avatar_url: str | None
    roles: Sequence[str]
    disabled: bool
    credentials_version: int
    password_hash: str | None
    account_ids: Sequence[str]


class KeyState(NamedTuple):
    """When an API key expires, and when it was revoked."""

    date_expires: str | None
    date_revoked: str | None


class LoginState(NamedTuple):
    """A login session, as stored."""

    credentials_version: int
    permanent: bool
    date_touched: str
    date_expires: str


_USER = (
    User.id,
    User.email_address,
    User.first_name,
    User.last_name,
    User.avatar_url,
    User.roles,
    User.disabled,
    User.credentials_version,
    User.password_hash,
    UserAccount.account_id,
)
# SECURITY: rows of keys are cached, so they have no password hash.
_KEY_OWNER = tuple(peewee.SQL("NULL") if column is User.password_hash else column for column in _USER)
_KEY = (ApiKey.date_expires, ApiKey.date_revoked)
_LOGIN = (
    LoginSession.credentials_version,
    LoginSession.permanent,
    LoginSession.date_touched,
    LoginSession.date_expires,
)


def _join_accounts(query: Any) -> Any:
    accounts = query.join(UserAccount, peewee.JOIN.LEFT_OUTER, on=(UserAccount.user_id == User.id))
    return accounts.order_by(UserAccount.position)


_BY_ID = Statement(lambda: _join_accounts(User.select(*_USER)).where(User.id == param("id")))
_BY_EMAIL = Statement(lambda: _join_accounts(User.select(*_USER)).where(User.email_folded == param("email_folded")))
_BY_KEY = Statement(
    lambda: _join_accounts(
        ApiKey.select(*_KEY_OWNER, *_KEY).join(User, on=(User.id == ApiKey.user_id)),
    ).where(ApiKey.key_hash == param("key_hash"))
)
_BY_LOGIN = Statement(
    lambda: _join_accounts(
        LoginSession.select(*_USER, *_LOGIN).join(User, on=(User.id == LoginSession.user_id)),
    ).where(LoginSession.id_hash == param("id_hash"))
)


def find_by_id(unit: Unit, user_id: str) -> Identity | None:
    """Return the user with this id, or None."""
    return _create_identity(_BY_ID.rows(unit, id=user_id))


def find_by_email(unit: Unit, email_address: str) -> Identity | None:
    """Return the user with this e-mail address, in any letter case, or None."""
    return _create_identity(_BY_EMAIL.rows(unit, email_folded=email_address.casefold()))


def find_by_key(unit: Unit, key_hash: str) -> tuple[Identity, KeyState] | None:
    """Return the owner of the API key with this hash, without the owner's password hash; None if there is no such key."""
    return parse_key_rows(read_key_rows(unit, key_hash))


def read_key_rows(unit: Unit, key_hash: str) -> Sequence[Any]:
    """Return the stored columns of the API key with this hash and of its owner. The result of `parse_key_rows` depends on nothing else."""
    return _BY_KEY.peek(unit, (key_hash,)).fetchall()  # type: ignore[no-any-return]


def parse_key_rows(rows: Sequence[Any]) -> tuple[Identity, KeyState] | None:
    """Return the owner of an API key; None if there is no such key.

    :param rows: what `read_key_rows` returned.
    """
    identity = _create_identity(rows)
    return None if identity is None else (identity, KeyState._make(rows[0][len(_USER) :]))


def find_by_login(unit: Unit, id_hash: str) -> tuple[Identity, LoginState] | None:
    """Return the user of the login session whose id has this hash, or None."""
    rows = _BY_LOGIN.rows(unit, id_hash=id_hash)
    identity = _create_identity(rows)
    return None if identity is None else (identity, LoginState._make(rows[0][len(_USER) :]))


def _create_identity(rows: Sequence[Any]) -> Identity | None:
    if not rows:
        return None
    user_id, email, first, last, avatar, roles, disabled, version, password_hash = rows[0][: len(_USER) - 1]
    accounts = [row[len(_USER) - 1] for row in rows if row[len(_USER) - 1] is not None]
    return Identity(
        user_id, email, first, last, avatar, json.loads(roles), bool(disabled), version, password_hash, accounts
    )
