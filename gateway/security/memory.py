"""What a process remembers for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from gateway.security.clock import Clock

Value = TypeVar("Value")


class Memory(Generic[Value]):
    """Values by a digest, each until its time is over; the oldest are forgotten first.

    :param most: values remembered at once.
    """

    def __init__(self, clock: Clock, most: int = 10_000) -> None:
        self._clock = clock
        self._most = most
        self._values: OrderedDict[bytes, tuple[float, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: bytes) -> Value | None:
        """The value, or None."""
        with self._lock:
            found = self._values.get(digest)
        return found[1] if found is not None and self._clock() < found[0] else None

    def put(self, digest: bytes, value: Value, until: float) -> None:
        """Remember a value until a point in time."""
        with self._lock:
            self._values[digest] = (until, value)
            self._values.move_to_end(digest)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
