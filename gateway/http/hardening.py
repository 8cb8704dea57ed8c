"""Headers that every response has: what browsers may do with it (be taken for no other type, be framed by nobody, load nothing, run
nothing), and who may keep it.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.http.request import Request
from gateway.http.response import Response
from gateway.metadata.library import POLICY

_NOSNIFF = ("X-Content-Type-Options", "nosniff")
_OF_PAGES = (
    ("Content-Security-Policy", POLICY),
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
)
_ASKED_AGAIN = "private, no-cache"
_NOT_KEPT = "no-store"


def headers(content_type: str) -> Sequence[tuple[str, str]]:
    """Return names and values of the headers for a response of that type."""
    return (_NOSNIFF, *_OF_PAGES) if content_type.startswith("text/html") else (_NOSNIFF,)


class Hardening:
    """Adds the headers to responses; those that are there stay.

    A response that does not say who may keep it may be kept by nobody; one with an ETag is asked for again.

    :param transport_seconds: how long browsers call the host over https only once they have seen it so (HSTS); 0 for no such header.
    """

    def __init__(self, transport_seconds: int) -> None:
        self._transport = f"max-age={transport_seconds}" if transport_seconds else ""

    def harden(self, request: Request, response: Response) -> None:
        """Add the headers to one response."""
        fields = response.fields
        fields["x-content-type-options"] = "nosniff"
        if "cache-control" not in fields:
            fields["cache-control"] = _ASKED_AGAIN if "etag" in fields else _NOT_KEPT
        if fields.get("content-type", "").startswith("text/html"):
            for name, value in _OF_PAGES:
                fields.setdefault(name.lower(), value)
        if self._transport and request.env["wsgi.url_scheme"] == "https":
            fields["strict-transport-security"] = self._transport
