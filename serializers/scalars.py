"""Scalar values as text and back, as JSV, XML and CSV all spell them.

The spelling is ServiceStack's and is described in docs/serializers.rst. Readers raise `ValueError` with a message that
names what was expected; a format turns it into a `DecodeError` that says where.
"""

from __future__ import annotations

import base64
import binascii
import decimal
import enum
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from uuid import UUID

from serializers import shape as shapes
from serializers.errors import EncodeError
from serializers.shape import Shape

#: Longer than any number that fits a shape; keeps conversion linear.
MAX_DIGITS = 400

_BOOLEANS = {"true": True, "false": False}
#: What stands in most documents, and what has one spelling.
_USUAL_BOOLEANS = {"True": True, "False": False, "1": True, "on": True, "0": False}
_SEPARATORS = re.compile(r"\s*,\s*|\s+")
_INTEGER = re.compile(r"-?[0-9]{1,40}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?", re.ASCII)
_DECIMAL = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", re.ASCII)
_SINGLE_LIMIT = float((1 << 128) - (1 << 103))
_DECIMAL_LIMIT = 1 << 96
_DECIMAL_SCALE = 28
_SPECIAL_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?(Z| ?[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_EPOCH_INSTANT = re.compile(r"/Date\((-?\d{1,15})([+-]0000)?\)/", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_XSD_DURATION = re.compile(
    r"(-?)P(?=[0-9T])(?:(\d{1,9})D)?(?:T(?=[0-9])(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(?:\.(\d{1,12}))?S)?)?",
    re.ASCII,
)
_CLOCK_DURATION = re.compile(r"(-?)(?:(\d{1,9})\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,7}))?", re.ASCII)
_GUID = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}",
    re.ASCII | re.IGNORECASE,
)

ScalarReader = Callable[[str], Any]
ScalarWriter = Callable[[Any], str]


def read_boolean(text: str) -> bool:
    """true and false in any letter case, 1, on, 0."""
    value = _USUAL_BOOLEANS.get(text)
    if value is None:
        value = _BOOLEANS.get(text.strip().lower())
    if value is None:
        raise ValueError("expected a boolean")
    return value


def read_number(text: str) -> float:
    """A decimal number, optionally with an exponent, or NaN, Infinity, -Infinity."""
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
    """A decimal number of at most 96 bits and 28 places; its scale is kept."""
    text = text.strip()
    if len(text) > MAX_DIGITS or not _DECIMAL.fullmatch(text):
        raise ValueError("expected a decimal number")
    value = decimal.Decimal(text)
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if -exponent > _DECIMAL_SCALE or int("".join(map(str, digits))) >= _DECIMAL_LIMIT:
        raise ValueError("expected a decimal number of at most 96 bits and 28 places")
    return value


def read_instant(text: str) -> datetime:
    """An ISO 8601 form, a date alone (midnight UTC), or /Date(ms)/; digits below microseconds are cut."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        return _read_epoch_instant(text)
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
        return UTC
    digits = text.strip().replace(":", "")
    minutes = int(digits[1:3]) * 60 + int(digits[3:])
    if not minutes:
        return UTC
    return timezone(timedelta(minutes=-minutes if digits[0] == "-" else minutes))


def _read_epoch_instant(text: str) -> datetime:
    match = _EPOCH_INSTANT.fullmatch(text.replace("\\/", "/"))
    if match is None:
        raise ValueError("expected a date")
    try:
        return _EPOCH + timedelta(milliseconds=int(match[1]))
    except OverflowError:
        raise ValueError("expected a date between the years 1 and 9999") from None


def read_duration(text: str) -> timedelta:
    """An XSD duration of days and less, or [d.]hh:mm:ss[.f]; digits below microseconds are cut."""
    match = _XSD_DURATION.fullmatch(text)
    if match is None:
        match = _CLOCK_DURATION.fullmatch(text)
        if match is None or int(match[3]) > 23 or int(match[4]) > 59 or int(match[5]) > 59:
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
    """A number inside the range of 32 bits. Its value is the nearest double."""
    value = read_number(text)
    if _SINGLE_LIMIT <= abs(value) < float("inf"):
        raise ValueError("expected a number inside the range of a single")
    return value


def read_guid(text: str) -> UUID:
    """32 hex digits, with or without dashes, the dashed form also in braces."""
    if not _GUID.fullmatch(text):
        raise ValueError("expected a guid")
    return UUID(text)


def read_binary(text: str) -> bytes:
    """Base64 of the standard alphabet, padded."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("expected base64") from None


def integer_reader(shape: shapes.Integer) -> ScalarReader:
    """A reader of whole numbers inside the shape's bits."""
    low, high = integer_bounds(shape)

    def read(text: str) -> int:
        text = text.strip()
        if not _INTEGER.fullmatch(text):
            raise ValueError("expected a whole number")
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return value

    return read


def integer_bounds(shape: shapes.Integer) -> tuple[int, int]:
    """The least and the greatest value of an integer shape."""
    if shape.signed:
        return -(1 << (shape.bits - 1)), (1 << (shape.bits - 1)) - 1
    return 0, (1 << shape.bits) - 1


def choice_reader(shape: shapes.Choice) -> ScalarReader:
    """A reader of member names in any letter case, or of their numbers; of flags the value is the number."""
    numbers = {str(number): name for name, number in reversed(list(shape.members.items()))}
    names = {name.casefold(): name for name in shape.members}
    expected = ", ".join(shape.members)

    def read(text: str) -> str:
        text = text.strip()
        name = names.get(text.casefold()) or numbers.get(text)
        if name is None:
            raise ValueError(f"expected one of {expected}")
        return name

    def read_flags(text: str) -> int:
        text = text.strip()
        if _INTEGER.fullmatch(text) and -(1 << 31) <= int(text) < 1 << 31:
            return int(text)
        total = 0
        for part in _SEPARATORS.split(text):
            name = names.get(part.casefold())
            if name is None:
                raise ValueError(f"expected a sum of {expected}")
            total |= shape.members[name]
        return total

    return read_flags if shape.flags else read


def write_boolean(value: Any) -> str:
    """True and False."""
    return "True" if value else "False"


def write_number(value: Any) -> str:
    """The shortest text that reads back to the same value, with .NET's spelling of exponents."""
    text = repr(float(value))
    if "e" not in text:
        if -1e15 < value < 1e15:
            return "0" if text == "-0.0" else text.removesuffix(".0")
        return _WORDS.get(text) or _with_exponent(text)
    digits, _, exponent = text.partition("e")
    sign, exponent = (exponent[0], exponent[1:]) if exponent[0] in "+-" else ("+", exponent)
    return f"{digits}E{sign}{exponent.zfill(2)}"


_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _with_exponent(text: str) -> str:
    sign, text = ("-", text[1:]) if text[0] == "-" else ("", text)
    whole, _, fraction = text.partition(".")
    digits = (whole + fraction).rstrip("0")
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}E+{len(whole) - 1:02}"


def write_decimal(value: Any) -> str:
    """All digits, the scale kept."""
    value = value if isinstance(value, decimal.Decimal) else decimal.Decimal(str(value))
    if not value.is_finite():
        raise EncodeError(f"{value} is not a decimal number")
    return format(value, "f")


def write_instant(value: datetime) -> str:
    """ISO 8601: Z for UTC, an offset for other zones; a date alone at midnight; +00:00 where no zone is known."""
    offset = value.utcoffset()
    if value.hour == value.minute == value.second == value.microsecond == 0 and not offset:
        return f"{value.year:04}-{value.month:02}-{value.day:02}"
    text = f"{value.year:04}-{value.month:02}-{value.day:02}T{value.hour:02}:{value.minute:02}:{value.second:02}"
    if offset is None:
        return f"{text}.{value.microsecond:06}0+00:00" if value.microsecond else f"{text}+00:00"
    if value.microsecond:
        text = f"{text}.{value.microsecond:06}".rstrip("0")
    if not offset:
        return text + "Z"
    minutes = int(offset.total_seconds()) // 60
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{text}{sign}{minutes // 60:02}:{minutes % 60:02}"


def write_duration(value: timedelta) -> str:
    """XSD: -PnDTnHnMn.fS, PT0S for zero."""
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    date = f"{value.days}D" if value.days else ""
    time = f"{f'{hours}H' if hours else ''}{f'{minutes}M' if minutes else ''}"
    if seconds or fraction or not (date or time):
        time += f"{seconds}{fraction}S"
    return f"{sign}P{date}T{time}" if time else f"{sign}P{date}"


def write_guid(value: UUID) -> str:
    """32 lower-case hex digits."""
    return value.hex


def write_binary(value: bytes) -> str:
    """Base64."""
    return base64.b64encode(value).decode("ascii")


def choice_writer(shape: shapes.Choice) -> ScalarWriter:
    """A writer of member names; of flags the number. An undefined number stands as it is."""
    members = shape.members

    def write(value: Any) -> str:
        if isinstance(value, enum.Enum):
            value = value.name
        if isinstance(value, int) and not isinstance(value, bool):
            return next((name for name, number in members.items() if number == value), str(value))
        if value in members or _INTEGER.fullmatch(value):
            return str(value)
        raise EncodeError(f"{value!r} is not one of {', '.join(members)}")

    def write_flags(value: Any) -> str:
        if isinstance(value, enum.Enum):
            value = value.value
        if isinstance(value, str):
            value = choice_reader(shape)(value)
        return str(int(value))

    return write_flags if shape.flags else write


def write_any(value: Any) -> str:
    """A scalar by its own type."""
    writer = WRITERS_BY_TYPE.get(type(value))
    if writer is not None:
        return writer(value)
    for kind, writer in WRITERS_BY_TYPE.items():
        if isinstance(value, kind):
            return writer(value)
    raise EncodeError(f"a {type(value).__name__} is not a document's value")


#: The writers of values whose shape is not known; an enum's member stands before what it may also be (``IntEnum``).
WRITERS_BY_TYPE: dict[type, ScalarWriter] = {
    enum.Flag: lambda value: str(value.value),
    enum.Enum: lambda value: str(value.name),
    str: str,
    bool: write_boolean,
    int: str,
    float: write_number,
    decimal.Decimal: write_decimal,
    datetime: write_instant,
    timedelta: write_duration,
    UUID: write_guid,
    bytes: write_binary,
}

_READERS: dict[type, ScalarReader] = {
    shapes.Text: str,
    shapes.Boolean: read_boolean,
    shapes.Number: read_number,
    shapes.Decimal: read_decimal,
    shapes.Instant: read_instant,
    shapes.Duration: read_duration,
    shapes.Guid: read_guid,
    shapes.Binary: read_binary,
}
_WRITERS: dict[type, tuple[type, ScalarWriter]] = {
    shapes.Boolean: (bool, write_boolean),
    shapes.Number: (float, write_number),
    shapes.Decimal: (decimal.Decimal, write_decimal),
    shapes.Instant: (datetime, write_instant),
    shapes.Duration: (timedelta, write_duration),
    shapes.Guid: (UUID, write_guid),
    shapes.Binary: (bytes, write_binary),
}


@lru_cache(maxsize=1024)
def reader(shape: Shape) -> ScalarReader:
    """The function from a text to a value of a scalar shape."""
    if isinstance(shape, shapes.Integer):
        return integer_reader(shape)
    if isinstance(shape, shapes.Choice):
        return choice_reader(shape)
    if isinstance(shape, shapes.Number) and shape.bits == 32:
        return read_single
    return _READERS[type(shape)]


@lru_cache(maxsize=1024)
def writer(shape: Shape) -> ScalarWriter:
    """The function from a value of a scalar shape to its text. It raises `EncodeError` for a value of another kind."""
    if isinstance(shape, shapes.Text):
        return write_any
    if isinstance(shape, shapes.Choice):
        return _checked((str, int, enum.Enum), choice_writer(shape))
    if isinstance(shape, shapes.Integer):
        return _checked((int,), lambda value: str(int(value)))
    kind, write = _WRITERS[type(shape)]
    return _checked((kind, float, int) if kind in (float, decimal.Decimal) else (kind,), write)


def _checked(kinds: tuple[type, ...], write: ScalarWriter) -> ScalarWriter:
    def checked(value: Any) -> str:
        # A wire shape's values may be texts already: they are what would be written.
        if isinstance(value, str) and str not in kinds:
            return value
        if not isinstance(value, kinds):
            raise EncodeError(f"{value!r} is a {type(value).__name__}, not a {kinds[0].__name__}")
        return write(value)

    return checked
