"""When a request has arrived."""

from __future__ import annotations

import pytest
from gunicorn.http.errors import LimitRequestHeaders

from gateway.serving import incoming
from gateway.serving.incoming import Incoming

GET = b"GET /sessions HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /sessions HTTP/1.1\r\nHost: x\r\n"


def sized(length: int, *lines: str) -> bytes:
    """The head of a request with a body of so many bytes."""
    return POST + "".join(f"{line}\r\n" for line in [f"content-LENGTH: {length}", *lines]).encode() + b"\r\n"


CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        GET,
        b"\r\n" + GET,
        b"GET / HTTP/1.0\r\n\r\n",
        sized(0),
        sized(3) + b"abc",
        CHUNKED + b"0\r\n\r\n",
        CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"3;a=b\r\nabc\r\n1 ;c\r\nd\r\n0\r\nTrailer: x\r\n\r\n",
        CHUNKED + b"A\r\n0\r\n\r\n01234\r\n0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("step", [1, 2, 7, 10_000])
def test_a_request_has_arrived_with_its_last_byte(data: bytes, step: int) -> None:
    request = Incoming(0)
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    ready = [request.feed(piece, 1) for piece in pieces]
    assert ready == [False] * (len(pieces) - 1) + [True]
    assert request.complete
    assert request.data == data


def test_requests_that_follow_are_kept() -> None:
    request = Incoming(0)
    assert request.feed(sized(1) + b"x" + GET, 1)
    assert request.complete
    assert request.data == sized(1) + b"x" + GET


@pytest.mark.parametrize(
    "data",
    [
        sized(incoming.COLLECTED + 1),
        sized(10**12),
        CHUNKED + b"%x\r\n" % (incoming.COLLECTED + 1),
        CHUNKED + b"1\r\nx\r\n" * (incoming.COLLECTED // 6 + 1),
        CHUNKED + b"0\r\nTrailer: " + b"x" * incoming.COLLECTED,
        CHUNKED + b"1;" + b"x" * 2000,
    ],
    ids=["long", "longest", "long chunk", "chunks", "trailers", "chunk line"],
)
def test_a_long_body_is_for_a_thread(data: bytes) -> None:
    request = Incoming(0)
    assert request.feed(data, 1)
    assert not request.complete
    assert request.refusal is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\r\nHost: x\n",
        b"\n",
        b"G" * (incoming.LINE_LIMIT + 3),
        CHUNKED + b"zz\r\n",
        CHUNKED + b"\r\n",
        CHUNKED + b"1\r\nxy\r\n0\r\n\r\n",
        POST + b"Content-Length: many\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
    ],
)
def test_what_gunicorn_refuses_is_not_waited_for(data: bytes) -> None:
    assert Incoming(0).feed(data, 1)


def test_a_line_feed_after_a_return_in_another_packet_is_not_bare() -> None:
    request = Incoming(0)
    assert not request.feed(b"GET / HTTP/1.1\r", 0)
    assert not request.feed(b"\nHost: x\r\n", 0)
    assert request.feed(b"\r\n", 0)


def test_a_head_has_a_limit() -> None:
    request = Incoming(0)
    line = b"X: " + b"y" * 1000 + b"\r\n"
    assert not request.feed(POST + line * 60, 0)
    assert request.refusal is None
    assert request.feed(line * 10, 0)
    assert isinstance(request.refusal, LimitRequestHeaders)


@pytest.mark.parametrize(
    ("line", "probe"),
    [
        ("GET /health HTTP/1.1", "health"),
        ("HEAD /Ready HTTP/1.0", "ready"),
        ("GET /health.json HTTP/1.1", "health"),
        ("GET /ready/?format=jsv HTTP/1.1", "ready"),
        ("OPTIONS /health HTTP/1.1", "health"),
        ("GET /healthy HTTP/1.1", ""),
        ("GET /sessions/health HTTP/1.1", ""),
        ("GET /sessions?x=/health HTTP/1.1", ""),
        ("POST /health HTTP/1.1", ""),
    ],
)
def test_probes_are_known(line: str, probe: str) -> None:
    request = Incoming(0)
    request.feed(f"{line}\r\nHost: x\r\n\r\n".encode(), 0)
    assert request.probe == probe


@pytest.mark.parametrize("body", [b"Content-Length: 5\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_a_probe_with_a_body_takes_no_reserved_thread(body: bytes) -> None:
    request = Incoming(0)
    request.feed(b"GET /health HTTP/1.1\r\n" + body + b"0\r\n\r\n", 0)
    assert request.complete
    assert request.probe == ""


def test_deadlines() -> None:
    request = Incoming(100)
    assert request.deadline(100) == 100 + incoming.HEAD_TIME
    request.feed(POST, 105)
    assert request.deadline(105) == 100 + incoming.HEAD_TIME
    request = Incoming(100)
    request.feed(sized(32 * 1024), 109)
    assert request.deadline(109) == 109 + incoming.IDLE_TIMEOUT
    assert request.body_deadline == 109 + incoming.BODY_TIME
    request.feed(bytes(incoming.SLOWEST), 165)
    assert request.deadline(165) == 109 + incoming.BODY_TIME + 1


@pytest.mark.parametrize(
    ("head", "awaits"),
    [
        (sized(5, "Expect: 100-Continue"), True),
        (sized(5, "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0"), False),
        (sized(5, "Expect: miracles"), False),
        (sized(5), False),
    ],
)
def test_a_client_that_awaits_continue(head: bytes, awaits: bool) -> None:
    request = Incoming(0)
    assert not request.feed(head, 0)
    assert request.awaits_continue is awaits


def _credentials(*lines: str) -> int:
    request = Incoming(0)
    request.feed("\r\n".join(["GET / HTTP/1.1", "Host: x", *lines, "", ""]).encode("latin-1"), 1)
    return request.credentials


@pytest.mark.parametrize("line", ["Authorization: Bearer a", "x-api-key: a", "X-SS-ID:a", "Cookie: ss-id=a"])
def test_requests_with_the_same_credentials_are_known_by_the_same_number(line: str) -> None:
    assert _credentials(line) == _credentials(
        "Accept: */*", line.upper().partition(":")[0] + ":" + line.partition(":")[2]
    )
    assert _credentials(line) not in (0, _credentials(f"{line}b"), _credentials(line, "X-Api-Key: c"))


def test_cookies_that_sign_nobody_in_are_no_credentials() -> None:
    known = _credentials("Cookie: ss-id=a; ss-pid=b")
    assert known == _credentials("Cookie: _ga=1.2; ss-id=a;ss-pid=b; theme=dark")
    assert known not in (0, _credentials("Cookie: ss-id=c; ss-pid=b"))
    assert _credentials("Cookie: _ga=1.2; xss-id=a; ss-opt=perm") == 0


def test_requests_without_credentials_have_none() -> None:
    assert _credentials("X-Authorization: a", "Authorization:", "Referer: authorization: a") == 0
    request = Incoming(0)
    body = b"\r\nAuthorization: Bearer a\r\n"
    request.feed(sized(len(body)) + body, 1)
    assert request.credentials == 0
