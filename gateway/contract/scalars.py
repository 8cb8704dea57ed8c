"""Fields of scalar types beyond texts, booleans and 32 bits, each with the shape that the serializers read and write it by.

Their values are plain Python (`serializers.shape` lists it). Like all fields they are bound from texts, which stand in every format; what
a format spells in a way of its own, as JSON does dates of old clients, is among the texts that `serializers.scalars` reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields as base

from gateway.contract.fields import DtoField, unbindable
from serializers import scalars, shape


class Scalar(DtoField, base.Field[Any]):
    """A value of one shape.

    :ivar shape: what the serializers write it by, and what texts are read by.
    :ivar dotnet: the .NET type.
    """

    shape: shape.Shape
    dotnet: str

    def __init__(self, description: str = "", **kwargs: Any) -> None:
        super().__init__(description=description, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise unbindable(value)
        try:
            return scalars.reader(self.shape)(str(value))
        except ValueError:
            raise unbindable(value) from None


class Unsigned(Scalar):
    """A whole number of `bits` bits that is not negative."""

    def __init__(self, description: str = "", *, bits: int = 32, **kwargs: Any) -> None:
        super().__init__(description, **kwargs)
        self.shape = shape.Integer(bits, signed=False)
        self.dotnet = "Byte" if bits == 8 else f"UInt{bits}"


class Single(Scalar):
    """A binary floating-point number of 32 bits."""

    shape = shape.Number(32)
    dotnet = "Single"


class Double(Scalar):
    """A binary floating-point number of 64 bits."""

    shape = shape.Number()
    dotnet = "Double"


class Decimal(Scalar):
    """A decimal number that keeps its scale."""

    shape = shape.Decimal()
    dotnet = "Decimal"


class Instant(Scalar):
    """A point in time."""

    shape = shape.Instant()
    dotnet = "DateTime"


class Duration(Scalar):
    """A length of time."""

    shape = shape.Duration()
    dotnet = "TimeSpan"


class Guid(Scalar):
    """A UUID."""

    shape = shape.Guid()
    dotnet = "Guid"


class Binary(Scalar):
    """Bytes, in Base64."""

    shape = shape.Binary()
    dotnet = "Byte[]"


class Flags(Scalar):
    """A sum of an enum's members, given by their names parted by commas or as a number.

    :param members: name to number.
    """

    def __init__(
        self, name: str, members: Mapping[str, int], namespace: str = "", description: str = "", **kwargs: Any
    ) -> None:
        super().__init__(description, **kwargs)
        self.shape = shape.Choice(members, flags=True, name=name, namespace=namespace)
        self.dotnet = name
