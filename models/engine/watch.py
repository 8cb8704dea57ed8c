"""A thread that abandons servers which stop responding.

A server that is stopped, or whose machine is gone, neither executes nor refuses statements: they would wait until the driver's
timeout. While a unit of work takes longer than `LONG`, a thread checks whether its server accepts a new connection. If it does not,
every connection to it is closed, so that their units fail at once and can be repeated on another server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

#: Seconds that a unit of work runs before its server is checked.
LONG = 1.0
#: Seconds between two checks.
TICK = 0.5


class Watch:
    """The thread that checks servers.

    :param busy: connections in use with their ``host``, and since when on the monotonic clock.
    :param responds: returns whether a server responds.
    :param abandon: is called for a server that does not respond.
    """

    def __init__(
        self, busy: Mapping[Any, float], responds: Callable[[Any], bool], abandon: Callable[[Any], None]
    ) -> None:
        self._busy = busy
        self._responds = responds
        self._abandon = abandon
        self._ended = threading.Event()
        self._beginning = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Start the thread, unless it runs already."""
        if self._thread is None:
            with self._beginning:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
                    self._thread.start()

    def end(self) -> None:
        """Stop the thread at its next check."""
        self._ended.set()

    def look(self) -> None:
        """Check the servers of units that take long."""
        before = time.monotonic() - LONG
        for host in {held.host for held, since in list(self._busy.items()) if since < before}:
            if not self._responds(host):
                self._abandon(host)

    def _run(self) -> None:
        while not self._ended.wait(TICK):
            # A check that fails is repeated at the next tick.
            with suppress(Exception):
                self.look()
