"""Spans of requests, transactions and forwarded calls, as an exporter gets them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from webtest import TestApp

from gateway import Dto, Service, Upstream, fields, wsgi
from gateway.errors import ConfigurationError
from gateway.settings import Settings, find_traces_exporter
from models import Database
from tests.http.conftest import API_KEY, PASSWORD
from tests.upstream.hosts import hang_up, host, respond_document

pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry is not installed")

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway import spans

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{PARENT}-01"}


class Exported:
    """What an exporter got."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracer = spans.Spans(lambda: SimpleSpanProcessor(self._exporter), "Shop", "1")

    def list_named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    def get_one(self, name: str) -> ReadableSpan:
        (span,) = self.list_named(name)
        return span

    def list_all(self) -> tuple[ReadableSpan, ...]:
        return tuple(self._exporter.get_finished_spans())


@pytest.fixture
def exported() -> Exported:
    return Exported()


@pytest.fixture
def client(settings: Settings, database: Database, exported: Exported) -> TestApp:
    app = TestApp(wsgi.load(settings.service).application(settings, database, None, exported.tracer))
    app.authorization = ("Bearer", API_KEY)
    return app


def read_attributes(span: ReadableSpan) -> Mapping[str, Any]:
    return span.attributes or {}


def test_a_request_is_a_span_under_the_clients_with_its_transactions(client: TestApp, exported: Exported) -> None:
    response = client.post("/sessions.jsv", b"{displayName:Hi}", headers=TRACEPARENT)
    request = exported.get_one("POST /sessions")
    assert request.parent is not None
    assert request.context is not None
    assert (f"{request.context.trace_id:032x}", f"{request.parent.span_id:016x}") == (TRACE, PARENT)
    attributes = read_attributes(request)
    assert attributes["http.route"] == "/sessions"
    assert attributes["http.response.status_code"] == 200
    assert attributes["gateway.operation"] == "NewSession"
    assert attributes["gateway.request_id"] == response.headers["X-Request-Id"]
    assert len(attributes["enduser.id"]) == len(attributes["gateway.session_id"]) == 32
    assert attributes["http.response.body.size"] == len(response.body)
    transactions = exported.list_named("transaction")
    assert [read_attributes(transaction)["gateway.outcome"] for transaction in transactions] == ["committed"] * len(
        transactions
    )
    (write,) = [
        transaction for transaction in transactions if read_attributes(transaction)["gateway.transaction"] == "write"
    ]
    assert read_attributes(write)["gateway.statements"] >= 2
    assert 0 < read_attributes(write)["gateway.statements_ms"] < 60_000
    assert all(transaction.parent == request.context for transaction in transactions)


def test_spans_hold_no_secrets(client: TestApp, exported: Exported) -> None:
    client.get("/sessions?searchTerm=hidden-term", headers={"Cookie": "ss-id=hidden-cookie"})
    client.post_json(
        "/auth/credentials", {"userName": "ada@example.org", "password": PASSWORD}, headers=TRACEPARENT, status="*"
    )
    text = "".join(span.to_json() for span in exported.list_all())
    assert "POST /auth" in text
    for secret in (API_KEY, PASSWORD, "hidden", "ada@example.org"):
        assert secret not in text


def test_routes_have_the_names_that_were_declared(client: TestApp, exported: Exported) -> None:
    session_id = client.post("/sessions.json", b"{}").json["id"]
    client.get(f"/SESSIONS/{session_id}.json")
    span = exported.get_one("GET /sessions/{SessionId}")
    assert read_attributes(span)["gateway.session_id"] == session_id


def test_what_no_route_has_and_what_fails(client: TestApp, exported: Exported) -> None:
    client.get("/nothing", status=404)
    missed = exported.get_one("GET")
    assert "http.route" not in read_attributes(missed)
    assert missed.status.status_code is trace.StatusCode.UNSET


def test_probes_make_no_spans(client: TestApp, exported: Exported) -> None:
    for path in ("/health", "/ready", "/metrics"):
        client.get(path, status="*")
    assert exported.list_all() == ()


def test_a_streamed_list_is_a_span_to_its_end(client: TestApp, exported: Exported) -> None:
    client.post("/sessions.json", b"{}")
    response = client.get("/sessions.json?all=true")
    request = exported.get_one("GET /sessions")
    assert read_attributes(request)["http.response.body.size"] == len(response.body)
    last_transaction = [span for span in exported.list_named("transaction") if span.parent == request.context][-1]
    assert read_attributes(last_transaction)["gateway.statements"] >= 1
    assert (last_transaction.end_time or 0) <= (request.end_time or 0)


def test_a_statement_that_takes_long_has_its_text_and_no_values(
    client: TestApp, exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "LONG", 0)
    client.post("/sessions.json", b'{"displayName":"hidden"}')
    texts = [
        read_attributes(span)["db.query.text"]
        for span in exported.list_all()
        if "db.query.text" in read_attributes(span)
    ]
    assert any("sessions" in text and text.startswith("INSERT") for text in texts)
    assert "hidden" not in "".join(texts)


def test_a_transaction_that_is_rolled_back_says_so(client: TestApp, exported: Exported) -> None:
    client.delete("/sessions/nothing.json", status="*")
    outcomes = [read_attributes(span)["gateway.outcome"] for span in exported.list_named("transaction")]
    assert "rolled back" in outcomes


def test_a_database_that_can_not_be_used_is_a_failed_transaction(
    client: TestApp, database: Database, exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/sessions.json")

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(database.engine, "begin", fail)
    client.post("/sessions.json", b"{}", status=503)
    last_transaction = exported.list_named("transaction")[-1]
    assert read_attributes(last_transaction)["gateway.outcome"] == "failed"
    assert last_transaction.status.status_code is trace.StatusCode.ERROR
    assert exported.list_named("POST /sessions")[-1].status.status_code is trace.StatusCode.ERROR


def test_log_lines_have_the_trace_that_began_here(
    client: TestApp, exported: Exported, capfd: pytest.CaptureFixture[str]
) -> None:
    client.get("/sessions.json")
    context = exported.get_one("GET /sessions").context
    assert context is not None
    assert f"{context.trace_id:032x}" in capfd.readouterr().err


def test_requests_that_follow_in_a_thread_are_traces_of_their_own(client: TestApp, exported: Exported) -> None:
    for _ in range(2):
        client.get("/sessions.json")
    first_span, second_span = exported.list_named("GET /sessions")
    assert first_span.parent is second_span.parent is None
    assert not trace.get_current_span().get_span_context().is_valid


def make_shop(url: str, **options: Any) -> Service:
    service = Service("Shop")

    @service.get("/orders/{Id}", returns=str)
    class GetOrder(Dto):
        id = fields.String()

    service.use(Upstream(url, **options))
    return service


@pytest.mark.parametrize("typed", [False, True])
def test_a_forwarded_call_is_a_span_whose_traceparent_the_old_host_gets(exported: Exported, typed: bool) -> None:
    with host(respond_document("7")) as old:
        app = TestApp(make_shop(old.url, typed=typed).application(Settings.defaults(), tracer=exported.tracer))
        app.authorization = ("Bearer", API_KEY)
        app.get("/orders/7?secret=hidden", headers=TRACEPARENT)
        app.app.close()
        (received,) = old.received
    request, call = exported.get_one("GET /orders/{Id}"), exported.get_one("GET")
    assert call.context is not None
    assert call.parent == request.context
    assert received.header("traceparent") == f"00-{TRACE}-{call.context.span_id:016x}-01"
    assert read_attributes(call)["http.response.status_code"] == 200
    assert read_attributes(call)["url.full"] == f"{old.url}/orders/7"
    assert read_attributes(request)["gateway.operation"] == "GetOrder"


def test_a_forwarded_call_that_fails_is_an_error_of_one_request(exported: Exported) -> None:
    with host(hang_up) as old:
        app = TestApp(make_shop(old.url).application(Settings.defaults(), tracer=exported.tracer))
        app.get("/orders/7", status=503)
        app.app.close()
    call, request = exported.get_one("GET"), exported.get_one("GET /orders/{Id}")
    assert read_attributes(call)["error.type"] == "Unavailable"
    assert call.parent == request.context
    assert request.status.status_code is call.status.status_code is trace.StatusCode.ERROR


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "exporter"),
    [
        ({}, ""),
        ({"OTEL_TRACES_EXPORTER": "none"}, ""),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, ""),
        ({"OTEL_SDK_DISABLED": "TRUE", "OTEL_TRACES_EXPORTER": "otlp"}, ""),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector/v1/traces"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
    ],
)
def test_traces_are_exported_where_the_standard_variables_ask_for_it(
    environment: pytest.MonkeyPatch, variables: Mapping[str, str], exporter: str
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)
    assert find_traces_exporter() == exporter


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
    ],
)
def test_a_variable_that_asks_for_what_there_is_not_is_one_line(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    environment.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"^{name}: [^\n]+$"):
        find_traces_exporter()


def test_traces_without_their_packages_are_one_line(
    environment: pytest.MonkeyPatch, settings: Settings, database: Database
) -> None:
    environment.setenv("OTEL_TRACES_EXPORTER", "otlp")
    for name in ("gateway.spans", "opentelemetry"):
        environment.setitem(sys.modules, name, None)
    environment.delattr("gateway.spans", raising=False)
    with pytest.raises(
        ConfigurationError, match=r"not installed\. Install it with pip install 'sessions-gateway\[otel\]'"
    ):
        wsgi.build(settings, database)


def test_a_server_without_traces_imports_none_of_it() -> None:
    code = "import sys, gateway.cli, gateway.wsgi, gateway.serving.application; print('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
