"""Whether those who listen may still do so: their credentials are looked at anew, in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from queue import SimpleQueue

import structlog

from gateway.calls import Callers, Credentials, Principal, Remembering
from gateway.errors import Forbidden, NotAuthenticated, ServiceError
from gateway.events.subscriber import Subscriber, rights

log = structlog.get_logger("gateway")


class Rechecks:
    """Ends subscribers who have signed out, or have other rights by now: their clients connect anew, as whoever they are then.

    :param callers: who knows the senders of requests; None where everybody is a stranger.
    :param end: ends a subscriber.
    """

    def __init__(self, callers: Callers | None, end: Callable[[Subscriber], None]) -> None:
        self._callers = callers
        self._end = end
        self._due: SimpleQueue[list[Subscriber]] = SimpleQueue()

    def start(self) -> None:
        """Start the thread, where there is anything to look at."""
        if self._callers is not None:
            threading.Thread(target=self._run, name="event callers", daemon=True).start()

    def look(self, subscribers: Iterable[Subscriber]) -> None:
        """Look at these soon. While the thread is late, they wait for their next turn."""
        due = [each for each in subscribers if each.caller is not None]
        if self._callers is not None and due and self._due.empty():
            self._due.put(due)

    def _run(self) -> None:
        while True:
            known: dict[Credentials, Principal | None] = {}
            for subscriber in self._due.get():
                try:
                    if subscriber.credentials not in known:
                        known[subscriber.credentials] = self._caller(subscriber.credentials)
                except ServiceError:
                    # The database is away, or there were too many wrong passwords: that is no reason to end anything.
                    continue
                except Exception:
                    log.exception("events")
                    continue
                if rights(known[subscriber.credentials]) != subscriber.view:
                    self._end(subscriber)

    def _caller(self, credentials: Credentials) -> Principal | None:
        assert self._callers is not None
        try:
            if isinstance(self._callers, Remembering):
                return self._callers.recheck(credentials)
            return self._callers.authenticate(credentials)
        except (NotAuthenticated, Forbidden):
            return None
