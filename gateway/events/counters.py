"""Counters of a process's server events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Counts since the start of the process. Each is changed by one thread only; others may read them at any time.

    :ivar subscribers: connections that are open now.
    :ivar published: events that were stored.
    :ivar delivered: events that were given to subscribers, counted once for each subscriber.
    :ivar dropped: unread events of subscribers that were disconnected because they read too slowly. They may resume.
    :ivar delay_count: events whose delay was measured: those that reached subscribers of this process.
    :ivar delay_sum: total seconds between storage and delivery of these events.
    """

    subscribers: int = 0
    published: int = 0
    delivered: int = 0
    dropped: int = 0
    delay_count: int = 0
    delay_sum: float = 0.0

    def add_delay(self, seconds: float) -> None:
        """Count the delay of an event."""
        self.delay_count += 1
        self.delay_sum += seconds
