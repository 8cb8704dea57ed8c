"""Use cases of a session's members, in conferences and chats."""

from __future__ import annotations

from typing import Any

from gateway import Context
from gateway.errors import FieldError, NotFound, ValidationFailed
from gateway.sessions import people, published
from gateway.sessions.declared import service
from gateway.sessions.dtos.sessions import AddConferenceMember, DeleteChatMember, InviteChatMember
from gateway.sessions.sessions import change, lock_open_session, lock_session
from gateway.sessions.shown import show
from models.engine import ids
from models.sessions import session


@service.handles(AddConferenceMember)
def add_to_conference(request: AddConferenceMember, context: Context) -> Any:
    """Add a ringing member, and make the session a conference. An existing member stays one, with the new Call SID.

    Raises NotFound, Conflict, PreconditionFailed.
    """
    row = lock_open_session(request.session_id, context)
    changes = {"conference_sid": row.conference_sid or f"CF{ids.new_id()}"}
    if request.call_sid:
        changes["most_recent_participant_call_sid"] = request.call_sid
    caller_id = f" from {request.from_number}" if request.from_number else ""
    message = f"{context.principal.display_name} added {request.destination} to the conference{caller_id}"
    row = change(row, context, changes, message)
    if _find_member(row, request.destination) is not None:
        return show(published.publish(context, published.CHANGED, row), context)
    new_member = people.make_member(
        request.destination, call_state="Ringing", role="Transfer", call_sid=request.call_sid
    )
    row = session.add_member(context.unit, row, new_member)
    return show(published.publish(context, published.JOINED, row), context)


@service.handles(InviteChatMember)
def invite(request: InviteChatMember, context: Context) -> Any:
    """Add a member once; inviting a member again changes nothing.

    Raises NotFound, Conflict, PreconditionFailed, and ValidationFailed when the name is unknown.
    """
    row = lock_open_session(request.session_id, context)
    new_member = people.find_member(context, request.member_to_add)
    if new_member is None:
        message = f"'{request.member_to_add}' is no mobile number, no e-mail address and no user's ID."
        raise ValidationFailed(InviteChatMember.__name__, [FieldError("NotFound", "memberToAdd", message)])
    if _find_member(row, new_member.identity) is not None:
        return show(row, context)
    caller_id = f" as {request.caller_id}" if request.caller_id else ""
    row = change(row, context, {}, f"{context.principal.display_name} invited {new_member.identity}{caller_id}")
    row = session.add_member(context.unit, row, new_member)
    return show(published.publish(context, published.JOINED, row), context)


@service.handles(DeleteChatMember)
def remove(request: DeleteChatMember, context: Context) -> Any:
    """Remove a member. Raises NotFound if the session or the member does not exist, and PreconditionFailed."""
    row = lock_session(request.session_id, context)
    member = _find_member(row, request.member_to_remove.strip())
    if member is None:
        raise NotFound(f"'{request.member_to_remove}' is not a member of the session.")
    row = change(row, context, {}, f"{context.principal.display_name} removed {member.identity}")
    row = session.remove_member(context.unit, row, member.identity)
    return show(published.publish(context, published.LEFT, row, member), context)


def _find_member(row: Any, identity: str) -> Any:
    return next((member for member in row.members if people.is_same(member.identity, identity)), None)
