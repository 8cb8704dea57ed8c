"""What a subscriber reads, as ServiceStack's clients parse it."""

from __future__ import annotations

import json
import socket
import time
from typing import Any, NamedTuple

#: Seconds that anything may take here, on a busy machine too.
PATIENCE = 30.0


class Message(NamedTuple):
    """One event."""

    id: int
    channel: str
    selector: str
    body: Any


def parse(frame: str) -> Message:
    """One frame: an id, and data whose first blank ends the selector."""
    number, data = frame.split("\n")
    assert number.startswith("id: "), frame
    assert data.startswith("data: "), frame
    selector, _, body = data.removeprefix("data: ").partition(" ")
    channel, at, rest = selector.partition("@")
    return Message(int(number[4:]), channel if at else "", rest if at else selector, json.loads(body) if body else None)


class Stream:
    """One end of a stream.

    :ivar head: the lines of the response's head, where there is one.
    """

    def __init__(self, connection: socket.socket, *, has_head: bool = False) -> None:
        self.connection = connection
        self._rest = ""
        self.head: list[str] = []
        if has_head:
            while "\r\n\r\n" not in self._rest:
                assert self._receive(PATIENCE), self._rest
            head, _, self._rest = self._rest.partition("\r\n\r\n")
            self.head = head.split("\r\n")

    def _receive(self, seconds: float) -> bool:
        self.connection.settimeout(seconds)
        data = self.connection.recv(65_536)
        self._rest += data.decode()
        return bool(data)

    def next(self, seconds: float = PATIENCE) -> Message:
        """The next event. Raises TimeoutError, and EOFError at the end of the stream."""
        deadline = time.monotonic() + seconds
        while True:
            self._rest = self._rest.lstrip("\n")
            frame, end, rest = self._rest.partition("\n\n")
            if end:
                self._rest = rest
                return parse(frame)
            if not self._receive(max(0.001, deadline - time.monotonic())):
                raise EOFError(self._rest)

    def until(self, selector: str) -> Message:
        """The next event of a selector; others are passed over."""
        while (message := self.next()).selector != selector:
            pass
        return message

    def events(self, count: int) -> list[Message]:
        """So many events that are no commands."""
        messages: list[Message] = []
        while len(messages) < count:
            message = self.next()
            if not message.selector.startswith("cmd."):
                messages.append(message)
        return messages

    def is_silent(self, seconds: float = 0.4) -> bool:
        """Whether nothing but commands comes for a while."""
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                if not self.next(deadline - time.monotonic()).selector.startswith("cmd."):
                    return False
        except TimeoutError:
            pass
        return True

    def ends(self) -> bool:
        """Whether the stream ends."""
        try:
            while True:
                self.next()
        except EOFError:
            return True
        except TimeoutError:
            return False
