"""Find members by one index instead of two, so that a new session writes fewer pages.

The unique index (identity, session_id) also finds an identity's sessions. It forbids the same rows as the previous unique index
(session_id, identity).
"""

from __future__ import annotations

from collections.abc import Iterator

from models.engine.ddl import Change, drop_index

_TABLE = "session_members"
_BEFORE = {
    "sessionmember_session_id_identity": 'CREATE UNIQUE INDEX "{}" ON "session_members" ("session_id", "identity")',
    "sessionmember_identity": 'CREATE INDEX "{}" ON "session_members" ("identity")',
}
_AFTER = {
    "sessionmember_identity_session_id": 'CREATE UNIQUE INDEX "{}" ON "session_members" ("identity", "session_id")',
}


def _replaced(old: dict[str, str], new: dict[str, str]) -> Iterator[Change]:
    yield from (statement.format(name) for name, statement in new.items())
    yield from (drop_index(name, _TABLE) for name in old)


#: The new index accepts all rows that the previous version writes.
EXPANDS = True

UP: tuple[Change, ...] = (*_replaced(_BEFORE, _AFTER),)

DOWN: tuple[Change, ...] = (*_replaced(_AFTER, _BEFORE),)
