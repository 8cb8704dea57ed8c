"""Clients that are slow, gone or refused, and other clients at the same time."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.raw import connect, exchange, head, receive, statuses
from tests.servers import API_KEY, Gateway

JSON = "Content-Type: application/json"
MEGABYTE = 1024 * 1024


@pytest.fixture
def gateway(lasting_gateway: Gateway) -> Gateway:
    """One gateway for all tests."""
    return lasting_gateway


def read_refusal(response: bytes) -> tuple[int, str]:
    """Return the status and error code of the only response in these bytes."""
    head, _, body = response.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["responseStatus"]["errorCode"]


def test_clients_that_do_not_close_delay_no_others(lasting_either: Gateway) -> None:
    """If the server waited for them one by one, each would delay all others by 2 seconds."""
    gateway = lasting_either
    connections = [connect(gateway) for _ in range(20)]
    for connection in connections:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    for connection in connections:
        assert statuses(receive(connection)) == [200]
    began = time.monotonic()
    assert gateway.healthy()
    assert time.monotonic() - began < 5
    for connection in connections:
        connection.close()


def test_pipelined_requests_get_responses_in_order(lasting_either: Gateway) -> None:
    """Pipelined (RFC 9112, 9.3.2), whether their bodies are read or not."""

    def post(name: str, key: str) -> bytes:
        body = json.dumps({"displayName": name}).encode()
        return head("/sessions", JSON, f"Content-Length: {len(body)}", close=False, key=key) + body

    requests = b"".join(post(f"n{number}", API_KEY if number % 2 else "wrong") for number in range(30))
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with connect(lasting_either) as connection:
        connection.sendall(requests + last)
        response = receive(connection)
    assert statuses(response) == [401, 200] * 15 + [200]
    assert [f'"displayName":"n{number}"'.encode() in response for number in range(1, 30, 2)] == [True] * 15


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"GET /health\r\n\r\n", 400, "BadRequest"),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "RequestUriTooLong"),
        (head("/sessions", JSON, "Expect: miracles", "Content-Length: 0"), 417, "ExpectationFailed"),
        (head("/sessions", f"X: {'y' * 9000}"), 431, "RequestHeadersTooLarge"),
        (head("/sessions", "Transfer-Encoding: br"), 501, "NotImplemented"),
        (b"\xff\xfe\x00 <script>\r\n\r\n", 400, "BadRequest"),
    ],
)
def test_an_invalid_request_is_refused_in_a_form_that_clients_read(
    gateway: Gateway, data: bytes, status: int, code: str
) -> None:
    response = exchange(gateway, data)
    assert read_refusal(response) == (status, code)
    lines = response.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert b"Content-Type: application/json; charset=utf-8" in lines
    assert b"Connection: close" in lines
    (request_id,) = [line.split()[1].decode() for line in lines if line.startswith(b"X-Request-Id: ")]
    assert request_id in gateway.printed()


def test_a_header_does_not_set_the_path_of_the_application(gateway: Gateway) -> None:
    response = exchange(gateway, head("/health", "SCRIPT_NAME: /elsewhere", "PATH_INFO: /x", method="GET"))
    assert statuses(response) == [200]


def _make_blocks() -> Iterator[bytes]:
    for _ in range(100):
        yield bytes(MEGABYTE)


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
@pytest.mark.parametrize(("key", "status"), [(API_KEY, 413), ("wrong", 401)])
def test_a_body_of_100_megabytes_is_refused_and_the_response_arrives(
    gateway: Gateway, key: str, status: int, chunked: bool
) -> None:
    """The client sends everything before it reads."""
    connection = http.client.HTTPConnection(gateway.address, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    if not chunked:
        headers["Content-Length"] = str(100 * MEGABYTE)
    connection.request("POST", "/sessions", _make_blocks(), headers, encode_chunked=chunked)
    with connection.getresponse() as response:
        assert (response.status, response.headers["Connection"]) == (status, "close")
        assert json.load(response)["responseStatus"]["errorCode"]


def test_a_client_that_asks_before_it_sends_too_much_sends_nothing(gateway: Gateway) -> None:
    with connect(gateway) as connection:
        length = f"Content-Length: {100 * MEGABYTE}"
        connection.sendall(head("/sessions", JSON, length, "Expect: 100-continue", close=False))
        response = receive(connection)
    assert read_refusal(response) == (413, "RequestEntityTooLarge")
    assert b"100 Continue" not in response


@pytest.mark.parametrize("options", [(), ("-H", "Expect:"), ("-H", "Transfer-Encoding: chunked")])
def test_curl_with_too_much(gateway: Gateway, tmp_path: Path, options: tuple[str, ...]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    file = tmp_path / "large"
    with file.open("wb") as large:
        large.truncate(100 * MEGABYTE)
    key = ("-H", f"Authorization: Bearer {API_KEY}", "-H", JSON)
    command = ["curl", "--silent", *options, *key, "--data-binary", f"@{file}", f"{gateway.url}/sessions"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert json.loads(done.stdout)["responseStatus"]["errorCode"] == "RequestEntityTooLarge"
