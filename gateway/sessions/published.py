"""Server events of sessions: which subscribers get an event, and which of its fields each may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway import Context, Instance, Principal
from gateway.calls import Publisher
from gateway.sessions import people
from gateway.sessions.dtos.messaging import MessageInfo
from gateway.sessions.dtos.sessions import SessionInfo
from gateway.sessions.shown import show_to
from models import Unit
from models.sessions.session import MemberRow

CREATED = "session.created"
CHANGED = "session.changed"
ENDED = "session.ended"
ARCHIVED = "session.archived"
JOINED = "member.joined"
LEFT = "member.left"
ARRIVED = "message.arrived"


def publish(context: Context, selector: str, row: Any, *other_members: MemberRow) -> Any:
    """Publish that something has happened to a session, and return the session.

    :param other_members: users who are notified in addition to the members.
    """
    publish_with(context.events, selector, row, *other_members)
    return row


def publish_with(events: Publisher, selector: str, row: Any, *other_members: MemberRow) -> None:
    """Publish like `publish`, outside of a request."""
    if not events.wanted:
        return
    events.publish(
        selector,
        row,
        channel=_list_channels(row.account_id, row.id),
        user=_list_users([*row.members, *other_members]),
        dto=SessionInfo,
    )


def publish_message(context: Context, message: Any, session: Any) -> Any:
    """Publish that a message has arrived, and return the message.

    :param session: the session that the message belongs to; None if it belongs to none.
    """
    channels = _list_channels(message.account_id, message.session_id)
    users = [] if session is None else _list_users(session.members)
    context.events.publish(ARRIVED, message, channel=channels, user=users, dto=MessageInfo)
    return message


def _list_channels(account_id: str | None, session_id: str | None) -> list[str]:
    """Return the channel of an account, and that of a session."""
    return [
        f"{kind}:{entity_id}" for kind, entity_id in (("account", account_id), ("session", session_id)) if entity_id
    ]


def _list_users(members: Sequence[MemberRow]) -> list[str]:
    """Return the members who are users, by id or e-mail address. Invited members have no id."""
    return [user_id for member in members for user_id in (member.endpoint_id, member.identity) if user_id]


def show_dto(caller: Principal | None, unit: Unit, dto: Instance) -> Instance | None:
    """Return a session or a message as the caller sees it, by the same rule as for reading; None if the caller does not see it."""
    if caller is None or not people.may_see(caller, dto.account_id):
        return None
    document: Instance = show_to(caller, unit, [dto])[0]
    return document


def knows(caller: Principal | None, subject: Mapping[str, Any]) -> bool:
    """Return whether a caller sees another user: they have an account in common, or the caller sees all."""
    return caller is not None and (
        caller.user_id == subject["user_id"]
        or any(people.may_see(caller, account_id) for account_id in subject["account_ids"])
    )
