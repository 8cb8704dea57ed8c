"""The numbers of /metrics, and who gets them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from webtest import TestApp

from gateway import wsgi
from gateway.errors import Unavailable
from gateway.http import metrics
from gateway.metrics import Meter
from gateway.settings import Settings
from models import Database

from .conftest import API_KEY

Numbers = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read_numbers(client: TestApp) -> Callable[..., float]:
    """The metrics by name and labels; 0 for those that are not there."""
    text = client.get("/metrics", extra_environ={"REMOTE_ADDR": "127.0.0.1"}, status=200).text
    values: Numbers = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    return lambda name, **labels: values.get((name, frozenset(labels.items())), 0.0)


def test_requests_are_counted_by_operation_format_and_status(client: TestApp) -> None:
    before = read_numbers(client)
    response = client.post("/sessions.json", "{}", headers={"Content-Type": "application/json"})
    for _ in range(3):
        client.get(f"/sessions/{response.json['id']}.xml")
    client.get("/sessions/nothing.json", status=404)
    client.get("/sessions.json?all=true")
    after = read_numbers(client)

    def count_more(name: str, **labels: str) -> float:
        return after(name, **labels) - before(name, **labels)

    assert count_more("gateway_requests_total", operation="GetSession", format="xml", status="200") == 3
    assert count_more("gateway_requests_total", operation="GetSession", format="json", status="404") == 1
    assert count_more("gateway_requests_total", operation="NewSession", format="json", status="200") == 1
    assert count_more("gateway_received_bytes_total", operation="NewSession") == 2
    assert count_more("gateway_sent_bytes_total", operation="NewSession") == len(response.body)
    assert count_more("gateway_request_seconds_count", operation="GetSession") == 4
    assert count_more("gateway_request_seconds_bucket", operation="GetSession", le="+Inf") == 4
    assert count_more("gateway_streams_total", outcome="complete") == 1
    assert count_more("gateway_errors_total", error="NotFound") == 1
    assert count_more("gateway_transactions_total", kind="write", outcome="committed") >= 1
    assert after("gateway_pool_connections", state="idle", worker="0") >= 1
    assert after("gateway_places", kind="read", worker="0") == 16
    assert after("gateway_worker_memory_bytes", worker="0") > 1_000_000


def test_log_ins_are_counted_as_the_audit_log_has_them(anonymous: TestApp) -> None:
    before = read_numbers(anonymous)
    anonymous.post_json(
        "/auth.json", {"provider": "credentials", "userName": "nobody", "password": "wrong"}, status=401
    )
    assert read_numbers(anonymous)("gateway_audit_events_total", event="log-in failed") == 1 + before(
        "gateway_audit_events_total", event="log-in failed"
    )


def test_causes_of_503_are_counted(client: TestApp, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        try:
            raise ConnectionRefusedError(111, "Can't connect")
        except OSError as error:
            raise Unavailable("away") from error

    before = read_numbers(client)
    monkeypatch.setattr(database, "probe", fail)
    client.get("/ready", status=503)
    cause = "ConnectionRefusedError 111"
    assert read_numbers(client)("gateway_unavailable_total", cause=cause) == 1 + before(
        "gateway_unavailable_total", cause=cause
    )


@pytest.mark.parametrize(
    ("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.1", 404), ("", 404)]
)
def test_other_networks_find_nothing(client: TestApp, address: str, status: int) -> None:
    response = client.get("/metrics", extra_environ={"REMOTE_ADDR": address}, status=status)
    assert response.content_type == ("text/plain" if status == 200 else "application/json")


def test_a_client_behind_a_proxy_is_not_the_proxy(client: TestApp) -> None:
    client.get(
        "/metrics", headers={"X-Forwarded-For": "192.0.2.1"}, extra_environ={"REMOTE_ADDR": "127.0.0.1"}, status=404
    )
    client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1, 192.0.2.1"}, status=404)


def test_an_address_of_their_own_takes_them_from_the_other(settings: Settings, database: Database) -> None:
    app = wsgi.build(replace(settings, metrics_bind="127.0.0.1:9000"), database)
    client = TestApp(app)
    client.authorization = ("Bearer", API_KEY)
    client.get("/metrics", status=404)
    metrics_client = TestApp(metrics.application(app.meter))
    assert "gateway_build_info" in metrics_client.get("/metrics", status=200).text
    assert metrics_client.head("/metrics/", status=200).body == b""
    metrics_client.get("/sessions", status=404)
    metrics_client.post("/metrics", status=404)


def test_metrics_without_a_service_are_those_of_the_process() -> None:
    assert b"gateway_worker_threads" in Meter().text()
