"""Log lines by structlog: text for a terminal, JSON for machines. Everything goes to standard error, gunicorn's lines too."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

import structlog


class Line(NamedTuple):
    """What the log says of a request: who asked for what, how it ended, and how long it took.

    :ivar format: name of the answer's format.
    :ivar operation: the operation's name; None where the address has none.
    :ivar user: the signed-in user's id; None where nobody is.
    :ivar ms: milliseconds.
    """

    request_id: str
    method: str
    path: str
    status: int
    format: str
    operation: str | None
    user: str | None
    ms: float


def configure(style: str) -> None:
    """Set up logging for this process.

    :param style: ``text`` or ``json``.
    """
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = structlog.processors.JSONRenderer()
    if style == "text":
        shared.pop()
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # APPSEC: the default shows local variables, secrets too, wherever rich happens to be installed.
            exception_formatter=structlog.dev.plain_traceback,
        )
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


def request_writer(style: str) -> Callable[[Line], None]:
    """What writes the line of a request.

    PERF: a JSON line is written without structlog, whose processors take as long as the rest of a small request.
    """
    if style == "text":
        log = structlog.get_logger("gateway.access")
        return lambda line: log.info("request", **line._asdict())
    return _write_json


def _write_json(line: Line) -> None:
    request_id, method, path, status, format_, operation, user, ms = line
    text = encode_basestring_ascii
    now = datetime.now(UTC).isoformat(timespec="microseconds")[:-6]
    sys.stderr.write(
        f'{{"request_id":{text(request_id)},"method":{text(method)},"path":{text(path)},"status":{status}'
        f',"format":{text(format_)},"operation":{text(operation) if operation else "null"}'
        f',"user":{text(user) if user else "null"},"ms":{ms:.2f}'
        f',"event":"request","level":"info","timestamp":"{now}Z"}}\n'
    )
