"""Rights of users over each other, and the credentials of a user whose rights grow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from models import Unit
from models.users import identity, login, user


class Holder(Protocol):
    """A holder of roles and accounts: a caller or a stored user."""

    @property
    def roles(self) -> Iterable[str]:
        """The names of the roles."""
        ...

    @property
    def account_ids(self) -> Sequence[str]:
        """The ids of the accounts, the main account first."""
        ...


def covers(holder: Holder, roles: Iterable[str], account_ids: Iterable[str], administrator: str) -> bool:
    """Return whether a holder's rights include these roles and accounts, so that the holder may act on users who have them.

    :param administrator: the role that may act on all users.
    """
    if administrator in holder.roles:
        return True
    return administrator not in roles and set(account_ids) <= set(holder.account_ids)


def void_credentials(unit: Unit, row: Any, now: str, **changes: Any) -> None:
    """Change a user, and invalidate all earlier login sessions and tokens."""
    login.delete_of_user(unit, row.id)
    user.update(unit, row.id, credentials_version=row.credentials_version + 1, date_last_modified=now, **changes)


def change_rights(
    unit: Unit,
    row: Any,
    now: str,
    administrator: str,
    *,
    roles: Sequence[str] | None = None,
    account_ids: Sequence[str] | None = None,
    **changes: Any,
) -> bool:
    """Change a user's roles and accounts; None leaves them unchanged. Return whether this made the password invalid.

    When rights grow, earlier login sessions and tokens become invalid. So does the password, unless the user has set it, or another user
    who may set it now: a user with fewer rights who knows the password must not get the new rights.

    :param row: the stored user, locked against other changes (`models.users.user.lock`).
    :param administrator: the role that may act on all users.
    :param changes: further columns; a ``password_hash`` among them stays valid.
    """
    if roles is not None:
        changes["roles"] = list(roles)
    new_roles = row.roles if roles is None else roles
    accounts = row.account_ids if account_ids is None else account_ids
    grows = not (set(new_roles) <= set(row.roles) and set(accounts) <= set(row.account_ids))
    voided = grows and "password_hash" not in changes and _is_anothers(unit, row.id, new_roles, accounts, administrator)
    if voided:
        changes["password_hash"] = None
    if grows or "password_hash" in changes:
        void_credentials(unit, row, now, **changes)
    elif changes:
        user.update(unit, row.id, date_last_modified=now, **changes)
    if account_ids is not None:
        user.set_accounts(unit, row.id, account_ids)
    return voided


def _is_anothers(
    unit: Unit, user_id: str, roles: Iterable[str], account_ids: Iterable[str], administrator: str
) -> bool:
    """Return whether a user with fewer rights than these has set the password."""
    row = user.get(unit, user_id)
    setter_id = row.password_set_by
    if row.password_hash is None or setter_id is None or setter_id == user_id:
        return False
    setter = identity.find_by_id(unit, setter_id)
    return setter is None or setter.disabled or not covers(setter, roles, account_ids, administrator)
