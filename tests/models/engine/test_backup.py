"""Copies of a database on each engine, made and put back while others write."""

from __future__ import annotations

import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from models import Database, SchemaMismatch, Unavailable, connect
from models.engine import backup, migrations
from models.engine.backup import WrongCopy
from models.users import user
from tests.databases import OWNERS
from tests.models.conftest import add, format_instant

TEXT = "Ä, \N{GRINNING FACE}\r\n'quoted' \x00 "


@contextmanager
def write_sessions(database: Database) -> Iterator[list[str]]:
    """Sessions with two members and two log lines, one after the other, while the block lasts."""
    stop, session_ids = threading.Event(), list[str]()

    def write() -> None:
        while not stop.is_set():
            try:
                session_ids.append(database.run(lambda unit: add(unit, "ann", "bob", log=("one", "two"))).id)
            except Unavailable:
                # The restore has the only right to write.
                continue

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield session_ids
    finally:
        stop.set()
        thread.join()


def read_rows(database: Database) -> dict[str, list[Any]]:
    """Every row of every table."""
    with database.unit_of_work(write=False) as unit:
        return {
            table: sorted(map(tuple, unit.execute(backup._build_select(table, columns)).fetchall()), key=repr)
            for table, columns in backup._list_tables(OWNERS)
        }


def open_database(path: Path) -> Database:
    return connect(f"sqlite:///{path}")


@pytest.fixture
def filled_database(database: Database) -> Database:
    """A few rows of several tables, with texts that need care."""
    with database.unit_of_work() as unit:
        add(unit, "ann", "bob", log=(TEXT, "two"), display_name=TEXT, ended=True, from_address=None)
        add(unit, archived=True)
        owner = user.insert(
            unit,
            email_address="ann@example.org",
            account_ids=["acme"],
            first_name=TEXT,
            roles=["User"],
            now=format_instant(0),
        )
        user.insert_key(unit, user_id=owner.id, key_hash="h" * 64, hint="1234", now=format_instant(1))
    return database


def test_a_copy_is_the_database_at_one_moment(filled_database: Database, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    with write_sessions(filled_database) as session_ids:
        while len(session_ids) < 3:
            time.sleep(0.001)
        size = backup.save(filled_database, OWNERS, path)
        count = len(session_ids)
        while len(session_ids) < count + 3:
            time.sleep(0.001)
    assert size == path.stat().st_size
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.glob("copy*")) == ["copy.db"]
    copy = open_database(path)
    copied_rows = read_rows(copy)
    database_rows = read_rows(filled_database)
    copy.dispose()
    # No session came without its members and its log.
    sessions, members, log = (len(copied_rows[name]) for name in ("sessions", "session_members", "session_log"))
    assert 5 <= sessions < len(database_rows["sessions"])
    assert (members, log) == (2 * (sessions - 1), 2 * (sessions - 2) + 3)
    assert copied_rows["users"] == database_rows["users"]
    assert any(TEXT in row for row in copied_rows["session_log"])


def test_a_copy_is_put_back(filled_database: Database, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    before = read_rows(filled_database)
    backup.save(filled_database, OWNERS, path)
    with filled_database.unit_of_work() as unit:
        add(unit, "eve")
        unit.execute("DELETE FROM users")
    with pytest.raises(WrongCopy, match="--replace"):
        backup.restore(filled_database, OWNERS, path)
    with write_sessions(filled_database) as session_ids:
        while len(session_ids) < 2:
            time.sleep(0.001)
        backup.restore(filled_database, OWNERS, path, replace=True)
        count = len(session_ids)
        while len(session_ids) < count + 2:
            time.sleep(0.001)
    after = read_rows(filled_database)
    assert after["users"] == before["users"]
    assert {*before["sessions"]} <= {*after["sessions"]}
    # What was written before is gone, what was written after is there.
    assert not any(session_ids[0] in row for row in after["sessions"])
    assert any(session_ids[-1] in row for row in after["sessions"])
    assert migrations.missing(filled_database, OWNERS) == []
    # The copy can be put back again, and into an empty SQLite database, whatever engine it came from.
    other = open_database(tmp_path / "other.db")
    backup.restore(other, OWNERS, path)
    assert read_rows(other) == before
    assert stat.S_IMODE((tmp_path / "other.db").stat().st_mode) == 0o600
    other.dispose()


def test_an_older_copy_gets_the_migrations_since(database: Database, tmp_path: Path) -> None:
    source = open_database(tmp_path / "older.db")
    migrations.apply(source, OWNERS)
    with source.unit_of_work() as unit:
        add(unit, "ann")
    path = tmp_path / "copy.db"
    backup.save(source, OWNERS, path)
    source.dispose()
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA journal_mode")
    downgraded = connect(f"sqlite:///{path}")
    migrations.downgrade(downgraded, OWNERS, migrations.parse_target("sessions/3", OWNERS))
    downgraded.dispose()
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA journal_mode = delete")
    content = path.read_bytes()
    backup.restore(database, OWNERS, path, replace=True)
    assert len(read_rows(database)["sessions"]) == 1
    assert path.read_bytes() == content


def create_sqlite_copy(tmp_path: Path) -> tuple[Database, Path]:
    database = open_database(tmp_path / "gateway.db")
    migrations.apply(database, OWNERS)
    path = tmp_path / "copy.db"
    backup.save(database, OWNERS, path)
    return database, path


def test_what_is_no_copy_is_refused(tmp_path: Path) -> None:
    database, path = create_sqlite_copy(tmp_path)
    text = tmp_path / "text"
    text.write_text("no database, but long enough to look like one " * 100)
    with pytest.raises(WrongCopy, match="can't be read as a copy"):
        backup.restore(database, OWNERS, text)
    empty = tmp_path / "empty.db"
    with closing(sqlite3.connect(empty)) as other:
        other.execute("CREATE TABLE a (b)")
    with pytest.raises(WrongCopy, match="no copy of this service's"):
        backup.restore(database, OWNERS, empty)
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("INSERT INTO schema_migrations VALUES ('sessions/9999_newer', '2026')")
        copy.commit()
    with pytest.raises(SchemaMismatch, match="newer"):
        backup.restore(database, OWNERS, path)
    damaged = bytearray(path.read_bytes())
    damaged[5000:9000] = b"\xff" * 4000
    path.write_bytes(damaged)
    with pytest.raises(WrongCopy):
        backup.restore(database, OWNERS, path)
    assert migrations.missing(database, OWNERS) == []


def test_a_copy_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, path = create_sqlite_copy(tmp_path)
    content = path.read_bytes()

    def fail(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_sync", fail)
    with pytest.raises(OSError, match="No space"):
        backup.save(database, OWNERS, path)
    assert path.read_bytes() == content
    assert sorted(file.name for file in tmp_path.glob("copy*")) == ["copy.db"]
