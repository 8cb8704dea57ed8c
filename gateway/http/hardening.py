"""Headers that every response has: what browsers may do with it (be taken for no other type, be framed by nobody, load nothing, run
nothing), and who may keep it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import falcon

from gateway.http.request import Request
from gateway.metadata.library import POLICY

_NOSNIFF = ("X-Content-Type-Options", "nosniff")
_OF_PAGES = (
    ("Content-Security-Policy", POLICY),
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
)
_ASKED_AGAIN = ("Cache-Control", "private, no-cache")
_NOT_KEPT = ("Cache-Control", "no-store")


def headers(content_type: str) -> Sequence[tuple[str, str]]:
    """Return names and values of the headers for a response of that type."""
    return (_NOSNIFF, *_OF_PAGES) if content_type.startswith("text/html") else (_NOSNIFF,)


class Hardening:
    """Middleware that adds the headers to every response; those that are there stay.

    A response that does not say who may keep it may be kept by nobody; one with an ETag is asked for again.

    :param transport_seconds: how long browsers call the host over https only once they have seen it so (HSTS); 0 for no such header.
    """

    def __init__(self, transport_seconds: int) -> None:
        self._transport = f"max-age={transport_seconds}" if transport_seconds else ""

    def process_response(self, request: Request, response: falcon.Response, resource: Any, req_succeeded: bool) -> None:
        """Add the headers."""
        given = response.headers
        added = [_NOSNIFF]
        if "cache-control" not in given:
            added.append(_ASKED_AGAIN if "etag" in given else _NOT_KEPT)
        if given.get("content-type", "").startswith("text/html"):
            added += [each for each in _OF_PAGES if each[0].lower() not in given]
        if self._transport and request.scheme == "https":
            added.append(("Strict-Transport-Security", self._transport))
        response.set_headers(added)
