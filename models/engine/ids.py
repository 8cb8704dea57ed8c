"""Unguessable ids that sort by creation time."""

from __future__ import annotations

import os
import time

#: Characters of an id.
LENGTH = 32


def new_id() -> str:
    """Return a new id of 32 hexadecimal digits, a UUID version 7 (RFC 9562, 5.7): 48 bits of milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    value = (milliseconds << 80) | (0x7 << 76) | ((random >> 2 & 0xFFF) << 64) | (0b10 << 62) | (random & (1 << 62) - 1)
    return f"{value:032x}"
