"""F#, as ServiceStack.Client reads it."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, references
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Head
from gateway.metadata.languages.csharp import NAMESPACES, DotnetGenerator, is_collection
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.selection import dependencies_first, names_in
from gateway.metadata.languages.texts import indented


class FSharpGenerator(DotnetGenerator):
    """Classes with properties, each after those that it names."""

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

    def opening(self) -> Iterator[str]:
        first = next((each.request.namespace for each in self.contract.operations if each.name in self.types), "")
        anywhere = next((info.namespace for info in self.types.values()), "dtos")
        # What names types that come later needs leave to.
        circular = " rec" if self._is_circular() else ""
        yield from (f"namespace{circular} {self.text('GlobalNamespace') or first or anywhere}", "")
        yield from (f"open {each}" for each in (*NAMESPACES, *names(self.text("AddNamespaces"))))
        yield ""

    def body(self) -> Iterator[str]:
        yield from indented(super().body())

    def ordered(self) -> list[TypeInfo]:
        return dependencies_first(self.types, self.contract.by_name)

    def _is_circular(self) -> bool:
        """Whether a type names one that can't stand before it."""
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
        yield f"type {self.class_name(info.name)} ="
        yield from indented(f"| {self.free(name)} = {number}" for name, number in info.members)

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
        for number, each in enumerate(info.properties):
            if number and each.description:
                yield ""
            if self.describes():
                yield from self.summary(each.description)
            yield from (f"[<{attribute}>]" for attribute in self.member_attributes(info, each))
            kind = self._kind(each)
            yield f"member val {self.free(each.name)}:{kind} = {self._start(each, kind)} with get,set"

    def _kind(self, each: Property) -> str:
        kind = self.property_type(each)
        return kind.replace("<T>", "<'T>") if each.type.kind != "parameter" else f"'{kind}"

    def _start(self, each: Property, kind: str) -> str:
        if each.type.kind == "parameter":
            return f"Unchecked.defaultof<{kind}>"
        if self.initial(each):
            return self.initial(each)
        filled = self.is_value(each.type) or (self.flag("InitializeCollections") and is_collection(each.type))
        if filled and each.type.name == "Byte[]":
            return "[||]"
        return f"new {kind}()" if filled else "null"
