"""Column types that are the same on SQLite and MySQL."""

from __future__ import annotations

import json
import re
from typing import Any

import peewee

#: Characters of a short text: names, addresses.
SHORT = 255
#: Characters of a long text.
LONG = 65_535

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class IdField(peewee.CharField):
    """An id column, compared case-sensitively."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)


class LongTextField(peewee.TextField):
    """A text of up to 16 MB: MySQL's TEXT holds 64 kB, too little for 65,535 characters. On SQLite it is an ordinary text."""

    field_type = "MEDIUMTEXT"


class InstantField(peewee.CharField):
    """A point in time as text: ISO 8601 in UTC, always six digits and ``Z``. It sorts as text and is sent unchanged."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=27, **kwargs)

    def db_value(self, value: str | None) -> str | None:
        """Refuse any other form. Raises ValueError."""
        if value is not None and not _INSTANT.fullmatch(value):
            raise ValueError(f"{value!r} is no instant of the form 2026-11-23T08:15:30.123456Z")
        return value


class JsonField(LongTextField):
    """A value stored as JSON text."""

    def db_value(self, value: Any) -> str | None:
        """Return the value as JSON text."""
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def python_value(self, value: str | None) -> Any:
        """Return the value of a JSON text."""
        return None if value is None else json.loads(value)


def short_text(**kwargs: Any) -> peewee.CharField:
    """Return a column for a text of up to `SHORT` characters; it may be null by default."""
    return peewee.CharField(max_length=SHORT, **{"null": True, **kwargs})


def choice(**kwargs: Any) -> peewee.CharField:
    """Return a column for one of a few names of up to 32 characters; it may be null by default."""
    return peewee.CharField(max_length=32, **{"null": True, **kwargs})
