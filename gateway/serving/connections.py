"""Clients' connections: sockets that wait for a client only as long as it sends and takes bytes fast enough."""

from __future__ import annotations

import errno
import fcntl
import select
import socket
import struct
import termios
import time
from dataclasses import dataclass
from typing import Any

from gunicorn.workers.gthread import TConn

from gateway import turns
from gateway.serving.incoming import IDLE_TIMEOUT, SLOWEST, Incoming
from gateway.turns import Turns

#: Seconds that a client may stop taking a response, or take it more slowly than `SLOWEST` bytes in a second. Bytes that it takes faster
#: earn the time back, up to these seconds.
RESPONSE_GRACE = 10.0

#: Bytes up to which writes are joined.
_GATHERED = 16 * 1024
_TICK = 1.0
_RESET = struct.pack("ii", 1, 0)


class ClientSocket(socket.socket):
    """A client's socket. In the kernel it never blocks; `recv` and `sendall` wait by polling where gunicorn has set it to block.

    :ivar head: the first bytes of the current request.
    """

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        super().setblocking(False)
        self._timeout: float | None = 0.0
        self.head = bytearray()
        self._body_deadline = 0.0
        self._credit = RESPONSE_GRACE
        self._sent = 0
        self._taken = 0

    def begin(self, body_deadline: float, head: bytearray) -> None:
        """Start a new request and its response.

        :param body_deadline: when the request's body must be complete, in seconds of `time.monotonic`.
        :param head: the request's first bytes.
        """
        self._body_deadline = body_deadline
        self._credit = RESPONSE_GRACE
        self.head = head

    def setblocking(self, flag: bool, /) -> None:
        """Let `recv` and `sendall` wait, or not."""
        self._timeout = None if flag else 0.0

    def settimeout(self, value: float | None, /) -> None:
        """Let `recv` wait for so many seconds at most."""
        self._timeout = value

    def gettimeout(self) -> float | None:
        """Return how many seconds `recv` waits at most; None if only the client's speed counts."""
        return self._timeout

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Return what has arrived.

        :raises TimeoutError: when the client sends nothing, or too slowly.
        """
        while True:
            try:
                data = super().recv(size, flags)
            except BlockingIOError:
                if self._timeout == 0.0 or flags & socket.MSG_DONTWAIT:
                    raise
                self._wait_for_bytes()
            else:
                self._body_deadline += len(data) / SLOWEST
                return data

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send everything, as `sendall` does, and return its length."""
        self.sendall(data, flags)
        return len(data)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send everything.

        :raises BrokenPipeError: when the client reads the response too slowly.
        """
        rest = memoryview(data)
        while rest:
            try:
                sent = super().send(rest, flags)
            except BlockingIOError:
                if self._timeout == 0.0:
                    raise
                self._wait_for_room()
            else:
                self._sent += sent
                rest = rest[sent:]

    def reset(self) -> None:
        """Let `close` reset the connection, so that the response does not look complete to the client."""
        self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _wait_for_bytes(self) -> None:
        turns.leave()
        allowed = min(IDLE_TIMEOUT, self._body_deadline - time.monotonic())
        if self._timeout is not None:
            allowed = min(allowed, self._timeout)
        if allowed <= 0 or not self._poll(select.POLLIN, allowed):
            raise TimeoutError(errno.ECONNRESET, "the client sends too slowly")

    def _wait_for_room(self) -> None:
        turns.leave()
        began = time.monotonic()
        self._poll(select.POLLOUT, _TICK)
        # Bytes in our own send buffer have not been taken yet; the socket has room only when much of it is free.
        taken = self._sent - self._unsent()
        earned = (taken - self._taken) / SLOWEST
        self._taken = taken
        self._credit = min(RESPONSE_GRACE, self._credit + earned) - (time.monotonic() - began)
        if self._credit < 0:
            raise BrokenPipeError(errno.EPIPE, "the client reads the response too slowly")

    def _unsent(self) -> int:
        try:
            (count,) = struct.unpack("i", fcntl.ioctl(self, termios.TIOCOUTQ, bytes(4)))
        except OSError:
            return 0
        return int(count)

    def _poll(self, event: int, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self, event)
        return bool(poll.poll(seconds * 1000))


class Gathered:
    """What gunicorn writes of a response, sent by `flush`.

    PERF: gunicorn sends a response's head by itself. With its body it is one packet, for which the client is woken once.
    """

    def __init__(self, sock: ClientSocket) -> None:
        self._sock = sock
        self._data = b""

    def sendall(self, data: bytes) -> None:
        """Keep some bytes until `flush`; many are sent at once."""
        if len(data) > _GATHERED:
            self.flush()
            self._sock.sendall(data)
        else:
            self._data += data

    def flush(self) -> None:
        """Send the buffered bytes. Raises BrokenPipeError when the client reads the response too slowly."""
        data, self._data = self._data, b""
        if data:
            self._sock.sendall(data)


@dataclass(frozen=True, weakref_slot=True, slots=True)
class Sender:
    """One known caller, or all whose caller is not known.

    :ivar short: the turns of requests.
    :ivar long: the additional turns of requests with long bodies.
    :ivar caller: the caller's id; empty for all whose caller is not known.
    """

    short: Turns[Connection]
    long: Turns[Connection]
    caller: str = ""


class Connection(TConn):  # type: ignore[misc]
    """gunicorn's connection, with the request that arrives on it.

    :ivar held: bytes of an incomplete request that the poller holds.
    :ivar credentials: those of its request (`Incoming.credentials`).
    :ivar sender: the sender of its request; None for a probe.
    :ivar for_metrics: it came to the address that is for metrics alone.
    :ivar taken: it was handed over, and must not be used any more.
    :ivar cut: a response was truncated, which only a reset shows to the client.
    """

    sock: ClientSocket
    incoming: Incoming

    def __init__(self, cfg: Any, sock: ClientSocket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.cut = self.taken = False
        self.credentials = 0
        self.sender: Sender | None = None
        self.for_metrics = False
        self.held = 0
        # gunicorn's threads don't wait for a first byte: the poller has done so.
        self.data_ready = True

    def init(self) -> None:
        """Pass the received bytes to the parser. Raises the refusal of the request, if there is one."""
        super().init()
        if self.incoming.refusal is not None:
            raise self.incoming.refusal
        self.parser.unreader.unread(bytes(self.incoming.data))

    def rest(self) -> bytes:
        """Take from the parser, and return, the bytes after the request that was handled."""
        return bytes(self.parser.unreader.take_buffered())
