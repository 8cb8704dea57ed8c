"""The maximum depth of references between types."""

from __future__ import annotations

import sys

#: Calls inside of each other. Types are followed by functions that call themselves, up to ten for a type, and contracts of other hosts have
#: chains of hundreds. The stack of a thread has room for several times as many.
_CALLS = 6000


def allow_long_chains() -> None:
    """Let functions follow chains of about 500 types, where Python stops at about 100 by default."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _CALLS))
