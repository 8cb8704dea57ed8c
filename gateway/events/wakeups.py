"""Wake-ups between processes: a process that has stored events lets the others read them at once.

The outbox determines what is sent. A lost, late or repeated wake-up only affects when a process reads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from gateway.redis_address import RedisAddress
from models.engine.ids import new_id

if TYPE_CHECKING:
    from redis import Connection

#: Seconds that Redis may take to connect, to authenticate, and to respond.
PATIENCE = 2.0
#: Seconds without a message after which Redis is pinged, and after which it counts as unreachable.
BEAT = 1.0
SILENCE = 3.0
#: Seconds between two attempts to connect.
PAUSE = 1.0
#: Seconds between two wake-ups of one process, and if it stores events in this time: those that are stored meanwhile share one wake-up.
GAP = 0.02
BUSY_GAP = 0.05
#: Seconds between two log lines about failed wake-ups.
LINES = 60.0
#: The names of the threads.
_IN = "event wake-ups in"
_OUT = "event wake-ups out"

log = structlog.get_logger("gateway")


class Wakeups:
    """No wake-ups: every process polls.

    :ivar connected: wake-ups of other processes arrive here.
    """

    connected = False

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` when another process has stored events, and when `connected` changes. Call it after a fork, not before."""

    def send(self) -> None:
        """Wake the other processes. It does not wait for them."""

    def stop(self) -> None:
        """Send pending wake-ups, and end."""

    def numbers(self) -> Mapping[str, float]:
        """Return the gauges for ``/metrics``."""
        return {}


class RedisWakeups(Wakeups):
    """Wake-ups that Redis passes on to every process that listens.

    Two threads wait for Redis, so that no request does. Redis does not separate messages by database, so the channel's name has the
    database's number: gateways with different numbers do not wake each other.
    """

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._channel = f"gateway.events.{address.database}"
        self._sender = new_id().encode()
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}
        #: A wake-up was not sent yet; `_due` makes the thread check that.
        self._pending = False
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._complained = False
        self._next_line = 0.0
        #: The last wake-up was sent.
        self._sends = True

    def listen(self, wake: Callable[[], None]) -> None:
        """Start to listen, if it has not been started."""
        self._start(_IN, lambda: self._listen(wake))

    def send(self) -> None:
        """Wake the other processes, in a thread."""
        self._pending = True
        self._due.set()
        # PERF: every request that publishes calls this.
        if _OUT not in self._threads:
            self._start(_OUT, self._publish)

    def stop(self) -> None:
        """End both threads; the last wake-up is sent if Redis accepts it at once."""
        self._stopping.set()
        self._due.set()
        if sending := self._threads.get(_OUT):
            sending.join(BEAT)

    def numbers(self) -> Mapping[str, float]:
        """Return whether wake-ups arrive, if this process listens, and whether the last one was sent."""
        if not self._threads:
            return {}
        return {"event_wakeups_connected": float((self.connected or _IN not in self._threads) and self._sends)}

    def _start(self, name: str, run: Callable[[], None]) -> None:
        with self._lock:
            if name not in self._threads:
                self._threads[name] = threading.Thread(target=run, name=name, daemon=True)
                self._threads[name].start()

    def _listen(self, wake: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                with self._connect() as connection:
                    self._hear(connection, wake)
            except Exception as error:
                if self.connected:
                    self.connected = False
                    wake()
                self._complain(error)
                self._stopping.wait(PAUSE)

    def _hear(self, connection: Connection, wake: Callable[[], None]) -> None:
        """Pass wake-ups on until this process ends. Raises an error when Redis is lost."""
        connection.send_command("SUBSCRIBE", self._channel)
        last_message = time.monotonic()
        while not self._stopping.is_set():
            if not connection.can_read(timeout=BEAT):
                if time.monotonic() - last_message > SILENCE:
                    raise TimeoutError(f"Redis sent nothing for {SILENCE:g} seconds")
                connection.send_command("PING")
                continue
            if self._read_wakeups(connection):
                wake()
            last_message = time.monotonic()
            # PERF: requests wait each time that this thread runs. Wake-ups of this time are read together.
            self._stopping.wait(GAP)

    def _read_wakeups(self, connection: Connection) -> bool:
        """Read the messages that have arrived; return whether one of them is a wake-up."""
        is_woken = False
        while connection.can_read(timeout=0):
            message = connection.read_response()
            if message[0] == b"subscribe":
                self.connected = is_woken = True
                self._recover()
            elif message[0] == b"message" and message[2] != self._sender:
                is_woken = True
        return is_woken

    def _publish(self) -> None:
        was_used = False
        # The last wake-up is sent after `stop`.
        while self._pending or not self._stopping.is_set():
            try:
                with self._connect() as connection:
                    while self._pending or not self._stopping.is_set():
                        self._send_next(connection)
                        was_used = self._sends = True
            except Exception as error:
                # Other processes may not have got it.
                self._pending = True
                self._due.set()
                # Redis closes idle connections: try a new one at once.
                if not was_used:
                    if self._stopping.is_set():
                        return
                    self._sends = False
                    self._complain(error)
                    self._stopping.wait(PAUSE)
                was_used = False

    def _send_next(self, connection: Connection) -> None:
        self._due.wait()
        self._due.clear()
        if not self._pending:
            return
        self._pending = False
        connection.send_command("PUBLISH", self._channel, self._sender)
        connection.read_response()
        self._stopping.wait(GAP)
        if self._due.is_set():
            # PERF: a wake-up takes the time of every process, and while events arrive they read again soon.
            self._stopping.wait(BUSY_GAP - GAP)

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        from redis import Connection, SSLConnection
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        address, files = self._address, self._address.files
        common: dict[str, Any] = {
            "host": address.host,
            "port": address.port,
            "username": address.user or None,
            "password": address.password or None,
            "socket_timeout": PATIENCE,
            "socket_connect_timeout": PATIENCE,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
            "driver_info": None,
        }
        connection = (
            SSLConnection(
                **common,
                ssl_ca_certs=files.get("ssl_ca"),
                ssl_certfile=files.get("ssl_cert"),
                ssl_keyfile=files.get("ssl_key"),
            )
            if address.tls
            else Connection(**common)
        )
        try:
            connection.connect()
            yield connection
        finally:
            connection.disconnect()

    def _complain(self, error: Exception) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self._next_line or self._stopping.is_set():
                return
            self._next_line = now + LINES
            self._complained = True
        log.warning("events without Redis: workers poll the database", reason=str(error))

    def _recover(self) -> None:
        with self._lock:
            complained, self._complained = self._complained, False
        if complained:
            log.info("events with Redis again")
