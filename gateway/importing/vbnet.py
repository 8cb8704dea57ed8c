"""Visual Basic: classes with properties, one statement a line."""

from __future__ import annotations

from gateway.contract.dto_field import Attribute
from gateway.importing.braces import BraceReader
from gateway.importing.collector import Member, build_table
from gateway.importing.drafts import DraftMember, TypeUse, split_words
from gateway.importing.tokens import Notes, Syntax


class VisualBasicReader(BraceReader):
    """Reads classes up to ``End Class``. Keywords must have ServiceStack's letter case."""

    kind = "VB.NET"
    syntax = Syntax(line="'", opening="", quotes='"', doubled=True)
    table = build_table("vbnet")
    has_nulls = True
    modifiers = split_words(
        "Public Friend Partial MustInherit NotInheritable Overridable Shadows Overrides ReadOnly WriteOnly"
    )
    kinds = split_words("Class Structure Interface")

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.namespaces: list[str] = []

    @property
    def namespace(self) -> str:
        """Return the current namespace."""
        return ".".join(name for name in self.namespaces if name != "Global")

    def read_other(self, notes: Notes) -> bool:
        tokens = self.tokens
        if tokens.accept("End"):
            if tokens.accept("Namespace") and self.namespaces:
                self.namespaces.pop()
            return True
        if tokens.accept("Namespace"):
            name = tokens.take_name()
            while tokens.accept("."):
                name += f".{tokens.take_name()}"
            self.namespaces.append(name)
            return True
        if tokens.sees("Imports"):
            self.skip_line()
            return True
        if tokens.sees("Enum"):
            self.read_enum(notes)
            return True
        return False

    def read_attributes(self) -> list[Attribute]:
        attributes: list[Attribute] = []
        tokens = self.tokens
        if not tokens.accept("<"):
            return attributes
        if tokens.sees("Assembly"):
            tokens.skip_to(">")
        while not tokens.accept(">"):
            name = self._read_name()
            while tokens.accept("."):
                name = self._read_name()
            first, values = tokens.read_arguments()
            attributes.append(Attribute(name.removesuffix("Attribute"), first, values))
            tokens.accept(",")
        return attributes

    def is_name(self) -> bool:
        """Return False: names that are keywords are in brackets."""
        return False

    def _read_name(self) -> str:
        if self.tokens.accept("["):
            name = self.tokens.take_name()
            self.tokens.expect("]")
            return name
        return self.tokens.take_name()

    def read_use(self, depth: int = 0) -> TypeUse:
        use = super().read_use(depth)
        while self.tokens.sees("(") and self.tokens.look_ahead().text == ")":
            self.tokens.next()
            self.tokens.next()
            use = TypeUse("Array", (use,))
        return use

    def read_plain_use(self, depth: int) -> TypeUse:
        tokens = self.tokens
        name = self._read_name()
        while tokens.accept("."):
            name = self._read_name()
        arguments: list[TypeUse] = []
        if tokens.sees("(") and tokens.look_ahead().text == "Of":
            tokens.next()
            tokens.next()
            arguments.append(self.read_use(depth + 1))
            while tokens.accept(","):
                arguments.append(self.read_use(depth + 1))
            tokens.expect(")")
        return TypeUse(name, tuple(arguments))

    def read_parameters(self) -> tuple[str, ...]:
        names: list[str] = []
        if self.tokens.sees("(") and self.tokens.look_ahead().text == "Of":
            self.tokens.next()
            self.tokens.next()
            while not self.tokens.accept(")"):
                names.append(self.tokens.take_name())
                self.tokens.accept(",")
        return tuple(names)

    def read_record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, position = tokens.next().text, tokens.line
        name, parameters = self._read_name(), self.read_parameters()
        base: TypeUse | None = None
        bases: list[TypeUse] = []
        members: list[DraftMember] = []
        while not (tokens.sees("End") and tokens.look_ahead().text == kind):
            member_notes = self.read_notes()
            if tokens.accept("Inherits"):
                parents = [*self.read_uses()]
                base, bases = (parents[0], bases) if kind == "Class" else (None, [*bases, *parents])
            elif tokens.accept("Implements"):
                bases += self.read_uses()
            elif tokens.accept("Property"):
                member = self._read_name()
                if tokens.accept("("):
                    tokens.expect(")")
                tokens.expect("As")
                tokens.accept("New")
                use = self.read_use()
                if use.name != "ExtensionDataObject":
                    members.append(self.collector.make_member(member, use, member_notes, name, is_dotnet=True))
            elif tokens.sees("Sub", "Function"):
                self._skip_method(tokens.here.text)
            elif not self.read_nested_type(name, member_notes, "Enum") and not (
                tokens.sees("End") and tokens.look_ahead().text == kind
            ):
                tokens.next()
        tokens.next()
        tokens.next()
        self.collector.add_record(
            name,
            position,
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
        while not (tokens.sees("End") and tokens.look_ahead().text == kind):
            tokens.next()
        tokens.next()
        tokens.next()

    def read_enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.next()
        position, name = tokens.line, self._read_name()
        if tokens.accept("As"):
            self.read_use()
        members: list[Member] = []
        while not (tokens.sees("End") and tokens.look_ahead().text == "Enum"):
            member_notes = self.read_notes()
            member, number = self._read_name(), None
            if tokens.accept("="):
                token = tokens.next()
                if token.kind != "number" or "." in token.text:
                    raise tokens.fail(f"{token.text[:50]!r} is not the number of a member")
                number = int(token.text, 0)
            members.append((member, number, member_notes))
            tokens.accept(",")
        tokens.next()
        tokens.next()
        self.collector.add_enum(name, position, notes, members, namespace=self.namespace)
