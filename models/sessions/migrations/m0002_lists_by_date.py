"""Read lists of sessions by customer, endpoint or parent sorted from their index."""

from __future__ import annotations

from models.engine.ddl import drop_index

_FILTERED = ("customer_id", "endpoint_id", "parent_session_id")

UP = (
    *(
        f'CREATE INDEX "session_{name}_archived_date_created_id" ON "sessions" ("{name}", "archived", "date_created", "id")'
        for name in _FILTERED
    ),
    *(drop_index(f"session_{name}", "sessions") for name in _FILTERED),
)

DOWN = (
    *(f'CREATE INDEX "session_{name}" ON "sessions" ("{name}")' for name in _FILTERED),
    *(drop_index(f"session_{name}_archived_date_created_id", "sessions") for name in _FILTERED),
)
