"""Reading scalar values from text, as JSV, XML and CSV all spell them.

Blanks around a value are ignored, except in a text. Readers raise `ValueError` with a message that names what was
expected; a format turns it into a `DecodeError` with a position.
"""

from __future__ import annotations

import base64
import binascii
import decimal
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from serializers import shape as shapes
from serializers.shape import Shape

#: More digits than any number that fits a shape has. The limit keeps conversion linear.
MAX_DIGITS = 400

_BOOLEANS = {"true": True, "false": False}
#: The spellings in most documents, and those that are case-sensitive.
_USUAL_BOOLEANS = {"True": True, "False": False, "1": True, "on": True, "0": False}
_SEPARATORS = re.compile(r"\s*,\s*|\s+")
INTEGER = re.compile(r"-?[0-9]{1,40}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?", re.ASCII)
_DECIMAL = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", re.ASCII)
_SINGLE_LIMIT = float((1 << 128) - (1 << 103))
_DECIMAL_LIMIT = 1 << 96
_DECIMAL_SCALE = 28
_SPECIAL_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?(Z| ?[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?", re.ASCII)
_EPOCH_INSTANT = re.compile(r"/Date\((-?\d{1,15})([+-]\d{4})?\)/", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC1123 = re.compile(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]\d{4})", re.ASCII)
#: The zone of times that were read from a text in UTC. It equals UTC, but marks times that a dialect's host turns into local times.
READ_UTC = timezone(timedelta(0), "UTC")
_XSD_DURATION = re.compile(
    r"(-?)P(?=[0-9T])(?:(\d{1,9})D)?(?:T(?=[0-9])(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(?:\.(\d{1,12}))?S)?)?",
    re.ASCII,
)
_CLOCK_DURATION = re.compile(r"(-?)(?:(\d{1,9})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?", re.ASCII)
_GUID = re.compile(
    r"[0-9a-f]{32}|(?P<open>[{(])?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?(open)[})])|\{[0-9a-f]{32}\}",
    re.ASCII | re.IGNORECASE,
)

ScalarReader = Callable[[str], Any]


def read_boolean(text: str) -> bool:
    """Read true and false in any letter case, 1, on, 0."""
    value = _USUAL_BOOLEANS.get(text)
    if value is None:
        value = _BOOLEANS.get(text.strip().lower())
    if value is None:
        raise ValueError("expected a boolean")
    return value


def read_number(text: str) -> float:
    """Read a decimal number, optionally with an exponent, or NaN, Infinity, -Infinity."""
    text = text.strip()
    special = _SPECIAL_NUMBERS.get(text)
    if special is not None:
        return special
    if len(text) > MAX_DIGITS or not _NUMBER.fullmatch(text):
        raise ValueError("expected a number")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("expected a number inside the range of a double")
    return value


def read_decimal(text: str) -> decimal.Decimal:
    """Read a decimal number of at most 96 bits and 28 places; its scale is kept."""
    text = text.strip()
    if len(text) > MAX_DIGITS or not _DECIMAL.fullmatch(text):
        raise ValueError("expected a decimal number")
    value = decimal.Decimal(text)
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if -exponent > _DECIMAL_SCALE or int("".join(map(str, digits))) >= _DECIMAL_LIMIT:
        raise ValueError("expected a decimal number of at most 96 bits and 28 places")
    return value


def read_day(text: str) -> date:
    """Read a day of the calendar as YYYY-MM-DD."""
    match = _DAY.fullmatch(text.strip())
    if match is None:
        raise ValueError("expected a day as YYYY-MM-DD")
    try:
        return date(*map(int, match.groups()))
    except ValueError as error:
        raise ValueError(f"expected a day as YYYY-MM-DD: {error}") from None


def read_instant(text: str) -> datetime:
    """Read a time as `read_iso_instant` does, as /Date(ms)/ with or without an offset, or as in HTTP (RFC 1123)."""
    text = text.strip()
    if text[:1] in ("/", "\\"):
        return _read_epoch_instant(text)
    return _read_rfc1123(text) if _RFC1123.fullmatch(text) else read_iso_instant(text)


def read_iso_instant(text: str) -> datetime:
    """Read YYYY-MM-DD (midnight UTC), or YYYY-MM-DDThh:mm[:ss[.f]] with Z, ±hh:mm, ±hhmm or no zone.

    A blank may replace the T, and may precede the zone. Digits below microseconds are cut off.
    """
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        raise ValueError("expected a date")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        if hour is None:
            return datetime(int(year), int(month), int(day), tzinfo=UTC)
        microsecond = int(fraction[:6].ljust(6, "0")) if fraction else 0
        return datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), microsecond, _read_zone(zone)
        )
    except ValueError as error:
        raise ValueError(f"expected a date: {error}") from None


def _read_zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return READ_UTC
    digits = text.strip().replace(":", "")
    minutes = int(digits[1:3]) * 60 + int(digits[3:])
    if not minutes:
        return READ_UTC
    return timezone(timedelta(minutes=-minutes if digits[0] == "-" else minutes))


def _read_rfc1123(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except ValueError as error:
        raise ValueError(f"expected a date: {error}") from None


def _read_epoch_instant(text: str) -> datetime:
    match = _EPOCH_INSTANT.fullmatch(text.replace("\\/", "/"))
    if match is None:
        raise ValueError("expected a date")
    try:
        value = _EPOCH + timedelta(milliseconds=int(match[1]))
        # The milliseconds are in UTC; the offset is only the sender's zone.
        return value.astimezone(_read_zone(match[2])) if match[2] else value
    except (OverflowError, ValueError):
        raise ValueError("expected a date between the years 1 and 9999") from None


def read_offset_instant(text: str) -> datetime:
    """Read a time as `read_instant` does; without a zone it is in UTC."""
    instant = read_instant(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def read_time(text: str) -> time:
    """Read hh:mm[:ss[.f]], or a duration of less than a day as `read_duration` does."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        span = read_duration(text)
        if not timedelta() <= span < timedelta(days=1):
            raise ValueError("expected a time of day")
        return (datetime.min + span).time()
    hour, minute, second, fraction = match.groups()
    try:
        return time(int(hour), int(minute), int(second or 0), int((fraction or "")[:6].ljust(6, "0")))
    except ValueError as error:
        raise ValueError(f"expected a time of day: {error}") from None


def read_any_day(text: str) -> date:
    """Read a day as `read_day` does, or the day of a time as `read_instant` reads it."""
    text = text.strip()
    return read_day(text) if _DAY.fullmatch(text) else read_instant(text).date()


def read_character(text: str) -> str:
    """Read a text of one character."""
    if len(text) != 1:
        raise ValueError("expected one character")
    return text


def read_duration(text: str) -> timedelta:
    """Read an XSD duration of days and smaller units, or [d.]hh:mm[:ss[.f]]; digits below microseconds are cut off."""
    text = text.strip()
    match = _XSD_DURATION.fullmatch(text)
    if match is None:
        match = _CLOCK_DURATION.fullmatch(text)
        if match is None or int(match[3]) > 23 or int(match[4]) > 59 or int(match[5] or 0) > 59:
            raise ValueError("expected a duration")
    sign, days, hours, minutes, seconds, fraction = match.groups()
    try:
        value = timedelta(
            days=int(days or 0),
            hours=int(hours or 0),
            minutes=int(minutes or 0),
            seconds=int(seconds or 0),
            microseconds=int((fraction or "")[:6].ljust(6, "0")),
        )
    except OverflowError:
        raise ValueError("expected a duration of less than a billion days") from None
    return -value if sign else value


def read_single(text: str) -> float:
    """Read a number in the range of 32 bits. The value is the nearest double."""
    value = read_number(text)
    if _SINGLE_LIMIT <= abs(value) < float("inf"):
        raise ValueError("expected a number inside the range of a single")
    return value


def read_guid(text: str) -> UUID:
    """Read 32 hex digits, with or without dashes, also in braces or, with dashes, in parentheses."""
    text = text.strip()
    if not _GUID.fullmatch(text):
        raise ValueError("expected a guid")
    return UUID(text.strip("()"))


def read_binary(text: str) -> bytes:
    """Read base64 of the standard alphabet, padded; it may be wrapped into lines."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("expected base64") from None


def integer_reader(shape: shapes.Integer) -> ScalarReader:
    """Return a reader of whole numbers in the range of the shape's bits."""
    low, high = integer_bounds(shape)

    def read(text: str) -> int:
        text = text.strip()
        if not INTEGER.fullmatch(text):
            raise ValueError("expected a whole number")
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return value

    return read


def integer_bounds(shape: shapes.Integer) -> tuple[int, int]:
    """Return the minimum and the maximum of an integer shape."""
    if shape.signed:
        return -(1 << (shape.bits - 1)), (1 << (shape.bits - 1)) - 1
    return 0, (1 << shape.bits) - 1


def choice_reader(shape: shapes.Choice) -> ScalarReader:
    """Return a reader of members' texts and names in any letter case, or of their numbers; the value of flags is the number."""
    numbers = {str(number): shape.text_of(name) for name, number in reversed(list(shape.members.items()))}
    names = {shape.text_of(name).casefold(): shape.text_of(name) for name in shape.members}
    names |= {name.casefold(): shape.text_of(name) for name in shape.members}
    expected = ", ".join(map(shape.text_of, shape.members))

    def read(text: str) -> str:
        text = text.strip()
        name = names.get(text.casefold()) or numbers.get(text)
        if name is None:
            raise ValueError(f"expected one of {expected}")
        return name

    def read_flags(text: str) -> int:
        text = text.strip()
        if INTEGER.fullmatch(text) and -(1 << 31) <= int(text) < 1 << 31:
            return int(text)
        total = 0
        for part in _SEPARATORS.split(text):
            name = names.get(part.casefold())
            if name is None:
                raise ValueError(f"expected a sum of {expected}")
            total |= shape.members[name]
        return total

    return read_flags if shape.flags else read


_READERS: dict[type, ScalarReader] = {
    shapes.Text: str,
    shapes.Boolean: read_boolean,
    shapes.Number: read_number,
    shapes.Decimal: read_decimal,
    shapes.Instant: read_instant,
    shapes.OffsetInstant: read_offset_instant,
    shapes.Day: read_any_day,
    shapes.TimeOfDay: read_time,
    shapes.Character: read_character,
    shapes.Anything: str,
    shapes.Duration: read_duration,
    shapes.Guid: read_guid,
    shapes.Binary: read_binary,
}


@lru_cache(maxsize=1024)
def reader(shape: Shape) -> ScalarReader:
    """Return the function from a text to a value of a scalar shape."""
    if isinstance(shape, shapes.Integer):
        return integer_reader(shape)
    if isinstance(shape, shapes.Choice):
        return choice_reader(shape)
    if isinstance(shape, shapes.Number) and shape.bits == 32:
        return read_single
    return _READERS[type(shape)]
