"""A subscriber whose connection this process holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from socket import socket
from typing import Any

from gateway.calls import Credentials, Principal

#: Events that wait for a subscriber that does not read them.
QUEUE = 1000
#: Frames that are given to the system at once.
_AT_ONCE = 64


class SlowReader(Exception):
    """A subscriber leaves more than `QUEUE` events unread."""


class Subscriber:
    """A subscriber.

    :ivar id: the subscription's, which its client alone knows.
    :ivar caller: the subscriber's caller; None for an anonymous one.
    :ivar credentials: its credentials, which are rechecked during the subscription.
    :ivar subject: the facts that the subscription stores about it.
    :ivar view: subscribers of one view see the same.
    :ivar channels: names, in the order in which they were given.
    :ivar at: the position that it begins behind; while it is late, the position up to which it has everything.
    :ivar late: it still lacks events that others have.
    :ivar pulse: when its client sent a heartbeat, in seconds of `time.monotonic`; 0.0 for a client that has sent none.
    """

    # PERF: a process has thousands.
    __slots__ = (
        "_offset",
        "_queue",
        "at",
        "caller",
        "channels",
        "connection",
        "credentials",
        "id",
        "late",
        "pulse",
        "subject",
        "view",
    )

    def __init__(
        self,
        subscription_id: str,
        caller: Principal | None,
        credentials: Credentials,
        subject: Mapping[str, Any],
        channels: Sequence[str],
        at: int,
    ) -> None:
        self.id = subscription_id
        self.caller = caller
        self.credentials = credentials
        self.subject = subject
        self.view = rights(caller)
        self.channels = tuple(channels)
        self.at = at
        self.late = False
        self.pulse = 0.0
        self.connection: socket | None = None
        self._queue: deque[bytes] | None = None
        self._offset = 0

    @property
    def users(self) -> tuple[str, ...]:
        """By what names events for a user find this one."""
        if self.caller is None:
            return ()
        return tuple(dict.fromkeys(filter(None, (self.caller.user_id, self.caller.email.lower()))))

    @property
    def waiting(self) -> int:
        """Frames that were not sent yet."""
        return len(self._queue) if self._queue else 0

    def put(self, frame: bytes) -> None:
        """Add a frame to those that `flush` sends. Raises SlowReader."""
        if self._queue is None:
            self._queue = deque()
        elif len(self._queue) >= QUEUE:
            raise SlowReader
        self._queue.append(frame)

    def flush(self) -> bool:
        """Send what the connection takes now, and return whether that is all.

        :raises OSError: when the client has left.
        """
        queue = self._queue
        while queue:
            assert self.connection is not None
            first = memoryview(queue[0])[self._offset :]
            # PERF: mostly there is one.
            more = [queue[index] for index in range(1, min(len(queue), _AT_ONCE))]
            try:
                sent = self.connection.sendmsg([first, *more]) if more else self.connection.send(first)
            except BlockingIOError:
                return False
            self._offset += sent
            while queue and self._offset >= len(queue[0]):
                self._offset -= len(queue.popleft())
        self._queue = None
        return True


def rights(caller: Principal | None) -> tuple[Any, ...]:
    """Return the facts that decide what a caller may see."""
    return () if caller is None else (caller.user_id, caller.roles, caller.account_ids, caller.permissions)
