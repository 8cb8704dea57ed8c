"""The trace that a request belongs to (W3C Trace Context), for log lines. The front of an old host passes ``traceparent`` on.

Where spans are made (`gateway.spans`), a `Tracer` makes them.
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
    """Return the id of the trace that the header names; empty where it is not valid."""
    found = _TRACEPARENT.fullmatch(traceparent.strip(" \t"))
    # Version 00 has nothing behind its flags; later versions may.
    return "" if found is None or (found["more"] and found["version"] == "00") else found["trace"]


class RequestSpan(Protocol):
    """The span of a request.

    :ivar trace_id: its trace, in 32 hexadecimal digits.
    """

    @property
    def trace_id(self) -> str:
        """Its trace."""
        ...

    def enter(self) -> None:
        """Let spans that this thread begins be parts of it."""
        ...

    def leave(self) -> None:
        """End what `enter` began, in the same thread. Does nothing if nothing was begun."""
        ...

    def end(self, name: str, attributes: Mapping[str, str | int | float | None], *, failed: bool) -> None:
        """End the span. Attributes that are None are left out."""
        ...


class Tracer(Observer, Protocol):
    """Makes spans of requests, transactions and forwarded calls."""

    def request(self, method: str, path: str, environment: Mapping[str, Any]) -> RequestSpan:
        """Begin the span of a request, under the one that its headers name, and enter it."""
        ...

    def call(
        self, method: str, url: str, headers: MutableMapping[str, str]
    ) -> AbstractContextManager[Callable[[int], None]]:
        """Make the span of a call to another server, as long as the block lasts. What the block gets takes the status of the response.

        :param headers: get those that tell the other server of the span, ``traceparent`` for example, in lower case.
        :param url: without a query, which may have secrets.
        """
        ...
