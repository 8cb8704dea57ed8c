"""TypeScript, its declaration files (``.d.ts``), and JavaScript with types in comments (``.mjs``)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.importing.braces import BraceReader
from gateway.importing.collector import Member, build_table
from gateway.importing.drafts import Draft, DraftMember, TypeUse, split_words
from gateway.importing.tokens import Notes, Syntax, Tokens

_PARTS = {
    "Array": "List",
    "Map": "Dictionary",
    "Record": "Dictionary",
    "any": "Object",
    "unknown": "Object",
    "object": "Object",
}
#: .NET's types of numbers; TypeScript has one type for several.
_NUMBERS = {"number": "Double", "bigint": "Int64"}
_VERB_INTERFACES = split_words(
    "IGet IPost IPut IPatch IDelete IReturn IReturnVoid IHasSessionId IHasBearerToken IMeta IHasVersion IOptions"
)


#: A parameter of a generic class in hosts' JavaScript comments: ``@typedef T {any}``.
_TYPE_PARAMETER = re.compile(r"^\s*(\w+)\s*\{any\}")


class TypeScriptReader(BraceReader):
    """Reads classes, interfaces, enums and unions of texts."""

    kind = "TypeScript"
    syntax = Syntax(quotes="\"'`")
    table = {**build_table("script"), **_PARTS, **_NUMBERS}
    modifiers = split_words(
        "export declare public private protected readonly static abstract default override async const"
    )
    kinds = split_words("class interface")

    def make_array(self, item: TypeUse) -> TypeUse:
        return TypeUse("List", (item,))

    def read_other(self, notes: Notes) -> bool:
        tokens = self.tokens
        if tokens.sees("import"):
            tokens.next()
            while not (tokens.here.kind == "text" or tokens.sees(";") or tokens.is_over):
                tokens.next()
            tokens.next()
            return True
        if tokens.sees("type") and tokens.look_ahead().kind == "name":
            self._read_union(notes)
            return True
        if tokens.sees("var"):
            self._read_script_enum(notes)
            return True
        return False

    def read_use(self, depth: int = 0) -> TypeUse:
        """Read a use of a type; for a union, the type that is not null or undefined."""
        tokens = self.tokens
        # Comments of JavaScript have a null mark before a type.
        tokens.accept("|", "?")
        uses = [super().read_use(depth)]
        while tokens.accept("|"):
            uses.append(super().read_use(depth))
        plain = [use for use in uses if use.name not in ("null", "undefined")]
        return plain[0] if len(plain) == 1 else TypeUse("Object")

    def read_plain_use(self, depth: int) -> TypeUse:
        tokens = self.tokens
        if tokens.accept("("):
            use = self.read_use(depth + 1)
            tokens.expect(")")
            return use
        if tokens.here.kind in ("text", "number"):
            is_text = tokens.next().kind == "text"
            return TypeUse("string" if is_text else "number")
        if not tokens.sees("{"):
            return super().read_plain_use(depth)
        if tokens.look_ahead().text != "[":
            tokens.skip("{", "}")
            return TypeUse("Object")
        tokens.next()
        tokens.expect("[")
        tokens.take_name()
        tokens.expect(":" if tokens.sees(":") else "in")
        key = self.read_use(depth + 1)
        tokens.expect("]")
        tokens.accept("?")
        tokens.expect(":")
        value = self.read_use(depth + 1)
        tokens.accept(";", ",")
        tokens.expect("}")
        # In JavaScript, keys that are numbers have the type number; all others are texts.
        return TypeUse("Dictionary", (key, value))

    def read_record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, position = tokens.next().text, tokens.line
        parameter_text = notes.tags.get("template", "") or "".join(
            _TYPE_PARAMETER.findall(notes.tags.get("typedef", ""))
        )
        name, parameters = tokens.take_name(), self.read_parameters() or _list_names(parameter_text)
        base, bases = None, list[TypeUse]()
        if tokens.accept("extends"):
            parents = [*self.read_uses()]
            base, bases = (None, parents) if kind == "interface" else (parents[0], parents[1:])
        if tokens.accept("implements"):
            bases += self.read_uses()
        tokens.expect("{")
        members: list[DraftMember] = []
        methods: dict[str, TypeUse | str] = {}
        for _ in self.iterate_until("}"):
            members += self._read_member(name, methods)
        if base is not None and not base.arguments and notes.tags.get("template"):
            base = TypeUse(base.name, tuple(map(TypeUse, parameters)))
        returns = methods.get("createResponse")
        method = methods.get("getMethod")
        is_marker = kind == "interface" and (name in _VERB_INTERFACES or (_is_interface(name) and not members))
        self.collector.add_record(
            name,
            position,
            notes,
            bases,
            base=base,
            parameters=parameters,
            members=members,
            is_interface=is_marker,
            method=method if isinstance(method, str) else "",
            returns=returns if isinstance(returns, TypeUse) else None,
        )

    def _read_member(self, owner: str, methods: dict[str, TypeUse | str]) -> Iterator[DraftMember]:
        tokens = self.tokens
        notes = self.read_notes()
        if tokens.accept(";", ","):
            return
        if tokens.here.kind not in ("name", "text"):
            tokens.skip_to(";", "}")
            return
        name = tokens.next().text
        tokens.accept("?", "!")
        if tokens.sees("(", "<"):
            self._read_method(name, methods)
            return
        use = TypeUse("Object")
        if tokens.accept(":"):
            use = self.read_use()
        elif type_text := notes.tags.get("type"):
            use = type(self)(_remove_braces(type_text)).read_use()
        if tokens.accept("="):
            tokens.skip_to(";", "}")
        tokens.accept(";", ",")
        if use.name == "number":
            self.collector.draft.losses.add("kinds of numbers: Double", f"{owner}.{name}")
        yield self.collector.make_member(name, use, notes, owner)

    def _read_method(self, name: str, methods: dict[str, TypeUse | str]) -> None:
        tokens = self.tokens
        if tokens.sees("<"):
            tokens.skip("<", ">")
        tokens.skip("(", ")")
        if tokens.accept(":"):
            self.read_use()
        if not tokens.accept("{"):
            tokens.accept(";")
            return
        if name == "getMethod" and tokens.accept("return"):
            methods[name] = tokens.next().text
        elif name == "createResponse" and tokens.accept("return"):
            created_type = self._read_created_type()
            if created_type is not None:
                methods[name] = created_type
        elif name == "getTypeName":
            methods.setdefault("getMethod", "POST")
        for _ in self.iterate_until("}"):
            tokens.skip("{", "}") if tokens.sees("{") else tokens.next()

    def _read_created_type(self) -> TypeUse | None:
        """Return the type of the object that a method creates."""
        if self.tokens.accept("new"):
            return self.read_use()
        for text, name in (("[", "List"), ("{", "Dictionary"), ("''", "String")):
            if self.tokens.sees(text):
                arguments = {"List": (TypeUse("Object"),), "Dictionary": (TypeUse("String"), TypeUse("Object"))}
                return TypeUse(name, arguments.get(name, ()))
        if self.tokens.here.kind in ("text", "number"):
            return TypeUse("string" if self.tokens.here.kind == "text" else "number")
        return TypeUse("boolean") if self.tokens.sees("false", "true") else None

    def read_enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("enum")
        position, name = tokens.line, tokens.take_name()
        tokens.expect("{")
        members: list[Member] = []
        texts: dict[str, str] = {}
        for _ in self.iterate_until("}"):
            member_notes = self.read_notes()
            member, number = tokens.next().text, None
            if tokens.accept("="):
                value = tokens.next()
                number = _parse_number(value.text) if value.kind == "number" else None
                texts |= {member: value.text} if value.kind == "text" else {}
            members.append((member, number, member_notes))
            tokens.accept(",")
        self.collector.add_enum(name, position, notes, members, numbered=bool(members) and not texts, texts=texts)

    def _read_union(self, notes: Notes) -> None:
        """Read ``type Color = "Red" | "Blue";``."""
        tokens = self.tokens
        tokens.expect("type")
        position, name = tokens.line, tokens.take_name()
        self.read_parameters()
        tokens.expect("=")
        tokens.accept("|")
        if tokens.here.kind == "text":
            texts = [tokens.next().text]
            while tokens.accept("|"):
                texts.append(tokens.next().text)
            self._add_text_enum(name, position, notes, texts)
        elif tokens.here.kind == "number" or tokens.sees("number"):
            self.collector.draft.losses.add("an enum whose members have no names: numbers", name)
            self.collector.table = {**self.collector.table, name: "Int32"}
        tokens.skip_to(";", "}")
        tokens.accept(";")

    def _add_text_enum(self, name: str, position: str, notes: Notes, texts: list[str]) -> None:
        members: list[Member] = []
        wire_texts: dict[str, str] = {}
        for text in texts:
            member = text if text.isidentifier() else "".join(part[:1].upper() + part[1:] for part in _list_names(text))
            members.append((member or f"Member{len(members)}", None, Notes()))
            wire_texts[members[-1][0]] = text
        self.collector.add_enum(name, position, notes, members, texts=wire_texts)

    def _read_script_enum(self, notes: Notes) -> None:
        """Read ``export var Color; (function (Color) { Color["Red"] = "Red" … })(…)``."""
        tokens = self.tokens
        tokens.expect("var")
        position, name = tokens.line, tokens.take_name()
        tokens.accept(";")
        if not (tokens.sees("(") and tokens.look_ahead().text == "function"):
            return
        end = tokens.at
        tokens.skip("(", ")")
        end, tokens.at = tokens.at, end
        members: list[Member] = []
        texts: dict[str, str] = {}
        while tokens.at < end:
            if tokens.here.text == name and tokens.look_ahead().text == "[" and tokens.look_ahead(2).kind == "text":
                member, value = tokens.look_ahead(2).text, tokens.look_ahead(5)
                members.append((member, _parse_number(value.text) if value.kind == "number" else None, Notes()))
                texts |= {member: value.text} if value.kind == "text" else {}
            tokens.next()
        flags = notes.tags.get("typedef", "") == "{number}" and bool(members) and not texts
        self.collector.add_enum(
            name, position, notes, members, numbered=bool(members) and not texts, flags=flags, texts=texts
        )
        if tokens.sees("("):
            tokens.skip("(", ")")


class DeclarationReader(TypeScriptReader):
    """Reads TypeScript's declaration files: interfaces are classes."""

    kind = "TypeScript declarations"


class JavaScriptReader(TypeScriptReader):
    """Reads modules of JavaScript."""

    kind = "JavaScript"

    def read(self) -> Draft:
        self.collector.draft.is_erased = True
        return super().read()


def _is_interface(name: str) -> bool:
    return len(name) > 1 and name[0] == "I" and name[1].isupper()


def _remove_braces(text: str) -> str:
    text = text.strip()
    return text[1:-1] if text.startswith("{") and text.endswith("}") else text


def _list_names(text: str) -> tuple[str, ...]:
    tokens = Tokens(text, Syntax())
    return tuple(token.text for token in tokens.tokens if token.kind == "name")


def _parse_number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
