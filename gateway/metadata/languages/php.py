"""PHP, as the package servicestack/client reads it."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.selection import dependencies_first, unique
from gateway.metadata.languages.texts import indented

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
    return first.lower() != "namespace" and all(each.isidentifier() for each in (first, *others))


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
        "DefaultImports": values.listed(
            "names of classes separated by commas, with their namespaces", rf"\\?{values.NAME}(?:\\{values.NAME})*"
        ),
    }
    scalars = scalars_of("php")

    @property
    def head(self) -> Head:  # type: ignore[override]
        """Return the head with the namespace, which must be the file's first statement."""
        return Head(opening=f"<?php namespace {self.text('GlobalNamespace') or 'dtos'};\n/* Options:")

    def quoted(self, text: str) -> str:
        return super().quoted(text).replace("?>", "? >")

    def class_name(self, name: str) -> str:
        return f"{name}_" if name.lower() in self.reserved else name

    def opening(self) -> Iterator[str]:
        yield ""
        yield from (f"use {each};" for each in (*_IMPORTS, *names(self.text("DefaultImports"))))
        yield from ("", "")

    def ordered(self) -> list[TypeInfo]:
        return dependencies_first(self.types, self.contract.by_name)

    def enum(self, info: EnumInfo) -> Iterator[str]:
        if self.describes() and info.description:
            yield f"/** @description {' '.join(self.comment_lines(info.description))} */"
        yield from (f"enum {self.class_name(info.name)} : {'int' if info.is_numeric else 'string'}", "{")
        for name, number in unique(info):
            described = " ".join(self.comment_lines(info.descriptions.get(name, ""))) if self.describes() else ""
            comment = [f"/** @description {described} */"] if described else []
            value = str(number) if info.is_numeric else f"'{info.text_of(name)}'"
            # PHP defines the constant ``class`` itself.
            shown = f"{name}_" if name.lower() == "class" else name
            yield from indented([*comment, f"case {shown} = {value};"])
        yield "}"

    def record(self, info: RecordInfo) -> Iterator[str]:
        if self.describes() and info.description:
            yield f"/** @description {' '.join(self.comment_lines(info.description))} */"
        yield from self.remarks(info)
        if info.parameters:
            yield from ("/**", *(f" * @template {each}" for each in info.parameters), " */")
        operation = self.operation(info)
        if operation is not None and operation.returns is not None and self.is_marked(info):
            yield f"#[Returns('{_ANSWERS.get(operation.returns.kind) or self.type_name(operation.returns).partition('<')[0]}')]"
        # The attribute above declares the response type, because PHP has no generic interfaces.
        implements = ", ".join([*(each.partition("<")[0] for each in self.implements(info)), "JsonSerializable"])
        extends = f" extends {self.class_name(info.base.name)}" if info.base else ""
        yield f"class {self.class_name(info.name)}{extends} implements {implements}"
        yield "{"
        yield from indented(self._members(info))
        yield "}"

    def _members(self, info: RecordInfo) -> Iterator[str]:
        if info.parameters:
            yield "public array $genericArgs = [];"
            yield f"public static function create(array $genericArgs=[]): {self.class_name(info.name)} {{"
            yield f"    $to = new {self.class_name(info.name)}();"
            yield from ("    $to->genericArgs = $genericArgs;", "    return $to;", "}", "")
        yield from self._constructor(info)
        yield from self._reading(info)
        yield from self._writing(info)
        operation = self.operation(info)
        if operation is not None and self.is_marked(info):
            yield f"public function getTypeName(): string {{ return '{info.name}'; }}"
            yield f"public function getMethod(): string {{ return '{operation.verb}'; }}"
            returns = operation.returns
            kind, value = ("void", "") if returns is None else ("mixed", f" return {self._new(returns)}; ")
            yield f"public function createResponse(): {kind} {{{value}}}"

    def _new(self, ref: TypeRef) -> str:
        if ref.kind == "map":
            return "[]"
        if ref.kind not in ("record", "list"):
            return _EMPTY.get(self.type_name(ref), "null")
        if not ref.arguments:
            return f"new {self.class_name(ref.name)}()"
        arguments = ",".join(f"'{self.type_name(each)}'" for each in ref.arguments)
        return f"{'ArrayList' if ref.kind == 'list' else self.class_name(ref.name)}::create(genericArgs:[{arguments}])"

    def _constructor(self, info: RecordInfo) -> Iterator[str]:
        own = {each.wire for each in self.properties(info)}
        inherited = [each for each in self.contract.all_properties(info) if each.wire not in own]
        yield "public function __construct("
        parameters = [[f"{self._declared(each)} ${self._member(each)}=null"] for each in inherited]
        parameters += [[*self._parameter(info, each)] for each in self.properties(info)]
        for number, lines in enumerate(parameters):
            *remarks, last = lines
            yield from indented([*remarks, last + ("," if number < len(parameters) - 1 else "")])
        yield ") {"
        if info.base:
            yield f"    parent::__construct({','.join(f'${self._member(each)}' for each in inherited)});"
        yield from ("}", "")

    def _parameter(self, info: RecordInfo, each: Property) -> Iterator[str]:
        if self.describes() and each.description:
            yield f"/** @description {' '.join(self.comment_lines(each.description))} */"
        yield from self.member_remarks(info, each)
        yield f"/** @var {self.type_name(each.type)}|null */"
        yield f"public {self._declared(each)} ${self._member(each)}={self.initial(each) or 'null'}"

    def _member(self, each: Property) -> str:
        # ``$this`` can't be a parameter.
        word = self.word(each)
        return "this_" if word == "this" else word

    def _declared(self, each: Property) -> str:
        """Return a property's type declaration; PHP has no item types."""
        if each.type.kind == "parameter" or self.type_name(each.type) == "mixed":
            return "mixed"
        return "?array" if each.type.kind in ("list", "map") else f"?{self.type_name(each.type).partition('<')[0]}"

    def _reading(self, info: RecordInfo) -> Iterator[str]:
        yield from ("/** @throws Exception */", "public function fromMap($o): void {")
        if info.base:
            yield "    parent::fromMap($o);"
        for each in self.properties(info):
            value = self._converted("from", each, info, f"$o['{each.wire}']")
            yield f"    if (isset($o['{each.wire}'])) $this->{self._member(each)} = {value};"
        yield from ("}", "")

    def _writing(self, info: RecordInfo) -> Iterator[str]:
        yield from ("/** @throws Exception */", "public function jsonSerialize(): mixed", "{")
        yield f"    $o = {'(array)parent::jsonSerialize()' if info.base else '[]'};"
        for each in self.properties(info):
            value = self._converted("to", each, info, f"$this->{self._member(each)}")
            yield f"    if (isset($this->{self._member(each)})) $o['{each.wire}'] = {value};"
        yield from ("    return empty($o) ? new class(){} : $o;", "}")

    def _converted(self, direction: str, each: Property, info: RecordInfo, value: str) -> str:
        match each.type.kind:
            case "scalar" if self.type_name(each.type) in ("string", "bool", "int", "float", "mixed"):
                return value
            case "enum" if self.type_name(each.type) == "int":
                return value
            case "list":
                return f"JsonConverters::{direction}Array({self._named(each.type.arguments[0], info)}, {value})"
            case "map":
                arguments = ",".join(self._named(argument, info) for argument in each.type.arguments)
                context = f"JsonConverters::context('Dictionary',genericArgs:[{arguments}])"
                return f"JsonConverters::{direction}({context}, {value})"
            case _:
                return f"JsonConverters::{direction}({self._named(each.type, info)}, {value})"

    def _named(self, ref: TypeRef, info: RecordInfo) -> str:
        if ref.kind == "parameter":
            return f"$this->genericArgs[{info.parameters.index(ref.name)}]"
        return f"'{self.type_name(ref)}'"
