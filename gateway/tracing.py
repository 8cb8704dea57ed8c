"""The trace that a request belongs to (W3C Trace Context): taken up from ``traceparent``, in log lines, and passed on to other hosts."""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
#: Characters of ``tracestate`` that are passed on; the specification asks for 512 at least.
_LONGEST_STATE = 2048


class Trace(NamedTuple):
    """A trace, and the place in it.

    :ivar parent_id: the caller's span.
    :ivar flags: two hexadecimal digits; the last bit says that the trace is recorded.
    :ivar state: ``tracestate``, as it came.
    """

    trace_id: str
    parent_id: str
    flags: str
    state: str = ""

    def headers(self) -> dict[str, str]:
        """Return the headers of a request to another host that belongs to this trace."""
        found = {"traceparent": f"00-{self.trace_id}-{secrets.token_hex(8)}-{self.flags}"}
        return {**found, "tracestate": self.state} if self.state else found


def parse(traceparent: str, tracestate: str = "") -> Trace | None:
    """Return the trace of a request's headers; None where they name none that is valid."""
    found = _TRACEPARENT.fullmatch(traceparent.strip(" \t"))
    # Version 00 has nothing behind its flags; later versions may.
    if found is None or (found["more"] and traceparent.strip(" \t").startswith("00")):
        return None
    state = tracestate if len(tracestate) <= _LONGEST_STATE and tracestate.isprintable() else ""
    return Trace(found["trace"], found["parent"], found["flags"], state)
