"""On SQLite an event touches one page less: no event has a position there, and those without one are in no index of it."""

from __future__ import annotations

from models.engine.ddl import Change

_DROP: Change = {"sqlite": 'DROP INDEX "event_position"'}
_CREATE = 'CREATE INDEX "event_position" ON "events" ("position")'

UP: tuple[Change, ...] = (_DROP, {"sqlite": f'{_CREATE} WHERE "position" IS NOT NULL'})

DOWN: tuple[Change, ...] = (_DROP, {"sqlite": _CREATE})
