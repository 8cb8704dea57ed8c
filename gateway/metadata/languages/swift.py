"""Swift: Codable classes, as the package ServiceStack reads them."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.selection import dependencies_first
from gateway.metadata.languages.texts import indented

_VERSION = "5.0"
#: What a value starts with that is never nil.
_EMPTY = {"list": "[]", "map": "[:]", "Bool": "false", "String": '""', "Date": "Date()", "[UInt8]": "[]"}


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
    head = Head(nests=True)
    rules = {
        "BaseClass": values.dotted(keywords.SWIFT),
        "DefaultImports": values.dotted_list(keywords.SWIFT),
    }
    scalars = scalars_of("swift")

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

    def body(self) -> Iterator[str]:
        for info in self.ordered():
            if (
                isinstance(info, RecordInfo)
                and info.base
                and info.base.arguments
                and self.flag("ExcludeGenericBaseTypes")
            ):
                yield from (f"//Excluded {info.name} : {self.type_name(info.base)}", "")
            else:
                yield from self.lines(info)

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
            mark = "?" if self._may_be_nil(each) else ""
            value = f" = {self._start(each)}" if self._start(each) else ""
            yield f"public var {self.free(each.wire)}:{self.type_name(each.type)}{mark}{value}"
            if each.description or info.ordered:
                yield ""
        yield f"required public init(){{{' super.init() ' if info.base else ''}}}"
        if info.base or not all(self._may_be_nil(each) for each in info.properties):
            yield ""
            yield from self._coding(info.properties, inherits=info.base is not None)

    def _may_be_nil(self, each: Property) -> bool:
        filled = self.flag("InitializeCollections") and each.type.kind in ("list", "map")
        return not filled and self.may_be_absent(each)

    def _start(self, each: Property) -> str:
        """The value that a property starts with, empty for nil."""
        if self.initial(each) or self._may_be_nil(each):
            return self.initial(each)
        if each.type.kind == "enum":
            known = self.contract.types[each.type.name]
            return f".{self.free(known.members[0][0])}" if isinstance(known, EnumInfo) else ""
        return _EMPTY.get(each.type.kind) or _EMPTY.get(self.type_name(each.type), "0")

    def _coding(self, properties: tuple[Property, ...], *, inherits: bool) -> Iterator[str]:
        """What Codable does not make by itself: for a class that inherits from another one, and for values that may be left out."""
        if properties:
            yield "private enum CodingKeys : String, CodingKey {"
            yield from indented(f"case {self.free(each.wire)}" for each in properties)
            yield from ("}", "")
        yield "required public init(from decoder: Decoder) throws {"
        if inherits:
            yield "    try super.init(from: decoder)"
        if properties:
            yield "    let container = try decoder.container(keyedBy: CodingKeys.self)"
        for each in properties:
            member = self.free(each.wire)
            read = f"container.decodeIfPresent({self.type_name(each.type)}.self, forKey: .{member})"
            yield f"    {member} = try {read}{f' ?? {self._start(each)}' if self._start(each) else ''}"
        yield from ("}", "", f"public{' override' if inherits else ''} func encode(to encoder: Encoder) throws {{")
        if inherits:
            yield "    try super.encode(to: encoder)"
        if properties:
            yield "    var container = encoder.container(keyedBy: CodingKeys.self)"
        for each in properties:
            member = self.free(each.wire)
            write = f"try container.encode({member}, forKey: .{member})"
            yield f"    if {member} != nil {{ {write} }}" if self._may_be_nil(each) else f"    {write}"
        yield "}"
