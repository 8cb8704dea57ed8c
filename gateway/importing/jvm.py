"""Java and Kotlin, as read by ServiceStack's libraries for them."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.dto_field import Attribute
from gateway.importing.braces import BraceReader
from gateway.importing.collector import build_table
from gateway.importing.drafts import DraftMember, TypeUse, split_words
from gateway.importing.tokens import Notes, Syntax

_COLLECTIONS = {"ArrayList": "List", "HashMap": "Dictionary", "LinkedHashMap": "Dictionary", "Map": "Dictionary"}


class _JvmReader(BraceReader):
    """Reads annotations, and the syntax of types that both languages share."""

    def read_attributes(self) -> list[Attribute]:
        tokens = self.tokens
        if not (tokens.here.kind == "name" and tokens.here.text.startswith("@")):
            return []
        name = tokens.take_name()
        while tokens.accept("."):
            name = tokens.take_name()
        first, values = tokens.read_arguments()
        return [Attribute(name, first, values)]

    def read_enum_members(self) -> Iterator[tuple[str, int | None, Notes]]:
        """Read the members of an enum up to the end of their list."""
        tokens = self.tokens
        while not tokens.sees("}", ";"):
            notes = self.read_notes()
            name = tokens.take_name()
            arguments, _ = tokens.read_arguments()
            if tokens.sees("{"):
                tokens.skip("{", "}")
            number = arguments[0] if arguments and isinstance(arguments[0], int) else None
            yield name, number, notes
            tokens.accept(",")

    def finish_enum(self, name: str, position: str, notes: Notes) -> None:
        """Read the members, and skip the rest of the enum."""
        members = [*self.read_enum_members()]
        self.tokens.skip_to("}")
        self.tokens.expect("}")
        numbered = bool(members) and all(number is not None for _, number, _ in members)
        self.collector.add_enum(name, position, notes, members, numbered=numbered)


class JavaReader(_JvmReader):
    """Reads static classes with fields and accessors, nested in one class."""

    kind = "Java"
    table = build_table(
        "java",
        boolean="Boolean",
        byte="Byte",
        short="Int16",
        int="Int32",
        long="Int64",
        float="Single",
        double="Double",
        InputStream="Stream",
        **_COLLECTIONS,
    )
    modifiers = split_words("public private protected static final abstract transient volatile")
    kinds = split_words("class interface")

    def read_other(self, notes: Notes) -> bool:
        if self.tokens.sees("import", "package"):
            self.tokens.skip_to(";")
            return True
        return False

    def read_record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, position = tokens.next().text, tokens.line
        name, parameters = tokens.take_name(), self.read_parameters()
        base = self.read_use() if kind == "class" and tokens.accept("extends") else None
        bases = [*self.read_uses()] if tokens.accept("implements", "extends") else []
        if self._holds_types():
            # The class around all types: the main loop skips its braces.
            return
        tokens.expect("{")
        fields: list[tuple[str, TypeUse, Notes]] = []
        names: dict[str, str] = {}
        for _ in self.iterate_until("}"):
            self._read_member(name, fields, names)
        members = [
            self.collector.make_member(field, use, field_notes, name, dotnet=names.get(field, ""))
            for field, use, field_notes in fields
        ]
        self.collector.add_record(
            name,
            position,
            notes,
            bases,
            base=base,
            parameters=parameters,
            members=members,
            is_interface=kind == "interface",
        )

    def _holds_types(self) -> bool:
        steps = 1
        while (token := self.tokens.look_ahead(steps)).text.startswith("@") or token.text in self.modifiers:
            steps += 1
            if self.tokens.look_ahead(steps).text == "(":
                while self.tokens.look_ahead(steps).kind != "end" and self.tokens.look_ahead(steps).text != ")":
                    steps += 1
                steps += 1
        return token.kind == "name" and token.text in ("class", "enum", "interface")

    def _read_member(self, owner: str, fields: list[tuple[str, TypeUse, Notes]], names: dict[str, str]) -> None:
        tokens = self.tokens
        start = tokens.at
        notes = self.read_notes()
        if tokens.accept(";"):
            return
        if tokens.sees("{"):
            tokens.skip("{", "}")
            return
        if self.read_nested_type(owner, notes, "enum"):
            return
        is_static = any(token.text == "static" for token in tokens.tokens[start : tokens.at])
        if tokens.here.text == owner and tokens.look_ahead().text == "(":
            tokens.skip("(", ")")
            tokens.skip_to("{")
            tokens.skip("{", "}")
            return
        use = self.read_use()
        name = tokens.take_name()
        if tokens.sees("("):
            tokens.skip("(", ")")
            self._read_accessor(name, names)
            return
        self.skip_value()
        if not is_static:
            fields.append((name, use, notes))

    def _read_accessor(self, name: str, names: dict[str, str]) -> None:
        """Read a method. The name of a getter has the .NET name of its field."""
        tokens = self.tokens
        title = next((name[len(prefix) :] for prefix in ("get", "is") if name.startswith(prefix)), "")
        returned = tokens.look_ahead(2).text if tokens.sees("{") and tokens.look_ahead().text == "return" else ""
        if title and title[0].isupper() and tokens.look_ahead(3).text == ";":
            names[returned] = title.rstrip("_")
        if tokens.sees("{"):
            tokens.skip("{", "}")
        else:
            self.skip_value()

    def read_enum(self, notes: Notes) -> None:
        self.tokens.expect("enum")
        position, name = self.tokens.line, self.tokens.take_name()
        self.tokens.expect("{")
        self.finish_enum(name, position, notes)


class KotlinReader(_JvmReader):
    """Reads open classes with variables."""

    kind = "Kotlin"
    syntax = Syntax(quotes='"', quoted_names=True)
    table = build_table(
        "kotlin", MutableList="List", MutableMap="Dictionary", Array="Array", InputStream="Stream", **_COLLECTIONS
    )
    modifiers = split_words("public private internal protected open abstract override final lateinit data sealed")
    kinds = split_words("class interface")

    def read_other(self, notes: Notes) -> bool:
        if self.tokens.sees("import", "package"):
            self.skip_line()
            return True
        return False

    def read_record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, position = tokens.next().text, tokens.line
        name, parameters = tokens.take_name(), self.read_parameters()
        members: list[DraftMember] = []
        if tokens.accept("("):
            for _ in self.iterate_until(")"):
                members += self._read_member(name)
                tokens.accept(",")
        base, bases = None, []
        while tokens.accept(":", ","):
            use = self.read_use()
            if tokens.sees("("):
                tokens.skip("(", ")")
                base = use
            else:
                bases.append(use)
        if tokens.accept("{"):
            for _ in self.iterate_until("}"):
                members += self._read_member(name)
        self.collector.add_record(
            name,
            position,
            notes,
            bases,
            base=base,
            parameters=parameters,
            members=members,
            is_interface=kind == "interface",
        )

    def _read_member(self, owner: str) -> Iterator[DraftMember]:
        tokens = self.tokens
        notes = self.read_notes()
        if tokens.sees("companion", "fun", "init", "constructor", "object"):
            self.skip_line()
        elif tokens.accept("var", "val"):
            name = tokens.take_name()
            tokens.expect(":")
            use = self.read_use()
            if tokens.accept("="):
                self._skip_value()
            yield self.collector.make_member(name, use, notes, owner)
        elif not tokens.sees("}", ")"):
            tokens.next()

    def _skip_value(self) -> None:
        """Skip a value: names, texts, numbers and calls up to the end of the line or a comma."""
        tokens = self.tokens
        end = tokens.source.find("\n", tokens.here.offset)
        while (
            not tokens.is_over
            and tokens.here.offset < (end if end >= 0 else tokens.here.offset + 1)
            and not tokens.sees("}", ")")
        ):
            if tokens.sees("("):
                tokens.skip("(", ")")
            elif tokens.sees(","):
                return
            elif tokens.sees("<"):
                tokens.skip("<", ">")
            else:
                tokens.next()

    def read_enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("enum")
        tokens.expect("class")
        position, name = tokens.line, tokens.take_name()
        if tokens.sees("("):
            tokens.skip("(", ")")
        tokens.expect("{")
        self.finish_enum(name, position, notes)
