"""The sessions API: a service with users and tables."""

from __future__ import annotations

from gateway import Events, Users
from gateway.sessions import (
    accounts,
    authentication,
    customers,
    messages,
    new_session,
    published,
    session_lists,
    session_members,
    sessions,
    users,
)
from gateway.sessions.declared import MANAGER, USER, service
from gateway.sessions.dtos.messaging import MessageInfo
from gateway.sessions.dtos.sessions import SessionInfo
from models import Unit
from models.sessions import ROWS, account

__all__ = [
    "accounts",
    "authentication",
    "customers",
    "messages",
    "new_session",
    "published",
    "service",
    "session_lists",
    "session_members",
    "sessions",
    "users",
]


def _account_named(unit: Unit, name: str, now: str) -> str:
    found = account.by_name(unit, name)
    if found is None:
        found = account.insert(unit, name=name, parent_account_id=None, now=now, by=None)
    return str(found.id)


service.use(
    Users(
        default_roles=(USER,),
        first_roles=(USER, MANAGER),
        account_named=_account_named,
        example="-H \"Authorization: Bearer {key}\" -d '{displayName:Hi,channel:Chat}' '{at}/sessions?format=jsv'",
    )
)
service.use(ROWS)
service.use(
    Events(
        shows={SessionInfo: published.seen, MessageInfo: published.seen},
        knows=published.knows,
        channels=("account:{AccountId}", "session:{SessionId}"),
    )
)
