"""How often a caller may call: a token bucket for each caller and class of operations, shared by all workers of a node.

The buckets are in memory that the workers share, so `Rates` must be made before the workers are forked. A bucket is one number, the time
at which it is full again (the generic cell rate algorithm). Two workers that count at the same moment may count one request instead of
two; no worker can hold a lock that another waits for, not even one that is killed.
"""

from __future__ import annotations

import hashlib
import math
import mmap
import re
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.errors import TooManyRequests

#: The classes of operations: those that read one entity, those that list, those that change something, and those that anyone may call.
CLASSES = ("read", "list", "write", "login")

_UNITS = {"s": 1, "m": 60, "h": 3600}
_RATE = re.compile(r"(?P<name>[a-z]+)=(?P<count>[1-9][0-9]{0,8})/(?P<unit>[smh])")

_BUCKET = struct.Struct("=Qd")
_BUCKETS = 2**16
#: Buckets that are searched for a key's own or an empty one.
_PROBES = 8


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of calls in a number of seconds. After a pause, that many calls may come at once."""

    count: int
    seconds: int


def parse(text: str) -> Mapping[str, Rate]:
    """Return the rates of a setting, by class: ``read=100/s,write=600/m,login=20/m``.

    :raises ValueError: when the text has another form, or names a class twice.
    """
    rates: dict[str, Rate] = {}
    for part in filter(None, (part_.strip() for part_ in text.split(","))):
        match = _RATE.fullmatch(part)
        if match is None or match["name"] not in CLASSES or match["name"] in rates:
            raise ValueError(
                f"{part!r} is not CLASS=COUNT/UNIT, of {', '.join(CLASSES)} and of s, m, h, or comes twice"
            )
        rates[match["name"]] = Rate(int(match["count"]), _UNITS[match["unit"]])
    return rates


class Rates:
    """The buckets of all callers.

    :param rates: by class; a class that is not in it has no limit.
    :param clock: seconds, the same for all processes of the node.
    """

    def __init__(self, rates: Mapping[str, Rate], clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._clock = clock
        self._buckets = mmap.mmap(-1, _BUCKETS * _BUCKET.size) if rates else None
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Return whether any class has a limit."""
        return bool(self._rates)

    def count(self, name: str, caller: str) -> None:
        """Count a call.

        :param name: its class.
        :param caller: the user, or the address if the caller is not signed in.
        :raises TooManyRequests: when the caller calls more often than it may.
        """
        rate = self._rates.get(name)
        if rate is None:
            return
        tag = int.from_bytes(hashlib.blake2b(f"{name}\0{caller}".encode(), digest_size=8).digest()) or 1
        with self._lock:
            wait = self._spend(tag, rate)
        if wait > 0:
            words = f"More than {rate.count} calls in {rate.seconds} s of the class '{name}'. Wait {math.ceil(wait)} s."
            raise TooManyRequests(words, math.ceil(wait))

    def _spend(self, tag: int, rate: Rate) -> float:
        """Take a token. Return the seconds to wait if there is none, else 0."""
        assert self._buckets is not None
        now, interval = self._clock(), rate.seconds / rate.count
        offset, full = self._find_bucket(tag, now)
        full = max(full, now) + interval
        wait = full - now - rate.seconds
        if wait > 1e-9:
            return wait
        _BUCKET.pack_into(self._buckets, offset, tag, full)
        return 0.0

    def _find_bucket(self, tag: int, now: float) -> tuple[int, float]:
        """Return the offset of a key's bucket, and when it is full. A new key gets a full bucket or, if there is none, the fullest one."""
        assert self._buckets is not None
        buckets = []
        for probe in range(_PROBES):
            offset = (tag + probe) % _BUCKETS * _BUCKET.size
            owner, full = _BUCKET.unpack_from(self._buckets, offset)
            if owner == tag:
                return offset, full
            buckets.append((full, offset))
        return min(buckets)[1], now
