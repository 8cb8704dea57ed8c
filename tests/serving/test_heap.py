"""The C library's heap keeps nothing large that is free."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gateway.serving import heap

MEGABYTE = 1024 * 1024

#: Prints by how many bytes a process has grown after large blocks in a thread, one after the other.
_GROWN = """
import os, sys, threading
from gateway.serving import heap

def resident():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def work():
    for _ in range(4):
        bytearray(b"x" * 8_000_000)

if sys.argv[1] == "given back":
    heap.give_back_large_blocks()
before = resident()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc says how large a process is")
def test_what_a_large_request_needed_is_given_back() -> None:
    if not heap.give_back_large_blocks():
        pytest.skip("another C library than glibc")

    def grown(way: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", _GROWN, way], capture_output=True, text=True, check=True, timeout=60
        )
        return int(done.stdout)

    assert grown("kept") > 10 * MEGABYTE
    assert grown("given back") < 2 * MEGABYTE
