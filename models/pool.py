"""Connections of one process, kept open between units of work.

At most `size` are open. Who comes when all are in use waits `patience` seconds for one and is refused then. The one that was given back
last is used first, so that the others may rest; one that rested for long is asked whether it lives.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from models.errors import Unavailable

#: Seconds after which a resting connection is asked whether it lives before it is used.
IDLE = 30


class Held:
    """A connection in the hands of one unit of work.

    :ivar fresh: whether it was opened for this unit: then a failure is no sign of its age.
    :ivar writes: for which kind of unit it was prepared last; None where for none yet.
    """

    __slots__ = ("connection", "fresh", "used", "writes")

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.fresh = True
        self.writes: bool | None = None
        self.used = 0.0


class Pool:
    """Connections to one database.

    :param connect: opens one; what it raises is the taker's.
    :param alive: asks one whether it lives.
    """

    def __init__(self, connect: Callable[[], Any], alive: Callable[[Any], bool], size: int, patience: float) -> None:
        self._connect = connect
        self._alive = alive
        self._patience = patience
        self._process = os.getpid()
        self._closed = False
        # A place for each connection that may be open, taken and given back; and those that rest, by the kind of their last unit.
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(size):
            self._places.put(None)
        self._resting: dict[bool, list[Held]] = {False: [], True: []}

    def take(self, writes: bool) -> Held:
        """A connection, rather one whose last unit was of the same kind. Raises Unavailable when all are in use for too long."""
        try:
            self._places.get(timeout=self._patience)
        except Empty:
            raise Unavailable("Every connection to the database is in use.", again=True) from None
        try:
            return self._rested(writes) or Held(self._connect())
        except BaseException:
            self._places.put(None)
            raise

    def give(self, held: Held) -> None:
        """Give back what was taken, in order and without a transaction."""
        if self._closed:
            self.drop(held)
            return
        held.used = time.monotonic()
        self._resting[bool(held.writes)].append(held)
        self._places.put(None)

    def drop(self, held: Held) -> None:
        """Give back what was taken and is of no more use."""
        with suppress(Exception):
            held.connection.close()
        self._places.put(None)

    def renew(self, held: Held) -> None:
        """Open another connection in the place of one that broke."""
        with suppress(Exception):
            held.connection.close()
        held.connection = self._connect()
        held.fresh = True

    def close(self) -> None:
        """Close what rests now, and what is in use as soon as it is given back.

        After a fork the child's connections are its parent's: they are left alone, and kept so that nothing closes them.
        """
        self._closed = True
        if os.getpid() != self._process:
            return
        for each in (*self._resting[False], *self._resting[True]):
            with suppress(Exception):
                each.connection.close()
        self._resting = {False: [], True: []}

    def _rested(self, writes: bool) -> Held | None:
        now = time.monotonic()
        for kind in (writes, not writes):
            while True:
                try:
                    held = self._resting[kind].pop()
                except IndexError:
                    break
                held.fresh = False
                if now - held.used < IDLE or self._alive(held.connection):
                    return held
                with suppress(Exception):
                    held.connection.close()
        return None
