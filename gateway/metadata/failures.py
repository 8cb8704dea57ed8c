"""Errors of operations: statuses and their meaning, for pages and OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.contract.catalog import Operation, Route

#: By status; ``default`` is any other.
ERRORS: Mapping[str, str] = {
    "400": "The request can't be read, or a value breaks a rule; every failure is named",
    "401": "Nobody is signed in, or the credentials are wrong",
    "403": "The role is missing",
    "404": "It does not exist, or the caller may not see it",
    "409": "What is stored forbids it, or a request with the same Idempotency-Key is in progress",
    "413": "The request is too large",
    "422": "The Idempotency-Key was given to another request before",
    "429": "Too many attempts; Retry-After has the seconds to wait",
    "503": "A part of the service is unavailable; Retry-After has the seconds to wait",
    "default": "Anything else that went wrong",
}


def list_statuses(operation: Operation, route: Route) -> Iterator[str]:
    """Yield the keys of `ERRORS` for a call of an operation at a route."""
    access = operation.access
    assert access is not None
    possible = {
        "401": True,
        "403": bool(access.roles) or operation.writes,
        "404": "{" in route.path,
        "409": operation.writes,
        "413": operation.writes,
        "422": operation.idempotent,
    }
    yield from (status for status in ERRORS if possible.get(status, True))
