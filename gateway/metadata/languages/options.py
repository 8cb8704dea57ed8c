"""The options of generated types, as in ServiceStack's tools, from a query string or a command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.errors import FieldError, ValidationFailed
from gateway.metadata.languages import editions

# SECURITY: the Host header comes from the client, and the document's head contains the URL.
_NO_ADDRESS = re.compile(r"[^\w.:/\[\]%~-]")
_ENTRY = re.compile(r"(?:\{[^{}]*\}|[^,])+")


@dataclass(frozen=True, slots=True)
class Options:
    """Options by lower-case name, unchecked. `Generator` refuses values that are not valid in its language.

    :ivar base_url: the service's URL, for which the types are generated.
    :ivar date: the date in the document's head.
    :ivar bare: types without routes and return markers, as pages show them.
    :ivar edition: the version of ServiceStack's generators to imitate.
    """

    base_url: str = "http://localhost"
    given: Mapping[str, str] = field(default_factory=dict)
    date: str = ""
    bare: bool = False
    edition: editions.Edition = editions.DEFAULT

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str | None]], base_url: str, date: str, version: str = "") -> Options:
        """Return options from names and values; the last value of a repeated name counts.

        :param version: the version of ServiceStack to imitate, unless the option ``version`` sets one.
        :raises ValidationFailed: when that is not a version of ServiceStack.
        """
        values = {name.lower(): (value or "").strip() for name, value in pairs}
        requested = values.pop("version", "")
        try:
            edition = editions.find_edition(requested or version)
        except ValueError as error:
            raise ValidationFailed("types", [FieldError("Invalid", "version", f"version: {error}.")]) from None
        return cls(_NO_ADDRESS.sub("", base_url), values, date, edition=edition)


def split_names(text: str) -> tuple[str, ...]:
    """Return the names of a list separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def split_entries(text: str) -> tuple[str, ...]:
    """Return the entries of a list separated by commas; commas in braces separate tags within an entry."""
    return tuple(entry.strip() for entry in _ENTRY.findall(text) if entry.strip())
