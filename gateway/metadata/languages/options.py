"""What a client may ask of its generated types: the options of ServiceStack's tools, from a query string or a command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# APPSEC: values come back in the document's head, so nothing that could end its comment gets there.
_NO_OPTION = re.compile(r"[^\w.,:;*{}`/@<> -]")
_COMMENT_MARK = re.compile(r"/(?=\*)|\*(?=/)")
_NO_ADDRESS = re.compile(r"[^\w.:/\[\]%~-]")
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Options:
    """Options by lower-case name, as they were given.

    :ivar base_url: the service's address, for which the types are.
    :ivar date: when, for the document's head.
    :ivar bare: types without routes and return markers, as pages show them.
    """

    base_url: str = "http://localhost"
    given: Mapping[str, str] = field(default_factory=dict)
    date: str = ""
    bare: bool = False

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str | None]], base_url: str, date: str) -> Options:
        """Options from names and values; of a repeated name the last value counts."""
        given = {name.lower(): clean(value or "") for name, value in pairs}
        return cls(_NO_ADDRESS.sub("", base_url), given, date)


def clean(value: str) -> str:
    """An option's value without what has no place in any option."""
    return _COMMENT_MARK.sub("", _NO_OPTION.sub("", value[:_LONGEST])).strip()


def names(text: str) -> tuple[str, ...]:
    """The names of a list parted by commas."""
    return tuple(each.strip() for each in text.split(",") if each.strip())
