"""F#: classes with automatic properties."""

from __future__ import annotations

from gateway.contract.dto_field import Attribute
from gateway.importing.braces import BraceReader
from gateway.importing.collector import Member, table_of
from gateway.importing.drafts import DraftMember, TypeUse, words
from gateway.importing.tokens import Notes, Syntax


class FSharpReader(BraceReader):
    """Reads types, each of which ends where the next one begins."""

    kind = "F#"
    syntax = Syntax(opening="(*", closing="*)", quotes='"')
    table = table_of(
        "fsharp", string="String", bool="Boolean", int="Int32", int64="Int64", float="Double", obj="Object"
    )
    has_nulls = True
    modifiers = words("private internal public mutable")
    kinds = words("type and")

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.namespace = ""

    def other(self, notes: Notes) -> bool:
        tokens = self.tokens
        if tokens.accept("namespace", "module"):
            tokens.accept("rec", "global")
            self.namespace = tokens.name()
            while tokens.accept("."):
                self.namespace += f".{tokens.name()}"
            return True
        if tokens.sees("open"):
            self.skip_line()
            return True
        return False

    def attributes(self) -> list[Attribute]:
        found: list[Attribute] = []
        tokens = self.tokens
        if not tokens.accept("[<"):
            return found
        while not tokens.accept(">]"):
            name = tokens.name()
            while tokens.accept(":", "."):
                name = tokens.name()
            first, values = tokens.arguments()
            found.append(Attribute(name.removesuffix("Attribute"), first, values))
            tokens.accept(";")
        return found

    def plain_use(self, depth: int) -> TypeUse:
        self.tokens.accept("'")
        return super().plain_use(depth)

    def record(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.next()
        place = tokens.line
        name, parameters = tokens.name(), self.parameters()
        if tokens.sees("("):
            tokens.skip("(", ")")
        tokens.accept("as")
        tokens.accept("this")
        tokens.expect("=")
        if tokens.sees("|"):
            self._members_of_enum(name, place, notes)
            return
        base: TypeUse | None = None
        bases: list[TypeUse] = []
        members: list[DraftMember] = []
        is_interface = False
        while not tokens.is_over:
            at = tokens.at
            told = self.notes()
            if tokens.accept("inherit"):
                base = self.use()
                if tokens.sees("("):
                    tokens.skip("(", ")")
            elif tokens.accept("interface"):
                if tokens.accept("end"):
                    is_interface = True
                else:
                    bases.append(self.use())
            elif tokens.accept("member"):
                members += self._property(told, name)
            elif tokens.sees(*self.kinds, "namespace", "module", "open"):
                tokens.at = at
                break
            else:
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
            is_interface=is_interface,
        )

    def _property(self, notes: Notes, owner: str) -> list[DraftMember]:
        tokens = self.tokens
        if not tokens.accept("val"):
            return []
        name = tokens.name()
        tokens.expect(":")
        use = self.use()
        tokens.skip_to("with")
        tokens.accept("with")
        while tokens.accept("get", "set", ","):
            pass
        if use.name == "ExtensionDataObject":
            return []
        return [self.collector.member(name, use, notes, owner, is_dotnet=True)]

    def _members_of_enum(self, name: str, place: str, notes: Notes) -> None:
        tokens = self.tokens
        members: list[Member] = []
        while tokens.sees("|"):
            told = tokens.notes()
            tokens.next()
            more = self.notes()
            told.attributes += more.attributes
            told.description = told.description or more.description
            member, number = tokens.name(), None
            if tokens.accept("="):
                found = tokens.next()
                if found.kind != "number" or "." in found.text:
                    raise tokens.fail(f"{found.text[:50]!r} is not the number of a member")
                number = int(found.text, 0)
            members.append((member, number, told))
        self.collector.enum(name, place, notes, members, namespace=self.namespace)

    def enum(self, notes: Notes) -> None:
        self.tokens.next()
