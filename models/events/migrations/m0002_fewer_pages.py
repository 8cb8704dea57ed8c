"""Store an event on SQLite with one page less: no event has a position there, and the index leaves out events without one."""

from __future__ import annotations

from models.engine.ddl import Change

_DROP: Change = {"sqlite": 'DROP INDEX "event_position"'}
_CREATE = 'CREATE INDEX "event_position" ON "events" ("position")'

UP: tuple[Change, ...] = (_DROP, {"sqlite": f'{_CREATE} WHERE "position" IS NOT NULL'})

DOWN: tuple[Change, ...] = (_DROP, {"sqlite": _CREATE})
