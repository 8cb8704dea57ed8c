"""Reading XML, directed by the expected shape.

Members may be in any order, with any prefix, with or without namespaces, their names in any letter case; unknown members
are skipped. A document type declaration is refused, and so are entities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone
from typing import Any, NoReturn
from xml.parsers import expat

from serializers import scalars
from serializers.base import DEFAULT_LIMITS, Limits
from serializers.errors import DecodeError, Mismatch
from serializers.inline import COMMAS, Inline
from serializers.shape import (
    Anything,
    Binary,
    Boolean,
    Character,
    Choice,
    Day,
    Decimal,
    Duration,
    Guid,
    Instant,
    Integer,
    ListOf,
    MapOf,
    Number,
    OffsetInstant,
    Record,
    Reference,
    Shape,
    Text,
    TimeOfDay,
    names_of,
)
from serializers.tally import Tally
from serializers.xml.names import OFFSET_INSTANT, SYSTEM, contract_name, decode_name

_SPECIAL_NUMBERS = {"INF": "Infinity", "-INF": "-Infinity"}


#: Bytes that are parsed at once, and maximum bytes of one tag.
_BLOCK = 64 * 1024
_LONGEST_TAG = 4 * _BLOCK


class Element:
    """An element of the document: its local name, its text between tags, its children.

    :ivar shape: the expected shape; None for an unknown element.
    :ivar kind: the local name of the type that it declares (``i:type``).
    """

    __slots__ = ("byte", "children", "kind", "name", "nil", "shape", "texts")

    def __init__(self, name: str, nil: bool, byte: int, shape: Shape | _Entry | None) -> None:
        self.name = name
        self.kind = ""
        self.nil = nil
        self.byte = byte
        self.shape = shape
        self.texts: list[str] = []
        self.children: list[Element] = []

    @property
    def text(self) -> str:
        return "".join(self.texts)


@dataclass(frozen=True, slots=True)
class _Entry:
    """The expected shape of a map's entry: a key and a value of this shape."""

    value: Shape


class _TreeBuilder:
    def __init__(self, text: str, shape: Shape | None, limits: Limits) -> None:
        self.text = text
        self.data = text.encode("utf-8", "surrogatepass")
        self.shape = shape
        self.depth = limits.depth
        self.most_attributes = limits.names
        self.tally = Tally(limits)
        self.root = Element("", False, 0, None)
        self.open = [self.root]
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.StartDoctypeDeclHandler = self.refuse

    def build(self) -> Element:
        try:
            # The parser reports an element when its tag is complete, so it would keep all of a tag that does not end.
            for position in range(0, len(self.data), _BLOCK):
                self.parser.Parse(self.data[position : position + _BLOCK], False)
                begin = self.parser.CurrentByteIndex
                if position - begin > _LONGEST_TAG and self.data[begin : begin + 1] == b"<":
                    self.fail(f"a tag of more than {_LONGEST_TAG} bytes", begin)
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            self.fail(expat.ErrorString(error.code), self.parser.ErrorByteIndex)
        return self.root.children[0]

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        byte = self.parser.CurrentByteIndex
        nil, kind = False, ""
        for attribute, value in attributes.items():
            local = attribute.rpartition(":")[2]
            if local == "nil" and value.strip() in ("true", "1"):
                nil = True
            elif local == "type":
                kind = value.strip().rpartition(":")[2]
        parent = self.open[-1]
        local = decode_name(name.rpartition(":")[2])
        # The limit counts lists and records; scalars are one level deeper than the last of these.
        if len(self.open) - 1 > self.depth:
            self.fail("nested too deeply", byte)
        if len(attributes) > self.most_attributes:
            self.fail(f"more than {self.most_attributes} attributes", byte)
        problem = self.count(parent, local)
        if problem:
            self.fail(problem, byte)
        element = Element(local, nil, byte, self.expected(parent, local))
        element.kind = kind
        if isinstance(element.shape, ListOf):
            self.tally.begin_list()
        parent.children.append(element)
        self.open.append(element)

    def count(self, parent: Element, name: str) -> str:
        """Count an element as an item or as a name: by its parent's shape, or by its sibling if the parent is unknown."""
        if parent is self.root or isinstance(parent.shape, _Entry):
            return ""
        if isinstance(parent.shape, ListOf):
            return self.tally.add_item()
        siblings = parent.children
        if parent.shape is None and siblings and siblings[-1].name == name:
            return self.tally.add_item()
        return self.tally.add_name()

    def expected(self, parent: Element, name: str) -> Shape | _Entry | None:
        """Return the expected shape of an element."""
        shape = parent.shape
        expected_shape: Shape | _Entry | None = None
        if parent is self.root:
            expected_shape = self.shape
        elif isinstance(shape, Record):
            names = names_of(shape)
            wire_name = names.get(name) or names.get(name.casefold())
            expected_shape = shape.fields[wire_name] if wire_name else None
        elif isinstance(shape, ListOf):
            expected_shape = shape.item
        elif isinstance(shape, MapOf):
            expected_shape = _Entry(shape.value)
        elif isinstance(shape, _Entry) and name.casefold() == "value":
            expected_shape = shape.value
        if isinstance(expected_shape, Reference):
            return expected_shape.record
        return None if isinstance(expected_shape, Anything) else expected_shape

    def end(self, name: str) -> None:
        del name
        if isinstance(self.open.pop().shape, ListOf):
            self.tally.end_list()

    def characters(self, text: str) -> None:
        self.open[-1].texts.append(text)

    def refuse(self, *_: Any) -> NoReturn:
        self.fail("a document type declaration is not allowed", self.parser.CurrentByteIndex)

    def fail(self, message: str, byte: int, path: str = "") -> NoReturn:
        position = len(self.data[:byte].decode("utf-8", "replace"))
        raise DecodeError.at(message, self.text, position, path)


def loads(text: str, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, inline: Inline = COMMAS) -> Any:
    """Return the value of a document; None if it is empty or its root is nil.

    Without a shape, an element with children is a dict (a list if all children share a name), any other is its text.

    :param inline: reads lists that are one text.
    :raises DecodeError: when the text is not XML, a value is not of its shape, or a limit is exceeded.
    """
    text = text.removeprefix("\ufeff")
    if not text or text.isspace():
        return None
    if len(text) > limits.bytes:
        raise DecodeError(f"longer than {limits.bytes} bytes")
    builder = _TreeBuilder(text, shape, limits)
    root = builder.build()
    expected = _name_root(shape)
    if expected and root.name.casefold() != expected.casefold():
        builder.fail(f"the root is <{root.name}> where <{expected}> was expected", root.byte)
    try:
        return _read_untyped(root) if shape is None else _Values(inline).value(root, shape)
    except Mismatch as error:
        keys = error.keys
        position = keys[-1] if keys else root.byte
        assert isinstance(position, int)
        builder.fail(error.message, position, error.path)


def _name_root(shape: Shape | None) -> str:
    """Return the required name of the root; empty if any name is allowed."""
    if isinstance(shape, Reference):
        shape = shape.record
    if isinstance(shape, ListOf) and isinstance(shape.item, (Record, Reference)):
        return f"ArrayOf{_name_root(shape.item)}"
    return shape.xml_name or shape.name if isinstance(shape, Record) else ""


def _read_untyped(element: Element) -> Any:
    if element.nil:
        return None
    if not element.children:
        return element.text
    names = {child.name for child in element.children}
    if len(names) < len(element.children) and len(names) == 1:
        return [_read_untyped(child) for child in element.children]
    return {child.name: _read_untyped(child) for child in element.children}


def _read_scalar(text: str, shape: Shape) -> Any:
    if isinstance(shape, Text):
        return _read_character(text) if shape.xml == "char" else text
    text = _read_character(text) if isinstance(shape, Character) else text.strip()
    if not text and not isinstance(shape, Binary) and not (isinstance(shape, Choice) and shape.flags):
        return None
    if isinstance(shape, Number):
        text = _SPECIAL_NUMBERS.get(text, text)
    try:
        return scalars.reader(shape)(text or "0" if isinstance(shape, Choice) else text)
    except ValueError as error:
        raise Mismatch(str(error)) from None


def _read_character(text: str) -> str:
    """Return a character that is written as its number, or as itself."""
    return chr(int(text)) if _CODE.fullmatch(text.strip()) else text


#: A character as .NET writes it: its number in UTF-16.
_CODE = re.compile(r"[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]", re.ASCII)
_KINDS: Mapping[str, Shape] = {
    "boolean": Boolean(),
    **dict.fromkeys(("byte", "short", "int", "long"), Integer(64)),
    **dict.fromkeys(("unsignedByte", "unsignedShort", "unsignedInt", "unsignedLong"), Integer(64, signed=False)),
    "float": Number(),
    "double": Number(),
    "decimal": Decimal(),
    "dateTime": Instant(),
    "DateTimeOffset": OffsetInstant(),
    "date": Day(),
    "time": TimeOfDay(),
    "duration": Duration(),
    "guid": Guid(),
    "base64Binary": Binary(),
    "char": Character(),
}


def _read_anything(element: Element) -> Any:
    """Return the value of an element by the type that it declares, if any."""
    kind = element.kind
    if element.nil:
        return None
    if kind.startswith("ArrayOfKeyValueOf") or (kind.startswith("ArrayOf") and not element.children):
        entries = [{child.name: child for child in entry.children} for entry in element.children]
        entries_by_key = {
            entry["Key"].text: _read_anything(entry["Value"]) for entry in entries if entry.keys() >= {"Key", "Value"}
        }
        return entries_by_key if "KeyValueOf" in kind else []
    if kind.startswith("ArrayOf"):
        return [_read_anything(child) for child in element.children]
    if element.children and kind == "DateTimeOffset":
        return _read_offset_instant(element, OffsetInstant())
    if element.children:
        return _read_untyped(element)
    return _read_scalar(element.text, _KINDS.get(kind, Text()))


def _read_offset_instant(element: Element, shape: Shape) -> Any:
    """Return a point in time from its two parts, or its text if the shape is a text."""
    parts = _Values(COMMAS).record(element, OFFSET_INSTANT)
    instant, minutes = parts.get("dateTime"), parts.get("offsetMinutes") or 0
    if instant is None or not -_DAY < minutes < _DAY:
        raise Mismatch("expected DateTime and OffsetMinutes")
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    try:
        local_time = instant.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        raise Mismatch("expected a date between the years 1 and 9999") from None
    return local_time if isinstance(shape, OffsetInstant) else scalars.writer(OffsetInstant())(local_time)


#: Minutes of a day.
_DAY = 24 * 60


def _refuse_text(element: Element, expected: str) -> None:
    if element.texts and not element.text.isspace():
        raise Mismatch(f"expected {expected}")


class _Values:
    """The values of elements by their shapes. Raises Mismatch.

    :ivar inline: reads lists that are one text.
    """

    def __init__(self, inline: Inline) -> None:
        self.inline = inline

    def value(self, element: Element, shape: Shape) -> Any:
        if element.nil:
            return None
        if isinstance(shape, Reference):
            shape = shape.record
        if isinstance(shape, Record):
            return self.record(element, shape)
        if isinstance(shape, ListOf):
            return self.list(element, shape)
        if isinstance(shape, MapOf):
            return self.map(element, shape)
        if isinstance(shape, Anything):
            return _read_anything(element)
        if element.children and contract_name(shape)[1] == SYSTEM:
            return _read_offset_instant(element, shape)
        if element.children:
            raise Mismatch("expected a single value")
        return _read_scalar(element.text, shape)

    def record(self, element: Element, shape: Record) -> dict[str, Any]:
        _refuse_text(element, "elements")
        names = names_of(shape)
        result: dict[str, Any] = {}
        for child in element.children:
            name = names.get(child.name) or names.get(child.name.casefold())
            if name is not None:
                result[name] = self.inside(child, shape.fields[name], name)
        return result

    def inside(self, child: Element, shape: Shape, step: str | int) -> Any:
        try:
            return self.value(child, shape)
        except Mismatch as error:
            raise error.inside(step, error.keys[-1] if error.keys else child.byte) from None

    def list(self, element: Element, shape: ListOf) -> list[Any]:
        if not element.children and element.texts and not element.text.isspace():
            try:
                items: list[Any] = self.inline.loads_member(element.text, shape)
            except DecodeError as error:
                raise Mismatch(error.message) from None
            return items
        _refuse_text(element, "elements")
        return [self.inside(child, shape.item, number) for number, child in enumerate(element.children)]

    def map(self, element: Element, shape: MapOf) -> dict[Any, Any]:
        _refuse_text(element, "elements")
        result: dict[Any, Any] = {}
        for entry in element.children:
            parts = {child.name.casefold(): child for child in entry.children}
            key_element = parts.get("key")
            if key_element is None:
                raise Mismatch("an entry without a key").inside(entry.name, entry.byte)
            try:
                key = _read_scalar(key_element.text, shape.key)
            except Mismatch as error:
                raise error.inside(key_element.text, key_element.byte) from None
            value = parts.get("value")
            result[key] = None if value is None else self.inside(value, shape.value, key_element.text)
        return result
