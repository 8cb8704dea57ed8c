"""Time limits for the arrival of the old host's responses. A host that sends a byte now and then is as bad as a silent one."""

from __future__ import annotations

import http.client
import io
import math
import socket
import time
from typing import Any

#: Bytes that add one second to the time that the rest of a response may take.
BYTES_PER_SECOND = 16 * 1024
#: Seconds for a body of unknown length, such as a list that is generated while it is sent.
STREAMED = 3600.0
#: Streams of this type last as long as a client reads them.
_EVENTS = "text/event-stream"


class _ArrivingBytes(io.RawIOBase):
    """The bytes of a connection. The total waiting time is limited; time without a read does not count.

    :ivar left: remaining seconds; each `BYTES_PER_SECOND` bytes add one.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)
        silence = sock.gettimeout()
        self._silence = math.inf if silence is None else silence
        self.left = self._silence

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what has arrived. Raises TimeoutError when the host is silent for too long, or no time is left."""
        if self.left <= 0:
            raise TimeoutError("the response takes too long")
        patience = min(self._silence, self.left)
        self._socket.settimeout(None if patience == math.inf else patience)
        began = time.monotonic()
        size = self._raw.readinto(buffer)
        self.left += (size or 0) / BYTES_PER_SECOND - (time.monotonic() - began)
        return size

    def allow(self, seconds: float | None = None) -> None:
        """Limit the rest to this many seconds; by default the timeout of the connection."""
        self.left = self._silence if seconds is None else seconds

    def close(self) -> None:
        """Close the file, and restore the timeout of a connection that is kept."""
        if not self.closed:
            self._raw.close()
            if self._socket.fileno() >= 0:
                self._socket.settimeout(None if self._silence == math.inf else self._silence)
        super().close()


class Response(http.client.HTTPResponse):
    """A response whose head must arrive within the connection's timeout, and whose body must arrive at about 16 kB/s.

    A body of unknown length may take an hour; an event stream has no limit.
    """

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        self._arriving = _ArrivingBytes(sock)
        super().__init__(_File(self._arriving), *args, **kwargs)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Read the head. Raises TimeoutError, HTTPException."""
        super().begin()
        if self.length is not None:
            self._arriving.allow()
        elif self.headers.get_content_type() == _EVENTS:
            self._arriving.allow(math.inf)
        else:
            self._arriving.allow(STREAMED)

    def hasten(self) -> None:
        """Limit a body of unknown length like one with a length."""
        self._arriving.allow()


class _File:
    """A substitute for a socket, from which the standard library makes one file."""

    def __init__(self, arriving: _ArrivingBytes) -> None:
        self._arriving = arriving

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._arriving)
