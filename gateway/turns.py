"""Turns: how many requests of one kind of sender have a thread of a process, while the others wait in order, without a thread.

The interpreter runs one thread at a time, so each request that computes makes every other one wait. Requests of callers who are signed in
have places (`gateway.places`), and their turns only leave threads to others. Requests whose sender is not known yet share few turns
(`STRANGERS`), however many come. Such a request leaves its turn early when its caller is known, and when it waits for something that does
not need the interpreter.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

#: Requests without a known sender that compute at once in a process.
STRANGERS = 1
#: Seconds that the next one waits at most, so that requests of known senders go first.
LONGEST_REST = 0.05


class _Current(threading.local):
    """The turn of this thread's request.

    :ivar end: ends the turn; None where there is none to end.
    """

    end: Callable[[], None] | None = None


current = _Current()


def leave() -> None:
    """End the turn of this thread's request, if it can end early: the next request runs beside it."""
    end, current.end = current.end, None
    if end is not None:
        end()


class Turns(Generic[Item]):
    """The turns of one kind of sender. Threads may use it at the same time.

    :param start: starts an item in a thread of its own, and returns at once.
    :param at_once: items that have a turn at once.
    """

    def __init__(self, start: Callable[[Item], None], at_once: int) -> None:
        self._start = start
        self._free = at_once
        self._waiting: deque[Item] = deque()
        self._lock = threading.Lock()

    def enter(self, item: Item) -> None:
        """Start an item, now or when those before it have left."""
        with self._lock:
            if not self._free:
                self._waiting.append(item)
                return
            self._free -= 1
        self._start(item)

    def leave(self) -> None:
        """End the turn of an item, and start the next one."""
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            item = self._waiting.popleft()
        self._start(item)


class EarlyLeave:
    """A block in whose thread `leave` ends a turn; its end does so at the latest.

    :param turns: those that the thread's request has one of.
    :param is_busy: returns whether others wait for the interpreter. Then the turn ends later, by the time that the block took of a
        processor, so that all turns together take about half of one.
    """

    def __init__(self, turns: Turns[Item], is_busy: Callable[[], bool]) -> None:
        self._turns = turns
        self._is_busy = is_busy
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = time.thread_time()
        current.end = self._turns.leave

    def __exit__(self, *_: object) -> None:
        if current.end is not None and self._is_busy():
            time.sleep(min(time.thread_time() - self._began, LONGEST_REST))
        leave()
