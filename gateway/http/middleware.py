"""What happens to every request before it is routed, and to every answer before it leaves."""

from __future__ import annotations

import re
import time
from typing import Any

import falcon
import structlog
from serializers.registry import Registry

from gateway.http.negotiation import negotiate
from gateway.http.request import Request, new_request_id

log = structlog.get_logger("gateway.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_OVERRIDE = "X-HTTP-Method-Override"
_OVERRIDABLE = frozenset({"GET", "PUT", "PATCH", "DELETE"})


class RequestIds:
    """Every request has an id, a proxy's where it is a plain one, and every answer carries it."""

    def process_request(self, request: Request, response: falcon.Response) -> None:
        """Choose the id."""
        given = request.get_header("X-Request-Id") or ""
        request.id = given if _REQUEST_ID.fullmatch(given) else new_request_id()
        response.set_header("X-Request-Id", request.id)


class Negotiating:
    """The format is chosen before anything can fail, and the suffix is cut off before routing."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def process_request(self, request: Request, response: falcon.Response) -> None:
        """Choose the format."""
        request.negotiation = negotiate(
            request.path,
            request.query_string,
            request.get_header("Accept"),
            request.content_type,
            self._registry,
            raw_path=request.raw_path,
        )
        request.path = request.negotiation.path
        response.append_header("Vary", "Accept")


class MethodOverriding:
    """``X-HTTP-Method-Override`` on a POST, for clients that know no PATCH; header or query, any letter case."""

    def process_request(self, request: Request, response: falcon.Response) -> None:
        """Take the verb that is meant."""
        if request.method != "POST":
            return
        meant = request.get_header(_OVERRIDE) or _query_override(request)
        if meant and meant.upper() in _OVERRIDABLE:
            request.method = meant.upper()


def _query_override(request: Request) -> str | None:
    if "override=" not in request.query_string.lower():
        return None
    return next((value for name, value in request.pairs if name.lower() == _OVERRIDE.lower()), None)


class AccessLog:
    """One line a request."""

    def process_request(self, request: Request, response: falcon.Response) -> None:
        """Note the time."""
        request.context.began = time.perf_counter()

    def process_response(self, request: Request, response: falcon.Response, resource: Any, req_succeeded: bool) -> None:
        """Write the line: who asked for what, how it ended, and how long it took in milliseconds."""
        log.info(
            "request",
            request_id=request.id,
            method=request.method,
            path=request.path,
            status=response.status_code,
            format=request.negotiation.serializer.name,
            operation=request.operation_name or None,
            user=request.caller_id or None,
            ms=round((time.perf_counter() - request.context.began) * 1000, 2),
        )


class Caching:
    """An answer that says nothing of caching is nobody's to keep."""

    def process_response(self, request: Request, response: falcon.Response, resource: Any, req_succeeded: bool) -> None:
        """Add the header."""
        if response.get_header("Cache-Control") is None and response.get_header("ETag") is None:
            response.set_header("Cache-Control", "no-store")
