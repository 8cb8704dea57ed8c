"""The socket that ``gateway serve`` listens on. It is opened before anything slow; an error is reported in one line.

While the service starts, clients wait in the socket's queue. If that may take long, `Starting` responds in the meantime.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any

from gunicorn.systemd import SD_LISTEN_FDS_START

from gateway.errors import ConfigurationError

#: Connections that wait to be accepted.
BACKLOG = 2048
#: The umask of a Unix socket: only its owner and group may use it.
SOCKET_UMASK = 0o117

_THREADS = 8
_PATIENCE = 2.0
_HEAD_LIMIT = 16 * 1024
_OK = b'{"status":"ok"}'

#: Loopback addresses, by the addresses that mean all addresses of this machine.
_LOCAL_HOSTS = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - shown, not listened on

_REASONS = {
    errno.EADDRINUSE: "is in use: another process listens there. Stop it, or choose another port",
    errno.EADDRNOTAVAIL: "is not an address of this machine",
    errno.EACCES: "may not be used by this user; ports below 1024 need a privilege",
    errno.ENOENT: "is in a folder that does not exist",
}


def listen(bind: str, variable: str = "GATEWAY_BIND") -> socket.socket | None:
    """Return a listening socket; None if the process gets one from its parent, by ``fd://`` or systemd.

    :param bind: ``host:port``, ``[IPv6]:port`` or ``unix:PATH``, as in GATEWAY_BIND.
    :param variable: the name of the setting, for messages.
    :raises ConfigurationError: with one line, when that address can't be used.
    """
    return None if bind.startswith("fd://") or _list_inherited() else _open_listener(bind, variable)


def _open_listener(bind: str, variable: str) -> socket.socket:
    try:
        return _listen_on_unix(bind.removeprefix("unix:")) if bind.startswith("unix:") else _listen_on_tcp(bind)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"can't be used: {error.strerror or error}")
        raise ConfigurationError(f"{variable}: {bind} {reason}.") from error


def listen_for_metrics(bind: str) -> socket.socket | None:
    """Return the listening socket of GATEWAY_METRICS_BIND; None if there is none, or the process gets it from its parent.

    :raises ConfigurationError: with one line, when that address can't be used.
    """
    inherited = [socket.socket(fileno=os.dup(descriptor)) for descriptor in _list_inherited()]
    names = [listener.getsockname() for listener in inherited]
    for listener in inherited:
        listener.close()
    if not bind or any(is_bound_to(name, bind) for name in names):
        return None
    return _open_listener(bind, "GATEWAY_METRICS_BIND")


def is_bound_to(name: Any, bind: str) -> bool:
    """Return whether a socket's name is that of an address such as GATEWAY_METRICS_BIND. Only paths or ports are compared."""
    if bind.startswith("unix:"):
        return bool(name == bind.removeprefix("unix:"))
    return isinstance(name, tuple) and bool(name[1] == int(bind.rpartition(":")[2]))


def _list_inherited() -> list[int]:
    """Return the sockets that this process got from gunicorn (a restart by SIGUSR2) or from systemd."""
    if "GUNICORN_FD" in os.environ:
        return [int(descriptor) for descriptor in os.environ["GUNICORN_FD"].split(",")]
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        return [*range(SD_LISTEN_FDS_START, SD_LISTEN_FDS_START + int(os.environ.get("LISTEN_FDS", "0")))]
    return []


def replace_port(bind: str, port: int) -> str:
    """Return an address with another port. Its host is that of GATEWAY_BIND, or 127.0.0.1 if that is a Unix socket or ``fd://``."""
    host, colon, _ = bind.rpartition(":")
    return f"{host}:{port}" if colon and not bind.startswith(("unix:", "fd:")) else f"127.0.0.1:{port}"


def format_url(bind: str) -> str:
    """Return the URL at which a browser of this machine reaches the service; ``http://localhost`` if only a proxy can."""
    host, colon, port = bind.rpartition(":")
    if not colon or bind.startswith(("unix:", "fd:")):
        return "http://localhost"
    return f"http://{_LOCAL_HOSTS.get(host, host)}:{port}"


def _listen_on_tcp(bind: str) -> socket.socket:
    host, _, port = bind.rpartition(":")
    if int(port) > 65_535:
        raise OSError(errno.EINVAL, "the port must be at most 65535")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, int(port)))
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _listen_on_unix(path: str) -> socket.socket:
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(SOCKET_UMASK)
    try:
        listener.bind(path)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _remove_stale(path: str) -> None:
    """Remove a Unix socket on which no process listens. Raises OSError for anything else at its path."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "a file with that name exists and is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(path) == 0:
            raise OSError(errno.EADDRINUSE, "in use")
    os.unlink(path)


class Starting:
    """Responds while the service is not ready: to ``/health`` with 200, to everything else with 503. A context manager.

    It does not respond until `begin` is called. A failed start closes the socket.

    :param listener: the socket; None for no responses.
    :param refusal: makes the response to a request from its first bytes.
    """

    def __init__(self, listener: socket.socket | None, refusal: Callable[[bytes], bytes]) -> None:
        self._listener = listener
        self._refusal = refusal
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Starting:
        return self

    def begin(self) -> None:
        """Start to respond."""
        if self._listener is not None and self._thread is None:
            self._thread = threading.Thread(target=self._run, args=(self._listener,), name="starting", daemon=True)
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if error is not None and self._listener is not None:
            self._listener.close()

    def _run(self, listener: socket.socket) -> None:
        listener.settimeout(0.1)
        with ThreadPoolExecutor(_THREADS) as threads:
            while not self._ended.is_set():
                with suppress(OSError):
                    threads.submit(self._respond, listener.accept()[0])
        listener.settimeout(None)

    def _respond(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(_PATIENCE)
            head = b""
            while b"\r\n\r\n" not in head and len(head) < _HEAD_LIMIT and (block := connection.recv(_HEAD_LIMIT)):
                head += block
            connection.sendall(_format_health() if _is_health(head) else self._refusal(head))
            connection.shutdown(socket.SHUT_WR)
            # Read on, so that a client that still sends gets the response and no reset.
            while connection.recv(_HEAD_LIMIT) and not self._ended.is_set():
                pass


def _is_health(head: bytes) -> bool:
    target = head.split(b" ", 2)[1:2]
    return bool(target) and target[0].partition(b"?")[0].partition(b".")[0].rstrip(b"/").lower() == b"/health"


def _format_health() -> bytes:
    lines = ("HTTP/1.1 200 OK", "Connection: close", "Content-Type: application/json; charset=utf-8")
    more = (f"Content-Length: {len(_OK)}", "Cache-Control: no-store", "X-Content-Type-Options: nosniff", "", "")
    return "\r\n".join((*lines, *more)).encode() + _OK
