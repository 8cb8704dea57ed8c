"""PHP, as the package servicestack/client reads it."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.options import split_names
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.selection import list_unique_members, sort_by_dependencies
from gateway.metadata.languages.texts import indent

_IMPORTS = (
    "DateTime",
    "Exception",
    "DateInterval",
    "JsonSerializable",
    "ServiceStack\\{IReturn,IReturnVoid,IGet,IPost,IPut,IDelete,IPatch,IMeta,IHasSessionId,IHasBearerToken,IHasVersion}",
    "ServiceStack\\{ResponseStatus,ResponseError,EmptyResponse,IdResponse,ArrayList,KeyValuePair2,StringResponse,ByteArray}",
    "ServiceStack\\{JsonConverters,Returns,TypeContext}",
)


#: The library's names for responses that are not DTOs.
_ANSWERS = {"list": "List", "map": "Dictionary"}
_EMPTY = {"string": "''", "bool": "false", "int": "0", "float": "0.0"}


def _is_namespace(text: str) -> bool:
    first, *others = text.split("\\")
    # A name that begins with ``namespace`` is relative to the enclosing namespace.
    return first.lower() != "namespace" and all(part.isidentifier() for part in (first, *others))


class PhpGenerator(Generator):
    """Classes with promoted properties that read and write their JSON themselves."""

    name = "php"
    title = "PHP"
    suffix = "php"
    provided = frozenset({"ResponseStatus", "ResponseError"})
    reserved = keywords.PHP
    # ``?>`` ends PHP mode, even within a one-line comment.
    comment_marks = {**Generator.comment_marks, "?>": "? >"}
    list_form = "array<{0}>"
    has_numbered = True
    map_form = "array<{0},{1}>"
    defaults = {
        "GlobalNamespace": "dtos",
        "AddServiceStackTypes": "True",
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "AddDescriptionAsComments": "True",
        "IncludeTypes": "",
        "ExcludeTypes": "",
        "DefaultImports": "",
    }
    rules = {
        "GlobalNamespace": values.Rule("names separated by '\\'", _is_namespace),
        "DefaultImports": values.allow_list(
            "names of classes separated by commas, with their namespaces", rf"\\?{values.NAME}(?:\\{values.NAME})*"
        ),
    }
    scalars = get_scalars("php")

    @property
    def head(self) -> Head:  # type: ignore[override]
        """Return the head with the namespace, which must be the file's first statement."""
        return Head(opening=f"<?php namespace {self.get_option('GlobalNamespace') or 'dtos'};\n/* Options:")

    def quote(self, text: str) -> str:
        return super().quote(text).replace("?>", "? >")

    def get_class_name(self, name: str) -> str:
        return f"{name}_" if name.lower() in self.reserved else name

    def write_opening(self) -> Iterator[str]:
        yield ""
        yield from (
            f"use {import_name};" for import_name in (*_IMPORTS, *split_names(self.get_option("DefaultImports")))
        )
        yield from ("", "")

    def order_types(self) -> list[TypeInfo]:
        return sort_by_dependencies(self.types, self.contract.by_name)

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        if self.describes() and info.description:
            yield f"/** @description {' '.join(self.split_comment(info.description))} */"
        yield from (f"enum {self.get_class_name(info.name)} : {'int' if info.is_numeric else 'string'}", "{")
        for name, number in list_unique_members(info):
            description = " ".join(self.split_comment(info.descriptions.get(name, ""))) if self.describes() else ""
            comment = [f"/** @description {description} */"] if description else []
            value = str(number) if info.is_numeric else f"'{info.text_of(name)}'"
            # PHP defines the constant ``class`` itself.
            constant = f"{name}_" if name.lower() == "class" else name
            yield from indent([*comment, f"case {constant} = {value};"])
        yield "}"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        if self.describes() and info.description:
            yield f"/** @description {' '.join(self.split_comment(info.description))} */"
        yield from self.write_remarks(info)
        if info.parameters:
            yield from ("/**", *(f" * @template {parameter}" for parameter in info.parameters), " */")
        operation = self.find_operation(info)
        if operation is not None and operation.returns is not None and self.is_marked(info):
            yield f"#[Returns('{_ANSWERS.get(operation.returns.kind) or self.format_type(operation.returns).partition('<')[0]}')]"
        # The attribute above declares the response type, because PHP has no generic interfaces.
        implements = ", ".join(
            [*(interface.partition("<")[0] for interface in self.implements(info)), "JsonSerializable"]
        )
        extends = f" extends {self.get_class_name(info.base.name)}" if info.base else ""
        yield f"class {self.get_class_name(info.name)}{extends} implements {implements}"
        yield "{"
        yield from indent(self._write_members(info))
        yield "}"

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        if info.parameters:
            yield "public array $genericArgs = [];"
            yield f"public static function create(array $genericArgs=[]): {self.get_class_name(info.name)} {{"
            yield f"    $to = new {self.get_class_name(info.name)}();"
            yield from ("    $to->genericArgs = $genericArgs;", "    return $to;", "}", "")
        yield from self._write_constructor(info)
        yield from self._write_reading(info)
        yield from self._write_writing(info)
        operation = self.find_operation(info)
        if operation is not None and self.is_marked(info):
            yield f"public function getTypeName(): string {{ return '{info.name}'; }}"
            yield f"public function getMethod(): string {{ return '{operation.verb}'; }}"
            returns = operation.returns
            kind, value = ("void", "") if returns is None else ("mixed", f" return {self._write_new(returns)}; ")
            yield f"public function createResponse(): {kind} {{{value}}}"

    def _write_new(self, ref: TypeRef) -> str:
        if ref.kind == "map":
            return "[]"
        if ref.kind not in ("record", "list"):
            return _EMPTY.get(self.format_type(ref), "null")
        if not ref.arguments:
            return f"new {self.get_class_name(ref.name)}()"
        arguments = ",".join(f"'{self.format_type(argument)}'" for argument in ref.arguments)
        return (
            f"{'ArrayList' if ref.kind == 'list' else self.get_class_name(ref.name)}::create(genericArgs:[{arguments}])"
        )

    def _write_constructor(self, info: RecordInfo) -> Iterator[str]:
        wire_names = {field.wire for field in self.list_properties(info)}
        inherited = [field for field in self.contract.all_properties(info) if field.wire not in wire_names]
        yield "public function __construct("
        parameters = [[f"{self._declare_field(field)} ${self._get_field_name(field)}=null"] for field in inherited]
        parameters += [[*self._write_parameter(info, field)] for field in self.list_properties(info)]
        for number, lines in enumerate(parameters):
            *remarks, last = lines
            yield from indent([*remarks, last + ("," if number < len(parameters) - 1 else "")])
        yield ") {"
        if info.base:
            yield f"    parent::__construct({','.join(f'${self._get_field_name(field)}' for field in inherited)});"
        yield from ("}", "")

    def _write_parameter(self, info: RecordInfo, field: Property) -> Iterator[str]:
        if self.describes() and field.description:
            yield f"/** @description {' '.join(self.split_comment(field.description))} */"
        yield from self.write_member_remarks(info, field)
        yield f"/** @var {self.format_type(field.type)}|null */"
        yield f"public {self._declare_field(field)} ${self._get_field_name(field)}={self.get_initial_value(field) or 'null'}"

    def _get_field_name(self, field: Property) -> str:
        # ``$this`` can't be a parameter.
        word = self.get_word(field)
        return "this_" if word == "this" else word

    def _declare_field(self, field: Property) -> str:
        """Return a property's type declaration; PHP has no item types."""
        if field.type.kind == "parameter" or self.format_type(field.type) == "mixed":
            return "mixed"
        return "?array" if field.type.kind in ("list", "map") else f"?{self.format_type(field.type).partition('<')[0]}"

    def _write_reading(self, info: RecordInfo) -> Iterator[str]:
        yield from ("/** @throws Exception */", "public function fromMap($o): void {")
        if info.base:
            yield "    parent::fromMap($o);"
        for field in self.list_properties(info):
            value = self._convert_value("from", field, info, f"$o['{field.wire}']")
            yield f"    if (isset($o['{field.wire}'])) $this->{self._get_field_name(field)} = {value};"
        yield from ("}", "")

    def _write_writing(self, info: RecordInfo) -> Iterator[str]:
        yield from ("/** @throws Exception */", "public function jsonSerialize(): mixed", "{")
        yield f"    $o = {'(array)parent::jsonSerialize()' if info.base else '[]'};"
        for field in self.list_properties(info):
            value = self._convert_value("to", field, info, f"$this->{self._get_field_name(field)}")
            yield f"    if (isset($this->{self._get_field_name(field)})) $o['{field.wire}'] = {value};"
        yield from ("    return empty($o) ? new class(){} : $o;", "}")

    def _convert_value(self, direction: str, field: Property, info: RecordInfo, value: str) -> str:
        match field.type.kind:
            case "scalar" if self.format_type(field.type) in ("string", "bool", "int", "float", "mixed"):
                return value
            case "enum" if self.format_type(field.type) == "int":
                return value
            case "list":
                return (
                    f"JsonConverters::{direction}Array({self._write_type_name(field.type.arguments[0], info)}, {value})"
                )
            case "map":
                arguments = ",".join(self._write_type_name(argument, info) for argument in field.type.arguments)
                context = f"JsonConverters::context('Dictionary',genericArgs:[{arguments}])"
                return f"JsonConverters::{direction}({context}, {value})"
            case _:
                return f"JsonConverters::{direction}({self._write_type_name(field.type, info)}, {value})"

    def _write_type_name(self, ref: TypeRef, info: RecordInfo) -> str:
        if ref.kind == "parameter":
            return f"$this->genericArgs[{info.parameters.index(ref.name)}]"
        return f"'{self.format_type(ref)}'"
