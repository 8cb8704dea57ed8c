"""The trace that a request belongs to (W3C Trace Context), for log lines. The front of an old host passes ``traceparent`` on.

If spans are made (`gateway.spans`), a `Tracer` makes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from models.engine.observed import Observer

_TRACEPARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-.*)?"
)


def trace_id(traceparent: str) -> str:
    """Return the id of the trace that the header names; empty for an invalid header."""
    match = _TRACEPARENT.fullmatch(traceparent.strip(" \t"))
    # Version 00 has nothing after its flags; later versions may.
    return "" if match is None or (match["more"] and match["version"] == "00") else match["trace"]


class RequestSpan(Protocol):
    """The span of a request.

    :ivar trace_id: the id of its trace, in 32 hexadecimal digits.
    """

    @property
    def trace_id(self) -> str:
        """The id of its trace."""
        ...

    def enter(self) -> None:
        """Make spans that this thread begins children of this span."""
        ...

    def leave(self) -> None:
        """Undo `enter`, in the same thread. Do nothing if `enter` was not called."""
        ...

    def end(self, name: str, attributes: Mapping[str, str | int | float | None], *, failed: bool) -> None:
        """End the span. Attributes that are None are omitted."""
        ...


class Tracer(Observer, Protocol):
    """Makes spans of requests, transactions and forwarded calls."""

    def request(self, method: str, path: str, environment: Mapping[str, Any]) -> RequestSpan:
        """Begin the span of a request, under the one that its headers name, and enter it."""
        ...

    def call(
        self, method: str, url: str, headers: MutableMapping[str, str]
    ) -> AbstractContextManager[Callable[[int], None]]:
        """Make the span of a call to another server, which ends with the block. The block gets a function that takes the response's status.

        :param headers: the headers that name the span for the other server, such as ``traceparent``, are added to them in lower case.
        :param url: the URL without its query, which may contain secrets.
        """
        ...
