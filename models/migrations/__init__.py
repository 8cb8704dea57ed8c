"""The schema's history: numbered migrations, each with the statements of its way up and down.

A migration is a module ``mNNNN_name`` with ``UP`` and ``DOWN``, changes as `models.migrations.ddl` runs them. What was published is
never edited. Each is applied once, by whoever comes first: on SQLite under its write lock, on MySQL under a named lock. That lock is one
server's: the nodes of a Galera cluster may migrate at once, and pass over what another one made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from types import ModuleType

from models.engine.database import Database, Unit, connect
from models.engine.errors import Duplicate, SchemaMismatch, Unavailable
from models.migrations import (
    ddl,
    m0001_first,
    m0002_lists_by_date,
    m0003_fewer_pages,
    m0004_log_ins,
    m0005_searched_indexes,
    m0006_searched_columns,
)

__all__ = [
    "MIGRATIONS",
    "SchemaMismatch",
    "apply",
    "check",
    "downgrade",
    "is_migrated",
    "missing",
    "named",
    "patient",
    "size",
]

_MODULES: Sequence[ModuleType] = (
    m0001_first,
    m0002_lists_by_date,
    m0003_fewer_pages,
    m0004_log_ins,
    m0005_searched_indexes,
    m0006_searched_columns,
)

#: Every migration by its number and name, in order.
MIGRATIONS: Mapping[str, ModuleType] = {each.__name__.rpartition(".")[2].removeprefix("m"): each for each in _MODULES}

#: Takes a line about what is being done.
Report = Callable[[str], None]

_TABLE = "schema_migrations"
_HISTORY = f'CREATE TABLE "{_TABLE}" ("name" VARCHAR(255) NOT NULL PRIMARY KEY, "applied" VARCHAR(27) NOT NULL)'
# Locks are the server's: the database's name makes this one its own.
_LOCK = "CONCAT('gateway ', MD5(DATABASE()))"
_SIZE = "SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = DATABASE()"
#: Seconds to wait for another node's migrations; less than the driver waits for an answer.
_LOCK_SECONDS = 25
#: Seconds to wait for the lock of a table. Who comes after waits, too: so not for ever.
_PATIENCE = 60


def patient(url: str) -> Database:
    """The database of a URL, for changes of its schema: of a big table they take minutes, and wait for those who read it."""
    return connect(url, connections=2, patience=_PATIENCE, answer=None, sync_wait=True)


def missing(database: Database) -> list[str]:
    """Migrations of this version that the database lacks, in order. Raises SchemaMismatch when the schema is newer than this version."""
    found = _applied(database)
    _refuse_newer(found)
    return [name for name in MIGRATIONS if name not in found]


def check(database: Database) -> None:
    """Refuse a schema that is not this version's. Raises SchemaMismatch that says what to do."""
    lacking = missing(database)
    if lacking:
        raise SchemaMismatch(
            f"the database's schema is older than this version: it lacks {', '.join(lacking)}; run 'gateway migrate'"
        )


def is_migrated(database: Database) -> bool:
    """Return whether any migration was applied: an empty database needs no care."""
    return bool(_applied(database))


def named(number: int | None) -> str:
    """Return the name of the migration of a number; the last one's for None.

    :raises SchemaMismatch: when there is none.
    """
    if number is None:
        return list(MIGRATIONS)[-1]
    for name in MIGRATIONS:
        if int(name.partition("_")[0]) == number:
            return name
    raise SchemaMismatch(f"there is no migration {number}; there are {', '.join(MIGRATIONS)}")


def size(database: Database) -> int:
    """Return about how many bytes of disk the database takes."""
    with database.unit_of_work(write=False) as unit:
        if unit.dialect == "sqlite":
            pages, page = (unit.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            return int(pages * page)
        return int(unit.execute(_SIZE).fetchone()[0] or 0)


def _ignore(text: str) -> None:
    del text


def apply(database: Database, report: Report = _ignore, target: str = "") -> list[str]:
    """Apply what is missing; the names of what was. Raises SchemaMismatch when the schema is newer than this version.

    :param report: called with a line before each step.
    :param target: the last migration to apply; empty for all.
    """
    with _alone(database):
        database.run(_prepare)
        wanted = [name for name in missing(database) if not target or name <= target]
        return [name for name in wanted if database.run(partial(_apply, name, report))]


def downgrade(database: Database, target: str, report: Report = _ignore) -> list[str]:
    """Take back every migration after `target` (all, where it is empty), the last one first; the names of what was.

    :param report: called with a line before each step.
    :raises SchemaMismatch: when the schema is newer than this version, which can't undo what it does not know.
    """
    later = sorted((name for name in MIGRATIONS if name > target), reverse=True)
    with _alone(database):
        database.run(_prepare)
        _refuse_newer(_applied(database))
        return [name for name in later if database.run(partial(_take_back, name, report))]


def _prepare(unit: Unit) -> None:
    if not _has_history(unit):
        ddl.run(unit, _HISTORY)


def _apply(name: str, report: Report, unit: Unit) -> bool:
    """Apply a migration; False where it is applied already."""
    if name in _names(unit):
        return False
    _run(unit, MIGRATIONS[name].UP, report, f"applying {name}")
    try:
        unit.execute(_placed(unit, 'INSERT INTO "schema_migrations" ("name", "applied") VALUES (?, ?)'), (name, _now()))
    except Duplicate:
        return False
    return True


def _take_back(name: str, report: Report, unit: Unit) -> bool:
    if name not in _names(unit):
        return False
    _run(unit, MIGRATIONS[name].DOWN, report, f"undoing {name}")
    unit.execute(_placed(unit, 'DELETE FROM "schema_migrations" WHERE "name" = ?'), (name,))
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
            # A connection that broke holds no lock.
            with suppress(Unavailable):
                unit.execute(f"SELECT RELEASE_LOCK({_LOCK})")


def _run(unit: Unit, changes: Sequence[ddl.Change], report: Report, what: str) -> None:
    for number, change in enumerate(changes, 1):
        report(f"{what}: step {number} of {len(changes)}")
        ddl.run(unit, change)


def _refuse_newer(found: set[str]) -> None:
    newer = sorted(found - MIGRATIONS.keys())
    if newer:
        raise SchemaMismatch(
            f"the database's schema is newer than this version: it has {', '.join(newer)}; run a newer gateway"
        )


def _applied(database: Database) -> set[str]:
    with database.unit_of_work(write=False) as unit:
        return _names(unit) if _has_history(unit) else set()


def _has_history(unit: Unit) -> bool:
    if unit.dialect == "sqlite":
        found = unit.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,))
    else:
        found = unit.execute("SHOW TABLES LIKE %s", (_TABLE,))
    return found.fetchone() is not None


def _names(unit: Unit) -> set[str]:
    return {name for (name,) in unit.execute('SELECT "name" FROM "schema_migrations"').fetchall()}


def _placed(unit: Unit, statement: str) -> str:
    return statement.replace("?", "%s") if unit.dialect == "mysql" else statement


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
