"""A fair lock."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from models.engine.counts import Counts


class Turns:
    """A lock that goes to the thread that has waited longest. `threading.Lock` goes to any thread: one that takes it again at once keeps
    it, and the others wait.

    :param counts: counts the threads that had to wait.
    """

    def __init__(self, counts: Counts | None = None) -> None:
        self._counts = counts or Counts()
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: deque[Any] = deque()

    def acquire(self, timeout: float) -> bool:
        """Take the lock; return whether that was possible within `timeout` seconds."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        self._counts.add(("lock waits", "waited"))
        if turn.acquire(timeout=timeout):
            return True
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
        # It was given after the timeout, before this thread left the queue.
        return True

    def release(self) -> None:
        """Give the lock to the next thread."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
