"""gunicorn's thread worker, changed so that slow, absent or refused clients do not delay others.

- A request waits in the poller, not in a thread, until its head and a small body are complete (`gateway.serving.incoming`). A late head
  or body gets a 408. At most `CONNECTIONS` connections are open; then a new one replaces the one that has waited
  longest.
- A thread waits for a long body, and for the client to read the response, within the limits of `gateway.serving.connections`. Long
  bodies have additional threads, a quarter as many as other requests.
- A request whose credentials signed a caller in some minutes ago gets a thread at once, unless the caller has a third of them, or takes
  more than its share of a processor while others call. Other requests take turns (`gateway.turns`), so that a flood of refused requests
  leaves threads and the interpreter to known callers. When too many requests of one sender wait, further ones are refused with 429.
- ``/health``, ``/ready`` and ``/metrics`` have their own threads, so they respond while all others are busy.
- A connection that ends lingers (RFC 9112, 9.6): bytes that still arrive are read and discarded for a while, so that a client that
  sends a complete body first gets the response and no reset. gunicorn does that in its main loop, where one client that does not close
  delays all connections; here the poller does it together with its other work.
- An event stream is handed over with its socket once the head of the response is sent; no thread waits for its client. A worker that holds
  streams is not replaced after a number of requests, because their clients would have to reconnect.
- A body that exceeds every limit gets a response at once, with ``Connection: close`` and without ``100 Continue``.
- Requests that gunicorn refuses get an error in the gateway's form: a ResponseStatus in the requested format, with a request id.
"""

from __future__ import annotations

import errno
import resource
import selectors
import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import structlog
from gunicorn.http import errors as refusals
from gunicorn.http import wsgi
from gunicorn.http.body import ChunkedReader
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from gateway import counters, logs, turns
from gateway.calls import Subscription
from gateway.http import metrics
from gateway.http.auth import CALLER
from gateway.http.errors import UNFORESEEN
from gateway.http.events import LIGHT, TAKER, TAKES
from gateway.http.request import new_request_id
from gateway.metrics import Board, Sample
from gateway.places import RECENT, Callers
from gateway.serving import heap
from gateway.serving.connections import ClientSocket, Connection, SendBuffer, Sender
from gateway.serving.incoming import Incoming
from gateway.serving.listening import is_bound_to
from gateway.turns import CallerTurns, Counted, EarlyLeave, Turns
from models.engine.caches import Memory

#: Maximum number of open connections of clients to one worker.
CONNECTIONS = 1000

#: Maximum bytes of incomplete requests that a worker holds.
BUFFERED = 32 * 1024 * 1024

#: Seconds for which a caller's credentials stay known after each request.
KNOWN_SECONDS = 600

#: Seconds after a call of another caller during which a caller is limited to its share of a processor.
CROWDED = 2.0

#: Maximum number of waiting requests of one known caller, and of all unknown callers; more are refused.
MOST_WAITING = CONNECTIONS // 4
MOST_STRANGERS_WAITING = CONNECTIONS // 2

#: Maximum seconds that a connection lingers, in all and without a byte (nginx's lingering_time and lingering_timeout).
LINGER = 30.0
SILENT_LINGER = 5.0

#: Maximum number of event streams in a worker, if the limit of open files allows it.
_STREAMS = 20_000
#: Open files of a worker besides its clients' connections: mainly those of the database.
_OTHER_FILES = 1024
#: Connections that are accepted in a row before existing ones are handled.
_ACCEPTED = 16
_BLOCK = 64 * 1024
_DISCARDED_BLOCK = 256 * 1024
_LONGEST_MESSAGE = 200
#: First bytes of a request that name the format of a refusal.
_HEAD = 16 * 1024
#: Seconds between two checks for connections whose time is over.
_LOOK = 0.25
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
#: accept(2) fails with these when there is nothing to accept, and when the process has no room for it.
_NO_CONNECTION = {errno.EAGAIN, errno.ECONNABORTED}
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

log = structlog.get_logger("gateway")

#: gunicorn's refusals with another status than 400.
_STATUS: Mapping[type[Exception], int] = {
    refusals.ForbiddenProxyRequest: 403,
    refusals.LimitRequestLine: 414,
    refusals.ExpectationFailed: 417,
    refusals.LimitRequestHeaders: 431,
    refusals.UnsupportedTransferCoding: 501,
}
#: Errors of the application, not of the client.
_OURS = (refusals.InvalidResponseHeader, refusals.InvalidResponseHeaderName, refusals.ConfigurationProblem)


class Worker(ThreadWorker):  # type: ignore[misc]
    """The worker that ``gateway serve`` runs.

    :ivar slot: its number among the node's living workers, from 0.
    :ivar metrics_folder: where the node's workers publish their metrics; empty for nowhere.
    """

    tpool: ThreadPoolExecutor
    alive: bool
    slot = 0
    metrics_folder = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        #: Connections in the poller, and until when: with a part of a request, between requests, and after the last response.
        #: The one that has waited longest comes first.
        self._arriving: dict[Connection, float] = {}
        self._idle: dict[Connection, float] = {}
        self._lingering: dict[Connection, float] = {}
        self._buffered = 0
        self._next_look = 0.0
        self._probes = {name: ThreadPoolExecutor(1) for name in ("health", "ready", "metrics")}
        self._long_bodies = ThreadPoolExecutor(max(1, self.cfg.threads // 4))
        #: Known callers, by credentials and by user.
        self._known_senders: Memory[int, Sender] = Memory(time.monotonic)
        self._senders: WeakValueDictionary[str, Sender] = WeakValueDictionary()
        strangers: Turns[Connection] = Turns(self._start, turns.STRANGERS)
        self._strangers = Sender(strangers, Turns(strangers.enter, max(1, self.cfg.threads // 8)))
        #: The senders whose requests wait for a turn.
        self._waiting: set[Turns[Connection]] = set()
        self._callers = Callers()

    def init_process(self) -> None:
        """Serve until a signal ends it."""
        heap.give_back_large_blocks()
        _allow_files(CONNECTIONS + _OTHER_FILES)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application, and publish its metrics with those of the other workers."""
        super().load_wsgi()
        if self.metrics_folder:
            self.wsgi.meter.add(lambda: [Sample("gateway_connections", (), self.nr_conns)])
            self.wsgi.meter.join(Board(Path(self.metrics_folder), self.slot))

    # -- A connection in the poller ------------------------------------------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        """Accept some connections, and read the bytes that have already arrived on them."""
        for _ in range(_ACCEPTED):
            if self.nr_conns >= CONNECTIONS or not self._accept(listener):
                break

    def _accept(self, listener: Any) -> bool:
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno in _NO_ROOM:
                self._make_room()
            elif error.errno not in _NO_CONNECTION:
                raise
            return False
        conn = Connection(self.cfg, ClientSocket(sock), address, listener.getsockname())
        conn.for_metrics = bool(self.wsgi.metrics_bind) and is_bound_to(conn.server, self.wsgi.metrics_bind)
        self.nr_conns += 1
        if self.nr_conns >= CONNECTIONS:
            self._make_room()
        self._expect(conn)
        return True

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not. A stopping worker serves those that the kernel has accepted for it, and closes its socket, so that
        further connections go to another worker or are refused."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            if self.wsgi.subscribers is not None:
                self.wsgi.subscribers.stop()
            for listener in self.sockets:
                while self.nr_conns < CONNECTIONS and self._accept(listener):
                    pass
                listener.close()

    def _expect(self, conn: Connection) -> None:
        """Wait for a new connection's first request."""
        now = time.monotonic()
        conn.incoming = Incoming(now)
        data = self._receive(conn)
        if data == b"":
            self._close(conn)
        elif data and conn.incoming.feed(data, now):
            self.enqueue_req(conn)
        else:
            self._hold(conn, len(data or b""))
            self._watch(conn, self._arriving, conn.incoming.deadline(now), self._receive_part)

    def _expect_next(self, conn: Connection) -> None:
        """Wait for a connection's next request, which may have arrived with the previous one."""
        now = time.monotonic()
        conn.incoming = Incoming(now)
        data = conn.take_rest()
        if data and conn.incoming.feed(data, now):
            self.enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        if data:
            self._hold(conn, len(data))
            self._watch(conn, self._arriving, conn.incoming.deadline(now), self._receive_part)
        else:
            seconds = self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER
            self._watch(conn, self._idle, now + seconds, self._receive_part)

    def _receive_part(self, conn: Connection, _: Any) -> None:
        data = self._receive(conn)
        if data is None:
            return
        now = time.monotonic()
        if conn in self._idle:
            conn.incoming = Incoming(now)
        if not data and not conn.incoming.has_head:
            self._disconnect(conn)
        elif conn.incoming.feed(data, now) or not data:
            # If a client closes its side within a body, a thread responds that the body is too short.
            self._leave(conn)
            self.enqueue_req(conn)
        else:
            if conn in self._idle:
                del self._idle[conn]
            self._arriving[conn] = conn.incoming.deadline(now)
            self._hold(conn, len(data))

    def _receive(self, conn: Connection) -> bytes | None:
        """Return the bytes that have arrived; None if there are none yet, empty at the end."""
        try:
            return conn.sock.recv(_BLOCK)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _hold(self, conn: Connection, size: int) -> None:
        """Count bytes of an incomplete request, and send ``100 Continue`` if the client waits for it."""
        conn.buffered += size
        self._buffered += size
        if self._buffered > BUFFERED and self._arriving:
            self._disconnect(next(iter(self._arriving)))
        if conn.incoming.awaits_continue:
            conn.incoming.awaits_continue = False
            with suppress(OSError):
                conn.sock.send(_CONTINUE)

    def _watch(self, conn: Connection, group: dict[Connection, float], until: float, callback: Any) -> None:
        group[conn] = until
        try:
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(callback, conn))
        except (OSError, ValueError):  # the client has reset it already
            self._disconnect(conn)

    def _leave(self, conn: Connection) -> None:
        """Remove a connection from the poller."""
        if self._arriving.pop(conn, None) is not None:
            self._buffered -= conn.buffered
            conn.buffered = 0
        elif self._idle.pop(conn, None) is None:
            del self._lingering[conn]
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)

    def _disconnect(self, conn: Connection) -> None:
        self._leave(conn)
        self._close(conn)

    def _close(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close()

    def _make_room(self) -> None:
        """Close the connection that has waited longest, preferably one without a complete request."""
        for group in (self._arriving, self._lingering, self._idle):
            if group:
                self._disconnect(next(iter(group)))
                return

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for connections and threads; a stopping worker checks more often whether it is done."""
        super().wait_for_and_dispatch_events(timeout if self.alive else min(timeout, _LOOK))

    def murder_keepalived(self, force: bool = False) -> None:
        """Close connections whose time is over; at the end of the worker, all that wait."""
        now = time.monotonic()
        if now < self._next_look and not force:
            return
        self._next_look = now + _LOOK
        for group, end in (
            (self._arriving, self._refuse_late),
            (self._idle, self._disconnect),
            (self._lingering, self._disconnect),
        ):
            for conn in [conn for conn, until in group.items() if force or until <= now]:
                end(conn)
        for turns_of_sender in self._waiting:
            turns_of_sender.wake()
        self._waiting = {turns_of_sender for turns_of_sender in self._waiting if turns_of_sender.waiting}

    def _cap_keepalive(self, deadline: float) -> None:
        for group in (self._idle, self._lingering):
            group.update({conn: min(until, deadline) for conn, until in group.items()})
        self._arriving.update(
            {conn: min(until, deadline) for conn, until in self._arriving.items() if not conn.incoming.data}
        )

    def _refuse_late(self, conn: Connection) -> None:
        """End a connection on which a head or a body did not arrive in time."""
        part = conn.incoming.data and ("body" if conn.incoming.has_head else "head")
        if not part:
            self._disconnect(conn)
            return
        self._leave(conn)
        self._refuse(conn, 408, f"The {part} of the request did not arrive in time.")

    def _refuse(self, conn: Connection, status: int, message: str, retry_after: int = 0) -> None:
        """Respond to a request without a thread, and close its connection."""
        request_id = new_request_id()
        counters.count("gateway_refused", str(status))
        log.warning("refused", request_id=request_id, status=status, reason=message)
        head = bytes(conn.incoming.data[:_HEAD])
        with suppress(OSError):
            conn.sock.send(self.wsgi.refusal(status, message, request_id, head, retry_after))
        self._linger(conn)

    def _linger(self, conn: Connection) -> None:
        now = time.monotonic()
        conn.timeout = now + (LINGER if self.alive else STOP_KEEPALIVE_LINGER)
        conn.sock.setblocking(False)
        with suppress(OSError):
            conn.sock.shutdown(socket.SHUT_WR)
        self._watch(conn, self._lingering, min(now + SILENT_LINGER, conn.timeout), self._discard)

    def _discard(self, conn: Connection, _: Any) -> None:
        now = time.monotonic()
        try:
            more = conn.sock.recv(_DISCARDED_BLOCK)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more or now > conn.timeout:
            self._disconnect(conn)
        else:
            del self._lingering[conn]
            self._lingering[conn] = min(now + SILENT_LINGER, conn.timeout)

    # -- A request in a thread -----------------------------------------------------------------------------------------------------

    def enqueue_req(self, conn: Connection) -> None:
        """Give a request to a thread, now or at its turn."""
        incoming = conn.incoming
        conn.sock.begin(incoming.body_deadline, incoming.data)
        conn.credentials = incoming.credentials
        if incoming.probe or conn.for_metrics:
            conn.sender = None
            self._start(conn)
            return
        known_sender = self._known_senders.get(conn.credentials) if conn.credentials else None
        if known_sender:
            self._callers.note(known_sender.caller)
        conn.sender = sender = known_sender or self._strangers
        turns_of_sender = sender.long if _is_long(incoming) else sender.short
        most = MOST_WAITING if known_sender else MOST_STRANGERS_WAITING
        if turns_of_sender.waiting >= most:
            owner = "of one caller" if known_sender else "without a known caller"
            self._refuse(conn, 429, f"{most} requests {owner} wait already. Try again later.", retry_after=1)
            return
        turns_of_sender.enter(conn)
        if sender.short.waiting:
            self._waiting.add(sender.short)

    def _start(self, conn: Connection) -> None:
        future = self._choose_threads(conn).submit(self.handle, conn)
        future.add_done_callback(lambda future: self.method_queue.defer(self.finish_request, conn, future))

    def _choose_threads(self, conn: Connection) -> ThreadPoolExecutor:
        if _is_long(conn.incoming):
            return self._long_bodies
        return self._probes.get("metrics" if conn.for_metrics else conn.incoming.probe) or self.tpool

    def handle(self, conn: Connection) -> Any:
        """Read and handle a request, and return whether the connection stays open."""
        logs.current.request_id = logs.current.trace_id = ""
        sender = conn.sender
        if sender is None:
            return super().handle(conn)
        try:
            with self._turn(sender):
                return super().handle(conn)
        finally:
            if _is_long(conn.incoming):
                sender.long.leave()

    def _turn(self, sender: Sender) -> Counted | EarlyLeave:
        if isinstance(sender.short, CallerTurns):
            return Counted(sender.short)
        return EarlyLeave(sender.short, self._is_busy)

    def _is_busy(self) -> bool:
        return time.monotonic() - self._callers.latest_at < RECENT

    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Handle a request, and return whether the connection stays open."""
        self._adapt(req, conn.incoming)
        response, environ = wsgi.create(req, conn.sock, conn.client, conn.server, self.cfg)
        buffer = response.sock = SendBuffer(conn.sock)
        environ["wsgi.multithread"] = environ[TAKES] = True
        self.nr += 1
        if self.nr >= self.max_requests and self.alive and not self._holds_streams():
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        if not self.alive:
            response.force_close()
        application = metrics.application(self.wsgi.meter) if conn.for_metrics else self.wsgi
        blocks = application(environ, response.start_response)
        if conn.sender is self._strangers:
            self._learn(conn, environ.get(CALLER))
        elif environ.get(CALLER) == "":
            self._known_senders.forget(conn.credentials)
        if LIGHT in environ:
            self.nr -= 1
        taker = environ.get(TAKER)
        try:
            for block in blocks:
                response.write(block)
                buffer.flush()
            if taker is not None:
                self._hand_over(conn, response, taker)
                return False
            response.close()
            buffer.flush()
        except Exception as error:
            # Without a length or chunks, the end of the connection would look like the end of the response.
            conn.cut = response.headers_sent and not response.chunked and response.response_length is None
            if isinstance(error, OSError) or not response.headers_sent:
                raise
            self.log.exception("A response failed after its head was sent.")
            return False
        finally:
            if hasattr(blocks, "close"):
                blocks.close()
            if taker is not None and not conn.handed_over:
                taker.abandon()
        return not response.should_close()

    def _holds_streams(self) -> bool:
        subscribers = self.wsgi.subscribers
        return subscribers is not None and subscribers.holds_connections

    def _hand_over(self, conn: Connection, response: Any, taker: Subscription) -> None:
        """Send the head of an event stream, which lasts as long as its connection, and hand the connection over."""
        if not self._holds_streams():
            _allow_files(CONNECTIONS + _STREAMS + _OTHER_FILES)
        response.force_close()
        response.chunked = False
        response.send_headers()
        response.sock.flush()
        conn.handed_over = True
        taker.take(socket.socket(fileno=conn.sock.detach()))

    def _learn(self, conn: Connection, caller: str | None) -> None:
        """Remember the credentials that have signed a caller in."""
        if caller and conn.credentials:
            sender = self._senders.get(caller) or self._senders.setdefault(caller, self._make_sender(caller))
            self._known_senders.put(conn.credentials, sender, time.monotonic() + KNOWN_SECONDS)
            self._callers.note(caller)

    def _make_sender(self, caller: str) -> Sender:
        threads, others_call = self.cfg.threads, partial(self._callers.others_than, caller, CROWDED)
        short: CallerTurns[Connection] = CallerTurns(
            self._start, max(1, threads // 3), self.wsgi.caller_share, others_call
        )
        return Sender(short, Turns(short.enter, max(1, threads // 8)), caller)

    def _adapt(self, req: Any, incoming: Incoming) -> None:
        """Make the response close the connection if the client might still be sending a body that has not been read."""
        if not incoming.awaits_continue:  # the poller has sent it, if it was expected
            req._expected_100_continue = False
        if incoming.complete:
            return
        reader = req.body.reader
        if isinstance(reader, ChunkedReader):
            closing = req.should_close
            req.should_close = lambda: closing() or reader.parser is not None
        elif reader.length > self.wsgi.body_limit:
            req.force_close()
            req._expected_100_continue = False
        else:
            closing = req.should_close
            req.should_close = lambda: closing() or reader.length > 0

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        # The rest of the body is in memory, or the response has announced the end of the connection.
        return keepalive and bool(conn.parser.finish_body())

    def handle_error(self, req: Any, client: ClientSocket, addr: Any, exc: Exception) -> None:
        """Respond to a request that does not reach the application with its error."""
        request_id = new_request_id()
        if isinstance(exc, refusals.ParseException) and not isinstance(exc, _OURS):
            status, message = _STATUS.get(type(exc), 400), str(exc)[:_LONGEST_MESSAGE]
            log.warning("refused", request_id=request_id, status=status, reason=message)
        else:
            status, message = 500, UNFORESEEN
            log.error("unforeseen", request_id=request_id, exc_info=exc)
        counters.count("gateway_refused", str(status))
        client.sendall(self.wsgi.refusal(status, message, request_id, bytes(client.head[:_HEAD])))

    def finish_request(self, conn: Connection, future: Any) -> None:
        """Keep a connection, or let it end."""
        if conn.handed_over:
            self.nr_conns -= 1
        elif not future.cancelled() and future.exception() is None and future.result():
            self._expect_next(conn)
        elif conn.cut:
            with suppress(OSError):
                conn.sock.reset()
            self._close(conn)
        else:
            self._linger(conn)


def _is_long(incoming: Incoming) -> bool:
    return incoming.has_head and not incoming.complete


def _allow_files(number: int) -> None:
    """Let this process open this many files, or as many as the system allows."""
    with suppress(OSError):  # a filter of system calls may refuse both calls
        soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft_limit != resource.RLIM_INFINITY and soft_limit < number:
            new_limit = number if hard_limit == resource.RLIM_INFINITY else min(number, hard_limit)
            resource.setrlimit(resource.RLIMIT_NOFILE, (new_limit, hard_limit))
