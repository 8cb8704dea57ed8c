"""Bearer tokens: JSON Web Tokens (RFC 7519) signed with HS256; other algorithms are refused.

A token has the user (``sub``), the version of the user's credentials (``cv``), the family (``sid``: the tokens of one log-in), and its
purpose (``use``): an access token is not a refresh token. A rotating refresh token has an id (``jti``). ``name``, ``email``,
``preferred_username`` and ``roles`` are for clients to read; a request's rights are those of the stored user.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from gateway.users.clock import Clock
from models.users.identity import Identity

ISSUER = "gateway"
ALGORITHM = "HS256"
#: Maximum number of characters of a token; most have fewer than a thousand. Browsers limit a cookie with its attributes to 4,096 bytes.
LONGEST = 3900
#: Uses of a token.
ACCESS_USE = "access"
REFRESH_USE = "refresh"

_DAY = 86_400
_REQUIRED = ["iss", "sub", "iat", "exp"]


class TokenError(Exception):
    """A token that this gateway has not issued."""


class TokenExpired(TokenError):
    """An expired token of this gateway."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds for which tokens are valid, as in ServiceStack.

    :ivar access: the lifetime of a token for requests.
    :ivar refresh: the lifetime of a token for new access tokens.
    """

    access: int = 14 * _DAY
    refresh: int = 365 * _DAY


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a token.

    :ivar credentials_version: the user's version when the token was issued; the token becomes invalid when the user's version changes.
    :ivar family: the family of the tokens of one log-in: the hash of the login session, if there is one.
    :ivar expires: seconds since the epoch.
    :ivar refresh_id: the id of a rotating refresh token; empty for other tokens.
    """

    user_id: str
    credentials_version: int
    family: str
    expires: float
    refresh_id: str = ""


class Tokens:
    """Issues and reads tokens.

    :param secrets: the first signs; tokens signed with any of the others are still accepted, so that secrets can be changed.
    """

    def __init__(self, secrets: Sequence[str], clock: Clock, lifetimes: Lifetimes | None = None) -> None:
        self._keys = [_derive_key(secret) for secret in secrets if secret]
        self._clock = clock
        self.lifetimes = lifetimes or Lifetimes()

    def access(self, user: Identity, family: str, name: str) -> str:
        """Return a token for requests.

        :param name: the user's display name.
        """
        email = user.email_address
        roles = {"roles": list(user.roles)}
        read_by_clients = {"name": name, "email": email, "preferred_username": email, **roles}
        expires = self._clock() + self.lifetimes.access
        token = self._issue(user, family, ACCESS_USE, expires, read_by_clients)
        return token if len(token) <= LONGEST else self._issue(user, family, ACCESS_USE, expires, roles)

    def refresh(self, user: Identity, family: str, refresh_id: str = "", expires: float | None = None) -> str:
        """Return a token for new access tokens.

        :param refresh_id: the id of a rotating token.
        :param expires: when it expires; None for one lifetime from now.
        """
        more = {"jti": refresh_id} if refresh_id else {}
        until = self._clock() + self.lifetimes.refresh if expires is None else expires
        return self._issue(user, family, REFRESH_USE, until, more)

    def read(self, token: str, use: str) -> Claims:
        """Return the claims of a token. Raises TokenExpired, and TokenError when it is not a token of this gateway for this purpose."""
        claims, its_use = self._parse_claims(token)
        if its_use != use:
            raise TokenError("a token for another purpose")
        if claims.expires <= self._clock():
            raise TokenExpired
        return claims

    def find_family(self, token: str) -> str:
        """Return the family of a token for any purpose, even if expired; empty if it is not a token of this gateway."""
        try:
            return self._parse_claims(token)[0].family
        except TokenError:
            return ""

    def _parse_claims(self, token: str) -> tuple[Claims, object]:
        claims = self._verify(token)
        try:
            parsed_claims = Claims(
                str(claims["sub"]),
                int(claims["cv"]),
                str(claims["sid"]),
                float(claims["exp"]),
                str(claims.get("jti", "")),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TokenError("a claim is missing or invalid") from error
        return parsed_claims, claims.get("use")

    def _issue(self, user: Identity, family: str, use: str, expires: float, more: dict[str, Any]) -> str:
        claims = {"iss": ISSUER, "sub": user.user_id, "iat": int(self._clock()), "exp": int(expires), **more}
        claims |= {"use": use, "cv": user.credentials_version, "sid": family}
        return jwt.encode(claims, self._keys[0], ALGORITHM)

    def _verify(self, token: str) -> dict[str, Any]:
        if len(token) > LONGEST or not token.isascii():
            raise TokenError("not a token of this gateway")
        for key in self._keys:
            try:
                # Times are checked with this object's clock.
                options: Any = {"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
                return jwt.decode(token, key, [ALGORITHM], options=options, issuer=ISSUER)
            except jwt.InvalidSignatureError:
                continue
            except (jwt.InvalidTokenError, RecursionError) as error:
                raise TokenError("not a token of this gateway") from error
        raise TokenError("signed with another key")


def is_token(text: str) -> bool:
    """Return whether a bearer text is a token, not an API key: three parts, the first one a JSON object in base64."""
    return text.startswith("eyJ") and text.count(".") == 2


def _derive_key(secret: str) -> bytes:
    """Return the key for tokens, derived from the secret, which also has other uses."""
    return hmac.digest(secret.encode(), b"gateway bearer tokens", hashlib.sha256)
