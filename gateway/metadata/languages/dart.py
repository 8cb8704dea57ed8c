"""Dart and Flutter, as the package servicestack reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.options import split_names
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.selection import sort_by_dependencies
from gateway.metadata.languages.texts import indent

#: Types that JSON has itself.
_PLAIN = ("String", "bool", "int", "dynamic")
#: Values of scalars.
_EMPTY = {"String": "''", "bool": "false", "int": "0", "double": "0.0"}
_IMPORTS = "package:servicestack/servicestack.dart,dart:typed_data"


class DartGenerator(Generator):
    """Classes that read and write their JSON themselves, and a table of types for the library."""

    name = "dart"
    title = "Dart"
    suffix = "dart"
    reserved = keywords.DART
    provided = frozenset({"ResponseStatus", "ResponseError", "ErrorResponse"})
    list_form = "List<{0}>"
    optional_form = "{0}?"
    map_form = "Map<{0},{1}>"
    defaults = {
        "GlobalNamespace": "",
        "AddServiceStackTypes": "True",
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "AddDescriptionAsComments": "True",
        "IncludeTypes": "",
        "ExcludeTypes": "",
        "DefaultImports": _IMPORTS,
    }
    head = Head(nests=True)
    rules = {
        "GlobalNamespace": values.allow_list("ASCII names separated by dots", rf"{values.NAME}(?:\.{values.NAME})*"),
        "DefaultImports": values.allow_list(
            "addresses of libraries separated by commas, as package:http/http.dart",
            r"(?:[a-z]+:)?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*",
        ),
    }
    scalars = get_scalars("dart")

    def write_opening(self) -> Iterator[str]:
        if library := self.get_option("GlobalNamespace"):
            yield f"library {library};"
        yield from (f"import '{library}';" for library in split_names(self.get_option("DefaultImports")))
        yield ""

    def order_types(self) -> list[TypeInfo]:
        return sort_by_dependencies(self.types, self.contract.by_name)

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self.write_block_comment(info.description)
        if info.is_numeric:
            # The library reads enums by name, so numbers are constants.
            yield from (f"class {self.get_class_name(info.name)}", "{")
            for name, number in info.members:
                constant = f"static const int {self.escape_name(name)} = {number};"
                yield from indent([*self.write_block_comment(info.descriptions.get(name, "")), constant])
            yield "}"
            return
        yield from (f"enum {self.get_class_name(info.name)}", "{")
        for name, _ in info.members:
            text = info.text_of(name)
            # The library knows members by their names, so the names are the texts in documents.
            member = self.escape_name(text if text.isidentifier() else name)
            yield from indent([*self.write_block_comment(info.descriptions.get(name, "")), f"{member},"])
        yield "}"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.write_block_comment(info.description)
        yield from self.write_remarks(info)
        extends = f" extends {self.format_type(info.base)}" if info.base else ""
        implements = ", ".join([*self.implements(info), "IConvertible"])
        yield f"class {self.get_full_name(info)}{extends} implements {implements}"
        yield "{"
        yield from indent(self._write_members(info))
        yield "}"

    def write_closing(self) -> Iterator[str]:
        library = self.get_option("GlobalNamespace") or urlsplit(self.options.base_url).hostname or "localhost"
        yield f"TypeContext _ctx = TypeContext(library: '{library.replace('.', '_')}', types: <String, TypeInfo> {{"
        for name, entry in self._list_entries().items():
            yield f"    '{name}': TypeInfo({entry}),"
        yield "});"

    def _list_entries(self) -> dict[str, str]:
        type_entries: dict[str, str] = {}
        for info in self.order_types():
            if isinstance(info, EnumInfo) and info.is_numeric:
                continue
            if isinstance(info, EnumInfo):
                class_name = self.get_class_name(info.name)
                type_entries[class_name] = f"TypeOf.Enum, enumValues:{class_name}.values"
                continue
            kind = "TypeOf.GenericDef" if info.parameters else "TypeOf.Class"
            type_entries[self.get_full_name(info)] = f"{kind}, create:() => {self.get_class_name(info.name)}()"
            for ref in (field.type for field in self.list_properties(info) if not info.parameters):
                type_entries.update(self._build_entries(ref))
            operation = self.find_operation(info)
            if operation is not None and operation.returns is not None:
                type_entries.update(self._build_entries(operation.returns))
        return type_entries

    def _build_entries(self, ref: TypeRef) -> dict[str, str]:
        """Return entries for types that the library must be able to create besides the declared types."""
        name = self.format_type(ref)
        if ref.kind == "list" and ref.arguments[0].kind in ("record", "enum") and not self._is_int(ref.arguments[0]):
            return {name: f"TypeOf.Class, create:() => <{self.format_type(ref.arguments[0])}>[]"}
        if ref.kind == "record" and ref.arguments:
            items = [self._build_entries(TypeRef("list", "List", (argument,))) for argument in ref.arguments]
            return {
                name: f"TypeOf.Class, create:() => {name}()",
                **{key: entry for entries in items for key, entry in entries.items()},
            }
        return {}

    def _is_int(self, ref: TypeRef) -> bool:
        return self.format_type(ref) == "int"

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        for field in self.list_properties(info):
            yield from self.write_block_comment(field.description)
            yield from self.write_member_remarks(info, field)
            value = f" = {self.get_initial_value(field)}" if self.get_initial_value(field) else ""
            kind = self.format_type(field.type)
            yield f"{kind}{'' if kind == 'dynamic' else '?'} {self.escape_name(self.get_word(field))}{value};"
            if field.description or info.is_contract:
                yield ""
        # An omitted parameter is null and replaces the property's initial value.
        defaults = {
            field.wire: f"={self.get_initial_value(field)}" if self.get_initial_value(field) else ""
            for field in self.list_properties(info)
        }
        parameters = ",".join(
            f"this.{self.escape_name(self.get_word(field))}{defaults[field.wire]}"
            for field in self.list_properties(info)
        )
        yield f"{self.get_class_name(info.name)}({f'{{{parameters}}}' if parameters else ''});"
        initializer = "" if info.base is None else " : super.fromJson(json)"
        body = " { fromMap(json); }" if info.base is None else ";"
        yield f"{self.get_class_name(info.name)}.fromJson(Map<String, dynamic> json){initializer}{body}"
        yield ""
        yield from self._write_reading(info)
        yield from self._write_writing(info)
        yield from self._write_response_type(info)
        parameters = ",".join(f"${parameter}" for parameter in info.parameters)
        yield f'getTypeName() => "{info.name}{f"<{parameters}>" if parameters else ""}";'
        yield "TypeContext? context = _ctx;"

    def _write_reading(self, info: RecordInfo) -> Iterator[str]:
        yield "fromMap(Map<String, dynamic> json) {"
        if info.base:
            yield "    super.fromMap(json);"
        for field in self.list_properties(info):
            yield f"    {self.escape_name(self.get_word(field))} = {self._write_read(field, info)};"
        yield from ("    return this;", "}", "")

    def _write_read(self, field: Property, info: RecordInfo) -> str:
        source, kind = f"json['{field.wire}']", self.format_type(field.type)
        if kind in _PLAIN:
            return source
        if kind == "double":
            return f"JsonConverters.toDouble({source})"
        if kind == "Map<String,String>":
            return f"JsonConverters.toStringMap({source})"
        for index, parameter in enumerate(info.parameters):
            definition = f'${{runtimeGenericTypeDefs(this,[{index}]).join(",")}}'
            kind = re.sub(rf"\b{parameter}\b", definition.replace("\\", r"\\"), kind)
        return f"JsonConverters.fromJson({source},'{kind}',context!)"

    def _write_writing(self, info: RecordInfo) -> Iterator[str]:
        opening, closing = ("super.toJson()..addAll({", "});") if info.base else ("{", "};")
        yield f"Map<String, dynamic> toJson() => {opening}"
        yield from indent(
            ",\n".join(f"'{field.wire}': {self._write(field)}" for field in self.list_properties(info)).splitlines()
        )
        yield from (closing, "")

    def _write(self, field: Property) -> str:
        plain = self.format_type(field.type) in (*_PLAIN, "double", "Map<String,String>")
        member = self.escape_name(self.get_word(field))
        return member if plain else f"JsonConverters.toJson({member},'{self.format_type(field.type)}',context!)"

    def _write_response_type(self, info: RecordInfo) -> Iterator[str]:
        operation = self.find_operation(info)
        if operation is None or not self.is_marked(info):
            return
        if operation.returns is None:
            yield "createResponse() {}"
            return
        response_type = self.format_type(operation.returns)
        empty = f"{response_type}()"
        if operation.returns.kind == "list":
            empty = f"<{response_type.removeprefix('List<')[:-1]}>[]"
        elif operation.returns.kind == "map":
            empty = f"<{response_type.removeprefix('Map<')[:-1]}>{{}}"
        elif operation.returns.kind != "record":
            empty = _EMPTY.get(response_type, "null")
        yield f"createResponse() => {empty};"
        yield f'getResponseTypeName() => "{response_type}";'

    def get_class_name(self, name: str) -> str:
        return f"{name}_" if name in keywords.DART_TYPES else self.escape_name(name)
