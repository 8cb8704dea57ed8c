"""Swift: Codable classes, as the package ServiceStack reads them."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.options import split_names
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.selection import list_unique_members, sort_by_dependencies
from gateway.metadata.languages.texts import indent

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
        "BaseClass": values.allow_dotted(keywords.SWIFT),
        "DefaultImports": values.allow_dotted_list(keywords.SWIFT),
    }
    scalars = get_scalars("swift")

    def _write_facts(self) -> Iterator[str]:
        for line in super()._write_facts():
            if line.startswith("Version"):
                yield f"SwiftVersion: {self.edition.swift}"
            yield line

    def write_opening(self) -> Iterator[str]:
        yield from (f"import {module}" for module in split_names(self.get_option("DefaultImports")))
        yield ""
        if self.uses("Object"):
            yield from (*_ANYTHING.splitlines(), "")

    def order_types(self) -> list[TypeInfo]:
        return sort_by_dependencies(self.types, self.contract.by_name)

    def write_body(self) -> Iterator[str]:
        for info in self.order_types():
            if (
                isinstance(info, RecordInfo)
                and info.base
                and info.base.arguments
                and self.is_on("ExcludeGenericBaseTypes")
            ):
                yield from (f"//Excluded {info.name} : {self.format_type(info.base)}", "")
            else:
                yield from self.write_lines(info)

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self.write_block_comment(info.description)
        yield from (
            f"public enum {self.get_class_name(info.name)} : {'Int' if info.is_numeric else 'String'}, Codable",
            "{",
        )
        for name, number in list_unique_members(info):
            text = info.text_of(name)
            value = f" = {number}" if info.is_numeric else f" = {self.quote(text)}" if text != name else ""
            yield from indent(
                [*self.write_block_comment(info.descriptions.get(name, "")), f"case {self.escape_name(name)}{value}"]
            )
        yield "}"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.write_block_comment(info.description)
        yield from self.write_remarks(info)
        parameters = ", ".join(f"{parameter} : Codable" for parameter in info.parameters)
        yield f"public class {self.get_class_name(info.name)}{f'<{parameters}>' if parameters else ''} : {', '.join(self._get_bases(info))}"
        yield "{"
        yield from indent(self._write_members(info))
        yield "}"

    def _get_bases(self, info: RecordInfo) -> Iterator[str]:
        base_class = self.get_option("BaseClass")
        if info.base or base_class:
            yield self.format_type(info.base) if info.base else base_class
        # The response is an associated type of the marker.
        yield from (interface.partition("<")[0] for interface in self.implements(info))
        if info.base is None:
            yield "Codable"

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        operation = self.find_operation(info)
        if operation is not None and operation.returns is not None and self.is_marked(info):
            yield from (f"public typealias Return = {self.format_type(operation.returns)}", "")
        for field in self.list_properties(info):
            yield from self.write_block_comment(field.description)
            yield from self.write_member_remarks(info, field)
            mark = "?" if self._may_be_nil(field) else ""
            value = f" = {self._get_start_value(field)}" if self._get_start_value(field) else ""
            yield f"public var {self.escape_name(self.get_word(field))}:{self.format_type(field.type)}{mark}{value}"
            if field.description or info.is_contract:
                yield ""
        yield f"required public init(){{{' super.init() ' if info.base else ''}}}"
        renamed = any(self.get_word(field) != field.wire for field in self.list_properties(info))
        if info.base or renamed or not all(self._may_be_nil(field) for field in self.list_properties(info)):
            yield ""
            yield from self._write_coding(self.list_properties(info), inherits=info.base is not None)

    def _write_key(self, field: Property) -> str:
        word = self.get_word(field)
        return f"case {self.escape_name(word)}{f' = {self.quote(field.wire)}' if word != field.wire else ''}"

    def _may_be_nil(self, field: Property) -> bool:
        return not self.is_filled(field) and self.may_be_absent(field)

    def _get_start_value(self, field: Property) -> str:
        """Return the initial value of a property; empty for nil."""
        if self.get_initial_value(field) or self._may_be_nil(field):
            return self.get_initial_value(field)
        if field.type.kind == "enum":
            type_info = self.contract.types[field.type.name]
            if isinstance(type_info, EnumInfo) and not type_info.flags:
                return f".{self.escape_name(type_info.members[0][0])}"
            return "0"
        return _EMPTY.get(field.type.kind) or _EMPTY.get(self.format_type(field.type), "0")

    def _write_coding(self, properties: tuple[Property, ...], *, inherits: bool) -> Iterator[str]:
        """Yield code that Codable does not synthesize: for a class that inherits from another one, and for values that may be omitted."""
        if properties:
            yield "private enum CodingKeys : String, CodingKey {"
            yield from indent(self._write_key(field) for field in properties)
            yield from ("}", "")
        yield "required public init(from decoder: Decoder) throws {"
        if inherits:
            yield "    try super.init(from: decoder)"
        if properties:
            yield "    let container = try decoder.container(keyedBy: CodingKeys.self)"
        for field in properties:
            member = self.escape_name(self.get_word(field))
            read = f"container.decodeIfPresent({self.format_type(field.type)}.self, forKey: .{member})"
            yield f"    {member} = try {read}{f' ?? {self._get_start_value(field)}' if self._get_start_value(field) else ''}"
        yield from ("}", "", f"public{' override' if inherits else ''} func encode(to encoder: Encoder) throws {{")
        if inherits:
            yield "    try super.encode(to: encoder)"
        if properties:
            yield "    var container = encoder.container(keyedBy: CodingKeys.self)"
        for field in properties:
            member = self.escape_name(self.get_word(field))
            write = f"try container.encode({member}, forKey: .{member})"
            yield f"    if {member} != nil {{ {write} }}" if self._may_be_nil(field) else f"    {write}"
        yield "}"
