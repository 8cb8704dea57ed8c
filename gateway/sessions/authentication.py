"""Use cases: the signed-in user, and tokens for other users."""

from __future__ import annotations

from gateway import Context, Instance
from gateway.audit import Event
from gateway.errors import NotFound, ValidationFailed
from gateway.sessions import users
from gateway.sessions.declared import service
from gateway.sessions.dtos.authentication import GetAuthStatus, RequestAuthToken, RequestAuthTokenResult
from gateway.users.authentication import get_authenticator, make_empty_failure
from models.users import identity


@service.handles(GetAuthStatus)
def get_status(_request: GetAuthStatus, context: Context) -> Instance:
    """Return the signed-in user, if there is one."""
    return users.get_caller_info(context)


@service.handles(RequestAuthToken)
def request_token(request: RequestAuthToken, context: Context) -> Instance:
    """Return a token that signs in another user. Raises NotFound if the caller does not see the user, and Forbidden if the user has
    more rights than the caller."""
    if request.user_email_address:
        row = users.get_visible_by_email(context, request.user_email_address)
    elif request.user_id:
        row = users.get_visible(context, request.user_id)
    else:
        raise ValidationFailed(
            RequestAuthToken.__name__, [make_empty_failure("userEmailAddress", "User Email Address")]
        )
    users.check_covers(context.principal, row)
    user = identity.find_by_id(context.unit, row.id)
    if user is None or user.disabled:
        raise NotFound(f"There is no user '{request.user_email_address or request.user_id}'.")
    context.record(Event.TOKEN_ISSUED, row.id)
    return RequestAuthTokenResult.new(auth_token=get_authenticator(context).make_token(user))
