"""Validation rules by ServiceStack's names, as marshmallow validators.

A rule is a frozen dataclass: its attributes are what OpenAPI and the pages read, and calling it checks a value. A broken rule raises
marshmallow's ValidationError with a `Failure`: a message that also knows its rule's name and the meta values that ServiceStack clients
show. ``{name}`` in a message becomes the field's name as words when the failures are collected.

A rule lets values pass that it says nothing of: one about numbers lets texts pass. Contracts of other hosts have such rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar

from marshmallow import ValidationError

from gateway.contract import dates

Rule = Callable[[Any], None]

_NUMBERS = (int, float, Decimal)

# A local part, one @ and a domain of at least one label: what mail servers accept in practice, without RFC 5321's quoted forms.
_EMAIL = re.compile(
    r"[^\s@\"<>(),:;\\\[\]\x00-\x1f\x7f]{1,64}@[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)*"
)
# RFC 5321, 4.5.3.1.
_LONGEST_EMAIL = 254


class Failure(str):
    """One failed rule: the message, with the error code and the meta of ServiceStack's ResponseError."""

    __slots__ = ("code", "meta")

    code: str
    meta: Mapping[str, str]

    def __new__(cls, message: str, code: str, meta: Mapping[str, str] | None = None) -> Failure:
        failure = super().__new__(cls, message)
        failure.code = code
        failure.meta = meta or {}
        return failure


def refuse(message: str, code: str, value: Any, **meta: Any) -> ValidationError:
    """The error of a broken rule, the refused value in its meta (cut at 200 characters)."""
    found = {name: str(each) for name, each in meta.items()}
    if value is not None:
        found["PropertyValue"] = str(value)[:200]
    return ValidationError([Failure(message, code, found)])


def is_email(text: str) -> bool:
    """Whether the text is one e-mail address of at most 254 characters."""
    return len(text) <= _LONGEST_EMAIL and _is_email(text)


@lru_cache(maxsize=4096)
def _is_email(text: str) -> bool:
    # PERF: the same users are named again and again; long texts never get into the cache.
    return _EMAIL.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class NotNull:
    """Absent and null are refused. For fields declared ``required=True``, which are checked before any other rule."""

    def __call__(self, value: Any) -> None:
        if value is None:
            raise refuse("'{name}' must not be empty.", "NotNull", None)


@dataclass(frozen=True, slots=True)
class NotEmpty:
    """Absent, null, blank text and empty lists and maps are refused."""

    message: str = "'{name}' must not be empty."
    code: str = "NotEmpty"

    def __call__(self, value: Any) -> None:
        empty = not value.strip() if isinstance(value, str) else value is None or value in ([], {})
        if empty:
            raise refuse(self.message, self.code, value)


@dataclass(frozen=True, slots=True)
class Email:
    """A text that is no e-mail address is refused; null passes."""

    message: str = "'{name}' is not a valid email address."
    longest: int = _LONGEST_EMAIL
    example: ClassVar[str] = "ann@example.org"

    def __call__(self, value: Any) -> None:
        # PERF: is_email, without another call for each address of a list.
        if isinstance(value, str) and not (len(value) <= self.longest and _is_email(value)):
            raise refuse(self.message, "Email", value)


@dataclass(frozen=True, slots=True)
class Length:
    """A text of fewer or more characters is refused; null passes."""

    minimum: int
    maximum: int

    def __call__(self, value: Any) -> None:
        if isinstance(value, Sized) and not self.minimum <= len(value) <= self.maximum:
            raise refuse(
                f"'{{name}}' must be between {self.minimum} and {self.maximum} characters. You entered {len(value)} characters.",
                "Length",
                value,
                MinLength=self.minimum,
                MaxLength=self.maximum,
                TotalLength=len(value),
            )


@dataclass(frozen=True, slots=True)
class GreaterThan:
    """A number up to the bound is refused; null passes."""

    bound: float
    message: str = ""

    def __call__(self, value: Any) -> None:
        if isinstance(value, _NUMBERS) and not value > self.bound:
            text = self.message or f"'{{name}}' must be greater than '{self.bound}'."
            raise refuse(text, "GreaterThan", value, ComparisonValue=self.bound, ComparisonProperty="")


@dataclass(frozen=True, slots=True)
class GreaterThanOrEqual:
    """A number below the bound is refused; null passes."""

    bound: float
    message: str = ""

    def __call__(self, value: Any) -> None:
        if isinstance(value, _NUMBERS) and not value >= self.bound:
            text = self.message or f"'{{name}}' must be greater than or equal to '{self.bound}'."
            raise refuse(text, "GreaterThanOrEqual", value, ComparisonValue=self.bound, ComparisonProperty="")


@dataclass(frozen=True, slots=True)
class InclusiveBetween:
    """A number outside the bounds is refused; null passes."""

    low: float
    high: float

    def __call__(self, value: Any) -> None:
        if isinstance(value, _NUMBERS) and not self.low <= value <= self.high:
            text = f"'{{name}}' must be between {self.low} and {self.high}. You entered {value}."
            raise refuse(text, "InclusiveBetween", value, From=self.low, To=self.high)


@dataclass(frozen=True, slots=True)
class Matches:
    """A text that the pattern does not match from end to end is refused; null passes."""

    pattern: str
    message: str = "'{name}' is not in the correct format."

    def __call__(self, value: Any) -> None:
        if isinstance(value, str) and not re.fullmatch(self.pattern, value):
            raise refuse(self.message, "RegularExpression", value, RegularExpression=self.pattern)


@dataclass(frozen=True, slots=True)
class AtMost:
    """A list or map of more items is refused; null passes."""

    maximum: int

    def __call__(self, value: Any) -> None:
        if isinstance(value, Sized) and len(value) > self.maximum:
            text = f"'{{name}}' must not have more than {self.maximum} items. It has {len(value)}."
            raise refuse(text, "Length", None, MinLength=0, MaxLength=self.maximum, TotalLength=len(value))


@dataclass(frozen=True, slots=True)
class Date:
    """A text that is no day of the calendar as ``YYYY-MM-DD`` is refused; null and blank pass."""

    message: str = "'{name}' must be a date as YYYY-MM-DD."
    example: ClassVar[str] = "2026-01-31"

    def __call__(self, value: Any) -> None:
        _read(dates.day, value, self.message)


@dataclass(frozen=True, slots=True)
class Instant:
    """A text that `dates.moment` does not read is refused; null and blank pass."""

    message: str = "'{name}' must be a date as YYYY-MM-DD, or a time as YYYY-MM-DDThh:mm:ssZ."
    example: ClassVar[str] = "2026-01-31T12:00:00Z"

    def __call__(self, value: Any) -> None:
        _read(dates.moment, value, self.message)


def _read(read: Callable[[str], object], value: Any, message: str) -> None:
    if isinstance(value, str) and value and not value.isspace():
        try:
            read(value)
        except ValueError:
            raise refuse(message, "RegularExpression", value) from None


# How declarations call them.
not_null = NotNull
not_empty = NotEmpty
email = Email
length = Length
greater_than = GreaterThan
greater_than_or_equal = GreaterThanOrEqual
inclusive_between = InclusiveBetween
matches = Matches
at_most = AtMost
date = Date
instant = Instant
