"""Subscriptions, and the processes that hold their connections."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import peewee

from models.engine.conditions import name_parameters, pad
from models.engine.database import Unit
from models.engine.statements import Statement, param
from models.events.tables import EventReader, EventSubscription

_SIZE = 500


class SubscriptionRow(NamedTuple):
    """A subscriber's connection.

    :ivar subject: its owner.
    :ivar channels: in the order in which the subscriber named them.
    """

    id: str
    reader_id: str
    user_id: str
    subject: Mapping[str, Any]
    channels: Sequence[str]
    date_created: str


_COLUMNS = tuple(getattr(EventSubscription, name) for name in SubscriptionRow._fields)
_INSERT = Statement(
    lambda: EventSubscription.insert(
        {getattr(EventSubscription, name): param(name) for name in SubscriptionRow._fields}
    )
)
_BY_ID = Statement(lambda: EventSubscription.select(*_COLUMNS).where(EventSubscription.id == param("id")))
_BY_ID_LOCKED = Statement(
    lambda: EventSubscription.select(*_COLUMNS).where(EventSubscription.id == param("id")),
    lambda: EventSubscription.select(*_COLUMNS).where(EventSubscription.id == param("id")).for_update(),
)
_ALL = Statement(lambda: EventSubscription.select(*_COLUMNS).order_by(EventSubscription.id))
_OF_READER = Statement(
    lambda: (
        EventSubscription.select(*_COLUMNS)
        .where(EventSubscription.reader_id == param("reader_id"))
        .order_by(EventSubscription.id)
    )
)
_COUNT = Statement(lambda: EventSubscription.select(peewee.fn.COUNT(peewee.SQL("*"))))
_COUNT_OF_USER = Statement(
    lambda: EventSubscription.select(peewee.fn.COUNT(peewee.SQL("*"))).where(
        EventSubscription.user_id == param("user_id")
    )
)
_SET_CHANNELS = Statement(
    lambda: EventSubscription.update({EventSubscription.channels: param("channels")}).where(
        EventSubscription.id == param("id")
    )
)
_DELETE_OF_READER = Statement(
    lambda: EventSubscription.delete().where(EventSubscription.reader_id == param("reader_id"))
)
_READERS = Statement(lambda: EventReader.select(EventReader.id, EventReader.date_seen).order_by(EventReader.id))
_LAST_SEEN = Statement(lambda: EventReader.select(peewee.fn.MAX(EventReader.date_seen)))
_SEE = Statement(
    lambda: EventReader.insert({EventReader.id: param("id"), EventReader.date_seen: param("date_seen")}).on_conflict(
        conflict_target=[EventReader.id], update={EventReader.date_seen: param("date_seen")}
    ),
    lambda: EventReader.insert({EventReader.id: param("id"), EventReader.date_seen: param("date_seen")}).on_conflict(
        update={EventReader.date_seen: param("date_seen")}
    ),
)
_DELETE_READER = Statement(lambda: EventReader.delete().where(EventReader.id == param("id")))


@cache
def _delete(size: int) -> Statement:
    ids = [*map(param, name_parameters("id", size))]
    return Statement(lambda: EventSubscription.delete().where(EventSubscription.id.in_(ids)))


def insert(unit: Unit, row: SubscriptionRow) -> None:
    """Store a new subscription."""
    _INSERT.run(unit, row._replace(subject=json.dumps(row.subject), channels=json.dumps(row.channels)))  # type: ignore[arg-type]


def get(unit: Unit, subscription_id: str, *, for_update: bool = False) -> SubscriptionRow | None:
    """Return the subscription with this id, or None."""
    row = (_BY_ID_LOCKED if for_update else _BY_ID).row(unit, id=subscription_id)
    # MySQL ignores trailing blanks when it compares ids.
    return None if row is None or row[0] != subscription_id else _create_row(row)


def list_all(unit: Unit) -> list[SubscriptionRow]:
    """Return all subscriptions, in the order in which they began."""
    return [_create_row(columns) for columns in _ALL.rows(unit)]


def list_of_reader(unit: Unit, reader_id: str) -> list[SubscriptionRow]:
    """Return the subscriptions of a process."""
    return [_create_row(columns) for columns in _OF_READER.rows(unit, reader_id=reader_id)]


def count(unit: Unit, user_id: str | None = None) -> int:
    """Count the subscriptions of a user, or all."""
    row = _COUNT.row(unit) if user_id is None else _COUNT_OF_USER.row(unit, user_id=user_id)
    return int(row[0])


def set_channels(unit: Unit, subscription_id: str, channels: Sequence[str]) -> None:
    """Change the channels of a subscription."""
    _SET_CHANNELS.execute(unit, id=subscription_id, channels=json.dumps(channels))


def delete(unit: Unit, subscription_ids: Iterable[str]) -> int:
    """Delete subscriptions; return how many there were."""
    ids, count = [*subscription_ids], 0
    for start in range(0, len(ids), _SIZE):
        block = pad(ids[start : start + _SIZE])
        count += _delete(len(block)).run(unit, block).rowcount
    return count


def delete_of_reader(unit: Unit, reader_id: str) -> None:
    """Delete the subscriptions of a process."""
    _DELETE_OF_READER.execute(unit, reader_id=reader_id)


def see(unit: Unit, reader_id: str, now: str) -> None:
    """Record that a process has subscribers now."""
    _SEE.execute(unit, id=reader_id, date_seen=now)


def list_readers(unit: Unit) -> dict[str, str]:
    """Return when each process that has subscribers, or lately had some, was last seen, by its id."""
    return dict(_READERS.rows(unit))


def read_last_seen(unit: Unit) -> str:
    """Return when any process with subscribers was last seen; empty if there was none."""
    return str(_LAST_SEEN.row(unit)[0] or "")


def forget_reader(unit: Unit, reader_id: str) -> None:
    """Delete the record of a process."""
    _DELETE_READER.execute(unit, id=reader_id)


def _create_row(columns: Sequence[Any]) -> SubscriptionRow:
    row = SubscriptionRow(*columns)
    return row._replace(subject=json.loads(str(row.subject)), channels=json.loads(str(row.channels)))
