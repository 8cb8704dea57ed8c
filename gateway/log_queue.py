"""Standard error that never fails or delays its writer, whatever its reader does."""

from __future__ import annotations

import atexit
import io
import os
import select
import threading
from collections.abc import Callable, Iterator

#: Maximum bytes that wait to be written; further lines are dropped and counted.
MOST_WAITING = 4 * 1024 * 1024

#: Maximum seconds that an exiting process waits until its last lines are written.
LAST_CHANCE = 1.0

#: Seconds for which lines are collected before they are written: a thread woken for each line would take the interpreter from requests.
PAUSE = 0.005

#: Maximum seconds that `LogQueue.flush` waits. After a timeout it does not wait until writing works again.
FLUSH = 0.05


class LogQueue(io.TextIOBase):
    """A text file whose lines a thread of each process writes to a file descriptor.

    A full disk, a closed pipe or a stalled reader costs lines and nothing else. Dropped lines are counted, and the count is written as
    soon as writing works again.

    :param descriptor: where lines go.
    :param notice: makes the line that reports how many lines were dropped.
    :ivar dropped: lines of this process that were dropped so far.
    """

    dropped: int

    def __init__(self, descriptor: int, notice: Callable[[int], str]) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._notice = notice
        self._reset()
        os.register_at_fork(after_in_child=self._reset)
        atexit.register(self.finish)

    def _reset(self) -> None:
        """Reset the state: a forked child needs its own thread, and the parent writes its lines itself."""
        # A signal handler may write while the thread that it interrupts writes.
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._is_awaited = threading.Event()
        self._waiting: list[bytes] = []
        self._size = 0
        self._dropped = 0
        self.dropped = 0
        self._torn = False
        self._all_written = threading.Event()
        self._all_written.set()
        self._stalled = False
        self._thread: threading.Thread | None = None

    def writable(self) -> bool:
        """Return true."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether a terminal shows the lines."""
        return os.isatty(self._descriptor)

    def write(self, text: str, /) -> int:
        """Queue the text for the thread, or drop it if too much is waiting."""
        data = text.encode("utf-8", "backslashreplace")
        with self._lock:
            if self._size + len(data) > MOST_WAITING:
                self._dropped += 1
                self.dropped += 1
            else:
                self._waiting.append(data)
                self._size += len(data)
                self._all_written.clear()
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_batches, name="log", daemon=True)
                self._thread.start()
        if not self._wake.is_set():
            self._wake.set()
        return len(text)

    def flush(self) -> None:
        """Wait a moment for the thread, so that flushed lines are usually written before the caller continues."""
        if self._stalled:
            return
        self._is_awaited.set()
        if not self._all_written.wait(FLUSH):
            self._stalled = True

    def finish(self) -> None:
        """Wait until everything is written, for `LAST_CHANCE` seconds at most."""
        self._is_awaited.set()
        self._all_written.wait(LAST_CHANCE)

    def _write_batches(self) -> None:
        while self._wake.wait():
            self._is_awaited.wait(PAUSE)
            with self._lock:
                self._wake.clear()
                self._is_awaited.clear()
                waiting, self._waiting, self._size = self._waiting, [], 0
            for batch in _split_batches(waiting):
                self._send(b"".join(batch), len(batch))
            self._report()
            with self._lock:
                self._stalled = False
                if not self._waiting:
                    self._all_written.set()

    def _report(self) -> None:
        dropped = self._dropped
        if dropped and self._send(self._notice(dropped).encode(), 0):
            with self._lock:
                self._dropped -= dropped

    def _send(self, data: bytes, lines: int) -> bool:
        """Write lines, and return whether all of them were written."""
        unsent = memoryview(b"\n" + data if self._torn else data)
        try:
            while unsent:
                try:
                    unsent = unsent[os.write(self._descriptor, unsent) :]
                    self._torn = bool(unsent)
                except BlockingIOError:  # another process has made it non-blocking
                    poll = select.poll()
                    poll.register(self._descriptor, select.POLLOUT)
                    poll.poll()
        except OSError:
            with self._lock:
                self._dropped += lines
                self.dropped += lines
            return False
        return True


def _split_batches(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines in groups that a pipe accepts as a whole, so that lines of other processes never come between them."""
    batch: list[bytes] = []
    size = 0
    for line in lines:
        if batch and size + len(line) > select.PIPE_BUF:
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield batch
