"""Checkpoints in a thread: the log of an SQLite database is moved into its file while nobody waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models import Database, connect
from models.engine import checkpoints, engines, migrations
from tests.databases import OWNERS
from tests.models.conftest import add
from tests.servers import wait_until


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database on SQLite."""
    database = connect(f"sqlite:///{tmp_path}/gateway.db")
    migrations.apply(database, OWNERS)
    yield database
    database.dispose()


def count_sessions_in_file(path: Path) -> int:
    """How many sessions the file holds without its log."""
    copy = path / "alone.db"
    copy.write_bytes((path / "gateway.db").read_bytes())
    with sqlite3.connect(copy) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM sessions").fetchone()[0])


def test_what_is_committed_comes_into_the_file(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database_checkpoints = database.engine.checkpoints
    assert database_checkpoints is not None
    sqlite3.connect(tmp_path / "gateway.db").execute("PRAGMA wal_checkpoint(TRUNCATE)")
    monkeypatch.setattr(checkpoints, "EVERY", 5)
    monkeypatch.setattr(database_checkpoints, "_units", 0)
    for number in range(1, 6):
        with database.unit_of_work() as unit:
            add(unit, id=str(number))
    database_checkpoints.wait()
    assert count_sessions_in_file(tmp_path) >= 4


def test_what_only_reads_makes_none(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 1)
    notes: list[int] = []
    database_checkpoints = database.engine.checkpoints
    assert database_checkpoints is not None
    monkeypatch.setattr(database_checkpoints, "note", lambda: notes.append(1))
    with database.unit_of_work(write=False) as unit:
        unit.execute("SELECT 1")
    assert notes == []


def test_one_that_fails_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 1)
    attempts: list[int] = []

    def fail() -> Any:
        attempts.append(1)
        raise sqlite3.OperationalError("disk I/O error")

    failing_checkpoints = checkpoints.Checkpoints(fail, "none")
    for _ in range(2):
        failing_checkpoints.note()
        failing_checkpoints.wait()
    assert attempts == [1, 1]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "IDLE", 0.01)
    monkeypatch.setattr(checkpoints, "LARGE", 1)


def test_a_long_log_is_cut_when_nobody_writes(database: Database, tmp_path: Path, quick: None) -> None:
    log = tmp_path / "gateway.db-wal"
    with database.unit_of_work() as unit:
        add(unit)
    wait_until(lambda: log.stat().st_size == 0, "the log is cut")
    with database.unit_of_work() as unit:
        add(unit)
    wait_until(lambda: log.stat().st_size == 0, "the log is cut again")


def test_a_long_log_is_kept_while_there_are_writers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "gateway.db-wal"
    monkeypatch.setitem(engines._PRAGMAS, "wal_autocheckpoint", 1500)
    database = connect(f"sqlite:///{tmp_path}/gateway.db")
    migrations.apply(database, OWNERS)
    with database.unit_of_work() as unit:
        # More than 1500 pages, so that the commit makes a checkpoint, and the next unit restarts the log.
        unit.execute("CREATE TABLE wide AS SELECT zeroblob(8000000) AS data")
    size = log.stat().st_size
    with database.unit_of_work() as unit:
        add(unit)
    assert log.stat().st_size == size > checkpoints.LARGE
    assert checkpoints.KEPT > checkpoints.MOST_PAGES * (4096 + 24)
    database.dispose()


def test_a_reader_that_needs_the_log_is_waited_for(database: Database, tmp_path: Path, quick: None) -> None:
    log = tmp_path / "gateway.db-wal"
    database_checkpoints = database.engine.checkpoints
    assert database_checkpoints is not None
    with database.unit_of_work(write=False) as reader:
        assert reader.execute("SELECT COUNT(*) FROM sessions").fetchone() == (0,)
        with database.unit_of_work() as unit:
            add(unit)
        assert not database_checkpoints._is_cut()
        assert log.stat().st_size > 0
        assert reader.execute("SELECT COUNT(*) FROM sessions").fetchone() == (0,)
    wait_until(lambda: log.stat().st_size == 0, "the log is cut")


def test_disposing_waits_for_nothing(database: Database) -> None:
    with database.unit_of_work() as unit:
        add(unit)
    database_checkpoints = database.engine.checkpoints
    assert database_checkpoints is not None
    assert database_checkpoints._cutting is not None
    database.dispose()
    assert [database_checkpoints._cutting] == [None]
    with database.unit_of_work() as unit:
        add(unit)
    assert database_checkpoints._cutting is not None
