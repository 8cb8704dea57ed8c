"""Periodic checks of subscribers' credentials, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from queue import SimpleQueue

import structlog

from gateway.calls import Callers, Credentials, Principal, Remembering
from gateway.errors import Forbidden, NotAuthenticated, ServiceError
from gateway.events.subscriber import Subscriber, get_rights

log = structlog.get_logger("gateway")


class Rechecks:
    """Ends the streams of subscribers that have signed out or whose rights have changed: their clients reconnect with current rights.

    :param callers: authenticates callers; None if all are anonymous.
    :param end: ends a subscriber.
    """

    def __init__(self, callers: Callers | None, end: Callable[[Subscriber], None]) -> None:
        self._callers = callers
        self._end = end
        self._due: SimpleQueue[list[Subscriber]] = SimpleQueue()

    def start(self) -> None:
        """Start the thread, if callers are authenticated."""
        if self._callers is not None:
            threading.Thread(target=self._run, name="event callers", daemon=True).start()

    def look(self, subscribers: Iterable[Subscriber]) -> None:
        """Check these subscribers soon. If the thread is late, they are checked in their next turn."""
        due = [subscriber for subscriber in subscribers if subscriber.caller is not None]
        if self._callers is not None and due and self._due.empty():
            self._due.put(due)

    def _run(self) -> None:
        while True:
            callers: dict[Credentials, Principal | None] = {}
            for subscriber in self._due.get():
                try:
                    if subscriber.credentials not in callers:
                        callers[subscriber.credentials] = self._read_caller(subscriber.credentials)
                except ServiceError:
                    # The database is unavailable, or there were too many wrong passwords: neither is a reason to end a stream.
                    continue
                except Exception:
                    log.exception("events")
                    continue
                if get_rights(callers[subscriber.credentials]) != subscriber.view:
                    self._end(subscriber)

    def _read_caller(self, credentials: Credentials) -> Principal | None:
        assert self._callers is not None
        try:
            if isinstance(self._callers, Remembering):
                return self._callers.recheck(credentials)
            return self._callers.authenticate(credentials)
        except (NotAuthenticated, Forbidden):
            return None
