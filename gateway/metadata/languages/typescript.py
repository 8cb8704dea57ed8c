"""TypeScript, as @servicestack/client reads it: classes, or interfaces in a declaration file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, InterfaceRef, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.selection import dependencies_first
from gateway.metadata.languages.texts import indented

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
    lambda value: _statements(value) is not None,
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

    scalars = scalars_of("script")
    reserved = keywords.JAVASCRIPT
    rules = {"GlobalNamespace": values.dotted(keywords.JAVASCRIPT), "DefaultImports": _IMPORTS}
    list_form = "{0}[]"
    has_flags = has_numbered = True
    map_form = ""

    def ordered(self) -> list[TypeInfo]:
        return dependencies_first(self.types, self.contract.by_name)

    def member(self, each: Property) -> str:
        """Return a property's name: any word is valid except one."""
        if each.wire == "constructor":
            return "['constructor']"
        return each.wire if each.wire.isidentifier() else f"'{each.wire}'"

    def type_name(self, ref: TypeRef) -> str:
        if ref.kind == "map" and ref.name not in self.as_texts:
            # Keys of objects are texts or numbers.
            kind = "number" if self.type_name(ref.arguments[0]) == "number" else "string"
            return self.edition.map_form.format(kind, self.item_name(ref.arguments[1]))
        return super().type_name(ref)

    def knows(self, interface: InterfaceRef) -> bool:
        return interface.type.name in _MARKERS or self.flag("AddServiceStackTypes")

    def annotations(self, info: RecordInfo) -> Iterator[str]:
        """Return the lines before a class."""
        yield from self.described(info.description)
        yield from self.remarks(info)

    def described(self, text: str) -> Iterator[str]:
        """Yield a description, as the edition writes it."""
        if not self.edition.one_line:
            yield from self.block(text)
        elif self.describes() and (lines := self.comment_lines(text)):
            yield f"/** @description {' '.join(lines)} */"

    def member_annotations(self, info: RecordInfo, each: Property) -> Iterator[str]:
        """Return the lines before a member."""
        yield from self.described(each.description)
        yield from self.member_remarks(info, each)

    def question(self, each: Property) -> str:
        """Return the mark of an optional member."""
        return "?" if self.flag("MakePropertiesOptional") or self.is_optional(each) else ""

    def empty(self, ref: TypeRef) -> str:
        """Return a value of a type other than a list, which shows the client library how to read a response."""
        if ref.kind == "record":
            return f"new {self.type_name(ref)}()"
        return _EMPTY.get(self.type_name(ref), "{} as any" if self.suffix == "ts" else "{}")

    def markers(self) -> Iterator[str]:
        """Yield the interfaces that the document's types implement."""
        if not self.flag("AddServiceStackTypes"):
            return
        for name in sorted(self.used_names() & _MARKERS.keys()):
            declaration, member = _MARKERS[name]
            yield from (f"export interface {declaration}", "{", *([f"    {member}"] if member else []), "}", "")
        others = {
            each.type.name: each.type.arguments
            for info in self.types.values()
            for each in (info.interfaces if isinstance(info, RecordInfo) else ())
            if each.type.name not in _MARKERS
        }
        for name, arguments in sorted(others.items()):
            names_of_parameters = ["T"] if len(arguments) == 1 else [f"T{n + 1}" for n in range(len(arguments))]
            yield from (f"export interface {self.generic(name, names_of_parameters)}", "{", "}", "")

    def statements(self) -> list[tuple[str, str]]:
        """Return the symbols and modules of ``DefaultImports``."""
        return _statements(self.text("DefaultImports")) or []

    def imports(self) -> Iterator[str]:
        """Yield the statements of ``DefaultImports``."""
        for symbols, module in self.statements():
            yield f'import {{ {", ".join(names(symbols))} }} from "{module}";'


#: Values of scalars. The library does not parse a response of type text, but the responses are documents of their format.
_EMPTY = {"string": "new String() as any", "number": "0", "boolean": "false"}


def _statements(text: str) -> list[tuple[str, str]] | None:
    """Return the symbols and the module of each statement: a comma or a semicolon ends a module. None if the text is not valid."""
    found: list[tuple[str, str]] = []
    symbols = ""
    for part in re.split(r"[,;]", text) if text else ():
        symbols = f"{symbols},{part}" if symbols else part
        if ":" in part:
            match = _IMPORT.fullmatch(symbols.strip())
            if match is None:
                return None
            found.append((match[1], match[2]))
            symbols = ""
    return None if symbols.strip() else found


class TypeScriptGenerator(ScriptGenerator):
    """Classes with a constructor that takes any of their members."""

    name = "typescript"
    title = "TypeScript"
    suffix = "ts"
    defaults = _OPTIONS

    def opening(self) -> Iterator[str]:
        # The constructor sets members by Object.assign, which strict checks of initialization do not see.
        yield from ("// @ts-nocheck", "", *self.imports())
        if namespace := self.text("GlobalNamespace"):
            yield from (f"export module {namespace}", "{", "")
        yield from self.markers()

    def closing(self) -> Iterator[str]:
        if self.text("GlobalNamespace"):
            yield "}"

    def enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self.described(info.description)
        if info.flags:
            yield "// @Flags()"
        yield from (f"export enum {self.class_name(info.name)}", "{")
        for name, number in info.members:
            value = str(number) if info.is_numeric else f"'{info.text_of(name)}'"
            yield from indented([*self.described(info.descriptions.get(name, "")), f"{name} = {value},"])
        yield "}"

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.annotations(info)
        base, implements = info.base, ", ".join(self.implements(info))
        yield (
            f"export class {self.own_name(info)}"
            f"{f' extends {self.type_name(base)}' if base else ''}{f' implements {implements}' if implements else ''}"
        )
        yield "{"
        yield from indented(self._members(info))
        yield "}"

    def _members(self, info: RecordInfo) -> Iterator[str]:
        for each in self.properties(info):
            yield from self.member_annotations(info, each)
            start = self.initial(each) or self._collection(each)
            value = f" = {start}" if start else ""
            yield f"public {self.member(each)}{'' if value else self.question(each)}: {self.type_name(each.type)}{value};"
            if each.description or info.is_contract:
                yield ""
        if self.properties(info) and not (self.properties(info)[-1].description or info.is_contract):
            yield ""
        own = self.own_name(info)
        inherited = "super(init); " if info.base else ""
        yield f"public constructor(init?: Partial<{own}>) {{ {inherited}(Object as any).assign(this, init); }}"
        yield from self._answer(info)

    def _collection(self, each: Property) -> str:
        """Return the initial value of a collection that is never omitted."""
        if not self.edition.initializers or not self.is_required(each) or self.flag("MakePropertiesOptional"):
            return ""
        return {"list": "[]", "map": "{}"}.get(each.type.kind, "")

    def _answer(self, info: RecordInfo) -> Iterator[str]:
        operation = self.operation(info)
        if operation is None or not self.is_marked(info):
            return
        yield f"public getTypeName() {{ return '{info.name}'; }}"
        yield f"public getMethod() {{ return '{operation.verb}'; }}"
        returns = operation.returns
        yield f"public createResponse(){': void' if returns is None else ''} {{{self._new(returns)}}}"

    def _new(self, ref: TypeRef | None) -> str:
        if ref is None:
            return ""
        if ref.kind == "list":
            return f" return new Array<{self.item_name(ref.arguments[0])}>(); "
        return f" return {self.empty(ref)}; "


class DeclarationGenerator(ScriptGenerator):
    """A declaration file: interfaces, and enums that cost nothing at run time."""

    name = "typescript.d"
    title = "TypeScript declarations"
    suffix = "d.ts"
    defaults = {**_OPTIONS, "GlobalNamespace": "dtos", "MakePropertiesOptional": "True"}

    def opening(self) -> Iterator[str]:
        yield from self.imports()
        yield from (f"declare module {self.text('GlobalNamespace') or 'dtos'}", "{", "")

    def closing(self) -> Iterator[str]:
        yield "}"

    def body(self) -> Iterator[str]:
        yield from indented(line.removeprefix("export ") for line in self.markers())
        yield from indented(super().body())

    def enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self.described(info.description)
        values = [str(number) if info.numbered else self.quoted(info.text_of(name)) for name, number in info.members]
        # A sum of members can be any number.
        kind = "number" if info.flags else " | ".join(values) or "never"
        yield f"type {self.class_name(info.name)} = {kind};"

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.annotations(info)
        bases = [self.type_name(info.base)] if info.base else []
        extends = ", ".join([*bases, *self.implements(info)])
        yield f"interface {self.own_name(info)}{f' extends {extends}' if extends else ''}"
        yield "{"
        for each in self.properties(info):
            yield from indented(self.member_annotations(info, each))
            value = f" // {self.initial(each)}" if self.initial(each) else ""
            yield f"    {self.member(each)}{self.question(each)}: {self.type_name(each.type)};{value}"
        yield "}"

    def markers(self) -> Iterator[str]:
        # A declaration file creates no responses, so the marker has no member that callers would have to implement.
        for line in super().markers():
            yield line.replace("createResponse()", "createResponse?()")
