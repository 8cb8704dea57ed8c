"""SQLite's checkpoints, in a thread of their own.

What is committed is in the write-ahead log; a checkpoint moves it into the database file and waits for the disk. SQLite leaves that to
whoever commits, who would wait for milliseconds in which others wait too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

#: Writing units of work from one checkpoint to the next.
EVERY = 200
#: Pages of the log from which a writer makes the checkpoint itself: a log can only begin anew where nothing in it is left to be moved.
MOST_PAGES = 8000


class Checkpoints:
    """Makes a checkpoint after every `EVERY` writing units of work of this process.

    :param connect: opens a connection to the database, an `sqlite3.Connection`.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._units = 0
        self._running: threading.Thread | None = None

    def note(self) -> None:
        """A unit was committed. Called by one writer at a time."""
        self._units += 1
        if self._units >= EVERY and (self._running is None or not self._running.is_alive()):
            self._units = 0
            self._running = threading.Thread(target=self._make, name="checkpoint", daemon=True)
            self._running.start()

    def wait(self) -> None:
        """Return when none is under way."""
        if self._running is not None:
            self._running.join()

    def _make(self) -> None:
        # One that fails is made up for by the next.
        with suppress(Exception), closing(self._connect()) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
