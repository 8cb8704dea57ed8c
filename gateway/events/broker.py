"""The interface of server events for handlers and HTTP: `gateway.calls.Subscribers`."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from gateway.calls import Callers, Credentials, Principal, instant
from gateway.contract.catalog import Access
from gateway.contract.documents import Documents
from gateway.contract.dto import Dto
from gateway.errors import MalformedRequest, NotFound, TooManyRequests, Unavailable
from gateway.events.audience import Audience
from gateway.events.counters import Counters
from gateway.events.delivery import Delivery, Knows, Presence, Shows
from gateway.events.frames import RECONNECT, format_frame, is_channel, list_facts, to_json
from gateway.events.publishing import Outbox, store_presence
from gateway.events.streams import KEPT, Streams, Times
from gateway.events.subscriber import Subscriber
from gateway.events.wakeups import Wakeups
from gateway.instants import now
from gateway.transactions import run_unit, unit_of_work
from models import Database, Unit
from models.engine.ids import new_id
from models.events import outbox, subscriptions
from models.events.subscriptions import SubscriptionRow

#: The default channel of subscribers.
NO_CHANNEL = "*"
#: Maximum number of channels of one subscriber.
MOST_CHANNELS = 100
#: Seconds for which a process caches that there are no subscribers, and seconds until all processes know the first subscriber.
BELIEVED = 1.0
_KNOWN_TO_ALL = 1.5
_LISTS = 500
_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Maximum numbers of subscribers.

    :ivar of_user: of one user, on all nodes.
    :ivar in_all: in total, on all nodes.
    """

    of_user: int = 5_000
    in_all: int = 20_000


class Broker:
    """Accepts subscribers, and publishes events.

    :ivar access: the callers that may subscribe.
    :ivar counters: the counters of this process.
    """

    def __init__(
        self,
        database: Database,
        callers: Callers | None,
        documents: Documents,
        access: Access,
        shows: Mapping[type[Dto], Shows],
        knows: Knows | None,
        limits: Limits,
        times: Times,
        wakeups: Wakeups,
    ) -> None:
        self.access = access
        self.counters = Counters()
        self._database = database
        self._documents = documents
        self._limits = limits
        self._times = times
        self._knows = knows
        audience = Audience()
        delivery = Delivery(audience, documents, shows, knows, self.counters)
        self._wakeups = wakeups
        self._streams = Streams(database, callers, audience, delivery, self.counters, times, wakeups)
        self._wanted = False
        self._unwanted = Outbox(None, documents, self.counters)
        self._look_at = 0.0
        self._first = threading.Lock()
        self._stopped = False

    @property
    def holds_connections(self) -> bool:
        """Return whether this process has subscribers."""
        return len(self._streams.audience) > 0

    def numbers(self) -> Mapping[str, float]:
        """Return the counters of this process, by the names of `gateway.metrics`."""
        counters = self.counters
        return {
            **self._wakeups.numbers(),
            "event_subscribers": counters.subscribers,
            "events_published": counters.published,
            "events_delivered": counters.delivered,
            "events_dropped": counters.dropped,
            "events_delayed": counters.delay_count,
            "events_delay_seconds": counters.delay_sum,
        }

    def publisher(self, unit: Unit) -> Outbox:
        """Return a publisher for a unit of work. It stores nothing if there was no subscriber for as long as events are kept."""
        # PERF: one check a second, by the first request in that second.
        time_now = time.monotonic()
        if time_now >= self._look_at:
            self._wanted = is_wanted(unit)
            self._look_at = time_now + BELIEVED
        return Outbox(unit, self._documents, self.counters) if self._wanted else self._unwanted

    def committed(self) -> None:
        """Deliver published events."""
        self._streams.announce()

    def subscribe(
        self, caller: Principal | None, credentials: Credentials, channels: Sequence[str], last_id: int | None, url: str
    ) -> Subscription | Ended:
        """Add a subscriber (`gateway.calls.Subscribers.subscribe`)."""
        if self._stopped:
            return Ended()
        names = check_channels(channels) or [NO_CHANNEL]
        row = SubscriptionRow(
            new_id(), self._streams.reader_id, _get_user_id(caller), describe_subject(caller), names, now()
        )
        self._streams.start()
        before, newest = run_unit(self._database, True, partial(self._insert, caller, row))
        self._wanted = True
        self._wakeups.send()
        if before < instant(datetime.now(UTC) - timedelta(seconds=KEPT / 2)):
            # There was no subscriber, so other processes may not store events yet, and this subscriber must not miss any.
            time.sleep(_KNOWN_TO_ALL)
        since = newest if last_id is None else min(last_id, newest)
        subscriber = Subscriber(row.id, caller, credentials, row.subject, names, since)
        return Subscription(self._streams, subscriber, self._make_first_frame(row, since, url), newest)

    def heartbeat(self, subscription_id: str) -> None:
        """Record a heartbeat of the subscriber's client. Raises NotFound."""
        if self._streams.pulse(subscription_id):
            return
        with unit_of_work(self._database, write=False) as unit:
            row = subscriptions.get(unit, subscription_id)
        if row is None:
            raise make_missing_error(subscription_id)
        self._streams.start()
        self._streams.pulse_elsewhere(subscription_id)

    def unsubscribe(self, subscription_id: str) -> Mapping[str, Any]:
        """End a subscriber of any process. Raises NotFound."""
        with unit_of_work(self._database) as unit:
            row = subscriptions.get(unit, subscription_id, for_update=True)
            if row is None:
                raise make_missing_error(subscription_id)
            subscriptions.delete(unit, [subscription_id])
            store_presence(unit, [Presence(row.id, row.subject, None, left=[*row.channels])])
        self._streams.announce()
        return list_facts(row.subject, row.channels)

    def update(
        self, unit: Unit, subscription_id: str, added: Sequence[str | None], removed: Sequence[str | None]
    ) -> None:
        """Change the channels of a subscriber of any process. Raises NotFound and MalformedRequest."""
        added = check_channels(added)
        row = subscriptions.get(unit, subscription_id, for_update=True)
        if row is None:
            raise make_missing_error(subscription_id)
        before = [channel for channel in row.channels if channel != NO_CHANNEL]
        after = check_channels([*(channel for channel in before if channel not in removed), *added]) or [NO_CHANNEL]
        subscriptions.set_channels(unit, subscription_id, after)
        joined = [channel for channel in after if channel not in row.channels]
        left = [channel for channel in row.channels if channel not in after]
        store_presence(unit, [Presence(row.id, row.subject, after, joined, left)])

    def subscribers(self, unit: Unit, caller: Principal | None, channels: Sequence[str]) -> list[dict[str, str]]:
        """Return the visible subscribers of some channels, or of all channels if none is named, oldest first."""
        facts_by_subscriber = (
            {
                name: _format_value(value)
                for name, value in list_facts(row.subject, row.channels).items()
                if value is not None
            }
            for row in subscriptions.list_all(unit)
            if (not channels or not set(channels).isdisjoint(row.channels))
            and (self._knows is None or self._knows(caller, row.subject))
        )
        return [*islice(facts_by_subscriber, _LISTS)]

    def stop(self) -> None:
        """End the streams of all subscribers, and accept no further ones."""
        self._stopped = True
        self._streams.stop()
        self._wakeups.stop()

    def _insert(self, caller: Principal | None, row: SubscriptionRow, unit: Unit) -> tuple[str, int]:
        """Store a subscription. Return the time of the last subscriber before it, and the position after which the subscription begins."""
        self._check_limits(unit, caller)
        before = subscriptions.read_last_seen(unit)
        subscriptions.see(unit, row.reader_id, row.date_created)
        # The subscriber does not get events that were committed before.
        outbox.place(unit)
        newest = outbox.read_newest(unit)
        subscriptions.insert(unit, row)
        store_presence(unit, [Presence(row.id, row.subject, [*row.channels], joined=[*row.channels])])
        return before, newest

    def _check_limits(self, unit: Unit, caller: Principal | None) -> None:
        if caller is not None and subscriptions.count(unit, caller.user_id) >= self._limits.of_user:
            raise TooManyRequests(
                f"You have {self._limits.of_user} event streams, which is the maximum.", retry_after=30
            )
        if subscriptions.count(unit) >= self._limits.in_all:
            raise Unavailable(f"There are {self._limits.in_all} event streams, which is the maximum.", retry_after=30)

    def _make_first_frame(self, row: SubscriptionRow, position: int, url: str) -> bytes:
        body = {
            "id": row.id,
            "unRegisterUrl": f"{url}/event-unregister?id={row.id}",
            "heartbeatUrl": f"{url}/event-heartbeat?id={row.id}",
            "updateSubscriberUrl": f"{url}/event-subscribers/{row.id}",
            "heartbeatIntervalMs": self._times.heartbeat * 1000,
            "idleTimeoutMs": self._times.idle * 1000,
            **list_facts(row.subject, row.channels),
        }
        return format_frame(position, "cmd.onConnect", to_json(body))


class Subscription:
    """A subscriber without its connection yet: `gateway.calls.Subscription`."""

    def __init__(self, streams: Streams, subscriber: Subscriber, first: bytes, newest: int) -> None:
        self._streams = streams
        self._subscriber = subscriber
        self._first = first
        self._newest = newest

    def take(self, connection: socket.socket) -> None:
        """Take over the connection, and send events on it."""
        self._streams.add(self._subscriber, connection, self._first, self._newest)

    def blocks(self) -> Received:
        """Return the events as blocks of bytes."""
        reading_end, writing_end = socket.socketpair()
        self.take(writing_end)
        return Received(reading_end)

    def abandon(self) -> None:
        """Forget the subscriber."""
        self._streams.forget(self._subscriber)


class Ended:
    """A stream that ends at once because its process is stopping: `gateway.calls.Subscription`.

    A browser's EventSource reconnects after a stream has ended, but never after an error.
    """

    def take(self, connection: socket.socket) -> None:
        """Ask the client to reconnect, and close the connection."""
        with connection, suppress(OSError):
            connection.sendall(RECONNECT + b"\n")

    def blocks(self) -> Received:
        """Return the same as blocks of bytes."""
        reading_end, writing_end = socket.socketpair()
        self.take(writing_end)
        return Received(reading_end)

    def abandon(self) -> None:
        """Do nothing."""


class Received:
    """The bytes that arrive on a connection, in blocks."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def __iter__(self) -> Iterator[bytes]:
        while block := self._connection.recv(_BLOCK):
            yield block

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def is_wanted(unit: Unit) -> bool:
    """Return whether there is a subscriber, or was one within the time for which events are kept."""
    return subscriptions.read_last_seen(unit) >= instant(datetime.now(UTC) - timedelta(seconds=KEPT))


def check_channels(channels: Sequence[str | None]) -> list[str]:
    """Return the names of channels, each once, without empty ones. Raises MalformedRequest."""
    names = list(dict.fromkeys(channel.strip() for channel in channels if channel and channel.strip()))
    invalid_name = next((name for name in names if not is_channel(name)), None)
    if invalid_name is not None:
        raise MalformedRequest(
            f"'{invalid_name[:100]}' is not a channel: use 1 to 255 characters without blanks, commas and @, such as orders."
        )
    if len(names) > MOST_CHANNELS:
        raise MalformedRequest(f"A subscriber has at most {MOST_CHANNELS} channels; the request names {len(names)}.")
    return names


def make_missing_error(subscription_id: str) -> NotFound:
    """Return the error for an unknown subscription, with ServiceStack's message."""
    return NotFound(f"Subscription '{subscription_id[:64]}' does not exist")


def describe_subject(caller: Principal | None) -> dict[str, Any]:
    """Return the subject of a subscriber: the facts that others may see, and those that decide whether they may."""
    user_id, name = ("-1", "Guest") if caller is None else (caller.user_id, caller.display_name)
    visible = {
        "userId": user_id,
        "displayName": name,
        "isAuthenticated": caller is not None,
        "createdAt": time.time_ns() // 1_000_000,
    }
    accounts = () if caller is None else caller.account_ids
    return {"shown": visible, "user_id": user_id, "account_ids": [*accounts]}


def _get_user_id(caller: Principal | None) -> str:
    # A service's own authentication function may return user ids of any length.
    return "" if caller is None else caller.user_id[:64]


def _format_value(value: Any) -> str:
    return to_json(value) if isinstance(value, bool) else str(value)
