"""Log lines by structlog: text for a terminal, JSON for machines. Everything goes to standard error, gunicorn's lines too.

A server's lines go through a `LogQueue`, so that they never fail or delay a request.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

import structlog

from gateway.log_queue import LogQueue
from gateway.terminal import printable

#: Seconds in which a cause of one kind is logged once.
RARELY = 60.0


class Line(NamedTuple):
    """What the log says of a request: who asked for what, how it ended, and how long it took.

    :ivar format: name of the answer's format.
    :ivar operation: the operation's name; None where the address has none.
    :ivar user: the signed-in user's id; None where nobody is.
    :ivar ms: milliseconds, of a stream to its end.
    :ivar size: bytes of a streamed response's body that were given to the server; None for other responses.
    :ivar outcome: how a stream ended: ``complete``, ``client left`` or ``failed``.
    :ivar email: the signed-in user's e-mail address; None where nobody is. Text lines show it.
    """

    request_id: str
    method: str
    path: str
    status: int
    format: str
    operation: str | None
    user: str | None
    ms: float
    size: int | None = None
    outcome: str | None = None
    email: str | None = None


class _Current(threading.local):
    """The request that this thread answers.

    :ivar request_id: its id; empty before it is known.
    """

    request_id: str = ""


current = _Current()


class Rarely:
    """Admits one of the things of a kind in `RARELY` seconds, and counts the others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._admitted: dict[Hashable, float] = {}
        self._passed: dict[Hashable, int] = {}

    def admit(self, kind: Hashable) -> int | None:
        """Return how many of this kind were not admitted since the last one that was; None if this one is not."""
        now = self._clock()
        if now - self._admitted.get(kind, -RARELY) < RARELY:
            self._passed[kind] = self._passed.get(kind, 0) + 1
            return None
        self._admitted[kind] = now
        return self._passed.pop(kind, 0)


def _descriptor(stream: Any) -> int | None:
    """The file descriptor of a stream; None for one in memory."""
    try:
        return int(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return None


def configure(style: str, *, queued: bool = False) -> None:
    """Set up logging for this process.

    :param style: ``text`` or ``json``.
    :param queued: replace standard error by a `LogQueue`; for servers.
    """
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        _add_request_id,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any
    if style == "text":
        shared.append(_escape)
        renderer = structlog.dev.ConsoleRenderer(colors=_has_colors(), exception_formatter=_format_exception)
    else:
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    descriptor = None if isinstance(sys.stderr, LogQueue) else _descriptor(sys.stderr)
    if queued and descriptor is not None:
        sys.stderr = LogQueue(descriptor, lambda count: _notice(count, [*shared, renderer]))
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


def _add_request_id(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    if current.request_id:
        event.setdefault("request_id", current.request_id)
    return event


def _escape(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    # SECURITY: paths, names and messages may hold sequences that a terminal obeys.
    return {name: printable(value) if isinstance(value, str) else value for name, value in event.items()}


def _format_exception(target: Any, exc_info: Any) -> None:
    # SECURITY: structlog's default shows local variables, secrets too, if rich happens to be installed.
    text = io.StringIO()
    structlog.dev.plain_traceback(text, exc_info)
    target.write(printable(text.getvalue(), kept="\n"))


def _notice(count: int, processors: list[Any]) -> str:
    event: Any = {"event": "log lines were dropped", "count": count}
    for processor in processors:
        event = processor(None, "warning", event)
    return f"{event}\n"


def _has_colors() -> bool:
    """Return whether lines are coloured: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def request_writer(style: str) -> Callable[[Line], None]:
    """What writes the line of a request.

    PERF: a line is written without structlog, whose processors take as long as the rest of a small request.
    """
    if style == "json":
        return _write_json
    colors = _has_colors()
    return lambda line: _write_text(line, colors=colors)


#: Terminal colours of a status by its first digit.
_COLORS = {"2": "32", "3": "36", "4": "33", "5": "31"}


def _write_text(line: Line, *, colors: bool) -> None:
    """Write ``2026-11-27T07:10:00Z POST /sessions 200 5.7 ms ann@example.org request_id=…``."""
    now = datetime.now(UTC).isoformat(timespec="seconds")[:-6]
    status = str(line.status)
    shown = f"\x1b[{_COLORS[status[0]]}m{status}\x1b[0m" if colors and status[0] in _COLORS else status
    caller = line.email or line.user
    parts = [
        f"{now}Z {printable(line.method)} {printable(line.path)} {shown} {line.ms:.1f} ms",
        *([printable(caller)] if caller else []),
        *([] if line.outcome is None else [f"bytes={line.size}", f"outcome={line.outcome!r}"]),
        f"request_id={printable(line.request_id)}",
    ]
    sys.stderr.write(" ".join(parts) + "\n")


def _write_json(line: Line) -> None:
    request_id, method, path, status, format_, operation, user, ms, size, outcome, _ = line
    text = encode_basestring_ascii
    stream = "" if outcome is None else f',"bytes":{size},"outcome":"{outcome}"'
    now = datetime.now(UTC).isoformat(timespec="microseconds")[:-6]
    sys.stderr.write(
        f'{{"request_id":{text(request_id)},"method":{text(method)},"path":{text(path)},"status":{status}'
        f',"format":{text(format_)},"operation":{text(operation) if operation else "null"}'
        f',"user":{text(user) if user else "null"},"ms":{ms:.2f}{stream}'
        f',"event":"request","level":"info","timestamp":"{now}Z"}}\n'
    )
