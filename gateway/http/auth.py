"""Credentials in HTTP."""

from __future__ import annotations

from gateway.http.request import Request
from gateway.security.authenticator import Credentials


def credentials(request: Request) -> Credentials:
    """What the request shows of its sender."""
    return Credentials(
        authorization=request.get_header("Authorization"),
        api_key=request.get_header("X-Api-Key"),
    )
