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
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import is_value, scalars_of
from gateway.metadata.languages.selection import by_name
from gateway.metadata.languages.texts import indented
from gateway.metadata.languages.wording import api_values

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


def parameters_of(interface: InterfaceRef) -> list[str]:
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

    def declared_interfaces(self) -> dict[str, list[InterfaceRef]]:
        """Return the interfaces that are not in the client library, without duplicates, by namespace."""
        found: dict[str, dict[str, InterfaceRef]] = {}
        for info in self.types.values():
            for each in info.interfaces if isinstance(info, RecordInfo) else ():
                if each.namespace != SERVICESTACK:
                    namespace = self.text("GlobalNamespace") or each.namespace
                    found.setdefault(namespace, {}).setdefault(each.type.name, each)
        return {namespace: [*known.values()] for namespace, known in sorted(found.items())}

    def ordered(self) -> list[TypeInfo]:
        return by_name(self.types)

    def imports(self) -> list[str]:
        """Return the namespaces that the document uses."""
        own = sorted({info.namespace for info in self.types.values()} | self.declared_interfaces().keys())
        used = [self.text("GlobalNamespace")] if self.text("GlobalNamespace") else own
        return [*dict.fromkeys([*self.system_namespaces(), *names(self.text("AddNamespaces")), *used])]

    def system_namespaces(self) -> list[str]:
        """Return the namespaces of .NET and of the client library that the document needs."""
        return [*NAMESPACES, *(["System.IO"] if self.uses("Stream") else [])]

    def property_type(self, each: Property) -> str:
        """Return a property's type, with a mark if the value may be absent."""
        name = self.type_name(each.type)
        return self.nullable(name) if each.nullable and is_value(each.type) else name

    def nullable(self, name: str) -> str:
        """Return a value type with the mark for null."""
        return f"{name}?"

    def namespace(self, info: TypeInfo) -> str:
        """Return the namespace in which a type is declared."""
        return self.text("GlobalNamespace") or info.namespace

    def contract_namespaces(self) -> Iterator[str]:
        """Yield the attributes with the XML namespace of every namespace, if data contracts are requested."""
        if self.flag("AddDataContractAttributes"):
            xml = self.quoted(self.text("AddDefaultXmlNamespace"))
            for each in sorted({self.namespace(info) for info in self.types.values()}):
                yield self.call(
                    "System.Runtime.Serialization.ContractNamespace", "ClrNamespace", self.quoted(each), xml
                )

    def attributes(self, info: RecordInfo) -> Iterator[str]:
        """Yield a class's attributes, without brackets."""
        for path, verbs in self.routes(info):
            yield f"Route({self.quoted(path)}{f', {self.quoted(verbs)}' if verbs else ''})"
        if info.description and self.operation(info):
            yield self.call("Api", "Description", self.quoted(info.description))
        if info.is_contract or self.flag("AddDataContractAttributes"):
            yield "DataContract"
        yield from map(self.further, info.attributes)
        if self.flag("AddGeneratedCodeAttributes"):
            yield 'System.CodeDom.Compiler.GeneratedCode("AddServiceStackReference", "1.0")'

    def member_attributes(self, info: RecordInfo, each: Property) -> Iterator[str]:
        """Yield a property's attributes, without brackets."""
        if info.is_contract or self.flag("AddDataContractAttributes"):
            values = self.data_member(info, each)
            declared = each.data_member is not None and each.data_member.order is not None
            if self.flag("AddIndexesToDataMembers"):
                values.setdefault("Order", info.properties.index(each) + 1)
            elif not declared:
                values.pop("Order", None)
            arguments = self.arguments(values, self.named_by)
            yield f"DataMember({arguments})" if arguments else "DataMember"
        if told := self.arguments(api_values(each), self.named_by):
            yield f"ApiMember({told})"
        yield from map(self.further, each.attributes)

    def further(self, attribute: Attribute) -> str:
        """Return an attribute as it was declared."""
        first = [*map(self.literal, attribute.arguments)]
        arguments = ", ".join(filter(None, [*first, self.arguments(attribute.values, self.named_by)]))
        return f"{attribute.name}({arguments})" if arguments else attribute.name

    def enum_attributes(self, info: EnumInfo) -> Iterator[str]:
        """Yield an enum's attributes, without brackets."""
        if info.flags:
            yield "Flags"
        elif info.numbered:
            yield "EnumAsInt"

    def call(self, attribute: str, argument: str, value: str, *first: str) -> str:
        """Return an attribute with a named argument, after those in `first`."""
        return f"{attribute}({', '.join([*first, f'{argument}{self.named_by}{value}'])})"

    def implements(self, info: RecordInfo) -> list[str]:
        return [*super().implements(info), *(["IExtensibleDataObject"] if self.is_extensible(info) else [])]

    def is_extensible(self, info: RecordInfo) -> bool:
        """Return whether a class keeps unknown members; classes that inherit from it keep them too."""
        return self.flag("MakeDataContractsExtensible") and info.base is None

    def members(self, info: EnumInfo) -> Iterator[str]:
        """Yield an enum's members, with their numbers unless these just count from 0."""
        for name, number in info.members:
            yield self.free(name) if info.counts and not info.flags else f"{self.free(name)} = {number}"

    def member_lines(self, info: EnumInfo, opening: str, closing: str, mark: str = "///") -> Iterator[list[str]]:
        """Yield the lines before each member of an enum: its description, and its text in documents.

        :param opening: the bracket in front of an attribute.
        """
        for name, _ in info.members:
            described = self.summary(info.descriptions.get(name, ""), mark) if self.describes() else ()
            text = info.texts.get(name)
            said = [f"{opening}{self.call('EnumMember', 'Value', self.quoted(text))}{closing}"] if text else []
            yield [*described, *said]

    def initialized(self, info: RecordInfo) -> list[Property]:
        """Return the properties that a constructor sets."""
        collections = self.flag("InitializeCollections") and not (self.starts_at_member and self.edition.initializers)
        return [each for each in info.properties if self.initial(each) or (collections and is_collection(each.type))]

    def summary(self, text: str, mark: str = "///", tag: str = "summary") -> Iterator[str]:
        """Yield a description as a documentation comment."""
        lines = self.comment_lines(text)
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
        "GlobalNamespace": values.dotted(keywords.CSHARP),
        "AddNamespaces": values.dotted_list(keywords.CSHARP),
    }
    scalars = scalars_of("csharp")

    def opening(self) -> Iterator[str]:
        yield from (f"using {each};" for each in self.imports())
        assembly = [f"[assembly: {each}]" for each in self.contract_namespaces()]
        yield from ["", *assembly] if assembly or self.edition.spaced else ()
        yield ""

    def body(self) -> Iterator[str]:
        for namespace, interfaces in self.declared_interfaces().items():
            yield from (f"namespace {namespace}", "{")
            for each in interfaces:
                yield f"    {self._visible} interface {self.generic(each.type.name, parameters_of(each))} {{ }}"
            yield from ("}", "")
        for namespace, group in groupby(self.ordered(), self.namespace):
            yield from (f"namespace {namespace}", "{", *([""] if self.edition.spaced else []))
            for info in group:
                yield from indented(self.declaration(info))
                yield ""
            yield from ("}", "")

    def enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self._description(info.description)
        yield from (f"[{each}]" for each in self.enum_attributes(info))
        yield from (f"{self._visible} enum {self.class_name(info.name)}", "{")
        for before, member in zip(self.member_lines(info, "[", "]"), self.members(info), strict=True):
            yield from indented([*before, f"{member},"])
        yield "}"

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from self._description(info.description)
        yield from (f"[{each}]" for each in self.attributes(info))
        partial = " partial" if self.flag("MakePartial") else ""
        yield f"{self._visible}{partial} class {self.own_name(info)}"
        bases = [*([self.type_name(info.base)] if info.base else []), *self.implements(info)]
        if bases:
            yield f"    : {', '.join(bases)}"
        yield "{"
        yield from indented(self._members(info))
        yield "}"

    @property
    def _visible(self) -> str:
        return "internal" if self.flag("MakeInternal") else "public"

    def _description(self, text: str) -> Iterator[str]:
        if self.describes():
            yield from self.summary(text)
        elif text:
            yield f"[Description({self.quoted(text)})]"

    def _members(self, info: RecordInfo) -> Iterator[str]:
        if settings := self.initialized(info):
            yield from (f"public {self.class_name(info.name)}()", "{")
            yield from indented(f"{self.free(each.name)} = {self._start(each)};" for each in settings)
            yield from ("}", "")
        virtual = " virtual" if self.flag("MakeVirtual") else ""
        noted = False
        for number, each in enumerate(info.properties):
            apart = each.description or info.ordered if self.edition.spaced else noted
            if number and apart:
                yield ""
            yield from self._description(each.description)
            attributes = [f"[{attribute}]" for attribute in self.member_attributes(info, each)]
            yield from attributes
            noted = bool(attributes) or bool(each.description and not self.describes())
            modifiers = f"{' new' if each.redeclared else ''}{virtual}"
            value = f" = {self._value(each)};" if self._value(each) else ""
            yield f"public{modifiers} {self.property_type(each)} {self.free(each.name)} {{ get; set; }}{value}"
        if self.is_extensible(info):
            yield from ("", f"public{virtual} ExtensionDataObject ExtensionData {{ get; set; }}")

    def further(self, attribute: Attribute) -> str:
        validator = attribute.values.get("Validator")
        if self.edition.spaced or attribute.name not in _VALIDATORS or validator is None:
            return super().further(attribute)
        others = {name: value for name, value in attribute.values.items() if name != "Validator"}
        return super().further(replace(attribute, arguments=(*attribute.arguments, validator), values=others))

    @property
    def _annotated(self) -> bool:
        """Whether reference types show whether they may be null."""
        return self.flag("AddNullableAnnotations")

    def property_type(self, each: Property) -> str:
        name = super().property_type(each)
        return f"{name}?" if self._annotated and not is_value(each.type) and not self.is_required(each) else name

    def _value(self, each: Property) -> str:
        """Return the value with which a property is declared; empty if it has none."""
        if self.edition.initializers and self.is_filled(each):
            return "new()" if each.type.kind == "map" else "[]"
        return ""

    def _start(self, each: Property) -> str:
        return self.initial(each) or f"new {self.type_name(each.type)}{{}}"
