"""The schema's history on each engine: up, down, again, at once, half-way, and schemas of other versions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peewee
import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.sessions.service import service
from models import Database, SchemaMismatch, Unavailable, Unit, connect
from models.engine import ddl, migrations, owners, tables
from models.engine.migrations import Target
from models.engine.owners import Migration
from models.sessions import session
from models.sessions.tables import Session, SessionMember
from tests.databases import OWNERS, SERVERS, TABLES
from tests.models.conftest import add

NAMES = migrations.list_names(OWNERS)
#: What the history of one sequence had, and what it stands for.
BEFORE = ["0001_first", "0002_lists_by_date", "0003_fewer_pages", "0004_log_ins", "0005_searched_indexes"]
ADOPTED = [part for name in BEFORE for part in migrations._PARTS[name]]
SCHEMAS = Path(__file__).parents[2] / "corpora" / "schemas"


@dataclass
class Owner:
    """An owner with migrations of a test."""

    owner: str
    steps: tuple[Migration, ...]
    tables: tuple[type[peewee.Model], ...] = ()


def create_owners(*up: Any) -> list[Owner]:
    """An owner named ``test`` with one migration."""
    return [Owner("test", (Migration("0001_test", up, ()),))]


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    """A database without tables."""
    database = connect(database_url)
    yield database
    database.dispose()


def read_table_names(database: Database) -> set[str]:
    """The names of a database's tables."""
    with database.peewee.connection_context():
        return set(database.peewee.get_tables())


def read_indexes(database: Database) -> dict[str, set[tables.Index]]:
    """The indexes of every table."""
    with database.unit_of_work(write=False) as unit:
        return {table._meta.table_name: tables.read_indexes(unit, table._meta.table_name) for table in TABLES}


def read_rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table that was there with one history."""
    models = [table for owner in OWNERS[:2] for table in owner.tables]
    with database.unit_of_work(write=False) as unit:
        return {table._meta.table_name: _read_table_rows(unit, table) for table in models}


def _read_table_rows(unit: Unit, table: type[peewee.Model]) -> list[dict[str, Any]]:
    names = sorted(tables.read_columns(unit, table._meta.table_name))
    columns = ", ".join(f'"{name}"' for name in names)
    results = unit.execute(f'SELECT {columns} FROM "{table._meta.table_name}"').fetchall()
    return sorted((dict(zip(names, row, strict=True)) for row in results), key=repr)


def read_recorded(database: Database) -> list[str]:
    """The names in the history."""
    with database.unit_of_work(write=False) as unit:
        return [name for (name,) in unit.execute("SELECT name FROM schema_migrations ORDER BY name").fetchall()]


def list_model_indexes(table: str) -> set[tuple[tuple[str, ...], bool]]:
    """The indexes of a table's model."""
    (model,) = (candidate for candidate in TABLES if candidate._meta.table_name == table)
    single = {((field.name,), bool(field.unique)) for field in model._meta.sorted_fields if field.index or field.unique}
    return single | {(tuple(columns), unique) for columns, unique in model._meta.indexes}


#: What the indexes that sort lists of sessions have behind what sorts.
SEARCHED = {"from_folded", "to_folded", "from_start", "to_start"}


class TestSchema:
    """The migrated schema is the one that the tables say."""

    def test_tables(self, database: Database) -> None:
        assert read_table_names(database) == {table._meta.table_name for table in TABLES} | {"schema_migrations"}

    def test_columns_keys_and_indexes(self, database: Database) -> None:
        with database.unit_of_work(write=False) as unit:
            assert tables.find_differences(unit, TABLES) == []

    def test_no_index_but_the_models(self, database: Database) -> None:
        """Those that sort lists of all sessions, and of an account's, have what is searched, too."""
        for table, table_indexes in read_indexes(database).items():
            for index in table_indexes:
                columns = tuple(column for column in index.columns if column not in SEARCHED)
                assert (columns, index.unique) in list_model_indexes(table)

    def test_in_memory(self) -> None:
        owners.verify(OWNERS)

    def test_rows_in_the_order_of_their_keys(self, database: Database) -> None:
        if database.dialect == "mysql":
            return
        with database.unit_of_work(write=False) as unit:
            results = unit.execute("SELECT name FROM pragma_table_list WHERE wr = 1 AND schema = 'main'").fetchall()
        assert {name for (name,) in results} == {
            table._meta.table_name for table in TABLES if table._meta.without_rowid
        }

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

    def test_one_index_finds_sessions_of_a_member_and_keeps_members_unique(self, database: Database) -> None:
        if database.dialect == "mysql":
            return
        with database.unit_of_work(write=False) as unit:
            plan = unit.execute(
                'EXPLAIN QUERY PLAN SELECT "session_id" FROM "session_members" WHERE "identity" = ?', ("a",)
            ).fetchall()
        assert "COVERING INDEX sessionmember_identity_session_id (identity=?)" in plan[0][3]

    def test_texts_are_compared_by_code_points(self, database: Database) -> None:
        if database.dialect == "sqlite":
            return
        with database.unit_of_work(write=False) as unit:
            collations = unit.execute(
                "SELECT DISTINCT collation_name FROM information_schema.columns "
                "WHERE table_schema = DATABASE() AND collation_name IS NOT NULL"
            ).fetchall()
        assert collations in ((("utf8mb4_nopad_bin",),), (("utf8mb4_0900_bin",),))


class TestBefore:
    """A database whose history names no owners is brought over without loss."""

    @pytest.fixture
    def old(self, request: pytest.FixtureRequest, empty: Database) -> Database:
        """A database of the time when all tables had one history, with a row or two in each."""
        engine = request.node.callspec.params["database_url"]
        statements = (SCHEMAS / f"before_owners.{engine}.sql").read_text().split(";\n")
        with empty.unit_of_work() as unit:
            for statement in filter(str.strip, statements):
                unit.execute(statement)
        return empty

    def test_its_rows_stay(self, old: Database) -> None:
        before = read_rows(old)
        assert all(before.values())
        assert migrations.missing(old, OWNERS) == [name for name in NAMES if name not in ADOPTED]
        assert read_recorded(old) == BEFORE
        assert migrations.apply(old, OWNERS) == [name for name in NAMES if name not in ADOPTED]
        assert set(ADOPTED) <= set(read_recorded(old)) == set(NAMES)
        assert read_rows(old) == before
        with old.unit_of_work(write=False) as unit:
            assert tables.find_differences(unit, TABLES) == []
            assert session.get(unit, "5" * 32) is not None

    def test_down_to_the_first_and_up_again(self, old: Database) -> None:
        before = {
            name: table_rows
            for name, table_rows in read_rows(old).items()
            if name not in ("known_addresses", "token_families")
        }
        for owner in OWNERS:
            names = [name for name in NAMES if name.startswith(f"{owner.owner}/") and name in ADOPTED]
            assert migrations.downgrade(old, OWNERS, Target(owner.owner, 1)) == names[:0:-1]
        assert read_recorded(old) == ["sessions/0001_first", "users/0001_first"]
        migrations.apply(old, OWNERS)
        after = read_rows(old)
        for name, table_rows in before.items():
            unset = "password_set_by" if name == "users" else ""
            assert [{**row, unset: None} for row in after[name]] == [{**row, unset: None} for row in table_rows]

    def test_half_way(self, old: Database) -> None:
        """Some of the old migrations were applied: the parts of the others are missing."""
        with old.unit_of_work() as unit:
            unit.execute("DELETE FROM schema_migrations WHERE name > '0004'")
        stay = [part for name in BEFORE[:3] for part in migrations._PARTS[name]]
        assert migrations.missing(old, OWNERS) == [name for name in NAMES if name not in stay]

    def test_one_owner_alone_forgets_nothing_of_the_other(self, old: Database) -> None:
        assert migrations.apply(old, OWNERS[:1]) == []
        assert set(ADOPTED) <= set(read_recorded(old))


class TestUpAndDown:
    """Each migration is applied once, and may be taken back."""

    def test_up_twice_down_and_up_again(self, empty: Database) -> None:
        assert migrations.missing(empty, OWNERS) == NAMES
        assert migrations.apply(empty, OWNERS) == NAMES
        assert migrations.missing(empty, OWNERS) == []
        migrations.check(empty, OWNERS)
        assert migrations.apply(empty, OWNERS) == []
        for owner in OWNERS:
            names = [name for name in NAMES if name.startswith(f"{owner.owner}/")]
            assert migrations.downgrade(empty, OWNERS, Target(owner.owner, 0)) == names[::-1]
            assert migrations.downgrade(empty, OWNERS, Target(owner.owner, 0)) == []
        assert read_table_names(empty) == {"schema_migrations"}
        assert migrations.apply(empty, OWNERS) == NAMES

    def test_each_step_keeps_the_rows(self, empty: Database) -> None:
        migrations.apply(empty, OWNERS)
        before = read_indexes(empty)
        with empty.unit_of_work() as unit:
            row = add(unit, "ada", log=["made", "and more"])
        for target in (Target(owner.owner, step.number) for owner in OWNERS for step in owner.steps):
            later = [name for name in NAMES if name.startswith(f"{target.owner}/")][target.number :]
            assert migrations.downgrade(empty, OWNERS, target) == later[::-1]
            assert migrations.missing(empty, OWNERS) == later
            assert migrations.apply(empty, OWNERS) == later
            assert read_indexes(empty) == before
            with empty.unit_of_work(write=False) as unit:
                assert session.get(unit, row.id) == row


class TestOtherVersions:
    """A schema of another version is refused, with what to do."""

    def test_an_empty_database(self, empty: Database) -> None:
        with pytest.raises(SchemaMismatch, match=f"older than this version: it lacks {NAMES[0]}.*'gateway migrate'"):
            migrations.check(empty, OWNERS)
        with pytest.raises(SchemaMismatch, match="it lacks users/0001_first, users/0002_log_ins; run"):
            migrations.check(empty, OWNERS[:1])
        assert migrations.apply(empty, OWNERS[:1]) == ["users/0001_first", "users/0002_log_ins"]
        migrations.check(empty, OWNERS[:1])
        assert "sessions" not in read_table_names(empty)

    def test_an_older_schema_and_a_newer_one(self, empty: Database) -> None:
        migrations.apply(empty, OWNERS)
        migrations.downgrade(empty, OWNERS, Target("sessions", 1))
        with pytest.raises(SchemaMismatch, match=r"older than this version: it lacks sessions/0002_lists_by_date"):
            migrations.check(empty, OWNERS)
        migrations.check(empty, OWNERS[:1])
        with empty.unit_of_work() as unit:
            unit.execute("INSERT INTO schema_migrations (name, applied) VALUES ('shop/0001_first', 'now')")
        assert migrations.apply(empty, OWNERS, target=Target("sessions", 2)) == ["sessions/0002_lists_by_date"]
        for name in ("users/9999_future", "9999_future"):
            with empty.unit_of_work() as unit:
                unit.execute(f"INSERT INTO schema_migrations (name, applied) VALUES ('{name}', 'now')")
            for operation in (migrations.check, migrations.apply, migrations.missing):
                with pytest.raises(SchemaMismatch, match=f"newer than this version: it has {name}"):
                    operation(empty, OWNERS)
            with empty.unit_of_work() as unit:
                unit.execute(f"DELETE FROM schema_migrations WHERE name = '{name}'")

    def test_targets(self) -> None:
        assert migrations.parse_target("users/2", OWNERS) == Target("users", 2)
        assert migrations.parse_target("sessions/0", OWNERS) == Target("sessions", 0)
        assert migrations.parse_target("1", OWNERS[:1]) == Target("users", 1)
        for text, words in {
            "1": "the migration 1 needs its owner; write users/1 or sessions/1 or events/1",
            "shop/1": "there is no owner 'shop'; write users/1 or sessions/1 or events/1",
            "users/3": "there is no migration users/3; users has 0001_first, 0002_log_ins",
            "users": "'users' names no migration; write OWNER/NUMBER, such as users/1",
        }.items():
            with pytest.raises(SchemaMismatch) as error_info:
                migrations.parse_target(text, OWNERS)
            assert str(error_info.value) == words


class TestInterrupted:
    """A migration that fails half-way leaves a schema that the next try completes."""

    def test_it_goes_on_where_it_stopped(self, empty: Database) -> None:
        begin = (
            'CREATE TABLE "added" ("id" VARCHAR(64) NOT NULL PRIMARY KEY)',
            'CREATE INDEX "added_id" ON "added" ("id")',
            ddl.add_column("added", "name", "VARCHAR(64)"),
            ddl.add_column("added", "gone", "VARCHAR(64)"),
            ddl.drop_column("added", "gone"),
        )
        broken = create_owners(*begin, "NO STATEMENT AT ALL")
        with pytest.raises(Exception, match=r"(?i)syntax"):
            migrations.apply(empty, broken)
        assert migrations.missing(empty, broken) == ["test/0001_test"]
        assert ("added" in read_table_names(empty)) == (empty.dialect == "mysql")
        repaired = create_owners(*begin, 'CREATE TABLE "more" ("id" INTEGER NOT NULL PRIMARY KEY)')
        assert migrations.apply(empty, repaired) == ["test/0001_test"]
        assert {"added", "more"} <= read_table_names(empty)
        with empty.unit_of_work(write=False) as unit:
            assert tables.read_columns(unit, "added").keys() == {"id", "name"}


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
class TestSlow:
    """Changes of big tables."""

    def test_a_statement_may_take_longer_than_requests_wait(
        self, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(connect.__kwdefaults__ or {}, "answer", 1)
        slow = create_owners({"mysql": "SELECT SLEEP(2)"})
        monkeypatch.setattr(service, "rows", slow)
        with pytest.raises(Unavailable, match="timed out"):
            migrations.apply(connect(database_url), slow)
        result = CliRunner().invoke(
            main,
            ["migrate"],
            env={"GATEWAY_DATABASE_URL": database_url, "GATEWAY_SECRET": "secret-of-these-tests-0123456789abcdef"},
        )
        assert result.stdout == "applied test/0001_test\nthe schema is up to date\n"

    def test_who_reads_a_table_is_waited_for_for_a_while(
        self, database_url: str, empty: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        migrations.apply(empty, OWNERS)
        monkeypatch.setattr(migrations, "_PATIENCE", 1)
        patient = migrations.connect_patiently(database_url)
        with empty.unit_of_work(write=False) as unit:
            unit.execute("SELECT 1 FROM users")
            with pytest.raises(Unavailable, match="Lock wait timeout"):
                migrations.apply(patient, create_owners("DROP TABLE users"))
        assert migrations.apply(patient, create_owners("DROP TABLE users")) == ["test/0001_test"]
        patient.dispose()


MIGRATE = """
import sys
from gateway.sessions.service import service
from models import connect
from models.engine import migrations
print(*migrations.apply(connect(sys.argv[1]), service.rows))
"""


class TestAtOnce:
    """Nodes that start together apply each migration once."""

    def test_processes(self, database_url: str) -> None:
        command = [sys.executable, "-c", MIGRATE, database_url]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
        ]
        outputs = [process.communicate(timeout=60) for process in running]
        assert [process.returncode for process in running] == [0] * 4, outputs
        assert sorted(" ".join(out for out, _ in outputs).split()) == sorted(NAMES)
        migrations.check(connect(database_url), OWNERS)

    def test_a_lock_is_one_databases_own(self, empty: Database, database_url: str) -> None:
        """Who migrates one database of a server keeps nobody from migrating another one."""
        if empty.dialect == "sqlite":
            return
        other = connect(f"{database_url.rpartition('/')[0]}/mysql")
        with migrations._hold_schema_lock(empty), other.unit_of_work(write=False) as unit:
            lock_states = unit.execute(
                "SELECT IS_FREE_LOCK(%s), IS_FREE_LOCK(CONCAT('gateway ', MD5(DATABASE())))", ("gateway_migrations",)
            ).fetchone()
        other.dispose()
        assert lock_states == (1, 1)


def test_queries_find_their_columns(database: Database) -> None:
    """What the tables have but the schema lacks would fail here."""
    for model in (Session, SessionMember):
        text, values = database.peewee.get_sql_context().sql(model.select()).query()
        with database.unit_of_work(write=False) as unit:
            assert list(unit.execute(text, values).fetchall()) == []
