"""F#, as ServiceStack.Client reads it."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef, references
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Head
from gateway.metadata.languages.csharp import DotnetGenerator, is_collection, parameters_of
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import is_value, scalars_of
from gateway.metadata.languages.selection import dependencies_first, names_in
from gateway.metadata.languages.texts import indented


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
        "GlobalNamespace": values.dotted(keywords.FSHARP),
        "AddNamespaces": values.dotted_list(keywords.FSHARP),
    }
    scalars = scalars_of("fsharp")
    optional_form = "Nullable<{0}>"
    type_form = "typeof<{0}>"

    def opening(self) -> Iterator[str]:
        first = next((each.request.namespace for each in self.contract.operations if each.name in self.types), "")
        anywhere = next((info.namespace for info in self.types.values()), "dtos")
        # Only a recursive namespace allows references to later types.
        circular = " rec" if self._is_circular() else ""
        yield from (f"namespace{circular} {self.text('GlobalNamespace') or first or anywhere}", "")
        yield from (f"open {each}" for each in (*self.system_namespaces(), *names(self.text("AddNamespaces"))))
        yield ""

    def body(self) -> Iterator[str]:
        for interfaces in self.declared_interfaces().values():
            for each in interfaces:
                parameters = [f"'{name}" for name in parameters_of(each)]
                yield from ("    [<AllowNullLiteral>]", f"    type {self.generic(each.type.name, parameters)} =")
                yield from ("        interface end", "")
        yield from indented(super().body())

    def type_name(self, ref: TypeRef) -> str:
        return f"'{ref.name}" if ref.kind == "parameter" else super().type_name(ref)

    def ordered(self) -> list[TypeInfo]:
        return dependencies_first(self.types, self.contract.by_name)

    def _is_circular(self) -> bool:
        """Return whether a type refers to one that can't be declared before it."""
        pending = set(self.types)
        for info in self.ordered():
            pending.discard(info.name)
            operation = self.operation(info) if isinstance(info, RecordInfo) and self.is_marked(info) else None
            used = [*references(info), *([operation.returns] if operation and operation.returns else [])]
            if any(name in pending for ref in used for name in names_in(ref)):
                return True
        return False

    def nullable(self, name: str) -> str:
        return f"Nullable<{name}>"

    def enum(self, info: EnumInfo) -> Iterator[str]:
        if self.describes():
            yield from self.summary(info.description)
        yield from (f"[<{each}>]" for each in self.enum_attributes(info))
        yield f"type {self.class_name(info.name)} ="
        for before, (name, number) in zip(self.member_lines(info, "[<", ">]"), info.members, strict=True):
            comments = [line for line in before if line.startswith("///")]
            attribute = "".join(f"{line} " for line in before if line not in comments)
            yield from indented([*comments, f"| {attribute}{self.free(name)} = {number}"])

    def record(self, info: RecordInfo) -> Iterator[str]:
        if self.describes():
            yield from self.summary(info.description)
        yield from (f"[<{each}>]" for each in self.attributes(info))
        yield "[<AllowNullLiteral>]"
        parameters = [f"'{each}" for each in info.parameters]
        yield f"type {self.generic(self.class_name(info.name), parameters)}() ="
        lines = [*self._members(info)]
        yield from indented(lines or ["class end"])

    def _members(self, info: RecordInfo) -> Iterator[str]:
        if info.base:
            yield f"inherit {self.type_name(info.base)}()"
        if self.is_extensible(info):
            yield "let mutable extensionData:ExtensionDataObject = null"
        for interface in self.implements(info):
            yield f"interface {interface}{' with' if interface == 'IExtensibleDataObject' else ''}"
        if self.is_extensible(info):
            yield "    member this.ExtensionData with get() = extensionData and set value = extensionData <- value"
        for number, each in enumerate(self.properties(info)):
            if number and each.description:
                yield ""
            if self.describes():
                yield from self.summary(each.description)
            yield from (f"[<{attribute}>]" for attribute in self.member_attributes(info, each))
            kind = self.property_type(each)
            yield f"member val {self.free(each.name)}:{kind} = {self._start(each, kind)} with get,set"

    def _start(self, each: Property, kind: str) -> str:
        if each.type.kind == "parameter":
            return f"Unchecked.defaultof<{kind}>"
        if self.initial(each):
            return self.initial(each)
        filled = is_value(each.type) or (self.flag("InitializeCollections") and is_collection(each.type))
        if filled and each.type.name in ("Byte[]", "Array"):
            return "[||]"
        return f"new {kind}()" if filled else "null"
