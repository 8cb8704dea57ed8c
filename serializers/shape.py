"""Shapes: the structure of a document, for the formats that do not describe it themselves.

A shape is frozen, built once and shared; serializers compile what they need from it once and cache it.
Values are plain Python: ``str``, ``bool``, ``int``, ``float``, ``Decimal``, ``datetime``, ``date``, ``time``, ``timedelta``, ``UUID``,
``bytes``, ``list``, ``dict``; a record is a ``dict`` by wire name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Any text. Numbers and booleans of a JSON document become their text.

    :ivar xml: the name of its type in XML. ``char`` and ``DateTimeOffset`` are not texts there; readers return
        texts from which `Character` and `OffsetInstant` are read.
    """

    xml: str = "string"


@dataclass(frozen=True, slots=True)
class Character:
    """A text of one character. XML has its number."""


@dataclass(frozen=True, slots=True)
class Anything:
    """A value of any shape, written by its own type: a text, a number, a boolean, a list or a map of such values."""


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
    """A decimal number with its scale."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time: a ``datetime``."""


@dataclass(frozen=True, slots=True)
class OffsetInstant:
    """A point in time with its offset from UTC: a ``datetime`` that knows its zone."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar: a ``date``."""


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time of day: a ``time``."""


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
    """A member of an enum. ``members`` maps names to numbers, in declaration order.

    A value is a member's text or name, or an ``enum.Enum`` (its ``name`` counts); reading returns the text. With ``flags``
    the value is a number, the sum of its members.

    :ivar texts: member name to its text in documents, where the two differ.
    :ivar numbered: documents have the members' numbers; XML still has their texts.
    """

    members: Mapping[str, int]
    flags: bool = False
    name: str = ""
    namespace: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    numbered: bool = False

    def text_of(self, name: str) -> str:
        """Return the text of a member in documents."""
        return self.texts.get(name, name)


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
    """A record that is looked up when it is first needed, so that a shape can contain itself, or two shapes each other.

    ``NODE = Record("Node", {"child": Reference(lambda: NODE)})``
    """

    find: Callable[[], Record]

    @property
    def record(self) -> Record:
        """Return the record."""
        return self.find()


@dataclass(frozen=True, slots=True)
class View:
    """How pages for people show a record and lists of it. Names are wire names.

    :ivar noun: the name of one record (``Session``).
    :ivar plural: the name of several (``Sessions``).
    :ivar title: the fields that may be a record's title; the first one with a value is used.
    :ivar columns: the columns that lists show; a link shows the others.
    :ivar first: the fields that the page of one record shows first.
    :ivar last: the fields that it shows last, as ids.
    :ivar sorted_by: the field that lists are sorted by unless the request names another, in descending order; empty if unknown.
    :ivar closed_by: the field that is true when a record can no longer be changed; empty if there is none.
    """

    noun: str
    plural: str
    title: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    sorted_by: str = ""
    closed_by: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Named fields in the order in which they are written.

    :ivar name: the type's name: the root element in XML, the title in HTML.
    :ivar fields: wire name (camelCase) to shape; own fields first, then the base's.
    :ivar base: the record whose fields are inherited; XML writes them first and in the base's namespace.
    :ivar namespace: the XML namespace of the record and of its own fields.
    :ivar names: wire name to declared .NET name, if it is more than the wire name with a capital first letter (XML, CSV headers).
    :ivar attributes: wire name to attribute name of the objects that compiled writers read, where the two differ.
    :ivar omitted: wire names of fields that XML omits when they are null; other nulls are marked as such.
    :ivar ordered: XML members are in the declared order, not in alphabetical order.
    :ivar orders: wire name to the order of a data member; members with an order come last, sorted by it.
    :ivar verbatim: wire names that are the same in every dialect.
    :ivar element_names: wire name to the name of the XML element, if it is not the .NET name.
    :ivar rows: wire name of the list whose items are a table's rows (CSV, jsonl, streams).
    :ivar is_value: the type is a .NET struct: a member of it whose fields are all omitted has its type's default.
    :ivar xml_name: the root element, if it is not ``name`` (DataContract's names of generic types).
    :ivar view: how pages for people show it; None shows every field as it is.
    """

    name: str
    fields: Mapping[str, Shape | Reference]
    base: Record | None = None
    namespace: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    omitted: frozenset[str] = frozenset()
    ordered: bool = False
    orders: Mapping[str, int] = field(default_factory=dict)
    element_names: Mapping[str, str] = field(default_factory=dict)
    verbatim: frozenset[str] = frozenset()
    rows: str | None = None
    is_value: bool = False
    xml_name: str = ""
    view: View | None = None

    def declared_name(self, wire_name: str) -> str:
        """Return the .NET name of a field."""
        return self.names.get(wire_name) or wire_name[:1].upper() + wire_name[1:]

    def element_name(self, wire_name: str) -> str:
        """Return the name of a field's element in XML; characters that XML does not allow are not yet encoded."""
        return self.element_names.get(wire_name) or self.declared_name(wire_name)


Shape: TypeAlias = (
    Text
    | Character
    | Anything
    | Boolean
    | Integer
    | Number
    | Decimal
    | Instant
    | OffsetInstant
    | Day
    | TimeOfDay
    | Duration
    | Guid
    | Binary
    | Choice
    | ListOf
    | MapOf
    | Record
    | Reference
)


@lru_cache(maxsize=4096)
def snake(name: str) -> str:
    """Return a wire name in ServiceStack's snake_case: each character that is not lower-case or a digit has a ``_`` before it."""
    return "".join(
        letter if letter.isdigit() or letter.islower() or letter == "_" else f"_{letter.lower()}" for letter in name
    )


@lru_cache(maxsize=1024)
def names_of(record: Record) -> Mapping[str, str]:
    """Return the names that readers accept for a record's fields, both exact and folded (``str.casefold``), mapped to wire names."""
    names = {record.declared_name(name).casefold(): name for name in record.fields}
    names |= {name.casefold(): name for name in record.fields}
    names |= {record.declared_name(name): name for name in record.fields}
    return names | {name: name for name in record.fields}
