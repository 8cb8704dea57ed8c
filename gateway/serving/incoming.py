"""The bytes of a request while they arrive, before a thread is given to it.

Slow clients wait here: `Incoming` is fed by the worker's poller, and reports when a thread can read the request without waiting. It only
looks for the end of the head and of a small body. gunicorn parses the request afterwards and decides what its bytes mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gunicorn.http.errors import LimitRequestHeaders

#: Maximum seconds from the beginning of a request until its head is complete.
HEAD_TIME = 10.0

#: Maximum seconds from the end of the head until the body is complete. Each `SLOWEST` bytes that have arrived add one second.
BODY_TIME = 60.0

#: Minimum bytes per second that a client must send of a body, and read of a response.
SLOWEST = 16 * 1024

#: Seconds without a byte in the middle of a body after which the client is disconnected.
IDLE_TIMEOUT = 30.0

#: Maximum bytes of the request line and of the head.
LINE_LIMIT = 8190
HEAD_LIMIT = 64 * 1024

#: Bytes of a body that are collected before a thread is given to the request; a thread reads longer bodies itself.
COLLECTED = 64 * 1024

_END = b"\r\n\r\n"
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding|expect):[ \t]*([^\r\n]*)", re.IGNORECASE)
_CREDENTIALS = re.compile(rb"\r\n(authorization|x-api-key|x-ss-id|cookie):[ \t]*([^\r\n]+)", re.IGNORECASE)
#: The cookies that sign in; a site's other cookies may differ with each request.
_COOKIES = re.compile(rb"(?:^|[;, \t])(ss-(?:id|pid|tok)=[^;, \t]+)")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
_CHUNK_LINE_LIMIT = 1024
_PROBE = re.compile(
    rb"(?:GET|HEAD|OPTIONS) /(health|ready|metrics)/?(?:\.[a-z]+)?(?:\?[^ ]*)? HTTP/1\.[01]\r\n", re.IGNORECASE
)


class Incoming:
    """The part of one request that has arrived.

    :ivar data: its bytes, and those of later requests that the client sent with it.
    :ivar complete: `data` contains the complete body.
    :ivar awaits_continue: the client sends its body only after ``100 Continue``, or after a while.
    :ivar refusal: why the request is refused without being parsed.
    """

    def __init__(self, now: float) -> None:
        self.data = bytearray()
        self.complete = False
        self.awaits_continue = False
        self.refusal: Exception | None = None
        self._began = now
        self._head_end = 0
        self._length: int | None = 0
        self._next_chunk = 0
        self._body_began = 0.0

    def feed(self, data: bytes, now: float) -> bool:
        """Add bytes, and return whether a thread can take the request: it is complete, its body is long, or it is invalid.

        :param now: seconds of `time.monotonic`.
        """
        size_before = len(self.data)
        self.data += data
        if not self._head_end:
            end = self.data.find(_END, max(0, size_before - 3))
            if end < 0:
                return self._is_wrong(size_before)
            self._head_end = end + len(_END)
            self._body_began = now
            self._read_framing()
        if self._length is None:
            return self._has_all_chunks()
        self.complete = len(self.data) >= self._head_end + self._length
        return self.complete or self._length > COLLECTED

    @property
    def has_head(self) -> bool:
        """Return whether the head is complete."""
        return self._head_end > 0

    @property
    def probe(self) -> str:
        """Return ``health`` or ``ready`` if the request is such a probe and has no body, else an empty text."""
        match = _PROBE.match(self.data) if self._length == 0 else None
        return match[1].decode("ascii").lower() if match else ""

    @property
    def credentials(self) -> int:
        """Return a hash of the credentials in the headers; 0 if there are none."""
        values: list[bytes] = []
        for name, value in _CREDENTIALS.findall(self.data, 0, self._head_end):
            values += _COOKIES.findall(value) if name.lower() == b"cookie" else (value,)
        return hash(tuple(values)) if values else 0

    @property
    def body_deadline(self) -> float:
        """Return when the body must be complete, given the bytes that have arrived, in seconds of `time.monotonic`."""
        return self._body_began + BODY_TIME + (len(self.data) - self._head_end) / SLOWEST

    def deadline(self, now: float) -> float:
        """Return when the client is disconnected unless more bytes arrive, in seconds of `time.monotonic`."""
        return min(now + IDLE_TIMEOUT, self.body_deadline) if self._head_end else self._began + HEAD_TIME

    def _is_wrong(self, size_before: int) -> bool:
        if len(self.data) > HEAD_LIMIT:
            self.refusal = LimitRequestHeaders(f"The head of the request has more than {HEAD_LIMIT} bytes.")
        # gunicorn refuses these two without waiting for more.
        long_line = len(self.data) > LINE_LIMIT + 2 and self.data.find(b"\r\n", 0, LINE_LIMIT + 2) < 0
        # A line feed may complete a line whose carriage return was the last byte received before.
        start = max(0, size_before - 1) if self.data[size_before - 1 : size_before] == b"\r" else size_before
        bare = self.data.count(b"\n", start) != self.data.count(b"\r\n", start)
        return self.refusal is not None or long_line or bare

    def _read_framing(self) -> None:
        fields: Mapping[bytes, bytes] = {
            name.lower(): value.strip() for name, value in _FRAMING.findall(self.data, 0, self._head_end)
        }
        if not fields:
            return
        if b"transfer-encoding" in fields:
            self._length = None
            self._next_chunk = self._head_end
        elif (length := fields.get(b"content-length", b"0")).isdigit() and len(length) < 20:
            self._length = int(length)
        first_line = self.data[: self.data.find(b"\r\n")]
        self.awaits_continue = fields.get(b"expect", b"").lower() == b"100-continue" and first_line.endswith(b"/1.1")

    def _has_all_chunks(self) -> bool:
        while self._next_chunk <= len(self.data):
            chunk = _CHUNK.match(self.data, self._next_chunk)
            if chunk is None:
                # gunicorn refuses bytes that can no longer become a chunk's first line.
                if (
                    self.data.find(b"\n", self._next_chunk) >= 0
                    or len(self.data) > self._next_chunk + _CHUNK_LINE_LIMIT
                ):
                    return True
                break
            size, line_end = int(chunk[1], 16), chunk.end()
            if size == 0:
                self.complete = self.data.startswith(b"\r\n", line_end) or self.data.find(_END, line_end) >= 0
                break
            self._next_chunk = line_end + size + 2
        return self.complete or max(self._next_chunk, len(self.data)) > self._head_end + COLLECTED
