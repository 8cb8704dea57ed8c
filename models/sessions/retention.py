"""Delete old archived sessions and personal data.

These functions run rarely and change many rows, in blocks of one transaction each, so that others can write between them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import peewee

from models.engine.database import Unit
from models.sessions.session import fold
from models.sessions.tables import Conversation, Message, Session, SessionLog, SessionMember

#: The text that replaces a person's name or address.
ERASED = "erased"

#: A session's texts that may be a person's e-mail address.
_ADDRESSES = (Session.from_address, Session.from_name, Session.to_address, Session.with_address, Session.display_name)


def _is_purgeable(before: str) -> peewee.Expression:
    return (Session.archived == True) & (Session.date_created < before)  # noqa: E712 - an expression of SQL


def count_purgeable(unit: Unit, before: str) -> int:
    """Return how many archived sessions were made before an instant."""
    query: Any = Session.select(peewee.fn.COUNT(Session.id)).where(_is_purgeable(before))
    return int(unit.all(query.tuples())[0][0])


def purge(unit: Unit, before: str, limit: int) -> int:
    """Delete at most `limit` of these sessions, the oldest first, with their members and logs; return how many there were. Their messages
    stay, but no longer refer to a session."""
    query: Any = (
        Session.select(Session.id).where(_is_purgeable(before)).order_by(Session.date_created, Session.id).limit(limit)
    )
    session_ids = [session.id for session in unit.all(_lock_rows(unit, query))]
    if session_ids:
        unit.change(Message.update(session_id=None).where(Message.session_id.in_(session_ids)))
        # The new version invalidates rows in memory.
        orphaned = {"parent_session_id": None, "version": Session.version + 1}
        unit.change(Session.update(**orphaned).where(Session.parent_session_id.in_(session_ids)))
        for table in (SessionMember, SessionLog):
            unit.change(table.delete().where(table.session_id.in_(session_ids)))
        unit.change(Session.delete().where(Session.id.in_(session_ids)))
    return len(session_ids)


def list_sessions_of(unit: Unit, user_id: str, email: str) -> list[str]:
    """Return the ids of the sessions that name a user: as a member, as their creator or last editor, or as an address."""
    members = SessionMember.select(SessionMember.session_id).where(SessionMember.identity == email)
    condition = (Session.created_by == user_id) | (Session.last_modified_by == user_id)
    for column in _ADDRESSES:
        condition |= column == email
    sessions = Session.select(Session.id).where(condition)
    return sorted({member.session_id for member in unit.all(members)} | {session.id for session in unit.all(sessions)})


def read_rows_of(unit: Unit, session_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of these sessions, as columns by table."""
    return {
        "sessions": _read_columns(unit, Session.select().where(Session.id.in_(session_ids))),
        "members": _read_columns(unit, SessionMember.select().where(SessionMember.session_id.in_(session_ids))),
        "log": _read_columns(unit, SessionLog.select().where(SessionLog.session_id.in_(session_ids))),
    }


def read_messages_of(unit: Unit, email: str) -> list[dict[str, Any]]:
    """Return the messages from and to an address, as columns."""
    return _read_columns(unit, Message.select().where((Message.other_address == email) | (Message.sender == email)))


def _read_columns(unit: Unit, query: Any) -> list[dict[str, Any]]:
    return [dict(row.__data__) for row in unit.all(query)]


def erase_sessions(unit: Unit, session_ids: Sequence[str], user_id: str, email: str) -> None:
    """Replace a user's address by `ERASED` wherever these sessions have it: members, names, addresses, log lines."""
    rows: list[Any] = unit.all(_lock_rows(unit, Session.select().where(Session.id.in_(session_ids))))
    for row in rows:
        addresses = {column.name: _erase_address(getattr(row, column.name), email) for column in _ADDRESSES}
        folded = {
            "from_folded": fold(addresses["from_address"], addresses["from_name"], row.from_phone_number),
            "to_folded": fold(addresses["to_address"], row.destination),
        }
        # The new version invalidates rows in memory.
        unit.change(Session.update(**addresses, **folded, version=Session.version + 1).where(Session.id == row.id))
    members = (SessionMember.session_id.in_(session_ids)) & (SessionMember.identity == email)
    # An identity is unique in a session, which may have several erased members.
    identity = f"{ERASED} {user_id}"
    unit.change(
        SessionMember.update(identity=identity, display_name=None, avatar_url=None, application_data=None).where(
            members
        )
    )
    query = SessionLog.select().where(SessionLog.session_id.in_(session_ids) & SessionLog.message.contains(email))
    lines: list[Any] = unit.all(query)
    for line in lines:
        text = _erase_address(line.message, email) or ""
        condition = (SessionLog.session_id == line.session_id) & (SessionLog.position == line.position)
        unit.change(SessionLog.update(message=text, message_folded=fold(text)).where(condition))


def erase_messages(unit: Unit, email: str) -> int:
    """Delete the messages from and to an address, and its conversations; return how many messages there were."""
    count = unit.change(Message.delete().where((Message.other_address == email) | (Message.sender == email)))
    unit.change(Conversation.delete().where(Conversation.other_address == email))
    return count


def _erase_address(text: str | None, email: str) -> str | None:
    return text and re.sub(re.escape(email), ERASED, text, flags=re.IGNORECASE)


def _lock_rows(unit: Unit, query: Any) -> Any:
    # SQLite needs no lock: it has one writer at a time.
    return query.for_update() if unit.dialect == "mysql" else query
