"""Clients' sockets: how long a thread waits for a client."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from gateway.serving import connections
from gateway.serving.connections import ClientSocket, SendBuffer
from gateway.serving.incoming import SLOWEST

MEGABYTE = 1024 * 1024


@pytest.fixture
def pair() -> Iterator[tuple[ClientSocket, socket.socket]]:
    """A server's socket as threads have it, and its client's."""
    ours, theirs = socket.socketpair()
    with ClientSocket(ours) as ours, theirs:
        ours.setblocking(True)
        ours.begin(time.monotonic() + 60, bytearray())
        yield ours, theirs


def test_a_client_that_sends_nothing_has_left(
    pair: tuple[ClientSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_TIMEOUT", 0.05)
    with pytest.raises(TimeoutError):
        pair[0].recv(1)


def test_a_body_that_is_late_is_read_no_further(pair: tuple[ClientSocket, socket.socket]) -> None:
    ours, theirs = pair
    ours.begin(time.monotonic() - 1, bytearray())
    theirs.sendall(bytes(SLOWEST * 2))
    assert len(ours.recv(SLOWEST)) == SLOWEST
    assert len(ours.recv(SLOWEST)) == SLOWEST
    ours.begin(time.monotonic() - 1, bytearray())
    with pytest.raises(TimeoutError):
        ours.recv(1)


def test_bytes_of_a_body_earn_time(pair: tuple[ClientSocket, socket.socket]) -> None:
    ours, theirs = pair
    ours.begin(time.monotonic() - 1, bytearray())
    theirs.sendall(bytes(2 * SLOWEST))
    ours.recv(2 * SLOWEST)
    threading.Timer(0.1, theirs.sendall, [b"x"]).start()
    assert ours.recv(1) == b"x"


def test_a_drain_waits_for_its_own_time_only(pair: tuple[ClientSocket, socket.socket]) -> None:
    ours, _ = pair
    ours.settimeout(0.05)
    assert ours.gettimeout() == 0.05
    with pytest.raises(TimeoutError):
        ours.recv(1)


def test_a_client_that_takes_nothing_has_left(
    pair: tuple[ClientSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "RESPONSE_GRACE", 0.1)
    monkeypatch.setattr(connections, "_TICK", 0.01)
    pair[0].begin(time.monotonic(), bytearray())
    with pytest.raises(BrokenPipeError):
        pair[0].sendall(bytes(64 * MEGABYTE))


@pytest.mark.parametrize(("rate", "served"), [(4, True), (0.25, False)], ids=["fast enough", "too slow"])
def test_a_client_must_take_a_response_at_a_rate(
    pair: tuple[ClientSocket, socket.socket], monkeypatch: pytest.MonkeyPatch, rate: float, served: bool
) -> None:
    """A client that takes a block each tick, of more or fewer bytes than it must."""
    tick, slowest = 0.02, 4 * MEGABYTE
    monkeypatch.setattr(connections, "SLOWEST", slowest)
    monkeypatch.setattr(connections, "RESPONSE_GRACE", 0.3)
    monkeypatch.setattr(connections, "_TICK", tick)
    ours, theirs = pair
    ours.begin(time.monotonic(), bytearray())
    over = threading.Event()

    def take() -> None:
        while not over.wait(tick) and theirs.recv(int(slowest * tick * rate)):
            pass

    taking = threading.Thread(target=take)
    taking.start()
    try:
        if served:
            ours.sendall(bytes(8 * MEGABYTE))
        else:
            with pytest.raises(BrokenPipeError):
                ours.sendall(bytes(8 * MEGABYTE))
    finally:
        over.set()
        taking.join()


def test_a_response_earns_no_more_than_the_grace(
    pair: tuple[ClientSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that took much at once and then nothing is waited for no longer than others."""
    monkeypatch.setattr(connections, "RESPONSE_GRACE", 0.2)
    monkeypatch.setattr(connections, "_TICK", 0.01)
    ours, theirs = pair
    ours.begin(time.monotonic(), bytearray())
    taking = threading.Thread(target=theirs.recv, args=(32 * MEGABYTE, socket.MSG_WAITALL))
    taking.start()
    with pytest.raises(BrokenPipeError):
        ours.sendall(bytes(64 * MEGABYTE))
    taking.join()


def test_a_socket_in_the_poller_has_nothing_yet(pair: tuple[ClientSocket, socket.socket]) -> None:
    ours, theirs = pair
    ours.setblocking(False)
    with pytest.raises(BlockingIOError):
        ours.recv(1)
    theirs.sendall(b"x")
    assert ours.recv(9) == b"x"
    with pytest.raises(BlockingIOError):
        ours.sendall(bytes(64 * MEGABYTE))


def test_a_thread_that_looks_for_bytes_does_not_wait(pair: tuple[ClientSocket, socket.socket]) -> None:
    with pytest.raises(BlockingIOError):
        pair[0].recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)


def test_a_reset_is_told_from_an_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as theirs:
        ours = ClientSocket(listener.accept()[0])
        ours.reset()
        assert struct.unpack("ii", ours.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)) == (1, 0)
        ours.close()
        with pytest.raises(ConnectionResetError):
            theirs.recv(1)


def test_short_writes_are_one_packet_and_long_ones_keep_their_order() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ClientSocket(ours) as ours, theirs:
        ours.setblocking(True)
        buffer = SendBuffer(ours)
        buffer.sendall(b"head ")
        buffer.sendall(b"body")
        buffer.flush()
        buffer.flush()
        assert theirs.recv(MEGABYTE) == b"head body"
        long = bytes(32 * 1024)
        buffer.sendall(b"head")
        buffer.sendall(long)
        buffer.flush()
        assert [theirs.recv(MEGABYTE), theirs.recv(MEGABYTE)] == [b"head", long]
