"""What a migration locks, and two versions of the schema side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from models import Database, SchemaMismatch, Unit, connect
from models.engine import ddl, migrations, plan
from models.engine.owners import Migration, Owner
from tests.databases import OWNERS
from tests.models.conftest import add, read_stored


@pytest.mark.parametrize(
    ("up", "expands"),
    [
        (('CREATE TABLE "a" ("b" INTEGER NOT NULL)',), True),
        (('CREATE INDEX "i" ON "sessions" ("ended")', 'DROP INDEX "j"'), True),
        ((ddl.add_column("sessions", "more", "VARCHAR(64)"),), True),
        (('ALTER TABLE "sessions" ADD COLUMN "more" INTEGER NOT NULL DEFAULT 0',), True),
        (
            ({"mysql": 'ALTER TABLE "sessions" ADD COLUMN "g" VARCHAR(9) GENERATED ALWAYS AS (LEFT("id", 9)) STORED'},),
            True,
        ),
        (
            ('CREATE TABLE "a" ("b" INTEGER)', 'CREATE UNIQUE INDEX "i" ON "a" ("b")', 'INSERT INTO "a" VALUES (1)'),
            True,
        ),
        (('CREATE UNIQUE INDEX "i" ON "sessions" ("id")',), False),
        (('ALTER TABLE "sessions" ADD COLUMN "more" INTEGER NOT NULL',), False),
        ((ddl.drop_column("sessions", "ended"),), False),
        (('ALTER TABLE "sessions" RENAME COLUMN "ended" TO "over"',), False),
        (
            (
                {
                    "sqlite": 'CREATE INDEX "i" ON "sessions" ("ended")',
                    "mysql": 'ALTER TABLE "sessions" MODIFY "ended" INT',
                },
            ),
            False,
        ),
        (('DROP TABLE "messages"',), False),
        (('UPDATE "sessions" SET "ended" = 1',), False),
    ],
)
def test_a_change_that_only_adds_lets_the_version_before_work_on(up: Sequence[ddl.Change], expands: bool) -> None:
    assert plan.is_expanding(Migration("0009_next", up, ())) is expands


@pytest.mark.parametrize("expands", [True, False])
def test_a_migration_may_declare_it(expands: bool) -> None:
    opposite = 'CREATE INDEX "i" ON "sessions" ("ended")' if not expands else 'DROP TABLE "messages"'
    assert plan.is_expanding(Migration("0009_next", (opposite,), (), expands)) is expands


def test_the_index_of_members_is_replaced_while_nodes_of_the_previous_version_run() -> None:
    (sessions_owner,) = (owner for owner in OWNERS if owner.owner == "sessions")
    (step,) = (migration for migration in sessions_owner.steps if migration.name == "0006_one_member_index")
    assert plan.is_expanding(step)


@dataclass(frozen=True)
class Next:
    """The sessions' tables of the next version."""

    change: ddl.Change
    owner: str = "sessions"

    @property
    def steps(self) -> Sequence[Migration]:
        (sessions_owner,) = (owner for owner in OWNERS if owner.owner == "sessions")
        return (
            *sessions_owner.steps,
            Migration(f"{len(sessions_owner.steps) + 1:04}_next", (self.change,), ('DROP INDEX "next"',)),
        )


def apply_next(database: Database, change: ddl.Change) -> list[str]:
    owners: list[Owner] = [Next(change), *(owner for owner in OWNERS if owner.owner != "sessions")]
    return migrations.apply(database, owners)


def test_this_version_works_on_beside_one_that_has_added_something(database: Database) -> None:
    with database.unit_of_work() as unit:
        before = add(unit, "ann").id
    change = ddl.add_column("sessions", "of_next_version", "VARCHAR(64)")
    added = f"sessions/{Next(change).steps[-1].name}"
    try:
        assert apply_next(database, change) == [added]
        # A node of this version starts, reads and writes.
        migrations.check(database, OWNERS)
        assert migrations.missing(database, OWNERS) == []
        with database.unit_of_work() as unit:
            after = add(unit, "bob").id
        with database.unit_of_work(write=False) as unit:
            assert [read_stored(unit, session_id).id for session_id in (before, after)] == [before, after]
        # It can't undo what it does not know.
        with pytest.raises(SchemaMismatch, match="newer"):
            migrations.downgrade(database, OWNERS, migrations.parse_target("sessions/1", OWNERS))
    finally:
        with database.unit_of_work() as unit:
            unit.execute('ALTER TABLE "sessions" DROP COLUMN "of_next_version"')
            unit.execute(f"DELETE FROM schema_migrations WHERE name = '{added}'")


def test_this_version_is_refused_beside_one_that_has_taken_something_away(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path}/rows.db")
    migrations.apply(database, OWNERS)
    apply_next(database, 'ALTER TABLE "sessions" RENAME COLUMN "outcome" TO "result"')
    with pytest.raises(SchemaMismatch, match="newer"):
        migrations.check(database, OWNERS)


def test_the_plan_names_locks_and_times(database: Database) -> None:
    with database.unit_of_work() as unit:
        for _ in range(3):
            add(unit)
    index = Migration("0009_next", ('CREATE INDEX "i" ON "sessions" ("ended")', 'CREATE TABLE "a" ("b" INTEGER)'), ())
    first, second = plan.list_steps(database, index)
    assert first.seconds > 0
    assert first.rows == 3 or database.dialect == "mysql"
    assert ("writers wait" in first.locks) is (database.dialect == "sqlite")
    assert second.seconds == 0
    copying = Migration("0009_next", ('ALTER TABLE "sessions" MODIFY "ended" INT',), ())
    assert next(plan.list_steps(database, copying)).seconds >= first.seconds


def test_migrate_plan_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/rows.db"
    database = connect(url)
    migrations.apply(database, OWNERS)
    migrations.downgrade(database, OWNERS, migrations.parse_target("sessions/3", OWNERS))
    environment = {"GATEWAY_DATABASE_URL": url}
    result = CliRunner().invoke(main, ["migrate", "--plan"], env=environment)
    assert result.exit_code == 0, result.output
    assert "sessions/0004_searched_indexes: nodes of the version before may go on" in result.output
    assert "writers wait, readers do not" in result.output
    assert "sessions/0004_searched_indexes" in migrations.missing(database, OWNERS)
    assert (
        '"earlierVersionWorksOn": true'
        in CliRunner().invoke(main, ["migrate", "--plan", "--json"], env=environment).output
    )
    migrations.apply(database, OWNERS)
    assert "up to date" in CliRunner().invoke(main, ["migrate", "--plan"], env=environment).output


def test_writers_of_sqlite_have_a_turn_between_two_indexes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/rows.db"
    database = connect(url)
    migrations.apply(database, OWNERS)
    indexes = [f'CREATE INDEX "next_{number}" ON "sessions" ("ended")' for number in range(3)]
    step = Migration("0001_next", (*indexes, {"mysql": "nothing here"}), ())
    other = connect(url, patience=0.1)
    lines: list[str] = []

    def write(line: str) -> None:
        # As another process does: it finds what was made so far, and the lock free.
        with other.unit_of_work() as unit:
            lines.append(f"{line}, {len(list_indexes(unit))} made")
            add(unit)

    @dataclass(frozen=True)
    class IndexOwner:
        owner: str = "indexed"
        steps: Sequence[Migration] = (step,)

    assert migrations.apply(database, [*OWNERS, IndexOwner()], write) == ["indexed/0001_next"]
    assert lines == [f"applying indexed/0001_next: step {number + 1} of 4, {number} made" for number in range(4)]


def list_indexes(unit: Unit) -> list[str]:
    return [name for (name,) in unit.execute("SELECT name FROM sqlite_master WHERE name LIKE 'next_%'").fetchall()]


def test_a_migration_of_indexes_that_was_stopped_goes_on(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path}/rows.db")
    migrations.apply(database, OWNERS)
    with database.unit_of_work() as unit:
        unit.execute('CREATE INDEX "next_0" ON "sessions" ("ended")')
    step = Migration(
        "0001_next", tuple(f'CREATE INDEX "next_{number}" ON "sessions" ("ended")' for number in (0, 1)), ()
    )

    @dataclass(frozen=True)
    class IndexOwner:
        owner: str = "indexed"
        steps: Sequence[Migration] = (step,)

    assert migrations.apply(database, [*OWNERS, IndexOwner()]) == ["indexed/0001_next"]
    with database.unit_of_work(write=False) as unit:
        assert len(list_indexes(unit)) == 2
