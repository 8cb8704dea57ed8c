"""Points in time as the API and the log write them: ISO 8601 in UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache


def now() -> str:
    """Return the current time with six digits and ``Z``."""
    second, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{to_second(second)}.{nanoseconds // 1000:06}Z"


# PERF: most calls are in the same second as the one before.
@lru_cache(maxsize=2)
def to_second(second: int) -> str:
    """Return a second since the epoch, without ``Z``."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
