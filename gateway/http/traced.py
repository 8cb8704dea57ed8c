"""Spans of requests, if traces are exported (`gateway.spans`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import falcon

from gateway import logs
from gateway.contract.catalog import Operation
from gateway.http import metrics, routing
from gateway.http.request import Request
from gateway.tracing import RequestSpan, Tracer

#: In the WSGI environment: the request's span.
SPAN = "gateway.span"
#: Paths that are polled every few seconds, and get no spans.
_PROBES = frozenset({"/health", "/ready", metrics.ROUTE})


class Tracing:
    """Middleware that makes a span for each request."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def process_request(self, request: Request, response: falcon.Response) -> None:
        """Begin the span, or continue that of a request that could not be forwarded."""
        if request.path not in _PROBES:
            begin(request, self._tracer)

    def process_response(self, request: Request, response: falcon.Response, resource: Any, req_succeeded: bool) -> None:
        """End the span; that of a streamed response when the stream ends."""
        span: RequestSpan | None = request.env.get(SPAN)
        if span is None:
            return
        span.leave()
        if response.stream is None or request.method == "HEAD":
            size = len(response.data) if response.data and request.method != "HEAD" else 0
            end(request, span, response.status_code, size)
        else:
            blocks: Any = response.stream
            response.stream = TracedStream(blocks, request, span, response.status_code)


def begin(request: Request, tracer: Tracer) -> RequestSpan:
    """Begin a request's span, and note its trace for log lines. A span that has begun already is entered again."""
    span: RequestSpan | None = request.env.get(SPAN)
    if span is None:
        span = request.env[SPAN] = tracer.request(request.method, request.path, request.env)
    else:
        span.enter()
    request.trace_id = logs.current.trace_id = span.trace_id
    return span


def end(request: Request, span: RequestSpan, status: int, size: int) -> None:
    """End a request's span.

    :param size: bytes of the response's body.
    """
    operation, route = request.operation, _route(request.operation, request.uri_template or "")
    length = request.env.get("CONTENT_LENGTH")
    attributes: dict[str, str | int | float | None] = {
        "http.route": route or None,
        "http.response.status_code": status,
        "http.request.body.size": int(length) if length and length.isdecimal() else len(request.body or b""),
        "http.response.body.size": size,
        "url.scheme": request.scheme,
        "client.address": request.env.get("REMOTE_ADDR") or None,
        "error.type": str(status) if status >= 500 else None,
        "gateway.request_id": request.id,
        "gateway.operation": operation.name if operation is not None else None,
        # SECURITY: an id, as in the log: neither a name nor an address.
        "enduser.id": request.caller_id or None,
        "gateway.waiting_ms": request.waiting * 1000,
        "gateway.database_ms": request.database * 1000,
        "gateway.encoding_ms": request.encoding * 1000,
    }
    if request.named:
        attributes[f"gateway.{request.named_as}"] = request.named
    span.end(f"{request.method} {route}" if route else request.method, attributes, failed=status >= 500)


def _route(operation: Operation | None, template: str) -> str:
    """Return the route as declared: the router replaces the variables' names with numbers."""
    declared = () if operation is None else operation.routes
    return next((route.path for route in declared if routing.template(route.path)[0] == template), template)


class TracedStream:
    """A stream whose spans are parts of its request's, in whichever thread its blocks are read."""

    def __init__(self, blocks: Iterable[bytes], request: Request, span: RequestSpan, status: int) -> None:
        self._blocks = blocks
        self._request = request
        self._span = span
        self._status = status
        self._size = 0
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        blocks = iter(self._blocks)
        while True:
            self._span.enter()
            try:
                block = next(blocks, None)
            finally:
                self._span.leave()
            if block is None:
                return
            self._size += len(block)
            yield block

    def close(self) -> None:
        """Close the underlying stream, and end the span."""
        self._span.enter()
        try:
            close = getattr(self._blocks, "close", None)
            if close is not None:
                close()
        finally:
            self._span.leave()
            if self._is_open:
                self._is_open = False
                end(self._request, self._span, self._status, self._size)
