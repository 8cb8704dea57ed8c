"""Storage on each engine: an empty database of the present schema for every test."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from models import Database, Unit, connect
from models.engine import ids, migrations
from models.sessions import session
from models.sessions.session import LogRow, MemberRow
from tests.databases import ENGINES, OWNERS, TABLES, new_database

_CLOCK = itertools.count()


def format_instant(seconds: int) -> str:
    """An instant of one afternoon."""
    return f"2026-11-23T{12 + seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000000Z"


def create_member(identity: str, **values: Any) -> MemberRow:
    """A member."""
    return MemberRow(identity, None, None, False, None, None, None, None, None, False)._replace(**values)


def add(unit: Unit, *members: str, log: Sequence[str] = ("made",), **values: Any) -> Any:
    """Store a session; each is made a second after the one before."""
    now = format_instant(next(_CLOCK) % 36_000)
    row = {"id": ids.new_id(), "date_created": now, "date_last_modified": now, "account_id": "acme", **values}
    lines = [LogRow(row["date_created"], line) for line in log]
    return session.insert(unit, row, [create_member(identity) for identity in members], lines)


def read_stored(unit: Unit, session_id: str, **options: Any) -> Any:
    """The session with this id, which is there."""
    row = session.get(unit, session_id, **options)
    assert row is not None
    return row


def _create_migrated(server: str) -> str:
    url = new_database(server, "models")
    database = connect(url)
    migrations.apply(database, OWNERS)
    database.dispose()
    return url


@pytest.fixture(scope="session")
def _mariadb_migrated(mariadb: str) -> str:
    return _create_migrated(mariadb)


@pytest.fixture(scope="session")
def _mysql_migrated(mysql: str) -> str:
    return _create_migrated(mysql)


@pytest.fixture(params=ENGINES)
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of the present schema, without rows."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "gateway.db")
        return f"sqlite:///{tmp_path}/gateway.db"
    url = str(request.getfixturevalue(f"_{request.param}_migrated"))
    database = connect(url)
    with database.unit_of_work() as unit:
        for table in TABLES:
            unit.execute(f'DELETE FROM "{table._meta.table_name}"')
    database.dispose()
    return url


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """A database of the present schema, without rows."""
    database = connect(migrated_url)
    yield database
    database.dispose()


@pytest.fixture
def unit(database: Database) -> Iterator[Unit]:
    """An open unit of work that writes."""
    with database.unit_of_work() as unit:
        yield unit
