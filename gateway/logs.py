"""Log lines by structlog: text for a terminal, JSON for machines. Everything goes to standard error, gunicorn's lines too."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog


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


def request_writer(style: str) -> Callable[[dict[str, Any]], None]:
    """What writes the line of a request from its facts.

    PERF: a JSON line is written without structlog, whose processors take as long as the rest of a small request.
    """
    if style == "text":
        log = structlog.get_logger("gateway.access")
        return lambda facts: log.info("request", **facts)
    encode = json.JSONEncoder(separators=(",", ":")).encode

    def write(facts: dict[str, Any]) -> None:
        now = datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
        sys.stderr.write(encode({**facts, "event": "request", "level": "info", "timestamp": now}) + "\n")

    return write
