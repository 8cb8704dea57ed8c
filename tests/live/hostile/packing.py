"""Bodies compressed: rightly, wrongly, and to next to nothing."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from random import Random

MEGABYTE = 1024 * 1024


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


_PACKERS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", _raw_deflate),
    ("identity", bytes),
    ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    ("deflate, gzip", lambda data: gzip.compress(zlib.compress(data))),
    (", ".join(["gzip"] * 9), gzip.compress),
    ("br", bytes),
    ("gzip", bytes),
    ("deflate", lambda data: zlib.compress(data)[:-3]),
    ("gzip", lambda data: gzip.compress(data) + data),
    ("gzip", lambda data: gzip.compress(data) * 2),
)


def packed(random: Random, data: bytes) -> tuple[str, bytes]:
    """A Content-Encoding and the body in it; one in ten is a bomb of 20 MB, or twice that in two layers."""
    if random.random() < 0.1:
        return random.choice(BOMBS)
    encoding, pack = random.choice(_PACKERS)
    return encoding, pack(data)


_ZEROS = bytes(20 * MEGABYTE)
BOMBS = (
    ("gzip", gzip.compress(_ZEROS)),
    ("deflate", zlib.compress(_ZEROS)),
    ("deflate", _raw_deflate(_ZEROS)),
    ("gzip, gzip", gzip.compress(gzip.compress(_ZEROS))),
    # Under the limit, and all the harder to read.
    ("gzip", gzip.compress(b"[" * 9 * MEGABYTE)),
    ("gzip", gzip.compress(b'{"a":"' + b"b" * 9 * MEGABYTE + b'"}')),
    ("gzip", gzip.compress(b" " * 9 * MEGABYTE)),
)
