"""The probes, and what is logged of a service that is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs
from webtest import TestApp

from gateway import logs, wsgi
from gateway.errors import Unavailable
from gateway.http import errors
from gateway.http.middleware import LoggedStream
from gateway.http.probes import Check
from gateway.logs import Line, Rarely
from gateway.settings import Settings
from models import Database
from models.engine import errors as storage

from .conftest import API_KEY


def test_a_check_that_succeeds_passes_and_one_that_fails_raises() -> None:
    Check(lambda: None).pass_within(5)

    def fail() -> None:
        raise Unavailable("away")

    with pytest.raises(Unavailable, match="away"):
        Check(fail).pass_within(5)


def test_a_check_that_takes_long_is_waited_for_no_longer_and_runs_once() -> None:
    running, goes_on = [], threading.Event()

    def ask() -> None:
        running.append(1)
        goes_on.wait(30)

    check = Check(ask)
    for _ in range(3):
        with pytest.raises(Unavailable, match="did not respond within"):
            check.pass_within(0.05)
    assert running == [1]
    goes_on.set()
    check.pass_within(5)


@pytest.fixture
def away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is away, as its driver says it."""

    def run(*_: Any, **__: Any) -> NoReturn:
        try:
            raise ConnectionRefusedError(111, "Can't connect to server on 'db'")
        except OSError as error:
            raise storage.Unavailable("The database can't be used.") from error

    monkeypatch.setattr(database, "run", run)
    monkeypatch.setattr(database, "unit_of_work", run)
    monkeypatch.setattr(database, "probe", run)


def test_the_cause_of_a_503_is_logged_once_a_minute(
    settings: Settings, database: Database, away: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(errors, "Rarely", lambda: Rarely(lambda: now))
    app = TestApp(wsgi.build(settings, database))
    with capture_logs() as lines:
        ids = [app.get("/ready", status=503).headers["X-Request-Id"] for _ in range(3)]
        now = 61.0
        ids.append(app.get("/ready", status=503).headers["X-Request-Id"])
    causes = [line for line in lines if line["event"] == "unavailable"]
    assert [line["request_id"] for line in causes] == [ids[0], ids[3]]
    assert [line["unlogged"] for line in causes] == [0, 2]
    assert "Can't connect to server on 'db'" in causes[0]["cause"]
    assert causes[0]["path"] == "/ready"


def test_a_stream_is_logged_when_it_ends(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[Line] = []
    monkeypatch.setattr(logs, "request_writer", lambda *_: lines.append)
    app = TestApp(wsgi.build(settings, database))
    app.authorization = ("Bearer", API_KEY)
    app.post("/sessions.json", "{}", headers={"Content-Type": "application/json"})
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        lines.clear()
        response = app.get("/sessions.json?all=true", headers=headers, status=200)
        (line,) = lines
        assert line.outcome == "complete"
        assert line.size == len(response.body) or headers
    lines.clear()
    app.head("/sessions.json?all=true", status=200)
    app.get("/health")
    assert [line.outcome for line in lines] == [None, None]
    assert [line.size for line in lines] == [0, len(b'{"status":"ok"}')]


def yield_blocks(failure: Exception | None = None) -> Iterator[bytes]:
    yield b"abc"
    if failure is not None:
        raise failure
    yield b"de"


def test_how_a_stream_ends() -> None:
    ends: list[tuple[int, str]] = []

    def make_stream(failure: Exception | None = None) -> LoggedStream:
        return LoggedStream(yield_blocks(failure), lambda size, outcome: ends.append((size, outcome)))

    complete = make_stream()
    assert b"".join(complete) == b"abcde"
    complete.close()
    cut_short = make_stream()
    next(iter(cut_short))
    cut_short.close()
    failed = make_stream(RuntimeError("cut"))
    with pytest.raises(RuntimeError):
        list(failed)
    failed.close()
    assert ends == [(5, "complete"), (3, "client left"), (3, "failed")]
