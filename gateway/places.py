"""Places: they limit how many requests of each kind, and of each caller, a process runs at once.

Lists, batches and streams can take long, so each kind has few places, and one caller has at most a part of them. Requests that write may
wait for a lock, so they leave places and connections for those that read, and requests that change one entity leave places for others. If
none of the latter ends for a while, a lock blocks them all, and further requests for the same entity do not wait. A request without a
place waits for one in an otherwise idle thread, so a process has more threads than places. A free place goes to the caller with the
fewest places, and to the oldest request of that caller. While several callers call, each has fewer places, and pauses after each request
when more of its requests wait.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from gateway.errors import TooManyRequests, Unavailable

#: Threads of a process for each of its places: requests without a place wait in the other threads.
THREADS_PER_PLACE = 6
#: Documents about the service that a process makes at once, at most one for each caller: a new one takes up to 100 ms.
DOCUMENTS = 2
#: Seconds after a short request during which long ones pause, and the maximum length of a pause.
RECENT = 0.2
LONGEST_REST = 0.05
#: If none of the requests that change an entity ends for this many seconds, a lock blocks them.
STUCK = 1.0


class Kind(Enum):
    """The kind of a request, by the work that it can cause.

    PERF: compared and hashed by identity.
    """

    READ = "reading requests"
    WRITE = "changing requests"
    LIST = "lists and searches"
    BATCH = "batches"
    STREAM = "streamed lists"
    DOCUMENT = "documents about the service"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Share:
    """The places of a kind.

    :ivar places: requests that run at once.
    :ivar per_caller: requests of one caller that run at once.
    :ivar waiting: requests of one caller that wait for a place; more are refused. None for no limit.
    :ivar patience: seconds that a request waits.
    :ivar per_caller_of_many: requests of one caller that run at once while other callers call.
    :ivar per_resource: requests that run at once and change the same thing: each may wait for a lock that another one holds.
    """

    places: int
    per_caller: int
    waiting: int | None
    patience: float
    per_caller_of_many: int = 2**31
    per_resource: int = 2**31

    @property
    def rests(self) -> bool:
        """Return whether a caller with more requests pauses after each one."""
        return min(self.per_caller_of_many, self.per_caller) < self.places


def build_shares(
    threads: int, *, writes: int, lists: int, streams: int, per_caller: int, streams_per_caller: int
) -> Mapping[Kind, Share]:
    """Return the shares of a process.

    :param threads: requests that the process handles at once.
    :param writes: places for requests that change something; those that change the same thing have at most half of them.
    :param lists: places for lists, and as many for batches. One caller has at most half of them.
    :param streams: places for streamed lists.
    :param per_caller: requests of one caller that run at once.
    :param streams_per_caller: streamed lists of one caller that run at once.
    """
    half, waiting, quarter = min(max(1, lists // 2), per_caller), 2 * threads, max(1, threads // 4)
    return {
        Kind.READ: Share(threads, per_caller, None, 10.0, quarter),
        Kind.WRITE: Share(writes, per_caller, None, 5.0, quarter, max(1, writes // 2)),
        Kind.LIST: Share(lists, half, waiting, 5.0, max(1, half // 2)),
        Kind.BATCH: Share(lists, half, waiting, 5.0, max(1, half // 2)),
        Kind.STREAM: Share(streams, min(streams_per_caller, streams), threads, 1.0),
        Kind.DOCUMENT: Share(DOCUMENTS, 1, waiting, 10.0),
    }


class _Waiter:
    __slots__ = ("caller", "granted", "resource")

    def __init__(self, caller: str, resource: str) -> None:
        self.caller = caller
        self.resource = resource
        self.granted = threading.Lock()
        self.granted.acquire()


class Callers:
    """The last callers. Two threads that write at once may lose one of two updates, which is harmless.

    :ivar latest_at: when the last call came.
    :ivar before_at: when the last call of another caller came.
    """

    def __init__(self) -> None:
        self.latest = ""
        self.latest_at = self.before_at = -math.inf

    def note(self, caller: str) -> None:
        """Note that a caller calls."""
        if caller != self.latest:
            self.latest, self.before_at = caller, self.latest_at
        self.latest_at = time.monotonic()

    def others_than(self, caller: str, seconds: float) -> bool:
        """Return whether another caller has called within the last seconds."""
        at = self.before_at if caller == self.latest else self.latest_at
        return time.monotonic() - at < seconds


class _Queue:
    """The places of one kind."""

    def __init__(self, kind: Kind, share: Share, callers: Callers) -> None:
        self._kind = kind
        self._callers = callers
        self._share = share
        self._free = share.places
        self._running: Counter[str] = Counter()
        self._running_on: Counter[str] = Counter()
        #: By the entity that requests change: when the last of them ended, or the first one began.
        self._progress: dict[str, float] = {}
        self._waiting: list[_Waiter] = []
        self._lock = threading.Lock()
        #: When a place last became free.
        self.freed_at = -math.inf

    def enter(self, caller: str, resource: str) -> float:
        """Take a place, and return the seconds for which the request waited. Raises TooManyRequests and Unavailable."""
        callers = self._callers
        # PERF: usually the caller is the same as before, and `note` is not needed.
        if caller == callers.latest:
            callers.latest_at = time.monotonic()
        else:
            callers.note(caller)
        with self._lock:
            if self._free and not resource and caller not in self._running:
                # PERF: most callers have no other request, and most requests name no resource: what `_start` does.
                self._free -= 1
                self._running[caller] = 1
                return 0.0
            # With a free place, only requests that may not run yet are waiting.
            if self._free and self._may_run(caller, resource):
                self._start(caller, resource)
                return 0.0
            limit = self._share.waiting
            if limit is not None and sum(waiter.caller == caller for waiter in self._waiting) >= limit:
                raise self._make_refusal(caller, resource)
            waiter = _Waiter(caller, resource)
            self._waiting.append(waiter)
        began = time.monotonic()
        deadline = began + self._share.patience
        while not waiter.granted.acquire(timeout=max(0.0, self._find_end(resource, deadline) - time.monotonic())):
            with self._lock:
                if waiter not in self._waiting:
                    # The place was granted just now.
                    break
                if time.monotonic() < self._find_end(resource, deadline):
                    continue
                self._waiting.remove(waiter)
                raise self._make_refusal(caller, resource)
        return time.monotonic() - began

    def _find_end(self, resource: str, deadline: float) -> float:
        """Return when a request stops waiting for a place: at the deadline, or earlier if a lock blocks the entity it changes."""
        if self._running_on[resource] < self._share.per_resource:
            return deadline
        return min(deadline, self._progress.get(resource, deadline) + STUCK)

    def claim(self, resource: str) -> bool:
        """Count a request with a place for the entity that it changes. Return False, uncounted, if too many change it."""
        with self._lock:
            if self._running_on[resource] >= self._share.per_resource:
                return False
            self._begin_on(resource)
            return True

    def _begin_on(self, resource: str) -> None:
        self._running_on[resource] += 1
        self._progress.setdefault(resource, time.monotonic())

    @property
    def places(self) -> int:
        """The number of places."""
        return self._share.places

    @property
    def waiting(self) -> int:
        """The number of requests that wait for a place."""
        return len(self._waiting)

    @property
    def taken(self) -> int:
        """The number of requests that have a place."""
        return self._share.places - self._free

    def _pause(self, caller: str, began: float) -> None:
        """Let other callers go first when the caller has more requests that wait.

        :param began: when its last request began, by `time.thread_time`.
        """
        if self._share.rests and self._callers.others_than(caller, RECENT):
            time.sleep(min(time.thread_time() - began, LONGEST_REST))

    def leave(self, caller: str, resource: str, began: float) -> None:
        if self._waiting and began >= 0:
            self._pause(caller, began)
        self.freed_at = time.monotonic()
        with self._lock:
            self._free += 1
            # PERF: most callers have one request at once.
            if self._running[caller] > 1:
                self._running[caller] -= 1
            else:
                self._running.pop(caller)
            if resource:
                _count_down(self._running_on, resource)
                self._progress[resource] = self.freed_at
                if resource not in self._running_on:
                    del self._progress[resource]
            while self._waiting and self._free:
                waiter = self._pick_waiter()
                if waiter is None:
                    break
                self._waiting.remove(waiter)
                self._start(waiter.caller, waiter.resource)
                waiter.granted.release()

    def _may_run(self, caller: str, resource: str) -> bool:
        return (
            self._running[caller] < self._find_limit(caller) and self._running_on[resource] < self._share.per_resource
        )

    def _find_limit(self, caller: str) -> int:
        """Return how many requests of a caller may run at once now."""
        share = self._share
        is_alone = share.per_caller_of_many >= share.per_caller or not self._callers.others_than(caller, RECENT)
        return share.per_caller if is_alone else share.per_caller_of_many

    def _start(self, caller: str, resource: str) -> None:
        self._free -= 1
        self._running[caller] += 1
        if resource:
            self._begin_on(resource)

    def _pick_waiter(self) -> _Waiter | None:
        """Return the waiter that gets the next free place."""
        allowed = (waiter for waiter in self._waiting if self._may_run(waiter.caller, waiter.resource))
        return min(allowed, key=lambda waiter: self._running[waiter.caller], default=None)

    def _make_refusal(self, caller: str, resource: str) -> TooManyRequests | Unavailable:
        retry_after = max(1, round(self._share.patience))
        if self._running_on[resource] >= self._share.per_resource:
            return Unavailable("Too many requests want to change the same thing. Try again later.", retry_after)
        most, requests = self._find_limit(caller), self._kind.value
        if self._running[caller] >= most:
            return TooManyRequests(
                f"A caller may have {most} {requests} at once in this process. Wait for one to end.", retry_after
            )
        return Unavailable(f"All places for {self._kind.value} are taken. Try again later.", retry_after)


def _count_down(counts: Counter[str], name: str) -> None:
    counts[name] -= 1
    if not counts[name]:
        del counts[name]


class Places:
    """The places of a process.

    :param shares: how many each kind has.
    """

    def __init__(self, shares: Mapping[Kind, Share]) -> None:
        callers = Callers()
        self._queues = {kind: _Queue(kind, share, callers) for kind, share in shares.items()}
        self._short = self._queues[Kind.READ], self._queues[Kind.WRITE]
        self._long = self._queues[Kind.LIST], self._queues[Kind.BATCH], self._queues[Kind.STREAM]

    def numbers(self) -> Mapping[str, tuple[int, int, int]]:
        """Return, by the name of each kind in lower case, its places, the requests that run, and those that wait."""
        return {kind.name.lower(): (queue.places, queue.taken, queue.waiting) for kind, queue in self._queues.items()}

    def pause(self, ran: float) -> None:
        """Yield to short requests. Long ones call it at each step, and pause for as long as they all ran.

        PERF: the interpreter runs one thread at a time, and prefers threads that compute to threads that return from waiting. While
        short requests come, all long ones together take about half of a processor in each process.

        :param ran: seconds since the last pause.
        """
        if any(queue.taken or time.monotonic() - queue.freed_at < RECENT for queue in self._short):
            time.sleep(min(ran * sum(queue.taken for queue in self._long), LONGEST_REST))

    def place(self, kind: Kind, caller: str) -> Place:
        """Wait for a place of a kind and take it.

        :param caller: the user, or the address if the caller is not signed in.
        :raises TooManyRequests: when the caller has as many as it may, for too long or with too many others waiting.
        :raises Unavailable: when other callers have them all for too long.
        """
        return Place(self._queues[kind], caller)


class Place:
    """A place that a request has taken, until `release`. As a context manager it releases the place when the block ends, unless `keep` was
    called.

    :ivar waited: the seconds for which the request waited for it.
    """

    __slots__ = ("_began", "_caller", "_kept", "_queue", "_resource", "waited")

    def __init__(self, queue: _Queue, caller: str) -> None:
        self.waited = queue.enter(caller, "")
        self._queue: _Queue | None = queue
        self._caller = caller
        self._resource = ""
        self._kept = False
        callers = queue._callers
        # PERF: reading this clock can take as long as the rest of a request; it is read only while others call.
        self._began = time.thread_time() if callers.latest_at - callers.before_at < RECENT else -1.0

    def __enter__(self) -> Place:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None or not self._kept:
            self.release()

    def change(self, resource: str) -> None:
        """Name the entity that the request changes, once its body is read. When too many requests change the same entity, the request
        releases its place and waits for another one.

        :raises Unavailable: when none of them ends in time.
        """
        queue = self._queue
        assert queue is not None
        if not queue.claim(resource):
            self.release()
            queue.enter(self._caller, resource)
            self._queue = queue
        self._resource = resource

    def keep(self) -> None:
        """Keep the place after the end of the block, until `release`."""
        self._kept = True

    def release(self) -> None:
        """Release the place. A second call does nothing."""
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.leave(self._caller, self._resource, self._began)
