"""Shapes: what a document looks like, for the formats that do not say it themselves.

A shape is frozen, built once and shared; serializers compile what they need from it once and keep that.
Values are plain Python: ``str``, ``bool``, ``int``, ``float``, ``Decimal``, ``datetime``, ``timedelta``, ``UUID``, ``bytes``,
``list``, ``dict``; a record is a ``dict`` by wire name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Any text. Numbers and booleans of a JSON document become their text."""


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number of 8, 16, 32 or 64 bits."""

    bits: int = 32
    signed: bool = True


@dataclass(frozen=True, slots=True)
class Number:
    """A binary floating-point number."""

    bits: int = 64


@dataclass(frozen=True, slots=True)
class Decimal:
    """A decimal number that keeps its scale."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time: a ``datetime``."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: a ``timedelta``."""


@dataclass(frozen=True, slots=True)
class Guid:
    """A ``UUID``."""


@dataclass(frozen=True, slots=True)
class Binary:
    """Bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A member of an enum, as its name. ``members`` maps names to numbers, in declaration order.

    A value is a member's name, or an ``enum.Enum`` (its ``name`` counts); reading gives the name. Of ``flags`` the
    value is the number, the sum of its members.
    """

    members: Mapping[str, int]
    flags: bool = False
    name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ListOf:
    """A list of items of one shape."""

    item: Shape


@dataclass(frozen=True, slots=True, eq=False)
class MapOf:
    """A map of keys of one shape to values of one shape, in insertion order."""

    value: Shape
    key: Shape = field(default_factory=Text)


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A record that is looked up when it is first needed: how a shape holds itself, or two shapes hold each other.

    ``NODE = Record("Node", {"child": Reference(lambda: NODE)})``
    """

    find: Callable[[], Record]

    @property
    def record(self) -> Record:
        """The record itself."""
        return self.find()


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Named fields in the order in which they are written.

    :ivar name: the type's name: the root element in XML, the title in HTML.
    :ivar fields: wire name (camelCase) to shape; own fields first, then the base's.
    :ivar base: the record whose fields are inherited; XML writes them first and in the base's namespace.
    :ivar namespace: the XML namespace of the record and of its own fields.
    :ivar names: wire name to declared .NET name where upper-casing the first letter does not give it (XML, CSV headers).
    :ivar attributes: wire name to attribute name of the objects that compiled writers read, where the two differ.
    :ivar omitted: wire names of fields that XML leaves out where they are null; of others it says that they are.
    :ivar ordered: XML members stand in the declared order, not in the alphabet's.
    :ivar rows: wire name of the list whose items are a table's rows (CSV, jsonl, streams).
    :ivar xml_name: the root element where it is not ``name`` (DataContract's names of generic types).
    """

    name: str
    fields: Mapping[str, Shape | Reference]
    base: Record | None = None
    namespace: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    omitted: frozenset[str] = frozenset()
    ordered: bool = False
    rows: str | None = None
    xml_name: str = ""

    def declared_name(self, wire_name: str) -> str:
        """The .NET name of a field."""
        return self.names.get(wire_name) or wire_name[:1].upper() + wire_name[1:]


Shape: TypeAlias = (
    Text
    | Boolean
    | Integer
    | Number
    | Decimal
    | Instant
    | Duration
    | Guid
    | Binary
    | Choice
    | ListOf
    | MapOf
    | Record
    | Reference
)


@lru_cache(maxsize=1024)
def names_of(record: Record) -> Mapping[str, str]:
    """What a reader takes for a record's fields, folded (``str.casefold``) and as declared, to their wire names."""
    names = {record.declared_name(name).casefold(): name for name in record.fields}
    names |= {name.casefold(): name for name in record.fields}
    names |= {record.declared_name(name): name for name in record.fields}
    return names | {name: name for name in record.fields}
