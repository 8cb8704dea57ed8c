"""gunicorn's thread worker, where that is not enough for clients that are slow, gone or refused.

- Who falls silent in the middle of a request has left after `SILENCE` seconds: a thread does not wait for ever.
- A connection that ends is left lingering (RFC 9112, 9.6): what still comes is read and thrown away for a while, so that who sends all of
  a body first finds the answer and no reset. gunicorn does that in its main loop, where one client that does not close holds up
  everybody's connections; here the poller does it beside the others.
- A body that is longer than any that is read is answered at once, with ``Connection: close`` and without ``100 Continue``.
- What gunicorn refuses by itself is answered as the gateway answers errors: as a ResponseStatus in the requested format, with a request id.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from gunicorn.http import errors as refusals
from gunicorn.http.body import ChunkedReader
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from gateway import heap
from gateway.http.app import BODY_LIMIT
from gateway.http.errors import UNFORESEEN
from gateway.http.request import new_request_id

#: Seconds that a thread waits for the next bytes of a request, or for room for those of an answer.
SILENCE = 30.0

#: Seconds that a connection lingers, and how many of them in silence (nginx's lingering_time and lingering_timeout).
LINGER = 30.0
SILENT_LINGER = 5.0

_BLOCK = 256 * 1024
_LONGEST_MESSAGE = 200
#: Bytes of a request that are kept until it is answered, to name the format of a refusal.
_HEAD = 16 * 1024

log = structlog.get_logger("gateway")

#: What gunicorn refuses with another status than 400.
_STATUS: Mapping[type[Exception], int] = {
    refusals.ForbiddenProxyRequest: 403,
    refusals.LimitRequestLine: 414,
    refusals.ExpectationFailed: 417,
    refusals.LimitRequestHeaders: 431,
    refusals.UnsupportedTransferCoding: 501,
}
#: What the application did wrong, and the client did not.
_OURS = (refusals.InvalidResponseHeader, refusals.InvalidResponseHeaderName, refusals.ConfigurationProblem)


class Worker(ThreadWorker):  # type: ignore[misc]
    """The worker that ``gateway serve`` runs."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        #: The connections that linger, and until when they may say nothing; who said something last stands last.
        self._lingering: dict[Any, float] = {}

    def init_process(self) -> None:
        """Serve until a signal ends it."""
        heap.give_back_large_blocks()
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection to a thread."""
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket(fileno=conn.sock.detach())
        conn.sock.head = b""
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Answer a request; whether the connection goes on."""
        reader = req.body.reader
        if isinstance(reader, ChunkedReader):
            # Whether more is to come than was read is known only when the answer goes out.
            closing = req.should_close
            req.should_close = lambda: closing() or reader.parser is not None
        elif getattr(reader, "length", 0) > BODY_LIMIT:
            req.force_close()
            req._expected_100_continue = False
        return bool(super().handle_request(req, conn))

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Say what is wrong with a request that never came to the application."""
        request_id = new_request_id()
        if isinstance(exc, refusals.ParseException) and not isinstance(exc, _OURS):
            status, message = _STATUS.get(type(exc), 400), str(exc)[:_LONGEST_MESSAGE]
            log.warning("refused", request_id=request_id, status=status, reason=message)
        else:
            status, message = 500, UNFORESEEN
            log.error("unforeseen", request_id=request_id, exc_info=exc)
        client.sendall(self.wsgi.refusal(status, message, request_id, getattr(client, "head", b"")))

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep a connection, or let it end."""
        if fs.cancelled() or fs.exception() is not None or fs.result():
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def murder_pending(self) -> None:
        """End the connections that have said nothing for too long."""
        super().murder_pending()
        now = time.monotonic()
        while self._lingering:
            conn, until = next(iter(self._lingering.items()))
            if until > now:
                break
            self._part(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        self._lingering = {conn: min(until, deadline) for conn, until in self._lingering.items()}

    def _linger(self, conn: Any) -> None:
        now = time.monotonic()
        conn.timeout = now + (LINGER if self.alive else STOP_KEEPALIVE_LINGER)
        self._lingering[conn] = min(now + SILENT_LINGER, conn.timeout)
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._discard, conn))
        except (OSError, ValueError):  # the client has closed it already
            self._part(conn)

    def _discard(self, conn: Any, _: Any) -> None:
        now = time.monotonic()
        try:
            more = conn.sock.recv(_BLOCK)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more or now > conn.timeout:
            self._part(conn)
        else:
            del self._lingering[conn]
            self._lingering[conn] = min(now + SILENT_LINGER, conn.timeout)

    def _part(self, conn: Any) -> None:
        del self._lingering[conn]
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


class PatientSocket(socket.socket):
    """A client's socket that blocks for `SILENCE` seconds at most; then the client counts as gone.

    :ivar head: the first bytes of the request that is being read.
    """

    head: bytes = b""

    def setblocking(self, flag: bool, /) -> None:
        """Wait for bytes, or don't."""
        self.settimeout(SILENCE if flag else 0)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """What has come. Raises ConnectionResetError when nothing comes."""
        try:
            data = super().recv(size, flags)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "nothing came any more") from None
        if len(self.head) < _HEAD:
            self.head += data
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send everything. Raises BrokenPipeError when the client takes nothing; `SILENCE` counts anew whenever it takes something."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self.send(rest, flags) :]
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "the client takes nothing any more") from None
