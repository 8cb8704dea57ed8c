"""A circuit breaker: one request at a time probes a database that does not respond; the others fail at once."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from models.engine.errors import Unavailable

#: A failure to connect that took at least this many seconds was a timeout; a faster one was a refusal.
SLOW = 0.5
#: Seconds without attempts after a database did not respond.
REST = 0.5


class Breaker:
    """Permits new connections: any number while the database responds, and one at a time after it did not.

    :param clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._silent = False
        self._resting_until = -math.inf
        self._probing = threading.Lock()

    def trip(self) -> None:
        """Permit no connection for `REST` seconds, and then one at a time, because the database did not respond."""
        self._resting_until = self._clock() + REST
        self._silent = True

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Run an attempt to connect.

        :raises Unavailable: at once, when the last attempt timed out and another one is under way, or right after `trip`.
        """
        if not self._silent:
            with self._record_outcome():
                yield
            return
        if self._clock() < self._resting_until:
            raise Unavailable("The database does not respond.")
        if not self._probing.acquire(blocking=False):
            raise Unavailable("The database does not respond. Another request waits for it.")
        try:
            with self._record_outcome():
                yield
        finally:
            self._probing.release()

    @contextmanager
    def _record_outcome(self) -> Iterator[None]:
        start = self._clock()
        try:
            yield
        except Exception:
            self._silent = self._silent or self._clock() - start >= SLOW
            raise
        self._silent = False
