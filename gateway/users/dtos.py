"""Signing in, as every ServiceStack client does it, and tokens for others."""

from __future__ import annotations

from gateway.contract import fields
from gateway.contract.catalog import ANYONE, SIGNED_IN
from gateway.contract.dto import Dto
from gateway.contract.responses import ResponseStatus
from gateway.sessions.dtos.catalog import MANAGER, SYSTEM_ADMINISTRATOR, catalog
from gateway.sessions.dtos.users import UserInfo

NAMESPACE = "Voice.Api.Authentication"

_SERVICESTACK = "http://schemas.servicestack.net/types"


class AuthenticateResponse(Dto):
    """The login session of whoever signed in"""

    dotnet_namespace = _SERVICESTACK
    ordered = True

    user_id = fields.String("The ID of the user")
    session_id = fields.String("The ID of the login session")
    user_name = fields.String("The user name, as it was given")
    display_name = fields.String("The name to show")
    referrer_url = fields.String("Where the client came from")
    bearer_token = fields.String("A token to send instead of the password")
    refresh_token = fields.String("A token to get a new bearer token with")
    profile_url = fields.String("The address of the user's picture")
    roles = fields.List(fields.String(), "The user's roles")
    permissions = fields.List(fields.String(), "The user's permissions")
    response_status = fields.Nested(ResponseStatus, "The error, if any")
    meta = fields.Map("Further facts")


# OPTIONS, the fourth verb of these routes, is answered for every route without calling an operation.
@catalog.operation(
    "GET POST DELETE",
    "/auth",
    also=[("GET POST DELETE", "/auth/{provider}")],
    returns=AuthenticateResponse,
    access=ANYONE,
    tags=["authentication"],
    signs_in=True,
)
class Authenticate(Dto):
    """Sign in, ask who is signed in, or sign out"""

    dotnet_namespace = _SERVICESTACK
    ordered = True
    interfaces = ("IPost",)

    provider = fields.String("How to sign in (e.g. credentials), or logout to sign out", name="provider")
    user_name = fields.String("The user's e-mail address")
    password = fields.String("The user's password")
    remember_me = fields.Boolean("Stay signed in for longer?")
    use_token_cookie = fields.Boolean("Keep the tokens as cookies, ss-tok and ss-reftok?")
    access_token = fields.String("A token to sign in with")
    access_token_secret = fields.String("The secret of the token, where it has one")
    meta = fields.Map("Further facts")


class GetAccessTokenResponse(Dto):
    """A new bearer token"""

    dotnet_namespace = _SERVICESTACK
    ordered = True

    access_token = fields.String("The token to send from now on")
    meta = fields.Map("Further facts")
    response_status = fields.Nested(ResponseStatus, "The error, if any")


@catalog.operation(
    "POST", "/access-token", returns=GetAccessTokenResponse, access=ANYONE, tags=["authentication"], signs_in=True
)
class GetAccessToken(Dto):
    """Get a new bearer token for a refresh token"""

    dotnet_namespace = _SERVICESTACK
    ordered = True
    interfaces = ("IPost",)

    refresh_token = fields.String("The refresh token that signing in gave; where it is left out, the one in the cookie")
    use_token_cookie = fields.Boolean("Keep the new token as a cookie? Tokens in cookies are always renewed there")
    meta = fields.Map("Further facts")


class ConvertSessionToTokenResponse(Dto):
    """Tokens in place of a login session"""

    dotnet_namespace = _SERVICESTACK
    ordered = True

    meta = fields.Map("Further facts")
    access_token = fields.String("The token to send from now on")
    response_status = fields.Nested(ResponseStatus, "The error, if any")


@catalog.operation(
    "GET POST",
    "/session-to-token",
    returns=ConvertSessionToTokenResponse,
    access=SIGNED_IN,
    tags=["authentication"],
    signs_in=True,
)
class ConvertSessionToToken(Dto):
    """Turn the login session into tokens, which are kept as cookies"""

    dotnet_namespace = _SERVICESTACK
    ordered = True
    interfaces = ("IPost",)

    preserve_session = fields.Boolean("Does the login session go on?")
    meta = fields.Map("Further facts")


@catalog.operation("GET", "/auth/status", returns=UserInfo, access=ANYONE, tags=["authentication"])
class GetAuthStatus(Dto):
    """Get the signed-in user, if any"""


class RequestAuthTokenResult(Dto):
    auth_token = fields.String("The token to sign in with")


@catalog.operation(
    "GET",
    "/auth/token",
    returns=RequestAuthTokenResult,
    any_role=(SYSTEM_ADMINISTRATOR, MANAGER),
    tags=["authentication"],
)
class RequestAuthToken(Dto):
    """Get a token that signs in a given user"""

    user_email_address = fields.String("The e-mail address of the user")
    user_id = fields.String("The ID of the user, where no e-mail address is given")
