"""DTOs: the signed-in user, and tokens for other users."""

from __future__ import annotations

from gateway import ANYONE, Dto, fields
from gateway.sessions.declared import MANAGER, SYSTEM_ADMINISTRATOR, service
from gateway.sessions.dtos.users import UserInfo

NAMESPACE = "Voice.Api.Authentication"


@service.get("/auth/status", returns=UserInfo, access=ANYONE, tags=["authentication"])
class GetAuthStatus(Dto):
    """Get the signed-in user, if any"""


class RequestAuthTokenResult(Dto):
    auth_token = fields.String("The token to sign in with")


@service.get(
    "/auth/token",
    returns=RequestAuthTokenResult,
    any_role=(SYSTEM_ADMINISTRATOR, MANAGER),
    tags=["authentication"],
)
class RequestAuthToken(Dto):
    """Get a token that signs in a given user"""

    user_email_address = fields.String("The e-mail address of the user")
    user_id = fields.String("The ID of the user, where no e-mail address is given")
