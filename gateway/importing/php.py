"""PHP: classes whose constructor has their members, with types in comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.importing.braces import BraceReader
from gateway.importing.collector import build_table
from gateway.importing.drafts import Draft, DraftMember, TypeUse, split_words
from gateway.importing.tokens import Notes

#: Types that close a generic one: ``@template QueryDb of Booking``.
_CLOSED = re.compile(r"(\w+) +of +(\w+(?: *, *\w+)*)")
_WIRE = re.compile(r"if \(isset\(\$o\['([^']+)'\]\)\) \$this->(\w+) =")


class PhpReader(BraceReader):
    """Reads classes and backed enums."""

    kind = "PHP"
    table = build_table(
        "php", array="List", ArrayList="List", KeyValuePair2="KeyValuePair", int="Int64", bool="Boolean", mixed="Object"
    )
    modifiers = split_words("public private protected final abstract static readonly")
    kinds = split_words("class interface")

    def __init__(self, text: str) -> None:
        # This reader treats attributes as comments: #[Returns('X')] has less information than the others.
        super().__init__(re.sub(r"^\s*#\[.*\]\s*$", "", text, flags=re.MULTILINE))

    def is_name(self) -> bool:
        """Return False: names of members begin with ``$``."""
        return False

    def read(self) -> Draft:
        self.collector.draft.is_erased = True
        return super().read()

    def read_other(self, notes: Notes) -> bool:
        if self.tokens.sees("use", "namespace"):
            self.tokens.skip_to(";")
            if self.tokens.sees("{"):
                self.tokens.skip("{", "}")
            return True
        return False

    def read_plain_use(self, depth: int) -> TypeUse:
        use = super().read_plain_use(depth)
        if use.name == "array" and len(use.arguments) == 2:
            return TypeUse("Dictionary", use.arguments)
        # A name that is a keyword of PHP has a ``_`` appended.
        return TypeUse(use.name.rstrip("_"), use.arguments)

    def _parse_comment_type(self, text: str) -> TypeUse:
        """Return the type in a comment: ``array<string,T>|null``."""
        plain = re.sub(r"\s*\|\s*null\b.*", "", text.strip()).strip()
        reader = type(self)(plain)
        return reader.read_use() if plain else TypeUse("mixed")

    def read_record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, position = tokens.next().text, tokens.line
        name = tokens.take_name().rstrip("_")
        templates = notes.tags.get("template", "")
        closed_types = dict(_CLOSED.findall(templates))
        parameters = tuple(part.strip() for part in re.split(r"[,\s]+", _CLOSED.sub("", templates)) if part.strip("* "))
        base = self.read_use() if tokens.accept("extends") else None
        if base is not None and base.name in closed_types:
            base = TypeUse(base.name, tuple(map(self._parse_comment_type, closed_types[base.name].split(","))))
        elif base is not None and parameters and not base.arguments:
            base = TypeUse(base.name, tuple(map(TypeUse, parameters)))
        bases = [*self.read_uses()] if tokens.accept("implements") else []
        start = tokens.here.offset
        tokens.expect("{")
        members: list[DraftMember] = []
        methods: dict[str, TypeUse | str] = {}
        end = tokens.at
        tokens.at -= 1
        tokens.skip("{", "}")
        wires = {
            field: wire for wire, field in _WIRE.findall(tokens.source[start : tokens.tokens[tokens.at - 1].offset])
        }
        tokens.at = end
        for _ in self.iterate_until("}"):
            members += self._read_member(name, wires, methods)
        method, returns = methods.get("getMethod"), methods.get("createResponse")
        response_type = returns if isinstance(returns, TypeUse) else None
        uses = [
            TypeUse("IReturn", (response_type,) if response_type else ()) if base.name == "IReturn" else base
            for base in bases
        ]
        self.collector.add_record(
            name,
            position,
            notes,
            [use for use in uses if use.name != "JsonSerializable"],
            base=base,
            parameters=parameters,
            members=members,
            is_interface=kind == "interface",
            method=method if isinstance(method, str) else "",
            returns=response_type,
        )

    def _read_member(
        self, owner: str, wires: dict[str, str], methods: dict[str, TypeUse | str]
    ) -> Iterator[DraftMember]:
        tokens = self.tokens
        notes = self.read_notes()
        if not tokens.accept("function"):
            yield from (
                self._read_field(owner, wires, notes, ";") if tokens.sees("?") or tokens.here.kind == "name" else ()
            )
            return
        name = tokens.take_name()
        if name == "__construct":
            tokens.expect("(")
            for _ in self.iterate_until(")"):
                at = tokens.at
                parameter_notes = self.read_notes()
                is_member = any(token.text in ("public", "protected") for token in tokens.tokens[at : tokens.at])
                fields = [*self._read_field(owner, wires, parameter_notes, ",")]
                if is_member:
                    yield from fields
        else:
            tokens.skip("(", ")")
        if tokens.accept(":"):
            tokens.accept("?")
            self.read_use()
        if name in ("getMethod", "createResponse") and tokens.sees("{") and tokens.look_ahead().text == "return":
            method = self._read_returned()
            if method is not None:
                methods[name] = method
        if tokens.sees("{"):
            tokens.skip("{", "}")
        else:
            tokens.accept(";")

    def _read_returned(self) -> TypeUse | str | None:
        """Return what a method returns: a text, or the type of the created object or value."""
        value, following = self.tokens.look_ahead(2), self.tokens.look_ahead(3)
        if value.kind == "text":
            return value.text or TypeUse("string")
        if value.text == "new":
            return self._read_generic(TypeUse(following.text), 4)
        if following.text == "::":
            return self._read_generic(TypeUse(value.text), 3)
        if value.text == "[":
            return TypeUse("Dictionary", (TypeUse("string"), TypeUse("mixed")))
        if value.kind == "number":
            return TypeUse("float" if "." in value.text else "int")
        if value.text in ("true", "false"):
            return TypeUse("bool")
        return None if value.text == ";" else TypeUse("mixed")

    def _read_generic(self, use: TypeUse, steps: int) -> TypeUse:
        """Return the type of a created object, with the arguments in ``genericArgs:['A','B']``."""
        arguments: list[TypeUse] = []
        while self.tokens.look_ahead(steps).text not in (";", "}") or self.tokens.look_ahead(steps).kind == "text":
            token = self.tokens.look_ahead(steps)
            if token.kind == "text":
                arguments.append(self._parse_comment_type(token.text))
            if token.kind == "end":
                break
            steps += 1
        return TypeUse(use.name, tuple(arguments))

    def _read_field(self, owner: str, wires: dict[str, str], notes: Notes, end: str) -> Iterator[DraftMember]:
        tokens = self.tokens
        tokens.accept("?")
        use = TypeUse("mixed") if tokens.here.text.startswith("$") else self.read_use()
        while tokens.accept("|"):
            self.read_use()
        if not tokens.here.text.startswith("$"):
            tokens.skip_to(end, ")", "}")
            return
        name = tokens.next().text[1:]
        if comment := notes.tags.get("var"):
            use = self._parse_comment_type(comment)
        if tokens.accept("="):
            tokens.skip_to(end, ")")
        tokens.accept(end)
        if name != "genericArgs":
            yield self.collector.make_member(name, use, notes, owner, wire=wires.get(name, name))

    def read_enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("enum")
        position, name = tokens.line, tokens.take_name()
        numbered = tokens.accept(":") and self.read_use().name == "int"
        members, texts = self.read_cases()
        self.collector.add_enum(name, position, notes, members, numbered=numbered, texts=texts)
