"""``gateway front`` as a process: streams, memory, and an old host that fails under load."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.live.processes import get_resident, list_workers
from tests.servers import Gateway, GatewayFactory, _gateways, free_port, wait_until
from tests.upstream.hosts import BLOCK, Host, Received, host, respond_text

#: Bytes of a large body.
LARGE = 200_000_000


@pytest.fixture(scope="module")
def module_host() -> Iterator[Host]:
    with host(keep=False) as running:
        yield running


@pytest.fixture
def old(module_host: Host) -> Host:
    module_host.reset()
    return module_host


@pytest.fixture(scope="module")
def front(module_host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    for make in _gateways(tmp_path_factory.mktemp("front")):
        yield start_front(make, module_host.url)


def start_front(make: GatewayFactory, url: str, *arguments: str) -> Gateway:
    gateway = make(GATEWAY_WORKERS="1")
    gateway.start("gateway", "front", url, "--everything", "--read-timeout", "3", *arguments)
    return gateway


#: Clients' connections, by test.
_OPEN: list[http.client.HTTPConnection] = []


def connect(front: Gateway) -> http.client.HTTPConnection:
    """A connection that is closed with the test, and its last response with it."""
    connection = http.client.HTTPConnection(front.address, timeout=30)
    _OPEN.append(connection)
    return connection


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No test leaves connections open."""
    yield
    while _OPEN:
        _OPEN.pop().close()


def respond_large(received: Received, sock: socket.socket) -> bool:
    sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n".encode())
    for _ in range(LARGE // 50_000):
        sock.sendall(bytes(50_000))
    return True


def test_large_bodies_take_no_memory(front: Gateway, old: Host) -> None:
    (worker,) = list_workers(front)
    connection = connect(front)
    connection.request("GET", "/warm")
    connection.getresponse().read()
    before = get_resident(worker)
    for headers in ({"Content-Length": str(LARGE)}, {"Transfer-Encoding": "chunked"}):
        blocks = (bytes(50_000) for _ in range(LARGE // 50_000))
        connection.request("PUT", "/up", body=blocks, headers=headers, encode_chunked="Transfer-Encoding" in headers)
        assert connection.getresponse().read() == b"/up"
        connection.close()
        assert old.received[-1].size == LARGE
    old.respond = respond_large
    connection.request("GET", "/down")
    response, size = connection.getresponse(), 0
    while block := response.read(BLOCK):
        size += len(block)
    assert size == LARGE
    assert get_resident(worker) - before < 16_000_000


def test_events_arrive_as_they_are_sent(front: Gateway, old: Host) -> None:
    go_on = threading.Event()

    def events(_: Received, sock: socket.socket) -> bool:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        assert go_on.wait(20)
        sock.sendall(b"data: 2\n\n")
        sock.shutdown(socket.SHUT_WR)
        return False

    old.respond = events
    connection = connect(front)
    connection.request("GET", "/event-stream")
    response = connection.getresponse()
    assert response.read1(100) == b"data: 1\n\n"
    go_on.set()
    assert response.read() == b"data: 2\n\n"


def test_a_client_that_leaves_frees_the_old_host(front: Gateway, old: Host) -> None:
    ended = threading.Event()

    def endless(_: Received, sock: socket.socket) -> bool:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\n")
        try:
            while True:
                sock.sendall(bytes(1000))
                time.sleep(0.01)
        except OSError:
            ended.set()
        return False

    old.respond = endless
    connection = connect(front)
    connection.request("GET", "/endless")
    assert connection.getresponse().read1(10)
    connection.close()
    assert ended.wait(20)


def test_a_response_that_breaks_off_breaks_off_at_the_client(front: Gateway, old: Host) -> None:
    def half(received: Received, sock: socket.socket) -> bool:
        framing = (
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
            if "chunked" in received.target
            else "Content-Length: 9\r\n\r\nabc"
        )
        sock.sendall(f"HTTP/1.1 200 OK\r\n{framing}".encode())
        return False

    old.respond = half
    for path in ("/chunked", "/length"):
        connection = connect(front)
        connection.request("GET", path)
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()


def test_an_upload_that_the_client_cuts_off_is_cut_off_at_the_old_host(front: Gateway, old: Host) -> None:
    with socket.create_connection(front.address.split(":"), timeout=10) as client:  # type: ignore[arg-type]
        client.sendall(b"PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + bytes(200_000))
    connection = connect(front)
    connection.request("GET", "/after")
    connection.getresponse().read()
    assert [request.target for request in old.received] == ["/after"]


def test_a_host_that_is_killed_and_comes_back_under_load(make_gateway: GatewayFactory) -> None:
    """No write arrives twice, nobody waits beyond the timeouts, and everything is well when the host is back."""
    port, stop, seen = free_port(), threading.Event(), list[tuple[int, str, float]]()
    arrivals: Counter[str] = Counter()
    front = start_front(make_gateway, f"http://127.0.0.1:{port}", "--connect-timeout", "1")

    def respond(received: Received, sock: socket.socket) -> bool | None:
        arrivals[received.target] += received.method == "POST"
        time.sleep(0.01)
        return respond_text("done")(received, sock)

    def load(number: int) -> None:
        connection, count = connect(front), 0
        while not stop.is_set():
            count += 1
            method = "POST" if count % 2 else "GET"
            began = time.monotonic()
            connection.request(method, f"/{number}/{count}", body=b"x" if count % 2 else None)
            response = connection.getresponse()
            response.read()
            seen.append((response.status, response.headers.get("Retry-After", ""), time.monotonic() - began))

    threads = [threading.Thread(target=load, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        with host(respond, port=port):
            time.sleep(0.5)
        time.sleep(0.3)
    with host(respond, port=port):
        time.sleep(0.5)
        stop.set()
        for thread in threads:
            thread.join()
        connection = connect(front)
        for path in ("/last", "/again"):
            connection.request("POST", path)
            assert connection.getresponse().read() == b"done"
    assert {status for status, _, _ in seen} == {200, 503}
    assert max(arrivals.values()) == 1
    assert max(seconds for _, _, seconds in seen) < 20
    assert "Retry-After" not in {after for status, after, _ in seen if status == 200}
    assert "2" in {after for status, after, _ in seen if status == 503}


def test_a_slow_host_does_not_delay_operations_that_are_handled_here(make_gateway: GatewayFactory) -> None:
    release = threading.Event()

    def slow(received: Received, sock: socket.socket) -> bool | None:
        assert release.wait(20)
        return respond_text("late")(received, sock)

    with host(slow) as running:
        front = start_front(
            make_gateway, running.url, "--connections", "4", "--connect-timeout", "0.5", "--read-timeout", "30"
        )
        statuses: list[int] = []

        def ask() -> None:
            connection = connect(front)
            connection.request("GET", "/slow")
            statuses.append(connection.getresponse().status)

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(statuses) == 8, "refusals")
        assert front.healthy()
        assert 200 not in statuses
        release.set()
        for thread in threads:
            thread.join()
    assert Counter(statuses)[200] == 4
    assert Counter(statuses)[503] == 8
