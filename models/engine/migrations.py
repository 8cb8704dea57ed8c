"""The schema's history: apply and undo each owner's numbered migrations.

Published migrations are never edited. Each migration is applied once, by the process that comes first: on SQLite under its write lock, on
MySQL under a named lock. That lock belongs to one server: the nodes of a Galera cluster may migrate at once, and each skips the changes
that another has made.

The table ``schema_migrations`` lists applied migrations as ``owner/0001_name``. Owners that are not passed are ignored.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from models.engine import ddl, plan
from models.engine.database import Database, Unit, connect
from models.engine.errors import Duplicate, SchemaMismatch, Unavailable
from models.engine.owners import Migration, Owner, check_names

#: Reports a step as one line of text.
Report = Callable[[str], None]

#: Names from the time when users and sessions had one history, and the migrations that replaced each.
_PARTS: Mapping[str, Sequence[str]] = {
    "0001_first": ("users/0001_first", "sessions/0001_first"),
    "0002_lists_by_date": ("sessions/0002_lists_by_date",),
    "0003_fewer_pages": ("sessions/0003_fewer_pages",),
    "0004_log_ins": ("users/0002_log_ins",),
    "0005_searched_indexes": ("sessions/0004_searched_indexes",),
    "0006_searched_columns": ("sessions/0005_searched_columns",),
}
#: Replaces the Z of the instant at which a migration was applied, if the previous version may keep running (`models.engine.plan`).
EXPANDING = "+"
_TABLE = ddl.HISTORY_TABLE
_TARGET = re.compile(r"(?:(\w+)/)?(\d{1,4})")
# Named locks are shared by a server's databases, so the lock's name includes the database's.
_LOCK = "CONCAT('gateway ', MD5(DATABASE()))"
_SIZE = "SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = DATABASE()"
#: Seconds to wait for another node's migrations; less than the driver waits for a response.
_LOCK_SECONDS = 25
#: Seconds to wait for the lock of a table. It is limited because later requests for the table wait, too.
_PATIENCE = 60
#: Seconds between two transactions on SQLite, so that waiting writers can begin theirs.
_TURN = 0.3


class Target(NamedTuple):
    """The target version of one owner's tables.

    :ivar number: the last migration that is applied; 0 for none.
    """

    owner: str
    number: int

    def __str__(self) -> str:
        return f"{self.owner}/{self.number}"


def connect_patiently(url: str) -> Database:
    """Return the database of a URL, for changes of its schema. For a big table they take minutes, and they wait for its readers."""
    return connect(url, connections=2, patience=_PATIENCE, answer=None, sync_wait=True)


def list_names(owners: Sequence[Owner]) -> list[str]:
    """Return the full name of every migration, ``owner/0001_name``, in the order in which they are applied."""
    return list(_map_steps(owners))


def missing(database: Database, owners: Sequence[Owner]) -> list[str]:
    """Return the migrations of this version that the database lacks, in order.

    :raises SchemaMismatch: when the schema is newer than this version.
    """
    steps = _map_steps(owners)
    applied = _read_applied(database)
    _refuse_newer({name for name, expands in applied.items() if not expands}, owners, steps)
    return [name for name in steps if name not in applied]


def check(database: Database, owners: Sequence[Owner]) -> None:
    """Check that the schema is this version's.

    :raises SchemaMismatch: when it is not. The message names the missing or unknown migration and the remedy.
    """
    missing_names = missing(database, owners)
    if missing_names:
        raise SchemaMismatch(
            f"the database's schema is older than this version: it lacks {', '.join(missing_names)}; run 'gateway migrate'"
        )


def is_migrated(database: Database) -> bool:
    """Return whether any migration was applied. If none was, the database is empty."""
    return bool(_read_applied(database))


def plan_missing(database: Database, owners: Sequence[Owner]) -> Iterator[tuple[str, bool, list[plan.Step]]]:
    """Yield what `apply` would do: each missing migration, whether the previous version may keep running after it, and its changes.

    :raises SchemaMismatch: when the schema is newer than this version.
    """
    steps = _map_steps(owners)
    for name in missing(database, owners):
        yield name, plan.is_expanding(steps[name]), [*plan.list_steps(database, steps[name])]


def parse_target(text: str, owners: Sequence[Owner]) -> Target:
    """Parse ``OWNER/NUMBER``, or a number alone if there is one owner. The number 0 is before the first migration.

    :raises SchemaMismatch: when there is no such owner or migration.
    """
    match = _TARGET.fullmatch(text)
    owners_by_name = {owner.owner: owner for owner in owners}
    if match is None:
        raise SchemaMismatch(f"{text!r} names no migration; write OWNER/NUMBER, such as {next(iter(owners_by_name))}/1")
    name, number = match[1] or "", int(match[2])
    if not name and len(owners_by_name) == 1:
        (name,) = owners_by_name
    if name not in owners_by_name:
        problem = f"there is no owner {name!r}" if name else f"the migration {text} needs its owner"
        raise SchemaMismatch(f"{problem}; write {' or '.join(f'{owner}/{number}' for owner in owners_by_name)}")
    steps = owners_by_name[name].steps
    if number > len(steps):
        step_names = ", ".join(step.name for step in steps)
        raise SchemaMismatch(f"there is no migration {name}/{number}; {name} has {step_names}")
    return Target(name, number)


def measure_size(database: Database) -> int:
    """Return the approximate size of the database on disk, in bytes."""
    with database.unit_of_work(write=False) as unit:
        if unit.dialect == "sqlite":
            pages, page = (unit.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            return int(pages * page)
        return int(unit.execute(_SIZE).fetchone()[0] or 0)


def _ignore(text: str) -> None:
    del text


def apply(
    database: Database, owners: Sequence[Owner], report: Report = _ignore, target: Target | None = None
) -> list[str]:
    """Apply missing migrations and return their full names.

    :param report: called with a line before each step.
    :param target: the owner to migrate, and how far; None for all owners.
    :raises SchemaMismatch: when the schema is newer than this version.
    """
    steps = _map_steps(owners)
    with _hold_schema_lock(database):
        database.run(_prepare)
        pending = [name for name in missing(database, owners) if target is None or _is_within(name, target)]
        return [name for name in pending if _apply_beside_writers(database, name, steps[name], report)]


def _apply_beside_writers(database: Database, name: str, step: Migration, report: Report) -> bool:
    """Apply a migration; return False if it is applied already. On SQLite, other writers get a turn between two indexes."""
    if database.dialect == "sqlite" and ddl.makes_indexes(step.up):
        for number, change in enumerate(step.up, 1):
            if name in _read_applied(database):
                return False
            report(f"applying {name}: step {number} of {len(step.up)}")
            database.run(lambda unit, change=change: ddl.run(unit, change))  # type: ignore[misc]
            time.sleep(_TURN)
        return database.run(partial(_apply, name, step, report, len(step.up)))
    return database.run(partial(_apply, name, step, report, 0))


def downgrade(database: Database, owners: Sequence[Owner], target: Target, report: Report = _ignore) -> list[str]:
    """Undo every migration of the target's owner after the target, the last one first; return their full names.

    :param report: called with a line before each step.
    :raises SchemaMismatch: when the schema is newer than this version: it can't undo unknown migrations.
    """
    steps = _map_steps(owners)
    prefix = f"{target.owner}/"
    later_names = [name for name in reversed(steps) if name.startswith(prefix) and not _is_within(name, target)]
    with _hold_schema_lock(database):
        database.run(_prepare)
        _refuse_newer(_read_applied(database).keys(), owners, steps)
        return [name for name in later_names if database.run(partial(_take_back, name, steps[name], report))]


def _map_steps(owners: Sequence[Owner]) -> dict[str, Migration]:
    check_names(owners)
    return {f"{owner.owner}/{step.name}": step for owner in owners for step in owner.steps}


def _is_within(name: str, target: Target) -> bool:
    owner, _, step = name.partition("/")
    return owner == target.owner and int(step.partition("_")[0]) <= target.number


def _prepare(unit: Unit) -> None:
    """Create the table of the history, or add owners to old names in it."""
    if not _has_history(unit):
        ddl.run(unit, ddl.HISTORY)
    rows = unit.execute(f'SELECT "name", "applied" FROM "{_TABLE}"').fetchall()  # noqa: S608 - a constant
    row_names = {name for name, _ in rows}
    for name, applied in rows:
        for new_name in _PARTS.get(name, ()):
            if new_name not in row_names:
                # Another node of a cluster may have recorded it first.
                with suppress(Duplicate):
                    _record(unit, new_name, applied)
        if name in _PARTS:
            _forget(unit, name)


def _apply(name: str, step: Migration, report: Report, skipped: int, unit: Unit) -> bool:
    """Apply a migration; return False if it is applied already.

    :param skipped: the number of steps that are done already; they are checked again, without a report.
    """
    if name in _read_records(unit):
        return False
    _run(unit, step.up, report, f"applying {name}", skipped)
    try:
        mark = EXPANDING if plan.is_expanding(step) else "Z"
        _record(unit, name, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}{mark}")
    except Duplicate:
        return False
    return True


def _take_back(name: str, step: Migration, report: Report, unit: Unit) -> bool:
    if name not in _read_records(unit):
        return False
    _run(unit, step.down, report, f"undoing {name}")
    _forget(unit, name)
    return True


@contextmanager
def _hold_schema_lock(database: Database) -> Iterator[None]:
    if database.dialect == "sqlite":
        yield
        return
    with database.unit_of_work(write=False) as unit:
        if unit.execute(f"SELECT GET_LOCK({_LOCK}, %s)", (_LOCK_SECONDS,)).fetchone()[0] != 1:
            raise Unavailable("another node is migrating the schema")
        try:
            yield
        finally:
            # A broken connection holds no lock.
            with suppress(Unavailable):
                unit.execute(f"SELECT RELEASE_LOCK({_LOCK})")


def _run(unit: Unit, changes: Sequence[ddl.Change], report: Report, task: str, skipped: int = 0) -> None:
    for number, change in enumerate(changes, 1):
        if number > skipped:
            report(f"{task}: step {number} of {len(changes)}")
        ddl.run(unit, change)


def _refuse_newer(applied: Collection[str], owners: Sequence[Owner], steps: Mapping[str, Migration]) -> None:
    """Refuse names of these owners, or of no owner, that this version does not know. Other services' names are allowed."""
    owner_names = {"", *(owner.owner for owner in owners)}
    newer_names = sorted(name for name in applied if name.rpartition("/")[0] in owner_names and name not in steps)
    if newer_names:
        raise SchemaMismatch(
            f"the database's schema is newer than this version: it has {', '.join(newer_names)}; run a newer gateway or service"
        )


def _read_applied(database: Database) -> dict[str, bool]:
    with database.unit_of_work(write=False) as unit:
        return _read_records(unit) if _has_history(unit) else {}


def _has_history(unit: Unit) -> bool:
    if unit.dialect == "sqlite":
        cursor = unit.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,))
    else:
        cursor = unit.execute("SHOW TABLES LIKE %s", (_TABLE,))
    return cursor.fetchone() is not None


def _read_records(unit: Unit) -> dict[str, bool]:
    """Return the full names of applied migrations, and whether the previous version may keep running after each."""
    rows = unit.execute(f'SELECT "name", "applied" FROM "{_TABLE}"').fetchall()  # noqa: S608 - a constant
    return {part: applied.endswith(EXPANDING) for name, applied in rows for part in _PARTS.get(name, (name,))}


def _record(unit: Unit, name: str, applied: str) -> None:
    statement = 'INSERT INTO "schema_migrations" ("name", "applied") VALUES (?, ?)'
    unit.execute(_format_statement(unit, statement), (name, applied))


def _forget(unit: Unit, name: str) -> None:
    unit.execute(_format_statement(unit, 'DELETE FROM "schema_migrations" WHERE "name" = ?'), (name,))


def _format_statement(unit: Unit, statement: str) -> str:
    return statement.replace("?", "%s") if unit.dialect == "mysql" else statement
