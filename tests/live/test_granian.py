"""Differences between granian and gunicorn: the table of docs/serving.rst. Common behaviour is tested with both."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.live.raw import connect, exchange, head, receive, statuses
from tests.live.sessions import create, names
from tests.servers import API_KEY, FIRST_USER, Gateway, GatewayFactory, _gateways, wait_until

pytest.importorskip("granian", reason="granian is not installed")

JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"
MEGABYTE = 1024 * 1024
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with a single worker of few threads."""
    for make in _gateways(tmp_path_factory.mktemp("granian")):
        gateway_of_few_threads = make(**FIRST_USER, GATEWAY_WORKERS="1", GATEWAY_THREADS="2", GATEWAY_SERVER="granian")
        gateway_of_few_threads.start()
        yield gateway_of_few_threads


def test_the_option_names_the_server(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(**FIRST_USER, GATEWAY_WORKERS="1")
    gateway.start("gateway", "serve", "--server", "granian")
    with connect(gateway) as connection:
        connection.sendall(HEALTH)
        assert b"\r\nserver: granian\r\n" in receive(connection)
    assert names(gateway, create(gateway, "by option")) == ["by option"]
    assert gateway.stop() == 0


def test_a_body_in_chunks_is_refused_in_the_requested_format(gateway: Gateway) -> None:
    """granian treats a body that was cut off as complete."""
    for body in (b"2\r\n{}\r\n0\r\n\r\n", b"zz\r\n{}\r\n0\r\n\r\n"):
        response = exchange(gateway, head("/sessions.jsv", JSON, CHUNKED) + body)
        assert statuses(response) == [411]
        assert response.partition(b"\r\n\r\n")[2].startswith(b"{responseStatus:{errorCode:LengthRequired,message:")
    wait_until(lambda: '"status": 411' in gateway.printed(), "the log line")


def test_a_body_that_is_cut_off_stores_nothing(gateway: Gateway) -> None:
    with connect(gateway) as connection:
        lines = (JSON, "Content-Length: 30", "X-Request-Id: cut-off-1234")
        connection.sendall(head("/sessions", *lines) + b'{"displayName":"cut"}')
        # If the client disconnects earlier, the request may not have begun.
        time.sleep(0.5)
    wait_until(lambda: "cut-off-1234" in gateway.printed(), "the log line")
    (line,) = [json.loads(line) for line in gateway.printed().splitlines() if "cut-off-1234" in line]
    assert line["status"] == 400


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (head("/sessions", JSON, "Content-Length: x"), 400),
        (head("/sessions", JSON, "Content-Length: 2", "Content-Length: 3") + b"{}", 400),
        (head("/sessions", JSON, "Transfer-Encoding: identity", "Content-Length: 2") + b"{}", 400),
        (head("/sessions", "Bad Header: 1"), 400),
        (head("/sessions", *(f"X-{number}: y" for number in range(150))), 431),
        (head("/sessions", f"X-Long: {'y' * 300_000}"), 431),
        (b"GET /" + b"y" * 66_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n", 400),
        (b"GET /sess\x01ions HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
def test_an_unreadable_request_is_refused_without_a_document(gateway: Gateway, data: bytes, status: int) -> None:
    response = exchange(gateway, data)
    assert statuses(response) == [status]
    assert response.endswith(b"\r\n\r\n")
    assert gateway.healthy()


@pytest.mark.parametrize(("key", "status"), [(API_KEY, 413), ("wrong", 401)])
def test_a_client_that_sends_everything_first_gets_the_response(gateway: Gateway, key: str, status: int) -> None:
    connection = http.client.HTTPConnection(gateway.address, timeout=30)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("POST", "/sessions", b"x" * (20 * MEGABYTE), headers)
    with connection.getresponse() as response:
        assert response.status == status
        assert json.load(response)["responseStatus"]["errorCode"]
    connection.request("GET", "/health")
    with connection.getresponse() as response:
        assert response.status == 200
    connection.close()


def test_a_client_that_asks_before_it_sends_too_much_sends_nothing(gateway: Gateway) -> None:
    with connect(gateway) as connection:
        connection.sendall(head("/sessions", JSON, f"Content-Length: {100 * MEGABYTE}", "Expect: 100-continue"))
        response = receive(connection)
    assert statuses(response) == [413]
    assert b"100 Continue" not in response


def test_heads_that_are_not_complete_hold_no_thread(gateway: Gateway) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(connect(gateway)).sendall(b"GET /sessions HTTP/1.1\r\nX: ")
        began = time.monotonic()
        assert names(gateway, create(gateway, "honest")) == ["honest"]
        assert statuses(exchange(gateway, HEALTH)) == [200]
        assert time.monotonic() - began < 10


def test_headers_of_the_environment_are_no_request_headers(make_gateway: GatewayFactory) -> None:
    """granian's own WSGI environment begins with the variables of the process."""
    gateway = make_gateway(**FIRST_USER, GATEWAY_WORKERS="1", GATEWAY_SERVER="granian", HTTP_X_API_KEY=API_KEY)
    gateway.start()
    request = b"GET /sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert statuses(exchange(gateway, request)) == [401]


def test_event_streams_leave_threads_to_others_and_end_with_the_worker(make_gateway: GatewayFactory) -> None:
    options = {"GATEWAY_WORKERS": "1", "GATEWAY_THREADS": "2", "GATEWAY_SERVER": "granian"}
    gateway = make_gateway(**FIRST_USER, **options)
    gateway.start()
    with connect(gateway) as connection:
        connection.sendall(head("/event-stream?channels=sessions", method="GET", close=False))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        response = exchange(gateway, head("/event-stream.jsv?channels=sessions", method="GET"))
        assert statuses(response) == [429]
        assert names(gateway, create(gateway, "beside a stream")) == ["beside a stream"]
        assert gateway.stop() == 0
        assert b"cmd.onGoodbye" in receive(connection)
