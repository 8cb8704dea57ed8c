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


def _get_or_add_account(unit: Unit, name: str, now: str) -> str:
    row = account.find_by_name(unit, name)
    if row is None:
        row = account.insert(unit, name=name, parent_account_id=None, now=now, by=None)
    return str(row.id)


service.use(
    Users(
        default_roles=(USER,),
        first_roles=(USER, MANAGER),
        account_named=_get_or_add_account,
        example="-H \"Authorization: Bearer {key}\" -d '{displayName:Hi,channel:Chat}' '{at}/sessions?format=jsv'",
    )
)
service.use(ROWS)
service.use(
    Events(
        shows={SessionInfo: published.show_dto, MessageInfo: published.show_dto},
        knows=published.knows,
        channels=("account:{AccountId}", "session:{SessionId}"),
    )
)
