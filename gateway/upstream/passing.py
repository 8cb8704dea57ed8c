"""A copy of a request and its response, taken while they pass, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any


class Tee:
    """A request's body that is copied while it is read.

    :ivar data: the copy, of at most `most` bytes.
    """

    def __init__(self, stream: Any, most: int) -> None:
        self._stream = stream
        self._most = most
        self.data = bytearray()
        self.overflowed = False

    def read(self, size: int = -1) -> bytes:
        """Read some bytes."""
        block: bytes = self._stream.read(size)
        if len(self.data) + len(block) > self._most:
            self.overflowed = True
        else:
            self.data += block
        return block

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Passing:
    """One request and its response.

    :param most: maximum bytes that are copied of each body.
    :param done: called once, when the response has passed completely; not called for one that broke off.
    :ivar environment: the WSGI environment as received.
    """

    def __init__(self, environment: dict[str, Any], most: int, done: Callable[[Passing], None]) -> None:
        self.environment: Mapping[str, Any] = dict(environment)
        self._most = most
        self._done = done
        self._tee = environment["wsgi.input"] = Tee(environment["wsgi.input"], most)
        self.status = 0
        self.reason = ""
        self.headers: list[tuple[str, str]] = []
        self._response_body = bytearray()
        self._overflowed = False

    @property
    def body(self) -> bytes:
        """Return the request's body."""
        return bytes(self._tee.data)

    @property
    def response_body(self) -> bytes:
        """Return the response's body."""
        return bytes(self._response_body)

    @property
    def is_complete(self) -> bool:
        """Return whether both bodies were copied completely."""
        return not (self._tee.overflowed or self._overflowed)

    def start(self, start_response: Callable[..., Any]) -> Callable[..., Any]:
        """Return a ``start_response`` that copies the head."""

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            code, _, self.reason = status.partition(" ")
            self.status, self.headers = int(code), [*headers]
            return start_response(status, headers, *more)

        return start

    def blocks(self, blocks: Iterable[bytes]) -> Iterable[bytes]:
        """Return a response's body that is copied while it is sent."""
        return _Copied(blocks, self)

    def add(self, block: bytes) -> None:
        """Copy a block of the response."""
        if len(self._response_body) + len(block) > self._most:
            self._overflowed = True
        else:
            self._response_body += block

    def end(self) -> None:
        """Report that the response has passed."""
        self._done(self)


class _Copied:
    def __init__(self, blocks: Iterable[bytes], passing: Passing) -> None:
        self._blocks = blocks
        self._passing = passing
        self._is_complete = False

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self._passing.add(block)
            yield block
        self._is_complete = True

    def close(self) -> None:
        """Close the body, and report that it has passed."""
        close = getattr(self._blocks, "close", None)
        try:
            if close is not None:
                close()
        finally:
            if self._is_complete:
                self._is_complete = False
                self._passing.end()


def find_header(headers: Iterable[tuple[str, str]], name: str) -> str:
    """Return the first header of a name in lower case; empty if there is none."""
    return next((value for header_name, value in headers if header_name.lower() == name), "")
