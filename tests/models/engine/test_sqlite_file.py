"""SQLite's file: its mode, how it is synchronized, and what happens when it can't be used."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import Database, Unavailable, connect
from models.engine import migrations
from models.engine.engines import Sqlite
from models.engine.listing import Order
from models.sessions import session_list
from tests.databases import OWNERS
from tests.models.conftest import add


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A migrated database's file with some sessions."""
    path = tmp_path / "gateway.db"
    database = connect(f"sqlite:///{path}")
    migrations.apply(database, OWNERS)
    with database.unit_of_work() as unit:
        for _ in range(200):
            add(unit, "ada", console_data="x" * 300)
    with database.unit_of_work() as unit:
        assert unit.writes
    database.dispose()
    return path


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """The database of that file, opened by nobody yet."""
    database = connect(f"sqlite:///{path}")
    yield database
    database.dispose()


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        database = connect(f"sqlite:///{tmp_path}/new%20one.db")
        migrations.apply(database, OWNERS)
        with database.unit_of_work() as unit:
            add(unit)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        database.dispose()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("new one.db", "new one.db-wal", "new one.db-shm"), 0o600)


def test_the_mode_of_a_file_that_is_there_stays(path: Path, database: Database) -> None:
    path.chmod(0o640)
    database.probe()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(("sync", "level"), [("normal", 1), ("full", 2)])
def test_synchronous(path: Path, sync: str, level: int) -> None:
    database = connect(f"sqlite:///{path}", sqlite_sync=sync)
    assert database.run(lambda unit: unit.execute("PRAGMA synchronous").fetchone()) == (level,)
    database.dispose()


def test_probe(database: Database) -> None:
    database.probe()
    with database.unit_of_work():
        other = connect(f"sqlite:///{database.peewee.database}", patience=0.05)
        # Somebody else writes: that is no fault.
        other.probe()
        other.dispose()


def test_none_of_sqlites(path: Path, database: Database) -> None:
    path.write_text("nothing of the kind " * 500)
    for write in (True, False):
        with pytest.raises(Unavailable, match="not a database") as error_info:
            database.run(lambda unit: unit.execute("SELECT 1"), write=write)
        assert error_info.value.lasting
    with pytest.raises(Unavailable):
        database.probe()


def test_damaged(path: Path, database: Database) -> None:
    """What is whole is still read; the rest is refused."""
    with path.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xff" * (path.stat().st_size - 20 * 4096))
    with pytest.raises(Unavailable, match="malformed") as error_info:
        database.run(lambda unit: session_list.page(unit, {}, Order("outcome"), 1000), write=False)
    assert error_info.value.lasting
    assert not error_info.value.again


def test_gone(path: Path, database: Database) -> None:
    database.probe()
    path.unlink()
    with pytest.raises(Unavailable, match="is gone"):
        database.probe()
    assert not path.exists()


def test_the_probe_sees_the_file_and_not_what_a_connection_knows_of_it(path: Path, database: Database) -> None:
    assert database.ping()
    database.probe()
    for file in path.parent.glob("gateway.db*"):
        file.write_bytes(b"\xff" * file.stat().st_size)
    with pytest.raises(Unavailable):
        database.probe()


def test_read_only(path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write to any file, so that connections are told to write nothing."""
    assert isinstance(database.engine, Sqlite)
    connect_original = database.peewee._connect

    def connect_read_only() -> sqlite3.Connection:
        connection: sqlite3.Connection = connect_original()
        connection.execute("PRAGMA query_only = 1")
        return connection

    monkeypatch.setattr(database.peewee, "_connect", connect_read_only)
    with pytest.raises(Unavailable, match="readonly") as error_info:
        database.probe()
    assert error_info.value.lasting
    with database.unit_of_work(write=False) as unit:
        assert session_list.count(unit, {}) == 200
