"""The metrics of a node with several workers, at a separate address."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Callable

import pytest

from tests.live.sessions import create
from tests.servers import API_KEY, FIRST_USER, Gateway, GatewayFactory, free_port, wait_until


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def read_value(text: str, line: str) -> float:
    match = re.search(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE)
    return float(match[1]) if match else 0.0


def list_workers(gateway: Gateway) -> list[int]:
    assert gateway.process is not None
    output = subprocess.run(
        ["pgrep", "-P", str(gateway.process.pid)], capture_output=True, text=True, check=False
    ).stdout
    return [int(process_id) for process_id in output.split()]


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_all_workers_are_counted_and_counters_never_fall(make_gateway: GatewayFactory, server: str) -> None:
    port = free_port()
    gateway = make_gateway(**FIRST_USER, GATEWAY_METRICS_BIND=f"127.0.0.1:{port}", GATEWAY_SERVER=server)
    gateway.start()
    wait_until(lambda: read_value(get(port, "/metrics")[1], "gateway_worker_starts_total") == 2, "both workers")
    for number in range(12):
        create(gateway, f"call {number}")
    line = 'gateway_requests_total{format="json",operation="NewSession",status="200"}'
    is_counted: Callable[[], bool] = lambda: read_value(get(port, "/metrics")[1], line) == 12  # noqa: E731
    wait_until(is_counted, "what the other worker counted")
    status, text = get(port, "/metrics")
    assert status == 200
    assert {'gateway_worker_threads{worker="0"}', 'gateway_worker_threads{worker="1"}'} <= {
        line.rpartition(" ")[0] for line in text.splitlines()
    }

    # Each address has its own paths.
    service_port = int(gateway.url.rpartition(":")[2])
    assert get(service_port, "/metrics")[0] == 404
    assert get(port, "/sessions")[0] == 404
    assert get(port, "/health")[0] == 404

    for process_id in list_workers(gateway):
        os.kill(process_id, signal.SIGKILL)
    wait_until(lambda: read_value(get(port, "/metrics")[1], "gateway_worker_starts_total") == 4, "two new workers")
    wait_until(is_counted, "what the workers that were killed had counted")
    assert gateway.process is not None
    gateway.process.send_signal(signal.SIGHUP)
    wait_until(lambda: read_value(get(port, "/metrics")[1], "gateway_worker_starts_total") == 6, "two more")
    wait_until(is_counted, "the counts")
    gateway.stop()

    # One line for an address that can't be used.
    done = make_gateway(GATEWAY_METRICS_BIND="127.0.0.1:99999").attempt("serve")
    assert done.returncode == 1
    assert "GATEWAY_METRICS_BIND" in done.stderr.strip().splitlines()[-1]


def test_a_log_line_names_the_session_and_the_trace(lasting_gateway: Gateway) -> None:
    session_id = create(lasting_gateway, "a call")
    request = urllib.request.Request(
        f"{lasting_gateway.url}/sessions/{session_id}.json",
        headers={
            "Authorization": f"Bearer {API_KEY}",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        },
    )
    urllib.request.urlopen(request, timeout=10).close()

    def lines() -> list[dict[str, object]]:
        return [json.loads(line) for line in lasting_gateway.printed().splitlines() if session_id in line]

    wait_until(lambda: len(lines()) == 2, "the lines")
    created, read = lines()
    assert (created["operation"], created["session_id"]) == ("NewSession", session_id)
    assert (read["operation"], read["session_id"], read["address"]) == ("GetSession", session_id, "127.0.0.1")
    assert read["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
