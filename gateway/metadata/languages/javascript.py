"""JavaScript modules, with types in comments for editors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from gateway.contract.typeinfo import EnumInfo, RecordInfo, TypeRef
from gateway.metadata.languages.options import split_names
from gateway.metadata.languages.texts import indent
from gateway.metadata.languages.typescript import ScriptGenerator


class JavaScriptGenerator(ScriptGenerator):
    """Classes as a browser or Node loads them, without a build."""

    name = "mjs"
    title = "JavaScript"
    suffix = "mjs"
    exported: ClassVar[str] = "export "
    defaults = {
        "AddServiceStackTypes": "True",
        "AddDocAnnotations": "True",
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "AddDescriptionAsComments": "True",
        "IncludeTypes": "",
        "ExcludeTypes": "",
        "DefaultImports": "",
    }

    def write_opening(self) -> Iterator[str]:
        yield from ('"use strict";', *self.list_imports())

    def write_body(self) -> Iterator[str]:
        # The form has no blank lines between types.
        yield from (line for line in super().write_body() if line)

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        if self.is_on("AddDocAnnotations"):
            values = [str(number) if info.is_numeric else repr(info.text_of(name)) for name, number in info.members]
            yield f"/** @typedef {{{'number' if info.flags else '|'.join(values)}}} */"
        class_name = self.get_class_name(info.name)
        if self.describes() and info.description:
            yield f"/** @description {' '.join(self.split_comment(info.description))} */"
        yield f"{self.exported}var {class_name};"
        yield f"(function ({class_name}) {{"
        for name, number in info.members:
            value = str(number) if info.is_numeric else f'"{info.text_of(name)}"'
            if info.is_numeric and self.edition.named_numbers:
                yield from indent([f'{class_name}[{class_name}["{name}"] = {value}] = "{name}"'])
            else:
                yield from indent([f'{class_name}["{name}"] = {value}'])
        yield f"}})({class_name} || ({class_name} = {{}}));"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        if self.describes() and info.description:
            yield f"/** @description {' '.join(self.split_comment(info.description))} */"
        if self.is_on("AddDocAnnotations"):
            # Only the last of several comments before a class counts.
            yield from ([f"/** @template {', '.join(info.parameters)} */"] if info.parameters else [])
        base = f" extends {self.get_class_name(info.base.name)}" if info.base else ""
        yield f"{self.exported}class {self.get_class_name(info.name)}{base} {{"
        yield from indent(self._write_members(info))
        yield "}"

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        annotates = self.is_on("AddDocAnnotations")
        every = [
            f"{self.get_member_name(field)}?:{self.format_type(field.type)}"
            for field in self.contract.all_properties(info)
        ]
        if annotates and every:
            yield f"/** @param {{{{{','.join(every)}}}}} [init] */"
        yield f"constructor(init) {{ {'super(init); ' if info.base else ''}Object.assign(this, init) }}"
        for field in self.list_properties(info):
            kind = f"{'?' if self.is_optional(field) else ''}{self.format_type(field.type)}"
            yield from self._write_note(kind, field.description if self.describes() else "", annotates=annotates)
            yield f"{self.get_member_name(field)}{f' = {self.get_initial_value(field)}' if self.get_initial_value(field) else ''};"
        operation = self.find_operation(info)
        if operation is not None and self.is_marked(info):
            yield f"getTypeName() {{ return '{info.name}' }}"
            yield f"getMethod() {{ return '{operation.verb}' }}"
            yield f"createResponse() {{ {self._write_new(operation.returns)}}}"

    def _write_note(self, kind: str, description: str, *, annotates: bool) -> Iterator[str]:
        words = " ".join(self.split_comment(description))
        if annotates and words:
            yield from ("/**", f" * @type {{{kind}}}", f" * @description {words} */")
        elif annotates:
            yield f"/** @type {{{kind}}} */"

    def _write_new(self, ref: TypeRef | None) -> str:
        if ref is None:
            return ""
        if ref.kind == "record":
            return f"return new {self.get_class_name(ref.name)}() "
        return "return [] " if ref.kind == "list" else f"return {self.write_empty_value(ref).removesuffix(' as any')} "


class CommonJsGenerator(JavaScriptGenerator):
    """The same for ``require`` of Node."""

    name = "commonjs"
    title = "CommonJS"
    suffix = "cjs"
    exported = ""

    def list_imports(self) -> Iterator[str]:
        for symbols, module in self.list_statements():
            bindings = ", ".join(symbol.replace(" as ", ": ") for symbol in split_names(symbols))
            yield f'const {{ {bindings} }} = require("{module}");'

    def write_closing(self) -> Iterator[str]:
        class_names = [self.get_class_name(info.name) for info in self.order_types()]
        yield from (f"exports.{class_name} = {class_name};" for class_name in class_names)
