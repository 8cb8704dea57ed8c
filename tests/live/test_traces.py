"""Traces of a running server, as received by a collector."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.live.sessions import create
from tests.servers import FIRST_USER, GatewayFactory

pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry is not installed")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector(ThreadingHTTPServer):
    """Receives traces by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ExportHandler)
        self.exports: list[tuple[str, ExportTraceServiceRequest]] = []


class ExportHandler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.exports.append((self.path, ExportTraceServiceRequest.FromString(body)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_every_workers_spans_reach_the_collector_before_it_ends(
    make_gateway: GatewayFactory, collector: Collector, server: str
) -> None:
    gateway = make_gateway(
        **FIRST_USER,
        GATEWAY_SERVER=server,
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_address[1]}",
        # Spans are exported only when a worker ends.
        OTEL_BSP_SCHEDULE_DELAY="600000",
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test",
        OTEL_SERVICE_NAME="sessions-of-the-test",
    )
    gateway.start()
    for number in range(20):
        create(gateway, f"session {number}")
    assert collector.exports == []
    assert gateway.stop() == 0
    assert {path for path, _ in collector.exports} == {"/v1/traces"}
    resources = [resource for _, document in collector.exports for resource in document.resource_spans]
    for resource in resources:
        attributes = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
        assert attributes["service.name"] == "sessions-of-the-test"
        assert attributes["deployment.environment"] == "test"
    names = [span.name for resource in resources for scope in resource.scope_spans for span in scope.spans]
    assert names.count("POST /sessions") == 20
    assert names.count("transaction") >= 20


def test_an_unreachable_collector_delays_no_request(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(
        **FIRST_USER,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
        OTEL_BSP_SCHEDULE_DELAY="200",
    )
    gateway.start()
    for number in range(5):
        create(gateway, f"session {number}")
    assert gateway.stop() == 0
    assert "Traceback" not in gateway.printed()
