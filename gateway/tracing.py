"""The trace that a request belongs to (W3C Trace Context), for log lines. The front of an old host passes ``traceparent`` on."""

from __future__ import annotations

import re

_TRACEPARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-.*)?"
)


def trace_id(traceparent: str) -> str:
    """Return the id of the trace that the header names; empty where it is not valid."""
    found = _TRACEPARENT.fullmatch(traceparent.strip(" \t"))
    # Version 00 has nothing behind its flags; later versions may.
    return "" if found is None or (found["more"] and found["version"] == "00") else found["trace"]
