"""The statements of migrations: the SQL that SQLite and MySQL share, and what each spells its own way.

MySQL commits every change of the schema by itself. A migration that was stopped half-way goes on where it stopped when it is applied
again: what is there already, or gone already, is passed over. Statements that change rows must be right when they run twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from models.database import Unit

#: A statement, or one for each dialect.
Change = str | Mapping[str, str]

_TABLE = re.compile(r'\s*(CREATE|DROP) TABLE "(\w+)"')
_INDEX = re.compile(r'\s*(CREATE|DROP) (?:UNIQUE )?INDEX "(\w+)" ON "(\w+)"')
_HAS_TABLE = "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s LIMIT 1"
_HAS_INDEX = (
    "SELECT 1 FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() AND index_name = %s AND table_name = %s LIMIT 1"
)
# The same letters on both engines: compared and sorted by their code points.
_MYSQL_TABLE = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"


def drop_index(name: str, table: str) -> Change:
    """Drop an index."""
    return {"sqlite": f'DROP INDEX "{name}"', "mysql": f'DROP INDEX "{name}" ON "{table}"'}


def run(unit: Unit, change: Change) -> None:
    """Make a change of the schema."""
    statement = change if isinstance(change, str) else change[unit.dialect]
    if unit.dialect == "sqlite":
        unit.execute(statement)
    elif not _is_done(unit, statement):
        creates_table = statement.lstrip().startswith("CREATE TABLE")
        unit.execute(statement.rstrip() + _MYSQL_TABLE if creates_table else statement)


def _is_done(unit: Unit, statement: str) -> bool:
    for pattern, query in ((_TABLE, _HAS_TABLE), (_INDEX, _HAS_INDEX)):
        found = pattern.match(statement)
        if found is not None:
            verb, *names = found.groups()
            exists = unit.execute(query, names).fetchone() is not None
            return exists if verb == "CREATE" else not exists
    return False
