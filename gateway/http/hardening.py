"""Headers of every response: they stop browsers from guessing its type, framing it, and loading or running anything in it; and they limit
which caches may store it.
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
    """Adds the headers to responses; existing headers are unchanged.

    A response without Cache-Control may not be stored; one with an ETag may be, but must be revalidated.

    :param transport_seconds: how long browsers use only https for the host after a response over https (HSTS); 0 for no such header.
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
