"""Reading XML, directed by the expected shape.

Members stand in any order, under any prefix, with or without namespaces, their names in any letter case; unknown ones
are skipped. A document type declaration is refused, and entities with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn
from xml.parsers import expat

from serializers import scalars
from serializers.base import DEFAULT_LIMITS, Limits
from serializers.errors import DecodeError, Mismatch
from serializers.jsv import loads_member
from serializers.shape import Binary, Choice, ListOf, MapOf, Number, Record, Reference, Shape, Text, names_of
from serializers.xml.names import decode_name

_SPECIAL_NUMBERS = {"INF": "Infinity", "-INF": "-Infinity"}


class Element:
    """An element of the document: its local name, its text between tags, its children."""

    __slots__ = ("byte", "children", "name", "nil", "texts")

    def __init__(self, name: str, nil: bool, byte: int) -> None:
        self.name = name
        self.nil = nil
        self.byte = byte
        self.texts: list[str] = []
        self.children: list[Element] = []

    @property
    def text(self) -> str:
        return "".join(self.texts)


class _TreeBuilder:
    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.data = text.encode("utf-8", "surrogatepass")
        self.depth = limits.depth
        self.items = limits.items
        self.root = Element("", False, 0)
        self.open = [self.root]
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.StartDoctypeDeclHandler = self.refuse

    def build(self) -> Element:
        try:
            self.parser.Parse(self.data, True)
        except expat.ExpatError as error:
            self.fail(expat.ErrorString(error.code), self.parser.ErrorByteIndex)
        return self.root.children[0]

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        byte = self.parser.CurrentByteIndex
        nil = False
        for attribute, value in attributes.items():
            if attribute.rpartition(":")[2] == "nil" and value.strip() in ("true", "1"):
                nil = True
        element = Element(decode_name(name.rpartition(":")[2]), nil, byte)
        self.open[-1].children.append(element)
        self.open.append(element)
        self.items -= 1
        # The limit counts what holds something: scalars stand one level deeper than the last list or record.
        if len(self.open) - 2 > self.depth:
            self.fail("nested too deeply", byte)
        if self.items < 0:
            self.fail("too many items", byte)

    def end(self, name: str) -> None:
        del name
        self.open.pop()

    def characters(self, text: str) -> None:
        self.open[-1].texts.append(text)

    def refuse(self, *_: Any) -> NoReturn:
        self.fail("a document type declaration is not allowed", self.parser.CurrentByteIndex)

    def fail(self, message: str, byte: int, path: str = "") -> NoReturn:
        position = len(self.data[:byte].decode("utf-8", "replace"))
        raise DecodeError.at(message, self.text, position, path)


def loads(text: str, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Any:
    """The value of a document, None where it is empty or its root is nil.

    Without a shape, an element with children is a dict (a list where all children share a name), any other its text.

    :raises DecodeError: where the text is not XML, a value is not of its shape, or a limit is passed.
    """
    text = text.removeprefix("\ufeff")
    if not text or text.isspace():
        return None
    if len(text) > limits.bytes:
        raise DecodeError(f"longer than {limits.bytes} bytes")
    builder = _TreeBuilder(text, limits)
    root = builder.build()
    expected = _root_name(shape)
    if expected and root.name.casefold() != expected.casefold():
        builder.fail(f"the root is <{root.name}> where <{expected}> was expected", root.byte)
    try:
        return _untyped(root) if shape is None else _value(root, shape, {})
    except Mismatch as error:
        keys = error.keys
        place = keys[-1] if keys else root.byte
        assert isinstance(place, int)
        builder.fail(error.message, place, error.path)


def _root_name(shape: Shape | None) -> str:
    """What the root must be called; empty where it may be called anything."""
    if isinstance(shape, ListOf) and isinstance(shape.item, Record):
        return f"ArrayOf{_root_name(shape.item)}"
    return shape.xml_name or shape.name if isinstance(shape, Record) else ""


def _untyped(element: Element) -> Any:
    if element.nil:
        return None
    if not element.children:
        return element.text
    names = {child.name for child in element.children}
    if len(names) < len(element.children) and len(names) == 1:
        return [_untyped(child) for child in element.children]
    return {child.name: _untyped(child) for child in element.children}


def _value(element: Element, shape: Shape, enclosing: Mapping[str, Record]) -> Any:
    if element.nil:
        return None
    if isinstance(shape, Reference):
        shape = enclosing[shape.name]
    if isinstance(shape, Record):
        return _record(element, shape, {**enclosing, shape.name: shape})
    if isinstance(shape, ListOf):
        return _list(element, shape, enclosing)
    if isinstance(shape, MapOf):
        return _map(element, shape, enclosing)
    if element.children:
        raise Mismatch("expected a single value")
    return _scalar(element.text, shape)


def _scalar(text: str, shape: Shape) -> Any:
    if isinstance(shape, Text):
        return text
    text = text.strip()
    if not text and not isinstance(shape, Binary) and not (isinstance(shape, Choice) and shape.flags):
        return None
    if isinstance(shape, Number):
        text = _SPECIAL_NUMBERS.get(text, text)
    try:
        return scalars.reader(shape)(text or "0" if isinstance(shape, Choice) else text)
    except ValueError as error:
        raise Mismatch(str(error)) from None


def _no_text(element: Element, expected: str) -> None:
    if element.texts and not element.text.isspace():
        raise Mismatch(f"expected {expected}")


def _record(element: Element, shape: Record, enclosing: Mapping[str, Record]) -> dict[str, Any]:
    _no_text(element, "elements")
    names = names_of(shape)
    result: dict[str, Any] = {}
    for child in element.children:
        name = names.get(child.name) or names.get(child.name.casefold())
        if name is not None:
            result[name] = _inside(child, shape.fields[name], enclosing, name)
    return result


def _inside(child: Element, shape: Shape, enclosing: Mapping[str, Record], step: str | int) -> Any:
    try:
        return _value(child, shape, enclosing)
    except Mismatch as error:
        raise error.inside(step, error.keys[-1] if error.keys else child.byte) from None


def _list(element: Element, shape: ListOf, enclosing: Mapping[str, Record]) -> list[Any]:
    if not element.children and element.texts and not element.text.isspace():
        try:
            items: list[Any] = loads_member(element.text, shape)
        except DecodeError as error:
            raise Mismatch(error.message) from None
        return items
    _no_text(element, "elements")
    return [_inside(child, shape.item, enclosing, number) for number, child in enumerate(element.children)]


def _map(element: Element, shape: MapOf, enclosing: Mapping[str, Record]) -> dict[Any, Any]:
    _no_text(element, "elements")
    result: dict[Any, Any] = {}
    for entry in element.children:
        parts = {child.name.casefold(): child for child in entry.children}
        key_element = parts.get("key")
        if key_element is None:
            raise Mismatch("an entry without a key").inside(entry.name, entry.byte)
        try:
            key = _scalar(key_element.text, shape.key)
        except Mismatch as error:
            raise error.inside(key_element.text, key_element.byte) from None
        value = parts.get("value")
        result[key] = None if value is None else _inside(value, shape.value, enclosing, key_element.text)
    return result
