"""Time, passed as a parameter so that tests can stop it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

#: Returns seconds since the epoch, as `time.time` does.
Clock = Callable[[], float]


def instant(seconds: float) -> str:
    """Return a point in time in the stored form: ISO 8601, UTC, always six digits and ``Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_of(text: str) -> float:
    """Return the seconds since the epoch of a text that `instant` returned."""
    return datetime.fromisoformat(text).timestamp()
