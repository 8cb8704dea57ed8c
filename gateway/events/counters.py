"""What is counted of a process's events."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Upper bounds of the delays that are counted, in seconds; a delay beyond the last one is counted in the sum alone.
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(slots=True)
class Counters:
    """Numbers since the start of the process. One thread changes each of them; others may read them at any time.

    :ivar subscribers: connections that are open now.
    :ivar published: events that were stored.
    :ivar delivered: events that were given to subscribers, once for each of them.
    :ivar dropped: events that were taken back from subscribers who read too slowly. They may ask for them again.
    :ivar delays: delivered events by the seconds since they were stored: the events within each bound that are not within the one before.
    :ivar delay_sum: those seconds in all.
    :ivar delay_count: the events whose delay was measured.
    """

    subscribers: int = 0
    published: int = 0
    delivered: int = 0
    dropped: int = 0
    delays: dict[float, int] = field(default_factory=lambda: dict.fromkeys(BOUNDS, 0))
    delay_sum: float = 0.0
    delay_count: int = 0

    def delay(self, seconds: float) -> None:
        """Count the delay of an event."""
        self.delay_sum += seconds
        self.delay_count += 1
        for bound in BOUNDS:
            if seconds <= bound:
                self.delays[bound] += 1
                break
