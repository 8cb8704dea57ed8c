"""Writing scalar values as text, as JSON, JSV, XML and CSV all spell them, by the dialect."""

from __future__ import annotations

import base64
import decimal
import enum
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from serializers import shape as shapes
from serializers.dialect import DEFAULT, Dialect
from serializers.errors import EncodeError
from serializers.scalars.instants import (
    instant_writer,
    offset_instant_writer,
    write_day,
    write_instant,
)
from serializers.scalars.reading import INTEGER, choice_reader
from serializers.shape import Shape

ScalarWriter = Callable[[Any], str]


def write_boolean(value: Any) -> str:
    """Return True or False as text."""
    return "True" if value else "False"


def write_number(value: Any) -> str:
    """Return the shortest text that reads back to the same value, with .NET's spelling of exponents."""
    text = repr(float(value))
    if "e" not in text:
        if -1e15 < value < 1e15:
            return "0" if text == "-0.0" else text.removesuffix(".0")
        return _WORDS.get(text) or _add_exponent(text)
    digits, _, exponent = text.partition("e")
    sign, exponent = (exponent[0], exponent[1:]) if exponent[0] in "+-" else ("+", exponent)
    return f"{digits}E{sign}{exponent.zfill(2)}"


_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _add_exponent(text: str) -> str:
    sign, text = ("-", text[1:]) if text[0] == "-" else ("", text)
    integer, _, fraction = text.partition(".")
    digits = (integer + fraction).rstrip("0")
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}E+{len(integer) - 1:02}"


def write_decimal(value: Any) -> str:
    """Return all digits; the scale is kept."""
    value = value if isinstance(value, decimal.Decimal) else decimal.Decimal(str(value))
    if not value.is_finite():
        raise EncodeError(f"{value} is not a decimal number")
    return format(value, "f")


def write_time(value: time) -> str:
    """Return a time of day as the duration since midnight: PTnHnMn.fS."""
    return write_duration(
        timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
    )


def write_character(value: str) -> str:
    """Return a text of one character. Raises EncodeError for any other text."""
    if len(value) != 1:
        raise EncodeError(f"{value!r} is not one character")
    return value


def write_duration(value: timedelta) -> str:
    """Return the form of XSD: -PnDTnHnMn.fS, PT0S for zero."""
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    date = f"{value.days}D" if value.days else ""
    time = f"{f'{hours}H' if hours else ''}{f'{minutes}M' if minutes else ''}"
    if seconds or fraction or not (date or time):
        time += f"{seconds}{fraction}S"
    return f"{sign}P{date}T{time}" if time else f"{sign}P{date}"


def write_standard_duration(value: timedelta) -> str:
    """Return [-][d.]hh:mm:ss[.fffffff], the form of .NET's TimeSpan."""
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days = f"{value.days}." if value.days else ""
    fraction = f".{value.microseconds:06}0" if value.microseconds else ""
    return f"{sign}{days}{hours:02}:{minutes:02}:{seconds:02}{fraction}"


def write_guid(value: UUID) -> str:
    """Return 32 lower-case hex digits."""
    return value.hex


def write_binary(value: bytes) -> str:
    """Return base64."""
    return base64.b64encode(value).decode("ascii")


def choice_writer(shape: shapes.Choice) -> ScalarWriter:
    """Return a writer of members' texts, or of numbers if the shape is numbered or has flags. An undefined number is unchanged."""
    members = shape.members
    texts = {name: str(number) if shape.numbered else shape.text_of(name) for name, number in members.items()}
    texts |= {shape.text_of(name): texts[name] for name in members}
    by_number = {number: texts[name] for name, number in reversed(list(members.items()))}

    def write(value: Any) -> str:
        if isinstance(value, enum.Enum):
            # A member whose name is reserved in Python has a ``_`` appended.
            value = value.name if value.name in members else value.name.removesuffix("_")
        if isinstance(value, int) and not isinstance(value, bool):
            return by_number.get(value, str(value))
        text = texts.get(value)
        if text is not None:
            return text
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


def number_writer(shape: shapes.Choice) -> ScalarWriter:
    """Return a writer of the numbers of an enum's members."""
    return choice_writer(replace(shape, numbered=True))


def write_any(value: Any) -> str:
    """Return the text of a scalar by its own type."""
    writer = WRITERS_BY_TYPE.get(type(value))
    if writer is not None:
        return writer(value)
    for kind, writer in WRITERS_BY_TYPE.items():
        if isinstance(value, kind):
            return writer(value)
    raise EncodeError(f"a {type(value).__name__} is not a document's value")


#: The writers of values without a known shape; ``Enum`` precedes the types that a member may also have (``IntEnum``).
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
_WRITERS: dict[type, tuple[type, Callable[[Dialect], ScalarWriter]]] = {
    shapes.Boolean: (bool, lambda _: write_boolean),
    shapes.Number: (float, lambda _: write_number),
    shapes.Decimal: (decimal.Decimal, lambda _: write_decimal),
    shapes.Instant: (datetime, instant_writer),
    shapes.OffsetInstant: (datetime, offset_instant_writer),
    shapes.Day: (date, lambda _: write_day),
    shapes.TimeOfDay: (time, lambda _: write_time),
    shapes.Character: (str, lambda _: write_character),
    shapes.Duration: (timedelta, lambda dialect: _DURATIONS[dialect.durations]),
    shapes.Guid: (UUID, lambda dialect: _GUIDS[dialect.guids]),
    shapes.Binary: (bytes, lambda _: write_binary),
}
_DURATIONS: dict[str, ScalarWriter] = {"xsd": write_duration, "standard": write_standard_duration}
_GUIDS: dict[str, ScalarWriter] = {"plain": write_guid, "dashes": str}
_CHOICES: dict[str, Callable[[shapes.Choice], ScalarWriter]] = {"name": choice_writer, "number": number_writer}


@lru_cache(maxsize=1024)
def writer(shape: Shape, dialect: Dialect = DEFAULT) -> ScalarWriter:
    """Return the function from a value of a scalar shape to its text. It raises `EncodeError` for a value of another type."""
    if isinstance(shape, (shapes.Text, shapes.Anything)):
        return write_any
    if isinstance(shape, shapes.Choice):
        return _make_checked((str, int, enum.Enum), _CHOICES[dialect.enums](shape))
    if isinstance(shape, shapes.Integer):
        return _make_checked((int,), lambda value: str(int(value)))
    kind, make = _WRITERS[type(shape)]
    return _make_checked((kind, float, int) if kind in (float, decimal.Decimal) else (kind,), make(dialect))


def jsv_writer(shape: Shape, dialect: Dialect) -> ScalarWriter:
    """Return the same for JSV in the dialect; there, points in time that keep their offset have only one form."""
    return writer(shape, DEFAULT if isinstance(shape, shapes.OffsetInstant) else dialect.in_jsv)


def _make_checked(kinds: tuple[type, ...], write: ScalarWriter) -> ScalarWriter:
    def checked(value: Any) -> str:
        # Values of a wire shape may already be texts, which are written unchanged.
        if isinstance(value, str) and str not in kinds:
            return value
        if not isinstance(value, kinds):
            raise EncodeError(f"{value!r} is a {type(value).__name__}, not a {kinds[0].__name__}")
        return write(value)

    return checked
