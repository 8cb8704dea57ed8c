"""Use cases of one existing session: read, change, hold and end it.

Every change reads the session for update, so that writers of one session wait for each other, and appends one line to its log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import Context
from gateway.calls import format_version
from gateway.errors import Conflict, NotFound, PreconditionFailed
from gateway.sessions import published
from gateway.sessions.callers import visible_accounts
from gateway.sessions.declared import service
from gateway.sessions.dtos.sessions import EndSession, GetSession, HoldSession, PatchSession, SessionCallState
from gateway.sessions.shown import show
from models.sessions import session
from models.sessions.session import LogRow

#: The columns that PatchSession may change.
_PATCHED = ("console_data", "call_state", "hold_reason", "queue_state")


@service.handles(GetSession)
def read(request: GetSession, context: Context) -> Any:
    """Return the session. Raises NotFound."""
    return show(_get_session(request.session_id, context), context)


@service.handles(PatchSession)
def patch(request: PatchSession, context: Context) -> Any:
    """Change the given fields; a call state of Connected resumes a held session. Raises NotFound, Conflict, PreconditionFailed."""
    row = lock_open_session(request.session_id, context)
    values = {name: getattr(request, name) for name in _PATCHED}
    changes: dict[str, Any] = {name: str(value) for name, value in values.items() if value is not None}
    if not changes:
        return show(row, context)
    names = ", ".join(_list_wire_names(changes))
    if request.call_state is SessionCallState.Connected:
        changes |= {"hold_reason": None, "held_by_user_id": None}
    elif request.call_state is SessionCallState.Hold:
        changes["held_by_user_id"] = context.principal.user_id
    row = change(row, context, changes, f"{context.principal.display_name} changed {names}")
    return show(published.publish(context, published.CHANGED, row), context)


def _list_wire_names(changes: Mapping[str, Any]) -> list[str]:
    return [str(PatchSession.schema().fields[name].data_key) for name in changes]


@service.handles(HoldSession)
def hold(request: HoldSession, context: Context) -> Any:
    """Put the session on hold. Raises NotFound, Conflict, PreconditionFailed."""
    row = lock_open_session(request.session_id, context)
    reason = str(request.reason or "None")
    changes = {
        "call_state": str(SessionCallState.Hold),
        "hold_reason": reason,
        "held_by_user_id": context.principal.user_id,
        **build_reported_changes(request.call_sid),
    }
    because = "" if reason == "None" else f" ({reason})"
    row = change(row, context, changes, f"{context.principal.display_name} put the session on hold{because}")
    return show(published.publish(context, published.CHANGED, row), context)


@service.handles(EndSession)
def end(request: EndSession, context: Context) -> None:
    """End the session; a session that has ended is unchanged. Raises NotFound, PreconditionFailed."""
    row = lock_session(request.session_id, context)
    if row.ended:
        return
    changes = {
        "ended": True,
        "call_state": str(SessionCallState.Disconnected),
        "date_completed": pick_later(row.date_last_modified, context.now),
        **build_reported_changes(request.call_sid),
    }
    row = change(row, context, changes, f"{context.principal.display_name} ended the session", last=True)
    published.publish(context, published.ENDED, session.set_member_states(context.unit, row, "None"))


def lock_session(session_id: str, context: Context) -> Any:
    """Return the session, locked until the transaction ends. Raises NotFound, PreconditionFailed."""
    row = _get_session(session_id, context, for_update=True)
    if context.expected is not None and format_version(row) not in context.expected:
        raise PreconditionFailed(f"The session now has version {row.version}; read it again.")
    return row


def lock_open_session(session_id: str, context: Context) -> Any:
    """Return the session like `lock_session`. Raises Conflict when it has ended."""
    row = lock_session(session_id, context)
    if row.ended:
        raise Conflict("The session has ended.")
    return row


def change(row: Any, context: Context, changes: Mapping[str, Any], message: str, *, last: bool = False) -> Any:
    """Change columns, append a log line, record time and user, and return the changed session.

    Dates of a session never run backwards, though the clocks of two writers may differ. Raises models.Full if the log is full, except
    for the `last` change.
    """
    now = pick_later(row.date_last_modified, context.now)
    stamp = {"date_last_modified": now, "last_modified_by": context.principal.user_id}
    return session.update(context.unit, row, {**changes, **stamp}, LogRow(now, message), last=last)


def build_reported_changes(call_sid: str | None) -> dict[str, str]:
    """Return the change that a reported Call SID makes."""
    return {"call_sid": call_sid} if call_sid else {}


def pick_later(instant: str, other_instant: str) -> str:
    """Return the later of two instants."""
    return max(instant, other_instant)


def _get_session(session_id: str, context: Context, *, for_update: bool = False) -> Any:
    accounts = visible_accounts(context.principal)
    row = session.get(context.unit, session_id, account_ids=accounts, for_update=for_update)
    if row is None:
        raise NotFound(f"There is no session '{session_id}'.")
    return row
