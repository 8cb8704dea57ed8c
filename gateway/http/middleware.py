"""Middleware: processing of every request before routing, and of every response before it is sent."""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from random import getrandbits
from typing import Any

import falcon

from gateway import counters, logs, origins, tracing
from gateway.counters import BOUNDS
from gateway.http import bodies, encoding, routing
from gateway.http.hardening import Hardening
from gateway.http.negotiation import JAVASCRIPT, media_type, negotiate
from gateway.http.pipeline import Pipeline
from gateway.http.query import RawPairs
from gateway.http.request import Request
from gateway.http.resources import FormResource
from gateway.http.response import Response
from gateway.logs import Line
from serializers.registry import Registry

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
OVERRIDE = "x-http-method-override"
_PADDED = frozenset({JAVASCRIPT, "application/json"})
_NO_PAIRS: RawPairs = []
_OVERRIDABLE = frozenset({"GET", "PUT", "PATCH", "DELETE"})


class Envelope:
    """Middleware for every request before it is routed, and for every response before it is sent.

    A request gets its id (the proxy's if it is a plain one) and the format of its response. The format is chosen before anything can fail,
    and the suffix is cut off before routing. A response gets the id and the headers of `hardening`; then the request is logged and counted.

    :param formats: chooses the format.
    :param hardening: adds the headers that every response has.
    :param write: takes the log line of each request; None where requests are neither logged nor counted.
    """

    def __init__(self, formats: Formats, hardening: Hardening, write: Callable[[Line], None] | None) -> None:
        self._formats = formats
        self._harden = hardening.harden
        self._write = write

    def process_request(self, request: Request, response: Response) -> None:
        """Choose the id and the format, and note the time. Apply X-HTTP-Method-Override from the header or query."""
        request.began = time.perf_counter()
        env, current = request.env, logs.current
        given = env.get("HTTP_X_REQUEST_ID")
        # PERF: an id is not secret; the operating system's random numbers take ten times as long. Forks reseed Python's.
        request.id = given if given and REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"
        current.request_id = request.id
        # PERF: most requests name no trace.
        current.trace_id = ""
        if "HTTP_TRACEPARENT" in env:
            take_trace(request)
        fields = response.fields
        fields["x-request-id"], fields["vary"] = request.id, "Accept"
        self._formats.choose(request)
        if request.method == "POST" and ("HTTP_X_HTTP_METHOD_OVERRIDE" in env or request.query_string):
            meant = env.get("HTTP_X_HTTP_METHOD_OVERRIDE") or request.query_value(OVERRIDE)
            request.method = overridden(meant) or request.method

    def process_response(self, request: Request, response: Response, resource: Any, req_succeeded: bool) -> None:
        """Add the headers, and write the line; that of a streamed response is written when the stream ends."""
        self._harden(request, response)
        write = self._write
        if write is None:
            return
        if response.stream is None or request.method == "HEAD":
            data = response.data
            size = len(data) if data and request.method != "HEAD" else 0
            write(finished(request, response.status_code, request.negotiation.serializer.name, size))
        else:
            response.stream = LoggedStream(
                response.stream,
                lambda size, outcome: write(
                    finished(request, response.status_code, request.negotiation.serializer.name, size, outcome)
                ),
            )


def take_trace(request: Request) -> None:
    """Continue the trace that the request's headers name, if they name one."""
    request.trace_id = logs.current.trace_id = tracing.trace_id(request.env.get("HTTP_TRACEPARENT", ""))


class Formats:
    """Chooses the formats of responses.

    :param default: the name of the default response format.
    :param jsonp: ``?callback=`` is honoured.
    :param declared: a pattern of the declared paths that end in a format's suffix.
    """

    def __init__(
        self, registry: Registry, default: str, *, jsonp: bool, declared: re.Pattern[str] | None = None
    ) -> None:
        self._registry = registry
        self._default = default
        self._jsonp = jsonp
        self._declared = declared

    def choose(self, request: Request) -> None:
        """Set the request's negotiation, and its path to the one to route."""
        env, path, raw_path = request.env, request.path, ""
        # PERF: most paths need not be decoded again.
        sent = env.get("RAW_URI") or env.get("REQUEST_URI")
        if sent and ("%" in sent or "+" in sent):
            raw_path = request.raw_path
            path = request.decoded_path(raw_path)
        elif "//" in path:
            path = request.decoded_path("")
        request.negotiation = negotiation = negotiate(
            path,
            request.raw_pairs if request.query_string else _NO_PAIRS,
            env.get("HTTP_ACCEPT"),
            request.content_type,
            self._registry,
            raw_path=raw_path,
            default=self._default,
            jsonp=self._jsonp,
            declared=self._declared,
        )
        request.path = negotiation.path


class FormOverriding:
    """``X-HTTP-Method-Override`` as a form field of a POST, for clients without PATCH; `Envelope` takes the header and the query.

    A form is read only after routing, and only if the caller may call one of the route's operations.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def process_resource(
        self, request: Request, response: falcon.Response, resource: Any, params: Mapping[str, str]
    ) -> None:
        """Call the responder of the verb that the form names, if it names one."""
        if request.method != "POST" or media_type(request.content_type) not in bodies.FORMS:
            return
        if not isinstance(resource, FormResource):
            return
        operations = resource.operations(request, **params)
        meant = overridden(self._pipeline.form_field(operations, request, OVERRIDE)) if operations else None
        if meant is None:
            return
        request.method = meant
        responder = getattr(resource, f"on_{meant.lower()}", None)
        if responder is None:
            raise falcon.HTTPMethodNotAllowed(routing.allowed(resource.verbs(**params)).split(", "))
        responder(request, response, **params)
        response.complete = True


def overridden(name: str | None) -> str | None:
    """Return the verb with this name if a POST may mean it, else None."""
    return name.upper() if name and name.upper() in _OVERRIDABLE else None


def finished(request: Request, status: int, format_name: str, size: int, outcome: str | None = None) -> Line:
    """Count a request for ``/metrics``, and return its line.

    :param size: bytes of the response's body that were given to the server.
    :param outcome: how a stream ended; None for other responses.
    """
    operation, env = request.operation, request.env
    length = env.get("CONTENT_LENGTH")
    received = int(length) if length and length.isdecimal() else len(request.body or b"")
    name = None if operation is None else operation.name
    seconds = time.perf_counter() - request.began
    if outcome is not None:
        counters.count("gateway_streams", outcome)
    # PERF: what `Requests.add` does, one call less.
    requests = counters.requests
    with requests.lock:
        row = requests.rows[name or "", format_name, status]
        row[bisect_left(BOUNDS, seconds)] += 1
        row[-3] += seconds
        row[-2] += received
        row[-1] += size
    values = (
        request.id,
        request.method,
        request.path,
        status,
        format_name,
        name,
        request.caller_id or None,
        env.get("REMOTE_ADDR", ""),
        request.named_as,
        request.named,
        received,
        size,
        seconds * 1000,
        request.waiting * 1000,
        request.database * 1000,
        request.encoding * 1000,
        outcome,
        request.trace_id,
        request.caller_email or None,
    )
    # PERF: a named tuple's own constructor is a function in Python.
    return tuple.__new__(Line, values)


class LoggedStream:
    """A stream that reports how it ended.

    :param end: takes the bytes that were given to the server, and ``complete``, ``client left`` or ``failed``.
    """

    def __init__(self, blocks: Any, end: Callable[[int, str], None]) -> None:
        self._blocks = blocks
        self._end = end
        self._size = 0
        self._outcome = "client left"

    def __iter__(self) -> Iterator[bytes]:
        try:
            for block in self._blocks:
                self._size += len(block)
                yield block
        except GeneratorExit:
            raise
        except BaseException as error:
            self._outcome = "client left" if isinstance(error, encoding.SlowReader) else "failed"
            raise
        self._outcome = "complete"

    def close(self) -> None:
        """Close the underlying stream, and report."""
        try:
            close = getattr(self._blocks, "close", None)
            if close is not None:
                close()
        finally:
            self._end(self._size, self._outcome)


class Padding:
    """JSONP: ``?callback=fn`` wraps a JSON response in a call. Only if the service allows it, because with cookies it leaks data."""

    def process_response(self, request: Request, response: falcon.Response, resource: Any, req_succeeded: bool) -> None:
        """Wrap the body, complete or streamed."""
        if not request.negotiation.callback or media_type(response.content_type) not in _PADDED:
            return
        opening = f"{request.negotiation.callback}(".encode("ascii")
        if response.data:
            response.data = opening + response.data + b")"
        elif isinstance(response.stream, encoding.Stream):
            response.stream.surround(opening, b")")
        response.content_type = JAVASCRIPT


#: Response headers that pages of other origins may read; browsers hide most others.
EXPOSED = (
    "ETag",
    "Retry-After",
    "X-AutoBatch-Completed",
    "X-Ignored-Values",
    "X-Request-Id",
    "X-Total-Count",
    "X-Total-Count-Capped",
    "X-Total-Pages",
    "X-Unknown-Members",
)


class CrossOrigin(falcon.CORSMiddleware[Any, Any]):
    """Falcon's CORS for a list of origins, with the Vary that shared caches need.

    :param allowed: origins whose pages may call with the browser's credentials. `origins.ANY` among them lets pages of every other
        origin call without them.
    """

    def __init__(self, allowed: Collection[str]) -> None:
        listed = [origin for origin in allowed if origin != origins.ANY]
        super().__init__(origins.ANY if origins.ANY in allowed else listed, EXPOSED, listed)

    def process_response(self, req: Any, resp: falcon.Response, resource: object, req_succeeded: bool) -> None:
        """Add the headers, on errors too."""
        super().process_response(req, resp, resource, req_succeeded)
        resp.append_header("Vary", "Origin")
