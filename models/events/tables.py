"""The tables of server events, as peewee models without a database.

Queries are built from them and run through `models.engine.statements`. Migrations make the schema; a test compares the two.
"""

from __future__ import annotations

import peewee

from models.engine.fields import SHORT, IdField, InstantField, LongTextField, short_text


class Event(peewee.Model):
    """An event for subscribers, written in the transaction that it reports (`models.events.outbox`).

    Transactions may commit in another order than they insert, so ids may appear late. `position` is the order in which events are read. It
    is assigned after the commit, except on SQLite, where transactions write one by one and the id is the position.
    """

    id = peewee.BigAutoField()
    position = peewee.BigIntegerField(null=True, index=True)
    date = InstantField()
    kind = peewee.CharField(max_length=16)
    selector = peewee.CharField(max_length=SHORT)
    type = short_text()
    body = LongTextField(null=True)
    channels = LongTextField()
    users = LongTextField()

    class Meta:
        table_name = "events"


class EventPosition(peewee.Model):
    """The position of the newest event that has one: one row, whose lock gives the right to assign positions."""

    id = peewee.IntegerField(primary_key=True)
    newest = peewee.BigIntegerField()

    class Meta:
        table_name = "event_positions"


class EventReader(peewee.Model):
    """A process that has subscribers. It renews its row every few seconds; the row of an ended process stays for a while."""

    id = IdField(primary_key=True)
    date_seen = InstantField()

    class Meta:
        table_name = "event_readers"


class EventSubscription(peewee.Model):
    """A subscriber's open connection. `subject` is its owner, as JSON."""

    id = IdField(primary_key=True)
    reader_id = IdField(index=True)
    user_id = IdField(index=True)
    subject = LongTextField()
    channels = LongTextField()
    date_created = InstantField()

    class Meta:
        table_name = "event_subscriptions"


TABLES: tuple[type[peewee.Model], ...] = (Event, EventPosition, EventReader, EventSubscription)
