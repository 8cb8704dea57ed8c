"""The probes: whether the process responds, and whether its database does."""

from __future__ import annotations

import threading
from collections.abc import Callable

import falcon

from gateway.errors import Unavailable
from gateway.http.request import Request
from gateway.transactions import probe
from models import Database

#: Seconds that ``/ready`` waits for the database.
PATIENCE = 2.0


class HealthResource:
    """``/health``: the process responds."""

    def on_get(self, request: Request, response: falcon.Response) -> None:
        """Respond 200 whenever the process can respond."""
        _respond(request, response, "ok")

    on_head = on_get


class ReadyResource:
    """``/ready``: the database responds and, on SQLite, accepts writes.

    :param database: one with a connection that requests do not use, so that they can't delay the probe; None if there is none.
    """

    def __init__(self, database: Database | None) -> None:
        self._check = Check(lambda: probe(database))

    def on_get(self, request: Request, response: falcon.Response) -> None:
        """Respond 200 if the database responds within `PATIENCE` seconds, else 503 with Retry-After."""
        self._check.pass_within(PATIENCE)
        _respond(request, response, "ready")

    on_head = on_get


class Check:
    """A check that may hang. It runs once at a time, and all concurrent callers share its result.

    :param ask: raises when the check fails.
    """

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._running: _Asked | None = None

    def pass_within(self, seconds: float) -> None:
        """Return when the check succeeds.

        :raises Unavailable: when it takes longer.
        :raises Exception: what the check raises.
        """
        with self._lock:
            if self._running is None or not self._running.is_alive():
                self._running = _Asked(self._ask)
                self._running.start()
            running = self._running
        running.join(seconds)
        if running.is_alive():
            raise Unavailable(f"The database did not respond within {seconds:g} s.")
        if running.failure is not None:
            raise running.failure


class _Asked(threading.Thread):
    def __init__(self, ask: Callable[[], object]) -> None:
        super().__init__(name="check", daemon=True)
        self._ask = ask
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            self._ask()
        except Exception as error:
            self.failure = error


def _respond(request: Request, response: falcon.Response, status: str) -> None:
    response.content_type = request.negotiation.content_type
    response.data = request.negotiation.serializer.encode({"status": status})
