"""The maximum depth of references between types."""

from __future__ import annotations

import sys

#: Maximum number of nested calls. Recursive functions follow types with up to ten calls for each, and contracts of other hosts have chains
#: of hundreds of types. A thread's stack has room for several times as many calls.
_CALLS = 6000


def allow_long_chains() -> None:
    """Let functions follow chains of about 500 types, where Python stops at about 100 by default."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _CALLS))
