"""Use cases of new sessions: NewSession and NewOutgoingSession."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway import Context, Principal
from gateway.errors import FieldError, ValidationFailed
from gateway.sessions import people, published
from gateway.sessions.declared import service
from gateway.sessions.dtos.flows import FlowChannels
from gateway.sessions.dtos.sessions import NewOutgoingSession, NewSession, SessionCallState, SessionDirections
from gateway.sessions.shown import show
from models.engine import ids
from models.sessions import account, session
from models.sessions.session import BreadcrumbRow, LogRow, MemberRow

_USER = "user:"


@dataclass(slots=True)
class _Entities:
    """The entities that a request names by id, and a failure for each unknown id."""

    customer: Any = None
    user: Any = None
    failures: list[FieldError] = field(default_factory=list)


_NOTHING = _Entities()


@service.checks(NewSession)
def check(request: NewSession, context: Context) -> list[FieldError]:
    """Return the failures of a request that the rules of its fields do not detect."""
    return _look_up(request, context).failures


@service.handles(NewSession)
def create(request: NewSession, context: Context) -> Any:
    """Store a new session. Raises ValidationFailed with a NotFound for each unknown id."""
    # PERF: most requests contain no ids.
    names = request.parent_session_id or request.customer_id or request.with_address
    entities = _look_up(request, context) if names else _NOTHING
    if entities.failures:
        raise ValidationFailed(NewSession.__name__, entities.failures)
    caller = context.principal
    direction = request.direction or SessionDirections.Outgoing
    values = {
        "display_name": request.display_name,
        "channel": str(request.channel or FlowChannels.Voice),
        "direction": str(direction),
        "call_state": str(request.call_state or SessionCallState.Connected),
        "dial_state": "Active" if request.start_session else "None",
        "from_address": request.from_address or caller.email,
        "from_name": request.from_name,
        "to_address": request.to_address,
        "parent_session_id": request.parent_session_id or None,
        "with_address": request.with_address or None,
        "from_phone_number": request.from_phone_number,
        "destination": request.destination,
    }
    if entities.customer is not None:
        crumbs: list[BreadcrumbRow] = account.read_breadcrumb(context.unit, entities.customer)
        values |= {
            "customer_id": entities.customer.id,
            "customer_name": entities.customer.name,
            "customer_breadcrumb": crumbs,
        }
    members = _collect_members(request, caller, entities, direction)
    row = _store(context, caller, values, members, f"Session created by {caller.display_name}")
    return row if entities.customer is None else show(row, context)


def _look_up(request: NewSession, context: Context) -> _Entities:
    entities = _Entities()
    if request.parent_session_id and people.visible_session(context, request.parent_session_id) is None:
        entities.failures.append(_make_not_found("parentSessionId", "session", request.parent_session_id))
    if request.customer_id:
        entities.customer = people.visible_customer(context, request.customer_id)
        if entities.customer is None:
            entities.failures.append(_make_not_found("customerId", "customer", request.customer_id))
    if request.with_address and request.with_address.startswith(_USER):
        user_id = request.with_address.removeprefix(_USER)
        entities.user = people.visible_user(context, user_id)
        if entities.user is None:
            entities.failures.append(_make_not_found("withAddress", "user", user_id))
    return entities


def _make_not_found(field_name: str, kind: str, value: str) -> FieldError:
    return FieldError("NotFound", field_name, f"There is no {kind} '{value}'.", {"PropertyValue": value[:200]})


def _collect_members(
    request: NewSession, caller: Principal, entities: _Entities, direction: SessionDirections
) -> list[MemberRow]:
    """Return the caller, then the invited members, each identity once."""
    calling_member = people.make_calling_member(
        caller, "Caller" if direction is SessionDirections.Incoming else "Agent"
    )
    members = {calling_member.identity: calling_member}
    for address in request.member_email_addresses or ():
        if address:
            invited = people.make_invited_member(address)
            members.setdefault(invited.identity, invited)
    if entities.user is not None:
        user = people.make_user_member(entities.user)
        members.setdefault(user.identity, user)
    return [*members.values()]


def _store(context: Context, caller: Principal, values: dict[str, Any], members: list[MemberRow], message: str) -> Any:
    if len(members) > session.MOST_MEMBERS:
        raise session.create_full_error()
    main_account = account.read_id_and_name(context.unit, caller.account_ids[0]) if caller.account_ids else None
    account_id, account_name = main_account or (None, None)
    values |= {
        "id": ids.new_id(),
        "date_created": context.now,
        "date_last_modified": context.now,
        "created_by": caller.user_id,
        "last_modified_by": caller.user_id,
        "account_id": account_id,
        "account_name": account_name,
        "queue_state": "None",
    }
    # PERF: a named tuple's own constructor is a function in Python.
    line = tuple.__new__(LogRow, (context.now, message))
    row = session.insert(context.unit, values, members, [line])
    # PERF: usually there are no subscribers.
    return published.publish(context, published.CREATED, row) if context.events.wanted else row


@service.handles(NewOutgoingSession)
def create_outgoing(request: NewOutgoingSession, context: Context) -> None:
    """Store a session with a pending call. The gateway makes no calls: a flow that watches sessions does."""
    caller = context.principal
    values = {
        "channel": str(FlowChannels.Voice),
        "direction": str(SessionDirections.Outgoing),
        "call_state": str(SessionCallState.Ringing),
        "dial_state": "Active",
        "from_address": caller.email,
        "from_phone_number": request.caller_id,
        "to_address": request.number_to_dial,
        "destination": request.number_to_dial,
    }
    message = f"Flow {request.flow_id} dials {request.number_to_dial} for {caller.display_name}"
    _store(context, caller, values, [people.make_calling_member(caller, "Agent")], message)
