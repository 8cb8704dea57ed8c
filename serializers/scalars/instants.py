"""Points in time as text, by the dialect.

Like .NET's DateTime, these have three kinds: a time in UTC, one without a zone (a naive ``datetime``), and one in another zone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from serializers.dialect import Dialect
from serializers.scalars.reading import READ_UTC

InstantWriter = Callable[[Any], str]

_EPOCH = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)


def write_instant(value: datetime) -> str:
    """Return ISO 8601: Z for UTC, an offset for other zones, +00:00 without a zone; at midnight only the date."""
    offset = value.utcoffset()
    if value.hour == value.minute == value.second == value.microsecond == 0 and not offset:
        return write_day(value)
    text = _format_seconds(value)
    if offset is None:
        return f"{text}.{value.microsecond:06}0+00:00" if value.microsecond else f"{text}+00:00"
    if value.microsecond:
        text = f"{text}.{value.microsecond:06}".rstrip("0")
    return f"{text}{_format_offset(value, ':')}" if offset else f"{text}Z"


def write_offset_instant(value: datetime) -> str:
    """Return ISO 8601 with seven digits and an offset, as .NET's round-trip format; a time without a zone is in UTC."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    text = aware.isoformat(timespec="microseconds")
    return f"{text[:26]}0{text[26:]}"


def write_day(value: date) -> str:
    """Return YYYY-MM-DD."""
    return f"{value.year:04}-{value.month:02}-{value.day:02}"


def _write_short_local(value: datetime) -> str:
    """Return the same as `write_instant`, but times that were read in UTC are local times."""
    if value.tzinfo is None or _is_utc(value, local_times=True):
        return write_instant(value)
    if value.hour == value.minute == value.second == value.microsecond == 0:
        return write_day(value)
    fraction = f".{value.microsecond:06}0" if value.microsecond else ""
    return f"{_format_seconds(value)}{fraction}{_format_offset(value, ':')}"


def _format_seconds(value: datetime, blank: str = "T") -> str:
    return f"{value.year:04}-{value.month:02}-{value.day:02}{blank}{value.hour:02}:{value.minute:02}:{value.second:02}"


def _format_offset(value: datetime, colon: str) -> str:
    """Return the offset of a time; empty for a time without a zone."""
    offset = value.utcoffset()
    if offset is None:
        return ""
    minutes = int(offset.total_seconds()) // 60
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{sign}{minutes // 60:02}{colon}{minutes % 60:02}"


def _measure_since_epoch(value: datetime) -> timedelta:
    """Return the time since the beginning of 1970 in UTC; a time without a zone is in UTC."""
    return value.replace(tzinfo=None) - _EPOCH - (value.utcoffset() or timedelta(0))


def _write_rfc1123(value: datetime) -> str:
    return format_datetime((_EPOCH + _measure_since_epoch(value)).replace(tzinfo=UTC), usegmt=True)


def _write_unix(value: datetime) -> str:
    return str(_measure_since_epoch(value) // _SECOND)


def _write_unix_ms(value: datetime) -> str:
    return str(_count_milliseconds(value))


def _count_milliseconds(value: datetime) -> int:
    # .NET truncates a double, and so does this.
    return int(_measure_since_epoch(value) / _MILLISECOND)


def _is_utc(value: datetime, *, local_times: bool) -> bool:
    """Return whether a time is in UTC and is written without an offset."""
    return value.utcoffset() == timedelta(0) and not (local_times and value.tzinfo is READ_UTC)


def _make_wcf_writer(dialect: Dialect) -> InstantWriter:
    of_utc = "+0000" if dialect.utc_offset else ""
    of_none = "-0000" if dialect.dates == "wcf" else "+0000"

    def write(value: datetime) -> str:
        offset = of_utc if _is_utc(value, local_times=dialect.local_times) else _format_offset(value, "") or of_none
        return f"/Date({_count_milliseconds(value)}{offset})/"

    return write


def _make_round_trip_writer(dialect: Dialect) -> InstantWriter:
    shortened = dialect.dates == "iso"

    def write(value: datetime) -> str:
        zone = "Z" if _is_utc(value, local_times=dialect.local_times) else _format_offset(value, ":")
        if not shortened:
            return f"{_format_seconds(value)}.{value.microsecond:06}0{zone}"
        fraction = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
        return f"{_format_seconds(value)}{fraction}{zone}"

    return write


_WRITERS: dict[str, Callable[[Dialect], InstantWriter]] = {
    "short": lambda dialect: _write_short_local if dialect.local_times else write_instant,
    "iso": _make_round_trip_writer,
    "roundtrip": _make_round_trip_writer,
    "wcf": _make_wcf_writer,
    "dcjs": _make_wcf_writer,
    "date": lambda _: write_day,
    "datetime": lambda _: lambda value: _format_seconds(value, " "),
    "rfc1123": lambda _: _write_rfc1123,
    "unix": lambda _: _write_unix,
    "unix_ms": lambda _: _write_unix_ms,
}


def instant_writer(dialect: Dialect) -> InstantWriter:
    """Return the writer of a dialect's points in time."""
    write = _WRITERS[dialect.dates](dialect)
    if not (dialect.assume_utc or dialect.always_utc):
        return write

    def write_in_utc(value: datetime) -> str:
        if value.tzinfo is None:
            return write(value.replace(tzinfo=UTC) if dialect.assume_utc else value)
        if not dialect.always_utc:
            return write(value)
        try:
            return write(value.astimezone(UTC))
        except OverflowError:
            # Some times of the first and the last day of the calendar are out of range in UTC.
            return write(value)

    return write_in_utc


def _write_offset_wcf(value: datetime) -> str:
    offset = "" if not value.utcoffset() else _format_offset(value, "")
    return f"/Date({_measure_since_epoch(value) // _MILLISECOND}{offset})/"


def _write_offset_short(value: datetime) -> str:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    fraction = f".{aware.microsecond:06}".rstrip("0") if aware.microsecond else ""
    return f"{_format_seconds(aware)}{fraction}{_format_offset(aware, ':')}"


#: ServiceStack has few forms of points in time that keep their offset; in other `dates` they are ``/Date(ms+hhmm)/``.
_OFFSET_WRITERS: dict[str, InstantWriter] = {
    "short": write_offset_instant,
    "roundtrip": write_offset_instant,
    "iso": _write_offset_short,
    "rfc1123": _write_rfc1123,
}


def offset_instant_writer(dialect: Dialect) -> InstantWriter:
    """Return the writer of a dialect's points in time that keep their offset."""
    return _OFFSET_WRITERS.get(dialect.dates, _write_offset_wcf)
