"""Differences between the code generators of ServiceStack's versions: one table, by the first version that has each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

#: The version whose documents are generated unless another one is requested.
SERVICESTACK_VERSION = "6.10"
_NONE: Mapping[str, str] = MappingProxyType({})
_VERSION = re.compile(r"v?(\d{1,3})(?:\.(\d{1,4}))?((?:\.\d{1,4}){0,2})", re.ASCII)
_OLDEST = 4

#: Members with ``?`` in TypeScript: none, values that may be null, or everything that is not required.
Optional: TypeAlias = Literal["none", "values", "unless required"]


@dataclass(frozen=True, slots=True)
class Edition:
    """The differences between versions of the generators.

    :ivar version: the version in the document's head.
    :ivar swift: the version of Swift in the head of Swift's document.
    :ivar optional: members with ``?`` in TypeScript, and types with ``?`` in JavaScript's comments.
    :ivar one_line: TypeScript has descriptions on one line, ``/** @description … */``.
    :ivar map_form: a map in TypeScript and JavaScript.
    :ivar named_numbers: JavaScript's enums of numbers also map a number to its name.
    :ivar spaced: C# has blank lines at the beginning of a namespace and before a described member. Otherwise it has them after a member
        with attributes, whose validators are arguments without a name.
    :ivar initializers: collections are initialized at the member, not in a constructor, and required ones always are.
    :ivar zeros: Python has 0 and False for values that must not be null.
    :ivar open_members: Kotlin's members are ``open``.
    :ivar options: defaults of options that are not those of `SERVICESTACK_VERSION`, by name.
    :ivar missing: options that the generators did not have yet.
    """

    version: str = SERVICESTACK_VERSION
    swift: str = "5.0"
    optional: Optional = "none"
    one_line: bool = False
    map_form: str = "{{ [index: {0}]: {1}; }}"
    named_numbers: bool = False
    spaced: bool = True
    initializers: bool = False
    zeros: bool = False
    open_members: bool = False
    options: Mapping[str, str] = field(default_factory=lambda: _NONE)
    missing: frozenset[str] = frozenset({"AddNullableAnnotations"})


#: The edition if no version is requested.
DEFAULT = Edition()
_5 = replace(
    DEFAULT,
    swift="4.0",
    missing=DEFAULT.missing | {"MakePropertiesOptional"},
    options={"InitializeCollections": "True"},
)
_5_10 = replace(_5, swift="5.0")
_6_8 = replace(DEFAULT, named_numbers=True, spaced=False, optional="values", missing=frozenset())
_8 = replace(_6_8, one_line=True, map_form="{{ [index:{0}]: {1}; }}")
_8_5 = replace(_8, swift="6.0")
_8_7 = replace(_8_5, initializers=True, zeros=True, options={"InitializeCollections": "False"})
_10 = replace(
    _8_7,
    optional="unless required",
    open_members=True,
    options={**_8_7.options, "AddNullableAnnotations": "True"},
)
#: By the first version, newest first.
_SINCE: tuple[tuple[tuple[int, int], Edition], ...] = (
    ((10, 0), _10),
    ((8, 7), _8_7),
    ((8, 5), _8_5),
    ((8, 0), _8),
    ((6, 8), _6_8),
    ((6, 0), DEFAULT),
    ((5, 10), _5_10),
    ((_OLDEST, 0), _5),
)


def find_edition(version: str) -> Edition:
    """Return the edition of a version such as ``5.8``, ``8.1``, ``10`` or ``8.91``; the default one for an empty text.

    Hosts write the patch of a release as a further digit: 8.91 is 8.9.1, 6.10 is 6.1.0, 6.101 is 6.10.1 and 10.06 is 10.0.6.

    :raises ValueError: when the text is not a version from 4 on.
    """
    plain = version.strip()
    if not plain:
        return DEFAULT
    numbers = _VERSION.fullmatch(plain)
    number = (int(numbers[1]), _minor(numbers[2] or "0", patched=bool(numbers[3]))) if numbers else (0, 0)
    edition = next((candidate for since, candidate in _SINCE if number >= since), None)
    if edition is None:
        raise ValueError(f"'{plain[:20]}' is not a version of ServiceStack from {_OLDEST} on, such as 5.8, 8.1 or 10")
    return replace(edition, version=plain.removeprefix("v"))


def _minor(digits: str, *, patched: bool) -> int:
    return int(digits if patched or len(digits) == 1 else digits[:-1])
