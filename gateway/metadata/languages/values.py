"""Valid values of options. Values become source code, so everything but names, numbers and URLs is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from gateway.metadata.languages.options import split_entries, split_names

#: The maximum length of a value, in characters.
LONGEST = 4000
_LARGEST_VERSION = (1 << 31) - 1
#: A name in an import; such names are ASCII.
NAME = r"[A-Za-z_][A-Za-z0-9_]*"

_TAG = r"[\w .-]+"
_TYPES = re.compile(rf"\{{{_TAG}(?:,{_TAG})*\}}|(?:\*\.)?\w+(?:`\d+)?|\w+(?:`\d+)?\.\*|\w+(?:\.\w+)*/\*")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&,;=%+-]+")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for an option's values.

    :ivar words: the rule for people, after "must be".
    :ivar accepts: returns whether a value that is not empty is valid.
    """

    words: str
    accepts: Callable[[str], bool]


FLAG = Rule("True or False", lambda value: value.lower() in ("true", "false"))
VERSION = Rule(
    f"a whole number from 0 to {_LARGEST_VERSION}",
    lambda value: re.fullmatch(r"[0-9]{1,10}", value) is not None and int(value) <= _LARGEST_VERSION,
)
ADDRESS = Rule("an absolute address without quotes, brackets and blanks", lambda value: bool(_ADDRESS.fullmatch(value)))
TYPES = Rule(
    "names of types separated by commas: Name, Name.*, *.Name, Namespace/* or {tag,tag}",
    lambda value: _match_each(split_entries(value), _TYPES),
)

#: The rules of options that mean the same in every language.
COMMON = {
    "AddImplicitVersion": VERSION,
    "AddDefaultXmlNamespace": ADDRESS,
    "IncludeTypes": TYPES,
    "ExcludeTypes": TYPES,
    "TreatTypesAsStrings": Rule(
        "names of types separated by commas", lambda value: _match_each(split_names(value), re.compile(r"\w+(?:\[\])?"))
    ),
}


def allow_name(reserved: Collection[str]) -> Rule:
    """Return a rule for one name that is not a word of the language."""
    return Rule("one name, not a word of the language", lambda value: is_name(value, reserved))


def allow_dotted(reserved: Collection[str], *, folded: bool = False) -> Rule:
    """Return a rule for dotted names without words of the language; `folded` if its words match in any letter case."""
    return Rule(
        "names separated by dots, none of them a word of the language",
        lambda value: _is_dotted(value, reserved, folded=folded),
    )


def allow_dotted_list(reserved: Collection[str], *, wildcard: bool = False, folded: bool = False) -> Rule:
    """Return a rule for dotted names separated by commas; with a `wildcard` each may end in ``.*``."""

    def accepts(value: str) -> bool:
        dotted_names = [text.removesuffix(".*") if wildcard else text for text in split_names(value)]
        return bool(dotted_names) and all(
            _is_dotted(dotted_name, reserved, folded=folded) for dotted_name in dotted_names
        )

    ending = ", each with or without .* at its end" if wildcard else ""
    return Rule(f"dotted names separated by commas{ending}", accepts)


def allow_list(words: str, pattern: str) -> Rule:
    """Return a rule for items separated by commas that a pattern matches completely."""
    return Rule(words, lambda value: _match_each(split_names(value), re.compile(pattern)))


def is_name(text: str, reserved: Collection[str]) -> bool:
    """Return whether the text is an identifier and not a reserved word."""
    return text.isidentifier() and text not in reserved


def _is_dotted(text: str, reserved: Collection[str], *, folded: bool) -> bool:
    plain = text.lower() if folded else text
    return all(is_name(part, reserved) for part in plain.split("."))


def _match_each(items: Collection[str], pattern: re.Pattern[str]) -> bool:
    return bool(items) and all(pattern.fullmatch(item) for item in items)
