"""What a process remembers for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from gateway.users.clock import Clock

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """Values by key, each until its time is over; the oldest are forgotten first.

    :param most: values remembered at once.
    """

    def __init__(self, clock: Clock, most: int = 10_000) -> None:
        self._clock = clock
        self._most = most
        self._values: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """The value, or None."""
        found = self._values.get(key)
        return found[1] if found is not None and self._clock() < found[0] else None

    def forget(self, key: Key) -> None:
        """Forget a value."""
        with self._lock:
            self._values.pop(key, None)

    def put(self, key: Key, value: Value, until: float) -> None:
        """Remember a value until a point in time."""
        with self._lock:
            self._values[key] = (until, value)
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
