"""SQLite's checkpoints, in a separate thread.

Commits are written to the write-ahead log; a checkpoint moves them into the database file and waits for the disk. By default, SQLite makes
it in the thread that commits, which takes milliseconds during which other writers wait, too.

While there are writers, the log keeps up to `KEPT` bytes and is overwritten from its beginning. It grows further while a slow reader needs
its pages. When there are no writers, a long log is truncated.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

#: Writing units of work from one checkpoint to the next.
EVERY = 200
#: Pages of the log from which a writer makes the checkpoint itself: the log can only restart when all of its pages have been moved.
MOST_PAGES = 8000
#: Bytes of the log that are kept when it restarts, more than `MOST_PAGES` pages of 4 kB.
#: PERF: overwriting a page takes two thirds of the time of appending it. Without this, a new session takes 4 % longer.
KEPT = 36 * 1024**2
#: Seconds without a writing unit of work after which a long log is truncated.
IDLE = 3.0
#: Bytes from which a log is long.
LARGE = 4 * 1024**2


class Checkpoints:
    """Makes a checkpoint after every `EVERY` writing units of work of this process, and truncates a long log when it no longer writes.

    :param connect: opens a connection to the database, an `sqlite3.Connection`.
    :param log: the path of its write-ahead log.
    """

    def __init__(self, connect: Callable[[], Any], log: str) -> None:
        self._connect = connect
        self._log = log
        self._units = 0
        self._running: threading.Thread | None = None
        self._last = 0.0
        self._cutting: threading.Thread | None = None
        self._ended = threading.Event()

    def log_size(self) -> int:
        """Return the size of the log in bytes; 0 if there is none."""
        try:
            return os.path.getsize(self._log)
        except OSError:
            return 0

    def note(self) -> None:
        """Count a committed unit, and start checkpoints as needed. Called by one writer at a time."""
        self._last = time.monotonic()
        if self._cutting is None:
            self._ended.clear()
            self._cutting = threading.Thread(target=self._cut, name="idle checkpoint", daemon=True)
            self._cutting.start()
        self._units += 1
        if self._units >= EVERY and (self._running is None or not self._running.is_alive()):
            self._units = 0
            self._running = threading.Thread(target=self._make, name="checkpoint", daemon=True)
            self._running.start()

    def wait(self) -> None:
        """Stop waiting for an idle moment, and return when no checkpoint is running."""
        self._ended.set()
        for thread in (self._running, self._cutting):
            if thread is not None and thread.is_alive():
                thread.join()
        self._cutting = None

    def _make(self) -> None:
        # After a failure, the next checkpoint moves all pages.
        with suppress(Exception), closing(self._connect()) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _cut(self) -> None:
        """Wait until there was no write for `IDLE` seconds, and truncate the log. Retry while a reader still needs it."""
        while not self._ended.wait(IDLE):
            if time.monotonic() - self._last >= IDLE and self._is_cut():
                # NOTE: a unit that is noted at this moment starts no thread; the next one does.
                self._cutting = None
                return

    def _is_cut(self) -> bool:
        try:
            if os.path.getsize(self._log) < LARGE:
                return True
            with closing(self._connect()) as connection:
                # The checkpoint must not wait long for readers, because writers would wait for it.
                connection.execute("PRAGMA busy_timeout = 50")
                busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return not busy
        except Exception:
            return False
