"""The budget of one request: seconds, rows and bytes. Loops check it, so that no request can cost more than its limits.

A batch has one budget for all its calls. A streamed list has larger limits, because it holds few rows at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import OutOfTime, ResponseTooLarge


@dataclass(frozen=True, slots=True)
class Allowance:
    """The most that a request may use.

    :ivar seconds: from its admission to the end of its response.
    :ivar rows: rows that are read; a row that is written counts as five (`models.engine.database.WRITTEN`).
    :ivar bytes: bytes of the response before compression, and of the long texts that are read for it.
    :ivar statement: seconds that one statement of a reading unit of work may take; None for no limit.
    """

    seconds: float = 30
    rows: int = 100_000
    bytes: int = 8 * 1024 * 1024
    statement: float | None = 5


#: Seconds after which a request is a long one, and lets short ones go first.
FREE = 0.05

#: The default budget of streamed lists.
STREAMED = Allowance(seconds=3600, rows=1_000_000_000, bytes=64 * 1024**3, statement=30)


class Budget:
    """The remaining budget of a request.

    :param pause: lets other requests go first, if there are any; its argument is the number of seconds since the last pause.
    :ivar statement: see `Allowance`.
    """

    __slots__ = ("_began", "_limits", "_pause", "_read", "_rows", "_since", "_written", "statement")

    def __init__(self, limits: Allowance, pause: Callable[[float], None] | None = None) -> None:
        self._limits = limits
        self._pause = pause
        self._began = self._since = time.monotonic()
        self._rows = self._read = self._written = 0
        self.statement = limits.statement

    def pause(self) -> None:
        """Yield to other requests. The request must hold no locks during the call."""
        if self._pause is None:
            return
        now = time.monotonic()
        if now > self._began + FREE:
            self._pause(now - self._since)
            now = time.monotonic()
        self._since = now

    def check_time(self) -> None:
        """Raise OutOfTime when the seconds are used up."""
        if time.monotonic() - self._began > self._limits.seconds:
            raise OutOfTime(
                f"The request took more than the {self._limits.seconds:g} seconds that it may take. Ask for less."
            )

    def spend(self, rows: int, size: int = 0) -> None:
        """Count rows and the bytes of their long texts.

        :raises OutOfTime: when the seconds are used up.
        :raises ResponseTooLarge: when the rows or bytes are.
        """
        # PERF: checked inline, to save a call.
        if time.monotonic() - self._began > self._limits.seconds:
            self.check_time()
        self._rows += rows
        self._read += size
        if self._rows > self._limits.rows:
            raise ResponseTooLarge(
                f"The request needs more than the {self._limits.rows:,} rows that it may use. Ask for less: "
                "fewer items on a page, more filters, or smaller batches."
            )
        if self._read > self._limits.bytes:
            raise self._too_large()

    def write(self, size: int) -> None:
        """Count bytes of the response, and let other requests go first.

        :raises OutOfTime: when the seconds are used up.
        :raises ResponseTooLarge: when the bytes are.
        """
        if self._pause is not None:
            self.pause()
        if time.monotonic() - self._began > self._limits.seconds:
            self.check_time()
        self._written += size
        if self._written > self._limits.bytes:
            raise self._too_large()

    def holder(self) -> Callable[[int], None]:
        """Return a function that counts bytes held before they are written, with the same limits but separately from `write`."""
        held_bytes = 0

        def hold(size: int) -> None:
            nonlocal held_bytes
            self.pause()
            self.check_time()
            held_bytes += size
            if held_bytes > self._limits.bytes:
                raise self._too_large()

        return hold

    def _too_large(self) -> ResponseTooLarge:
        return ResponseTooLarge(
            f"The response would have more than the {self._limits.bytes:,} bytes that it may have. Ask for less: fewer items on a "
            "page, more filters, smaller batches, or a list with all=true."
        )
