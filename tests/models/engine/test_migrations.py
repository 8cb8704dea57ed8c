"""The schema's history on each engine: up, down, again, at once, half-way, and schemas of other versions."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import peewee
import pytest
from click.testing import CliRunner

from gateway.cli import main
from models import Database, SchemaMismatch, Unavailable, connect, migrations
from models.migrations import ddl
from models.sessions import session
from models.sessions.tables import START, Session, SessionMember
from tests.databases import SERVERS, TABLES
from tests.models.conftest import add

NAMES = list(migrations.MIGRATIONS)
#: How MariaDB and MySQL spell an INTEGER.
_INT = re.compile(r"INT(\(11\))?$")


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    """A database without tables."""
    made = connect(database_url)
    yield made
    made.dispose()


def module(up: Any, down: Any = ()) -> ModuleType:
    """A migration."""
    made = ModuleType("models.migrations.m9999_test")
    vars(made).update(UP=up, DOWN=down)
    return made


def tables(database: Database) -> set[str]:
    """The names of a database's tables."""
    with database.peewee.connection_context():
        return set(database.peewee.get_tables())


def indexes(database: Database, table: str) -> set[tuple[tuple[str, ...], bool]]:
    """The columns of a table's indexes, and whether they are unique. The primary key's own is left out."""
    with database.peewee.connection_context():
        key = tuple(database.peewee.get_primary_keys(table))
        found = {(tuple(each.columns), bool(each.unique)) for each in database.peewee.get_indexes(table)}
    return found - {(key, True)}


def types(database: Database, table: str) -> dict[str, tuple[str, bool]]:
    """The types of a table's columns in capitals, and whether they may be null."""
    with database.unit_of_work(write=False) as unit:
        if unit.dialect == "sqlite":
            rows = unit.execute('SELECT name, type, NOT "notnull" FROM pragma_table_info(?)', (table,)).fetchall()
        else:
            rows = unit.execute(
                "SELECT column_name, column_type, is_nullable = 'YES' FROM information_schema.columns "
                "WHERE table_schema = DATABASE() AND table_name = %s",
                (table,),
            ).fetchall()
    return {name: (_INT.sub("INTEGER", kind.upper()), bool(null)) for name, kind, null in rows}


def wanted_type(field: peewee.Field) -> str:
    """The type of a model's column."""
    if isinstance(field, peewee.CharField):
        return f"VARCHAR({field.max_length})"
    if isinstance(field, peewee.TextField):
        return "MEDIUMTEXT"
    return "INTEGER"


#: What the indexes that sort lists of sessions have behind what sorts, and the columns that only some engines have.
SEARCHED = {"sqlite": ("from_folded", "to_folded"), "mysql": ("from_start", "to_start")}
GENERATED = {"sqlite": {}, "mysql": dict.fromkeys(SEARCHED["mysql"], (f"VARCHAR({START})", True))}


def _searched(database: Database, table: type[peewee.Model], columns: Sequence[str]) -> tuple[str, ...]:
    """An index's columns. Those that sort lists of all sessions, and of an account's, have what is searched, too."""
    sorts_lists = table is Session and columns[:-3] in [(), ("account_id",)]
    return (*columns, *SEARCHED[database.dialect]) if sorts_lists else tuple(columns)


class TestSchema:
    """The migrated schema is the one that the tables say."""

    def test_tables(self, database: Database) -> None:
        assert tables(database) == {table._meta.table_name for table in TABLES} | {"schema_migrations"}

    def test_columns(self, database: Database) -> None:
        for table in TABLES:
            fields = table._meta.sorted_fields
            wanted = {each.column_name: (wanted_type(each), bool(each.null)) for each in fields}
            if table is Session:
                wanted |= GENERATED[database.dialect]
            assert types(database, table._meta.table_name) == wanted

    def test_keys(self, database: Database) -> None:
        for table in TABLES:
            key: Any = table._meta.primary_key
            with database.peewee.connection_context():
                found = database.peewee.get_primary_keys(table._meta.table_name)
            assert found == list(getattr(key, "field_names", (key.name,)))

    def test_indexes(self, database: Database) -> None:
        for table in TABLES:
            single = {((each.name,), each.unique) for each in table._meta.sorted_fields if each.index or each.unique}
            joined = {(_searched(database, table, columns), unique) for columns, unique in table._meta.indexes}
            assert indexes(database, table._meta.table_name) == single | joined

    def test_rows_in_the_order_of_their_keys(self, database: Database) -> None:
        if database.dialect == "mysql":
            return
        with database.unit_of_work(write=False) as unit:
            found = unit.execute("SELECT name FROM pragma_table_list WHERE wr = 1 AND schema = 'main'").fetchall()
        assert {name for (name,) in found} == {each._meta.table_name for each in TABLES if each._meta.without_rowid}

    def test_sparse_indexes_serve_their_filters(self, database: Database) -> None:
        if database.dialect == "mysql":
            return
        with database.unit_of_work(write=False) as unit:
            for column in ("customer_id", "endpoint_id", "parent_session_id"):
                plan = unit.execute(
                    f'EXPLAIN QUERY PLAN SELECT "id" FROM "sessions" WHERE "{column}" IN (?, ?) AND "archived" = 0',
                    ("a", "b"),
                ).fetchall()
                assert f"session_{column}_archived_date_created_id" in plan[0][3]

    def test_texts_are_compared_by_code_points(self, database: Database) -> None:
        if database.dialect == "sqlite":
            return
        with database.unit_of_work(write=False) as unit:
            found = unit.execute(
                "SELECT DISTINCT collation_name FROM information_schema.columns "
                "WHERE table_schema = DATABASE() AND collation_name IS NOT NULL"
            ).fetchall()
        assert found in ((("utf8mb4_nopad_bin",),), (("utf8mb4_0900_bin",),))


class TestUpAndDown:
    """Each migration is applied once, and may be taken back."""

    def test_up_twice_down_and_up_again(self, empty: Database) -> None:
        assert migrations.missing(empty) == NAMES
        assert migrations.apply(empty) == NAMES
        assert migrations.missing(empty) == []
        migrations.check(empty)
        assert migrations.apply(empty) == []
        assert migrations.downgrade(empty, "") == NAMES[::-1]
        assert tables(empty) == {"schema_migrations"}
        assert migrations.downgrade(empty, "") == []
        assert migrations.apply(empty) == NAMES

    def test_each_step_keeps_the_rows(self, empty: Database) -> None:
        migrations.apply(empty)
        before = {table: indexes(empty, table) for table in tables(empty)}
        with empty.unit_of_work() as unit:
            row = add(unit, "ada", log=["made", "and more"])
        for target in NAMES:
            later = NAMES[NAMES.index(target) + 1 :]
            assert migrations.downgrade(empty, target) == later[::-1]
            assert migrations.missing(empty) == later
            assert migrations.apply(empty) == later
            assert {table: indexes(empty, table) for table in tables(empty)} == before
            with empty.unit_of_work(write=False) as unit:
                assert session.get(unit, row.id) == row


class TestOtherVersions:
    """A schema of another version is refused, with what to do."""

    def test_an_empty_database(self, empty: Database) -> None:
        with pytest.raises(SchemaMismatch, match=f"older than this version: it lacks {NAMES[0]}.*'gateway migrate'"):
            migrations.check(empty)

    def test_an_older_schema_and_a_newer_one(self, empty: Database) -> None:
        migrations.apply(empty)
        migrations.downgrade(empty, NAMES[0])
        with pytest.raises(SchemaMismatch, match=f"older than this version: it lacks {NAMES[1]}"):
            migrations.check(empty)
        with empty.unit_of_work() as unit:
            unit.execute("INSERT INTO schema_migrations (name, applied) VALUES ('9999_future', 'now')")
        for refused in (migrations.check, migrations.apply, migrations.missing):
            with pytest.raises(SchemaMismatch, match="newer than this version: it has 9999_future"):
                refused(empty)


class TestInterrupted:
    """A migration that fails half-way leaves a schema that the next try completes."""

    def test_it_goes_on_where_it_stopped(self, empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(migrations, "MIGRATIONS", {})
        begin = (
            'CREATE TABLE "added" ("id" VARCHAR(64) NOT NULL PRIMARY KEY)',
            'CREATE INDEX "added_id" ON "added" ("id")',
            ddl.add_column("added", "name", "VARCHAR(64)"),
            ddl.add_column("added", "gone", "VARCHAR(64)"),
            ddl.drop_column("added", "gone"),
        )
        broken = {"9999_test": module((*begin, "NO STATEMENT AT ALL"))}
        monkeypatch.setattr(migrations, "MIGRATIONS", broken)
        with pytest.raises(Exception, match=r"(?i)syntax"):
            migrations.apply(empty)
        assert migrations.missing(empty) == ["9999_test"]
        assert ("added" in tables(empty)) == (empty.dialect == "mysql")
        whole = {"9999_test": module((*begin, 'CREATE TABLE "more" ("id" INTEGER NOT NULL PRIMARY KEY)'))}
        monkeypatch.setattr(migrations, "MIGRATIONS", whole)
        assert migrations.apply(empty) == ["9999_test"]
        assert {"added", "more"} <= tables(empty)
        assert types(empty, "added").keys() == {"id", "name"}


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
class TestSlow:
    """Changes of big tables."""

    def test_a_statement_may_take_longer_than_requests_wait(
        self, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(connect.__kwdefaults__ or {}, "answer", 1)
        monkeypatch.setattr(migrations, "MIGRATIONS", {"9999_test": module(("SELECT SLEEP(2)",))})
        with pytest.raises(Unavailable, match="timed out"):
            migrations.apply(connect(database_url))
        done = CliRunner().invoke(
            main,
            ["migrate"],
            env={"GATEWAY_DATABASE_URL": database_url, "GATEWAY_SECRET": "secret-of-these-tests-0123456789abcdef"},
        )
        assert done.output == "applied 9999_test\nthe schema is up to date\n"

    def test_who_reads_a_table_is_waited_for_for_a_while(
        self, database_url: str, empty: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        migrations.apply(empty)
        monkeypatch.setattr(migrations, "_PATIENCE", 1)
        monkeypatch.setattr(
            migrations, "MIGRATIONS", {**migrations.MIGRATIONS, "9999_test": module(("DROP TABLE users",))}
        )
        patient = migrations.patient(database_url)
        with empty.unit_of_work(write=False) as unit:
            unit.execute("SELECT 1 FROM users")
            with pytest.raises(Unavailable, match="Lock wait timeout"):
                migrations.apply(patient)
        assert migrations.apply(patient) == ["9999_test"]
        patient.dispose()


MIGRATE = "import sys; from models import connect, migrations; print(*migrations.apply(connect(sys.argv[1])))"


class TestAtOnce:
    """Nodes that start together apply each migration once."""

    def test_processes(self, database_url: str) -> None:
        command = [sys.executable, "-c", MIGRATE, database_url]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
        ]
        done = [process.communicate(timeout=60) for process in running]
        assert [process.returncode for process in running] == [0] * 4, done
        assert sorted(" ".join(out for out, _ in done).split()) == NAMES
        migrations.check(connect(database_url))

    def test_a_lock_is_one_databases_own(self, empty: Database, database_url: str) -> None:
        """Who migrates one database of a server keeps nobody from migrating another one."""
        if empty.dialect == "sqlite":
            return
        other = connect(f"{database_url.rpartition('/')[0]}/mysql")
        with migrations._alone(empty), other.unit_of_work(write=False) as unit:
            held = unit.execute(
                "SELECT IS_FREE_LOCK(%s), IS_FREE_LOCK(CONCAT('gateway ', MD5(DATABASE())))", ("gateway_migrations",)
            ).fetchone()
        other.dispose()
        assert held == (1, 1)


def test_queries_find_their_columns(database: Database) -> None:
    """What the tables have but the schema lacks would fail here."""
    for model in (Session, SessionMember):
        text, values = database.peewee.get_sql_context().sql(model.select()).query()
        with database.unit_of_work(write=False) as unit:
            assert list(unit.execute(text, values).fetchall()) == []
