"""The fields of a DTO: marshmallow's, made to read what ServiceStack clients send.

JSV, XML, CSV, queries and forms have texts only, so every field reads its value from a text, and from JSON's values too. Blanks around a
typed value are ignored; a text keeps its blanks. An absent member is null, and so is a blank text for a field that is not a text. A value
that does not bind is a `Failure` with ServiceStack's code SerializationException. Rules check bound values, null included.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import marshmallow
from marshmallow import fields as base

from gateway.contract.dto_field import AnyField, ApiMember, Attribute, DataMember, DtoField, unbindable
from gateway.contract.enums import DtoEnum, DtoFlags, member
from gateway.contract.rules import Length, Rule
from gateway.contract.scalars import (
    Binary,
    Char,
    Date,
    DateTime,
    DateTimeOffset,
    Decimal,
    Double,
    Flags,
    Guid,
    Object,
    Single,
    Stream,
    Struct,
    Time,
    TimeSpan,
    Type,
    Unsigned,
    Uri,
)
from gateway.errors import CatalogError

if TYPE_CHECKING:
    from gateway.contract.dto import Dto

__all__ = [
    "AnyField",
    "ApiMember",
    "Array",
    "Attribute",
    "Binary",
    "Boolean",
    "Char",
    "DataMember",
    "Date",
    "DateTime",
    "DateTimeOffset",
    "Decimal",
    "Double",
    "DtoEnum",
    "DtoField",
    "DtoFlags",
    "Enum",
    "Flags",
    "Guid",
    "Integer",
    "List",
    "Map",
    "Nested",
    "Object",
    "Pair",
    "Single",
    "Stream",
    "String",
    "Struct",
    "Time",
    "TimeSpan",
    "Type",
    "Unsigned",
    "Uri",
    "member",
    "unbindable",
]

_DIGITS = re.compile(r"-?[0-9]{1,20}")
BOOLEANS = {"true": True, "1": True, "on": True, "false": False, "0": False}

EnumType = TypeVar("EnumType", bound=DtoEnum)


class String(DtoField, base.String):
    """A text of at most `length` characters; numbers and booleans become their text.

    :ivar example: a text that the rules accept; needed if they refuse plain text.
    """

    blank_is_null = False

    def __init__(
        self,
        description: str = "",
        *,
        length: int | None = None,
        rules: Iterable[Rule] = (),
        example: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(description=description, rules=[*_limit_length(length), *rules], **kwargs)
        self.length = length
        self.example = example

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        raise unbindable(value)


def _limit_length(maximum: int | None) -> list[Rule]:
    return [] if maximum is None else [Length(0, maximum)]


class Boolean(DtoField, base.Boolean):
    """True or false: ``true``, ``1``, ``on``, ``false``, ``0`` in any letter case."""

    zero = False

    def __init__(self, description: str = "", **kwargs: Any) -> None:
        super().__init__(description=description, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if isinstance(value, bool):
            return value
        boolean = BOOLEANS.get(str(value).strip().lower())
        if boolean is None:
            raise unbindable(value)
        return boolean


class Integer(DtoField, base.Integer):
    """A whole number that fits `bits` bits."""

    zero = 0

    def __init__(self, description: str = "", *, bits: int = 32, **kwargs: Any) -> None:
        super().__init__(description=description, **kwargs)
        self.bits = bits

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        digits = str(value).strip()
        if isinstance(value, bool) or not _DIGITS.fullmatch(digits):
            raise unbindable(value)
        number = int(digits)
        if not -(1 << (self.bits - 1)) <= number < 1 << (self.bits - 1):
            raise unbindable(value)
        return number


class Enum(DtoField, base.Enum[EnumType]):
    """A member of an enum, by its name or its text in any letter case, or by its number."""

    def __init__(self, enum: type[EnumType], description: str = "", **kwargs: Any) -> None:
        super().__init__(enum, description=description, **kwargs)

    @cached_property
    def zero(self) -> EnumType | None:
        """The member with the number 0."""
        return self._spellings.get("0")

    @cached_property
    def _spellings(self) -> Mapping[str, EnumType]:
        numbers = self.enum.numbers()
        members = dict(zip(numbers, self.enum.__members__.values(), strict=True))
        spellings = {str(number): members[name] for name, number in reversed(list(numbers.items()))}
        spellings |= {str(enum_member.value).lower(): enum_member for enum_member in members.values()}
        return spellings | {name.lower(): enum_member for name, enum_member in members.items()}

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> EnumType:
        enum_member = None if isinstance(value, bool) else self._spellings.get(str(value).strip().lower())
        if enum_member is None:
            raise unbindable(value, [str(choice.value) for choice in self.enum])
        return enum_member


class List(DtoField, base.List[Any]):
    """A list of one kind of item."""

    def __init__(self, item: base.Field[Any], description: str = "", **kwargs: Any) -> None:
        super().__init__(item, description=description, **kwargs)

    @property
    def item(self) -> base.Field[Any]:
        """The field of an item, bound to the schema."""
        return self.inner

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise unbindable(value)
        return super()._deserialize(value, attr, data, **kwargs)


class Array(List):
    """A list, which is an array ``T[]`` in .NET."""


class Map(DtoField, base.Dict):
    """A map of texts to texts, or of the given key and value fields."""

    def __init__(
        self,
        description: str = "",
        *,
        keys: base.Field[Any] | None = None,
        values: base.Field[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(keys=keys or String(), values=values or String(), description=description, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise unbindable(value)
        return cast("dict[Any, Any]", super()._deserialize(value, attr, data, **kwargs))  # type: ignore[no-untyped-call]


class Nested(DtoField, base.Nested):
    """Another DTO, or the same one.

    :param dto: the class, its name in the module of the declaration, or a function that returns the class: the last two name classes
        that are declared later.
    """

    def __init__(self, dto: Any, description: str = "", **kwargs: Any) -> None:
        super().__init__(dto, description=description, **kwargs)

    @cached_property
    def dto(self) -> type[Dto]:
        """The class."""
        reference = self.nested
        if isinstance(reference, str):
            return self._find_class(reference)
        target = reference if isinstance(reference, type) or not callable(reference) else reference()
        return cast("type[Dto]", target if isinstance(target, type) else type(target))

    def _find_class(self, name: str) -> type[Dto]:
        for base_class in type(self.root).__mro__:
            candidate = getattr(sys.modules.get(base_class.__module__), name, None)
            if isinstance(candidate, type) and issubclass(candidate, marshmallow.Schema):
                return cast("type[Dto]", candidate)
        raise CatalogError(f"{type(self.root).__module__} refers to a DTO {name}, which does not exist there")

    @property
    def schema(self) -> marshmallow.Schema:
        """The schema of the class, shared by all of its users."""
        return self.dto.schema()

    def _deserialize(self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise unbindable(value)
        return self.dto.instance(super()._deserialize(value, attr, data, **kwargs))


class Pair(Nested):
    """.NET's ``KeyValuePair``: a record of a ``key`` and a ``value``.

    :param key: the type of the key, as `gateway.contract.generics.close` takes types: a field, a DTO, an enum or one of Python's types.
    :param value: the type of the value.
    """

    def __init__(self, key: Any, value: Any, description: str = "", **kwargs: Any) -> None:
        super().__init__(lambda: self._pair(key, value), description, **kwargs)

    @staticmethod
    def _pair(key: Any, value: Any) -> type[Dto]:
        from gateway.contract.generics import KeyValuePair, close

        return close(KeyValuePair, key, value)
