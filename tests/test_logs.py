"""Log lines as they are written."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from gateway import logs
from gateway.logs import Line, Rarely

Configure = Callable[[str], io.StringIO]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Configure logging, and return what is written."""
    handlers, level = logging.root.handlers[:], logging.root.level
    # As the server has it: gunicorn's own logger, which other tests use, keeps its lines to itself.
    errors = logging.getLogger("gunicorn.error")
    monkeypatch.setattr(errors, "handlers", [])
    monkeypatch.setattr(errors, "propagate", True)

    def configure(style: str) -> io.StringIO:
        output = io.StringIO()
        monkeypatch.setattr(sys, "stderr", output)
        logs.configure(style)
        return output

    yield configure
    logs.current.request_id = ""
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


LINE = Line(
    "id",
    "GET",
    "/\x1b]0;title\a\x9b31m",
    200,
    "json",
    None,
    "Ann\x07",
    "192.0.2.1\x07",
    "",
    "",
    3,
    5,
    1.5,
    0.0,
    0.5,
    0.25,
)
NAMED = LINE._replace(
    path="/sessions/1/hold",
    operation="HoldSession",
    user="0123",
    email="ann@example.org",
    named_as="session_id",
    named="01",
    ms=1500.0,
    database=1400.0,
    trace_id="0af7651916cd43dd8448eb211c80319c",
)


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_line_holds_what_a_terminal_obeys(configured: Configure, style: str) -> None:
    output = configured(style)
    logs.request_writer(style)(LINE)
    structlog.get_logger().warning("event\x1b", name="with blanks\x9b and \a")
    logging.getLogger("gunicorn.error").error("message %s", "\x1b[2J\nforged line")
    try:
        raise ValueError("\x1b[2J")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("gunicorn.error").exception("failed too")
    text = output.getvalue()
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "forged line" in text
    assert not any(line.startswith("forged line") for line in text.splitlines())


def test_a_stream_has_its_bytes_and_its_outcome(configured: Configure) -> None:
    output = configured("json")
    logs.request_writer("json")(LINE)
    logs.request_writer("json")(LINE._replace(size=12, outcome="client left"))
    plain, stream = (json.loads(line) for line in output.getvalue().splitlines())
    assert (plain["bytes"], plain["database_ms"], plain["encoding_ms"]) == (5, 0.5, 0.25)
    assert "outcome" not in plain
    assert (stream["bytes"], stream["outcome"]) == (12, "client left")
    assert "database_ms" not in stream


class Terminal(io.StringIO):
    """A standard error that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("no_color", ["", "1"])
def test_the_line_of_a_request_on_a_terminal(
    configured: Configure, monkeypatch: pytest.MonkeyPatch, no_color: str
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    logs.configure("text")
    write = logs.request_writer("text", 1000)
    line = NAMED._replace(method="POST", path="/sessions", user="01a2", request_id="id", ms=5.71)
    write(line)
    write(line._replace(user=None, email=None, status=404))
    write(line._replace(email=None, size=12, outcome="client left"))
    write(line._replace(ms=1500.0, waiting=20.0))
    structlog.get_logger().info("other")
    text = terminal.getvalue()
    assert ("\x1b[" in text) is (no_color == "")
    first_line, second_line, third_line, slow, _ = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ POST /sessions 200 5\.7 ms ann@example\.org request_id=id", first_line
    )
    assert second_line.endswith("POST /sessions 404 5.7 ms request_id=id")
    assert third_line.endswith("5.7 ms 01a2 bytes=12 outcome='client left' request_id=id")
    assert slow.endswith("ann@example.org slow: waiting 20, database 1400, encoding 0 ms request_id=id")


def test_lines_of_libraries_have_the_request_id(configured: Configure) -> None:
    output = configured("json")
    logs.current.request_id = "abc"
    logging.getLogger("gunicorn.error").error("one")
    structlog.get_logger().info("two", request_id="own")
    logs.current.request_id = ""
    logging.getLogger("gunicorn.error").error("three")
    ids = [json.loads(line).get("request_id") for line in output.getvalue().splitlines()]
    assert ids == ["abc", "own", None]


def test_things_of_a_kind_are_admitted_once_a_minute() -> None:
    now = 0.0
    rarely = Rarely(lambda: now)
    assert [rarely.admit("a"), rarely.admit("a"), rarely.admit("b"), rarely.admit("a")] == [0, None, 0, None]
    now = 61.0
    assert [rarely.admit("a"), rarely.admit("b"), rarely.admit("a")] == [2, 0, None]


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_line_has_the_caller_and_what_the_request_names(configured: Configure, style: str) -> None:
    output = configured(style)
    logs.request_writer(style)(NAMED)
    text = output.getvalue()
    for fact in ("192.0.2.1", "session_id", "HoldSession", "0123"):
        assert fact in text
    assert ("ann@example.org" in text) is (style == "text")


def test_a_json_line_has_its_trace_and_its_waiting(configured: Configure) -> None:
    output = configured("json")
    logs.request_writer("json")(NAMED._replace(waiting=20.25))
    line = json.loads(output.getvalue())
    assert line["trace_id"] == NAMED.trace_id
    assert (line["session_id"], line["waiting_ms"], line["received"]) == ("01", 20.25, 3)
    assert datetime.now(UTC) - datetime.fromisoformat(line["timestamp"]) < timedelta(minutes=1)


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_slow_request_is_a_warning_and_a_stream_is_not(configured: Configure, style: str) -> None:
    output = configured(style)
    write = logs.request_writer(style, 1000)
    for line in (NAMED, NAMED._replace(outcome="complete"), NAMED._replace(ms=999.0)):
        write(line)
    assert ["warn" in line or "slow" in line for line in output.getvalue().splitlines()] == [True, False, False]
