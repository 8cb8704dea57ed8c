"""A small old host for tests: a server in this process, whose responses tests choose."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

BLOCK = 64 * 1024


@dataclass
class Received:
    """A request that the host got.

    :ivar headers: names as they came, with values.
    :ivar size: bytes of the body.
    """

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    size: int = 0

    def header(self, name: str) -> str | None:
        return next((value for header_name, value in self.headers if header_name.lower() == name.lower()), None)

    def names(self) -> set[str]:
        return {name.lower() for name, _ in self.headers}


#: Writes the response to a request onto a connection; returning True keeps the connection open.
Respond = Callable[[Received, socket.socket], bool | None]


@dataclass
class Host:
    """A running host.

    :ivar respond: writes the responses.
    :ivar received: the requests so far.
    :ivar connected: connections so far.
    :ivar open: those that are open.
    """

    port: int = 0
    respond: Respond = field(default=lambda received, sock: respond_text(received.target)(received, sock))
    received: list[Received] = field(default_factory=list)
    connected: int = 0
    open: set[socket.socket] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget what was received, and respond as in the beginning."""
        self.respond, self.received, self.connected = Host().respond, [], 0

    @contextmanager
    def connection(self, sock: socket.socket) -> Iterator[None]:
        """Count an open connection."""
        self.connected += 1
        self.open.add(sock)
        try:
            yield
        finally:
            self.open.discard(sock)


def respond_text(body: str | bytes, status: str = "200 OK", headers: tuple[str, ...] = ()) -> Respond:
    """Responds with a body of known length."""
    data = body.encode() if isinstance(body, str) else body

    def respond(received: Received, sock: socket.socket) -> bool:
        header_names = {line.partition(":")[0].lower() for line in headers}
        defaults = {"Content-Length": len(data), "Content-Type": "text/plain"}
        length = [f"{name}: {value}" for name, value in defaults.items() if name.lower() not in header_names]
        head = "\r\n".join([f"HTTP/1.1 {status}", *headers, *length, "", ""]).encode("latin-1")
        sock.sendall(head + (b"" if received.method == "HEAD" else data))
        return True

    return respond


def respond_document(value: Any, status: str = "200 OK", *headers: str) -> Respond:
    """Responds with JSON."""
    return respond_text(json.dumps(value), status, ("Content-Type: application/json; charset=utf-8", *headers))


def respond_in_turn(*responders: Respond) -> Respond:
    """Responds in one way after the other, and the last one from then on."""
    remaining = [*responders]

    def respond(received: Received, sock: socket.socket) -> bool | None:
        return (remaining.pop(0) if len(remaining) > 1 else remaining[0])(received, sock)

    return respond


def hang_up(_: Received, sock: socket.socket) -> bool:
    """Ends the connection without a response."""
    sock.shutdown(socket.SHUT_RDWR)
    return False


def _read(stream: Any, *, keep: bool) -> Received | None:
    line = stream.readline().decode("latin-1")
    if not line.strip():
        return None
    method, target, _ = line.split()
    headers = []
    while line := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(": ")
        headers.append((name, value))
    received = Received(method, target, headers)
    if (length := received.header("Content-Length")) is not None:
        remaining = int(length)
        while remaining and (block := stream.read(min(BLOCK, remaining))):
            remaining -= len(block)
            received.size += len(block)
            received.body += block if keep else b""
        if remaining:
            raise ConnectionError("the body was cut")
    elif received.header("Transfer-Encoding"):
        while size := int(stream.readline(), 16):
            block = stream.read(size)
            received.size += len(block)
            received.body += block if keep else b""
            stream.readline()
        stream.readline()
    return received


@contextmanager
def host(respond: Respond | None = None, port: int = 0, *, keep: bool = True) -> Iterator[Host]:
    """A host that runs as long as the block.

    :param keep: bodies of requests are kept.
    """
    running = Host()
    if respond is not None:
        running.respond = respond

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with running.connection(self.request), self.request.makefile("rb") as stream, suppress(OSError, ValueError):
                while received := _read(stream, keep=keep):
                    running.received.append(received)
                    if not running.respond(received, self.request):
                        break

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False
        request_queue_size = 128

    with Server(("127.0.0.1", port), Handler) as server:
        running.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            for connection in [*running.open]:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            thread.join()


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class _Threads(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The URL of a WSGI application that is served as long as the block."""
    with make_server("127.0.0.1", 0, app, _Threads, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
