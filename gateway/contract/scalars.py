"""Fields of scalar types other than texts, booleans and 32-bit integers, each with its shape for the serializers.

Their values are plain Python (`serializers.shape` lists the types). Like all fields they are bound from texts, which every format has. If
a format has a special form, such as the dates of old JSON clients, `serializers.scalars` reads it too.
"""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from marshmallow import fields as base

from gateway.contract.dto_field import DtoField, unbindable
from gateway.contract.enums import DtoFlags, make_choice
from serializers import scalars
from serializers import shape as shapes


class Scalar(DtoField, base.Field[Any]):
    """A value of one shape.

    :ivar shape: the shape for writing it and for reading texts.
    :ivar wire: the shape for reading requests, if a format has a special form; else texts.
    :ivar dotnet: the .NET type.
    :ivar allowed: the texts that it accepts, if they can be listed.
    """

    shape: shapes.Shape
    wire: shapes.Shape = shapes.Text()
    allowed: Iterable[str] = ()
    dotnet: str

    def __init__(self, description: str = "", **kwargs: Any) -> None:
        super().__init__(description=description, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise unbindable(value, self.allowed)
        try:
            return scalars.reader(self.shape)(str(value))
        except ValueError:
            raise unbindable(value, self.allowed) from None


class Unsigned(Scalar):
    """A whole number of `bits` bits that is not negative."""

    zero = 0

    def __init__(self, description: str = "", *, bits: int = 32, **kwargs: Any) -> None:
        super().__init__(description, **kwargs)
        self.shape = shapes.Integer(bits, signed=False)
        self.dotnet = "Byte" if bits == 8 else f"UInt{bits}"


class Single(Scalar):
    """A binary floating-point number of 32 bits."""

    shape = shapes.Number(32)
    zero = 0.0
    dotnet = "Single"


class Double(Scalar):
    """A binary floating-point number of 64 bits."""

    shape = shapes.Number()
    zero = 0.0
    dotnet = "Double"


class Decimal(Scalar):
    """A decimal number with its scale."""

    shape = shapes.Decimal()
    zero = decimal.Decimal()
    dotnet = "Decimal"


class DateTime(Scalar):
    """A point in time: a ``datetime``."""

    shape = shapes.Instant()
    zero = datetime.datetime(1, 1, 1)
    dotnet = "DateTime"


class DateTimeOffset(Scalar):
    """A point in time with its offset from UTC: a ``datetime`` with a time zone. A text without an offset is in UTC."""

    shape = shapes.OffsetInstant()
    wire = shapes.Text("DateTimeOffset")
    zero = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
    dotnet = "DateTimeOffset"


class Date(Scalar):
    """A day of the calendar: a ``date``."""

    shape = shapes.Day()
    zero = datetime.date(1, 1, 1)
    dotnet = "DateOnly"


class Time(Scalar):
    """A time of day: a ``time``."""

    shape = shapes.TimeOfDay()
    zero = datetime.time()
    dotnet = "TimeOnly"


class TimeSpan(Scalar):
    """A length of time: a ``timedelta``."""

    shape = shapes.Duration()
    zero = datetime.timedelta()
    dotnet = "TimeSpan"


class Guid(Scalar):
    """A UUID."""

    shape = shapes.Guid()
    zero = uuid.UUID(int=0)
    dotnet = "Guid"


class Binary(Scalar):
    """Bytes, in Base64."""

    shape = shapes.Binary()
    dotnet = "Byte[]"


class Stream(Binary):
    """Bytes that are a stream in .NET, and written as `Binary` in documents."""

    dotnet = "Stream"


class Char(Scalar):
    """One character: a text of length 1. XML has its number, as .NET writes it."""

    blank_is_null: ClassVar[bool] = False

    shape = shapes.Character()
    wire = shapes.Text("char")
    zero = "\0"
    dotnet = "Char"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return None if value == "" else super()._deserialize(value, attr, data, **kwargs)


class _SpelledText(Scalar):
    """A value that is a text in documents and has another type in .NET."""

    blank_is_null: ClassVar[bool] = False

    shape = shapes.Text()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool):
            return "true" if value else "false"
        return super()._deserialize(value, attr, data, **kwargs)


class Uri(_SpelledText):
    """An address, as a text."""

    shape = shapes.Text("anyURI")
    dotnet = "Uri"


class Type(_SpelledText):
    """The name of a .NET type, as a text."""

    dotnet = "Type"


class Struct(_SpelledText):
    """A value of a .NET struct that documents have as a text (``Point`` as ``1,2``).

    :param name: the struct's name, for people; generated types use texts instead.
    """

    dotnet = "String"

    def __init__(self, name: str, description: str = "", **kwargs: Any) -> None:
        super().__init__(description, **kwargs)
        self.struct = name


class Object(Scalar):
    """Any value: a text, a number, true or false, a list or a map of such values, or null.

    Formats without types return texts.
    """

    blank_is_null: ClassVar[bool] = False

    shape = shapes.Anything()
    wire = shapes.Anything()
    dotnet = "Object"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return value


class Flags(Scalar):
    """A sum of an enum's members, as names separated by commas or as a number. The value is an object of the enum.

    :param enum: the enum, a subclass of `DtoFlags`.
    """

    def __init__(self, enum: type[DtoFlags], description: str = "", **kwargs: Any) -> None:
        super().__init__(description, **kwargs)
        self.enum = enum
        self.zero = enum(0)
        self.dotnet = enum.__name__
        self.allowed = tuple(enum.numbers())

    @property
    def shape(self) -> shapes.Shape:  # type: ignore[override]
        """The members."""
        return make_choice(self.enum)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return self.enum(super()._deserialize(value, attr, data, **kwargs))
