"""Swift: Codable classes, as the package ServiceStack reads them."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.selection import dependencies_first, unique
from gateway.metadata.languages.texts import indented

#: A value of any type. Swift has no such type that can be read from JSON.
_ANYTHING = """\
public enum AnyValue : Codable
{
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([AnyValue])
    case map([String:AnyValue])

    public init(from decoder: Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() { self = .null }
        else if let value = try? container.decode(Bool.self) { self = .bool(value) }
        else if let value = try? container.decode(Double.self) { self = .number(value) }
        else if let value = try? container.decode(String.self) { self = .text(value) }
        else if let value = try? container.decode([AnyValue].self) { self = .list(value) }
        else { self = .map(try container.decode([String:AnyValue].self)) }
    }

    public func encode(to encoder: Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .map(let value): try container.encode(value)
        }
    }
}
"""
#: Initial values of types that are never nil.
_EMPTY = {"list": "[]", "map": "[:]", "Bool": "false", "String": '""', "Date": "Date()", "[UInt8]": "[]"}


class SwiftGenerator(Generator):
    """Classes, because types may be recursive."""

    name = "swift"
    title = "Swift"
    suffix = "swift"
    reserved = keywords.SWIFT
    kept_form = "`{0}`"
    provided = frozenset({"ResponseStatus", "ResponseError", "ErrorResponse"})
    list_form = "[{0}]"
    optional_form = "{0}?"
    has_numbered = True
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
                yield f"SwiftVersion: {self.edition.swift}"
            yield line

    def opening(self) -> Iterator[str]:
        yield from (f"import {each}" for each in names(self.text("DefaultImports")))
        yield ""
        if self.uses("Object"):
            yield from (*_ANYTHING.splitlines(), "")

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
        yield from self.block(info.description)
        yield from (
            f"public enum {self.class_name(info.name)} : {'Int' if info.is_numeric else 'String'}, Codable",
            "{",
        )
        for name, number in unique(info):
            text = info.text_of(name)
            value = f" = {number}" if info.is_numeric else f" = {self.quoted(text)}" if text != name else ""
            yield from indented([*self.block(info.descriptions.get(name, "")), f"case {self.free(name)}{value}"])
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
        # The response is an associated type of the marker.
        yield from (each.partition("<")[0] for each in self.implements(info))
        if info.base is None:
            yield "Codable"

    def _members(self, info: RecordInfo) -> Iterator[str]:
        operation = self.operation(info)
        if operation is not None and operation.returns is not None and self.is_marked(info):
            yield from (f"public typealias Return = {self.type_name(operation.returns)}", "")
        for each in self.properties(info):
            yield from self.block(each.description)
            yield from self.member_remarks(info, each)
            mark = "?" if self._may_be_nil(each) else ""
            value = f" = {self._start(each)}" if self._start(each) else ""
            yield f"public var {self.free(self.word(each))}:{self.type_name(each.type)}{mark}{value}"
            if each.description or info.is_contract:
                yield ""
        yield f"required public init(){{{' super.init() ' if info.base else ''}}}"
        renamed = any(self.word(each) != each.wire for each in self.properties(info))
        if info.base or renamed or not all(self._may_be_nil(each) for each in self.properties(info)):
            yield ""
            yield from self._coding(self.properties(info), inherits=info.base is not None)

    def _key(self, each: Property) -> str:
        word = self.word(each)
        return f"case {self.free(word)}{f' = {self.quoted(each.wire)}' if word != each.wire else ''}"

    def _may_be_nil(self, each: Property) -> bool:
        return not self.is_filled(each) and self.may_be_absent(each)

    def _start(self, each: Property) -> str:
        """Return the initial value of a property; empty for nil."""
        if self.initial(each) or self._may_be_nil(each):
            return self.initial(each)
        if each.type.kind == "enum":
            known = self.contract.types[each.type.name]
            if isinstance(known, EnumInfo) and not known.flags:
                return f".{self.free(known.members[0][0])}"
            return "0"
        return _EMPTY.get(each.type.kind) or _EMPTY.get(self.type_name(each.type), "0")

    def _coding(self, properties: tuple[Property, ...], *, inherits: bool) -> Iterator[str]:
        """Yield code that Codable does not synthesize: for a class that inherits from another one, and for values that may be omitted."""
        if properties:
            yield "private enum CodingKeys : String, CodingKey {"
            yield from indented(self._key(each) for each in properties)
            yield from ("}", "")
        yield "required public init(from decoder: Decoder) throws {"
        if inherits:
            yield "    try super.init(from: decoder)"
        if properties:
            yield "    let container = try decoder.container(keyedBy: CodingKeys.self)"
        for each in properties:
            member = self.free(self.word(each))
            read = f"container.decodeIfPresent({self.type_name(each.type)}.self, forKey: .{member})"
            yield f"    {member} = try {read}{f' ?? {self._start(each)}' if self._start(each) else ''}"
        yield from ("}", "", f"public{' override' if inherits else ''} func encode(to encoder: Encoder) throws {{")
        if inherits:
            yield "    try super.encode(to: encoder)"
        if properties:
            yield "    var container = encoder.container(keyedBy: CodingKeys.self)"
        for each in properties:
            member = self.free(self.word(each))
            write = f"try container.encode({member}, forKey: .{member})"
            yield f"    if {member} != nil {{ {write} }}" if self._may_be_nil(each) else f"    {write}"
        yield "}"
