"""Turns: they limit how many requests of a group of callers have a thread; the others wait in order, without a thread.

The interpreter runs one thread at a time, so each request that computes delays every other one. Requests of signed-in callers have
places (`gateway.places`), and their turns only keep threads free for others. Requests whose caller is not known yet share few turns
(`STRANGERS`). Such a request ends its turn early when its caller is known, and when it waits for something that does
not need the interpreter. A known caller that uses more than a share of a processor while others call has one turn, too (`CallerTurns`).
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
#: Maximum seconds that the next such request waits, so that requests of known senders go first.
LONGEST_REST = 0.05
#: Processor seconds by which a caller may exceed its share, and the maximum excess that is counted against it.
CREDIT = 0.04
MOST_DEBT = 2.0
#: Number of past turns from which the duration of the next one is estimated.
_REMEMBERED = 8


class _Current(threading.local):
    """The turn of this thread's request.

    :ivar end: ends the turn; None if there is none to end.
    """

    end: Callable[[], None] | None = None


current = _Current()


def leave() -> None:
    """End the turn of this thread's request, if it can end early: the next request runs concurrently."""
    end, current.end = current.end, None
    if end is not None:
        end()


class Turns(Generic[Item]):
    """The turns of one kind of sender. Threads may use it at the same time.

    :param start: starts an item in another thread, and returns at once.
    :param at_once: maximum number of items that have a turn at once.
    """

    def __init__(self, start: Callable[[Item], None], at_once: int) -> None:
        self._start = start
        self._at_once = at_once
        self._running = 0
        self._waiting: deque[Item] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """The number of items that wait."""
        return len(self._waiting)

    def most(self) -> int:
        """Return how many items may have a turn now."""
        return self._at_once

    def begin(self) -> None:
        """Note that an item gets a turn."""

    def enter(self, item: Item) -> None:
        """Start an item, now or when those before it have left."""
        self._waiting.append(item)
        self.wake()

    def leave(self) -> None:
        """End the turn of an item, and start the next one."""
        with self._lock:
            self._running -= 1
        self.wake()

    def wake(self) -> None:
        """Start the waiting items that may now have a turn."""
        while self._waiting:
            with self._lock:
                if not self._waiting or self._running >= self.most():
                    return
                self._running += 1
                self.begin()
                item = self._waiting.popleft()
            self._start(item)


class EarlyLeave:
    """A block in whose thread `leave` ends a turn; otherwise the end of the block ends it.

    :param turns: the turns of which the thread's request has one.
    :param is_busy: returns whether others wait for the interpreter. If so, the turn ends later, by the processor time of the block, so that
        all turns together take about half of a processor.
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


class CallerTurns(Turns[Item]):
    """The turns of one known caller. While others call, the caller's processor time is counted. When it exceeds the caller's share, only
    one item has a turn, and turns end later, so that they take no more than the share. When a turn begins, its time is estimated from
    earlier turns and counted, so that waiting items do not all begin at once.

    :param share: the part of a processor, more than 0; 1 for no limit.
    :param others_call: returns whether other callers call.
    """

    def __init__(
        self, start: Callable[[Item], None], at_once: int, share: float, others_call: Callable[[], bool]
    ) -> None:
        super().__init__(start, at_once)
        self._share = share
        self._others_call = others_call
        #: When the time used is within the share of the elapsed time again.
        self._settled = 0.0
        #: The expected duration of a turn.
        self._expected = 0.0

    def begin(self) -> None:
        """Count the time that the turn is expected to take."""
        if self.is_counted:
            self._count(self._expected)

    def most(self) -> int:
        """Return how many items may have a turn now."""
        return 1 if self.is_over_share else self._at_once

    @property
    def is_over_share(self) -> bool:
        """Return whether the caller has taken more than its share while others call."""
        return self._settled - time.monotonic() > CREDIT and self._others_call()

    @property
    def is_counted(self) -> bool:
        """Return whether time is counted: others call, and the share is limited."""
        return self._share < 1 and self._others_call()

    def spend(self, seconds: float) -> None:
        """Count the processor time of a turn. Two threads that count at once may lose one of two updates, which is harmless."""
        more = seconds - self._expected
        self._expected += more / _REMEMBERED
        self._count(more)

    def _count(self, seconds: float) -> None:
        now = time.monotonic()
        self._settled = min(max(now, self._settled) + seconds / self._share, now + MOST_DEBT)

    def rest(self, seconds: float) -> float:
        """Return for how many more seconds a turn lasts that used this many processor seconds."""
        return min(seconds / self._share - seconds, LONGEST_REST) if self.is_over_share else 0.0


class Counted:
    """A block that is the turn of a known caller's request.

    PERF: reading the clock can take as long as the rest of a request; it is read only while others call.
    """

    __slots__ = ("_began", "_turns")

    def __init__(self, turns: CallerTurns[Item]) -> None:
        self._turns = turns
        self._began = -1.0

    def __enter__(self) -> None:
        if self._turns.is_counted:
            self._began = time.thread_time()

    def __exit__(self, *_: object) -> None:
        if self._began >= 0:
            ran = time.thread_time() - self._began
            self._turns.spend(ran)
            if pause := self._turns.rest(ran):
                time.sleep(pause)
        self._turns.leave()
