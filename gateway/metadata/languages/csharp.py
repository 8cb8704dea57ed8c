"""C#, as ServiceStack.Client reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import ClassVar
from xml.sax.saxutils import escape

from gateway.contract.dto_field import Attribute
from gateway.contract.typeinfo import SERVICESTACK, EnumInfo, InterfaceRef, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator
from gateway.metadata.languages.options import split_names
from gateway.metadata.languages.scalars import get_scalars, is_value
from gateway.metadata.languages.selection import sort_by_name
from gateway.metadata.languages.texts import indent
from gateway.metadata.languages.wording import list_api_values

NAMESPACES = (
    "System",
    "System.Collections",
    "System.Collections.Generic",
    "System.Runtime.Serialization",
    "ServiceStack",
    "ServiceStack.DataAnnotations",
)


#: Namespaces of .NET itself.
_COLLECTIONS = "System.Collections.Generic"


def is_collection(ref: TypeRef) -> bool:
    """Return whether a value of the type has items."""
    return ref.kind in ("list", "map") or ref.name == "Byte[]"


def list_parameters(interface: InterfaceRef) -> list[str]:
    """Return names for the type parameters of an interface."""
    many = len(interface.type.arguments)
    return ["T"] if many == 1 else [f"T{number + 1}" for number in range(many)]


class DotnetGenerator(Generator):
    """The base of the languages of .NET: namespaces, attributes, the types that the client library contains."""

    list_form = "List<{0}>"
    map_form = "Dictionary<{0}, {1}>"
    array_form = "{0}[]"
    optional_form = "{0}?"
    named_by = "="
    has_flags = has_numbered = True
    #: Whether the language initializes a member at its declaration, in editions that do so.
    starts_at_member: ClassVar[bool] = False

    def _select(self) -> dict[str, TypeInfo]:
        selected = super()._select().items()
        return {name: info for name, info in selected if info.namespace not in (SERVICESTACK, _COLLECTIONS)}

    def knows(self, interface: InterfaceRef) -> bool:
        return True

    def list_declared_interfaces(self) -> dict[str, list[InterfaceRef]]:
        """Return the interfaces that are not in the client library, without duplicates, by namespace."""
        interfaces: dict[str, dict[str, InterfaceRef]] = {}
        for info in self.types.values():
            for interface in info.interfaces if isinstance(info, RecordInfo) else ():
                if interface.namespace != SERVICESTACK:
                    namespace = self.get_option("GlobalNamespace") or interface.namespace
                    interfaces.setdefault(namespace, {}).setdefault(interface.type.name, interface)
        return {namespace: [*by_type.values()] for namespace, by_type in sorted(interfaces.items())}

    def order_types(self) -> list[TypeInfo]:
        return sort_by_name(self.types)

    def list_imports(self) -> list[str]:
        """Return the namespaces that the document uses."""
        namespaces = sorted({info.namespace for info in self.types.values()} | self.list_declared_interfaces().keys())
        type_namespaces = [self.get_option("GlobalNamespace")] if self.get_option("GlobalNamespace") else namespaces
        return [
            *dict.fromkeys(
                [*self.list_system_namespaces(), *split_names(self.get_option("AddNamespaces")), *type_namespaces]
            )
        ]

    def list_system_namespaces(self) -> list[str]:
        """Return the namespaces of .NET and of the client library that the document needs."""
        return [*NAMESPACES, *(["System.IO"] if self.uses("Stream") else [])]

    def format_property_type(self, field: Property) -> str:
        """Return a property's type, with a mark if the value may be absent."""
        name = self.format_type(field.type)
        return self.format_nullable(name) if field.nullable and is_value(field.type) else name

    def format_nullable(self, name: str) -> str:
        """Return a value type with the mark for null."""
        return f"{name}?"

    def get_namespace(self, info: TypeInfo) -> str:
        """Return the namespace in which a type is declared."""
        return self.get_option("GlobalNamespace") or info.namespace

    def write_contract_namespaces(self) -> Iterator[str]:
        """Yield the attributes with the XML namespace of every namespace, if data contracts are requested."""
        if self.is_on("AddDataContractAttributes"):
            xml = self.quote(self.get_option("AddDefaultXmlNamespace"))
            for namespace in sorted({self.get_namespace(info) for info in self.types.values()}):
                yield self.write_call(
                    "System.Runtime.Serialization.ContractNamespace", "ClrNamespace", self.quote(namespace), xml
                )

    def write_attributes(self, info: RecordInfo) -> Iterator[str]:
        """Yield a class's attributes, without brackets."""
        for path, verbs in self.list_routes(info):
            yield f"Route({self.quote(path)}{f', {self.quote(verbs)}' if verbs else ''})"
        if self.contract.has_api(info):
            yield self.write_call("Api", "Description", self.quote(info.description))
        if info.is_contract or self.is_on("AddDataContractAttributes"):
            yield "DataContract"
        yield from map(self.write_attribute, info.attributes)
        if self.is_on("AddGeneratedCodeAttributes"):
            yield 'System.CodeDom.Compiler.GeneratedCode("AddServiceStackReference", "1.0")'

    def write_member_attributes(self, info: RecordInfo, field: Property) -> Iterator[str]:
        """Yield a property's attributes, without brackets."""
        if info.is_contract or self.is_on("AddDataContractAttributes"):
            values = self.build_data_member(info, field)
            has_order = field.data_member is not None and field.data_member.order is not None
            if self.is_on("AddIndexesToDataMembers"):
                values.setdefault("Order", info.properties.index(field) + 1)
            elif not has_order:
                values.pop("Order", None)
            arguments = self.format_arguments(values, self.named_by)
            yield f"DataMember({arguments})" if arguments else "DataMember"
        if api_arguments := self.format_arguments(list_api_values(field), self.named_by):
            yield f"ApiMember({api_arguments})"
        yield from map(self.write_attribute, field.attributes)

    def write_attribute(self, attribute: Attribute) -> str:
        """Return an attribute as it was declared."""
        first = [*map(self.format_literal, attribute.arguments)]
        arguments = ", ".join(filter(None, [*first, self.format_arguments(attribute.values, self.named_by)]))
        return f"{attribute.name}({arguments})" if arguments else attribute.name

    def write_enum_attributes(self, info: EnumInfo) -> Iterator[str]:
        """Yield an enum's attributes, without brackets."""
        if info.flags:
            yield "Flags"
        elif info.numbered:
            yield "EnumAsInt"

    def write_call(self, attribute: str, argument: str, value: str, *first: str) -> str:
        """Return an attribute with a named argument, after those in `first`."""
        return f"{attribute}({', '.join([*first, f'{argument}{self.named_by}{value}'])})"

    def implements(self, info: RecordInfo) -> list[str]:
        return [*super().implements(info), *(["IExtensibleDataObject"] if self.is_extensible(info) else [])]

    def is_extensible(self, info: RecordInfo) -> bool:
        """Return whether a class keeps unknown members; classes that inherit from it keep them too."""
        return self.is_on("MakeDataContractsExtensible") and info.base is None

    def write_members(self, info: EnumInfo) -> Iterator[str]:
        """Yield an enum's members, with their numbers unless these just count from 0."""
        for name, number in info.members:
            yield self.escape_name(name) if info.counts and not info.flags else f"{self.escape_name(name)} = {number}"

    def write_member_lines(self, info: EnumInfo, opening: str, closing: str, mark: str = "///") -> Iterator[list[str]]:
        """Yield the lines before each member of an enum: its description, and its text in documents.

        :param opening: the bracket in front of an attribute.
        """
        for name, _ in info.members:
            summary = self.write_summary(info.descriptions.get(name, ""), mark) if self.describes() else ()
            text = info.texts.get(name)
            attributes = (
                [f"{opening}{self.write_call('EnumMember', 'Value', self.quote(text))}{closing}"] if text else []
            )
            yield [*summary, *attributes]

    def list_initialized(self, info: RecordInfo) -> list[Property]:
        """Return the properties that a constructor sets."""
        collections = self.is_on("InitializeCollections") and not (self.starts_at_member and self.edition.initializers)
        return [
            field
            for field in info.properties
            if self.get_initial_value(field) or (collections and is_collection(field.type))
        ]

    def write_summary(self, text: str, mark: str = "///", tag: str = "summary") -> Iterator[str]:
        """Yield a description as a documentation comment."""
        lines = self.split_comment(text)
        if lines:
            yield f"{mark}<{tag}>"
            yield from (f"{mark}{escape(line)}" for line in lines)
            yield f"{mark}</{tag}>"


#: Attributes whose constructors take the validator.
_VALIDATORS = frozenset({"Validate", "ValidateRequest"})


class CSharpGenerator(DotnetGenerator):
    """Partial classes with virtual properties."""

    starts_at_member = True

    name = "csharp"
    title = "C#"
    suffix = "cs"
    reserved = keywords.CSHARP
    kept_form = "@{0}"
    comment_marks = {}
    defaults = {
        "GlobalNamespace": "",
        "MakePartial": "True",
        "MakeVirtual": "True",
        "MakeInternal": "False",
        "MakeDataContractsExtensible": "False",
        "AddNullableAnnotations": "False",
        "AddReturnMarker": "True",
        "AddDescriptionAsComments": "True",
        "AddDataContractAttributes": "False",
        "AddIndexesToDataMembers": "False",
        "AddGeneratedCodeAttributes": "False",
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "InitializeCollections": "True",
        "ExportValueTypes": "False",
        "IncludeTypes": "",
        "ExcludeTypes": "",
        "AddNamespaces": "",
        "AddDefaultXmlNamespace": "http://schemas.servicestack.net/types",
    }
    rules = {
        "GlobalNamespace": values.allow_dotted(keywords.CSHARP),
        "AddNamespaces": values.allow_dotted_list(keywords.CSHARP),
    }
    scalars = get_scalars("csharp")

    def write_opening(self) -> Iterator[str]:
        yield from (f"using {namespace};" for namespace in self.list_imports())
        assembly = [f"[assembly: {attribute}]" for attribute in self.write_contract_namespaces()]
        yield from ["", *assembly] if assembly or self.edition.spaced else ()
        yield ""

    def write_body(self) -> Iterator[str]:
        for namespace, interfaces in self.list_declared_interfaces().items():
            yield from (f"namespace {namespace}", "{")
            for interface in interfaces:
                yield f"    {self._visible} interface {self.format_generic(interface.type.name, list_parameters(interface))} {{ }}"
            yield from ("}", "")
        for namespace, group in groupby(self.order_types(), self.get_namespace):
            yield from (f"namespace {namespace}", "{", *([""] if self.edition.spaced else []))
            for info in group:
                yield from indent(self.write_declaration(info))
                yield ""
            yield from ("}", "")

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self._write_description(info.description)
        yield from (f"[{attribute}]" for attribute in self.write_enum_attributes(info))
        yield from (f"{self._visible} enum {self.get_class_name(info.name)}", "{")
        for before, member in zip(self.write_member_lines(info, "[", "]"), self.write_members(info), strict=True):
            yield from indent([*before, f"{member},"])
        yield "}"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from self._write_description(info.description)
        yield from (f"[{attribute}]" for attribute in self.write_attributes(info))
        partial = " partial" if self.is_on("MakePartial") else ""
        yield f"{self._visible}{partial} class {self.get_full_name(info)}"
        bases = [*([self.format_type(info.base)] if info.base else []), *self.implements(info)]
        if bases:
            yield f"    : {', '.join(bases)}"
        yield "{"
        yield from indent(self._write_members(info))
        yield "}"

    @property
    def _visible(self) -> str:
        return "internal" if self.is_on("MakeInternal") else "public"

    def _write_description(self, text: str) -> Iterator[str]:
        if self.describes():
            yield from self.write_summary(text)
        elif text:
            yield f"[Description({self.quote(text)})]"

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        if settings := self.list_initialized(info):
            yield from (f"public {self.get_class_name(info.name)}()", "{")
            yield from indent(f"{self.escape_name(field.name)} = {self._get_start_value(field)};" for field in settings)
            yield from ("}", "")
        virtual = " virtual" if self.is_on("MakeVirtual") else ""
        has_notes = False
        for number, field in enumerate(info.properties):
            apart = field.description or info.ordered if self.edition.spaced else has_notes
            if number and apart:
                yield ""
            yield from self._write_description(field.description)
            attributes = [f"[{attribute}]" for attribute in self.write_member_attributes(info, field)]
            yield from attributes
            has_notes = bool(attributes) or bool(field.description and not self.describes())
            modifiers = f"{' new' if field.redeclared else ''}{virtual}"
            value = f" = {self._write_value(field)};" if self._write_value(field) else ""
            yield f"public{modifiers} {self.format_property_type(field)} {self.escape_name(field.name)} {{ get; set; }}{value}"
        if self.is_extensible(info):
            yield from ("", f"public{virtual} ExtensionDataObject ExtensionData {{ get; set; }}")

    def write_attribute(self, attribute: Attribute) -> str:
        validator = attribute.values.get("Validator")
        if self.edition.spaced or attribute.name not in _VALIDATORS or validator is None:
            return super().write_attribute(attribute)
        others = {name: value for name, value in attribute.values.items() if name != "Validator"}
        return super().write_attribute(replace(attribute, arguments=(*attribute.arguments, validator), values=others))

    @property
    def _annotated(self) -> bool:
        """Whether reference types show whether they may be null."""
        return self.is_on("AddNullableAnnotations")

    def format_property_type(self, field: Property) -> str:
        name = super().format_property_type(field)
        return f"{name}?" if self._annotated and not is_value(field.type) and not self.is_required(field) else name

    def _write_value(self, field: Property) -> str:
        """Return the value with which a property is declared; empty if it has none."""
        if self.edition.initializers and self.is_filled(field):
            return "new()" if field.type.kind == "map" else "[]"
        return ""

    def _get_start_value(self, field: Property) -> str:
        return self.get_initial_value(field) or f"new {self.format_type(field.type)}{{}}"
