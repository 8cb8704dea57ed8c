"""Ruby, as the gem servicestack reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.selection import dependencies_first
from gateway.metadata.languages.texts import indented, snake_case

_DOCUMENTED = {"Boolean": "TrueClass, FalseClass", "String": "String"}


def _are_modules(text: str) -> bool:
    return all(
        re.fullmatch(r"[A-Z][A-Za-z0-9_]*", each) and each not in keywords.RUBY_CLASSES and each not in ("BEGIN", "END")
        for each in text.split("::")
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
    scalars = scalars_of("ruby")

    def opening(self) -> Iterator[str]:
        yield from ("require 'json'", "require 'servicestack'", "")
        if modules := self._modules():
            yield from (*(f"module {each}" for each in modules), "")

    def closing(self) -> Iterator[str]:
        yield from ("end" for _ in self._modules())

    def _modules(self) -> list[str]:
        return self.text("GlobalNamespace").split("::") if self.text("GlobalNamespace") else []

    def ordered(self) -> list[TypeInfo]:
        return dependencies_first(self.types, self.contract.by_name)

    def class_name(self, name: str) -> str:
        if name in self.provided:
            return f"ServiceStack::{name}"
        constant = name[:1].upper() + name[1:]
        return f"{constant}_" if constant in keywords.RUBY_CLASSES else constant

    def enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self._description(info.description)
        yield f"module {self.class_name(info.name)}"
        # ``BEGIN`` and ``END`` are statements.
        kept = ("BEGIN", "END")
        for name, number in info.members:
            constant = snake_case(name).upper()
            value = str(number) if info.is_numeric else f"'{info.text_of(name)}'"
            shown = f"{constant}{'_' if constant in kept else ''} = {value}"
            yield from indented([*self._description(info.descriptions.get(name, "")), shown])
        yield "end"

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from self._description(info.description)
        yield from self.remarks(info)
        # A separate class for each argument would be another base each time.
        yield f"class {self.class_name(info.name)}{f' < {self.class_name(info.base.name)}' if info.base else ''}"
        if info.base is None:
            yield from indented(["include ServiceStack::DTO", ""])
        yield from indented(self._members(info))
        yield "end"

    def _members(self, info: RecordInfo) -> Iterator[str]:
        for each in self.properties(info):
            yield from self._description(each.description)
            yield from self.member_remarks(info, each)
            yield f"# @return [{self._documented(each.type)}]"
            yield f"attr_accessor :{self._member(each)}"
            if each.description or info.is_contract:
                yield ""
        if self.properties(info):
            yield from ("", "def self.properties", "    {")
            yield from indented(
                (
                    f"{self._member(each)}: {{ name: '{each.wire}'{self._type(each.type)} }},"
                    for each in self.properties(info)
                ),
                2,
            )
            yield from ("    }", "end", "")
        for each in self.properties(info):
            if value := self.initial(each):
                yield from ("def initialize(**given)", f"    super({self._member(each)}: {value}, **given)", "end", "")
        yield from self._closed(info)
        yield from self._answer(info)

    def _closed(self, info: RecordInfo) -> Iterator[str]:
        """Yield the class that closes a generic type; its properties have the argument's type."""
        if not info.parameters:
            return
        names = ", ".join(each.lower() for each in info.parameters)
        known = [each for each in self.properties(info) if _parameters(each.type)]
        entries = ", ".join(
            f"{self._member(each)}: {{ name: '{each.wire}', type: {self._open(each)} }}" for each in known
        )
        yield f"def self.of({names})"
        yield "    Class.new(self) do"
        yield f"        define_singleton_method(:properties) {{ super().merge({{ {entries} }}) }}"
        yield from ("    end", "end", "")

    def _open(self, each: Property) -> str:
        name = self.type_name(each.type)
        for parameter in _parameters(each.type):
            name = re.sub(rf"\b{parameter}\b", parameter.lower(), name)
        return name

    def _answer(self, info: RecordInfo) -> Iterator[str]:
        operation = self.operation(info)
        if operation is not None and self.is_marked(info):
            returns = operation.returns
            yield f"def response_type() = {'nil' if returns is None else self._answer_type(returns)}"
            yield f"def get_type_name() = '{info.name}'"
            yield f"def get_method() = '{operation.verb}'"

    def _answer_type(self, ref: TypeRef) -> str:
        if ref.kind == "record" or (ref.kind == "list" and ref.arguments[0].kind == "record"):
            return self.type_name(ref)
        # Types that JSON has itself need no class.
        return "nil"

    def _type(self, ref: TypeRef) -> str:
        """Return the class that the library needs to read a property's type."""
        if ref.kind == "list":
            return f", type: [{self.class_name(ref.arguments[0].name)}]" if ref.arguments[0].kind == "record" else ""
        return f", type: {self.type_name(ref)}" if ref.kind == "record" else ""

    def _documented(self, ref: TypeRef) -> str:
        if ref.kind == "list":
            return f"Array<{self._documented(ref.arguments[0])}>"
        if ref.kind == "map":
            return f"Hash{{{' => '.join(self._documented(each) for each in ref.arguments)}}}"
        return _DOCUMENTED.get(ref.name) or (self.type_name(ref) if ref.kind == "scalar" else ref.name)

    def _description(self, text: str) -> Iterator[str]:
        if self.describes():
            yield from (f"# {line}" for line in self.comment_lines(text))

    def _member(self, each: Property) -> str:
        plain = snake_case(each.name)
        return f"{plain}_" if plain in self.reserved else plain


def _parameters(ref: TypeRef) -> list[str]:
    own = [ref.name] if ref.kind == "parameter" else []
    return own + [name for each in ref.arguments for name in _parameters(each)]
