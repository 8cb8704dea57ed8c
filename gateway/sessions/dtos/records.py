"""What files of exported objects hold."""

from __future__ import annotations

from gateway import fields
from gateway.sessions.dtos.sessions import SessionInfo

NAMESPACE = "Voice.Api.Sessions"


class SessionRecord(SessionInfo):
    """A session with all that is stored of it"""

    parent_session_id = fields.String("Parent session (e.g. for billing purposes)")
    with_address = fields.String("The user/team that a chat session was started with")
    archived = fields.Boolean("Is this session in the archive?")
