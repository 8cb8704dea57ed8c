"""The counters of this process for ``/metrics``: requests, and events by name. `gateway.metrics` publishes them.

PERF: a request pays for one bisection and one lock. prometheus-client's own multiprocess values lock and write to a mapped file at each
change, which costs a small request a few per cent.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from typing import NamedTuple

from models.engine.counts import Counts

#: Upper bounds of the histogram of durations, in seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Asked(NamedTuple):
    """The key by which requests are counted.

    :ivar operation: the operation's name; empty if the route has none.
    :ivar format: the name of the response's format.
    """

    operation: str
    format: str
    status: int


class _Rows(dict[tuple[str, str, int], list[float]]):
    """By key: requests up to each of `BOUNDS` and above, then seconds, bytes of request bodies, bytes of response bodies."""

    def __missing__(self, key: tuple[str, str, int]) -> list[float]:
        row = self[key] = [0.0] * (len(BOUNDS) + 4)
        return row


class Requests:
    """Counts requests by `Asked`: their number by duration, and their bytes.

    :ivar lock: held while a row changes.
    :ivar rows: the sums.
    """

    lock: threading.Lock
    rows: _Rows

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Reset all numbers, for a forked process."""
        self.lock = threading.Lock()
        self.rows = _Rows()

    def add(self, key: tuple[str, str, int], seconds: float, received: int, sent: int) -> None:
        """Count a request.

        :param key: an `Asked`, or an equal tuple.
        :param seconds: the duration; of a stream, to its end.
        :param received: bytes of its body.
        :param sent: bytes of the response's body.
        """
        with self.lock:
            row = self.rows[key]
            row[bisect_left(BOUNDS, seconds)] += 1
            row[-3] += seconds
            row[-2] += received
            row[-1] += sent

    def total(self) -> dict[Asked, list[float]]:
        """Return the rows as they are now."""
        with self.lock:
            return {Asked(*key): list(row) for key, row in self.rows.items()}


#: The requests of this process.
requests = Requests()
#: Events of this process: the metric's name, then the values of its labels (`gateway.metrics.COUNTERS`).
events = Counts()


def count(name: str, *labels: str) -> None:
    """Count an event.

    :param name: a metric of `gateway.metrics.COUNTERS`.
    """
    events.add((name, *labels))
