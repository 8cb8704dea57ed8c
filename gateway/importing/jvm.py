"""Java and Kotlin, as read by ServiceStack's libraries for them."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.dto_field import Attribute
from gateway.importing.braces import BraceReader
from gateway.importing.collector import table_of
from gateway.importing.drafts import DraftMember, TypeUse, words
from gateway.importing.tokens import Notes, Syntax

_COLLECTIONS = {"ArrayList": "List", "HashMap": "Dictionary", "LinkedHashMap": "Dictionary", "Map": "Dictionary"}


class _JvmReader(BraceReader):
    """Reads annotations, and the syntax of types that both languages share."""

    def attributes(self) -> list[Attribute]:
        tokens = self.tokens
        if not (tokens.here.kind == "name" and tokens.here.text.startswith("@")):
            return []
        name = tokens.name()
        while tokens.accept("."):
            name = tokens.name()
        first, values = tokens.arguments()
        return [Attribute(name, first, values)]

    def enum_members(self) -> Iterator[tuple[str, int | None, Notes]]:
        """Read the members of an enum up to the end of their list."""
        tokens = self.tokens
        while not tokens.sees("}", ";"):
            notes = self.notes()
            name = tokens.name()
            given, _ = tokens.arguments()
            if tokens.sees("{"):
                tokens.skip("{", "}")
            number = given[0] if given and isinstance(given[0], int) else None
            yield name, number, notes
            tokens.accept(",")

    def finish_enum(self, name: str, place: str, notes: Notes) -> None:
        """Read the members, and skip the rest of the enum."""
        members = [*self.enum_members()]
        self.tokens.skip_to("}")
        self.tokens.expect("}")
        numbered = bool(members) and all(number is not None for _, number, _ in members)
        self.collector.enum(name, place, notes, members, numbered=numbered)


class JavaReader(_JvmReader):
    """Reads static classes with fields and accessors, nested in one class."""

    kind = "Java"
    table = table_of(
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
    modifiers = words("public private protected static final abstract transient volatile")
    kinds = words("class interface")

    def other(self, notes: Notes) -> bool:
        if self.tokens.sees("import", "package"):
            self.tokens.skip_to(";")
            return True
        return False

    def record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, place = tokens.next().text, tokens.line
        name, parameters = tokens.name(), self.parameters()
        base = self.use() if kind == "class" and tokens.accept("extends") else None
        bases = [*self.uses()] if tokens.accept("implements", "extends") else []
        if self._holds_types():
            # The class around all types: the main loop skips its braces.
            return
        tokens.expect("{")
        found: list[tuple[str, TypeUse, Notes]] = []
        names: dict[str, str] = {}
        for _ in self.inside("}"):
            self._member(name, found, names)
        members = [
            self.collector.member(field, use, told, name, dotnet=names.get(field, "")) for field, use, told in found
        ]
        self.collector.record(
            name,
            place,
            notes,
            bases,
            base=base,
            parameters=parameters,
            members=members,
            is_interface=kind == "interface",
        )

    def _holds_types(self) -> bool:
        steps = 1
        while (found := self.tokens.ahead(steps)).text.startswith("@") or found.text in self.modifiers:
            steps += 1
            if self.tokens.ahead(steps).text == "(":
                while self.tokens.ahead(steps).kind != "end" and self.tokens.ahead(steps).text != ")":
                    steps += 1
                steps += 1
        return found.kind == "name" and found.text in ("class", "enum", "interface")

    def _member(self, owner: str, found: list[tuple[str, TypeUse, Notes]], names: dict[str, str]) -> None:
        tokens = self.tokens
        start = tokens.at
        notes = self.notes()
        if tokens.accept(";"):
            return
        if tokens.sees("{"):
            tokens.skip("{", "}")
            return
        if self.inner(owner, notes, "enum"):
            return
        is_static = any(each.text == "static" for each in tokens.tokens[start : tokens.at])
        if tokens.here.text == owner and tokens.ahead().text == "(":
            tokens.skip("(", ")")
            tokens.skip_to("{")
            tokens.skip("{", "}")
            return
        use = self.use()
        name = tokens.name()
        if tokens.sees("("):
            tokens.skip("(", ")")
            self._accessor(name, names)
            return
        self.skip_value()
        if not is_static:
            found.append((name, use, notes))

    def _accessor(self, name: str, names: dict[str, str]) -> None:
        """Read a method. The name of a getter has the .NET name of its field."""
        tokens = self.tokens
        title = next((name[len(each) :] for each in ("get", "is") if name.startswith(each)), "")
        returned = tokens.ahead(2).text if tokens.sees("{") and tokens.ahead().text == "return" else ""
        if title and title[0].isupper() and tokens.ahead(3).text == ";":
            names[returned] = title.rstrip("_")
        if tokens.sees("{"):
            tokens.skip("{", "}")
        else:
            self.skip_value()

    def enum(self, notes: Notes) -> None:
        self.tokens.expect("enum")
        place, name = self.tokens.line, self.tokens.name()
        self.tokens.expect("{")
        self.finish_enum(name, place, notes)


class KotlinReader(_JvmReader):
    """Reads open classes with variables."""

    kind = "Kotlin"
    syntax = Syntax(quotes='"', quoted_names=True)
    table = table_of(
        "kotlin", MutableList="List", MutableMap="Dictionary", Array="Array", InputStream="Stream", **_COLLECTIONS
    )
    modifiers = words("public private internal protected open abstract override final lateinit data sealed")
    kinds = words("class interface")

    def other(self, notes: Notes) -> bool:
        if self.tokens.sees("import", "package"):
            self.skip_line()
            return True
        return False

    def record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, place = tokens.next().text, tokens.line
        name, parameters = tokens.name(), self.parameters()
        members: list[DraftMember] = []
        if tokens.accept("("):
            for _ in self.inside(")"):
                members += self._member(name)
                tokens.accept(",")
        base, bases = None, []
        while tokens.accept(":", ","):
            use = self.use()
            if tokens.sees("("):
                tokens.skip("(", ")")
                base = use
            else:
                bases.append(use)
        if tokens.accept("{"):
            for _ in self.inside("}"):
                members += self._member(name)
        self.collector.record(
            name,
            place,
            notes,
            bases,
            base=base,
            parameters=parameters,
            members=members,
            is_interface=kind == "interface",
        )

    def _member(self, owner: str) -> Iterator[DraftMember]:
        tokens = self.tokens
        notes = self.notes()
        if tokens.sees("companion", "fun", "init", "constructor", "object"):
            self.skip_line()
        elif tokens.accept("var", "val"):
            name = tokens.name()
            tokens.expect(":")
            use = self.use()
            if tokens.accept("="):
                self._skip_value()
            yield self.collector.member(name, use, notes, owner)
        elif not tokens.sees("}", ")"):
            tokens.next()

    def _skip_value(self) -> None:
        """Skip a value: names, texts, numbers and calls up to the end of the line or a comma."""
        tokens = self.tokens
        end = tokens.source.find("\n", tokens.here.place)
        while (
            not tokens.is_over
            and tokens.here.place < (end if end >= 0 else tokens.here.place + 1)
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

    def enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("enum")
        tokens.expect("class")
        place, name = tokens.line, tokens.name()
        if tokens.sees("("):
            tokens.skip("(", ")")
        tokens.expect("{")
        self.finish_enum(name, place, notes)
