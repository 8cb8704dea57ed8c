"""Visual Basic, as ServiceStack.Client reads it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Head
from gateway.metadata.languages.csharp import CSharpGenerator, DotnetGenerator, parameters_of
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.texts import indented


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
        "GlobalNamespace": values.dotted(keywords.VISUAL_BASIC, folded=True),
        "AddNamespaces": values.dotted_list(keywords.VISUAL_BASIC, folded=True),
    }
    scalars = scalars_of("vbnet")

    def opening(self) -> Iterator[str]:
        yield from (f"Imports {each}" for each in self.imports())
        yield ""
        yield from (f"<Assembly: {each}>" for each in self.contract_namespaces())
        yield from ("Namespace Global", "")

    def closing(self) -> Iterator[str]:
        yield "End Namespace"

    def body(self) -> Iterator[str]:
        for namespace, interfaces in self.declared_interfaces().items():
            yield f"    Namespace {namespace}"
            for each in interfaces:
                yield f"        Public Interface {self.generic(each.type.name, parameters_of(each))}"
                yield "        End Interface"
            yield from ("    End Namespace", "")
        for namespace, group in groupby(self.ordered(), self.namespace):
            yield f"    Namespace {namespace}"
            yield ""
            for info in group:
                yield from indented(self.declaration(info), 2)
                yield ""
            yield "    End Namespace"

    def quoted(self, text: str) -> str:
        # These literals have no escapes, so a blank replaces line breaks and other characters that can't be in them.
        kept = "".join(" " if ord(letter) < ord(" ") or letter in "\x7f\x85\u2028\u2029" else letter for letter in text)
        # Curly quotes end a literal, as straight ones do.
        for quote in '"\u201c\u201d':
            kept = kept.replace(quote, quote * 2)
        return f'"{kept}"'

    def nullable(self, name: str) -> str:
        return f"Nullable(Of {name})"

    def enum(self, info: EnumInfo) -> Iterator[str]:
        if self.describes():
            yield from self.summary(info.description, "'''", "Summary")
        yield from (f"<{each}>" for each in self.enum_attributes(info))
        yield f"Public Enum {self.class_name(info.name)}"
        for before, member in zip(self.member_lines(info, "<", ">", "'''"), self.members(info), strict=True):
            yield from indented([*before, member])
        yield "End Enum"

    def literal(self, value: str | int | float | bool) -> str:
        return str(value) if isinstance(value, bool) else super().literal(value)

    def record(self, info: RecordInfo) -> Iterator[str]:
        if self.describes():
            yield from self.summary(info.description, "'''", "Summary")
        yield from (f"<{each}>" for each in self.attributes(info))
        partial = "Partial " if self.flag("MakePartial") else ""
        yield f"Public {partial}Class {self.own_name(info)}"
        yield from indented(self._members(info))
        yield "End Class"

    def _members(self, info: RecordInfo) -> Iterator[str]:
        if info.base:
            yield f"Inherits {self.type_name(info.base)}"
        yield from (f"Implements {each}" for each in self.implements(info))
        if settings := self.initialized(info):
            yield "Public Sub New()"
            yield from indented(f"{self.free(each.name)} = {self._start(each)}" for each in settings)
            yield from ("End Sub", "")
        overridable = "Overridable " if self.flag("MakeVirtual") else ""
        for number, each in enumerate(info.properties):
            if number and each.description:
                yield ""
            if self.describes():
                yield from self.summary(each.description, "'''", "Summary")
            yield from (f"<{attribute}>" for attribute in self.member_attributes(info, each))
            shadows = "Shadows " if each.redeclared else ""
            yield f"Public {shadows}{overridable}Property {self.free(each.name)} As {self.property_type(each)}"
        if self.is_extensible(info):
            told = "ExtensionData As ExtensionDataObject Implements IExtensibleDataObject.ExtensionData"
            yield f"Public {overridable}Property {told}"

    def _start(self, each: Property) -> str:
        items = "{}" if each.type.name in ("Byte[]", "Array") else ""
        return self.initial(each) or f"New {self.type_name(each.type)}{items}"

    def free(self, name: str) -> str:
        # Words are the same in any letter case.
        return self.kept_form.format(name) if name.lower() in self.reserved else name
