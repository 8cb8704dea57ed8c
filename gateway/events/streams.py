"""The subscribers of a process: fed from the outbox, kept alive, rechecked, and ended.

Everything here happens in the poller's thread, except where a method says otherwise.
"""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from gateway.calls import Callers, instant
from gateway.errors import ServiceError, Unavailable
from gateway.events.audience import Audience
from gateway.events.counters import Counters
from gateway.events.delivery import PASSING, Delivery, Kind, Presence
from gateway.events.frames import KEEP_ALIVE, RECONNECT, format_frame, list_facts, to_json
from gateway.events.poller import Poller
from gateway.events.publishing import store_presence, store_pulses
from gateway.events.rechecks import Rechecks
from gateway.events.subscriber import Subscriber
from gateway.events.wakeups import Wakeups
from gateway.transactions import unit_of_work
from models import Database, Unit
from models.engine.ids import new_id
from models.events import outbox, subscriptions
from models.events.outbox import EventRow, Read

#: Seconds between two reads of the outbox: usually, and while events arrive.
TICK = 0.25
BUSY_TICK = 0.05
#: Seconds between two reads while other processes send wake-ups.
REST = 1.0
#: Seconds after an event in which more are expected.
BUSY = 2.0
#: Minimum seconds between two reads: events in this time are sent together. After a read it is as long for each event that was found, up to
#: `BUSY_TICK`.
GAP = 0.02
#: Seconds after which a failed read is repeated.
PAUSE = 1.0
#: Maximum number of events in one read, for all subscribers or for a late one.
PAGE = 500
#: A late subscriber with this many waiting frames gets further events after it has read some.
_FULL = 500
#: Seconds for which events are kept.
KEPT = 3600.0
#: Seconds between two signs of life that a process stores, and seconds without one after which a process counts as gone.
SEEN = 10.0
GONE = 40.0
#: Seconds between two deletions of old events.
SWEEP = 60.0
#: Seconds in which every subscriber has one turn: it gets a keep-alive, its heartbeats are checked, and in every second turn its
#: credentials are rechecked.
TURN = 20
#: Seconds that a stopping process waits until the last frames are sent.
_FAREWELL = 3.0

log = structlog.get_logger("gateway")


@dataclass(frozen=True, slots=True)
class Times:
    """The timing that the server sends to clients.

    :ivar heartbeat: seconds between two heartbeats of a client.
    :ivar idle: seconds without a heartbeat after which a client that sent some counts as gone.
    """

    heartbeat: int = 10
    idle: int = 30


class Streams:
    """Holds the subscribers of a process.

    :ivar reader_id: identifies this process in the database.
    :ivar audience: the subscribers.
    """

    def __init__(
        self,
        database: Database,
        callers: Callers | None,
        audience: Audience,
        delivery: Delivery,
        counters: Counters,
        times: Times,
        wakeups: Wakeups,
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self.audience = audience
        self._delivery = delivery
        self._counters = counters
        self._times = times
        self.reader_id = new_id()
        self._poller = Poller(self._disconnect, self._run_due)
        self._rechecks = Rechecks(callers, self.end)
        self._starting = threading.Lock()
        self._started = self._stopped = False
        self._position = 0
        self._late: set[Subscriber] = set()
        self._woken = False
        self._gap = GAP
        self._pulses: set[str] = set()
        self._changes: list[Presence] = []
        self._wheel: list[set[Subscriber]] = [set() for _ in range(TURN)]
        self._next = self._turns = 0
        self._last_look = self._last_event = self._last_wake = -math.inf
        self._next_look = self._next_second = self._next_note = 0.0
        self._next_sweep = time.monotonic() + SWEEP

    # -- Called by other threads ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads, if they have not been started. Call it after a fork, not before."""
        with self._starting:
            if not self._started:
                self._started = True
                self._poller.start()
                self._rechecks.start()
                self._wakeups.listen(self.wake)

    def announce(self) -> None:
        """Let every process read the outbox, because this one has stored events."""
        self._wakeups.send()
        self.wake()

    def wake(self) -> None:
        """Let this process read the outbox soon."""
        self._last_wake = time.monotonic()
        if self._started and not self._woken:
            self._woken = True
            self._poller.call(lambda: None)

    def add(self, subscriber: Subscriber, connection: socket.socket, first: bytes, newest: int) -> None:
        """Hold a new subscriber.

        :param first: its first frame.
        :param newest: the position of the newest event when it subscribed.
        """
        self._call(partial(self._add, subscriber, connection, first, newest))

    def pulse(self, subscription_id: str) -> bool:
        """Record a client's heartbeat, if this process holds its connection; return whether it does."""
        subscriber = self.audience.get(subscription_id)
        if subscriber is None:
            return False
        self._call(partial(self._pulse, subscriber))
        return True

    def pulse_elsewhere(self, subscription_id: str) -> None:
        """Pass a heartbeat on to the process that holds the client's connection."""
        self._call(partial(self._pulses.add, subscription_id))
        self.wake()

    def end(self, subscriber: Subscriber) -> None:
        """End a subscriber's connection."""
        self._call(partial(self._disconnect, subscriber))

    def forget(self, subscriber: Subscriber) -> None:
        """Forget the subscription of a client whose connection was never added."""
        self._call(partial(self._note_end, subscriber))
        self.wake()

    def stop(self) -> None:
        """End every subscriber's stream, and stop."""
        with self._starting:
            if not self._started or self._stopped:
                return
            self._stopped = True
        self._call(self._send_farewell)
        self._poller.stop(_FAREWELL)

    def _call(self, call: Callable[[], object]) -> None:
        self._poller.call(partial(self._run_guarded, call))

    # -- Subscribers ---------------------------------------------------------------------------------------------------------------

    def _add(self, subscriber: Subscriber, connection: socket.socket, first: bytes, newest: int) -> None:
        if not self.audience:
            self._position = newest
        self._poller.hold(subscriber, connection)
        self.audience.add(subscriber)
        self._wheel[self._next % TURN].add(subscriber)
        self._next += 1
        self._counters.subscribers = len(self.audience)
        if subscriber.at < self._position:
            subscriber.late = True
            self._late.add(subscriber)
        self._delivery.give(subscriber, first)
        self._send()
        self._next_look = 0.0

    def _pulse(self, subscriber: Subscriber) -> None:
        subscriber.pulse = time.monotonic()
        position = self._get_position(subscriber)
        body = to_json({"id": subscriber.id, **list_facts(subscriber.subject, subscriber.channels)})
        self._delivery.give(subscriber, format_frame(position, "cmd.onHeartbeat", body))
        self._send()

    def _get_position(self, subscriber: Subscriber) -> int:
        """Return the position up to which a subscriber has all events."""
        return subscriber.at if subscriber.late else max(subscriber.at, self._position)

    def _disconnect(self, subscriber: Subscriber) -> None:
        """Remove a subscriber whose connection ends or has ended."""
        if self._drop(subscriber):
            self._note_end(subscriber)
            self._next_look = 0.0

    def _drop(self, subscriber: Subscriber) -> bool:
        self._poller.close(subscriber)
        if not self.audience.remove(subscriber):
            return False
        for slot in self._wheel:
            slot.discard(subscriber)
        self._late.discard(subscriber)
        self._counters.subscribers = len(self.audience)
        return True

    def _note_end(self, subscriber: Subscriber) -> None:
        self._changes.append(Presence(subscriber.id, subscriber.subject, None, left=[*subscriber.channels]))

    def _send(self) -> None:
        """Send the frames in subscribers' queues."""
        fed, slow = self._delivery.fed, self._delivery.slow
        while slow:
            subscriber = slow.pop()
            fed.discard(subscriber)
            self._counters.dropped += subscriber.waiting
            log.warning("slow subscriber", subscriber=subscriber.subject["shown"]["userId"], waiting=subscriber.waiting)
            self._disconnect(subscriber)
        while fed:
            self._poller.send(fed.pop())

    def _send_farewell(self) -> None:
        """Ask every client to connect to another process, which sends the events that the client has not read."""
        for subscriber in [*self.audience]:
            bye = format_frame(self._get_position(subscriber), "cmd.onGoodbye", to_json({"id": subscriber.id}))
            self._delivery.give(subscriber, bye + RECONNECT)
        self._send()
        for subscriber in [*self.audience]:
            self._disconnect(subscriber)
        with suppress(Unavailable), unit_of_work(self._database) as unit:
            self._write(unit)
        self._wakeups.send()

    # -- Time ----------------------------------------------------------------------------------------------------------------------

    def _run_due(self, now: float) -> float:
        if self._stopped:
            return now
        if self._woken and now >= self._last_look + self._gap:
            self._next_look = 0.0
        if now >= self._next_look and (self.audience or self._pulses or self._changes):
            self._run_guarded(partial(self._look, now))
        if now >= self._next_second:
            self._next_second = now + 1.0
            self._run_guarded(partial(self._run_second, now))
        if now >= self._next_sweep:
            self._next_sweep = now + SWEEP
            self._run_guarded(self._sweep)
        if not (self.audience or self._pulses or self._changes):
            self._woken = False
            return self._next_sweep
        due = min(self._next_look, self._next_second)
        return min(due, self._last_look + self._gap) if self._woken else due

    def _run_guarded(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Unavailable as error:
            self._next_look = time.monotonic() + PAUSE
            log.warning("events wait for the database", reason=error.message)
        except Exception:
            self._next_look = time.monotonic() + PAUSE
            log.exception("events")

    def _look(self, now: float) -> None:
        """Send pending frames, and read and deliver new events."""
        self._last_look, self._woken, self._gap = now, False, GAP
        self._next_look = now + self._pause(now)
        if self._pulses or self._changes:
            with unit_of_work(self._database) as unit:
                stored = self._write(unit)
            self._pulses -= stored[0]
            del self._changes[: stored[1]]
            self._wakeups.send()
        if not self.audience:
            return
        if now >= self._next_note:
            self._next_note = now + SEEN
            self._note()
        page = self._read(now)
        if page.unplaced:
            # If another process is faster, this one reads what that one has placed.
            with suppress(ServiceError), unit_of_work(self._database) as unit:
                outbox.place(unit)
            page = self._read(now)
        # PERF: reading for each event takes processor time from requests.
        self._gap = min(BUSY_TICK, GAP * max(1, len(page.rows)))
        lags = any(subscriber.waiting < _FULL for subscriber in self._late)
        if len(page.rows) == PAGE or page.unplaced or lags:
            self._woken = True

    def _pause(self, now: float) -> float:
        """Return the seconds until the next read, unless a wake-up arrives earlier."""
        if self._wakeups.connected:
            # A commit of another cluster node may arrive here after its wake-up.
            return min(REST, max(BUSY_TICK, now - self._last_wake))
        return BUSY_TICK if now - self._last_event < BUSY else TICK

    def _read(self, now: float) -> Read:
        with unit_of_work(self._database, write=False) as unit:
            page = outbox.read_after(unit, self._position, PAGE)
            for row in page.rows:
                self._last_event = now
                with _log_and_skip(row):
                    self._take(unit, row)
                self._position = row.position
            for subscriber in [*self._late]:
                self._catch_up(unit, subscriber)
        self._send()
        return page

    def _take(self, unit: Unit, row: EventRow) -> None:
        if row.kind == Kind.EVENT:
            self._delivery.deliver_event(unit, row)
        elif row.kind == Kind.PRESENCE:
            for item in json.loads(row.body or "[]"):
                self._change(row.position, Presence(**item))
        elif row.kind == Kind.PULSE:
            for item in json.loads(row.body or "[]"):
                subscriber = self.audience.get(item)
                if subscriber is not None:
                    self._pulse(subscriber)

    def _change(self, position: int, change: Presence) -> None:
        subscriber = self.audience.get(change.id)
        if subscriber is not None and change.channels is None:
            self._drop(subscriber)
        elif subscriber is not None and change.channels is not None:
            self.audience.change(subscriber, change.channels)
        self._delivery.deliver_presence(position, change)

    def _catch_up(self, unit: Unit, subscriber: Subscriber) -> None:
        """Give a late subscriber its missed events, as fast as it reads them."""
        if subscriber.waiting >= _FULL:
            return
        page = outbox.read_after(unit, subscriber.at, PAGE)
        for row in page.rows:
            if row.position > self._position:
                break
            with _log_and_skip(row):
                if row.kind == Kind.EVENT:
                    self._delivery.deliver_event(unit, row, subscriber)
                elif row.kind == Kind.PRESENCE:
                    for item in json.loads(row.body or "[]"):
                        self._delivery.deliver_presence(row.position, Presence(**item), subscriber)
            subscriber.at = row.position
        if (not page.rows and not page.unplaced) or (page.rows and page.rows[-1].position >= self._position):
            subscriber.at, subscriber.late = self._position, False
            self._late.discard(subscriber)

    def _write(self, unit: Unit) -> tuple[set[str], int]:
        """Store heartbeats and changes of subscriptions; return the heartbeats, and the number of changes."""
        pulses, changes = {*self._pulses}, [*self._changes]
        if changes:
            ended = {change.id for change in changes}
            subscriptions.delete(unit, ended)
            store_presence(unit, changes)
        store_pulses(unit, sorted(pulses))
        return pulses, len(changes)

    def _run_second(self, now: float) -> None:
        """Check the subscribers whose turn it is."""
        self._turns += 1
        in_turn = [*self._wheel[self._turns % TURN]]
        for subscriber in in_turn:
            if subscriber.pulse and now - subscriber.pulse > self._times.idle:
                self._disconnect(subscriber)
            elif not subscriber.waiting:
                subscriber.put(KEEP_ALIVE)
                self._poller.send(subscriber)
        if self._turns // TURN % 2 == 0:
            self._rechecks.look(in_turn)

    def _note(self) -> None:
        """Store a sign of life of this process, and end the subscriptions of processes that are gone."""
        at = datetime.now(UTC)
        silent_since, forgotten_since = (instant(at - timedelta(seconds=seconds)) for seconds in (GONE, KEPT))
        with unit_of_work(self._database) as unit:
            subscriptions.see(unit, self.reader_id, instant(at))
            for reader, seen_at in subscriptions.list_readers(unit).items():
                if seen_at < silent_since:
                    self._bury(unit, reader)
                if seen_at < forgotten_since:
                    subscriptions.forget_reader(unit, reader)

    def _bury(self, unit: Unit, reader: str) -> None:
        ended = subscriptions.list_of_reader(unit, reader)
        if ended:
            store_presence(unit, [Presence(row.id, row.subject, None, left=[*row.channels]) for row in ended])
            subscriptions.delete_of_reader(unit, reader)

    def _sweep(self) -> None:
        before = instant(datetime.now(UTC) - timedelta(seconds=KEPT))
        more = True
        while more:
            with unit_of_work(self._database) as unit:
                more = outbox.sweep(unit, before)


@contextmanager
def _log_and_skip(row: EventRow) -> Iterator[None]:
    """Log a row that this version can't deliver, and go on: a newer version may have written it, and later rows must not wait."""
    try:
        yield
    except PASSING:
        raise
    except Exception:
        log.exception("an event was passed over", id=row.position, selector=row.selector)
