"""A subscriber whose connection this process holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from socket import socket
from typing import Any

from gateway.calls import Credentials, Principal

#: Maximum number of events that wait for a subscriber.
QUEUE = 1000
#: Maximum number of frames in one system call.
_AT_ONCE = 64


class SlowReader(Exception):
    """A subscriber leaves more than `QUEUE` events unread."""


class Subscriber:
    """A subscriber.

    :ivar id: the subscription's id, which only its client knows.
    :ivar caller: the subscriber's caller; None for an anonymous one.
    :ivar credentials: its credentials, which are rechecked during the subscription.
    :ivar subject: the facts that the subscription stores about it.
    :ivar view: subscribers with the same view see the same.
    :ivar channels: names, in the client's order.
    :ivar at: the position after which it begins; while it is late, the position up to which it has all events.
    :ivar late: it still lacks events that others have.
    :ivar pulse: the time of its client's last heartbeat, in seconds of `time.monotonic`; 0.0 for a client that has sent none.
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
        self.view = get_rights(caller)
        self.channels = tuple(channels)
        self.at = at
        self.late = False
        self.pulse = 0.0
        self.connection: socket | None = None
        self._queue: deque[bytes] | None = None
        self._offset = 0

    @property
    def users(self) -> tuple[str, ...]:
        """Return the names by which events for a user reach this subscriber."""
        if self.caller is None:
            return ()
        return tuple(dict.fromkeys(filter(None, (self.caller.user_id, self.caller.email.lower()))))

    @property
    def waiting(self) -> int:
        """Return the number of frames that were not sent yet."""
        return len(self._queue) if self._queue else 0

    def put(self, frame: bytes) -> None:
        """Queue a frame for `flush`. Raises SlowReader."""
        if self._queue is None:
            self._queue = deque()
        elif len(self._queue) >= QUEUE:
            raise SlowReader
        self._queue.append(frame)

    def flush(self) -> bool:
        """Send as many frames as the connection accepts now, and return whether all were sent.

        :raises OSError: when the client has left.
        """
        queue = self._queue
        while queue:
            assert self.connection is not None
            first = memoryview(queue[0])[self._offset :]
            # PERF: usually there is only one.
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


def get_rights(caller: Principal | None) -> tuple[Any, ...]:
    """Return the facts that decide what a caller may see."""
    return () if caller is None else (caller.user_id, caller.roles, caller.account_ids, caller.permissions)
