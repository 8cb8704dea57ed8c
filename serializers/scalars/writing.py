"""Scalar values as text, as JSV, XML and CSV all spell them."""

from __future__ import annotations

import base64
import decimal
import enum
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from serializers import shape as shapes
from serializers.errors import EncodeError
from serializers.scalars.reading import INTEGER, choice_reader
from serializers.shape import Shape

ScalarWriter = Callable[[Any], str]


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


def write_offset_instant(value: datetime) -> str:
    """ISO 8601 with seven digits and an offset, as .NET's round-trip format is; UTC where no zone is known."""
    known = value if value.tzinfo else value.replace(tzinfo=UTC)
    text = known.isoformat(timespec="microseconds")
    return f"{text[:26]}0{text[26:]}"


def write_day(value: date) -> str:
    """YYYY-MM-DD."""
    return f"{value.year:04}-{value.month:02}-{value.day:02}"


def write_time(value: time) -> str:
    """A time of day as the duration since midnight: PTnHnMn.fS."""
    return write_duration(
        timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
    )


def write_character(value: str) -> str:
    """One character."""
    if len(value) != 1:
        raise EncodeError(f"{value!r} is not one character")
    return value


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
    """A writer of members' texts, or their numbers where the shape wants those; of flags the number. An undefined number stays as it is."""
    members = shape.members
    texts = {name: str(number) if shape.numbered else shape.text_of(name) for name, number in members.items()}
    texts |= {shape.text_of(name): texts[name] for name in members}
    by_number = {number: texts[name] for name, number in reversed(list(members.items()))}

    def write(value: Any) -> str:
        if isinstance(value, enum.Enum):
            # What Python keeps for itself has a ``_`` behind it there.
            value = value.name if value.name in members else value.name.removesuffix("_")
        if isinstance(value, int) and not isinstance(value, bool):
            return by_number.get(value, str(value))
        found = texts.get(value)
        if found is not None:
            return found
        if INTEGER.fullmatch(value):
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
    date: write_day,
    time: write_time,
    timedelta: write_duration,
    UUID: write_guid,
    bytes: write_binary,
}
_WRITERS: dict[type, tuple[type, ScalarWriter]] = {
    shapes.Boolean: (bool, write_boolean),
    shapes.Number: (float, write_number),
    shapes.Decimal: (decimal.Decimal, write_decimal),
    shapes.Instant: (datetime, write_instant),
    shapes.OffsetInstant: (datetime, write_offset_instant),
    shapes.Day: (date, write_day),
    shapes.TimeOfDay: (time, write_time),
    shapes.Character: (str, write_character),
    shapes.Duration: (timedelta, write_duration),
    shapes.Guid: (UUID, write_guid),
    shapes.Binary: (bytes, write_binary),
}


@lru_cache(maxsize=1024)
def writer(shape: Shape) -> ScalarWriter:
    """The function from a value of a scalar shape to its text. It raises `EncodeError` for a value of another kind."""
    if isinstance(shape, (shapes.Text, shapes.Anything)):
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
