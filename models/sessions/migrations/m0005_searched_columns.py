"""Search by sender or receiver in an index on MySQL and MariaDB, instead of the table, as on SQLite.

A long text can't be part of an index there. So each searched text has a generated column with its beginning, which is added to the indexes
that sort lists. One statement makes both columns and both indexes: it copies the table once, and lists keep their indexes meanwhile.
"""

from __future__ import annotations

from models.engine.ddl import Change

#: Characters of the beginning. Longer texts are read in the table; few senders and receivers have one.
LENGTH = 190

_INDEXES = {
    "session_archived_date_created_id": ("archived", "date_created", "id"),
    "session_account_id_archived_date_created_id": ("account_id", "archived", "date_created", "id"),
}
_COLUMNS = {"from_start": "from_folded", "to_start": "to_folded"}


def _indexed(*more: str) -> list[str]:
    changes = []
    for name, columns in _INDEXES.items():
        listed = ", ".join(f'"{column}"' for column in (*columns, *more))
        changes.append(f'DROP INDEX "{name}", ADD INDEX "{name}" ({listed})')
    return changes


_ADDED = [
    f'ADD COLUMN "{name}" VARCHAR({LENGTH}) GENERATED ALWAYS AS (LEFT("{source}", {LENGTH})) STORED'
    for name, source in _COLUMNS.items()
]
_DROPPED = [f'DROP COLUMN "{name}"' for name in _COLUMNS]

UP: tuple[Change, ...] = ({"mysql": f'ALTER TABLE "sessions" {", ".join((*_ADDED, *_indexed(*_COLUMNS)))}'},)

DOWN: tuple[Change, ...] = ({"mysql": f'ALTER TABLE "sessions" {", ".join((*_DROPPED, *_indexed()))}'},)
