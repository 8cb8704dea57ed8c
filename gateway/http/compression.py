"""Compression of responses with gzip, if the client accepts it by name."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from gateway.http.request import Request
from gateway.http.response import Response
from models.engine.caches import Recent

#: Bodies up to this many bytes are not compressed.
SMALL = 1024

#: Types that are not compressed: most are compressed already.
_COMPRESSED = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "audio/",
    "video/",
    "application/zip",
    "application/gzip",
    # Each event must be sent at once.
    "text/event-stream",
)

#: Maximum number of cached compressed documents, and of bytes of one before compression: clients request the same session repeatedly.
_MOST_KEPT = 300
_LONGEST_KEPT = 16 * 1024

_GZIP = 31
_LEVEL = 5


class Compressing:
    """Middleware: gzip for bodies over `SMALL` bytes and for streams."""

    def __init__(self) -> None:
        self._kept: Recent[bytes, bytes] = Recent(_MOST_KEPT)

    def process_response(self, request: Request, response: Response, resource: Any, req_succeeded: bool) -> None:
        """Compress the body or stream, if there is one."""
        data = response.data
        if len(data) <= SMALL if data else response.stream is None:
            return
        fields = response.fields
        fields["vary"] = f"{fields.get('vary', 'Accept')}, Accept-Encoding"
        accepted = request.env.get("HTTP_ACCEPT_ENCODING")
        if not accepted or not wants_gzip(accepted) or fields.get("content-encoding"):
            return
        if fields.get("content-type", "").startswith(_COMPRESSED):
            return
        fields["content-encoding"] = "gzip"
        if not data:
            response.stream = CompressedStream(response.stream)
        elif len(data) <= _LONGEST_KEPT and request.env.get("REQUEST_METHOD") == "GET" and "etag" in fields:
            response.data = self._compressed(data)
        else:
            response.data = _compressed(data)

    def _compressed(self, data: bytes) -> bytes:
        """Return the document of a stored version, compressed once.

        PERF: for a version that is requested again, the document is the same object (`gateway.http.encoding`), whose hash is known.
        """
        compressed = self._kept.get(data)
        if compressed is None:
            compressed = _compressed(data)
            self._kept.keep(data, compressed)
        return compressed


def _compressed(data: bytes) -> bytes:
    compressor = zlib.compressobj(_LEVEL, wbits=_GZIP)
    return compressor.compress(data) + compressor.flush()


def wants_gzip(header: str | None) -> bool:
    """Return whether Accept-Encoding admits gzip by name (RFC 9110, 12.5.3); ``*`` alone does not count."""
    for part in header.split(",") if header else ():
        coding, _, parameters = part.partition(";")
        if coding.strip().lower() in ("gzip", "x-gzip"):
            return parameters.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


class CompressedStream:
    """A stream's blocks, compressed one by one so that none waits for the next."""

    def __init__(self, blocks: Any) -> None:
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        compressor = zlib.compressobj(_LEVEL, wbits=_GZIP)
        for block in self._blocks:
            yield compressor.compress(block) + compressor.flush(zlib.Z_SYNC_FLUSH)
        yield compressor.flush()

    def close(self) -> None:
        """Close the underlying stream."""
        close = getattr(self._blocks, "close", None)
        if close is not None:
            close()
