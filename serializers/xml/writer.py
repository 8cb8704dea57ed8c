"""Writing XML as DataContract clients read it.

Members of the base come first, in the base's namespace; each group is in alphabetical order. Nulls are ``i:nil="true"``.
Prefixes are d1p1, d2p1, … by depth. As a prefix depends on the scope of an element, a record is compiled once for each of
its scopes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from serializers import scalars
from serializers import shape as shapes
from serializers.errors import EncodeError
from serializers.shape import Record, Shape
from serializers.source import ChoiceTable, Source, TextWriter, function_head, guarded, read_source, rows, title_of
from serializers.xml.names import (
    ARRAYS,
    OFFSET_INSTANT,
    SCHEMA,
    SERIALIZATION,
    contract_name,
    encode_name,
    entry_name,
    members_of,
    root_name,
)
from serializers.xml.scopes import ROOT, Scope, escape, special
from serializers.xml.untyped import inferred

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
ROOT_ATTRIBUTES = f' xmlns:i="{INSTANCE}"'

#: A text that is known to have no special characters.
CLEAN = shapes.Choice({})


class XmlCompiler:
    """Makes the functions of one shape, for records one per scope."""

    def __init__(self, shape: Shape, *, attributes: bool) -> None:
        self.attributes = attributes
        self.source = Source(title_of("xml", shape), {"special": special, "text": _write_text, "rows": rows})
        self._records: dict[tuple[Record, Scope], str] = {}
        # Records are compiled on first use, which may happen in several threads at once.
        self._lock = threading.RLock()

    def compile(self, element: Callable[[str], str], null: str) -> TextWriter:
        """Return the function made from an element's source. It raises no errors but `EncodeError`."""
        return guarded(self.source.define("write", ["def write(v):", f"    return {element('v')}"]), null=null)

    def tags(self, shape: Shape, name: str, namespace: str, scope: Scope, root: str) -> tuple[str, str, Scope]:
        """Return the start tag and the end tag of an element, and the scope between them."""
        qualified, implied, inside = scope.element(name, namespace)
        declared, inside = self._declare_type(shape, inside, root)
        return f"<{qualified}{root}{declared}{implied}>", f"</{qualified}>", inside

    def _declare_type(self, shape: Shape, inside: Scope, root: str) -> tuple[str, Scope]:
        if root or not isinstance(shape, (Record, shapes.ListOf, shapes.MapOf, shapes.OffsetInstant)):
            return "", inside
        return inside.declare(contract_name(shape)[1])

    def element(
        self, shape: Shape, name: str, namespace: str, scope: Scope, root: str = ""
    ) -> tuple[str, Callable[[str], str]]:
        """Return the text of a null, and a function from a variable's name to the source of the element's text."""
        if isinstance(shape, shapes.Reference):
            shape = shape.record
        qualified, implied, inside = scope.element(name, namespace)
        declared, inside = self._declare_type(shape, inside, root)
        if isinstance(shape, shapes.Anything):
            return self._write_anything(qualified, root + implied, inside)
        null = f'<{qualified}{root}{declared} i:nil="true"{implied} />'
        start, end = f"<{qualified}{root}{declared}{implied}>", f"</{qualified}>"
        empty = f"{start[:-1]} />"

        def source(variable: str) -> str:
            if isinstance(shape, Record):
                return f"{self._record(shape, inside)}({variable}, {start!r}, {end!r}, {empty!r})"
            if isinstance(shape, shapes.OffsetInstant):
                parts = f"{self._bind(self._split_offset)}({variable})"
                return f"{self._record(OFFSET_INSTANT, inside)}({parts}, {start!r}, {end!r}, {empty!r})"
            if isinstance(shape, (shapes.ListOf, shapes.MapOf)):
                items = self._write_items(shape, variable, inside)
                return f"({start!r} + ''.join({items}) + {end!r} if {variable} else {empty!r})"
            return f"{start!r} + {self._write_scalar(shape, variable)} + {end!r}"

        return null, source

    def _split_offset(self, value: Any) -> Any:
        """Return a point in time with an offset as a record of its two parts."""
        aware = value if isinstance(value, datetime) else scalars.reader(shapes.OffsetInstant())(value)
        aware = aware if aware.tzinfo else aware.replace(tzinfo=UTC)
        offset = aware.utcoffset() or timedelta()
        minutes = int(offset.total_seconds()) // 60
        parts = {"dateTime": aware.astimezone(UTC), "offsetMinutes": minutes}
        return SimpleNamespace(**parts) if self.attributes else parts

    def _write_anything(self, qualified: str, declared: str, scope: Scope) -> tuple[str, Callable[[str], str]]:
        """Return the same as `element`, for a value of any type; the element declares the type."""

        def write(value: Any) -> str:
            return anything(qualified, declared, value, scope.depth)

        return f'<{qualified}{declared} i:nil="true" />', lambda variable: f"{self._bind(write)}({variable})"

    def _write_items(self, shape: shapes.ListOf | shapes.MapOf, variable: str, scope: Scope) -> str:
        if isinstance(shape, shapes.MapOf):
            return self._write_entries(shape, variable, scope)
        name, _ = contract_name(shape.item)
        item = f"{variable}i"
        null, source = self.element(shape.item, name, contract_name(shape)[1], scope)
        return f"[{null!r} if {item} is None else {source(item)} for {item} in rows({variable})]"

    def _write_entries(self, shape: shapes.MapOf, variable: str, scope: Scope) -> str:
        namespace = contract_name(shape)[1]
        qualified, implied, inside = scope.element(entry_name(shape), namespace)
        key, item = f"{variable}k", f"{variable}v"
        _, key_source = self.element(shape.key, "Key", namespace, inside)
        _, value_source = self.element(shape.value, "Value", namespace, inside)
        text = f"'<{qualified}{implied}>' + {key_source(key)} + {value_source(item)} + '</{qualified}>'"
        return f"[{text} for {key}, {item} in {variable}.items() if {item} is not None]"

    def _write_scalar(self, shape: Shape, variable: str) -> str:
        if shape is CLEAN:
            # An enum's member may be a text, but is written as its name.
            return f"({variable} if {variable}.__class__ is str else text({variable}))"
        if isinstance(shape, shapes.Text):
            return f"({variable} if {variable}.__class__ is str and not special({variable}) else text({variable}))"
        if isinstance(shape, shapes.Boolean):
            return f"('true' if {variable} is True else 'false' if {variable} is False else {self._bind(scalar(shape))}({variable}))"
        if isinstance(shape, shapes.Choice):
            return f"{self._bind(ChoiceTable(shape, scalar(shape)))}[{variable}]"
        return f"{self._bind(scalar(shape))}({variable})"

    def _bind(self, value: Any) -> str:
        return self.source.constant(value)

    def _record(self, shape: Record, scope: Scope) -> str:
        """Return the name of the function from a record and its tags to its text, compiled when it is first called."""
        key = (shape, scope)
        if key not in self._records:
            name = self._records[key] = f"record{len(self._records)}"

            def compile_first(*arguments: Any) -> str:
                with self._lock:
                    if self.source.objects[name] is compile_first:
                        self.source.define(name, self._record_lines(name, shape, scope))
                return self.source.objects[name](*arguments)  # type: ignore[no-any-return]

            self.source.objects[name] = compile_first
        return self._records[key]

    def _record_lines(self, function: str, shape: Record, scope: Scope) -> list[str]:
        lines = function_head(function, "o, start, end, empty", attributes=self.attributes)
        full: list[str] = []
        clean: list[str] = []
        texts: list[str] = []
        for number, (wire_name, field, namespace) in enumerate(members_of(shape)):
            variable = f"v{number}"
            lines.append(f"    {variable} = {read_source(shape, wire_name, attributes=self.attributes)}")
            null, source = self.element(field, encode_name(shape.element_name(wire_name)), namespace, scope)
            if wire_name in shape.omitted:
                null = ""
            full.append(f"({null!r} if {variable} is None else {source(variable)})")
            clean.append(full[-1])
            if isinstance(field, shapes.Text):
                texts.append(f"{variable} or ''")
                _, bare = self.element(CLEAN, encode_name(shape.element_name(wire_name)), namespace, scope)
                clean[-1] = f"({null!r} if {variable} is None else {bare(variable)})"
        if not full:
            return [*lines, "    return empty"]
        if len(texts) > 2:
            # PERF: one search over all texts of a record costs a third of one search per text.
            lines += [
                "    try:",
                f"        texts = ''.join(({', '.join(texts)}))",
                "    except TypeError:",
                f"        return ''.join((start, {', '.join(full)}, end))",
                "    if not special(texts):",
                f"        return ''.join((start, {', '.join(clean)}, end))",
            ]
        lines.append(f"    return ''.join((start, {', '.join(full)}, end))")
        return lines


def _write_text(value: Any) -> str:
    return escape(value if value.__class__ is str else scalars.write_any(value))


def scalar(shape: Shape) -> TextWriter:
    """Return the writer of a scalar shape in XML's spelling."""
    write = scalars.writer(shape)
    if isinstance(shape, shapes.Boolean):
        return lambda value: write(value).lower()
    if isinstance(shape, shapes.Number):
        return lambda value: write(value).replace("Infinity", "INF")
    if isinstance(shape, shapes.Guid):
        return _write_guid
    if isinstance(shape, shapes.Instant):
        return lambda value: _write_instant(write(value))
    if isinstance(shape, shapes.Day):
        return lambda value: str(scalars.reader(shape)(value) if isinstance(value, str) else value)
    if isinstance(shape, shapes.TimeOfDay):
        return lambda value: str(scalars.reader(shape)(value) if isinstance(value, str) else value)
    if isinstance(shape, shapes.Character):
        return lambda value: str(ord(write(value)))
    if isinstance(shape, shapes.Choice) and shape.flags:
        return lambda value: _write_flags(value, shape)
    if isinstance(shape, shapes.Choice) and shape.numbered:
        return scalar(replace(shape, numbered=False))
    return lambda value: escape(write(value))


def _write_guid(value: Any) -> str:
    return str(UUID(value) if isinstance(value, str) else value)


def _write_instant(text: str) -> str:
    return f"{text}T00:00:00Z" if len(text) == 10 else text


def _write_flags(value: Any, shape: shapes.Choice) -> str:
    number = int(scalars.writer(shape)(value))
    names: list[str] = []
    rest = number
    for name, bits in sorted(shape.members.items(), key=lambda member: -member[1]):
        if bits and rest & bits == bits:
            names.insert(0, name)
            rest &= ~bits
    if rest or not names:
        return next((name for name, bits in shape.members.items() if bits == number), str(number))
    return " ".join(names)


#: The names in XML Schema of the types that elements declare; a subclass precedes its base.
_TYPES: Mapping[type, tuple[Shape, str, str]] = {
    bool: (shapes.Boolean(), "boolean", SCHEMA),
    int: (shapes.Integer(64), "long", SCHEMA),
    float: (shapes.Number(), "double", SCHEMA),
    Decimal: (shapes.Decimal(), "decimal", SCHEMA),
    datetime: (shapes.Instant(), "dateTime", SCHEMA),
    date: (shapes.Day(), "date", SCHEMA),
    time: (shapes.TimeOfDay(), "time", SCHEMA),
    timedelta: (shapes.Duration(), "duration", SERIALIZATION),
    UUID: (shapes.Guid(), "guid", SERIALIZATION),
    bytes: (shapes.Binary(), "base64Binary", SCHEMA),
}


def anything(name: str, declared: str, value: Any, depth: int) -> str:
    """Return the element of a value of any type; the element declares the type.

    :param declared: the element's other attributes.
    :param depth: the depth of the element's content, for prefixes.
    """
    if value is None:
        return f'<{name}{declared} i:nil="true" />'
    prefix = f"d{depth}p1"
    if isinstance(value, Mapping):
        text = "".join(
            f"<{prefix}:KeyValueOfstringanyType><{prefix}:Key>{escape(scalars.write_any(key))}</{prefix}:Key>"
            f"{anything(f'{prefix}:Value', '', item, depth + 2)}</{prefix}:KeyValueOfstringanyType>"
            for key, item in value.items()
            if item is not None
        )
        kind, namespace = "ArrayOfKeyValueOfstringanyType", ARRAYS
    elif isinstance(value, (list, tuple)):
        text = "".join(anything(f"{prefix}:anyType", "", item, depth + 1) for item in value)
        kind, namespace = "ArrayOfanyType", ARRAYS
    else:
        shape, kind, namespace = next(
            (type_info for python_type, type_info in _TYPES.items() if isinstance(value, python_type)),
            (shapes.Text(), "string", SCHEMA),
        )
        text = _write_text(value) if isinstance(shape, shapes.Text) else scalar(shape)(value)
    return f'<{name} xmlns:{prefix}="{namespace}" i:type="{prefix}:{kind}"{declared}>{text}</{name}>'


@lru_cache(maxsize=1024)
def compiled(shape: Shape, *, attributes: bool) -> TextWriter:
    """Return the function from a value (or, with `attributes`, an object) of a shape to its document. Compiled once."""
    compiler = XmlCompiler(shape, attributes=attributes)
    name, namespace = root_name(shape)
    null, source = compiler.element(shape, name, namespace, ROOT, ROOT_ATTRIBUTES)
    write = compiler.compile(source, null)
    return lambda value: DECLARATION + write(value)


@dataclass(frozen=True)
class Rows:
    """The parts of a streamed document's rows: the tags around all rows, a null row, and the writer of any other row."""

    start: str
    end: str
    null: str
    write: TextWriter


@lru_cache(maxsize=1024)
def compiled_rows(shape: Shape, member: str | None, *, attributes: bool) -> Rows:
    """Return the parts of the rows of a list, or of a record's `member`, in the scope of the rows."""
    compiler = XmlCompiler(shape, attributes=attributes)
    scope, root = ROOT, ROOT_ATTRIBUTES
    name, namespace = contract_name(shape)
    if member is not None:
        assert isinstance(shape, Record)
        _, _, scope = scope.element(name, namespace)
        namespace = next(namespace for name, _, namespace in members_of(shape) if name == member)
        name, root, shape = encode_name(shape.element_name(member)), "", shape.fields[member]
    assert isinstance(shape, shapes.ListOf)
    start, end, inside = compiler.tags(shape, name, namespace, scope, root)
    item_name, _ = contract_name(shape.item)
    null, source = compiler.element(shape.item, item_name, contract_name(shape)[1], inside)
    return Rows(start, end, null, compiler.compile(source, null))


def dumps(value: Any, shape: Shape | None = None) -> str:
    """Return a value as XML. Raises EncodeError when it is not of the shape."""
    if shape is None:
        try:
            shape = inferred(value)
        except RecursionError:
            raise EncodeError("the value is nested too deeply") from None
    return compiled(shape, attributes=False)(value)
