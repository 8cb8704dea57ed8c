"""Verification of passwords, for Basic and for log-ins."""

from __future__ import annotations

from gateway import audit
from gateway.errors import WRONG_LOGIN, NotAuthenticated, TooManyRequests
from gateway.transactions import unit_of_work
from gateway.users.clock import Clock, instant
from gateway.users.lockout import Lockout
from gateway.users.passwords import Passwords
from models import Database
from models.users import identity, user
from models.users.identity import Identity


class Logins:
    """Checks names and passwords."""

    def __init__(self, database: Database, passwords: Passwords, lockout: Lockout, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._lockout = lockout
        self._clock = clock

    def check(self, name: str, password: str, address: str, *, every_time: bool) -> Identity:
        """Return the user with this name and password, if both are right.

        :param every_time: compute the hash even if the password was right a moment ago. Log-ins do so, which limits the number of
            new login sessions; clients that send their password with every request do not.
        No connection is held while the hash is computed, and it is computed whether or not there is such a user.
        Raises NotAuthenticated, and TooManyRequests if too many passwords were wrong or too many log-ins are waiting.
        """
        account = self._find(name)
        stored = None if account is None or account.disabled else account.password_hash
        if account is not None and not every_time and self._passwords.remembers(stored, password):
            return account
        with self._passwords.wait_in_line(*self._lockout.list_callers(name, address)):
            self._admit(name, address, account)
            right = self._passwords.verify(stored, password)
            if account is None or stored is None or not right:
                self._lockout.count_failure(name, address)
                audit.record(audit.Event.LOG_IN_FAILED, target=_get_id(account))
                raise NotAuthenticated(WRONG_LOGIN)
            self._lockout.count_success(name, address)
            self._renew(account, stored, password)
        audit.record(audit.Event.LOG_IN, user=account.user_id, target=account.user_id)
        return account

    def _admit(self, name: str, address: str, account: Identity | None) -> None:
        try:
            self._lockout.admit(name, address)
        except TooManyRequests:
            audit.record(audit.Event.LOG_IN_LOCKED_OUT, target=_get_id(account))
            raise

    def _find(self, name: str) -> Identity | None:
        if not _is_text(name):
            return None
        with unit_of_work(self._database, write=False) as unit:
            return identity.find_by_email(unit, name)

    def _renew(self, account: Identity, stored: str, password: str) -> None:
        """Rehash a password that was hashed with older parameters, while it is known."""
        if not self._passwords.is_outdated(stored):
            return
        renewed = self._passwords.hash(password)
        with unit_of_work(self._database) as unit:
            user.renew_password(unit, account.user_id, stored, renewed, instant(self._clock()))


def _get_id(account: Identity | None) -> str | None:
    return None if account is None else account.user_id


def _is_text(name: str) -> bool:
    """Return whether a name can be stored at all: half of a surrogate pair can't."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
