"""The subscribers of a process, by id, channel and user."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from gateway.events.subscriber import Subscriber

_NOBODY: frozenset[Subscriber] = frozenset()


class Audience:
    """Finds subscribers. Only one thread changes it; others may call `get`."""

    def __init__(self) -> None:
        self._by_id: dict[str, Subscriber] = {}
        self._by_channel: dict[str, set[Subscriber]] = {}
        self._by_user: dict[str, set[Subscriber]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(self._by_id.values())

    def get(self, subscription_id: str) -> Subscriber | None:
        """Return the subscriber with this id, or None."""
        return self._by_id.get(subscription_id)

    def add(self, subscriber: Subscriber) -> None:
        """Add a subscriber."""
        self._by_id[subscriber.id] = subscriber
        _add(self._by_channel, subscriber.channels, subscriber)
        _add(self._by_user, subscriber.users, subscriber)

    def remove(self, subscriber: Subscriber) -> bool:
        """Remove a subscriber; return whether it was present."""
        if self._by_id.pop(subscriber.id, None) is None:
            return False
        _remove(self._by_channel, subscriber.channels, subscriber)
        _remove(self._by_user, subscriber.users, subscriber)
        return True

    def change(self, subscriber: Subscriber, channels: Sequence[str]) -> None:
        """Replace a subscriber's channels."""
        _remove(self._by_channel, subscriber.channels, subscriber)
        subscriber.channels = tuple(channels)
        _add(self._by_channel, subscriber.channels, subscriber)

    def get_channel(self, channel: str) -> Collection[Subscriber]:
        """Return the subscribers of a channel."""
        return self._by_channel.get(channel, _NOBODY)

    def find_recipients(self, channels: Iterable[str], users: Iterable[str]) -> dict[Subscriber, str]:
        """Return the subscribers of any of these channels or users, each with its first matching channel; empty if only a user matches."""
        channels_by_subscriber: dict[Subscriber, str] = {}
        for channel in channels:
            for subscriber in self.get_channel(channel):
                channels_by_subscriber.setdefault(subscriber, channel)
        for user in users:
            for subscriber in self._by_user.get(user, _NOBODY):
                channels_by_subscriber.setdefault(subscriber, "")
        return channels_by_subscriber


def _add(index: dict[str, set[Subscriber]], names: Iterable[str], subscriber: Subscriber) -> None:
    for name in names:
        index.setdefault(name, set()).add(subscriber)


def _remove(index: dict[str, set[Subscriber]], names: Iterable[str], subscriber: Subscriber) -> None:
    for name in names:
        subscribers = index.get(name)
        if subscribers is not None:
            subscribers.discard(subscriber)
            if not subscribers:
                del index[name]
