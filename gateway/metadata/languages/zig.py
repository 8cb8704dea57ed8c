"""Zig: structs that the standard library reads from JSON and writes to it."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import keywords
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.selection import list_names, list_unique_members, sort_by_dependencies
from gateway.metadata.languages.texts import indent

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
    scalars = get_scalars("zig")

    def write_head(self) -> Iterator[str]:
        yield from (line.rstrip() for line in super().write_head())

    def write_opening(self) -> Iterator[str]:
        yield from ('const std = @import("std");', "")

    def order_types(self) -> list[TypeInfo]:
        return sort_by_dependencies(self.types, self.contract.by_name)

    def format_type(self, ref: TypeRef) -> str:
        name = super().format_type(ref)
        # A recursive struct contains a pointer to itself.
        return f"*const {name}" if ref.kind == "record" and ref.name not in self.as_texts else name

    def escape_name(self, name: str) -> str:
        return name if name.isascii() and name.isidentifier() and name not in self.reserved else f'@"{name}"'

    def split_comment(self, text: str) -> list[str]:
        # Comments must not contain tabs or control characters.
        return [
            "".join(letter if letter.isprintable() else " " for letter in line) for line in super().split_comment(text)
        ]

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self._write_description(info.description)
        type_name = self.get_class_name(info.name)
        if info.flags:
            yield f"pub const {type_name} = struct {{"
            for name, number in info.members:
                yield from indent(self._write_description(info.descriptions.get(name, "")))
                yield from indent([f"pub const {self.escape_name(name)}: i32 = {number};"])
        else:
            yield f"pub const {type_name} = {'enum(i32)' if info.numbered else 'enum'} {{"
            for name, number in list_unique_members(info):
                yield from indent(self._write_description(info.descriptions.get(name, "")))
                member = self.escape_name(info.text_of(name))
                yield from indent([f"{self.escape_name(name)} = {number}," if info.numbered else f"{member},"])
        yield "};"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from self._write_description(info.description)
        yield from self.write_remarks(info)
        type_name = self.get_class_name(info.name)
        if not info.parameters:
            yield f"pub const {type_name} = struct {{"
            yield from indent(self._write_members(info))
            yield "};"
            return
        parameters = ", ".join(f"comptime {parameter}: type" for parameter in info.parameters)
        yield f"pub fn {type_name}({parameters}) type {{"
        used_names = {name for field in self.contract.all_properties(info) for name in list_names(field.type)}
        # A type parameter that no field uses must be used somewhere.
        yield from (f"    _ = {parameter};" for parameter in info.parameters if parameter not in used_names)
        yield "    return struct {"
        yield from indent(self._write_members(info), 2)
        yield from ("    };", "}")

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        operation = self.find_operation(info)
        if operation is not None and self.is_marked(info):
            yield f'pub const TYPE_NAME = "{info.name}";'
            yield f'pub const METHOD = "{operation.verb}";'
            response_type = (
                "void" if operation.returns is None else self.format_type(operation.returns).removeprefix("*const ")
            )
            yield from (f"pub const Response = {response_type};", "")
        for field in self.contract.all_properties(info):
            yield from self._write_description(field.description)
            yield from self.write_member_remarks(info, field)
            yield f"{self.escape_name(field.wire)}: {self._declare_field(field)},"

    def _declare_field(self, field: Property) -> str:
        kind = "i32" if self.get_initial_value(field) else self.format_type(field.type)
        if self.get_initial_value(field):
            return f"{kind} = {self.get_initial_value(field)}"
        if self.may_be_absent(field):
            return f"?{kind} = null"
        return f"{kind} = {self._get_start_value(field, kind)}"

    def _get_start_value(self, field: Property, kind: str) -> str:
        """Return the initial value of a type that has no null."""
        type_info = self.contract.types.get(field.type.name)
        if isinstance(type_info, EnumInfo) and not type_info.flags:
            first, _ = type_info.members[0]
            return f".{self.escape_name(first if type_info.numbered else type_info.text_of(first))}"
        return _EMPTY.get(kind, "0")

    def _write_description(self, text: str) -> Iterator[str]:
        if self.describes():
            yield from (f"/// {line}" for line in self.split_comment(text))
