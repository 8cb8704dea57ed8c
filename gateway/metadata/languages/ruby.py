"""Ruby, as the gem servicestack reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.selection import sort_by_dependencies
from gateway.metadata.languages.texts import indent, snake_case

_DOCUMENTED = {"Boolean": "TrueClass, FalseClass", "String": "String"}


def _are_modules(text: str) -> bool:
    return all(
        re.fullmatch(r"[A-Z][A-Za-z0-9_]*", part) and part not in keywords.RUBY_CLASSES and part not in ("BEGIN", "END")
        for part in text.split("::")
    )


class RubyGenerator(Generator):
    """Classes with accessors and a table of their properties' names in JSON."""

    name = "ruby"
    title = "Ruby"
    suffix = "rb"
    head = Head(opening="# frozen_string_literal: true\n\n# Options:\n=begin", closing="=end", off="#")
    line_comment = "#"
    reserved = keywords.RUBY
    comment_marks = {}
    provided = frozenset({"ResponseStatus", "ResponseError"})
    list_form = "[{0}]"
    map_form = "{{ {0} => {1} }}"
    generic_form = "{0}.of({1})"
    defaults = {
        "GlobalNamespace": "",
        "AddReturnMarker": "True",
        "AddDescriptionAsComments": "True",
        "AddServiceStackTypes": "True",
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "IncludeTypes": "",
        "ExcludeTypes": "",
    }
    rules = {
        "GlobalNamespace": values.Rule(
            "names of modules, each with a capital letter first, separated by '::'", _are_modules
        )
    }
    scalars = get_scalars("ruby")

    def write_opening(self) -> Iterator[str]:
        yield from ("require 'json'", "require 'servicestack'", "")
        if modules := self._list_modules():
            yield from (*(f"module {module}" for module in modules), "")

    def write_closing(self) -> Iterator[str]:
        yield from ("end" for _ in self._list_modules())

    def _list_modules(self) -> list[str]:
        return self.get_option("GlobalNamespace").split("::") if self.get_option("GlobalNamespace") else []

    def order_types(self) -> list[TypeInfo]:
        return sort_by_dependencies(self.types, self.contract.by_name)

    def get_class_name(self, name: str) -> str:
        if name in self.provided:
            return f"ServiceStack::{name}"
        constant = name[:1].upper() + name[1:]
        return f"{constant}_" if constant in keywords.RUBY_CLASSES else constant

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self._write_description(info.description)
        yield f"module {self.get_class_name(info.name)}"
        # ``BEGIN`` and ``END`` are statements.
        reserved = ("BEGIN", "END")
        for name, number in info.members:
            constant = snake_case(name).upper()
            value = str(number) if info.is_numeric else f"'{info.text_of(name)}'"
            assignment = f"{constant}{'_' if constant in reserved else ''} = {value}"
            yield from indent([*self._write_description(info.descriptions.get(name, "")), assignment])
        yield "end"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from self._write_description(info.description)
        yield from self.write_remarks(info)
        # A separate class for each argument would be another base each time.
        yield f"class {self.get_class_name(info.name)}{f' < {self.get_class_name(info.base.name)}' if info.base else ''}"
        if info.base is None:
            yield from indent(["include ServiceStack::DTO", ""])
        yield from indent(self._write_members(info))
        yield "end"

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        for field in self.list_properties(info):
            yield from self._write_description(field.description)
            yield from self.write_member_remarks(info, field)
            yield f"# @return [{self._document_type(field.type)}]"
            yield f"attr_accessor :{self._get_field_name(field)}"
            if field.description or info.is_contract:
                yield ""
        if self.list_properties(info):
            yield from ("", "def self.properties", "    {")
            yield from indent(
                (
                    f"{self._get_field_name(field)}: {{ name: '{field.wire}'{self._write_class(field.type)} }},"
                    for field in self.list_properties(info)
                ),
                2,
            )
            yield from ("    }", "end", "")
        for field in self.list_properties(info):
            if value := self.get_initial_value(field):
                yield from (
                    "def initialize(**given)",
                    f"    super({self._get_field_name(field)}: {value}, **given)",
                    "end",
                    "",
                )
        yield from self._write_closed_class(info)
        yield from self._write_response_type(info)

    def _write_closed_class(self, info: RecordInfo) -> Iterator[str]:
        """Yield the class that closes a generic type; its properties have the argument's type."""
        if not info.parameters:
            return
        names = ", ".join(parameter.lower() for parameter in info.parameters)
        generic_fields = [field for field in self.list_properties(info) if _list_parameters(field.type)]
        entries = ", ".join(
            f"{self._get_field_name(field)}: {{ name: '{field.wire}', type: {self._write_open_type(field)} }}"
            for field in generic_fields
        )
        yield f"def self.of({names})"
        yield "    Class.new(self) do"
        yield f"        define_singleton_method(:properties) {{ super().merge({{ {entries} }}) }}"
        yield from ("    end", "end", "")

    def _write_open_type(self, field: Property) -> str:
        name = self.format_type(field.type)
        for parameter in _list_parameters(field.type):
            name = re.sub(rf"\b{parameter}\b", parameter.lower(), name)
        return name

    def _write_response_type(self, info: RecordInfo) -> Iterator[str]:
        operation = self.find_operation(info)
        if operation is not None and self.is_marked(info):
            returns = operation.returns
            yield f"def response_type() = {'nil' if returns is None else self._write_response_class(returns)}"
            yield f"def get_type_name() = '{info.name}'"
            yield f"def get_method() = '{operation.verb}'"

    def _write_response_class(self, ref: TypeRef) -> str:
        if ref.kind == "record" or (ref.kind == "list" and ref.arguments[0].kind == "record"):
            return self.format_type(ref)
        # Types that JSON has itself need no class.
        return "nil"

    def _write_class(self, ref: TypeRef) -> str:
        """Return the class that the library needs to read a property's type."""
        if ref.kind == "list":
            return (
                f", type: [{self.get_class_name(ref.arguments[0].name)}]" if ref.arguments[0].kind == "record" else ""
            )
        return f", type: {self.format_type(ref)}" if ref.kind == "record" else ""

    def _document_type(self, ref: TypeRef) -> str:
        if ref.kind == "list":
            return f"Array<{self._document_type(ref.arguments[0])}>"
        if ref.kind == "map":
            return f"Hash{{{' => '.join(self._document_type(argument) for argument in ref.arguments)}}}"
        return _DOCUMENTED.get(ref.name) or (self.format_type(ref) if ref.kind == "scalar" else ref.name)

    def _write_description(self, text: str) -> Iterator[str]:
        if self.describes():
            yield from (f"# {line}" for line in self.split_comment(text))

    def _get_field_name(self, field: Property) -> str:
        plain = snake_case(field.name)
        return f"{plain}_" if plain in self.reserved else plain


def _list_parameters(ref: TypeRef) -> list[str]:
    parameters = [ref.name] if ref.kind == "parameter" else []
    return parameters + [name for argument in ref.arguments for name in _list_parameters(argument)]
