"""The thread that serves the connections of a process's subscribers. No other thread waits for a subscriber."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from gateway.events.subscriber import Subscriber

#: Milliseconds without acknowledgement after which a client is considered gone.
_UNACKNOWLEDGED = 60_000
#: Block size for discarding data that a client sends after its request.
_BLOCK = 4096
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Poller:
    """Waits for connections, calls from other threads, and timers.

    :param left: called with a subscriber whose client has left.
    :param due: called with the seconds of `time.monotonic` after each wait; it returns the time of its next call. Neither function may
        raise an error.
    """

    def __init__(self, left: Callable[[Subscriber], None], due: Callable[[float], float]) -> None:
        self._left = left
        self._due = due
        self._calls: deque[Callable[[], None]] = deque()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Start the thread. Call it after a fork, because processes must not share its files."""
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        for end in (self._wake_reader, self._wake_writer):
            end.setblocking(False)
        self._selector.register(self._wake_reader, _READ)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End the thread after the pending calls."""

        def end() -> None:
            self._stopped = True

        self.call(end)
        self._thread.join(seconds)

    def call(self, call: Callable[[], None]) -> None:
        """Call a function in the thread."""
        self._calls.append(call)
        # A full pipe wakes the thread, too; a closed one belongs to a thread that has ended.
        with suppress(OSError):
            self._wake_writer.send(b"\0")

    # -- Called by the thread itself -----------------------------------------------------------------------------------------------

    def hold(self, subscriber: Subscriber, connection: socket.socket) -> None:
        """Watch a subscriber's connection."""
        connection.setblocking(False)
        with suppress(OSError, AttributeError):  # not every connection is TCP, and not every system supports it
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED)
        subscriber.connection = connection
        self._selector.register(connection, _READ, subscriber)

    def send(self, subscriber: Subscriber) -> None:
        """Send as many frames as a subscriber's connection accepts, and the rest later."""
        connection = subscriber.connection
        if connection is None:
            return
        try:
            done = subscriber.flush()
        except OSError:
            self._left(subscriber)
            return
        interest = _READ if done else _READ | _WRITE
        if self._selector.get_key(connection).events != interest:
            self._selector.modify(connection, interest, subscriber)

    def close(self, subscriber: Subscriber) -> None:
        """End a subscriber's connection."""
        connection, subscriber.connection = subscriber.connection, None
        if connection is not None:
            self._selector.unregister(connection)
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _run(self) -> None:
        next_due = 0.0
        while not self._stopped:
            for key, events in self._selector.select(max(0.0, next_due - time.monotonic())):
                if key.data is None:
                    with suppress(BlockingIOError):
                        self._wake_reader.recv(_BLOCK)
                    continue
                if events & _WRITE:
                    self.send(key.data)
                if events & _READ:
                    self._read(key.data)
            while self._calls:
                self._calls.popleft()()
            next_due = self._due(time.monotonic())
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()

    def _read(self, subscriber: Subscriber) -> None:
        if subscriber.connection is None:
            return
        try:
            if subscriber.connection.recv(_BLOCK):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._left(subscriber)
