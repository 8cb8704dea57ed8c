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


def patient(url: str) -> Database:
    """Return the database of a URL, for changes of its schema. For a big table they take minutes, and they wait for its readers."""
    return connect(url, connections=2, patience=_PATIENCE, answer=None, sync_wait=True)


def names(owners: Sequence[Owner]) -> list[str]:
    """Return the full name of every migration, ``owner/0001_name``, in the order in which they are applied."""
    return list(_steps(owners))


def missing(database: Database, owners: Sequence[Owner]) -> list[str]:
    """Return the migrations of this version that the database lacks, in order.

    :raises SchemaMismatch: when the schema is newer than this version.
    """
    steps = _steps(owners)
    applied = _applied(database)
    _refuse_newer({name for name, expands in applied.items() if not expands}, owners, steps)
    return [name for name in steps if name not in applied]


def check(database: Database, owners: Sequence[Owner]) -> None:
    """Check that the schema is this version's.

    :raises SchemaMismatch: when it is not. The message names the missing or unknown migration and the remedy.
    """
    lacking = missing(database, owners)
    if lacking:
        raise SchemaMismatch(
            f"the database's schema is older than this version: it lacks {', '.join(lacking)}; run 'gateway migrate'"
        )


def is_migrated(database: Database) -> bool:
    """Return whether any migration was applied. If none was, the database is empty."""
    return bool(_applied(database))


def planned(database: Database, owners: Sequence[Owner]) -> Iterator[tuple[str, bool, list[plan.Step]]]:
    """Yield what `apply` would do: each missing migration, whether the previous version may keep running after it, and its changes.

    :raises SchemaMismatch: when the schema is newer than this version.
    """
    steps = _steps(owners)
    for name in missing(database, owners):
        yield name, plan.is_expanding(steps[name]), [*plan.steps(database, steps[name])]


def target(text: str, owners: Sequence[Owner]) -> Target:
    """Parse ``OWNER/NUMBER``, or a number alone if there is one owner. The number 0 is before the first migration.

    :raises SchemaMismatch: when there is no such owner or migration.
    """
    found = _TARGET.fullmatch(text)
    known = {each.owner: each for each in owners}
    if found is None:
        raise SchemaMismatch(f"{text!r} names no migration; write OWNER/NUMBER, such as {next(iter(known))}/1")
    name, number = found[1] or "", int(found[2])
    if not name and len(known) == 1:
        (name,) = known
    if name not in known:
        whose = f"there is no owner {name!r}" if name else f"the migration {text} needs its owner"
        raise SchemaMismatch(f"{whose}; write {' or '.join(f'{each}/{number}' for each in known)}")
    steps = known[name].steps
    if number > len(steps):
        listed = ", ".join(each.name for each in steps)
        raise SchemaMismatch(f"there is no migration {name}/{number}; {name} has {listed}")
    return Target(name, number)


def size(database: Database) -> int:
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
    steps = _steps(owners)
    with _alone(database):
        database.run(_prepare)
        wanted = [name for name in missing(database, owners) if target is None or _is_within(name, target)]
        return [name for name in wanted if _apply_beside_writers(database, name, steps[name], report)]


def _apply_beside_writers(database: Database, name: str, step: Migration, report: Report) -> bool:
    """Apply a migration; return False if it is applied already. On SQLite, other writers get a turn between two indexes."""
    if database.dialect == "sqlite" and ddl.makes_indexes(step.up):
        for number, change in enumerate(step.up, 1):
            if name in _applied(database):
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
    steps = _steps(owners)
    whose = f"{target.owner}/"
    later = [name for name in reversed(steps) if name.startswith(whose) and not _is_within(name, target)]
    with _alone(database):
        database.run(_prepare)
        _refuse_newer(_applied(database).keys(), owners, steps)
        return [name for name in later if database.run(partial(_take_back, name, steps[name], report))]


def _steps(owners: Sequence[Owner]) -> dict[str, Migration]:
    check_names(owners)
    return {f"{each.owner}/{step.name}": step for each in owners for step in each.steps}


def _is_within(name: str, target: Target) -> bool:
    owner, _, step = name.partition("/")
    return owner == target.owner and int(step.partition("_")[0]) <= target.number


def _prepare(unit: Unit) -> None:
    """Create the table of the history, or add owners to old names in it."""
    if not _has_history(unit):
        ddl.run(unit, ddl.HISTORY)
    recorded = unit.execute(f'SELECT "name", "applied" FROM "{_TABLE}"').fetchall()  # noqa: S608 - a constant
    known = {name for name, _ in recorded}
    for name, applied in recorded:
        for part in _PARTS.get(name, ()):
            if part not in known:
                # Another node of a cluster may have recorded it first.
                with suppress(Duplicate):
                    _record(unit, part, applied)
        if name in _PARTS:
            _forget(unit, name)


def _apply(name: str, step: Migration, report: Report, done: int, unit: Unit) -> bool:
    """Apply a migration; return False if it is applied already.

    :param done: the number of steps that are done already; they are checked again, without a report.
    """
    if name in _recorded(unit):
        return False
    _run(unit, step.up, report, f"applying {name}", done)
    try:
        mark = EXPANDING if plan.is_expanding(step) else "Z"
        _record(unit, name, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}{mark}")
    except Duplicate:
        return False
    return True


def _take_back(name: str, step: Migration, report: Report, unit: Unit) -> bool:
    if name not in _recorded(unit):
        return False
    _run(unit, step.down, report, f"undoing {name}")
    _forget(unit, name)
    return True


@contextmanager
def _alone(database: Database) -> Iterator[None]:
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


def _run(unit: Unit, changes: Sequence[ddl.Change], report: Report, what: str, done: int = 0) -> None:
    for number, change in enumerate(changes, 1):
        if number > done:
            report(f"{what}: step {number} of {len(changes)}")
        ddl.run(unit, change)


def _refuse_newer(applied: Collection[str], owners: Sequence[Owner], steps: Mapping[str, Migration]) -> None:
    """Refuse names of these owners, or of no owner, that this version does not know. Other services' names are allowed."""
    known = {"", *(each.owner for each in owners)}
    newer = sorted(name for name in applied if name.rpartition("/")[0] in known and name not in steps)
    if newer:
        raise SchemaMismatch(
            f"the database's schema is newer than this version: it has {', '.join(newer)}; run a newer gateway or service"
        )


def _applied(database: Database) -> dict[str, bool]:
    with database.unit_of_work(write=False) as unit:
        return _recorded(unit) if _has_history(unit) else {}


def _has_history(unit: Unit) -> bool:
    if unit.dialect == "sqlite":
        found = unit.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,))
    else:
        found = unit.execute("SHOW TABLES LIKE %s", (_TABLE,))
    return found.fetchone() is not None


def _recorded(unit: Unit) -> dict[str, bool]:
    """Return the full names of applied migrations, and whether the previous version may keep running after each."""
    rows = unit.execute(f'SELECT "name", "applied" FROM "{_TABLE}"').fetchall()  # noqa: S608 - a constant
    return {part: applied.endswith(EXPANDING) for name, applied in rows for part in _PARTS.get(name, (name,))}


def _record(unit: Unit, name: str, applied: str) -> None:
    statement = 'INSERT INTO "schema_migrations" ("name", "applied") VALUES (?, ?)'
    unit.execute(_placed(unit, statement), (name, applied))


def _forget(unit: Unit, name: str) -> None:
    unit.execute(_placed(unit, 'DELETE FROM "schema_migrations" WHERE "name" = ?'), (name,))


def _placed(unit: Unit, statement: str) -> str:
    return statement.replace("?", "%s") if unit.dialect == "mysql" else statement
