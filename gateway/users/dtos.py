"""Signing in, as every ServiceStack client does it."""

from __future__ import annotations

from gateway.contract import fields
from gateway.contract.dto import Dto
from gateway.contract.responses import ResponseStatus

NAMESPACE = "http://schemas.servicestack.net/types"


class AuthenticateResponse(Dto):
    """The login session of whoever signed in"""

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


class Authenticate(Dto):
    """Sign in, ask who is signed in, or sign out"""

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

    ordered = True

    access_token = fields.String("The token to send from now on")
    meta = fields.Map("Further facts")
    response_status = fields.Nested(ResponseStatus, "The error, if any")


class GetAccessToken(Dto):
    """Get a new bearer token for a refresh token"""

    ordered = True
    interfaces = ("IPost",)

    refresh_token = fields.String("The refresh token that signing in gave; where it is left out, the one in the cookie")
    use_token_cookie = fields.Boolean("Keep the new token as a cookie? Tokens in cookies are always renewed there")
    meta = fields.Map("Further facts")


class ConvertSessionToTokenResponse(Dto):
    """Tokens in place of a login session"""

    ordered = True

    meta = fields.Map("Further facts")
    access_token = fields.String("The token to send from now on")
    response_status = fields.Nested(ResponseStatus, "The error, if any")


class ConvertSessionToToken(Dto):
    """Turn the login session into tokens, which are kept as cookies"""

    ordered = True
    interfaces = ("IPost",)

    preserve_session = fields.Boolean("Does the login session go on?")
    meta = fields.Map("Further facts")
