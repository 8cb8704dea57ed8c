"""Valid and invalid bytes, sent to a real server."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from tests.live.raw import connect, exchange, head, next_status, statuses
from tests.servers import API_KEY, Gateway

JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"
MEGABYTE = 1024 * 1024


@pytest.fixture
def gateway(lasting_gateway: Gateway) -> Gateway:
    """One gateway for all tests: it must keep responding."""
    return lasting_gateway


def encode_chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def test_chunked_bodies(gateway: Gateway) -> None:
    body = encode_chunks(b"{displayName:", b"in chunks}")
    response = exchange(gateway, head("/sessions.jsv", "Content-Type: text/jsv", CHUNKED) + body)
    assert statuses(response) == [200]
    assert b"displayName:in chunks" in response


def test_expect_100_continue(lasting_either: Gateway) -> None:
    body = b'{"displayName":"expected"}'
    lines = (JSON, f"Content-Length: {len(body)}", "Expect: 100-continue")
    response = exchange(lasting_either, head("/sessions", *lines) + body)
    assert response.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_a_request_line_of_8_kilobytes_and_not_much_more(gateway: Gateway) -> None:
    def line(size: int) -> bytes:
        start = "/json/reply/GetSession?SessionId=x&filler="
        return head(start + "y" * (size - len(f"GET {start} HTTP/1.1")), method="GET")

    assert statuses(exchange(gateway, line(8190))) == [404]
    assert statuses(exchange(gateway, line(8400))) == [414]


def test_one_connection_for_many_requests(gateway: Gateway) -> None:
    """After a request is handled or refused, with its body read or unread, the next request on the connection is read correctly."""
    body = b'{"displayName":"kept"}'
    length = f"Content-Length: {len(body)}"
    with connect(gateway) as connection:
        for path, key, status in (
            ("/sessions", API_KEY, 200),
            ("/sessions", "wrong", 401),
            ("/nowhere", API_KEY, 404),
            ("/sessions", API_KEY, 200),
        ):
            connection.sendall(head(path, JSON, length, close=False, key=key) + body)
            assert next_status(connection) == status
            connection.sendall(head(path, JSON, CHUNKED, close=False, key=key) + encode_chunks(body))
            assert next_status(connection) == status


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        ([JSON, "Content-Length: 500"], b'{"displayName":"cut', 400),
        ([JSON, "Content-Length: 20000000"], b"{}", 413),
        ([JSON, "Content-Length: x"], b"{}", 400),
        ([JSON, "Content-Length: -1"], b"{}", 400),
        ([JSON, "Content-Length: 2", "Content-Length: 3"], b"{}", 400),
        ([JSON, "Content-Length: 2", CHUNKED], b"0\r\n\r\n", 400),
        ([JSON, CHUNKED], b"zz\r\n{}\r\n0\r\n\r\n", 400),
        ([JSON, CHUNKED], b"20\r\n{}", 400),
        ([JSON, CHUNKED], b"2\r\n{}\r\n", 400),
        ([JSON, "Transfer-Encoding: identity", "Content-Length: 2"], b"{}", 400),
        ([JSON, "Content-Encoding: gzip", "Content-Length: 2"], b"{}", 400),
        ([JSON, "Content-Encoding: br", "Content-Length: 2"], b"{}", 400),
        ([JSON, "Content-Encoding: compress", "Content-Length: 2"], b"{}", 415),
        (["Content-Type: image/png", "Content-Length: 3"], b"png", 415),
        (["Content-Type: multipart/form-data", "Content-Length: 2"], b"--", 400),
        (["Content-Type: multipart/form-data; boundary=x", "Content-Length: 2"], b"--", 400),
        ([JSON, "Expect: miracles", "Content-Length: 2"], b"{}", 417),
        (["Bad Header: 1"], b"", 400),
        ([f"X-Long: {'y' * 9000}"], b"", 431),
        ([f"X-{number}: y" for number in range(150)], b"", 431),
        (["Accept: ;;;q=,/", JSON, "Content-Length: 2"], b"{}", 200),
        (["Accept: \xff\xfe", JSON, "Content-Length: 2"], b"{}", 200),
        (["X-HTTP-Method-Override: BREW", JSON, "Content-Length: 2"], b"{}", 200),
    ],
)
def test_hostile_requests(gateway: Gateway, lines: list[str], body: bytes, status: int) -> None:
    response = exchange(gateway, head("/sessions", *lines) + body)
    assert statuses(response) == [status]
    assert gateway.healthy()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /health HTTP/1.1\nHost: x\n\n", 400),
        (b"GET /health HTTP/1.0\r\n\r\n", 200),
        (b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n", 400),
        (b"GET http://elsewhere/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"BREW /sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"TRACE /sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
        (b"GET /sess\x01ions HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /sess\xefons HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
def test_hostile_beginnings(gateway: Gateway, data: bytes, status: int) -> None:
    assert statuses(exchange(gateway, data)) == [status]
    assert gateway.healthy()


def _make_blocks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65536):
        yield b"x" * 65536


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
@pytest.mark.parametrize(("key", "status"), [(API_KEY, 413), ("wrong", 401)])
def test_a_client_that_sends_everything_first_gets_the_response(
    gateway: Gateway, key: str, status: int, chunked: bool
) -> None:
    """A client that reads only after sending everything would see a reset connection if its body were left unread."""
    connection = http.client.HTTPConnection(gateway.address, timeout=30)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = _make_blocks(20 * MEGABYTE) if chunked else b"x" * (20 * MEGABYTE)
    connection.request("POST", "/sessions", body, headers, encode_chunked=chunked)
    with connection.getresponse() as response:
        assert response.status == status
        assert json.load(response)["responseStatus"]["errorCode"]
    connection.request("GET", "/health")
    with connection.getresponse() as response:
        assert response.status == 200
    connection.close()


@pytest.mark.parametrize(
    ("data", "status", "start"),
    [
        (b"get /sessions.jsv HTTP/1.1\r\nHost: x\r\n\r\n", 400, b"{responseStatus:{errorCode:BadRequest,"),
        (b"GET /sessions HTTP/1.1\r\nHost: x\r\nAccept: application/xml\r\nbad\r\n\r\n", 400, b"<?xml "),
        (b"GET /sessions?format=jsv&x=" + b"y" * 9000, 414, b"{responseStatus:{errorCode:RequestUriTooLong,"),
        (b"junk\r\n\r\n", 400, b'{"responseStatus":{"errorCode":"BadRequest",'),
    ],
)
def test_an_unreadable_request_is_refused_in_the_requested_format(
    gateway: Gateway, data: bytes, status: int, start: bytes
) -> None:
    response = exchange(gateway, data)
    assert statuses(response) == [status]
    assert response.partition(b"\r\n\r\n")[2].startswith(start)
