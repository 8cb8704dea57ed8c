"""Validation rules by ServiceStack's names, as marshmallow validators.

A rule raises marshmallow's ValidationError with a `Failure`: a message that also knows its rule's name and the meta values that
ServiceStack clients show. ``{name}`` in a message becomes the field's name as words when the failures are collected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from functools import lru_cache
from typing import Any

from marshmallow import ValidationError

from gateway.contract import dates

Rule = Callable[[Any], None]

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


def not_null() -> Rule:
    """Absent and null are refused. For fields declared ``required=True``, which are checked before any other rule."""

    def check(value: Any) -> None:
        if value is None:
            raise refuse("'{name}' must not be empty.", "NotNull", None)

    return check


def not_empty(message: str = "'{name}' must not be empty.", code: str = "NotEmpty") -> Rule:
    """Absent, null, blank text and empty lists and maps are refused."""

    def check(value: Any) -> None:
        empty = not value.strip() if isinstance(value, str) else value is None or value in ([], {})
        if empty:
            raise refuse(message, code, value)

    return check


def email(message: str = "'{name}' is not a valid email address.") -> Rule:
    """A text that is no e-mail address is refused; null passes."""

    def check(value: str | None) -> None:
        # PERF: is_email, without another call for each address of a list.
        if value is not None and not (len(value) <= _LONGEST_EMAIL and _is_email(value)):
            raise refuse(message, "Email", value)

    return check


def length(minimum: int, maximum: int) -> Rule:
    """A text of fewer or more characters is refused; null passes."""

    def check(value: str | None) -> None:
        if value is not None and not minimum <= len(value) <= maximum:
            raise refuse(
                f"'{{name}}' must be between {minimum} and {maximum} characters. You entered {len(value)} characters.",
                "Length",
                value,
                MinLength=minimum,
                MaxLength=maximum,
                TotalLength=len(value),
            )

    return check


def greater_than(bound: float, message: str = "") -> Rule:
    """A number up to the bound is refused; null passes."""

    def check(value: float | None) -> None:
        if value is not None and not value > bound:
            text = message or f"'{{name}}' must be greater than '{bound}'."
            raise refuse(text, "GreaterThan", value, ComparisonValue=bound, ComparisonProperty="")

    return check


def greater_than_or_equal(bound: float, message: str = "") -> Rule:
    """A number below the bound is refused; null passes."""

    def check(value: float | None) -> None:
        if value is not None and not value >= bound:
            text = message or f"'{{name}}' must be greater than or equal to '{bound}'."
            raise refuse(text, "GreaterThanOrEqual", value, ComparisonValue=bound, ComparisonProperty="")

    return check


def inclusive_between(low: float, high: float) -> Rule:
    """A number outside the bounds is refused; null passes."""

    def check(value: float | None) -> None:
        if value is not None and not low <= value <= high:
            text = f"'{{name}}' must be between {low} and {high}. You entered {value}."
            raise refuse(text, "InclusiveBetween", value, From=low, To=high)

    return check


def matches(pattern: str, message: str = "'{name}' is not in the correct format.") -> Rule:
    """A text that the whole pattern does not match is refused; null passes."""
    compiled = re.compile(pattern)

    def check(value: str | None) -> None:
        if value is not None and not compiled.fullmatch(value):
            raise refuse(message, "RegularExpression", value, RegularExpression=pattern)

    return check


def at_most(maximum: int) -> Rule:
    """A list or map of more items is refused; null passes."""

    def check(value: Sized | None) -> None:
        if value is not None and len(value) > maximum:
            text = f"'{{name}}' must not have more than {maximum} items. It has {len(value)}."
            raise refuse(text, "Length", None, MinLength=0, MaxLength=maximum, TotalLength=len(value))

    return check


def date(message: str = "'{name}' must be a date as YYYY-MM-DD.") -> Rule:
    """A text that is no day of the calendar as ``YYYY-MM-DD`` is refused; null and blank pass."""
    return _readable(dates.day, message)


def instant(message: str = "'{name}' must be a date as YYYY-MM-DD, or a time as YYYY-MM-DDThh:mm:ssZ.") -> Rule:
    """A text that `dates.moment` does not read is refused; null and blank pass."""
    return _readable(dates.moment, message)


def _readable(read: Callable[[str], Any], message: str) -> Rule:
    def check(value: str | None) -> None:
        if value and not value.isspace():
            try:
                read(value)
            except ValueError:
                raise refuse(message, "RegularExpression", value) from None

    return check
