"""PHP: classes whose constructor has their members, with types in comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.importing.braces import BraceReader
from gateway.importing.collector import table_of
from gateway.importing.drafts import Draft, DraftMember, TypeUse, words
from gateway.importing.tokens import Notes

#: Types that close a generic one: ``@template QueryDb of Booking``.
_CLOSED = re.compile(r"(\w+) +of +(\w+(?: *, *\w+)*)")
_WIRE = re.compile(r"if \(isset\(\$o\['([^']+)'\]\)\) \$this->(\w+) =")


class PhpReader(BraceReader):
    """Reads classes and backed enums."""

    kind = "PHP"
    table = table_of(
        "php", array="List", ArrayList="List", KeyValuePair2="KeyValuePair", int="Int64", bool="Boolean", mixed="Object"
    )
    modifiers = words("public private protected final abstract static readonly")
    kinds = words("class interface")

    def __init__(self, text: str) -> None:
        # This reader treats attributes as comments: #[Returns('X')] has less information than the others.
        super().__init__(re.sub(r"^\s*#\[.*\]\s*$", "", text, flags=re.MULTILINE))

    def is_a_name(self) -> bool:
        """Return False: names of members begin with ``$``."""
        return False

    def read(self) -> Draft:
        self.collector.draft.is_erased = True
        return super().read()

    def other(self, notes: Notes) -> bool:
        if self.tokens.sees("use", "namespace"):
            self.tokens.skip_to(";")
            if self.tokens.sees("{"):
                self.tokens.skip("{", "}")
            return True
        return False

    def plain_use(self, depth: int) -> TypeUse:
        found = super().plain_use(depth)
        if found.name == "array" and len(found.arguments) == 2:
            return TypeUse("Dictionary", found.arguments)
        # A name that is a keyword of PHP has a ``_`` appended.
        return TypeUse(found.name.rstrip("_"), found.arguments)

    def _told(self, text: str) -> TypeUse:
        """Return the type in a comment: ``array<string,T>|null``."""
        plain = re.sub(r"\s*\|\s*null\b.*", "", text.strip()).strip()
        reader = type(self)(plain)
        return reader.use() if plain else TypeUse("mixed")

    def record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, place = tokens.next().text, tokens.line
        name = tokens.name().rstrip("_")
        templates = notes.told.get("template", "")
        closed = dict(_CLOSED.findall(templates))
        parameters = tuple(each.strip() for each in re.split(r"[,\s]+", _CLOSED.sub("", templates)) if each.strip("* "))
        base = self.use() if tokens.accept("extends") else None
        if base is not None and base.name in closed:
            base = TypeUse(base.name, tuple(map(self._told, closed[base.name].split(","))))
        elif base is not None and parameters and not base.arguments:
            base = TypeUse(base.name, tuple(map(TypeUse, parameters)))
        bases = [*self.uses()] if tokens.accept("implements") else []
        start = tokens.here.place
        tokens.expect("{")
        members: list[DraftMember] = []
        methods: dict[str, TypeUse | str] = {}
        end = tokens.at
        tokens.at -= 1
        tokens.skip("{", "}")
        wires = {
            field: wire for wire, field in _WIRE.findall(tokens.source[start : tokens.tokens[tokens.at - 1].place])
        }
        tokens.at = end
        for _ in self.inside("}"):
            members += self._member(name, wires, methods)
        method, returns = methods.get("getMethod"), methods.get("createResponse")
        answered = returns if isinstance(returns, TypeUse) else None
        found = [
            TypeUse("IReturn", (answered,) if answered else ()) if each.name == "IReturn" else each for each in bases
        ]
        self.collector.record(
            name,
            place,
            notes,
            [each for each in found if each.name != "JsonSerializable"],
            base=base,
            parameters=parameters,
            members=members,
            is_interface=kind == "interface",
            method=method if isinstance(method, str) else "",
            returns=answered,
        )

    def _member(self, owner: str, wires: dict[str, str], methods: dict[str, TypeUse | str]) -> Iterator[DraftMember]:
        tokens = self.tokens
        notes = self.notes()
        if not tokens.accept("function"):
            yield from self._field(owner, wires, notes, ";") if tokens.sees("?") or tokens.here.kind == "name" else ()
            return
        name = tokens.name()
        if name == "__construct":
            tokens.expect("(")
            for _ in self.inside(")"):
                at = tokens.at
                told = self.notes()
                is_member = any(each.text in ("public", "protected") for each in tokens.tokens[at : tokens.at])
                found = [*self._field(owner, wires, told, ",")]
                if is_member:
                    yield from found
        else:
            tokens.skip("(", ")")
        if tokens.accept(":"):
            tokens.accept("?")
            self.use()
        if name in ("getMethod", "createResponse") and tokens.sees("{") and tokens.ahead().text == "return":
            found_method = self._returned()
            if found_method is not None:
                methods[name] = found_method
        if tokens.sees("{"):
            tokens.skip("{", "}")
        else:
            tokens.accept(";")

    def _returned(self) -> TypeUse | str | None:
        """Return what a method returns: a text, or the type of the created object or value."""
        value, following = self.tokens.ahead(2), self.tokens.ahead(3)
        if value.kind == "text":
            return value.text or TypeUse("string")
        if value.text == "new":
            return self._generic(TypeUse(following.text), 4)
        if following.text == "::":
            return self._generic(TypeUse(value.text), 3)
        if value.text == "[":
            return TypeUse("Dictionary", (TypeUse("string"), TypeUse("mixed")))
        if value.kind == "number":
            return TypeUse("float" if "." in value.text else "int")
        if value.text in ("true", "false"):
            return TypeUse("bool")
        return None if value.text == ";" else TypeUse("mixed")

    def _generic(self, use: TypeUse, steps: int) -> TypeUse:
        """Return the type of a created object, with the arguments in ``genericArgs:['A','B']``."""
        found: list[TypeUse] = []
        while self.tokens.ahead(steps).text not in (";", "}") or self.tokens.ahead(steps).kind == "text":
            token = self.tokens.ahead(steps)
            if token.kind == "text":
                found.append(self._told(token.text))
            if token.kind == "end":
                break
            steps += 1
        return TypeUse(use.name, tuple(found))

    def _field(self, owner: str, wires: dict[str, str], notes: Notes, end: str) -> Iterator[DraftMember]:
        tokens = self.tokens
        tokens.accept("?")
        use = TypeUse("mixed") if tokens.here.text.startswith("$") else self.use()
        while tokens.accept("|"):
            self.use()
        if not tokens.here.text.startswith("$"):
            tokens.skip_to(end, ")", "}")
            return
        name = tokens.next().text[1:]
        if told := notes.told.get("var"):
            use = self._told(told)
        if tokens.accept("="):
            tokens.skip_to(end, ")")
        tokens.accept(end)
        if name != "genericArgs":
            yield self.collector.member(name, use, notes, owner, wire=wires.get(name, name))

    def enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("enum")
        place, name = tokens.line, tokens.name()
        numbered = tokens.accept(":") and self.use().name == "int"
        members, texts = self.cases()
        self.collector.enum(name, place, notes, members, numbered=numbered, texts=texts)
