"""The plan of a schema change: its locks, its estimated duration, and whether the previous version may keep running.

An earlier version reads and writes the columns that it knows, by name. So it may keep running after a change that only adds: tables,
indexes that are not unique, columns that may be null or have a default. A change that removes something belongs in a later version, when
no node needs it any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from models.engine import ddl
from models.engine.database import Database
from models.engine.owners import Migration

_CREATES_TABLE = re.compile(r'\s*CREATE TABLE "?(\w+)"?', re.IGNORECASE)
_INDEX = re.compile(r'\s*(CREATE (?:UNIQUE )?|DROP )INDEX "?\w+"?(?: ON "?(\w+)"?)?', re.IGNORECASE)
_ALTER = re.compile(r'\s*ALTER TABLE "?(\w+)"?(.*)', re.IGNORECASE | re.DOTALL)
_TAKES_AWAY = re.compile(
    r"\b(DROP COLUMN|RENAME|MODIFY|CHANGE|ALTER COLUMN|ADD UNIQUE|ADD CONSTRAINT|ADD FOREIGN|ADD CHECK|DROP PRIMARY)\b",
    re.IGNORECASE,
)
_ADDS_PLAIN_COLUMN = re.compile(r"\s*ADD COLUMN (?!.*\bGENERATED\b)[^,]*(\([\d, ]+\)[^,]*)?", re.IGNORECASE | re.DOTALL)
_ROWS = re.compile(r'\s*(?:UPDATE|DELETE FROM|INSERT(?: OR \w+)? INTO) "?(\w+)"?', re.IGNORECASE)
_ESTIMATE = (
    "SELECT table_rows FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s LIMIT 1"
)
#: Rows per second, on a machine with two cores and the table in memory. From a disk it takes several times as long.
_INDEXED = 300_000
_COPIED = 60_000


class Step(NamedTuple):
    """One change of a migration.

    :ivar statement: its beginning, on one line.
    :ivar locks: which statements wait meanwhile.
    :ivar seconds: its estimated duration.
    :ivar rows: how many rows its table has.
    """

    statement: str
    locks: str
    seconds: float
    rows: int


def is_expanding(step: Migration) -> bool:
    """Return whether the previous version may keep running after this migration: as the migration declares, or else if it only adds."""
    if step.expands is not None:
        return step.expands
    statements = [statement for change in step.up for statement in _list_statements(change)]
    created = {table[1].lower() for table in map(_CREATES_TABLE.match, statements) if table}
    return all(_expands(statement, created) for statement in statements)


def list_steps(database: Database, migration: Migration) -> Iterator[Step]:
    """Yield the changes of a migration that this database needs."""
    for change in migration.up:
        statement = change if isinstance(change, str) else change.get(database.dialect)
        if statement is not None:
            yield _plan_step(database, " ".join(statement.split()))


def _list_statements(change: ddl.Change) -> Sequence[str]:
    return [*change.values()] if isinstance(change, Mapping) else [change]


def _expands(statement: str, new_tables: set[str]) -> bool:
    """Return whether a change only adds.

    :param new_tables: tables that the same migration makes: no earlier version knows them.
    """
    if _CREATES_TABLE.match(statement):
        return True
    index = _INDEX.match(statement)
    if index is not None:
        return "UNIQUE" not in index[1].upper() or (index[2] or "").lower() in new_tables
    alter = _ALTER.match(statement)
    if alter is not None:
        if alter[1].lower() in new_tables:
            return True
        fills = "NOT NULL" not in alter[2].upper() or re.search(r"\b(DEFAULT|GENERATED)\b", alter[2], re.IGNORECASE)
        return _TAKES_AWAY.search(alter[2]) is None and bool(fills)
    rows = _ROWS.match(statement)
    return rows is not None and rows[1].lower() in new_tables


def _plan_step(database: Database, statement: str) -> Step:
    is_sqlite = database.dialect == "sqlite"
    short_lock = "writers wait, readers do not" if is_sqlite else "nobody waits for longer than a moment"
    text = statement if len(statement) <= 100 else f"{statement[:99]}…"
    if _CREATES_TABLE.match(statement) or statement.upper().startswith(("DROP TABLE", "DROP INDEX")):
        return Step(text, short_lock, 0.0, 0)
    index, alter, row_change = _INDEX.match(statement), _ALTER.match(statement), _ROWS.match(statement)
    table = next((name for name in (index and index[2], alter and alter[1], row_change and row_change[1]) if name), "")
    rows = _estimate_rows(database, table)
    if index is not None:
        locks = short_lock if is_sqlite else "readers and writers go on; the table is locked for a moment at both ends"
        return Step(text, locks, rows / _INDEXED, rows)
    if alter is not None and _ADDS_PLAIN_COLUMN.fullmatch(alter[2]):
        return Step(text, short_lock, 0.0, rows)
    locks = short_lock if is_sqlite else "the table's writers wait, readers do not"
    if row_change is not None and not is_sqlite:
        locks = "writers of the same rows wait, readers do not"
    return Step(text, locks, rows / _COPIED, rows)


def _estimate_rows(database: Database, table: str) -> int:
    """Return about how many rows a table has; 0 if it does not exist yet."""
    if not re.fullmatch(r"\w+", table):
        return 0
    with database.unit_of_work(write=False) as unit:
        if unit.dialect == "mysql":
            row = unit.execute(_ESTIMATE, (table,)).fetchone()
            return int(row[0] or 0) if row else 0
        if unit.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone() is None:
            return 0
        return int(unit.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0])  # noqa: S608 - a name
