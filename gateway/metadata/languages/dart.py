"""Dart and Flutter, as the package servicestack reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.selection import dependencies_first
from gateway.metadata.languages.texts import indented

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
        "GlobalNamespace": values.listed("ASCII names separated by dots", rf"{values.NAME}(?:\.{values.NAME})*"),
        "DefaultImports": values.listed(
            "addresses of libraries separated by commas, as package:http/http.dart",
            r"(?:[a-z]+:)?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*",
        ),
    }
    scalars = scalars_of("dart")

    def opening(self) -> Iterator[str]:
        if library := self.text("GlobalNamespace"):
            yield f"library {library};"
        yield from (f"import '{each}';" for each in names(self.text("DefaultImports")))
        yield ""

    def ordered(self) -> list[TypeInfo]:
        return dependencies_first(self.types, self.contract.by_name)

    def enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self.block(info.description)
        if info.is_numeric:
            # The library reads enums by name, so numbers are constants.
            yield from (f"class {self.class_name(info.name)}", "{")
            for name, number in info.members:
                constant = f"static const int {self.free(name)} = {number};"
                yield from indented([*self.block(info.descriptions.get(name, "")), constant])
            yield "}"
            return
        yield from (f"enum {self.class_name(info.name)}", "{")
        for name, _ in info.members:
            text = info.text_of(name)
            # The library knows members by their names, so the names are the texts in documents.
            shown = self.free(text if text.isidentifier() else name)
            yield from indented([*self.block(info.descriptions.get(name, "")), f"{shown},"])
        yield "}"

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.block(info.description)
        yield from self.remarks(info)
        extends = f" extends {self.type_name(info.base)}" if info.base else ""
        implements = ", ".join([*self.implements(info), "IConvertible"])
        yield f"class {self.own_name(info)}{extends} implements {implements}"
        yield "{"
        yield from indented(self._members(info))
        yield "}"

    def closing(self) -> Iterator[str]:
        library = self.text("GlobalNamespace") or urlsplit(self.options.base_url).hostname or "localhost"
        yield f"TypeContext _ctx = TypeContext(library: '{library.replace('.', '_')}', types: <String, TypeInfo> {{"
        for name, entry in self._entries().items():
            yield f"    '{name}': TypeInfo({entry}),"
        yield "});"

    def _entries(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for info in self.ordered():
            if isinstance(info, EnumInfo) and info.is_numeric:
                continue
            if isinstance(info, EnumInfo):
                own = self.class_name(info.name)
                found[own] = f"TypeOf.Enum, enumValues:{own}.values"
                continue
            kind = "TypeOf.GenericDef" if info.parameters else "TypeOf.Class"
            found[self.own_name(info)] = f"{kind}, create:() => {self.class_name(info.name)}()"
            for ref in (each.type for each in self.properties(info) if not info.parameters):
                found.update(self._entry(ref))
            operation = self.operation(info)
            if operation is not None and operation.returns is not None:
                found.update(self._entry(operation.returns))
        return found

    def _entry(self, ref: TypeRef) -> dict[str, str]:
        """Return entries for types that the library must be able to create besides the declared types."""
        name = self.type_name(ref)
        if ref.kind == "list" and ref.arguments[0].kind in ("record", "enum") and not self._is_int(ref.arguments[0]):
            return {name: f"TypeOf.Class, create:() => <{self.type_name(ref.arguments[0])}>[]"}
        if ref.kind == "record" and ref.arguments:
            items = [self._entry(TypeRef("list", "List", (each,))) for each in ref.arguments]
            return {
                name: f"TypeOf.Class, create:() => {name}()",
                **{key: made for each in items for key, made in each.items()},
            }
        return {}

    def _is_int(self, ref: TypeRef) -> bool:
        return self.type_name(ref) == "int"

    def _members(self, info: RecordInfo) -> Iterator[str]:
        for each in self.properties(info):
            yield from self.block(each.description)
            yield from self.member_remarks(info, each)
            value = f" = {self.initial(each)}" if self.initial(each) else ""
            kind = self.type_name(each.type)
            yield f"{kind}{'' if kind == 'dynamic' else '?'} {self.free(self.word(each))}{value};"
            if each.description or info.is_contract:
                yield ""
        # An omitted parameter is null and replaces the property's initial value.
        defaults = {each.wire: f"={self.initial(each)}" if self.initial(each) else "" for each in self.properties(info)}
        parameters = ",".join(
            f"this.{self.free(self.word(each))}{defaults[each.wire]}" for each in self.properties(info)
        )
        yield f"{self.class_name(info.name)}({f'{{{parameters}}}' if parameters else ''});"
        own = "" if info.base is None else " : super.fromJson(json)"
        body = " { fromMap(json); }" if info.base is None else ";"
        yield f"{self.class_name(info.name)}.fromJson(Map<String, dynamic> json){own}{body}"
        yield ""
        yield from self._reading(info)
        yield from self._writing(info)
        yield from self._answer(info)
        parameters = ",".join(f"${each}" for each in info.parameters)
        yield f'getTypeName() => "{info.name}{f"<{parameters}>" if parameters else ""}";'
        yield "TypeContext? context = _ctx;"

    def _reading(self, info: RecordInfo) -> Iterator[str]:
        yield "fromMap(Map<String, dynamic> json) {"
        if info.base:
            yield "    super.fromMap(json);"
        for each in self.properties(info):
            yield f"    {self.free(self.word(each))} = {self._read(each, info)};"
        yield from ("    return this;", "}", "")

    def _read(self, each: Property, info: RecordInfo) -> str:
        source, kind = f"json['{each.wire}']", self.type_name(each.type)
        if kind in _PLAIN:
            return source
        if kind == "double":
            return f"JsonConverters.toDouble({source})"
        if kind == "Map<String,String>":
            return f"JsonConverters.toStringMap({source})"
        for index, parameter in enumerate(info.parameters):
            defined = f'${{runtimeGenericTypeDefs(this,[{index}]).join(",")}}'
            kind = re.sub(rf"\b{parameter}\b", defined.replace("\\", r"\\"), kind)
        return f"JsonConverters.fromJson({source},'{kind}',context!)"

    def _writing(self, info: RecordInfo) -> Iterator[str]:
        opening, closing = ("super.toJson()..addAll({", "});") if info.base else ("{", "};")
        yield f"Map<String, dynamic> toJson() => {opening}"
        yield from indented(
            ",\n".join(f"'{each.wire}': {self._write(each)}" for each in self.properties(info)).splitlines()
        )
        yield from (closing, "")

    def _write(self, each: Property) -> str:
        plain = self.type_name(each.type) in (*_PLAIN, "double", "Map<String,String>")
        member = self.free(self.word(each))
        return member if plain else f"JsonConverters.toJson({member},'{self.type_name(each.type)}',context!)"

    def _answer(self, info: RecordInfo) -> Iterator[str]:
        operation = self.operation(info)
        if operation is None or not self.is_marked(info):
            return
        if operation.returns is None:
            yield "createResponse() {}"
            return
        answer = self.type_name(operation.returns)
        empty = f"{answer}()"
        if operation.returns.kind == "list":
            empty = f"<{answer.removeprefix('List<')[:-1]}>[]"
        elif operation.returns.kind == "map":
            empty = f"<{answer.removeprefix('Map<')[:-1]}>{{}}"
        elif operation.returns.kind != "record":
            empty = _EMPTY.get(answer, "null")
        yield f"createResponse() => {empty};"
        yield f'getResponseTypeName() => "{answer}";'

    def class_name(self, name: str) -> str:
        return f"{name}_" if name in keywords.DART_TYPES else self.free(name)
