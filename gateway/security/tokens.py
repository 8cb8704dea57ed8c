"""Bearer tokens: JSON Web Tokens (RFC 7519) signed with HS256, and with nothing else.

A token says who (``sub``), by which of the user's credentials (``cv``), out of which login session (``sid``), and what it is for (``use``):
an access token is no refresh token. Its ``roles`` are for clients to read; what a request may do is asked of the user as stored.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from gateway.security.clock import Clock
from models.identity import Identity

ISSUER = "gateway"
ALGORITHM = "HS256"
#: Seconds for which an access token is good.
ACCESS = 3600
#: Seconds for which a refresh token is good, as long as its login session lasts.
REFRESH = 4 * 7 * 86_400
#: Characters of a token; ours have fewer than a thousand.
LONGEST = 4096
#: Uses of a token.
ACCESS_USE = "access"
REFRESH_USE = "refresh"

_REQUIRED = ["iss", "sub", "iat", "exp"]


class TokenError(Exception):
    """A token that is none of ours."""


class TokenExpired(TokenError):
    """A token of ours that was good once."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says.

    :ivar credentials_version: the user's when the token was issued; the token is void once the user has another one.
    :ivar session_hash: the hash of the login session that it came from; empty where it came from none.
    :ivar expires: seconds since the epoch.
    """

    user_id: str
    credentials_version: int
    session_hash: str
    expires: float


class Tokens:
    """Issues and reads tokens.

    :param secrets: the first signs; tokens signed with any of the others are still accepted, so that secrets can be changed.
    """

    def __init__(self, secrets: Sequence[str], clock: Clock) -> None:
        self._keys = [_key(each) for each in secrets if each]
        self._clock = clock

    def access(self, user: Identity, session_hash: str = "") -> str:
        """A token for requests."""
        return self._issue(user, session_hash, ACCESS_USE, ACCESS, {"roles": list(user.roles)})

    def refresh(self, user: Identity, session_hash: str) -> str:
        """A token for new access tokens."""
        return self._issue(user, session_hash, REFRESH_USE, REFRESH, {})

    def read(self, token: str, use: str) -> Claims:
        """What a token says. Raises TokenExpired, and TokenError for everything that is no token of ours for this use."""
        claims = self._verified(token)
        try:
            found = Claims(str(claims["sub"]), int(claims["cv"]), str(claims["sid"]), float(claims["exp"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TokenError("a claim is missing or odd") from error
        if claims.get("use") != use:
            raise TokenError("a token for another use")
        if found.expires <= self._clock():
            raise TokenExpired
        return found

    def _issue(self, user: Identity, session_hash: str, use: str, lifetime: int, more: dict[str, Any]) -> str:
        now = int(self._clock())
        claims = {"iss": ISSUER, "sub": user.user_id, "iat": now, "exp": now + lifetime, **more}
        claims |= {"use": use, "cv": user.credentials_version, "sid": session_hash}
        return jwt.encode(claims, self._keys[0], ALGORITHM)

    def _verified(self, token: str) -> dict[str, Any]:
        if len(token) > LONGEST or not token.isascii():
            raise TokenError("no token of ours")
        for key in self._keys:
            try:
                # Times are checked by our own clock.
                options: Any = {"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
                return jwt.decode(token, key, [ALGORITHM], options=options, issuer=ISSUER)
            except jwt.InvalidSignatureError:
                continue
            except (jwt.InvalidTokenError, RecursionError) as error:
                raise TokenError("no token of ours") from error
        raise TokenError("signed with another key")


def is_token(text: str) -> bool:
    """Whether a bearer text is a token, not an API key: three parts, the first one a JSON object in base64."""
    return text.startswith("eyJ") and text.count(".") == 2


def _key(secret: str) -> bytes:
    """The secret has other uses than this one, so tokens have a key of their own."""
    return hmac.digest(secret.encode(), b"gateway bearer tokens", hashlib.sha256)
