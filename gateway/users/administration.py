"""Administration of users and API keys. Each change writes a line to the audit log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from gateway import audit, strength
from gateway.audit import Event
from gateway.contract.rules import is_email
from gateway.errors import Conflict, GatewayError
from gateway.transactions import unit_of_work
from gateway.users import keys
from gateway.users.clock import instant
from gateway.users.passwords import LONGEST, new_hasher
from gateway.users.rights import change_rights, void_credentials
from models import Database, Unit
from models.users import login, user, user_list
from models.users.user_list import UserRow

#: Minimum length of a new password (OWASP ASVS 5.0, 6.2.1).
SHORTEST = 8
_DAY = 86_400


class KeyFacts(NamedTuple):
    """An API key that is not revoked.

    :ivar hint: its last four characters; the key itself is not stored.
    :ivar expires: when it expires, in UTC; None for no expiry.
    """

    hint: str
    expires: str | None


class UserFacts(NamedTuple):
    """A user without secrets.

    :ivar account_ids: the ids of the user's accounts, the main account first.
    :ivar created: when the user was added, in UTC.
    """

    id: str
    email_address: str
    roles: Sequence[str]
    disabled: bool
    has_password: bool
    created: str
    account_ids: Sequence[str]
    keys: Sequence[KeyFacts]


#: Returns the id of an account. Arguments: a unit of work, the account's name, the current time.
AccountNamed = Callable[[Unit, str, str], str]


class AdministrationError(GatewayError):
    """A change of users that can't be done, with the reason."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Changes the users of a database.

    :ivar now: seconds since the epoch.
    :ivar roles: the roles that users may have.
    :ivar administrator: the role that passes every check; empty for none.
    :ivar account_named: returns the id of an account by name, and adds a missing one; None if users have no accounts.
    :ivar by: the actor in the audit log.
    """

    database: Database
    now: float
    roles: Sequence[str]
    administrator: str = ""
    account_named: AccountNamed | None = None
    by: str = "command line"

    def add_user(
        self,
        email: str,
        *,
        roles: Sequence[str],
        account_name: str = "",
        password: str | None = None,
        api_key: str | None = None,
    ) -> str:
        """Add a user, and return the user's id.

        :param account_name: the user's account, if users have accounts.
        :raises AdministrationError: when the e-mail address is invalid or taken, or a role, password or key is not allowed.
        """
        if not is_email(email):
            raise AdministrationError(f"{email!r} is not an e-mail address")
        self._check_roles(roles)
        hashed = None if password is None else hash_password(password, [email])
        now = instant(self.now)
        with self._begin_unit() as unit:
            if user.find_by_email(unit, email) is not None:
                raise AdministrationError(f"there is a user {email} already")
            accounts = [self.account_named(unit, account_name, now)] if self.account_named else []
            new_user = user.insert(
                unit, email_address=email, account_ids=accounts, roles=roles, now=now, password_hash=hashed
            )
            if api_key is not None:
                self._insert_key(unit, new_user.id, api_key)
        self._record(Event.USER_ADDED, new_user, roles=list(roles))
        return str(new_user.id)

    def add_key(self, email: str, api_key: str | None = None, days: int | None = None) -> str:
        """Add an API key to a user, and return the key.

        :param api_key: the key; None for a new random one.
        :param days: days until the key expires; None for no expiry.
        """
        key = api_key or keys.new_key()
        with self._begin_unit() as unit:
            row = _lock_user(unit, email)
            self._insert_key(unit, row.id, key, days)
        self._record(Event.KEY_ADDED, row, key=keys.get_hint(key))
        return key

    def revoke_keys(self, email: str, hint: str) -> int:
        """Revoke the user's keys that end in these characters, and return their number."""
        now = instant(self.now)
        with unit_of_work(self.database) as unit:
            row = _lock_user(unit, email)
            revoked = [
                key.hint
                for key in user.list_keys(unit, row.id)
                if key.hint.endswith(hint) and user.revoke_key(unit, key.id, now)
            ]
        if not revoked:
            raise AdministrationError(f"{email} has no valid key that ends in {hint}")
        self._record(Event.KEYS_REVOKED, row, keys=revoked)
        return len(revoked)

    def disable(self, email: str, *, disabled: bool) -> None:
        """Disable a user: no credentials work. Or enable the user: only new log-ins work."""
        with unit_of_work(self.database) as unit:
            row = _lock_user(unit, email)
            void_credentials(unit, row, instant(self.now), disabled=disabled)
        self._record(Event.USER_DISABLED if disabled else Event.USER_ENABLED, row)

    def delete(self, email: str) -> None:
        """Delete a user with the API keys and log-ins. Entities that the user created keep the user's id."""
        with unit_of_work(self.database) as unit:
            row = _lock_user(unit, email)
            login.delete_of_user(unit, row.id)
            user.delete(unit, row.id)
        self._record(Event.USER_DELETED, row)

    def set_password(self, email: str, password: str) -> None:
        """Change a user's password, and sign the user out everywhere."""
        hashed = hash_password(password, [email])
        with unit_of_work(self.database) as unit:
            row = _lock_user(unit, email)
            void_credentials(unit, row, instant(self.now), password_hash=hashed, password_set_by=None)
        self._record(Event.PASSWORD_CHANGED, row)

    def set_roles(self, email: str, roles: Sequence[str]) -> bool:
        """Replace a user's roles. Return whether this made the password invalid (`rights.change_rights`)."""
        self._check_roles(roles)
        with unit_of_work(self.database) as unit:
            row = _lock_user(unit, email)
            voided = change_rights(unit, row, instant(self.now), self.administrator, roles=list(roles))
        self._record(Event.ROLES_CHANGED, row, before=row.roles, after=list(roles))
        if voided:
            self._record(Event.PASSWORD_VOIDED, row)
        return voided

    def _check_roles(self, roles: Sequence[str]) -> None:
        for role in roles:
            if role not in self.roles:
                raise AdministrationError(f"there is no role {role!r}; there are {', '.join(self.roles) or 'none'}")

    def _record(self, event: Event, row: Any, **facts: object) -> None:
        audit.record(event, user=self.by, target=row.id, email=row.email_address, **facts)

    def _insert_key(self, unit: Unit, user_id: str, key: str, days: int | None = None) -> None:
        fault = keys.find_fault(key)
        if fault:
            raise AdministrationError(fault)
        user.insert_key(
            unit,
            user_id=user_id,
            key_hash=keys.hash_key(key),
            hint=keys.get_hint(key),
            now=instant(self.now),
            date_expires=None if days is None else instant(self.now + days * _DAY),
        )

    @contextmanager
    def _begin_unit(self) -> Iterator[Unit]:
        try:
            with unit_of_work(self.database) as unit:
                yield unit
        except Conflict as error:
            raise AdministrationError("this e-mail address or API key is in use already") from error


def find_user(database: Database, email: str) -> UserFacts:
    """Return the user of an e-mail address. Raises AdministrationError when there is none."""
    with unit_of_work(database, write=False) as unit:
        row = user.find_by_email(unit, email)
        if row is None:
            raise AdministrationError(f"there is no user {email}")
        return _collect_facts(unit, row)


def list_users(database: Database) -> list[UserFacts]:
    """Return every user, by e-mail address."""
    with unit_of_work(database, write=False) as unit:
        return [_collect_facts(unit, row) for row in user.list_all(unit)]


def describe_users(database: Database) -> list[str]:
    """Return a line for each user: e-mail address, id, roles and the hints of the keys."""
    return [_format_user(facts) for facts in list_users(database)]


def find_password_fault(password: str, guesses: Iterable[str | None] = ()) -> str:
    """Return the fault of a new password; empty if it is valid.

    :param guesses: texts that an attacker tries first, such as the user's names.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        return f"a password has {SHORTEST} to {LONGEST} characters"
    if strength.is_guessable(password, strength.PASSWORD, guesses):
        return "this password is too easy to guess: it is common, repeats itself, or is made of the user's names; take several words"
    return ""


def hash_password(password: str, guesses: Iterable[str | None] = ()) -> str:
    """Return the hash of a new password. Raises AdministrationError when the password has a fault (`find_password_fault`)."""
    fault = find_password_fault(password, guesses)
    if fault:
        raise AdministrationError(fault)
    return new_hasher().hash(password)


def _lock_user(unit: Unit, email: str) -> UserRow:
    """Return the user, locked against other changes until the unit of work ends."""
    user_id = user.lock_by_email(unit, email)
    row = None if user_id is None else user_list.get(unit, user_id)
    if row is None:
        raise AdministrationError(f"there is no user {email}")
    return row


def _collect_facts(unit: Unit, row: Any) -> UserFacts:
    valid = [KeyFacts(key.hint, key.date_expires) for key in user.list_keys(unit, row.id) if key.date_revoked is None]
    accounts = user.list_accounts(unit, row.id)
    has_password = row.password_hash is not None
    created = row.date_created
    return UserFacts(row.id, row.email_address, row.roles, bool(row.disabled), has_password, created, accounts, valid)


def _format_user(facts: UserFacts) -> str:
    hints = [key.hint + (f" until {key.expires[:10]}" if key.expires else "") for key in facts.keys]
    state = "  disabled" if facts.disabled else ""
    listed = ", ".join(hints) or "none"
    return f"{facts.email_address}  {facts.id}  roles: {', '.join(facts.roles)}  keys: {listed}{state}"
