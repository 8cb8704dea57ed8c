"""Connections of one process, kept open between units of work.

At most `size` are open. Who comes when all are in use waits `patience` seconds for one and is refused then. Reading and writing units have
connections of their own while there is room, as making one ready for the other kind costs a statement. The one that was given back last
is used first, so that the others may rest; one that rested for long is asked whether it lives.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from models.errors import Unavailable

#: From a statement and its values to a cursor.
Run = Callable[[str, Sequence[Any]], Any]

#: Seconds after which a resting connection is asked whether it lives before it is used.
IDLE = 30


class Held:
    """A connection in the hands of one unit of work.

    :ivar run: what runs a statement on it.
    :ivar fresh: whether it was opened for this unit: then a failure is no sign of its age.
    :ivar touched: whether this unit ran a statement on it.
    :ivar writes: for which kind of unit it was prepared last; None where for none yet.
    :ivar limit: seconds that one of its statements may take; None for no limit.
    :ivar deadline: when the running statement is interrupted, in seconds of `time.monotonic`, where the engine looks at it.
    """

    __slots__ = ("connection", "deadline", "fresh", "limit", "run", "touched", "used", "writes")

    connection: Any
    run: Run

    def __init__(self) -> None:
        self.fresh = True
        self.touched = False
        self.writes: bool | None = None
        self.limit: float | None = None
        self.deadline = math.inf
        self.used = 0.0


class Pool:
    """Connections to one database.

    :param connect: opens one for its holder; what it raises is the taker's.
    :param alive: asks one whether it lives; None where none dies by itself.
    """

    def __init__(
        self,
        connect: Callable[[Held], None],
        alive: Callable[[Any], bool] | None,
        size: int,
        patience: float,
    ) -> None:
        self._connect = connect
        self._alive = alive
        self._size = size
        self._patience = patience
        self._process = os.getpid()
        self._open = 0
        self._counting = threading.Lock()
        self._closed = False
        # A place for each connection that may be open, taken and given back; and those that rest, by the kind of their last unit.
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(size):
            self._places.put(None)
        self._resting: dict[bool, list[Held]] = {False: [], True: []}

    def take(self, writes: bool) -> Held:
        """A connection, rather one whose last unit was of the same kind. Raises Unavailable when all are in use for too long."""
        try:
            self._places.get(True, self._patience)
        except Empty:
            raise Unavailable("Every connection to the database is in use.", again=True) from None
        try:
            held = self._rested(writes)
            while held is None:
                # There is one for each place; but another taker may be a step ahead.
                held = self._opened() or self._rested(not writes) or self._rested(writes)
        except BaseException:
            self._places.put(None)
            raise
        return held

    def give(self, held: Held) -> None:
        """Give back what was taken, in order and without a transaction."""
        if self._closed:
            self.drop(held)
            return
        if self._alive is not None:
            held.used = time.monotonic()
        self._resting[bool(held.writes)].append(held)
        self._places.put(None)

    def drop(self, held: Held) -> None:
        """Give back what was taken and is of no more use."""
        self._close(held)
        self._places.put(None)

    def renew(self, held: Held) -> None:
        """Open another connection in the place of one that broke."""
        with suppress(Exception):
            held.connection.close()
        held.writes = held.limit = None
        self._connect(held)
        held.fresh = True

    def close(self) -> bool:
        """Close what rests now, and what is in use as soon as it is given back. After a fork the connections are the parent's: the
        child must leave them alone, and keep them so that nothing closes them; False says so."""
        self._closed = True
        if os.getpid() != self._process:
            return False
        for each in (*self._resting[False], *self._resting[True]):
            self._close(each)
        self._resting = {False: [], True: []}
        return True

    def _opened(self) -> Held | None:
        with self._counting:
            if self._open >= self._size:
                return None
            self._open += 1
        held = Held()
        try:
            self._connect(held)
        except BaseException:
            self._close(held)
            raise
        return held

    def _close(self, held: Held) -> None:
        with suppress(Exception):
            held.connection.close()
        with self._counting:
            self._open -= 1

    def _rested(self, writes: bool) -> Held | None:
        resting = self._resting[writes]
        while resting:
            try:
                held = resting.pop()
            except IndexError:
                break
            held.fresh = held.touched = False
            if self._alive is None or time.monotonic() - held.used < IDLE or self._alive(held.connection):
                return held
            self._close(held)
        return None
