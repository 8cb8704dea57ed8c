"""Many clients that are slow on purpose, and an honest one at the same time."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from gateway.serving.connections import RESPONSE_GRACE
from gateway.serving.incoming import HEAD_TIME
from tests.live.processes import get_resident, list_workers
from tests.live.raw import connect, exchange, head, receive, statuses
from tests.live.sessions import create, names
from tests.servers import FIRST_USER, Gateway, _gateways

THREADS = 4
#: Ten times as many as there are threads.
MANY = 10 * THREADS
#: Seconds within which the honest client gets its response: less than any limit, more than a busy machine needs.
SOON = 8
JSON = "Content-Type: application/json"
PROBE = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with a single worker of few threads."""
    for make in _gateways(tmp_path_factory.mktemp("slow")):
        gateway_of_few_threads = make(**FIRST_USER, GATEWAY_WORKERS="1", GATEWAY_THREADS=str(THREADS))
        gateway_of_few_threads.start()
        yield gateway_of_few_threads


@contextmanager
def open_slow(gateway: Gateway, first: bytes, byte: bytes, many: int = MANY) -> Iterator[list[socket.socket]]:
    """Open connections that send the first bytes, and then one more every half second."""
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.5):
            for connection in connections:
                with suppress(OSError):  # it was closed
                    connection.sendall(byte)

    with ExitStack() as stack:
        connections = [stack.enter_context(connect(gateway)) for _ in range(many)]
        for connection in connections:
            connection.settimeout(HEAD_TIME * 3)
            connection.sendall(first)
        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            yield connections
        finally:
            stop.set()
            dripping.join()


def check_service(gateway: Gateway) -> None:
    """Check that an honest client can write, read and probe as usual."""
    began = time.monotonic()
    assert names(gateway, create(gateway, "honest")) == ["honest"]
    assert statuses(exchange(gateway, PROBE)) == [200]
    assert time.monotonic() - began < SOON


SLOW = {
    "head": (b"GET /sessions HTTP/1.1\r\nX: ", b"x"),
    "log-in": (head("/auth", JSON, "Content-Length: 5000", key="none") + b'{"userName":"', b"x"),
    "log-in that asks first": (head("/auth", JSON, "Content-Length: 5000", "Expect: 100-continue", key="none"), b"x"),
    "chunks": (head("/sessions", JSON, "Transfer-Encoding: chunked"), b"1\r\n \r\n"),
    "body of nobody": (head("/sessions", JSON, "Content-Length: 1000000", key="wrong") + b"{", b"x"),
    "chunks of nobody": (head("/sessions", JSON, "Transfer-Encoding: chunked", key="wrong"), b"1\r\n \r\n"),
    "long body": (head("/sessions", JSON, "Content-Length: 100000") + b"{", b" "),
    "long chunk": (head("/sessions", JSON, "Transfer-Encoding: chunked") + b"186a0\r\n{", b" "),
    "probe": (b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", b"x"),
}


@pytest.mark.parametrize("kind", SLOW)
def test_slow_senders_delay_no_others(gateway: Gateway, kind: str) -> None:
    with open_slow(gateway, *SLOW[kind]):
        check_service(gateway)


def test_a_late_head_is_refused_in_the_requested_format_and_a_connection_without_a_byte_is_closed(
    gateway: Gateway,
) -> None:
    with (
        connect(gateway) as silent,
        open_slow(gateway, b"GET /sessions.jsv HTTP/1.1\r\nX: ", b"x", 3) as connections,
    ):
        began = time.monotonic()
        responses = [receive(connection) for connection in connections]
        assert HEAD_TIME - 2 < time.monotonic() - began < HEAD_TIME * 3
        silent.settimeout(HEAD_TIME * 3)
        assert receive(silent) == b""
    assert [statuses(response) for response in responses] == [[408]] * 3
    assert responses[0].partition(b"\r\n\r\n")[2].startswith(b"{responseStatus:{errorCode:RequestTimeout,")


def test_a_client_that_is_slower_than_a_packet_gets_a_response(gateway: Gateway) -> None:
    body = b'{"displayName":"slow and honest"}'
    data = head("/sessions", JSON, f"Content-Length: {len(body)}") + body
    with connect(gateway) as connection:
        for start in range(0, len(data), 7):
            connection.sendall(data[start : start + 7])
            time.sleep(0.01)
        response = receive(connection)
    assert statuses(response) == [200]
    assert json.loads(response.partition(b"\r\n\r\n")[2])["displayName"] == "slow and honest"


def test_requests_that_follow_a_slow_one_on_its_connection(gateway: Gateway) -> None:
    request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    with connect(gateway) as connection:
        connection.sendall(request + request[:9])
        time.sleep(0.3)
        connection.sendall(request[9:] + PROBE[:20])
        time.sleep(0.3)
        connection.sendall(PROBE[20:])
        assert statuses(receive(connection)) == [200, 200, 200]


@pytest.fixture(scope="module")
def list_of_everything(gateway: Gateway) -> bytes:
    """A request for a list with more bytes than the kernel buffers for a client that reads nothing."""
    # In JSON each of these characters is 6 bytes.
    call = dict.fromkeys(["displayName", "fromName", "toAddress", "fromPhoneNumber", "destination"], "\u6211" * 255)
    batch = json.dumps([call] * 100).encode()
    for _ in range(12):
        data = head("/json/reply/NewSession[]", JSON, f"Content-Length: {len(batch)}") + batch
        # In a batch, a client that has ended its side counts as gone.
        with connect(gateway) as connection:
            connection.sendall(data)
            assert statuses(receive(connection)) == [200]
    return head("/sessions.jsonl?all=true", method="GET")


@pytest.mark.parametrize("read", [0, 1], ids=["nothing", "a little"])
def test_slow_readers_are_disconnected_and_delay_no_others(
    gateway: Gateway, list_of_everything: bytes, read: int
) -> None:
    """They are disconnected before the last chunk, so that no response looks complete."""
    with ExitStack() as stack:
        readers = []
        for _ in range(THREADS):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(60)
            host, _, port = gateway.address.partition(":")
            reader.connect((host, int(port)))
            reader.sendall(list_of_everything)
            readers.append(reader)
        check_service(gateway)
        until = time.monotonic() + RESPONSE_GRACE * 1.5
        while time.monotonic() < until:
            for reader in readers:
                if read:
                    reader.recv(read)
            time.sleep(0.25)
        for reader in readers:
            try:
                rest = receive(reader)
            except ConnectionResetError:
                continue
            assert not rest.endswith(b"0\r\n\r\n") or statuses(rest) == [429]
        check_service(gateway)


def test_connections_beyond_the_limit_replace_those_that_wait(gateway: Gateway) -> None:
    """There are more connections than a worker accepts, each with a head of 60 kB: memory is bounded, and honest clients are served."""
    (worker,) = list_workers(gateway)
    part = b"GET / HTTP/1.1\r\n" + (b"X: " + b"y" * 6000 + b"\r\n") * 10
    with ExitStack() as stack:
        for number in range(1200):
            connection = stack.enter_context(connect(gateway))
            with suppress(OSError):  # it was closed
                connection.sendall(part)
            if number % 300 == 0:
                check_service(gateway)
        check_service(gateway)
        assert get_resident(worker) < 300 * 1024 * 1024
    check_service(gateway)
