"""Sessions: calls, chats and faxes, their members and their log."""

from __future__ import annotations

from enum import auto

from gateway import SIGNED_IN, Dto, DtoEnum, View, close, fields, rules
from gateway.contract.lists import MOST_VALUES, ListResponse, filter_of, list_request
from gateway.sessions.declared import MANAGER, SYSTEM_ADMINISTRATOR, USER, service
from gateway.sessions.dtos.customers import CustomerBreadcrumb
from gateway.sessions.dtos.entities import EntityInfo
from gateway.sessions.dtos.flows import FlowChannels

NAMESPACE = "Voice.Api.Sessions"

# ``None`` is a keyword, so enums that have such a member name it through their namespace.


class SessionDirections(DtoEnum):
    Incoming = auto()
    Outgoing = auto()


class SessionCallState(DtoEnum):
    Disconnected = auto()
    Ringing = auto()
    Connected = auto()
    Hold = auto()
    Passive = auto()


class SessionDialState(DtoEnum):
    vars()["None"] = auto()
    Active = auto()


class SessionQueueStates(DtoEnum):
    vars()["None"] = auto()
    Queued = auto()
    Ringing = auto()
    Connected = auto()
    Hold = auto()
    Disconnected = auto()


class SessionHoldReasons(DtoEnum):
    vars()["None"] = auto()
    Transferring = auto()


class SessionMemberCallState(DtoEnum):
    vars()["None"] = auto()
    Ringing = auto()
    Connected = auto()
    Hold = auto()


class SessionMemberRoles(DtoEnum):
    vars()["None"] = auto()
    Caller = auto()
    Agent = auto()
    Transfer = auto()


class SessionLogInfo(Dto):
    view = View("Log entry", columns=["date", "message"])

    date = fields.String()
    message = fields.String()


class SessionMemberInfo(Dto):
    view = View(
        "Member", title=["display_name", "identity"], columns=["display_name", "identity", "role", "call_state"]
    )

    identity = fields.String()
    endpoint_id = fields.String()
    display_name = fields.String()
    is_original_member = fields.Boolean()
    avatar_url = fields.String()
    application_data = fields.Map()
    call_state = fields.Enum(SessionMemberCallState)
    role = fields.Enum(SessionMemberRoles)
    call_sid = fields.String()
    muted = fields.Boolean()


class SessionInfo(EntityInfo):
    view = View(
        "Session",
        title=["display_name", "destination", "id"],
        columns=[
            "display_name",
            "channel",
            "direction",
            "call_state",
            "from_address",
            "to_address",
            "customer_name",
            "members",
            "date_created",
        ],
        first=[
            "call_state",
            "ended",
            "channel",
            "direction",
            "from_address",
            "to_address",
            "date_created",
            "log",
            "members",
        ],
        sorted_by="date_created",
        closed_by="ended",
    )

    dial_state = fields.Enum(SessionDialState, "The state of the session")
    call_state = fields.Enum(SessionCallState, "The call state of the session")
    queue_state = fields.Enum(SessionQueueStates, "The queue state of the session")
    account_id = fields.String("The ID of the account associated with the flow")
    account_name = fields.String("The name of the account associated with the session")
    customer_id = fields.String("The ID of the customer this session is associated with")
    customer_breadcrumb = fields.List(
        fields.Nested(CustomerBreadcrumb), "The customer breadcrumb this session is associated with"
    )
    customer_name = fields.String("The name of the customer this session is associated with")
    endpoint_id = fields.String("The ID of the endpoint associated with this session")
    endpoint_name = fields.String("The name of the endpoint associated with this session")
    date_completed = fields.String("The date the call completed")
    destination = fields.String("The destination of the session (e.g. what was entered into the Dial box)")
    to_address = fields.String("The to address if any")
    from_address = fields.String("The from address if any")
    from_name = fields.String("The from name if any")
    answered_by_name = fields.String("Answered by name (if any)")
    queue_member_id = fields.String("The ID of the queue member assigned to this call")
    channel = fields.Enum(FlowChannels, "The flow channel")
    ended = fields.Boolean("Has the session ended")
    outcome = fields.String("The outcome of the call")
    call_sid = fields.String("The twilio Call SID of this session")
    console_data = fields.String("Any console data for this session")
    hold_queue_name = fields.String("The name of the hold queue for this call")
    held_by_user_id = fields.String("The user ID who put this call on hold")
    hold_reason = fields.Enum(SessionHoldReasons, "The reason for the hold")
    conference_sid = fields.String("The SID of the conference if in a conference call")
    display_name = fields.String("The display name for this session")
    log = fields.List(fields.Nested(SessionLogInfo), "The log entries for this session")
    members = fields.List(fields.Nested(SessionMemberInfo), "The members of this session")
    callback_number = fields.String("The callback number (typically used for SIP to User calls)")
    answered_by_id = fields.String("The ID of the endpoint that answered")
    direction = fields.Enum(SessionDirections, "Is this session incoming or outgoing?")
    from_phone_number = fields.String("The phone number that this session is coming from (used with SMS chats)")
    most_recent_participant_call_sid = fields.String("The Call SID of the most recently added conference participant")
    was_missed = fields.Boolean("Was this session missed?")
    ring_queue_id = fields.String("The ring queue that the call is currently in")


@service.post("/sessions", returns=SessionInfo, role=USER, tags=["sessions"], idempotent=True)
class NewSession(Dto):
    """Create a new session"""

    display_name = fields.String("A display name for this session", length=255)
    channel = fields.Enum(FlowChannels, "The type of session")
    direction = fields.Enum(SessionDirections, "The session direction (defaults to Outgoing)")
    call_state = fields.Enum(SessionCallState, "The current session call state (defaults to Connected)")
    from_address = fields.String("The From address for the session (defaults to user's email)", length=255)
    from_name = fields.String("The From name for the session", length=255)
    to_address = fields.String("The To address for the session", length=255)
    parent_session_id = fields.String("Parent session (e.g. for billing purposes)", length=64)
    customer_id = fields.String("Specify a customer to associate with this session", length=64)
    with_address = fields.String(
        "Start a chat session with a specified user/team (e.g. user:userid or team:teamid)",
        length=255,
        rules=[rules.matches("((user|team):.+)?", "'{name}' must be user:ID or team:ID.")],
        example="user:userid",
    )
    from_phone_number = fields.String("Use the specified caller ID (if dialing out)", length=255)
    destination = fields.String("The dialed destination value", length=255)
    member_email_addresses = fields.List(
        fields.String(length=255, rules=[rules.email()]),
        "User email addresses to add as members",
        rules=[rules.at_most(MOST_VALUES)],
    )
    start_session = fields.Boolean("Start the session's flow?")


@service.get("/sessions/{SessionId}", returns=SessionInfo, access=SIGNED_IN, tags=["sessions"])
class GetSession(Dto):
    """Get a session"""

    session_id = fields.String("The ID of the session", rules=[rules.not_empty()])


@service.get("/sessions", returns=close(ListResponse, SessionInfo), access=SIGNED_IN, tags=["sessions"])
class ListSessions(list_request(SessionInfo)):  # type: ignore[misc]
    """List sessions"""

    account_ids = filter_of("Return only sessions of these accounts")
    customer_ids = filter_of("Return only sessions associated with these customers")
    endpoint_ids = filter_of("Return only sessions of these endpoints")
    search_archive = fields.Boolean("Search the archived sessions instead of the live ones")
    start_date = fields.String("Return only sessions created on this day or later (YYYY-MM-DD)", rules=[rules.date()])
    end_date = fields.String("Return only sessions created on this day or earlier (YYYY-MM-DD)", rules=[rules.date()])
    from_ = fields.String("Return only sessions whose From address, name or phone number contains this text")
    to = fields.String("Return only sessions whose To address or destination contains this text")
    log = fields.String("Return only sessions with a log entry that contains this text")
    parent_session_id = fields.String("Return only sessions with this parent session")


class GetMySessionsResponse(Dto):
    rows = "sessions"

    sessions = fields.List(fields.Nested(SessionInfo), "The sessions that the user is a member of and that go on")


@service.get("/sessions/my", returns=GetMySessionsResponse, role=USER, tags=["sessions"])
class GetMySessions(Dto):
    """Get the active sessions of the signed-in user"""


@service.patch("/sessions/{SessionId}", returns=SessionInfo, access=SIGNED_IN, tags=["sessions"], idempotent=True)
class PatchSession(Dto):
    """Change a session; fields that are left out stay as they are"""

    session_id = fields.String("The ID of the session", rules=[rules.not_empty()])
    console_data = fields.String("Any console data for this session", length=65_535)
    call_state = fields.Enum(SessionCallState, "The call state of the session (Connected resumes a held one)")
    hold_reason = fields.Enum(SessionHoldReasons, "The reason for the hold")
    queue_state = fields.Enum(SessionQueueStates, "The queue state of the session")


@service.delete("/sessions/{SessionId}", role=USER, tags=["sessions"], idempotent=True)
class EndSession(Dto):
    """End a session"""

    session_id = fields.String("The ID of the session", rules=[rules.not_empty()])
    call_sid = fields.String("The Call SID that ended", length=64)


@service.post("/sessions/{SessionId}/hold", returns=SessionInfo, role=USER, tags=["sessions"], idempotent=True)
class HoldSession(Dto):
    """Put a session on hold"""

    session_id = fields.String("The ID of the session", rules=[rules.not_empty()])
    call_sid = fields.String("The Call SID to put on hold", length=64)
    reason = fields.Enum(SessionHoldReasons, "The reason for the hold")


@service.post(
    "/sessions/{SessionId}/conference/members",
    returns=SessionInfo,
    access=SIGNED_IN,
    tags=["sessions"],
    idempotent=True,
)
class AddConferenceMember(Dto):
    """Add a member to the conference of a session"""

    session_id = fields.String("The ID of the session", rules=[rules.not_empty()])
    call_sid = fields.String("The Call SID of the new member", length=64)
    destination = fields.String("The number or address of the new member", length=255, rules=[rules.not_empty()])
    from_number = fields.String("The caller ID that the new member sees", length=255)


@service.post("/sessions/{SessionId}/members", returns=SessionInfo, role=USER, tags=["sessions"], idempotent=True)
class InviteChatMember(Dto):
    """Invite a member to a chat session"""

    session_id = fields.String("The ID of the session", rules=[rules.not_empty()])
    member_to_add = fields.String(
        "The mobile number, user ID or e-mail address of the member", length=255, rules=[rules.not_empty()]
    )
    caller_id = fields.String("The caller ID that the member sees", length=255)


@service.delete(
    "/sessions/{SessionId}/members/{memberId}",
    returns=SessionInfo,
    role=USER,
    tags=["sessions"],
    idempotent=True,
)
class DeleteChatMember(Dto):
    """Remove a member from a chat session"""

    aliases = {"memberId": "memberToRemove"}

    session_id = fields.String("The ID of the session", rules=[rules.not_empty()])
    member_to_remove = fields.String("The mobile number or e-mail address of the member", rules=[rules.not_empty()])


@service.post("/sessions/outgoing", any_role=(MANAGER, SYSTEM_ADMINISTRATOR), tags=["sessions"], idempotent=True)
class NewOutgoingSession(Dto):
    """Start a session that a flow dials"""

    flow_id = fields.String("The flow to start", length=64, rules=[rules.not_empty()])
    number_to_dial = fields.String(
        "The number to dial in E.164 (e.g. +15551234567)",
        rules=[rules.not_empty(), rules.matches(r"\+[1-9][0-9]{1,14}", "'{name}' must be a number in E.164.")],
        example="+15551234567",
    )
    caller_id = fields.String("The caller ID to show", length=255)
