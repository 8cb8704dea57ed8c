"""TypeScript, its declaration files (``.d.ts``), and JavaScript with types in comments (``.mjs``)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.importing.braces import BraceReader
from gateway.importing.collector import Member, table_of
from gateway.importing.drafts import Draft, DraftMember, TypeUse, words
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
_VERB_INTERFACES = words(
    "IGet IPost IPut IPatch IDelete IReturn IReturnVoid IHasSessionId IHasBearerToken IMeta IHasVersion IOptions"
)


#: A parameter of a generic class in hosts' JavaScript comments: ``@typedef T {any}``.
_TYPE_PARAMETER = re.compile(r"^\s*(\w+)\s*\{any\}")


class TypeScriptReader(BraceReader):
    """Reads classes, interfaces, enums and unions of texts."""

    kind = "TypeScript"
    syntax = Syntax(quotes="\"'`")
    table = {**table_of("script"), **_PARTS, **_NUMBERS}
    modifiers = words("export declare public private protected readonly static abstract default override async const")
    kinds = words("class interface")

    def array(self, item: TypeUse) -> TypeUse:
        return TypeUse("List", (item,))

    def other(self, notes: Notes) -> bool:
        tokens = self.tokens
        if tokens.sees("import"):
            tokens.next()
            while not (tokens.here.kind == "text" or tokens.sees(";") or tokens.is_over):
                tokens.next()
            tokens.next()
            return True
        if tokens.sees("type") and tokens.ahead().kind == "name":
            self._union(notes)
            return True
        if tokens.sees("var"):
            self._script_enum(notes)
            return True
        return False

    def use(self, depth: int = 0) -> TypeUse:
        """Read a use of a type; for a union, the type that is not null or undefined."""
        tokens = self.tokens
        # Comments of JavaScript have a null mark before a type.
        tokens.accept("|", "?")
        found = [super().use(depth)]
        while tokens.accept("|"):
            found.append(super().use(depth))
        plain = [each for each in found if each.name not in ("null", "undefined")]
        return plain[0] if len(plain) == 1 else TypeUse("Object")

    def plain_use(self, depth: int) -> TypeUse:
        tokens = self.tokens
        if tokens.accept("("):
            found = self.use(depth + 1)
            tokens.expect(")")
            return found
        if tokens.here.kind in ("text", "number"):
            is_text = tokens.next().kind == "text"
            return TypeUse("string" if is_text else "number")
        if not tokens.sees("{"):
            return super().plain_use(depth)
        if tokens.ahead().text != "[":
            tokens.skip("{", "}")
            return TypeUse("Object")
        tokens.next()
        tokens.expect("[")
        tokens.name()
        tokens.expect(":" if tokens.sees(":") else "in")
        key = self.use(depth + 1)
        tokens.expect("]")
        tokens.accept("?")
        tokens.expect(":")
        value = self.use(depth + 1)
        tokens.accept(";", ",")
        tokens.expect("}")
        # In JavaScript, keys that are numbers have the type number; all others are texts.
        return TypeUse("Dictionary", (key, value))

    def record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, place = tokens.next().text, tokens.line
        told = notes.told.get("template", "") or "".join(_TYPE_PARAMETER.findall(notes.told.get("typedef", "")))
        name, parameters = tokens.name(), self.parameters() or _names(told)
        base, bases = None, list[TypeUse]()
        if tokens.accept("extends"):
            found = [*self.uses()]
            base, bases = (None, found) if kind == "interface" else (found[0], found[1:])
        if tokens.accept("implements"):
            bases += self.uses()
        tokens.expect("{")
        members: list[DraftMember] = []
        methods: dict[str, TypeUse | str] = {}
        for _ in self.inside("}"):
            members += self._member(name, methods)
        if base is not None and not base.arguments and notes.told.get("template"):
            base = TypeUse(base.name, tuple(map(TypeUse, parameters)))
        returns = methods.get("createResponse")
        method = methods.get("getMethod")
        is_marker = kind == "interface" and (name in _VERB_INTERFACES or (_is_interface(name) and not members))
        self.collector.record(
            name,
            place,
            notes,
            bases,
            base=base,
            parameters=parameters,
            members=members,
            is_interface=is_marker,
            method=method if isinstance(method, str) else "",
            returns=returns if isinstance(returns, TypeUse) else None,
        )

    def _member(self, owner: str, methods: dict[str, TypeUse | str]) -> Iterator[DraftMember]:
        tokens = self.tokens
        notes = self.notes()
        if tokens.accept(";", ","):
            return
        if tokens.here.kind not in ("name", "text"):
            tokens.skip_to(";", "}")
            return
        name = tokens.next().text
        tokens.accept("?", "!")
        if tokens.sees("(", "<"):
            self._method(name, methods)
            return
        use = TypeUse("Object")
        if tokens.accept(":"):
            use = self.use()
        elif told := notes.told.get("type"):
            use = type(self)(_unbraced(told)).use()
        if tokens.accept("="):
            tokens.skip_to(";", "}")
        tokens.accept(";", ",")
        if use.name == "number":
            self.collector.draft.losses.add("kinds of numbers: Double", f"{owner}.{name}")
        yield self.collector.member(name, use, notes, owner)

    def _method(self, name: str, methods: dict[str, TypeUse | str]) -> None:
        tokens = self.tokens
        if tokens.sees("<"):
            tokens.skip("<", ">")
        tokens.skip("(", ")")
        if tokens.accept(":"):
            self.use()
        if not tokens.accept("{"):
            tokens.accept(";")
            return
        if name == "getMethod" and tokens.accept("return"):
            methods[name] = tokens.next().text
        elif name == "createResponse" and tokens.accept("return"):
            found = self._created()
            if found is not None:
                methods[name] = found
        elif name == "getTypeName":
            methods.setdefault("getMethod", "POST")
        for _ in self.inside("}"):
            tokens.skip("{", "}") if tokens.sees("{") else tokens.next()

    def _created(self) -> TypeUse | None:
        """Return the type of the object that a method creates."""
        if self.tokens.accept("new"):
            return self.use()
        for text, name in (("[", "List"), ("{", "Dictionary"), ("''", "String")):
            if self.tokens.sees(text):
                arguments = {"List": (TypeUse("Object"),), "Dictionary": (TypeUse("String"), TypeUse("Object"))}
                return TypeUse(name, arguments.get(name, ()))
        if self.tokens.here.kind in ("text", "number"):
            return TypeUse("string" if self.tokens.here.kind == "text" else "number")
        return TypeUse("boolean") if self.tokens.sees("false", "true") else None

    def enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("enum")
        place, name = tokens.line, tokens.name()
        tokens.expect("{")
        members: list[Member] = []
        texts: dict[str, str] = {}
        for _ in self.inside("}"):
            told = self.notes()
            member, number = tokens.next().text, None
            if tokens.accept("="):
                value = tokens.next()
                number = _number(value.text) if value.kind == "number" else None
                texts |= {member: value.text} if value.kind == "text" else {}
            members.append((member, number, told))
            tokens.accept(",")
        self.collector.enum(name, place, notes, members, numbered=bool(members) and not texts, texts=texts)

    def _union(self, notes: Notes) -> None:
        """Read ``type Color = "Red" | "Blue";``."""
        tokens = self.tokens
        tokens.expect("type")
        place, name = tokens.line, tokens.name()
        self.parameters()
        tokens.expect("=")
        tokens.accept("|")
        if tokens.here.kind == "text":
            texts = [tokens.next().text]
            while tokens.accept("|"):
                texts.append(tokens.next().text)
            self._texts(name, place, notes, texts)
        elif tokens.here.kind == "number" or tokens.sees("number"):
            self.collector.draft.losses.add("an enum whose members have no names: numbers", name)
            self.collector.table = {**self.collector.table, name: "Int32"}
        tokens.skip_to(";", "}")
        tokens.accept(";")

    def _texts(self, name: str, place: str, notes: Notes, texts: list[str]) -> None:
        members: list[Member] = []
        spelled: dict[str, str] = {}
        for text in texts:
            member = text if text.isidentifier() else "".join(part[:1].upper() + part[1:] for part in _names(text))
            members.append((member or f"Member{len(members)}", None, Notes()))
            spelled[members[-1][0]] = text
        self.collector.enum(name, place, notes, members, texts=spelled)

    def _script_enum(self, notes: Notes) -> None:
        """Read ``export var Color; (function (Color) { Color["Red"] = "Red" … })(…)``."""
        tokens = self.tokens
        tokens.expect("var")
        place, name = tokens.line, tokens.name()
        tokens.accept(";")
        if not (tokens.sees("(") and tokens.ahead().text == "function"):
            return
        end = tokens.at
        tokens.skip("(", ")")
        end, tokens.at = tokens.at, end
        members: list[Member] = []
        texts: dict[str, str] = {}
        while tokens.at < end:
            if tokens.here.text == name and tokens.ahead().text == "[" and tokens.ahead(2).kind == "text":
                member, value = tokens.ahead(2).text, tokens.ahead(5)
                members.append((member, _number(value.text) if value.kind == "number" else None, Notes()))
                texts |= {member: value.text} if value.kind == "text" else {}
            tokens.next()
        flags = notes.told.get("typedef", "") == "{number}" and bool(members) and not texts
        self.collector.enum(name, place, notes, members, numbered=bool(members) and not texts, flags=flags, texts=texts)
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


def _unbraced(text: str) -> str:
    text = text.strip()
    return text[1:-1] if text.startswith("{") and text.endswith("}") else text


def _names(text: str) -> tuple[str, ...]:
    found = Tokens(text, Syntax())
    return tuple(each.text for each in found.tokens if each.kind == "name")


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
