"""The parser of dates and times in texts, for rules, use cases and commands."""

from __future__ import annotations

from datetime import UTC, date, datetime

from serializers import scalars


def parse_day(text: str) -> date:
    """Parse a day written as YYYY-MM-DD.

    :raises ValueError: when the text is not a day of the calendar in that form.
    """
    return scalars.read_day(text)


def parse_moment(text: str) -> datetime:
    """Parse a point in time, and return it in UTC. Without an offset the text is in UTC, and a day alone means midnight.

    :raises ValueError: when the text is not YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.f]] with Z, an offset or none.
    """
    time = scalars.read_iso_instant(text)
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError:
        # With an offset, times on the first and the last day of the calendar may have no date in UTC.
        raise ValueError("expected a date between the years 1 and 9999") from None
