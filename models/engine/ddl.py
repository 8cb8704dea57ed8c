"""The statements of migrations, for SQLite and MySQL.

MySQL commits each change of the schema separately, and so does SQLite if a migration only makes indexes. An interrupted migration
continues where it stopped when it is applied again: tables, columns and indexes that exist already, or are dropped already, are skipped.
Statements that change rows must be right when they run twice, and on several nodes of a Galera cluster at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from models.engine.failures import is_made

#: A statement, or one for each dialect that needs the change.
Change = str | Mapping[str, str]

#: The table of applied migrations, and the statement that creates it.
HISTORY_TABLE = "schema_migrations"
HISTORY = f'CREATE TABLE "{HISTORY_TABLE}" ("name" VARCHAR(255) NOT NULL PRIMARY KEY, "applied" VARCHAR(27) NOT NULL)'

_TABLE = re.compile(r'\s*(CREATE|DROP) TABLE "(\w+)"')
_INDEX = re.compile(r'\s*(CREATE|DROP) (?:UNIQUE )?INDEX "(\w+)" ON "(\w+)"')
_CREATES_INDEX = re.compile(r'\s*CREATE (?:UNIQUE )?INDEX "(\w+)" ON ')
_COLUMN = re.compile(r'\s*ALTER TABLE "(\w+)" (ADD|DROP) COLUMN "(\w+)"')
_HAS_TABLE = "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s LIMIT 1"
_HAS_INDEX = (
    "SELECT 1 FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() AND index_name = %s AND table_name = %s LIMIT 1"
)
_HAS_COLUMN = (
    "SELECT 1 FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name = %s AND column_name = %s LIMIT 1"
)
# Texts compare and sort alike on every engine: by code points, with trailing blanks. MySQL and MariaDB have different collations
# for that; old servers have none, and take "x " for "x".
_COLLATIONS = "SELECT collation_name FROM information_schema.collations WHERE collation_name IN (%s, %s)"
_BY_CODE_POINT = ("utf8mb4_nopad_bin", "utf8mb4_0900_bin")
_NEAREST = "utf8mb4_bin"


class Connection(Protocol):
    """A connection on which changes run: a unit of work, or a database in memory."""

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``mysql``."""
        ...

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run a statement; return its cursor."""
        ...


def drop_index(name: str, table: str) -> Change:
    """Drop an index."""
    return {"sqlite": f'DROP INDEX "{name}"', "mysql": f'DROP INDEX "{name}" ON "{table}"'}


def add_column(table: str, name: str, kind: str) -> Change:
    """Add a column that is null in every row."""
    return f'ALTER TABLE "{table}" ADD COLUMN "{name}" {kind}'


def drop_column(table: str, name: str) -> Change:
    """Drop a column."""
    return f'ALTER TABLE "{table}" DROP COLUMN "{name}"'


def run(unit: Connection, change: Change) -> None:
    """Make a change of the schema."""
    statement = change if isinstance(change, str) else change.get(unit.dialect)
    if statement is None:
        return
    if unit.dialect == "sqlite":
        if (index := _CREATES_INDEX.match(statement)) is None or not _has_sqlite_index(unit, index[1]):
            unit.execute(statement)
    elif not _is_done(unit, statement := statement.replace(" AUTOINCREMENT", " AUTO_INCREMENT")):
        creates_table = statement.lstrip().startswith("CREATE TABLE")
        try:
            unit.execute(statement.rstrip() + _build_mysql_options(unit) if creates_table else statement)
        except Exception as error:
            # Another node of a cluster made the change first.
            if not is_made(error):
                raise


def makes_indexes(changes: Sequence[Change]) -> bool:
    """Return whether changes only make indexes on SQLite. Then each may be made and committed separately."""
    texts = [change if isinstance(change, str) else change.get("sqlite") for change in changes]
    return all(text is None or _CREATES_INDEX.match(text) for text in texts)


def _has_sqlite_index(unit: Connection, name: str) -> bool:
    cursor = unit.execute("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?", (name,))
    return cursor.fetchone() is not None


def _build_mysql_options(unit: Connection) -> str:
    row = unit.execute(_COLLATIONS, _BY_CODE_POINT).fetchone()
    return f" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={row[0] if row else _NEAREST}"


def _is_done(unit: Connection, statement: str) -> bool:
    for pattern, query in ((_TABLE, _HAS_TABLE), (_INDEX, _HAS_INDEX)):
        match = pattern.match(statement)
        if match is not None:
            verb, *names = match.groups()
            exists = unit.execute(query, names).fetchone() is not None
            return exists if verb == "CREATE" else not exists
    column = _COLUMN.match(statement)
    if column is not None:
        table, verb, name = column.groups()
        exists = unit.execute(_HAS_COLUMN, (table, name)).fetchone() is not None
        return exists if verb == "ADD" else not exists
    return False
