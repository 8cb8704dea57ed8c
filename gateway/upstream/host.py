"""The old host: persistent connections, time limits, and repetition of requests.

Any request is sent again if no connection could be made. A read is also sent again if the connection was lost or the response is 502, 503
or 504. A write that may have arrived is never sent twice.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, cast

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError
from urllib3.util import create_urllib3_context

from gateway import counters
from gateway.errors import OutcomeUnknown, ServiceError, Unavailable
from gateway.tracing import Tracer
from gateway.upstream.address import Address
from gateway.upstream.arriving import Response
from gateway.upstream.limits import Timeouts

#: Response statuses after which a read is sent again.
REPEATED = frozenset({502, 503, 504})
#: Seconds before each repetition of a request.
PAUSES = (0.05, 0.2)
#: Seconds after which a client may try again.
RETRY_AFTER = 2
#: Seconds that a reused connection may have been idle. A host may close an idle connection at any moment, and then it is unknown whether a
#: write on it has arrived.
RESTED_READ, RESTED_WRITE = 30.0, 3.0
#: Requests that may wait for a connection, for each that has one.
_WAITING = 0.25
_BLOCK = 64 * 1024
_UNKNOWN = "The old host was lost before it answered: the change may be done or not. Read before you repeat it."


@dataclass(slots=True)
class Outgoing:
    """A request to the host.

    :ivar target: path and query.
    :ivar headers: all of them, including those that frame the body.
    :ivar body: blocks are read once, while they are sent.
    :ivar repeatable: whether the request changes nothing and its body can be sent again.
    :ivar chunked: the headers name no length of the body.
    """

    method: str
    target: str
    headers: Iterable[tuple[str, str]]
    body: bytes | Iterable[bytes] | None = None
    repeatable: bool = False
    chunked: bool = False


class _Direct:
    """A connection that urllib3 makes, and that the standard library uses.

    PERF: urllib3's own requests and responses copy and check all headers a second time, and take as long again.
    """

    putheader = http.client.HTTPConnection.putheader
    getresponse = http.client.HTTPConnection.getresponse


class _Http(_Direct, HTTPConnection):  # type: ignore[misc]
    response_class = Response


class _Https(_Direct, HTTPSConnection):  # type: ignore[misc]
    response_class = Response


class HostResponse:
    """The host's response; its body is not read yet.

    :ivar headers: in the received order.
    :ivar version: HTTP's version: 10 or 11.
    """

    def __init__(self, response: Response, release: Callable[[bool], None]) -> None:
        self._response = response
        self._release = release
        self._is_open = True
        self.status = response.status
        self.reason = response.reason or ""
        self.headers: list[tuple[str, str]] = [*response.headers.raw_items()]
        self.version = response.version

    def hasten(self) -> None:
        """Limit a body of unknown length like one with a length, because the caller needs the complete body."""
        self._response.hasten()

    def blocks(self) -> Generator[bytes, None, None]:
        """Read the body in blocks, as they arrive.

        :raises OSError: when the host is silent for too long, takes too long, or disconnects before the end.
        """
        complete = False
        try:
            while block := self._response.read1(_BLOCK):
                yield block
            if self._response.length:
                raise http.client.IncompleteRead(b"", self._response.length)
            complete = True
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionAbortedError(f"the old host's response ended early: {error!r}") from error
        finally:
            self.close(complete=complete)

    def close(self, *, complete: bool = False) -> None:
        """Return the connection to the pool, or close it if its response was not read to the end."""
        if self._is_open:
            self._is_open = False
            with suppress(Exception):
                self._response.close()
            self._release(complete)


class _Exchange(NamedTuple):
    """A response to read, and its connection.

    :ivar is_sent: the request was sent completely.
    """

    response: Response
    connection: _Http | _Https
    is_sent: bool


class _NotReached(Exception):
    """The connection failed before any byte of the request was sent."""


class _Lost(Exception):
    """The connection was lost after the request, or a part of it, was sent."""


@dataclass(slots=True)
class _Slots:
    """Limits the requests that the host gets at once, and those that wait."""

    free: int
    most_waiting: int
    waiting: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def enter(self, patience: float) -> bool:
        """Take a slot. Return whether one was free in time."""
        with self.changed:
            if not self.free:
                if self.waiting >= self.most_waiting:
                    return False
                self.waiting += 1
                try:
                    if not self.changed.wait_for(lambda: self.free > 0, patience):
                        return False
                finally:
                    self.waiting -= 1
            self.free -= 1
            return True

    def leave(self) -> None:
        """Release a slot."""
        with self.changed:
            self.free += 1
            self.changed.notify()


class Host:
    """An old host, as one process sees it.

    :param connections: concurrent requests of a process to the host.
    :param ca_file: certificates to trust instead of the system's; empty for the system's.
    :ivar tracer: makes spans of requests; None if no traces are exported.
    """

    tracer: Tracer | None = None

    def __init__(self, address: Address, timeouts: Timeouts, connections: int, ca_file: str = "") -> None:
        self.address = address
        self.timeouts = timeouts
        self._most = connections
        self._tls_context = _make_tls_context(ca_file) if address.scheme == "https" else None
        self._begin()

    def _begin(self) -> None:
        """Begin without connections: those of the parent process must not be shared."""
        self._process = os.getpid()
        self._slots = _Slots(self._most, max(1, int(self._most * _WAITING)))
        self._idle: deque[tuple[_Http | _Https, float]] = deque()

    def send(self, outgoing: Outgoing) -> HostResponse:
        """Return the host's response.

        :raises Unavailable: when the host is unreachable or busy, or does not respond to a read in time.
        :raises OutcomeUnknown: when the connection was lost after a write was sent.
        """
        if self.tracer is None:
            return self._send_in_turn(outgoing)
        address = self.address
        url = f"{address.scheme}://{address.authority}{outgoing.target.partition('?')[0]}"
        trace_headers: dict[str, str] = {}
        with self.tracer.call(outgoing.method, url, trace_headers) as end_span:
            outgoing.headers = [
                *((name, value) for name, value in outgoing.headers if name.lower() not in trace_headers),
                *trace_headers.items(),
            ]
            response = self._send_in_turn(outgoing)
            end_span(response.status)
            return response

    def _send_in_turn(self, outgoing: Outgoing) -> HostResponse:
        if self._process != os.getpid():
            self._begin()
        slots = self._slots
        if not slots.enter(self.timeouts.connect):
            counters.count("gateway_upstream_requests", "busy")
            raise Unavailable("The old host is busy: too many requests wait for it.", RETRY_AFTER)
        has_response = False
        try:
            response = self._send(outgoing, slots)
            has_response = True
        except (Unavailable, OutcomeUnknown) as error:
            counters.count("gateway_upstream_requests", _name_outcome(error))
            raise
        finally:
            if not has_response:
                slots.leave()
        counters.count("gateway_upstream_requests", str(response.status))
        return response

    def close(self) -> None:
        """Close idle connections."""
        while self._idle:
            self._idle.pop()[0].close()

    def _send(self, outgoing: Outgoing, slots: _Slots) -> HostResponse:
        deadline = time.monotonic() + self.timeouts.connect
        problem: Exception | None = None
        for pause in (*PAUSES, None):
            try:
                exchange = self._send_once(outgoing, deadline)
            except _NotReached as error:
                problem = error
                if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                    break
            except _Lost as error:
                if not outgoing.repeatable:
                    raise OutcomeUnknown(_UNKNOWN, None) from error.__cause__
                problem = error
                if isinstance(error.__cause__, TimeoutError):
                    break
            else:
                if exchange.response.status not in REPEATED or not outgoing.repeatable or pause is None:
                    return HostResponse(exchange.response, partial(self._release, exchange, slots))
                exchange.connection.close()
            if pause is None or (isinstance(problem, _NotReached) and time.monotonic() + pause > deadline):
                break
            counters.count("gateway_upstream_repeats")
            time.sleep(pause)
        assert problem is not None
        raise self._describe_failure(problem) from problem.__cause__

    def _send_once(self, outgoing: Outgoing, deadline: float) -> _Exchange:
        """Send a request once. Raises _NotReached, _Lost."""
        connection = self._take_idle(RESTED_READ if outgoing.repeatable else RESTED_WRITE) or self._connect(deadline)
        is_sent = False
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                # A host that refuses a body may respond before it has read all of it, and close.
                connection.putrequest(outgoing.method, outgoing.target, skip_host=True, skip_accept_encoding=True)
                for name, value in outgoing.headers:
                    connection.putheader(name, value)
                connection.endheaders(outgoing.body, encode_chunked=outgoing.chunked)
                is_sent = True
            response = cast("Response", connection.getresponse())
        except (OSError, HTTPError, http.client.HTTPException) as error:
            connection.close()
            raise _Lost from error
        except BaseException:
            connection.close()
            raise
        if response.status < 200:
            connection.close()
            raise _Lost from http.client.HTTPException(f"the status of the response is {response.status}")
        return _Exchange(response, connection, is_sent)

    def _release(self, exchange: _Exchange, slots: _Slots, complete: bool) -> None:
        connection = exchange.connection
        if complete and exchange.is_sent and connection.sock is not None and slots is self._slots:
            self._idle.append((connection, time.monotonic()))
        else:
            connection.close()
        slots.leave()

    def _take_idle(self, most: float) -> _Http | _Https | None:
        """Return an open connection that was idle for at most this many seconds; None if there is none."""
        while self._idle:
            try:
                # The connection that was used last is most likely still open.
                connection, since = self._idle.pop()
            except IndexError:
                break
            if time.monotonic() - since <= most and connection.is_connected:
                return connection
            connection.close()
        return None

    def _connect(self, deadline: float) -> _Http | _Https:
        seconds = max(0.1, deadline - time.monotonic())
        address = self.address
        connection: _Http | _Https
        if self._tls_context is None:
            connection = _Http(address.host, address.port, timeout=seconds)
        else:
            connection = _Https(address.host, address.port, timeout=seconds, ssl_context=self._tls_context)
        try:
            connection.connect()
        except (OSError, HTTPError, http.client.HTTPException) as error:
            connection.close()
            raise _NotReached from error
        connection.sock.settimeout(self.timeouts.read)
        return connection

    def _describe_failure(self, problem: Exception) -> Unavailable:
        cause = problem.__cause__
        if isinstance(problem, _NotReached):
            return Unavailable("The old host can't be reached.", RETRY_AFTER)
        if isinstance(cause, TimeoutError):
            return Unavailable(f"The old host did not respond within {self.timeouts.read:g} s.", RETRY_AFTER)
        return Unavailable("The old host ended the connection before it answered.", RETRY_AFTER)


def _name_outcome(error: ServiceError) -> str:
    """Return the reason for a missing response, in one word."""
    if isinstance(error.__cause__, TimeoutError | ConnectTimeoutError):
        return "timeout"
    return "lost" if isinstance(error, OutcomeUnknown) else "unreachable"


def _make_tls_context(ca_file: str) -> ssl.SSLContext:
    """Return a context that verifies certificates and host names."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.check_hostname = True
    if ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs()
    return context
