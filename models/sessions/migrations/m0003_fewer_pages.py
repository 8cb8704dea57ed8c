"""Store a new session on SQLite with fewer pages, which are most of its cost.

Members and log lines are stored in the order of their keys, without a separate index of the keys. The indexes of customers, endpoints and
parents leave out sessions without them. MySQL always stores rows in this order, and has no partial indexes.
"""

from __future__ import annotations

from collections.abc import Iterator

from models.engine.ddl import Change

_MEMBERS = """
    "session_id" VARCHAR(64) NOT NULL,
    "position" INTEGER NOT NULL,
    "identity" VARCHAR(255) NOT NULL,
    "endpoint_id" VARCHAR(64),
    "display_name" VARCHAR(255),
    "is_original_member" INTEGER NOT NULL,
    "avatar_url" VARCHAR(255),
    "application_data" MEDIUMTEXT,
    "call_state" VARCHAR(32),
    "role" VARCHAR(32),
    "call_sid" VARCHAR(255),
    "muted" INTEGER NOT NULL,
    PRIMARY KEY ("session_id", "position")
"""
_MEMBER_INDEXES = (
    'CREATE UNIQUE INDEX "sessionmember_session_id_identity" ON "session_members" ("session_id", "identity")',
    'CREATE INDEX "sessionmember_identity" ON "session_members" ("identity")',
)
_LOG = """
    "session_id" VARCHAR(64) NOT NULL,
    "position" INTEGER NOT NULL,
    "date" VARCHAR(27) NOT NULL,
    "message" MEDIUMTEXT NOT NULL,
    "message_folded" MEDIUMTEXT NOT NULL,
    PRIMARY KEY ("session_id", "position")
"""
_SPARSE = ("customer_id", "endpoint_id", "parent_session_id")


def _on_sqlite(options: str, condition: str) -> Iterator[Change]:
    for statement in (
        *_rebuilt("session_members", _MEMBERS, options),
        *_MEMBER_INDEXES,
        *_rebuilt("session_log", _LOG, options),
        *(each for name in _SPARSE for each in _reindexed(name, condition.format(name))),
    ):
        yield {"sqlite": statement}


def _rebuilt(table: str, columns: str, options: str) -> Iterator[str]:
    yield f'CREATE TABLE "{table}_new" ({columns}) {options}'
    yield f'INSERT INTO "{table}_new" SELECT * FROM "{table}"'  # noqa: S608 - names of this module's own
    yield f'DROP TABLE "{table}"'
    yield f'ALTER TABLE "{table}_new" RENAME TO "{table}"'


def _reindexed(column: str, condition: str) -> Iterator[str]:
    name = f"session_{column}_archived_date_created_id"
    yield f'DROP INDEX "{name}"'
    yield f'CREATE INDEX "{name}" ON "sessions" ("{column}", "archived", "date_created", "id") {condition}'


UP = (*_on_sqlite("WITHOUT ROWID", 'WHERE "{}" IS NOT NULL'),)

DOWN = (*_on_sqlite("", ""),)
