"""Shadow calls: the old host responds, and then the handler here gets a copy of the request, in another thread.

The caller does not wait for it. A call that writes runs only if its operation allows it, in a unit of work that is rolled back.
"""

from __future__ import annotations

import atexit
import io
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import structlog

from gateway.contract.catalog import Operation
from gateway.errors import ConfigurationError
from gateway.logs import Rarely
from gateway.upstream.comparing import OF_WRITES, Response, find_differences, make_pattern
from gateway.upstream.passing import Passing
from gateway.upstream.report import Counts
from serializers.registry import Registry

#: Maximum number of waiting calls in a process, seconds after which a waiting call is dropped, and maximum bytes of a body.
WAITING = 100
LATE = 10.0
LARGEST = 1024 * 1024
#: Seconds between two additions to the report.
_SAVED = 0.5
#: Variables that a copy of a request omits: the caller's connection, and conditions that would change the response.
_LEFT_OUT = frozenset(
    {
        "HTTP_ACCEPT_ENCODING",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_NONE_MATCH",
        "HTTP_RANGE",
        "HTTP_TRANSFER_ENCODING",
        "wsgi.input_terminated",
    }
)

log = structlog.get_logger("gateway")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Call(NamedTuple):
    operation: Operation
    passing: Passing
    arrival: float


class Shadows:
    """Runs the shadow calls of one process.

    :param masks: fields that may differ, by operation; an empty name means all operations.
    :ivar application: runs the handlers; their writes are rolled back.
    """

    def __init__(self, counts: Counts, masks: dict[str, Sequence[str]]) -> None:
        self.counts = counts
        self.application: Application | None = None
        self.registry: Registry | None = None
        self._masks = {name.lower(): fields for name, fields in masks.items()}
        self._waiting: queue.Queue[_Call] = queue.Queue(WAITING)
        self._process = 0
        self._lock = threading.Lock()
        self._rarely = Rarely()

    def takes(self, operation: Operation, environment: dict[str, Any]) -> bool:
        """Return whether the handler here gets a copy of a request. Other requests are counted as skipped."""
        batched = environment.get("PATH_INFO", "").rstrip("/").partition(".")[0].endswith("[]")
        writes = operation.writes and not operation.shadow_writes
        large = int(environment.get("CONTENT_LENGTH") or 0) > LARGEST
        if batched or writes or large or operation.signs_in or environment["REQUEST_METHOD"] == "OPTIONS":
            self.counts.count(operation.name, "skipped")
            self._begin()
            return False
        return True

    def run(self, operation: Operation, passing: Passing) -> None:
        """Queue a copy of a request for the handler here."""
        too_large = max(len(passing.body), len(passing.response_body)) > LARGEST
        if too_large or not passing.is_complete or passing.status in (304, 206):
            self.counts.count(operation.name, "skipped")
            return
        self._begin()
        try:
            self._waiting.put_nowait(_Call(operation, passing, time.monotonic()))
        except queue.Full:
            self.counts.count(operation.name, "dropped")

    def _begin(self) -> None:
        """Start the thread, if this process has none."""
        if self._process == os.getpid():
            return
        with self._lock:
            if self._process != os.getpid():
                self._process = os.getpid()
                atexit.register(self.save)
                threading.Thread(target=self._run_calls, name="shadow", daemon=True).start()

    def _run_calls(self) -> None:
        next_save = time.monotonic() + _SAVED
        while True:
            with suppress(queue.Empty):
                call = self._waiting.get(timeout=_SAVED)
                try:
                    self._compare(call)
                except Exception:
                    log.exception("a shadow call failed", operation=call.operation.name)
                    self.counts.count(call.operation.name, "different", ["(failed)"])
                finally:
                    self._waiting.task_done()
            if time.monotonic() >= next_save:
                next_save = time.monotonic() + _SAVED
                self.save()

    def save(self) -> None:
        """Add the counts to the report."""
        try:
            self.counts.save()
        except (OSError, ConfigurationError) as error:
            if (unlogged := self._rarely.admit("report")) is not None:
                log.warning("the report can't be written", reason=str(error), unlogged=unlogged)

    def _compare(self, call: _Call) -> None:
        name = call.operation.name
        if time.monotonic() - call.arrival > LATE:
            self.counts.count(name, "dropped")
            return
        passing = call.passing
        old = Response(passing.status, passing.headers, passing.response_body)
        differences = find_differences(
            call.operation, self._formats, old, self._run_handler(passing), self.masks(call.operation)
        )
        self.counts.count(
            name, "different" if differences else "alike", [make_pattern(differences[0].path)] if differences else ()
        )

    @property
    def _formats(self) -> Registry:
        assert self.registry is not None
        return self.registry

    def masks(self, operation: Operation) -> Sequence[str]:
        """Return the fields of an operation that may differ."""
        usual = OF_WRITES if operation.writes else ()
        return (*self._masks.get(operation.name.lower(), usual), *self._masks.get("", ()))

    def _run_handler(self, passing: Passing) -> Response:
        assert self.application is not None
        environment = {
            name: value
            for name, value in passing.environment.items()
            if name not in _LEFT_OUT and not name.startswith(("gateway.", "gunicorn."))
        }
        environment["wsgi.input"] = io.BytesIO(passing.body)
        environment["CONTENT_LENGTH"] = str(len(passing.body)) if passing.body else ""
        environment["HTTP_X_REQUEST_ID"] = f"{environment.get('HTTP_X_REQUEST_ID', '')[:57]}-shadow"
        seen: list[tuple[int, list[tuple[str, str]]]] = []
        blocks = self.application(environment, lambda status, headers, *_: seen.append((int(status[:3]), headers)))
        try:
            body = b"".join(blocks)
        finally:
            close = getattr(blocks, "close", None)
            if close is not None:
                close()
        return Response(seen[0][0], seen[0][1], body)

    def finish(self) -> None:
        """Wait until all queued calls have run, and save the report. For tests, and the end of a process."""
        if self._process == os.getpid():
            self._waiting.join()
        self.save()
