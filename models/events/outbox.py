"""The outbox: events are stored in the transaction that they report, and every process reads them in the same order."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import peewee

from models.engine.conditions import name_parameters, pad
from models.engine.database import Unit
from models.engine.errors import Duplicate, Unavailable
from models.engine.statements import Statement, param
from models.events.tables import Event, EventPosition

#: Events that get a position in one transaction.
PLACED = 1000
#: Events that one call of `sweep` deletes.
SWEPT = 500


class EventRow(NamedTuple):
    """An event that has its position.

    :ivar date: when it was stored.
    :ivar kind: selects what its reader does with it.
    :ivar type: the name of the DTO in its body; None for other bodies.
    :ivar body: JSON; None for none.
    :ivar channels: a JSON list.
    :ivar users: a JSON list.
    """

    position: int
    date: str
    kind: str
    selector: str
    type: str | None
    body: str | None
    channels: str
    users: str


class Read(NamedTuple):
    """The result of one read.

    :ivar unplaced: whether there are events without a position.
    """

    rows: list[EventRow]
    unplaced: bool


_NAMES = ("date", "kind", "selector", "type", "body", "channels", "users")
_INSERT = Statement(lambda: Event.insert({getattr(Event, name): param(name) for name in _NAMES}))
_REST = tuple(getattr(Event, name) for name in EventRow._fields[1:])
_AFTER = Statement(
    lambda: Event.select(Event.id, *_REST).where(Event.id > param("after")).order_by(Event.id).limit(param("limit")),
    lambda: (
        Event.select(Event.position, *_REST)
        .where((Event.position > param("after")) | Event.position.is_null())
        .order_by(Event.position)
        .limit(param("limit"))
    ),
)
_NEWEST = Statement(
    lambda: Event.select(peewee.fn.MAX(Event.id)),
    lambda: EventPosition.select(EventPosition.newest).where(EventPosition.id == param("one")),
)
_LOCK = Statement(
    lambda: EventPosition.select(EventPosition.newest).where(EventPosition.id == param("one")).for_update(nowait=True)
)
_LAST = Statement(lambda: Event.select(peewee.fn.MAX(Event.position)))
_START = Statement(
    lambda: EventPosition.insert({EventPosition.id: param("one"), EventPosition.newest: param("newest")})
)
_UNPLACED = Statement(
    lambda: Event.select(Event.id).where(Event.position.is_null()).order_by(Event.id).limit(param("limit"))
)
_SET_NEWEST = Statement(
    lambda: EventPosition.update({EventPosition.newest: param("newest")}).where(EventPosition.id == param("one"))
)
_LAST_ID = Statement(lambda: Event.select(peewee.fn.MAX(Event.id)))
# Ids grow nearly as dates do, so that no index of dates is needed.
_OLDEST = Statement(lambda: Event.select(Event.id, Event.date).order_by(Event.id).limit(param("limit")))


@cache
def _place(size: int) -> Statement:
    ids = [*map(param, name_parameters("id", size))]
    same_ids = [*map(param, name_parameters("id", size))]
    position = param("newest") + peewee.fn.FIELD(Event.id, *ids)
    return Statement(lambda: Event.update({Event.position: position}).where(Event.id.in_(same_ids)))


@cache
def _delete(size: int) -> Statement:
    ids = [*map(param, name_parameters("id", size))]
    return Statement(lambda: Event.delete().where(Event.id.in_(ids)))


def insert(
    unit: Unit,
    *,
    date: str,
    kind: str,
    selector: str,
    type: str | None = None,
    body: str | None = None,
    channels: str = "[]",
    users: str = "[]",
) -> None:
    """Store an event. It is read when the unit is committed."""
    _INSERT.run(unit, (date, kind, selector, type, body, channels, users))


def read_after(unit: Unit, position: int, limit: int) -> Read:
    """Return at most `limit` events after a position, in order."""
    results = _AFTER.rows(unit, after=position, limit=limit)
    rows = [EventRow(*row) for row in results if row[0] is not None]
    return Read(rows, len(rows) < len(results))


def read_newest(unit: Unit) -> int:
    """Return the position of the newest event that has one; 0 if none has."""
    row = _NEWEST.row(unit, one=1)
    return 0 if row is None else int(row[0] or 0)


def place(unit: Unit) -> bool:
    """Assign positions to events without one; return whether there may be more. Do nothing while another process does it.

    :raises Unavailable: when another node of a cluster was first. Nothing is changed then.
    """
    if unit.dialect == "sqlite":
        return False
    try:
        row = _LOCK.row(unit, one=1)
    except Unavailable:
        return False
    event_ids = [event_id for (event_id,) in _UNPLACED.rows(unit, limit=PLACED)]
    if not event_ids:
        return False
    if row is None:
        # No event has been given a position yet.
        row = (_LAST.row(unit)[0] or 0,)
        try:
            _START.execute(unit, one=1, newest=row[0])
        except Duplicate:
            return True
    ids = pad(event_ids)
    _place(len(ids)).run(unit, [row[0], *ids, *ids])
    _SET_NEWEST.execute(unit, newest=row[0] + len(event_ids), one=1)
    return len(event_ids) == PLACED


def sweep(unit: Unit, before: str) -> bool:
    """Delete at most `SWEPT` events that were stored before an instant, oldest first; return whether there may be more."""
    # The last event stays, because SQLite continues its ids from the largest one.
    last = _LAST_ID.row(unit)[0] or 0
    oldest = _OLDEST.rows(unit, limit=SWEPT)
    event_ids = [event_id for event_id, date in oldest if date < before and event_id != last]
    if event_ids:
        ids = pad(event_ids)
        _delete(len(ids)).run(unit, ids)
    return len(event_ids) == SWEPT
