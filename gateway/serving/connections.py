"""Clients' connections: sockets that wait for a client only while it sends and reads bytes fast enough."""

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

#: Seconds for which a client may stop reading a response, or read less than `SLOWEST` bytes a second. Faster reading earns the time back,
#: up to this maximum.
RESPONSE_GRACE = 10.0

#: Maximum bytes of a write that is joined with others.
_BUFFER_SIZE = 16 * 1024
_TICK = 1.0
_RESET = struct.pack("ii", 1, 0)


class ClientSocket(socket.socket):
    """A client's socket. In the kernel it never blocks; `recv` and `sendall` wait by polling if gunicorn has set it to block.

    :ivar head: the first bytes of the current request.
    """

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        super().setblocking(False)
        self._timeout: float | None = 0.0
        self.head = bytearray()
        self._body_deadline = 0.0
        self._credit = RESPONSE_GRACE
        self._sent_bytes = 0
        self._received_bytes = 0

    def begin(self, body_deadline: float, head: bytearray) -> None:
        """Start a new request and its response.

        :param body_deadline: when the request's body must be complete, in seconds of `time.monotonic`.
        :param head: the request's first bytes.
        """
        self._body_deadline = body_deadline
        self._credit = RESPONSE_GRACE
        self.head = head

    def setblocking(self, flag: bool, /) -> None:
        """Set whether `recv` and `sendall` wait."""
        self._timeout = None if flag else 0.0

    def settimeout(self, value: float | None, /) -> None:
        """Set the maximum number of seconds that `recv` waits."""
        self._timeout = value

    def gettimeout(self) -> float | None:
        """Return the maximum number of seconds that `recv` waits; None if only the client's speed counts."""
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
        unsent = memoryview(data)
        while unsent:
            try:
                sent = super().send(unsent, flags)
            except BlockingIOError:
                if self._timeout == 0.0:
                    raise
                self._wait_for_room()
            else:
                self._sent_bytes += sent
                unsent = unsent[sent:]

    def reset(self) -> None:
        """Make `close` reset the connection, so that the response does not look complete to the client."""
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
        # The client has not yet taken bytes in the send buffer; the socket has room only when much of the buffer is free.
        received_bytes = self._sent_bytes - self._count_unsent()
        seconds = (received_bytes - self._received_bytes) / SLOWEST
        self._received_bytes = received_bytes
        self._credit = min(RESPONSE_GRACE, self._credit + seconds) - (time.monotonic() - began)
        if self._credit < 0:
            raise BrokenPipeError(errno.EPIPE, "the client reads the response too slowly")

    def _count_unsent(self) -> int:
        try:
            (count,) = struct.unpack("i", fcntl.ioctl(self, termios.TIOCOUTQ, bytes(4)))
        except OSError:
            return 0
        return int(count)

    def _poll(self, event: int, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self, event)
        return bool(poll.poll(seconds * 1000))


class SendBuffer:
    """A buffer for the parts of a response that gunicorn writes, sent by `flush`.

    PERF: gunicorn sends a response's head separately. Head and body together are one packet, which wakes the client once.
    """

    def __init__(self, sock: ClientSocket) -> None:
        self._sock = sock
        self._data = b""

    def sendall(self, data: bytes) -> None:
        """Buffer a few bytes until `flush`; send many at once."""
        if len(data) > _BUFFER_SIZE:
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
    """The sender of requests: one known caller, or all unknown callers together.

    :ivar short: the turns of requests.
    :ivar long: the additional turns of requests with long bodies.
    :ivar caller: the caller's id; empty for unknown callers.
    """

    short: Turns[Connection]
    long: Turns[Connection]
    caller: str = ""


class Connection(TConn):  # type: ignore[misc]
    """gunicorn's connection, with the request that arrives on it.

    :ivar buffered: bytes of an incomplete request that the poller holds.
    :ivar credentials: the credentials of its request (`Incoming.credentials`).
    :ivar sender: the sender of its request; None for a probe.
    :ivar for_metrics: it was accepted at the address for metrics only.
    :ivar taken: it was handed over, and must no longer be used.
    :ivar cut: a response was truncated, which only a reset shows to the client.
    """

    sock: ClientSocket
    incoming: Incoming

    def __init__(self, cfg: Any, sock: ClientSocket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.cut = self.handed_over = False
        self.credentials = 0
        self.sender: Sender | None = None
        self.for_metrics = False
        self.buffered = 0
        # gunicorn's threads need not wait for a first byte: the poller has waited for it.
        self.data_ready = True

    def init(self) -> None:
        """Pass the received bytes to the parser. Raises the refusal of the request, if there is one."""
        super().init()
        if self.incoming.refusal is not None:
            raise self.incoming.refusal
        self.parser.unreader.unread(bytes(self.incoming.data))

    def take_rest(self) -> bytes:
        """Remove from the parser, and return, the bytes after the request that was handled."""
        return bytes(self.parser.unreader.take_buffered())
