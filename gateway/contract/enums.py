"""Enums of .NET, declared as enums of Python."""

from __future__ import annotations

import enum
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Self

from gateway.contract.naming import xml_namespace
from serializers import shape


class _Text(str):
    """The value of a member with a text, number or description."""

    __slots__ = ("declared",)

    declared: member


class _Number(int):
    """The value of a flag with a text, number or description."""

    declared: member


class member(enum.auto):  # noqa: N801 - used like ``auto()``
    """A member of an enum with a text, number or description: ``Closed = member("No more changes", value="closed", number=7)``.

    :param description: for metadata and generated types.
    :param value: the text in documents (.NET's ``[EnumMember(Value = …)]``); empty for the member's name.
    :param number: the member's number; None for the next one. A flag's number is a power of two, or a sum of other members.
    """

    def __init__(self, description: str = "", *, value: str = "", number: int | None = None) -> None:
        self.description = description
        self.text = value
        self.number = number
        self._assigned: Any = None
        super().__init__()

    @property
    def value(self) -> Any:
        """The value that the enum's class sets."""
        return self._assigned

    @value.setter
    def value(self, value: Any) -> None:
        # The enum's class sets the member's name, or a flag's number.
        if isinstance(value, str):
            value = _Text(self.text or value)
            value.declared = self
        elif isinstance(value, int):
            value = _Number(value if self.number is None else self.number)
            value.declared = self
        self._assigned = value


def _remove_underscore(name: str) -> str:
    """Return the .NET name of a member: its name without the trailing ``_`` of Python's keywords."""
    return name.removesuffix("_")


class _Described:
    """The description of an enum: namespace, summary, members."""

    _namespace: str

    @classmethod
    def namespace(cls) -> str:
        """Return the .NET namespace: the class's ``namespace=``, or its module's ``NAMESPACE``."""
        return cls._namespace or getattr(sys.modules[cls.__module__], "NAMESPACE", "")

    @classmethod
    def summary(cls) -> str:
        """Return the first paragraph of the class's docstring on one line."""
        text = cls.__dict__.get("__doc__") or ""
        # Before Python 3.12 enums without a docstring had one.
        return "" if text == "An enumeration." else " ".join(text.strip().split("\n\n")[0].split())

    @classmethod
    def _read_declarations(cls) -> Mapping[str, member]:
        """Return the declarations of members, by .NET name."""
        members: Mapping[str, Any] = cls.__members__  # type: ignore[attr-defined]
        declarations = {
            _remove_underscore(name): getattr(enum_member, "declared", None) for name, enum_member in members.items()
        }
        return {name: declaration for name, declaration in declarations.items() if declaration is not None}

    @classmethod
    def descriptions(cls) -> Mapping[str, str]:
        """Return the descriptions of members that have one, by .NET name."""
        return {
            name: declaration.description
            for name, declaration in cls._read_declarations().items()
            if declaration.description
        }


class DtoEnum(_Described, enum.StrEnum):
    """The base class of .NET enums. Values are ``auto()``; numbers count from 0, or a subclass overrides `numbers`.

    ``class Level(DtoEnum, as_numbers=True)`` writes the members' numbers into documents, as .NET's ``[EnumAsInt]``.
    ``class Level(DtoEnum, namespace="Acme")`` sets another .NET namespace than that of its module.
    """

    @staticmethod
    def _generate_next_value_(name: str, _start: int, _count: int, _last_values: list[Any]) -> str:
        return _remove_underscore(name)

    def __new__(cls, value: str) -> Self:
        """Return a member. Raises TypeError for a number: only `member` takes numbers."""
        if not isinstance(value, str):
            raise TypeError(f"{cls.__name__}: {value!r} is not a text; write member(number={value!r}) for a number")
        instance = str.__new__(cls, value)
        instance._value_ = str(value)
        return instance

    def __init__(self, value: str) -> None:
        self.declared: member | None = getattr(value, "declared", None)  # type: ignore[misc]

    def __init_subclass__(cls, *, as_numbers: bool = False, namespace: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._as_numbers = as_numbers
        cls._namespace = namespace

    @classmethod
    def numbers(cls) -> Mapping[str, int]:
        """Return numbers by .NET name, in declaration order."""
        numbers: dict[str, int] = {}
        following = 0
        for name, enum_member in cls.__members__.items():
            declared = enum_member.declared
            following = following if declared is None or declared.number is None else declared.number
            numbers[_remove_underscore(name)] = following
            following += 1
        return numbers

    @classmethod
    def wires(cls) -> Mapping[str, str]:
        """Return the texts in documents of members whose text is not their name, by .NET name."""
        texts = {_remove_underscore(name): str(enum_member.value) for name, enum_member in cls.__members__.items()}
        return {name: text for name, text in texts.items() if text != name}

    @classmethod
    def as_numbers(cls) -> bool:
        """Return whether documents have the members' numbers."""
        return cls._as_numbers

    _as_numbers: bool


class DtoFlags(_Described, enum.IntFlag):
    """The base class of .NET enums whose members combine (``[Flags]``): ``Read = 1``, ``Write = 2``, ``All = Read | Write``.

    ``namespace=`` is that of `DtoEnum`.
    """

    def __init_subclass__(cls, *, namespace: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._namespace = namespace

    def __init__(self, value: int) -> None:
        self.declared: member | None = getattr(value, "declared", None)

    @classmethod
    def numbers(cls) -> Mapping[str, int]:
        """Return numbers by .NET name, in declaration order."""
        return {_remove_underscore(name): int(flag) for name, flag in cls.__members__.items()}


@cache
def make_choice(enum: type[DtoEnum | DtoFlags]) -> shape.Choice:
    """Return the shape of an enum, for the serializers."""
    namespace = xml_namespace(enum.namespace())
    if issubclass(enum, DtoFlags):
        return shape.Choice(enum.numbers(), flags=True, name=enum.__name__, namespace=namespace)
    return shape.Choice(
        enum.numbers(), name=enum.__name__, namespace=namespace, texts=enum.wires(), numbered=enum.as_numbers()
    )
