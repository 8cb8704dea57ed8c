"""Log lines by structlog: text for a terminal, JSON for machines. Everything goes to standard error, including gunicorn's lines.

A server's lines go through a `LogQueue`, so that they never fail or delay a request.
"""

from __future__ import annotations

import io
import logging
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Hashable
from functools import partial
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

import structlog

from gateway import instants
from gateway.log_queue import LogQueue
from gateway.terminal import printable

#: Seconds in which causes of the same kind are logged once.
RARELY = 60.0


class Line(NamedTuple):
    """The log record of a request: caller, operation, outcome and durations.

    :ivar format: name of the response's format.
    :ivar operation: the operation's name; None if the route has none.
    :ivar user: the signed-in user's id; None without one.
    :ivar address: the client's address, as trusted proxies report it.
    :ivar named_as: the kind of entity in the path or created: ``session_id``; empty for none.
    :ivar named: its id.
    :ivar received: bytes of the request's body.
    :ivar size: bytes of the response's body that were given to the server.
    :ivar ms: the duration in milliseconds; of a stream, to its end.
    :ivar waiting: milliseconds of these in which the request waited for a place.
    :ivar database: milliseconds of these in transactions, from their begin to their commit, without `encoding`.
    :ivar encoding: milliseconds of these in which the response was encoded.
    :ivar outcome: how a stream ended: ``complete``, ``client left`` or ``failed``; None for other responses.
    :ivar trace_id: the trace that the request belongs to; empty for none.
    :ivar email: the user's e-mail address; None without one. Text lines show it; JSON has none.
    """

    request_id: str
    method: str
    path: str
    status: int
    format: str
    operation: str | None
    user: str | None
    address: str
    named_as: str
    named: str
    received: int
    size: int
    ms: float
    waiting: float
    database: float
    encoding: float
    outcome: str | None = None
    trace_id: str = ""
    email: str | None = None


class _Current(threading.local):
    """The request that this thread handles.

    :ivar request_id: its id; empty before it is known.
    :ivar trace_id: the trace that it belongs to; empty if the client named none.
    """

    request_id: str = ""
    trace_id: str = ""


current = _Current()


class Rarely:
    """Admits one event of each kind in `RARELY` seconds, and counts the others."""

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


def _find_descriptor(stream: Any) -> int | None:
    """Return the file descriptor of a stream; None for one in memory."""
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
    descriptor = None if isinstance(sys.stderr, LogQueue) else _find_descriptor(sys.stderr)
    if queued and descriptor is not None:
        sys.stderr = LogQueue(descriptor, lambda count: _format_notice(count, [*shared, renderer]))
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
    if current.trace_id:
        event.setdefault("trace_id", current.trace_id)
    return event


def _escape(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    # SECURITY: paths, names and messages may contain terminal escape sequences.
    return {name: printable(value) if isinstance(value, str) else value for name, value in event.items()}


def _format_exception(target: Any, exc_info: Any) -> None:
    # SECURITY: structlog's default shows local variables, including secrets, if rich happens to be installed.
    text = io.StringIO()
    structlog.dev.plain_traceback(text, exc_info)
    target.write(printable(text.getvalue(), kept="\n"))


def _format_notice(count: int, processors: list[Any]) -> str:
    event: Any = {"event": "log lines were dropped", "count": count}
    for processor in processors:
        event = processor(None, "warning", event)
    return f"{event}\n"


def request_writer(style: str, slow: float = math.inf) -> Callable[[Line], None]:
    """Return a function that writes the line of a request.

    PERF: a line is written without structlog, whose processors take as long as the rest of a small request.

    :param slow: milliseconds from which a request's line is a warning; a streamed response's never is.
    """
    if style == "json":
        return partial(_write_json, slow)
    colors, terminal = _has_colors(), sys.stderr.isatty()
    return lambda line: _write_text(line, slow, colors=colors, facts=[] if terminal else _list_facts(line))


def _has_colors() -> bool:
    """Return whether lines are coloured: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


#: Terminal colours of a status by its first digit, and of slow requests.
_COLORS = {"2": "32", "3": "36", "4": "33", "5": "31"}
_YELLOW = "33"


def _list_facts(line: Line) -> list[str]:
    """Return the fields of a line that a terminal's short form omits."""
    entity = [f"{line.named_as}={printable(line.named)}"] if line.named else []
    parts = [f"user={printable(line.user)}"] if line.user and line.email else []
    parts += [f"address={printable(line.address)}", f"operation={line.operation}", *entity, f"received={line.received}"]
    if line.outcome is None:
        parts += [f"bytes={line.size}", f"database_ms={line.database:.2f}", f"encoding_ms={line.encoding:.2f}"]
    return [*parts, f"trace_id={line.trace_id}"] if line.trace_id else parts


def _write_text(line: Line, slow: float, *, colors: bool, facts: list[str]) -> None:
    """Write ``2026-11-27T07:10:00Z POST /sessions 200 5.7 ms ann@example.org request_id=…``."""
    status, slowness = str(line.status), ""
    if line.ms >= slow and line.outcome is None:
        slowness = f"slow: waiting {line.waiting:.0f}, database {line.database:.0f}, encoding {line.encoding:.0f} ms"
    if colors:
        status = f"\x1b[{_COLORS.get(status[0], '0')}m{status}\x1b[0m"
        slowness = slowness and f"\x1b[{_YELLOW}m{slowness}\x1b[0m"
    caller = line.email or line.user
    parts = [
        f"{instants.to_second(int(time.time()))}Z {printable(line.method)} {printable(line.path)} {status} {line.ms:.1f} ms",
        *([printable(caller)] if caller else []),
        *([slowness] if slowness else []),
        *([] if line.outcome is None else [f"bytes={line.size}", f"outcome={line.outcome!r}"]),
        *facts,
        f"request_id={printable(line.request_id)}",
    ]
    sys.stderr.write(" ".join(parts) + "\n")


def _write_json(slow: float, line: Line) -> None:
    (
        request_id,
        method,
        path,
        status,
        format_,
        operation,
        user,
        address,
        named_as,
        named,
        received,
        size,
        ms,
        waiting,
        database,
        encoding,
        outcome,
        trace_id,
        _,
    ) = line
    text = encode_basestring_ascii
    level, parts = "info", ""
    if outcome is not None:
        parts = f',"outcome":"{outcome}"'
    elif database:
        # PERF: nearly always a place is free at once.
        waited = f',"waiting_ms":{waiting:.2f}' if waiting >= 1 else ""
        parts = f'{waited},"database_ms":{database:.2f},"encoding_ms":{encoding:.2f}'
    if ms >= slow and outcome is None:
        level = "warning"
    entity = f',"{named_as}":{text(named)}' if named else ""
    trace = f',"trace_id":"{trace_id}"' if trace_id else ""
    sys.stderr.write(
        f'{{"request_id":"{request_id}","method":{text(method)},"path":{text(path)},"status":{status}'
        f',"format":"{format_}","operation":{text(operation) if operation else "null"}'
        f',"user":{text(user) if user else "null"},"address":{text(address)}{entity}'
        f',"received":{received},"bytes":{size},"ms":{ms:.2f}{parts}{trace}'
        f',"event":"request","level":"{level}","timestamp":"{instants.now()}"}}\n'
    )
