"""Signing in and out, and tokens, as every ServiceStack client does it.

Log-ins take long and count their failures even if they are refused, so they are done outside of the call's unit of work.
"""

from __future__ import annotations

from typing import Any

from gateway.audit import Event
from gateway.calls import Context, Credentials, Method, Principal
from gateway.contract.dto import Instance
from gateway.contract.responses import ResponseStatus
from gateway.errors import (
    FieldError,
    Forbidden,
    MalformedRequest,
    NotAuthenticated,
    NotFound,
    NotSupported,
    ValidationFailed,
)
from gateway.users.authenticator import Authenticator, format_full_name
from gateway.users.dtos import (
    Authenticate,
    AuthenticateResponse,
    ConvertSessionToTokenResponse,
    GetAccessToken,
    GetAccessTokenResponse,
)
from gateway.users.sessions import (
    REFRESH_TOKEN,
    TOKEN,
    find_token,
    hash_session_id,
    make_session_cookies,
    make_token_cookies,
)
from gateway.users.tokens import TokenError
from models.users import identity, login

_CREDENTIALS = "credentials"
_LOGOUT = "logout"
#: Providers that accept a user name and a password; for basic they may be in the header.
_PASSWORDS = frozenset({_CREDENTIALS, "basic"})
#: Providers that take a token or an API key, in a header or as accessToken.
_BEARERS = frozenset({"bearer", "jwt", "apikey"})


def authenticate(request: Instance, context: Context) -> Instance:
    """Sign in or out, or return the signed-in user. Raises NotAuthenticated, TooManyRequests, ValidationFailed, NotFound, NotSupported."""
    provider = (request.provider or "").lower()
    if provider == _LOGOUT or (not provider and context.verb == "DELETE"):
        return _log_out(context)
    if provider and provider not in _PASSWORDS and provider not in _BEARERS:
        raise NotFound(f"No configuration was added for OAuth provider '{request.provider[:200]}'")
    if context.verb != "POST":
        if provider:
            raise NotSupported("Use POST to sign in.", ["POST"], error_code="NotSupportedException")
        return _describe_caller(context, context.principal)
    if provider == _CREDENTIALS or (request.user_name and provider not in _BEARERS):
        return _log_in(request, context)
    return _describe_caller(context, _find_bearer(request, context) or context.principal)


def refresh(request: Instance, context: Context) -> Instance:
    """Return a new bearer token for the refresh token of the request or of a cookie.

    Raises ValidationFailed without a refresh token, NotAuthenticated when it is expired, MalformedRequest when it is another token.
    """
    refresh_token = request.refresh_token or find_token(context.credentials, REFRESH_TOKEN)
    if not refresh_token:
        raise ValidationFailed(GetAccessToken.__name__, [make_empty_failure("refreshToken", "Refresh Token")])
    with context.unit.suspended():
        try:
            tokens = get_authenticator(context).refresh(refresh_token)
        except TokenError:
            raise MalformedRequest("This is not a refresh token.", error_code="ArgumentException") from None
    if tokens.refresh or request.use_token_cookie or not request.refresh_token:
        context.cookies.extend(make_token_cookies(tokens))
    return GetAccessTokenResponse.new(access_token=tokens.access, response_status=ResponseStatus.new())


def convert(request: Instance, context: Context) -> Instance:
    """Set tokens as cookies for a caller who is signed in by a login session or a password.

    Raises Forbidden for an API key or a token, because the new token could outlive it.
    """
    caller = context.principal
    if not caller.session_id and caller.method is not Method.PASSWORD:
        raise Forbidden("Only a login session can be exchanged for tokens.")
    user = identity.find_by_id(context.unit, caller.user_id)
    if user is None:
        raise NotAuthenticated
    authenticator = get_authenticator(context)
    tokens = authenticator.make_token_cookies(user)
    keeps_session = bool(request.preserve_session) or not caller.session_id
    if not keeps_session:
        login.delete(context.unit, hash_session_id(caller.session_id))
    context.cookies.extend([*(() if keeps_session else make_session_cookies(None)), *make_token_cookies(tokens)])
    context.record(Event.TOKEN_ISSUED, caller.user_id)
    return ConvertSessionToTokenResponse.new(access_token=tokens.access, response_status=ResponseStatus.new())


def _log_in(request: Instance, context: Context) -> Instance:
    values = {("userName", "User Name"): request.user_name, ("password", "Password"): request.password}
    failures = [make_empty_failure(*names) for names, value in values.items() if not value]
    if failures:
        raise ValidationFailed(Authenticate.__name__, failures)
    authenticator = get_authenticator(context)
    with context.unit.suspended():
        user, session = authenticator.log_in(
            request.user_name, request.password, context.credentials.address, permanent=bool(request.remember_me)
        )
        # The client's previous session must not survive in a cookie jar that keeps both.
        authenticator.log_out(context.credentials, tokens=False)
    token, refresh_token = authenticator.make_tokens(user, session)
    returned: str | None = refresh_token
    if request.use_token_cookie:
        context.cookies.extend(make_session_cookies(session))
        context.cookies.extend(make_token_cookies(authenticator.make_token_cookies(user, hash_session_id(session.id))))
        returned = None
    else:
        context.cookies.extend(make_session_cookies(session))
        _end_token_cookies(context)
    return _make_response(
        user_id=user.user_id,
        session_id=session.id,
        user_name=request.user_name,
        display_name=format_full_name(user),
        profile_url=user.avatar_url,
        roles=list(user.roles),
        bearer_token=token,
        refresh_token=returned,
    )


def _log_out(context: Context) -> Instance:
    with context.unit.suspended():
        get_authenticator(context).log_out(context.credentials)
    context.cookies.extend(make_session_cookies(None))
    _end_token_cookies(context)
    return AuthenticateResponse.new(response_status=ResponseStatus.new())


def _end_token_cookies(context: Context) -> None:
    """Delete the client's token cookies. Clients without them must not get such cookies, which break some clients."""
    if any(find_token(context.credentials, name) for name in (TOKEN, REFRESH_TOKEN)):
        context.cookies.extend(make_token_cookies(None))


def _find_bearer(request: Instance, context: Context) -> Principal | None:
    """Return the caller whose accessToken it is; None without a token. Raises NotAuthenticated and Forbidden."""
    if not request.access_token:
        return None
    token_credentials = Credentials(authorization=f"Bearer {request.access_token}", address=context.credentials.address)
    with context.unit.suspended():
        return get_authenticator(context).authenticate(token_credentials)


def _describe_caller(context: Context, caller: Principal) -> Instance:
    user = identity.find_by_id(context.unit, caller.user_id)
    return _make_response(
        user_id=caller.user_id,
        session_id=caller.session_id or None,
        user_name=caller.email,
        display_name=caller.display_name,
        profile_url=user.avatar_url if user else None,
        roles=sorted(caller.roles),
    )


def _make_response(**values: Any) -> Instance:
    return AuthenticateResponse.new(permissions=[], response_status=ResponseStatus.new(), **values)


def make_empty_failure(name: str, words: str) -> FieldError:
    """Return the failure of a field that must have a value.

    :param words: the field's name for people.
    """
    return FieldError("NotEmpty", name, f"'{words}' must not be empty.", {"PropertyName": words})


def get_authenticator(context: Context) -> Authenticator:
    """Return the authenticator of a call in a service with `Users`."""
    assert isinstance(context.callers, Authenticator)
    return context.callers
