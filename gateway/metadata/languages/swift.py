"""Swift: Codable classes, as the package ServiceStack reads them."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo
from gateway.metadata.languages import keywords
from gateway.metadata.languages.base import Generator
from gateway.metadata.languages.options import names
from gateway.metadata.languages.selection import dependencies_first
from gateway.metadata.languages.texts import indented

_VERSION = "5.0"


class SwiftGenerator(Generator):
    """Classes, since values of a type may hold others of it."""

    name = "swift"
    title = "Swift"
    suffix = "swift"
    reserved = keywords.SWIFT
    kept_form = "`{0}`"
    provided = frozenset({"ResponseStatus", "ResponseError", "ErrorResponse"})
    list_form = "[{0}]"
    map_form = "[{0}:{1}]"
    defaults = {
        "BaseClass": "",
        "AddModelExtensions": "True",
        "AddServiceStackTypes": "True",
        "MakePropertiesOptional": "True",
        "IncludeTypes": "",
        "ExcludeTypes": "",
        "ExcludeGenericBaseTypes": "False",
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "AddDescriptionAsComments": "True",
        "InitializeCollections": "False",
        "TreatTypesAsStrings": "",
        "DefaultImports": "Foundation,ServiceStack",
    }
    scalars = {"String": "String", "Boolean": "Bool", "Int8": "Int8", "Int16": "Int16", "Int32": "Int", "Int64": "Int"}

    def _facts(self) -> Iterator[str]:
        for line in super()._facts():
            if line.startswith("Version"):
                yield f"SwiftVersion: {_VERSION}"
            yield line

    def opening(self) -> Iterator[str]:
        yield from (f"import {each}" for each in names(self.text("DefaultImports")))
        yield ""

    def ordered(self) -> list[TypeInfo]:
        return dependencies_first(self.types, self.contract.by_name)

    def enum(self, info: EnumInfo) -> Iterator[str]:
        yield from (f"public enum {self.class_name(info.name)} : String, Codable", "{")
        yield from indented(f"case {self.free(name)}" for name, _ in info.members)
        yield "}"

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.block(info.description)
        yield from self.remarks(info)
        parameters = ", ".join(f"{each} : Codable" for each in info.parameters)
        yield f"public class {self.class_name(info.name)}{f'<{parameters}>' if parameters else ''} : {', '.join(self._bases(info))}"
        yield "{"
        yield from indented(self._members(info))
        yield "}"

    def _bases(self, info: RecordInfo) -> Iterator[str]:
        base_class = self.text("BaseClass")
        if info.base or base_class:
            yield self.type_name(info.base) if info.base else base_class
        # What is answered is an associated type of the marker's.
        yield from (each.partition("<")[0] for each in self.implements(info))
        if info.base is None:
            yield "Codable"

    def _members(self, info: RecordInfo) -> Iterator[str]:
        operation = self.operation(info)
        if operation is not None and operation.returns is not None and self.is_marked(info):
            yield from (f"public typealias Return = {self.type_name(operation.returns)}", "")
        for each in info.properties:
            yield from self.block(each.description)
            yield from self.member_remarks(info, each)
            value = f" = {self.initial(each)}" if self.initial(each) else ""
            yield f"public var {self.free(each.wire)}:{self.type_name(each.type)}?{value}"
            if each.description or info.ordered:
                yield ""
        if info.base is None:
            yield "required public init(){}"
            return
        yield from ("required public init(){ super.init() }", "")
        yield from self._coding(info.properties)

    def _coding(self, properties: tuple[Property, ...]) -> Iterator[str]:
        """What Codable does not make by itself for a class that inherits from another one."""
        if properties:
            yield "private enum CodingKeys : String, CodingKey {"
            yield from indented(f"case {self.free(each.wire)}" for each in properties)
            yield from ("}", "")
        yield "required public init(from decoder: Decoder) throws {"
        yield "    try super.init(from: decoder)"
        if properties:
            yield "    let container = try decoder.container(keyedBy: CodingKeys.self)"
        for each in properties:
            member = self.free(each.wire)
            read = f"container.decodeIfPresent({self.type_name(each.type)}.self, forKey: .{member})"
            yield f"    {member} = try {read}{f' ?? {self.initial(each)}' if self.initial(each) else ''}"
        yield from ("}", "", "public override func encode(to encoder: Encoder) throws {")
        yield "    try super.encode(to: encoder)"
        if properties:
            yield "    var container = encoder.container(keyedBy: CodingKeys.self)"
        for each in properties:
            member = self.free(each.wire)
            yield f"    if {member} != nil {{ try container.encode({member}, forKey: .{member}) }}"
        yield "}"
