"""Visual Basic: classes with properties, one statement a line."""

from __future__ import annotations

from gateway.contract.dto_field import Attribute
from gateway.importing.braces import BraceReader
from gateway.importing.collector import Member, table_of
from gateway.importing.drafts import DraftMember, TypeUse, words
from gateway.importing.tokens import Notes, Syntax


class VisualBasicReader(BraceReader):
    """Reads classes up to ``End Class``. Keywords must have ServiceStack's letter case."""

    kind = "VB.NET"
    syntax = Syntax(line="'", opening="", quotes='"', doubled=True)
    table = table_of("vbnet")
    has_nulls = True
    modifiers = words(
        "Public Friend Partial MustInherit NotInheritable Overridable Shadows Overrides ReadOnly WriteOnly"
    )
    kinds = words("Class Structure Interface")

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.namespaces: list[str] = []

    @property
    def namespace(self) -> str:
        """Return the current namespace."""
        return ".".join(each for each in self.namespaces if each != "Global")

    def other(self, notes: Notes) -> bool:
        tokens = self.tokens
        if tokens.accept("End"):
            if tokens.accept("Namespace") and self.namespaces:
                self.namespaces.pop()
            return True
        if tokens.accept("Namespace"):
            name = tokens.name()
            while tokens.accept("."):
                name += f".{tokens.name()}"
            self.namespaces.append(name)
            return True
        if tokens.sees("Imports"):
            self.skip_line()
            return True
        if tokens.sees("Enum"):
            self.enum(notes)
            return True
        return False

    def attributes(self) -> list[Attribute]:
        found: list[Attribute] = []
        tokens = self.tokens
        if not tokens.accept("<"):
            return found
        if tokens.sees("Assembly"):
            tokens.skip_to(">")
        while not tokens.accept(">"):
            name = self._name()
            while tokens.accept("."):
                name = self._name()
            first, values = tokens.arguments()
            found.append(Attribute(name.removesuffix("Attribute"), first, values))
            tokens.accept(",")
        return found

    def is_a_name(self) -> bool:
        """Return False: names that are keywords are in brackets."""
        return False

    def _name(self) -> str:
        if self.tokens.accept("["):
            name = self.tokens.name()
            self.tokens.expect("]")
            return name
        return self.tokens.name()

    def use(self, depth: int = 0) -> TypeUse:
        found = super().use(depth)
        while self.tokens.sees("(") and self.tokens.ahead().text == ")":
            self.tokens.next()
            self.tokens.next()
            found = TypeUse("Array", (found,))
        return found

    def plain_use(self, depth: int) -> TypeUse:
        tokens = self.tokens
        name = self._name()
        while tokens.accept("."):
            name = self._name()
        arguments: list[TypeUse] = []
        if tokens.sees("(") and tokens.ahead().text == "Of":
            tokens.next()
            tokens.next()
            arguments.append(self.use(depth + 1))
            while tokens.accept(","):
                arguments.append(self.use(depth + 1))
            tokens.expect(")")
        return TypeUse(name, tuple(arguments))

    def parameters(self) -> tuple[str, ...]:
        found: list[str] = []
        if self.tokens.sees("(") and self.tokens.ahead().text == "Of":
            self.tokens.next()
            self.tokens.next()
            while not self.tokens.accept(")"):
                found.append(self.tokens.name())
                self.tokens.accept(",")
        return tuple(found)

    def record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, place = tokens.next().text, tokens.line
        name, parameters = self._name(), self.parameters()
        base: TypeUse | None = None
        bases: list[TypeUse] = []
        members: list[DraftMember] = []
        while not (tokens.sees("End") and tokens.ahead().text == kind):
            told = self.notes()
            if tokens.accept("Inherits"):
                found = [*self.uses()]
                base, bases = (found[0], bases) if kind == "Class" else (None, [*bases, *found])
            elif tokens.accept("Implements"):
                bases += self.uses()
            elif tokens.accept("Property"):
                member = self._name()
                if tokens.accept("("):
                    tokens.expect(")")
                tokens.expect("As")
                tokens.accept("New")
                use = self.use()
                if use.name != "ExtensionDataObject":
                    members.append(self.collector.member(member, use, told, name, is_dotnet=True))
            elif tokens.sees("Sub", "Function"):
                self._skip_method(tokens.here.text)
            elif not self.inner(name, told, "Enum") and not (tokens.sees("End") and tokens.ahead().text == kind):
                tokens.next()
        tokens.next()
        tokens.next()
        self.collector.record(
            name,
            place,
            notes,
            bases,
            base=base,
            namespace=self.namespace,
            parameters=parameters,
            members=members,
            is_interface=kind == "Interface",
        )

    def _skip_method(self, kind: str) -> None:
        tokens = self.tokens
        while not (tokens.sees("End") and tokens.ahead().text == kind):
            tokens.next()
        tokens.next()
        tokens.next()

    def enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.next()
        place, name = tokens.line, self._name()
        if tokens.accept("As"):
            self.use()
        members: list[Member] = []
        while not (tokens.sees("End") and tokens.ahead().text == "Enum"):
            told = self.notes()
            member, number = self._name(), None
            if tokens.accept("="):
                found = tokens.next()
                if found.kind != "number" or "." in found.text:
                    raise tokens.fail(f"{found.text[:50]!r} is not the number of a member")
                number = int(found.text, 0)
            members.append((member, number, told))
            tokens.accept(",")
        tokens.next()
        tokens.next()
        self.collector.enum(name, place, notes, members, namespace=self.namespace)
