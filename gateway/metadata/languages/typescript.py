"""TypeScript, as @servicestack/client reads it: classes, or interfaces in a declaration file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, InterfaceRef, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator
from gateway.metadata.languages.options import split_names
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.selection import sort_by_dependencies
from gateway.metadata.languages.texts import indent

_OPTIONS = {
    "GlobalNamespace": "",
    "MakePropertiesOptional": "False",
    "AddServiceStackTypes": "True",
    "AddResponseStatus": "False",
    "AddImplicitVersion": "",
    "AddDescriptionAsComments": "True",
    "IncludeTypes": "",
    "ExcludeTypes": "",
    "DefaultImports": "",
}

_SYMBOL = rf"{values.NAME}(?: as {values.NAME})?"
_IMPORT = re.compile(rf"({_SYMBOL}(?: *, *{_SYMBOL})*) *: *([A-Za-z0-9_@./:~-]+)")
_IMPORTS = values.Rule(
    "symbols with their module, as Symbol:module,Other:./module or One,Two:module",
    lambda value: _split_statements(value) is not None,
)

#: The marker interfaces that requests implement; the client library recognizes them by their members.
_MARKERS = {
    "IReturn": ("IReturn<T>", "createResponse(): T;"),
    "IReturnVoid": ("IReturnVoid", "createResponse(): void;"),
    "IGet": ("IGet", ""),
    "IPost": ("IPost", ""),
    "IPut": ("IPut", ""),
    "IPatch": ("IPatch", ""),
    "IDelete": ("IDelete", ""),
}


class ScriptGenerator(Generator):
    """The base of TypeScript, its declarations and JavaScript."""

    scalars = get_scalars("script")
    reserved = keywords.JAVASCRIPT
    rules = {"GlobalNamespace": values.allow_dotted(keywords.JAVASCRIPT), "DefaultImports": _IMPORTS}
    list_form = "{0}[]"
    has_flags = has_numbered = True
    map_form = ""

    def order_types(self) -> list[TypeInfo]:
        return sort_by_dependencies(self.types, self.contract.by_name)

    def get_member_name(self, field: Property) -> str:
        """Return a property's name: any word is valid except one."""
        if field.wire == "constructor":
            return "['constructor']"
        return field.wire if field.wire.isidentifier() else f"'{field.wire}'"

    def format_type(self, ref: TypeRef) -> str:
        if ref.kind == "map" and ref.name not in self.as_texts:
            # Keys of objects are texts or numbers.
            kind = "number" if self.format_type(ref.arguments[0]) == "number" else "string"
            return self.edition.map_form.format(kind, self.format_item_type(ref.arguments[1]))
        return super().format_type(ref)

    def knows(self, interface: InterfaceRef) -> bool:
        return interface.type.name in _MARKERS or self.is_on("AddServiceStackTypes")

    def write_annotations(self, info: RecordInfo) -> Iterator[str]:
        """Return the lines before a class."""
        yield from self.write_description(info.description)
        yield from self.write_remarks(info)

    def write_description(self, text: str) -> Iterator[str]:
        """Yield a description, as the edition writes it."""
        if not self.edition.one_line:
            yield from self.write_block_comment(text)
        elif self.describes() and (lines := self.split_comment(text)):
            yield f"/** @description {' '.join(lines)} */"

    def write_member_annotations(self, info: RecordInfo, field: Property) -> Iterator[str]:
        """Return the lines before a member."""
        yield from self.write_description(field.description)
        yield from self.write_member_remarks(info, field)

    def get_mark(self, field: Property) -> str:
        """Return the mark of an optional member."""
        return "?" if self.is_on("MakePropertiesOptional") or self.is_optional(field) else ""

    def write_empty_value(self, ref: TypeRef) -> str:
        """Return a value of a type other than a list, which shows the client library how to read a response."""
        if ref.kind == "record":
            return f"new {self.format_type(ref)}()"
        return _EMPTY.get(self.format_type(ref), "{} as any" if self.suffix == "ts" else "{}")

    def write_markers(self) -> Iterator[str]:
        """Yield the interfaces that the document's types implement."""
        if not self.is_on("AddServiceStackTypes"):
            return
        for name in sorted(self.list_marker_names() & _MARKERS.keys()):
            declaration, member = _MARKERS[name]
            yield from (f"export interface {declaration}", "{", *([f"    {member}"] if member else []), "}", "")
        others = {
            interface.type.name: interface.type.arguments
            for info in self.types.values()
            for interface in (info.interfaces if isinstance(info, RecordInfo) else ())
            if interface.type.name not in _MARKERS
        }
        for name, arguments in sorted(others.items()):
            names_of_parameters = ["T"] if len(arguments) == 1 else [f"T{n + 1}" for n in range(len(arguments))]
            yield from (f"export interface {self.format_generic(name, names_of_parameters)}", "{", "}", "")

    def list_statements(self) -> list[tuple[str, str]]:
        """Return the symbols and modules of ``DefaultImports``."""
        return _split_statements(self.get_option("DefaultImports")) or []

    def list_imports(self) -> Iterator[str]:
        """Yield the statements of ``DefaultImports``."""
        for symbols, module in self.list_statements():
            yield f'import {{ {", ".join(split_names(symbols))} }} from "{module}";'


#: Values of scalars. The library does not parse a response of type text, but the responses are documents of their format.
_EMPTY = {"string": "new String() as any", "number": "0", "boolean": "false"}


def _split_statements(text: str) -> list[tuple[str, str]] | None:
    """Return the symbols and the module of each statement: a comma or a semicolon ends a module. None if the text is not valid."""
    statements: list[tuple[str, str]] = []
    symbols = ""
    for part in re.split(r"[,;]", text) if text else ():
        symbols = f"{symbols},{part}" if symbols else part
        if ":" in part:
            match = _IMPORT.fullmatch(symbols.strip())
            if match is None:
                return None
            statements.append((match[1], match[2]))
            symbols = ""
    return None if symbols.strip() else statements


class TypeScriptGenerator(ScriptGenerator):
    """Classes with a constructor that takes any of their members."""

    name = "typescript"
    title = "TypeScript"
    suffix = "ts"
    defaults = _OPTIONS

    def write_opening(self) -> Iterator[str]:
        # The constructor sets members by Object.assign, which strict checks of initialization do not see.
        yield from ("// @ts-nocheck", "", *self.list_imports())
        if namespace := self.get_option("GlobalNamespace"):
            yield from (f"export module {namespace}", "{", "")
        yield from self.write_markers()

    def write_closing(self) -> Iterator[str]:
        if self.get_option("GlobalNamespace"):
            yield "}"

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self.write_description(info.description)
        if info.flags:
            yield "// @Flags()"
        yield from (f"export enum {self.get_class_name(info.name)}", "{")
        for name, number in info.members:
            value = str(number) if info.is_numeric else f"'{info.text_of(name)}'"
            yield from indent([*self.write_description(info.descriptions.get(name, "")), f"{name} = {value},"])
        yield "}"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.write_annotations(info)
        base, implements = info.base, ", ".join(self.implements(info))
        yield (
            f"export class {self.get_full_name(info)}"
            f"{f' extends {self.format_type(base)}' if base else ''}{f' implements {implements}' if implements else ''}"
        )
        yield "{"
        yield from indent(self._write_members(info))
        yield "}"

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        for field in self.list_properties(info):
            yield from self.write_member_annotations(info, field)
            start = self.get_initial_value(field) or self._get_collection(field)
            value = f" = {start}" if start else ""
            yield f"public {self.get_member_name(field)}{'' if value else self.get_mark(field)}: {self.format_type(field.type)}{value};"
            if field.description or info.is_contract:
                yield ""
        if self.list_properties(info) and not (self.list_properties(info)[-1].description or info.is_contract):
            yield ""
        class_name = self.get_full_name(info)
        inherited = "super(init); " if info.base else ""
        yield f"public constructor(init?: Partial<{class_name}>) {{ {inherited}(Object as any).assign(this, init); }}"
        yield from self._write_response_type(info)

    def _get_collection(self, field: Property) -> str:
        """Return the initial value of a collection that is never omitted."""
        if not self.edition.initializers or not self.is_required(field) or self.is_on("MakePropertiesOptional"):
            return ""
        return {"list": "[]", "map": "{}"}.get(field.type.kind, "")

    def _write_response_type(self, info: RecordInfo) -> Iterator[str]:
        operation = self.find_operation(info)
        if operation is None or not self.is_marked(info):
            return
        yield f"public getTypeName() {{ return '{info.name}'; }}"
        yield f"public getMethod() {{ return '{operation.verb}'; }}"
        returns = operation.returns
        yield f"public createResponse(){': void' if returns is None else ''} {{{self._write_new(returns)}}}"

    def _write_new(self, ref: TypeRef | None) -> str:
        if ref is None:
            return ""
        if ref.kind == "list":
            return f" return new Array<{self.format_item_type(ref.arguments[0])}>(); "
        return f" return {self.write_empty_value(ref)}; "


class DeclarationGenerator(ScriptGenerator):
    """A declaration file: interfaces, and enums that cost nothing at run time."""

    name = "typescript.d"
    title = "TypeScript declarations"
    suffix = "d.ts"
    defaults = {**_OPTIONS, "GlobalNamespace": "dtos", "MakePropertiesOptional": "True"}

    def write_opening(self) -> Iterator[str]:
        yield from self.list_imports()
        yield from (f"declare module {self.get_option('GlobalNamespace') or 'dtos'}", "{", "")

    def write_closing(self) -> Iterator[str]:
        yield "}"

    def write_body(self) -> Iterator[str]:
        yield from indent(line.removeprefix("export ") for line in self.write_markers())
        yield from indent(super().write_body())

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self.write_description(info.description)
        values = [str(number) if info.numbered else self.quote(info.text_of(name)) for name, number in info.members]
        # A sum of members can be any number.
        kind = "number" if info.flags else " | ".join(values) or "never"
        yield f"type {self.get_class_name(info.name)} = {kind};"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.write_annotations(info)
        bases = [self.format_type(info.base)] if info.base else []
        extends = ", ".join([*bases, *self.implements(info)])
        yield f"interface {self.get_full_name(info)}{f' extends {extends}' if extends else ''}"
        yield "{"
        for field in self.list_properties(info):
            yield from indent(self.write_member_annotations(info, field))
            value = f" // {self.get_initial_value(field)}" if self.get_initial_value(field) else ""
            yield f"    {self.get_member_name(field)}{self.get_mark(field)}: {self.format_type(field.type)};{value}"
        yield "}"

    def write_markers(self) -> Iterator[str]:
        # A declaration file creates no responses, so the marker has no member that callers would have to implement.
        for line in super().write_markers():
            yield line.replace("createResponse()", "createResponse?()")
