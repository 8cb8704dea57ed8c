"""Headers that tell browsers what responses may do: be taken for no other type, be framed by nobody, load nothing, run nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import falcon

from gateway.http.request import Request
from gateway.metadata.library import POLICY

_NOSNIFF = ("X-Content-Type-Options", "nosniff")
_PAGE = (
    ("Content-Security-Policy", POLICY),
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
)


def headers(content_type: str) -> Iterator[tuple[str, str]]:
    """Return names and values of the headers for a response of that type."""
    yield _NOSNIFF
    if content_type.startswith("text/html"):
        yield from _PAGE


class Hardening:
    """Middleware that adds the headers to every response; a policy that is there stays.

    :param transport_seconds: how long browsers call the host over https only once they have seen it so (HSTS); 0 for no such header.
    """

    def __init__(self, transport_seconds: int) -> None:
        self._transport = f"max-age={transport_seconds}" if transport_seconds else ""

    def process_response(self, request: Request, response: falcon.Response, resource: Any, req_succeeded: bool) -> None:
        """Add the headers."""
        for name, value in headers(response.content_type or ""):
            if response.get_header(name) is None:
                response.set_header(name, value)
        if self._transport and request.scheme == "https":
            response.set_header("Strict-Transport-Security", self._transport)
