"""Limits for the C library's heap, so that it returns unused memory.

glibc has one heap for a few threads each. Blocks of 128 kB and more come directly from the system, and return to it when they are freed.
But the first such free raises that limit, up to 32 MB; from then on each heap permanently keeps the memory that its largest request needed.
A limit that was set explicitly does not change (mallopt(3), M_MMAP_THRESHOLD).
"""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

#: Maximum number of heaps of a process, regardless of its number of threads.
HEAPS = 2

#: Bytes from which a block comes directly from the system; glibc's initial value.
LARGE = 128 * 1024


def give_back_large_blocks() -> bool:
    """Stop this process's heaps from keeping free large blocks. Return whether the C library supports this.

    Only glibc needs it: other libraries have no such function, or return free memory anyway.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    # Without a limit there are eight heaps for each processor, and each keeps the pages that its largest request left in use.
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE)) and bool(mallopt(_M_ARENA_MAX, HEAPS))
