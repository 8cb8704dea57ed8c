"""The accounts that callers of the sessions API see."""

from __future__ import annotations

from collections.abc import Sequence

from gateway import Principal
from gateway.sessions.declared import SYSTEM_ADMINISTRATOR


def is_administrator(caller: Principal) -> bool:
    """Return whether the caller sees every account."""
    return SYSTEM_ADMINISTRATOR in caller.roles


def visible_accounts(caller: Principal) -> Sequence[str] | None:
    """Return the accounts whose entities the caller sees; None for all of them."""
    return None if is_administrator(caller) else caller.account_ids
