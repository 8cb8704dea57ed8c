"""Visual Basic, as ServiceStack.Client reads it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Head
from gateway.metadata.languages.csharp import CSharpGenerator, DotnetGenerator, list_parameters
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.texts import indent


class VisualBasicGenerator(DotnetGenerator):
    """Partial classes with overridable properties."""

    name = "vbnet"
    title = "VB.NET"
    suffix = "vb"
    head = Head(opening="' Options:", closing="", off="''", line="'")
    reserved = keywords.VISUAL_BASIC
    kept_form = "[{0}]"
    named_by = ":="
    type_form = "GetType({0})"
    comment_marks = {}
    list_form = "List(Of {0})"
    map_form = "Dictionary(Of {0}, {1})"
    array_form = "{0}()"
    optional_form = "Nullable(Of {0})"
    generic_form = "{0}(Of {1})"
    defaults = {
        name: value
        for name, value in CSharpGenerator.defaults.items()
        if name not in ("MakeInternal", "AddNullableAnnotations")
    }
    rules = {
        "GlobalNamespace": values.allow_dotted(keywords.VISUAL_BASIC, folded=True),
        "AddNamespaces": values.allow_dotted_list(keywords.VISUAL_BASIC, folded=True),
    }
    scalars = get_scalars("vbnet")

    def write_opening(self) -> Iterator[str]:
        yield from (f"Imports {namespace}" for namespace in self.list_imports())
        yield ""
        yield from (f"<Assembly: {attribute}>" for attribute in self.write_contract_namespaces())
        yield from ("Namespace Global", "")

    def write_closing(self) -> Iterator[str]:
        yield "End Namespace"

    def write_body(self) -> Iterator[str]:
        for namespace, interfaces in self.list_declared_interfaces().items():
            yield f"    Namespace {namespace}"
            for interface in interfaces:
                yield f"        Public Interface {self.format_generic(interface.type.name, list_parameters(interface))}"
                yield "        End Interface"
            yield from ("    End Namespace", "")
        for namespace, group in groupby(self.order_types(), self.get_namespace):
            yield f"    Namespace {namespace}"
            yield ""
            for info in group:
                yield from indent(self.write_declaration(info), 2)
                yield ""
            yield "    End Namespace"

    def quote(self, text: str) -> str:
        # These literals have no escapes, so a blank replaces line breaks and other characters that can't be in them.
        literal = "".join(
            " " if ord(letter) < ord(" ") or letter in "\x7f\x85\u2028\u2029" else letter for letter in text
        )
        # Curly quotes end a literal, as straight ones do.
        for quote in '"\u201c\u201d':
            literal = literal.replace(quote, quote * 2)
        return f'"{literal}"'

    def format_nullable(self, name: str) -> str:
        return f"Nullable(Of {name})"

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        if self.describes():
            yield from self.write_summary(info.description, "'''", "Summary")
        yield from (f"<{attribute}>" for attribute in self.write_enum_attributes(info))
        yield f"Public Enum {self.get_class_name(info.name)}"
        for before, member in zip(
            self.write_member_lines(info, "<", ">", "'''"), self.write_members(info), strict=True
        ):
            yield from indent([*before, member])
        yield "End Enum"

    def format_literal(self, value: str | int | float | bool) -> str:
        return str(value) if isinstance(value, bool) else super().format_literal(value)

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        if self.describes():
            yield from self.write_summary(info.description, "'''", "Summary")
        yield from (f"<{attribute}>" for attribute in self.write_attributes(info))
        partial = "Partial " if self.is_on("MakePartial") else ""
        yield f"Public {partial}Class {self.get_full_name(info)}"
        yield from indent(self._write_members(info))
        yield "End Class"

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        if info.base:
            yield f"Inherits {self.format_type(info.base)}"
        yield from (f"Implements {interface}" for interface in self.implements(info))
        if settings := self.list_initialized(info):
            yield "Public Sub New()"
            yield from indent(f"{self.escape_name(field.name)} = {self._get_start_value(field)}" for field in settings)
            yield from ("End Sub", "")
        overridable = "Overridable " if self.is_on("MakeVirtual") else ""
        for number, field in enumerate(info.properties):
            if number and field.description:
                yield ""
            if self.describes():
                yield from self.write_summary(field.description, "'''", "Summary")
            yield from (f"<{attribute}>" for attribute in self.write_member_attributes(info, field))
            shadows = "Shadows " if field.redeclared else ""
            yield f"Public {shadows}{overridable}Property {self.escape_name(field.name)} As {self.format_property_type(field)}"
        if self.is_extensible(info):
            extension_data = "ExtensionData As ExtensionDataObject Implements IExtensibleDataObject.ExtensionData"
            yield f"Public {overridable}Property {extension_data}"

    def _get_start_value(self, field: Property) -> str:
        items = "{}" if field.type.name in ("Byte[]", "Array") else ""
        return self.get_initial_value(field) or f"New {self.format_type(field.type)}{items}"

    def escape_name(self, name: str) -> str:
        # Words are the same in any letter case.
        return self.kept_form.format(name) if name.lower() in self.reserved else name
