"""A gunicorn worker that lets granian serve its sockets: GATEWAY_SERVER=granian.

gunicorn's master starts, replaces and ends the workers, so signals, sockets and upgrades are the same with both servers. In the worker
granian reads and writes HTTP in its own threads, outside the interpreter, and calls `Worker._answer` in one of `threads` threads.
docs/serving.rst lists the differences to `gateway.serving.worker`.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from granian._futures import _new_cbscheduler
from granian._granian import SocketHolder, WorkerSignal, WSGIWorker
from granian.http import HTTP1Settings
from gunicorn.workers import base

from gateway import counters, logs
from gateway.http import metrics
from gateway.http.app import App
from gateway.http.errors import UNFORESEEN
from gateway.http.events import LIGHT
from gateway.http.request import new_request_id
from gateway.metrics import Board
from gateway.serving import heap
from gateway.serving.incoming import HEAD_LIMIT
from gateway.serving.listening import BACKLOG, is_bound_to

#: Maximum seconds for which a client may read nothing of a response.
ACKNOWLEDGED_WITHIN = 30

#: Maximum seconds for which the rest of a body is read that the application has not read.
LINGER = 30.0

#: Seconds for which a stopping worker continues to serve, so that its clients notice.
LAST_CALL = 1.0

#: Seconds between two signs of life for the master.
_BEAT = 1.0
#: granian's threads for reading and writing, and seconds after which idle threads of the application end.
_IO_THREADS = 1
_IDLE = 30
_NO_TLS: tuple[Any, ...] = (False, None, None, None, "tls1.3", None, [], False)
_NO_METRICS = (None, None)
_BLOCK = 64 * 1024
#: The common part of each request's environment; granian sets the rest.
_COMMON: Mapping[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}
_CHUNKED = "The server does not see whether a body in chunks is complete. Send its Content-Length."

log = structlog.get_logger("gateway")

#: A WSGI application.
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Worker(base.Worker):  # type: ignore[misc]
    """The worker that ``gateway serve --server granian`` runs.

    :ivar slot: its number among the node's living workers, from 0.
    :ivar metrics_folder: where the node's workers publish their metrics; empty for nowhere.
    """

    wsgi: App
    alive: bool
    slot = 0
    metrics_folder = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Several threads count.
        self._numbers = count(1)

    def init_process(self) -> None:
        """Serve until a signal ends it."""
        heap.give_back_large_blocks()
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application, and publish its metrics with those of the other workers."""
        super().load_wsgi()
        if self.metrics_folder:
            self.wsgi.meter.join(Board(Path(self.metrics_folder), self.slot))

    def run(self) -> None:
        """Let granian serve, until a signal or the number of requests ends this worker."""
        servers = [self._start(listener) for listener in self.sockets]
        while self.alive and self.ppid == os.getppid():
            self._beat()
        # granian closes idle connections at once, and new ones whose first request has not arrived. So it first accepts no more of
        # them, and connections in use end here after a response that announces it.
        self.alive = False
        for listener in self.sockets:
            _stop_accepting(listener)
        last_call = time.monotonic() + LAST_CALL
        while time.monotonic() < last_call:
            self._beat(last_call - time.monotonic())
        if self.wsgi.subscribers is not None:
            self.wsgi.subscribers.stop()
        for listener in self.sockets:
            listener.close()
        for stop, _ in servers:
            stop.set()
        latest = time.monotonic() + self.cfg.graceful_timeout
        while time.monotonic() < latest and not all(has_ended.is_set() for _, has_ended in servers):
            self._beat()

    def _beat(self, seconds: float = _BEAT) -> None:
        """Notify the master, and wait until the next notification, a signal or the end of a server."""
        self.notify()
        select.select([self.PIPE[0]], [], [], max(0.0, seconds))
        with suppress(BlockingIOError):
            os.read(self.PIPE[0], _BLOCK)

    def _start(self, listener: Any) -> tuple[Any, threading.Event]:
        """Let granian serve a socket. Return a signal that stops it, and an event that is set when its last connection has ended."""
        is_unix = listener.family == socket.AF_UNIX
        if not is_unix:
            # Connections inherit this option.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, ACKNOWLEDGED_WITHIN * 1000)
        stop, has_ended = WorkerSignal(), threading.Event()

        def end() -> None:
            has_ended.set()
            os.write(self.PIPE[1], b"1")

        stop.add_cb(end)
        server = WSGIWorker(
            self.age,
            # granian closes its descriptor itself.
            (None, SocketHolder(os.dup(listener.fileno()), is_unix, BACKLOG)),
            None,
            _IO_THREADS,
            _IO_THREADS,
            self.cfg.threads,
            _IDLE,
            self.cfg.worker_connections,
            "1",
            # The timeout counts between requests, too.
            HTTP1Settings(header_read_timeout=self.cfg.keepalive * 1000, max_buffer_size=HEAD_LIMIT),
            None,
            None,
            *_NO_TLS,
            _NO_METRICS,
        )
        serve = server.serve_mtr_uds if is_unix else server.serve_mtr
        bind = self.wsgi.metrics_bind
        is_for_metrics = bool(bind) and is_bound_to(listener.sock.getsockname(), bind)
        application = metrics.application(self.wsgi.meter) if is_for_metrics else self.wsgi
        # granian needs a loop, but runs nothing of this application in it.
        loop = asyncio.new_event_loop()
        serve(_new_cbscheduler(loop, partial(self._respond, application), impl_asyncio=True), loop, stop)
        return stop, has_ended

    def _respond(self, application: Application, protocol: Any, environ: dict[str, Any]) -> None:
        """Handle one request, in one of granian's threads."""
        logs.current.request_id = logs.current.trace_id = ""
        environ.update(_COMMON)
        environ["wsgi.errors"] = sys.stderr
        if environ["SERVER_PROTOCOL"] == "HTTP/1":
            environ["SERVER_PROTOCOL"] = "HTTP/1.0"
        if "HTTP_TRANSFER_ENCODING" in environ:
            request_id = new_request_id()
            counters.count("gateway_refused", "411")
            log.warning("refused", request_id=request_id, status=411, reason=_CHUNKED)
            _discard(environ)
            self._refuse(protocol, environ, 411, _CHUNKED, request_id)
            return
        response = _Response()
        try:
            blocks = application(environ, response.start)
        except Exception as error:
            request_id = new_request_id()
            log.error("unforeseen", request_id=request_id, exc_info=error)
            self._refuse(protocol, environ, 500, UNFORESEEN, request_id)
            return
        if LIGHT not in environ and next(self._numbers) % self.max_requests == 0 and not self._holds_streams():
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        if "CONTENT_LENGTH" in environ:
            _discard(environ)
        if not self.alive:
            response.headers.append(("Connection", "close"))
        if isinstance(blocks, list):
            protocol.response_bytes(response.status, response.headers, b"".join(blocks))
        else:
            protocol.response_iter(response.status, response.headers, _Blocks(blocks))

    def _holds_streams(self) -> bool:
        subscribers = self.wsgi.subscribers
        return subscribers is not None and subscribers.holds_connections

    def _refuse(self, protocol: Any, environ: dict[str, Any], status: int, message: str, request_id: str) -> None:
        """Respond to a request that does not reach the application, with an error in the gateway's form."""
        target = f"{quote(environ['PATH_INFO'], encoding='latin-1')}?{environ['QUERY_STRING']}"
        fields = (
            (name, environ.get(key)) for name, key in (("Accept", "HTTP_ACCEPT"), ("Content-Type", "CONTENT_TYPE"))
        )
        lines = [
            f"{environ['REQUEST_METHOD']} {target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in fields if value),
        ]
        refusal = self.wsgi.refusal(status, message, request_id, "\r\n".join(lines).encode("latin-1", "replace"))
        head, _, body = refusal.partition(b"\r\n\r\n")
        _, *headers = head.decode("ascii").split("\r\n")
        protocol.response_bytes(status, [tuple(line.split(": ", 1)) for line in headers], body)


def _stop_accepting(listener: Any) -> None:
    """Replace all descriptors of a listening socket in this process, granian's too, by a socket that nobody can connect to.

    granian cannot stop accepting and continue to serve. Other processes accept from the socket as before.
    """
    with socket.socket(socket.AF_UNIX) as unreachable:
        # An abstract address that the kernel chooses.
        unreachable.bind("")
        unreachable.listen()
        unreachable.setblocking(False)
        for descriptor in _find_descriptors(os.fstat(listener.fileno())):
            os.dup2(unreachable.fileno(), descriptor, inheritable=False)


def _find_descriptors(status: os.stat_result) -> list[int]:
    """Return this process's descriptors of an open file."""
    descriptors = []
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        # The folder's own descriptor is closed by now.
        with suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), status):
                descriptors.append(descriptor)
    return descriptors


class _Response:
    """The head of a response."""

    __slots__ = ("headers", "status")

    def start(self, status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        """Take the head from the application."""
        self.status = int(status[:3])
        self.headers = headers


class _Blocks:
    """The blocks of a response, which granian requests. An error in the application's iterator ends the connection."""

    __slots__ = ("__next__", "_blocks")

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = blocks
        self.__next__ = iter(blocks).__next__

    def close(self) -> None:
        """End the response, complete or not."""
        if hasattr(self._blocks, "close"):
            self._blocks.close()


def _discard(environ: dict[str, Any]) -> None:
    """Read the part of a body that the application has not read: a client that still sends would get a reset instead of the response."""
    if "HTTP_EXPECT" not in environ:
        latest = time.monotonic() + LINGER
        while environ["wsgi.input"].read(_BLOCK) and time.monotonic() < latest:
            pass
