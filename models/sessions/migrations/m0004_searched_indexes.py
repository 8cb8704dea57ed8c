"""Search by sender or receiver in an index on SQLite, instead of the table, whose rows are ten times as wide.

Lists are sorted by these indexes anyway; the searched columns come after the sort columns. MySQL and MariaDB can't have long texts in an
index.
"""

from __future__ import annotations

from collections.abc import Iterator

from models.engine.ddl import Change

_INDEXES = {
    "session_archived_date_created_id": ("archived", "date_created", "id"),
    "session_account_id_archived_date_created_id": ("account_id", "archived", "date_created", "id"),
}


def _with(*more: str) -> Iterator[Change]:
    for name, columns in _INDEXES.items():
        listed = ", ".join(f'"{column}"' for column in (*columns, *more))
        yield {"sqlite": f'DROP INDEX "{name}"'}
        yield {"sqlite": f'CREATE INDEX "{name}" ON "sessions" ({listed})'}


UP: tuple[Change, ...] = (*_with("from_folded", "to_folded"),)

DOWN: tuple[Change, ...] = (*_with(),)
