"""Who calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from gateway.contract.catalog import Access
from gateway.errors import NotAuthenticated, PermissionMissing, RoleMissing
from gateway.sessions.dtos.catalog import SYSTEM_ADMINISTRATOR


class Method(Enum):
    """How a caller proved who it is."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    KEY = "key"
    TOKEN = "token"  # noqa: S105 - the name of a method
    COOKIE = "cookie"
    #: A login session, named by the X-ss-id header in place of a cookie.
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in user, as far as requests need to know.

    :ivar account_ids: the user's accounts, the first one the user's own.
    :ivar session_id: the login session that the request showed; empty where it showed other credentials.
    :ivar is_administrator: SystemAdministrator passes every role check and sees every account.
    :ivar visible_accounts: the accounts whose entities the principal sees; None is all of them.
    :ivar renewed: that session outlasts the browser and lasts anew, so its cookies should too.
    :ivar permissions: what the caller may do beside what its roles allow.
    """

    user_id: str
    email: str
    display_name: str
    roles: frozenset[str]
    account_ids: tuple[str, ...]
    method: Method
    session_id: str = field(default="", repr=False)
    renewed: bool = False
    permissions: frozenset[str] = frozenset()
    # PERF: worked out once, as a principal is kept for many requests.
    is_administrator: bool = field(init=False)
    visible_accounts: Sequence[str] | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_administrator", SYSTEM_ADMINISTRATOR in self.roles)
        object.__setattr__(self, "visible_accounts", None if self.is_administrator else self.account_ids)


def authorize(principal: Principal | None, access: Access) -> None:
    """Let the caller pass.

    :raises NotAuthenticated: when nobody is signed in, or without the API key that is demanded.
    :raises RoleMissing: when the caller lacks a role.
    :raises PermissionMissing: when the caller lacks a permission.
    """
    if not access.signed_in:
        return
    if principal is None:
        raise NotAuthenticated
    if access.api_key and principal.method is not Method.KEY:
        raise NotAuthenticated("This operation needs an API key.")
    if principal.is_administrator:
        return
    if not principal.roles.issuperset(access.all_of) or (access.any_of and principal.roles.isdisjoint(access.any_of)):
        raise RoleMissing
    held = principal.permissions
    if not held.issuperset(access.permissions) or (access.any_permission and held.isdisjoint(access.any_permission)):
        raise PermissionMissing
