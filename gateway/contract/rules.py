"""Validation rules by ServiceStack's names, as marshmallow validators.

A rule is a frozen dataclass. A call checks a value; OpenAPI and the pages read the attributes. A broken rule raises marshmallow's
ValidationError with a `Failure`: a message with the rule's name and the meta values that ServiceStack clients show.
``{name}`` in a message becomes the field's name as words when the failures are collected.

A rule accepts values of types that it does not check: a rule for numbers accepts texts. Contracts of other hosts have such rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar

from marshmallow import ValidationError

from gateway.contract import dates

Rule = Callable[[Any], None]

_NUMBERS = (int, float, Decimal)

# A local part, one @ and a domain of at least one label, as mail servers accept in practice, without RFC 5321's quoted forms.
_EMAIL = re.compile(
    r"[^\s@\"<>(),:;\\\[\]\x00-\x1f\x7f]{1,64}@[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)*"
)
# RFC 5321, 4.5.3.1.
_LONGEST_EMAIL = 254


class Failure(str):
    """A failed rule: the message, with the error code and the meta of ServiceStack's ResponseError."""

    __slots__ = ("code", "meta")

    code: str
    meta: Mapping[str, str]

    def __new__(cls, message: str, code: str, meta: Mapping[str, str] | None = None) -> Failure:
        failure = super().__new__(cls, message)
        failure.code = code
        failure.meta = meta or {}
        return failure


def refuse(message: str, code: str, value: Any, **meta: Any) -> ValidationError:
    """Return the error of a broken rule. Its meta has the refused value, cut at 200 characters."""
    details = {name: str(detail) for name, detail in meta.items()}
    if value is not None:
        details["PropertyValue"] = str(value)[:200]
    return ValidationError([Failure(message, code, details)])


def is_email(text: str) -> bool:
    """Return whether a text is one e-mail address of at most 254 characters."""
    return len(text) <= _LONGEST_EMAIL and matches_email(text)


@lru_cache(maxsize=4096)
def matches_email(text: str) -> bool:
    """Return whether a text, which may be too long, has the form of an e-mail address."""
    # PERF: the same addresses recur, so results are cached. Long texts must not be: check the length first.
    return _EMAIL.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class NotNull:
    """Refuses null and absent members. For fields with ``required=True``; checked before all other rules."""

    def __call__(self, value: Any) -> None:
        if value is None:
            raise refuse("'{name}' must not be empty.", "NotNull", None)


@dataclass(frozen=True, slots=True)
class NotEmpty:
    """Refuses null, blank texts, and empty lists and maps."""

    message: str = "'{name}' must not be empty."
    code: str = "NotEmpty"

    def __call__(self, value: Any) -> None:
        empty = not value.strip() if isinstance(value, str) else value is None or value in ([], {})
        if empty:
            raise refuse(self.message, self.code, value)


@dataclass(frozen=True, slots=True)
class Email:
    """Refuses a text that is not an e-mail address; accepts null."""

    message: str = "'{name}' is not a valid email address."
    longest: int = _LONGEST_EMAIL
    example: ClassVar[str] = "ann@example.org"

    def __call__(self, value: Any) -> None:
        # PERF: is_email, without another call for each address of a list.
        if isinstance(value, str) and not (len(value) <= self.longest and matches_email(value)):
            raise refuse(self.message, "Email", value)


@dataclass(frozen=True, slots=True)
class Length:
    """Refuses a text with fewer or more characters; accepts null."""

    minimum: int
    maximum: int

    def __call__(self, value: Any) -> None:
        if hasattr(value, "__len__") and not self.minimum <= len(value) <= self.maximum:
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
    """Refuses a number up to the bound; accepts null."""

    bound: float
    message: str = ""

    def __call__(self, value: Any) -> None:
        if isinstance(value, _NUMBERS) and not value > self.bound:
            text = self.message or f"'{{name}}' must be greater than '{self.bound}'."
            raise refuse(text, "GreaterThan", value, ComparisonValue=self.bound, ComparisonProperty="")


@dataclass(frozen=True, slots=True)
class GreaterThanOrEqual:
    """Refuses a number below the bound; accepts null."""

    bound: float
    message: str = ""

    def __call__(self, value: Any) -> None:
        if isinstance(value, _NUMBERS) and not value >= self.bound:
            text = self.message or f"'{{name}}' must be greater than or equal to '{self.bound}'."
            raise refuse(text, "GreaterThanOrEqual", value, ComparisonValue=self.bound, ComparisonProperty="")


@dataclass(frozen=True, slots=True)
class InclusiveBetween:
    """Refuses a number outside the bounds; accepts null."""

    low: float
    high: float

    def __call__(self, value: Any) -> None:
        if isinstance(value, _NUMBERS) and not self.low <= value <= self.high:
            text = f"'{{name}}' must be between {self.low} and {self.high}. You entered {value}."
            raise refuse(text, "InclusiveBetween", value, From=self.low, To=self.high)


@dataclass(frozen=True, slots=True)
class Matches:
    """Refuses a text that the pattern does not match completely; accepts null."""

    pattern: str
    message: str = "'{name}' is not in the correct format."

    def __call__(self, value: Any) -> None:
        if isinstance(value, str) and not re.fullmatch(self.pattern, value):
            raise refuse(self.message, "RegularExpression", value, RegularExpression=self.pattern)


@dataclass(frozen=True, slots=True)
class AtMost:
    """Refuses a list or map with more items; accepts null."""

    maximum: int

    def __call__(self, value: Any) -> None:
        if hasattr(value, "__len__") and len(value) > self.maximum:
            text = f"'{{name}}' must not have more than {self.maximum} items. It has {len(value)}."
            raise refuse(text, "Length", None, MinLength=0, MaxLength=self.maximum, TotalLength=len(value))


@dataclass(frozen=True, slots=True)
class Date:
    """Refuses a text that is not a calendar day as ``YYYY-MM-DD``; accepts null and blanks."""

    message: str = "'{name}' must be a date as YYYY-MM-DD."
    example: ClassVar[str] = "2026-01-31"

    def __call__(self, value: Any) -> None:
        _read(dates.parse_day, value, self.message)


@dataclass(frozen=True, slots=True)
class Instant:
    """Refuses a text that `dates.parse_moment` does not read; accepts null and blanks."""

    message: str = "'{name}' must be a date as YYYY-MM-DD, or a time as YYYY-MM-DDThh:mm:ssZ."
    example: ClassVar[str] = "2026-01-31T12:00:00Z"

    def __call__(self, value: Any) -> None:
        _read(dates.parse_moment, value, self.message)


def _read(read: Callable[[str], object], value: Any, message: str) -> None:
    if isinstance(value, str) and value and not value.isspace():
        try:
            read(value)
        except ValueError:
            raise refuse(message, "RegularExpression", value) from None


# Names for declarations.
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
