"""From the credentials of a request to a principal.

The first of these that a request has decides: ``Authorization`` (Bearer: an API key; Basic: e-mail address and password, or an API key
as user name), ``X-Api-Key``. Wrong credentials are refused and never passed over.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.errors import NotAuthenticated
from gateway.security.keys import key_hash
from gateway.security.passwords import Passwords
from gateway.security.principal import Method, Principal
from models import Database, Unit, user

_WRONG = "Invalid Username or Password"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request shows of its sender, as sent.

    :ivar authorization: the Authorization header.
    :ivar api_key: the X-Api-Key header.
    """

    authorization: str | None = None
    api_key: str | None = None


class Authenticator:
    """Knows who sends a request."""

    def __init__(self, database: Database, passwords: Passwords | None = None) -> None:
        self._database = database
        self._passwords = passwords or Passwords()

    def authenticate(self, credentials: Credentials) -> Principal | None:
        """The sender; None where there are no credentials. Raises NotAuthenticated where they are wrong."""
        if credentials.authorization:
            scheme, _, value = credentials.authorization.strip().partition(" ")
            if scheme.lower() == "bearer":
                return self._known(self._by_key(value.strip()))
            if scheme.lower() == "basic":
                return self._by_basic(value.strip())
        if credentials.api_key:
            return self._known(self._by_key(credentials.api_key))
        return None

    def _by_basic(self, encoded: str) -> Principal:
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise NotAuthenticated(_WRONG) from None
        if not password:
            return self._known(self._by_key(name), _WRONG)
        return self._by_password(name, password)

    def _by_password(self, name: str, password: str) -> Principal:
        with self._database.unit_of_work(write=False) as unit:
            found = user.by_email(unit, name)
            principal = None if found is None else _principal(unit, found, Method.PASSWORD)
        stored = None if found is None or found.disabled else found.password_hash
        # Hashing takes long; no connection waits for it.
        if not self._passwords.verify(stored, password) or principal is None:
            raise NotAuthenticated(_WRONG)
        return principal

    def _by_key(self, key: str) -> Principal | None:
        with self._database.unit_of_work(write=False) as unit:
            owner = user.key_owner(unit, key_hash(key))
            if owner is None or owner.date_revoked or (owner.date_expires and owner.date_expires <= _now()):
                return None
            found = user.get(unit, owner.user_id)
            return None if found is None or found.disabled else _principal(unit, found, Method.KEY)

    def _known(self, principal: Principal | None, message: str = "Not Authenticated") -> Principal:
        if principal is None:
            raise NotAuthenticated(message)
        return principal


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _principal(unit: Unit, found: Any, method: Method) -> Principal:
    return Principal(
        user_id=found.id,
        email=found.email_address,
        display_name=full_name(found),
        roles=frozenset(found.roles),
        account_ids=tuple(user.accounts(unit, found.id)),
        method=method,
    )


def full_name(found: Any) -> str:
    """A user's name to show: first and last name, or the e-mail address."""
    return " ".join(each for each in (found.first_name, found.last_name) if each) or str(found.email_address)
