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
    made = connect(f"sqlite:///{tmp_path}/gateway.db")
    migrations.apply(made, OWNERS)
    yield made
    made.dispose()


def sessions_in_file(path: Path) -> int:
    """How many sessions the file holds without its log."""
    alone = path / "alone.db"
    alone.write_bytes((path / "gateway.db").read_bytes())
    with sqlite3.connect(alone) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM sessions").fetchone()[0])


def test_what_is_committed_comes_into_the_file(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = database.engine.checkpoints
    assert made is not None
    sqlite3.connect(tmp_path / "gateway.db").execute("PRAGMA wal_checkpoint(TRUNCATE)")
    monkeypatch.setattr(checkpoints, "EVERY", 5)
    monkeypatch.setattr(made, "_units", 0)
    for number in range(1, 6):
        with database.unit_of_work() as unit:
            add(unit, id=str(number))
    made.wait()
    assert sessions_in_file(tmp_path) >= 4


def test_what_only_reads_makes_none(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 1)
    noted: list[int] = []
    made = database.engine.checkpoints
    assert made is not None
    monkeypatch.setattr(made, "note", lambda: noted.append(1))
    with database.unit_of_work(write=False) as unit:
        unit.execute("SELECT 1")
    assert noted == []


def test_one_that_fails_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 1)
    tried: list[int] = []

    def fail() -> Any:
        tried.append(1)
        raise sqlite3.OperationalError("disk I/O error")

    made = checkpoints.Checkpoints(fail, "none")
    for _ in range(2):
        made.note()
        made.wait()
    assert tried == [1, 1]


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
    made = connect(f"sqlite:///{tmp_path}/gateway.db")
    migrations.apply(made, OWNERS)
    with made.unit_of_work() as unit:
        # More than 1500 pages, so that the commit makes a checkpoint, and the next unit restarts the log.
        unit.execute("CREATE TABLE wide AS SELECT zeroblob(8000000) AS data")
    size = log.stat().st_size
    with made.unit_of_work() as unit:
        add(unit)
    assert log.stat().st_size == size > checkpoints.LARGE
    assert checkpoints.KEPT > checkpoints.MOST_PAGES * (4096 + 24)
    made.dispose()


def test_a_reader_that_needs_the_log_is_waited_for(database: Database, tmp_path: Path, quick: None) -> None:
    log = tmp_path / "gateway.db-wal"
    made = database.engine.checkpoints
    assert made is not None
    with database.unit_of_work(write=False) as reader:
        assert reader.execute("SELECT COUNT(*) FROM sessions").fetchone() == (0,)
        with database.unit_of_work() as unit:
            add(unit)
        assert not made._is_cut()
        assert log.stat().st_size > 0
        assert reader.execute("SELECT COUNT(*) FROM sessions").fetchone() == (0,)
    wait_until(lambda: log.stat().st_size == 0, "the log is cut")


def test_disposing_waits_for_nothing(database: Database) -> None:
    with database.unit_of_work() as unit:
        add(unit)
    made = database.engine.checkpoints
    assert made is not None
    assert made._cutting is not None
    database.dispose()
    assert [made._cutting] == [None]
    with database.unit_of_work() as unit:
        add(unit)
    assert made._cutting is not None
