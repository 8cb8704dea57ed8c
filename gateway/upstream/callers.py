"""The callers of typed operations: the old host authenticates them, this server only distinguishes them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from gateway.calls import Cookie, Credentials, Method, Principal

#: SECURITY: callers' names are in log lines, and must not reveal the credentials.
_KEY = secrets.token_bytes(32)


class PassedOn:
    """Admits every caller, with a name derived from the credentials."""

    def authenticate(self, credentials: Credentials) -> Principal:
        """Return a caller without roles."""
        credential_values = [credentials.authorization, credentials.api_key, credentials.session_id, credentials.cookie]
        if not any(credential_values):
            return _make_principal("", Method.OTHER)
        digest = hashlib.blake2b(
            "\n".join(value or "" for value in credential_values).encode(), key=_KEY, digest_size=8
        )
        # Browsers send cookies automatically: then only pages of this site may change something.
        by_cookie = bool(credentials.cookie) and not any(credential_values[:3])
        return _make_principal(f"caller-{digest.hexdigest()}", Method.COOKIE if by_cookie else Method.OTHER)

    def renewal(self, caller: Principal) -> Sequence[Cookie]:
        """Return no cookies: only the old host renews its own."""
        del caller
        return ()


def _make_principal(name: str, method: Method) -> Principal:
    return Principal(name, "", name, frozenset(), (), method)
