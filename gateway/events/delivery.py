"""Delivery: from the outbox's rows to the subscribers' frames, with the access check for each subscriber."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import structlog

from gateway.calls import Principal
from gateway.contract.documents import Documents
from gateway.contract.dto import Dto, Instance
from gateway.errors import Unavailable
from gateway.events.audience import Audience
from gateway.events.counters import Counters
from gateway.events.frames import format_frame, list_facts, to_json
from gateway.events.subscriber import SlowReader, Subscriber
from models import StorageError, Unit
from models.events.outbox import EventRow

#: Maximum number of a process's subscribers in a channel for which each is notified of those that join and leave.
ANNOUNCED = 200

#: Temporary failures, after which the delivery is repeated.
PASSING = (StorageError, Unavailable)

log = structlog.get_logger("gateway")

#: Returns the part of a DTO that a caller may see: the DTO, a reduced DTO, or None.
Shows = Callable[[Principal | None, Unit, Instance], Instance | None]
#: Returns whether a caller may know of another subscriber, by its facts: ``user_id`` and ``account_ids``.
Knows = Callable[[Principal | None, Mapping[str, Any]], bool]


class Kind(StrEnum):
    """The kind of an outbox row."""

    #: For subscribers.
    EVENT = "event"
    #: Subscribers joined, left or changed channels.
    PRESENCE = "presence"
    #: Clients sent heartbeats to a process that does not hold their connections.
    PULSE = "pulse"


@dataclass(frozen=True, slots=True)
class Presence:
    """A change of a subscription.

    :ivar channels: its new channels; None when it has ended.
    :ivar joined: channels that were added.
    :ivar left: channels that were removed.
    """

    id: str
    subject: Mapping[str, Any]
    channels: list[str] | None
    joined: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def to_document(self) -> dict[str, Any]:
        """Return its stored form."""
        return {name: getattr(self, name) for name in self.__slots__}

    def list_frames(self) -> Iterator[tuple[str, Iterable[str]]]:
        """Yield the commands that announce it, each with the channels that get the command."""
        kept_channels = [channel for channel in self.channels or () if channel not in self.joined]
        yield "cmd.onJoin", self.joined
        yield "cmd.onLeave", self.left
        if self.channels is not None and (self.left or kept_channels):
            yield "cmd.onUpdate", kept_channels


class Delivery:
    """Gives events to the subscribers of a process.

    :param shows: the access checks of DTOs that not everyone may see.
    :param knows: returns whether a caller may see another subscriber; None if all may.
    :ivar fed: subscribers with frames to send.
    :ivar slow: subscribers that read too slowly.
    """

    def __init__(
        self,
        audience: Audience,
        documents: Documents,
        shows: Mapping[type[Dto], Shows],
        knows: Knows | None,
        counters: Counters,
    ) -> None:
        self._audience = audience
        self._documents = documents
        self._shows = {dto.__name__: (dto, view) for dto, view in shows.items()}
        self._knows = knows
        self._counters = counters
        self.fed: set[Subscriber] = set()
        self.slow: set[Subscriber] = set()

    def deliver_event(self, unit: Unit, row: EventRow, only: Subscriber | None = None) -> None:
        """Give an event to the addressed subscribers that may see it.

        :param only: gives it to this subscriber only.
        """
        channels, users = json.loads(row.channels), json.loads(row.users)
        everyone = channels is None
        recipients = dict.fromkeys(self._audience, "") if everyone else self._audience.find_recipients(channels, users)
        if only is not None:
            recipients = {only: recipients[only]} if only in recipients else {}
        if not recipients:
            return
        seen = _Seen(self._documents, self._shows.get(row.type or ""), row, unit)
        frames: dict[tuple[str, str], bytes] = {}
        deliveries: list[tuple[Subscriber, bytes]] = []
        for subscriber, channel in recipients.items():
            if not self._may_have(subscriber, row.position, only):
                continue
            body = seen.read_by(subscriber)
            if body is None:
                continue
            data = frames.get((body, channel))
            if data is None:
                data = frames[body, channel] = format_frame(row.position, row.selector, body, channel)
            deliveries.append((subscriber, data))
        # A view may need the database, which may be unavailable: then no subscriber has got the event yet, and it is delivered later.
        for subscriber, data in deliveries:
            self.give(subscriber, data)
        self._counters.delivered += len(deliveries)
        if frames and only is None:
            stored = datetime.fromisoformat(row.date)
            self._counters.add_delay(max(0.0, (datetime.now(UTC) - stored).total_seconds()))

    def deliver_presence(self, position: int, change: Presence, only: Subscriber | None = None) -> None:
        """Notify the subscribers in the same channels of a change."""
        visible_facts = list_facts(change.subject, change.left if change.channels is None else change.channels)
        for selector, channels in change.list_frames():
            recipients: dict[Subscriber, str] = {}
            for channel in channels:
                for subscriber in self._find_notified(channel, change.id):
                    recipients.setdefault(subscriber, channel)
            subject_subscriber = self._audience.get(change.id)
            if subject_subscriber is not None and selector == "cmd.onUpdate":
                recipients.setdefault(subject_subscriber, "")
            for subscriber, channel in recipients.items():
                stranger = (
                    subscriber.id != change.id and self._knows and not self._knows(subscriber.caller, change.subject)
                )
                if self._may_have(subscriber, position, only) and not stranger:
                    self.give(
                        subscriber,
                        format_frame(position, selector, to_json({**visible_facts, "channel": channel}), channel),
                    )

    def _may_have(self, subscriber: Subscriber, position: int, only: Subscriber | None) -> bool:
        """Return whether a subscriber may get this event now: late subscribers get missed events first."""
        return subscriber.at < position and (subscriber is only if only is not None else not subscriber.late)

    def _find_notified(self, channel: str, subscription_id: str) -> Collection[Subscriber]:
        subscribers = self._audience.get_channel(channel)
        if len(subscribers) <= ANNOUNCED:
            return subscribers
        subject_subscriber = self._audience.get(subscription_id)
        return () if subject_subscriber is None or subject_subscriber not in subscribers else (subject_subscriber,)

    def give(self, subscriber: Subscriber, data: bytes) -> None:
        """Add a frame to a subscriber's queue."""
        try:
            subscriber.put(data)
        except SlowReader:
            self.slow.add(subscriber)
        else:
            self.fed.add(subscriber)


class _Seen:
    """The visible parts of one event; subscribers with the same view see the same."""

    def __init__(self, documents: Documents, view: tuple[type[Dto], Shows] | None, row: EventRow, unit: Unit) -> None:
        self._documents = documents
        self._view = view
        self._row = row
        self._body = row.body or ""
        self._unit = unit
        self._by_view: dict[tuple[Any, ...], str | None] = {}

    def read_by(self, subscriber: Subscriber) -> str | None:
        """Return the body for a subscriber; None if it may not see the event."""
        if self._view is None:
            return self._body
        if subscriber.view not in self._by_view:
            try:
                self._by_view[subscriber.view] = self._apply_view(subscriber.caller)
            except PASSING:
                raise
            except Exception:
                # A view of the service that fails for one caller must not block all events.
                log.exception("an event was not shown", id=self._row.position, selector=self._row.selector)
                self._by_view[subscriber.view] = None
        return self._by_view[subscriber.view]

    def _apply_view(self, caller: Principal | None) -> str | None:
        assert self._view is not None
        dto, view = self._view
        # A view may modify its argument.
        instance = self._documents.read(self._body, dto)
        before = vars(instance).copy()
        visible = view(caller, self._unit, instance)
        if visible is None:
            return None
        return self._body if visible is instance and vars(instance) == before else self._documents.write(visible, dto)
