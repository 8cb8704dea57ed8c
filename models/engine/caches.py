"""Caches of a process: recently read values, values that expire, and caches of one database each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(OrderedDict[Key, Value]):
    """A dict of at most `most` values, for callers that can check whether a value is still current. The oldest value is evicted first.
    Values are shared, so they must not be changed.

    A value is kept when its key comes for the second time, so that keys that are read once do not evict keys that are read often.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._once: set[Key] = set()
        self._keeping = threading.Lock()

    def keep(self, key: Key, value: Value) -> None:
        """Keep a value, unless its key comes for the first time."""
        with self._keeping:
            if key in self or key in self._once:
                self._once.discard(key)
                self[key] = value
                if len(self) > self._most:
                    self.popitem(last=False)
                return
            if len(self._once) >= self._most:
                self._once.clear()
            self._once.add(key)


class Cached(Protocol):
    """An object that keeps caches: a database."""

    @property
    def caches(self) -> dict[object, Recent[Any, Any]]:
        """The caches by their `RecentOf`."""
        ...


class RecentOf(Generic[Key, Value]):
    """A `Recent` for each database, kept as long as the database. A module that reads rows has one as a constant.

    :param most: values that are kept for one database.
    """

    def __init__(self, most: int) -> None:
        self._most = most

    def on(self, database: Cached) -> Recent[Key, Value]:
        """Return the database's cache, created at first use."""
        recent = database.caches.get(self)
        return database.caches.setdefault(self, Recent(self._most)) if recent is None else recent


class Memory(Generic[Key, Value]):
    """Values by key, each until a point in time. The oldest are forgotten first.

    :param clock: seconds since the epoch.
    :param most: values that are kept at once.
    """

    def __init__(self, clock: Callable[[], float], most: int = 10_000) -> None:
        self._clock = clock
        self._most = most
        self._values: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """Return the value, or None."""
        entry = self._values.get(key)
        return entry[1] if entry is not None and self._clock() < entry[0] else None

    def forget(self, key: Key) -> None:
        """Forget a value."""
        with self._lock:
            self._values.pop(key, None)

    def put(self, key: Key, value: Value, until: float) -> None:
        """Keep a value until a point in time."""
        with self._lock:
            self._values[key] = (until, value)
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
