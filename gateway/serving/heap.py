"""Limits for the C library's heap, so that it returns unused memory.

glibc has a heap for each few threads. Blocks from 128 kB on are the system's, and go back to it when they are free; but the first large one
that does so moves that limit up, to as much as 32 MB, and from then on each heap keeps what its largest request needed, for ever. A limit
that was set stays where it is (mallopt(3), M_MMAP_THRESHOLD).
"""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

#: Heaps of a process, however many threads it has.
HEAPS = 2

#: Bytes from which on a block is the system's; glibc's own beginning.
LARGE = 128 * 1024


def give_back_large_blocks() -> bool:
    """Let no heap of this process keep large blocks that are free; whether the C library knows how to.

    Only glibc needs it: others have no such function, or give back what is free anyway.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    # Without a limit there are eight heaps for each processor, and each keeps the pages that its largest request left in use.
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE)) and bool(mallopt(_M_ARENA_MAX, HEAPS))
