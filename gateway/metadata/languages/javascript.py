"""JavaScript modules, with types in comments for editors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from gateway.contract.typeinfo import EnumInfo, RecordInfo, TypeRef
from gateway.metadata.languages.options import names
from gateway.metadata.languages.texts import indented
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

    def opening(self) -> Iterator[str]:
        yield from ('"use strict";', *self.imports())

    def body(self) -> Iterator[str]:
        # The form has no blank lines between types.
        yield from (line for line in super().body() if line)

    def enum(self, info: EnumInfo) -> Iterator[str]:
        if self.flag("AddDocAnnotations"):
            values = [str(number) if info.is_numeric else repr(info.text_of(name)) for name, number in info.members]
            yield f"/** @typedef {{{'number' if info.flags else '|'.join(values)}}} */"
        own = self.class_name(info.name)
        if self.describes() and info.description:
            yield f"/** @description {' '.join(self.comment_lines(info.description))} */"
        yield f"{self.exported}var {own};"
        yield f"(function ({own}) {{"
        for name, number in info.members:
            value = str(number) if info.is_numeric else f'"{info.text_of(name)}"'
            if info.is_numeric and self.edition.named_numbers:
                yield from indented([f'{own}[{own}["{name}"] = {value}] = "{name}"'])
            else:
                yield from indented([f'{own}["{name}"] = {value}'])
        yield f"}})({own} || ({own} = {{}}));"

    def record(self, info: RecordInfo) -> Iterator[str]:
        if self.describes() and info.description:
            yield f"/** @description {' '.join(self.comment_lines(info.description))} */"
        if self.flag("AddDocAnnotations"):
            # Only the last of several comments before a class counts.
            yield from ([f"/** @template {', '.join(info.parameters)} */"] if info.parameters else [])
        base = f" extends {self.class_name(info.base.name)}" if info.base else ""
        yield f"{self.exported}class {self.class_name(info.name)}{base} {{"
        yield from indented(self._members(info))
        yield "}"

    def _members(self, info: RecordInfo) -> Iterator[str]:
        noted = self.flag("AddDocAnnotations")
        every = [f"{self.member(each)}?:{self.type_name(each.type)}" for each in self.contract.all_properties(info)]
        if noted and every:
            yield f"/** @param {{{{{','.join(every)}}}}} [init] */"
        yield f"constructor(init) {{ {'super(init); ' if info.base else ''}Object.assign(this, init) }}"
        for each in self.properties(info):
            kind = f"{'?' if self.is_optional(each) else ''}{self.type_name(each.type)}"
            yield from self._note(kind, each.description if self.describes() else "", noted=noted)
            yield f"{self.member(each)}{f' = {self.initial(each)}' if self.initial(each) else ''};"
        operation = self.operation(info)
        if operation is not None and self.is_marked(info):
            yield f"getTypeName() {{ return '{info.name}' }}"
            yield f"getMethod() {{ return '{operation.verb}' }}"
            yield f"createResponse() {{ {self._new(operation.returns)}}}"

    def _note(self, kind: str, description: str, *, noted: bool) -> Iterator[str]:
        words = " ".join(self.comment_lines(description))
        if noted and words:
            yield from ("/**", f" * @type {{{kind}}}", f" * @description {words} */")
        elif noted:
            yield f"/** @type {{{kind}}} */"

    def _new(self, ref: TypeRef | None) -> str:
        if ref is None:
            return ""
        if ref.kind == "record":
            return f"return new {self.class_name(ref.name)}() "
        return "return [] " if ref.kind == "list" else f"return {self.empty(ref).removesuffix(' as any')} "


class CommonJsGenerator(JavaScriptGenerator):
    """The same for ``require`` of Node."""

    name = "commonjs"
    title = "CommonJS"
    suffix = "cjs"
    exported = ""

    def imports(self) -> Iterator[str]:
        for symbols, module in self.statements():
            named = ", ".join(each.replace(" as ", ": ") for each in names(symbols))
            yield f'const {{ {named} }} = require("{module}");'

    def closing(self) -> Iterator[str]:
        own = [self.class_name(info.name) for info in self.ordered()]
        yield from (f"exports.{each} = {each};" for each in own)
