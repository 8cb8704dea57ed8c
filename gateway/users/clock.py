"""Time, passed in so that tests can hold it still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

#: Seconds since the epoch, as `time.time` gives them.
Clock = Callable[[], float]


def instant(seconds: float) -> str:
    """A point in time in the stored form: ISO 8601, UTC, always six digits and ``Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_of(text: str) -> float:
    """`instant` turned back."""
    return datetime.fromisoformat(text).timestamp()
