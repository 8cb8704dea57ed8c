"""Zig: structs that the standard library reads from JSON and writes to it."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import keywords
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.selection import dependencies_first, names_in, unique
from gateway.metadata.languages.texts import indented

#: Initial values of types that are never null.
_EMPTY = {"bool": "false", "[]const u8": '""', "std.json.Value": ".null"}


class ZigGenerator(Generator):
    """Structs with inherited fields; a generic type is a function that takes types and returns a struct."""

    name = "zig"
    title = "Zig"
    suffix = "zig"
    # There are only one-line comments.
    head = Head(opening="// Options:", closing="", off="//", line="//")
    reserved = keywords.ZIG
    kept_form = '@"{0}"'
    comment_marks = {}
    list_form = "[]const {0}"
    map_form = "std.json.ArrayHashMap({1})"
    generic_form = "{0}({1})"
    optional_form = "?{0}"
    has_numbered = True
    defaults = {
        "AddServiceStackTypes": "True",
        "MakePropertiesOptional": "True",
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "AddDescriptionAsComments": "True",
        "IncludeTypes": "",
        "ExcludeTypes": "",
    }
    scalars = scalars_of("zig")

    def head_lines(self) -> Iterator[str]:
        yield from (line.rstrip() for line in super().head_lines())

    def opening(self) -> Iterator[str]:
        yield from ('const std = @import("std");', "")

    def ordered(self) -> list[TypeInfo]:
        return dependencies_first(self.types, self.contract.by_name)

    def type_name(self, ref: TypeRef) -> str:
        name = super().type_name(ref)
        # A recursive struct contains a pointer to itself.
        return f"*const {name}" if ref.kind == "record" and ref.name not in self.as_texts else name

    def free(self, name: str) -> str:
        return name if name.isascii() and name.isidentifier() and name not in self.reserved else f'@"{name}"'

    def comment_lines(self, text: str) -> list[str]:
        # Comments must not contain tabs or control characters.
        return ["".join(each if each.isprintable() else " " for each in line) for line in super().comment_lines(text)]

    def enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self._description(info.description)
        own = self.class_name(info.name)
        if info.flags:
            yield f"pub const {own} = struct {{"
            for name, number in info.members:
                yield from indented(self._description(info.descriptions.get(name, "")))
                yield from indented([f"pub const {self.free(name)}: i32 = {number};"])
        else:
            yield f"pub const {own} = {'enum(i32)' if info.numbered else 'enum'} {{"
            for name, number in unique(info):
                yield from indented(self._description(info.descriptions.get(name, "")))
                member = self.free(info.text_of(name))
                yield from indented([f"{self.free(name)} = {number}," if info.numbered else f"{member},"])
        yield "};"

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from self._description(info.description)
        yield from self.remarks(info)
        own = self.class_name(info.name)
        if not info.parameters:
            yield f"pub const {own} = struct {{"
            yield from indented(self._members(info))
            yield "};"
            return
        parameters = ", ".join(f"comptime {each}: type" for each in info.parameters)
        yield f"pub fn {own}({parameters}) type {{"
        named = {name for each in self.contract.all_properties(info) for name in names_in(each.type)}
        # A type parameter that no field uses must be used somewhere.
        yield from (f"    _ = {each};" for each in info.parameters if each not in named)
        yield "    return struct {"
        yield from indented(self._members(info), 2)
        yield from ("    };", "}")

    def _members(self, info: RecordInfo) -> Iterator[str]:
        operation = self.operation(info)
        if operation is not None and self.is_marked(info):
            yield f'pub const TYPE_NAME = "{info.name}";'
            yield f'pub const METHOD = "{operation.verb}";'
            answer = "void" if operation.returns is None else self.type_name(operation.returns).removeprefix("*const ")
            yield from (f"pub const Response = {answer};", "")
        for each in self.contract.all_properties(info):
            yield from self._description(each.description)
            yield from self.member_remarks(info, each)
            yield f"{self.free(each.wire)}: {self._declared(each)},"

    def _declared(self, each: Property) -> str:
        kind = "i32" if self.initial(each) else self.type_name(each.type)
        if self.initial(each):
            return f"{kind} = {self.initial(each)}"
        if self.may_be_absent(each):
            return f"?{kind} = null"
        return f"{kind} = {self._start(each, kind)}"

    def _start(self, each: Property, kind: str) -> str:
        """Return the initial value of a type that has no null."""
        known = self.contract.types.get(each.type.name)
        if isinstance(known, EnumInfo) and not known.flags:
            first, _ = known.members[0]
            return f".{self.free(first if known.numbered else known.text_of(first))}"
        return _EMPTY.get(kind, "0")

    def _description(self, text: str) -> Iterator[str]:
        if self.describes():
            yield from (f"/// {line}" for line in self.comment_lines(text))
