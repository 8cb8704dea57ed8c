"""F#, as ServiceStack.Client reads it."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef, references
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Head
from gateway.metadata.languages.csharp import DotnetGenerator, is_collection, list_parameters
from gateway.metadata.languages.options import split_names
from gateway.metadata.languages.scalars import get_scalars, is_value
from gateway.metadata.languages.selection import list_names, sort_by_dependencies
from gateway.metadata.languages.texts import indent


class FSharpGenerator(DotnetGenerator):
    """Classes with properties, each after the classes that it refers to."""

    name = "fsharp"
    title = "F#"
    suffix = "fs"
    head = Head(opening="(* Options:", closing="*)")
    reserved = keywords.FSHARP
    kept_form = "``{0}``"
    comment_marks = {}
    defaults = {
        "GlobalNamespace": "",
        "MakeDataContractsExtensible": "False",
        "AddReturnMarker": "True",
        "AddDescriptionAsComments": "True",
        "AddDataContractAttributes": "False",
        "AddIndexesToDataMembers": "False",
        "AddGeneratedCodeAttributes": "False",
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "ExportValueTypes": "False",
        "IncludeTypes": "",
        "ExcludeTypes": "",
        "InitializeCollections": "True",
        "AddNamespaces": "",
    }
    rules = {
        "GlobalNamespace": values.allow_dotted(keywords.FSHARP),
        "AddNamespaces": values.allow_dotted_list(keywords.FSHARP),
    }
    scalars = get_scalars("fsharp")
    optional_form = "Nullable<{0}>"
    type_form = "typeof<{0}>"

    def write_opening(self) -> Iterator[str]:
        first = next(
            (operation.request.namespace for operation in self.contract.operations if operation.name in self.types), ""
        )
        anywhere = next((info.namespace for info in self.types.values()), "dtos")
        # Only a recursive namespace allows references to later types.
        circular = " rec" if self._is_circular() else ""
        yield from (f"namespace{circular} {self.get_option('GlobalNamespace') or first or anywhere}", "")
        yield from (
            f"open {namespace}"
            for namespace in (*self.list_system_namespaces(), *split_names(self.get_option("AddNamespaces")))
        )
        yield ""

    def write_body(self) -> Iterator[str]:
        for interfaces in self.list_declared_interfaces().values():
            for interface in interfaces:
                parameters = [f"'{name}" for name in list_parameters(interface)]
                yield from (
                    "    [<AllowNullLiteral>]",
                    f"    type {self.format_generic(interface.type.name, parameters)} =",
                )
                yield from ("        interface end", "")
        yield from indent(super().write_body())

    def format_type(self, ref: TypeRef) -> str:
        return f"'{ref.name}" if ref.kind == "parameter" else super().format_type(ref)

    def order_types(self) -> list[TypeInfo]:
        return sort_by_dependencies(self.types, self.contract.by_name)

    def _is_circular(self) -> bool:
        """Return whether a type refers to one that can't be declared before it."""
        pending = set(self.types)
        for info in self.order_types():
            pending.discard(info.name)
            operation = self.find_operation(info) if isinstance(info, RecordInfo) and self.is_marked(info) else None
            refs = [*references(info), *([operation.returns] if operation and operation.returns else [])]
            if any(name in pending for ref in refs for name in list_names(ref)):
                return True
        return False

    def format_nullable(self, name: str) -> str:
        return f"Nullable<{name}>"

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        if self.describes():
            yield from self.write_summary(info.description)
        yield from (f"[<{attribute}>]" for attribute in self.write_enum_attributes(info))
        yield f"type {self.get_class_name(info.name)} ="
        for before, (name, number) in zip(self.write_member_lines(info, "[<", ">]"), info.members, strict=True):
            comments = [line for line in before if line.startswith("///")]
            attribute = "".join(f"{line} " for line in before if line not in comments)
            yield from indent([*comments, f"| {attribute}{self.escape_name(name)} = {number}"])

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        if self.describes():
            yield from self.write_summary(info.description)
        yield from (f"[<{attribute}>]" for attribute in self.write_attributes(info))
        yield "[<AllowNullLiteral>]"
        parameters = [f"'{parameter}" for parameter in info.parameters]
        yield f"type {self.format_generic(self.get_class_name(info.name), parameters)}() ="
        lines = [*self._write_members(info)]
        yield from indent(lines or ["class end"])

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        if info.base:
            yield f"inherit {self.format_type(info.base)}()"
        if self.is_extensible(info):
            yield "let mutable extensionData:ExtensionDataObject = null"
        for interface in self.implements(info):
            yield f"interface {interface}{' with' if interface == 'IExtensibleDataObject' else ''}"
        if self.is_extensible(info):
            yield "    member this.ExtensionData with get() = extensionData and set value = extensionData <- value"
        for number, field in enumerate(self.list_properties(info)):
            if number and field.description:
                yield ""
            if self.describes():
                yield from self.write_summary(field.description)
            yield from (f"[<{attribute}>]" for attribute in self.write_member_attributes(info, field))
            kind = self.format_property_type(field)
            yield f"member val {self.escape_name(field.name)}:{kind} = {self._get_start_value(field, kind)} with get,set"

    def _get_start_value(self, field: Property, kind: str) -> str:
        if field.type.kind == "parameter":
            return f"Unchecked.defaultof<{kind}>"
        if self.get_initial_value(field):
            return self.get_initial_value(field)
        has_value = is_value(field.type) or (self.is_on("InitializeCollections") and is_collection(field.type))
        if has_value and field.type.name in ("Byte[]", "Array"):
            return "[||]"
        return f"new {kind}()" if has_value else "null"
