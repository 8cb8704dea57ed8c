"""Connections of one process, kept open between units of work.

At most `size` are open. A unit that finds all in use waits up to `patience` seconds for one, and is then refused. Reading and writing
units use separate connections while there is room, because switching the kind costs a statement. The connection that was returned last
is used first, so that the others stay idle.

Connections to servers (`Servers`) may break, and their servers may stop responding or accepting writes. So a connection is checked when it
is taken, at most once in `CHECKED` seconds. It is closed when it is older than `age`. While a unit takes long, a thread checks whether the
server responds at all (`models.engine.watch`).
"""

from __future__ import annotations

import math
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol

from models.engine.breaker import Breaker
from models.engine.counts import Counts
from models.engine.errors import Unavailable
from models.engine.watch import Watch

#: Runs a statement with its values and returns a cursor.
Run = Callable[[str, Sequence[Any]], Any]

#: Seconds after which a connection is checked before it is used.
CHECKED = 5.0


class Connections(NamedTuple):
    """How many connections a pool has.

    :ivar most: how many may be open.
    :ivar idle: how many of the open ones no unit uses.
    :ivar oldest: seconds since the oldest idle one was opened; 0 if there is no server.
    """

    most: int
    open: int
    idle: int
    oldest: float


class Held:
    """A connection that one unit of work holds.

    :ivar run: runs a statement on it; `run_many` runs one for each of several rows of values.
    :ivar read: runs a statement of a reading unit on it, in a transaction that begins if none has begun.
    :ivar host: its server; None if there is none.
    :ivar fresh: whether it was opened for this unit, so that a failure is not due to its age.
    :ivar touched: whether this unit ran a statement on it.
    :ivar broken: whether it must not be used by another unit.
    :ivar writes: whether it was last prepared for a writing unit; None if for no unit yet.
    :ivar limit: seconds that one of its statements may take; None for no limit.
    :ivar deadline: when the running statement is interrupted, in seconds of `time.monotonic`, if the engine checks it.
    :ivar born: when it was opened, on the monotonic clock; `checked`: when it was last known to be good; `until`: when it is too old.
    """

    __slots__ = (
        "born",
        "broken",
        "checked",
        "connection",
        "deadline",
        "fresh",
        "host",
        "limit",
        "read",
        "run",
        "run_many",
        "touched",
        "until",
        "writes",
    )

    connection: Any
    run: Run
    read: Run
    run_many: Callable[[str, Sequence[Sequence[Any]]], Any]

    def __init__(self) -> None:
        self.host: Any = None
        self.born = self.checked = self.until = 0.0
        self.begin_anew()

    def begin_anew(self) -> None:
        """Reset the state, for a connection that is opened for this unit."""
        self.fresh = True
        self.touched = self.broken = False
        self.writes: bool | None = None
        self.limit: float | None = None
        self.deadline = math.inf


class Servers(Protocol):
    """Operations on connections to servers that SQLite does not need."""

    def is_good(self, held: Held) -> bool:
        """Return whether a connection is usable, by a round trip to its server."""
        ...

    def responds(self, host: Any) -> bool:
        """Return whether a server responds to a new connection within a few seconds."""
        ...

    def has_other(self, host: Any) -> bool:
        """Return whether there is another server to try."""
        ...

    def abort(self, held: Held) -> None:
        """Make the statement fail that another thread is running on a connection."""
        ...


class Pool:
    """Connections to one database.

    :param connect: opens a connection for its holder; its exceptions reach the caller of `take`.
    :param servers: operations on connections to servers; None if there is no server.
    :param size: how many may be open.
    :param patience: seconds to wait for a connection that is in use.
    :param age: seconds after which a connection is closed, give or take a fifth, so that not all are closed at once.
    :param counts: counts the callers of `take` that had to wait, and their seconds.
    """

    def __init__(
        self,
        connect: Callable[[Held], None],
        servers: Servers | None,
        size: int,
        patience: float,
        age: float = 600,
        counts: Counts | None = None,
    ) -> None:
        self._counts = counts or Counts()
        self._connect = connect
        self._servers = servers
        self._size = size
        self._patience = patience
        self._age = age
        self._process = os.getpid()
        self._open = 0
        self._counting = threading.Lock()
        self._closed = False
        self._breaker = Breaker()
        # A place for each connection that may be open, taken and given back; and the idle connections, by the kind of their last unit.
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(size):
            self._places.put(None)
        self._idle: dict[bool, list[Held]] = {False: [], True: []}
        #: Connections in use, and since when.
        self._busy: dict[Held, float] = {}
        #: By server, the moment up to which opened connections are not used any more.
        self._retired: dict[Any, float] = {}
        self._watch = None if servers is None else Watch(self._busy, servers.responds, self.abandon)

    def take(self, writes: bool) -> Held:
        """Take a connection, preferably one whose last unit was of the same kind. Raises Unavailable when all are in use for too long."""
        try:
            self._places.get_nowait()
        except Empty:
            self._wait_for_place()
        try:
            held = self._take_idle(writes)
            while held is None:
                # There is one for each place, but another thread may take it first.
                held = self._open_new() or self._take_idle(not writes) or self._take_idle(writes)
        except BaseException:
            self._places.put(None)
            raise
        return held

    def _wait_for_place(self) -> None:
        start = time.monotonic()
        try:
            self._places.get(True, self._patience)
        except Empty:
            self._counts.add(("connections", "timed out"))
            raise Unavailable("Every connection to the database is in use.", again=True) from None
        finally:
            self._counts.add(("connections", "waited"))
            self._counts.add(("connection seconds",), time.monotonic() - start)

    def connections(self) -> Connections:
        """Return how many connections there are now."""
        idle = [*self._idle[False], *self._idle[True]]
        born = min((held.born for held in idle if held.born), default=0.0)
        return Connections(self._size, self._open, len(idle), time.monotonic() - born if born else 0.0)

    def give(self, held: Held) -> None:
        """Return a taken connection that is usable and in no transaction."""
        if self._closed or held.broken:
            self.drop(held)
            return
        if self._servers is not None:
            self._busy.pop(held, None)
        self._idle[bool(held.writes)].append(held)
        self._places.put(None)

    def drop(self, held: Held) -> None:
        """Return a taken connection that is unusable."""
        self._close(held)
        self._places.put(None)

    def renew(self, held: Held) -> None:
        """Replace a broken connection by a new one."""
        with suppress(Exception):
            held.connection.close()
        held.begin_anew()
        held.broken = True
        self._fill(held)
        held.broken = False

    def retire(self, host: Any) -> None:
        """Stop using the connections to this server that are open now: an error on one will occur on the others, too."""
        self._retired[host] = time.monotonic()

    def abandon(self, host: Any) -> None:
        """Retire a server (`retire`), and make the statements that wait for it fail."""
        self.retire(host)
        if self._servers is not None:
            if not self._servers.has_other(host):
                # Units that fail now would be repeated, and would wait for a connection without success.
                self._breaker.trip()
            for held in [busy for busy in list(self._busy) if busy.host == host]:
                self._servers.abort(held)

    def close(self) -> bool:
        """Close idle connections now, and the others as soon as they are given back. Return False after a fork: the connections are the
        parent's, and the child must neither close them nor drop its references to them."""
        self._closed = True
        if os.getpid() != self._process:
            return False
        if self._watch is not None:
            self._watch.end()
        for held in (*self._idle[False], *self._idle[True]):
            self._close(held)
        self._idle = {False: [], True: []}
        return True

    def _open_new(self) -> Held | None:
        with self._counting:
            if self._open >= self._size:
                return None
            self._open += 1
        held = Held()
        try:
            self._fill(held)
        except BaseException:
            self._close(held)
            raise
        return held

    def _fill(self, held: Held) -> None:
        held.until = 0.0
        now = time.monotonic()
        with self._breaker.attempt():
            self._connect(held)
        if self._watch is None:
            return
        held.born = held.checked = now
        # `connect` may have set an earlier time.
        held.until = held.until or now + self._age * random.uniform(0.8, 1.2)  # noqa: S311 - only spread
        self._busy[held] = now
        self._watch.begin()

    def _close(self, held: Held) -> None:
        self._busy.pop(held, None)
        with suppress(Exception):
            held.connection.close()
        with self._counting:
            self._open -= 1

    def _take_idle(self, writes: bool) -> Held | None:
        idle = self._idle[writes]
        while idle:
            try:
                held = idle.pop()
            except IndexError:
                break
            held.fresh = held.touched = False
            if self._servers is None or self._is_good(held):
                return held
            self._close(held)
        return None

    def _is_good(self, held: Held) -> bool:
        assert self._servers is not None
        now = time.monotonic()
        self._busy[held] = now
        if now >= held.until or held.born <= self._retired.get(held.host, 0.0):
            return False
        if now - held.checked < CHECKED:
            return True
        if not self._servers.is_good(held):
            return False
        held.checked = now
        return True
