"""OpenTelemetry's spans of requests, transactions and calls to an old host. No other module uses OpenTelemetry.

    pip install 'sessions-gateway[otel]'
    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 gateway serve

A process begins to export with its first request, so that the exporter's threads and connections are never older than a fork. The remaining
spans are exported when the process ends.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import context as contexts
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagators.textmap import Getter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

#: Nanoseconds from which a statement has a separate span, with its text.
LONG = 5_000_000

#: Maximum seconds for which an exiting process exports the remaining spans.
LAST_EXPORT = 3.0

_LONGEST_TEXT = 2000
_UNNAMED = "unknown_service"
_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
#: Exporters by their names in OTEL_TRACES_EXPORTER.
_EXPORTERS: Mapping[str, Callable[[], SpanExporter]] = {"otlp": OTLPSpanExporter, "console": ConsoleSpanExporter}


def exporting(exporter: str, title: str, version: str) -> Spans:
    """Return an object that makes spans and exports them in batches.

    :param exporter: ``otlp`` or ``console``.
    :param title: the service's name in the traces, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES has one.
    """
    return Spans(lambda: BatchSpanProcessor(_EXPORTERS[exporter]()), title, version, shared=True)


class Spans:
    """Makes spans (`gateway.tracing.Tracer`).

    :param processor: makes the processor that takes the spans, once in each process.
    :param shared: spans that the service makes itself, with OpenTelemetry's API, are exported too.
    """

    def __init__(
        self, processor: Callable[[], SpanProcessor], title: str = "", version: str = "", *, shared: bool = False
    ) -> None:
        self._make_processor = processor
        self._is_shared = shared
        self._title = title
        self._version = version
        self._process = 0
        self._starting = threading.Lock()
        self._tracer: trace.Tracer = trace.NoOpTracer()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._process = 0
        self._starting = threading.Lock()

    def _start(self) -> None:
        with self._starting:
            if self._process == os.getpid():
                return
            provider = TracerProvider(resource=self._build_resource(), shutdown_on_exit=False)
            atexit.register(_export_rest, provider)
            provider.add_span_processor(self._make_processor())
            if self._is_shared:
                trace.set_tracer_provider(provider)
            self._tracer = provider.get_tracer("gateway", self._version)
            self._process = os.getpid()

    def _build_resource(self) -> Resource:
        resource = Resource.create()
        attributes = {"service.version": self._version, **resource.attributes}
        if str(resource.attributes.get("service.name", _UNNAMED)).startswith(_UNNAMED):
            attributes["service.name"] = self._title
        return Resource(attributes, resource.schema_url)

    def request(self, method: str, path: str, environment: Mapping[str, Any]) -> _RequestSpan:
        """Begin the span of a request, under the one that its headers name, and enter it."""
        if not self._process:
            self._start()
        # NOTE: a new context, so that the request's span is never a child of an earlier one of its thread.
        parent = propagate.extract(environment, Context(), _HEADERS)
        attributes = {"http.request.method": method if method in _METHODS else "_OTHER", "url.path": path}
        span = self._tracer.start_span(method, parent, SpanKind.SERVER, attributes)
        return _RequestSpan(span, trace.set_span_in_context(span, parent))

    def transaction(self, dialect: str, *, writes: bool) -> _Transaction | None:
        """Begin the span of a transaction; return None if it belongs to no recorded request."""
        if not trace.get_current_span().is_recording():
            return None
        attributes = {"db.system.name": dialect, "gateway.transaction": "write" if writes else "read"}
        return _Transaction(self._tracer, self._tracer.start_span("transaction", attributes=attributes))

    @contextmanager
    def call(self, method: str, url: str, headers: MutableMapping[str, str]) -> Iterator[Callable[[int], None]]:
        """Make the span of a call to another server, which ends with the block, and add its ``traceparent`` to the headers."""
        attributes = {"http.request.method": method if method in _METHODS else "_OTHER", "url.full": url}
        span = self._tracer.start_span(method, kind=SpanKind.CLIENT, attributes=attributes)

        def record_status(status: int) -> None:
            span.set_attribute("http.response.status_code", status)
            if status >= 400:
                span.set_status(Status(StatusCode.ERROR))

        try:
            propagate.inject(headers, trace.set_span_in_context(span))
            yield record_status
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR, str(error)))
            raise
        finally:
            span.end()


def _export_rest(provider: TracerProvider) -> None:
    # NOTE: the exporter alone would wait up to 20 s for an unreachable collector.
    ending = threading.Thread(target=provider.shutdown, daemon=True)
    ending.start()
    ending.join(LAST_EXPORT)


class _RequestSpan:
    """The span of a request (`gateway.tracing.RequestSpan`)."""

    __slots__ = ("_context", "_span", "_token")

    def __init__(self, span: Span, context: Context) -> None:
        self._span = span
        self._context = context
        self._token: Any = None
        self.enter()

    @property
    def trace_id(self) -> str:
        """The id of its trace, in 32 hexadecimal digits."""
        return f"{self._span.get_span_context().trace_id:032x}"

    def enter(self) -> None:
        """Make spans that this thread begins children of this span."""
        self._token = contexts.attach(self._context)

    def leave(self) -> None:
        """Undo `enter`, in the same thread."""
        if self._token is not None:
            contexts.detach(self._token)
            self._token = None

    def end(self, name: str, attributes: Mapping[str, str | int | float | None], *, failed: bool) -> None:
        """End the span. Attributes that are None are omitted."""
        span = self._span
        span.update_name(name)
        span.set_attributes({key: value for key, value in attributes.items() if value is not None})
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end()


class _Transaction:
    """The span of a transaction (`models.engine.observed.Observation`)."""

    __slots__ = ("_nanoseconds", "_span", "_statements", "_tracer")

    def __init__(self, tracer: trace.Tracer, span: Span) -> None:
        self._tracer = tracer
        self._span = span
        self._statements = 0
        self._nanoseconds = 0

    def statement(self, sql: str, began: int, ended: int) -> None:
        """Count a statement. A long one gets a separate span, whose text has no values, which may be secret."""
        self._statements += 1
        self._nanoseconds += ended - began
        if ended - began >= LONG:
            words = sql.split(None, 1)
            attributes = {"db.query.text": sql[:_LONGEST_TEXT]}
            parent = trace.set_span_in_context(self._span)
            name = words[0] if words else "statement"
            span = self._tracer.start_span(name, parent, SpanKind.CLIENT, attributes, start_time=began)
            span.end(ended)

    def end(self, outcome: str) -> None:
        """End the span."""
        span = self._span
        span.set_attribute("gateway.outcome", outcome)
        span.set_attribute("gateway.statements", self._statements)
        span.set_attribute("gateway.statements_ms", self._nanoseconds / 1e6)
        if outcome in ("failed", "unknown"):
            span.set_status(Status(StatusCode.ERROR, outcome))
        span.end()


class _Headers(Getter[Mapping[str, Any]]):
    """Reads headers of a WSGI environment."""

    def get(self, carrier: Mapping[str, Any], key: str) -> list[str] | None:
        """Return the values of a header."""
        value = carrier.get(f"HTTP_{key.upper().replace('-', '_')}")
        return None if value is None else [str(value)]

    def keys(self, carrier: Mapping[str, Any]) -> list[str]:
        """Return the names of all headers."""
        return [key[5:].replace("_", "-").lower() for key in carrier if key.startswith("HTTP_")]


_HEADERS = _Headers()
