"""F#: classes with automatic properties."""

from __future__ import annotations

from gateway.contract.dto_field import Attribute
from gateway.importing.braces import BraceReader
from gateway.importing.collector import Member, build_table
from gateway.importing.drafts import DraftMember, TypeUse, split_words
from gateway.importing.tokens import Notes, Syntax


class FSharpReader(BraceReader):
    """Reads types, each of which ends where the next one begins."""

    kind = "F#"
    syntax = Syntax(opening="(*", closing="*)", quotes='"')
    table = build_table(
        "fsharp", string="String", bool="Boolean", int="Int32", int64="Int64", float="Double", obj="Object"
    )
    has_nulls = True
    modifiers = split_words("private internal public mutable")
    kinds = split_words("type and")

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.namespace = ""

    def read_other(self, notes: Notes) -> bool:
        tokens = self.tokens
        if tokens.accept("namespace", "module"):
            tokens.accept("rec", "global")
            self.namespace = tokens.take_name()
            while tokens.accept("."):
                self.namespace += f".{tokens.take_name()}"
            return True
        if tokens.sees("open"):
            self.skip_line()
            return True
        return False

    def read_attributes(self) -> list[Attribute]:
        attributes: list[Attribute] = []
        tokens = self.tokens
        if not tokens.accept("[<"):
            return attributes
        while not tokens.accept(">]"):
            name = tokens.take_name()
            while tokens.accept(":", "."):
                name = tokens.take_name()
            first, values = tokens.read_arguments()
            attributes.append(Attribute(name.removesuffix("Attribute"), first, values))
            tokens.accept(";")
        return attributes

    def read_plain_use(self, depth: int) -> TypeUse:
        self.tokens.accept("'")
        return super().read_plain_use(depth)

    def read_record(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.next()
        position = tokens.line
        name, parameters = tokens.take_name(), self.read_parameters()
        if tokens.sees("("):
            tokens.skip("(", ")")
        tokens.accept("as")
        tokens.accept("this")
        tokens.expect("=")
        if tokens.sees("|"):
            self._read_enum_members(name, position, notes)
            return
        base: TypeUse | None = None
        bases: list[TypeUse] = []
        members: list[DraftMember] = []
        is_interface = False
        while not tokens.is_over:
            at = tokens.at
            member_notes = self.read_notes()
            if tokens.accept("inherit"):
                base = self.read_use()
                if tokens.sees("("):
                    tokens.skip("(", ")")
            elif tokens.accept("interface"):
                if tokens.accept("end"):
                    is_interface = True
                else:
                    bases.append(self.read_use())
            elif tokens.accept("member"):
                members += self._read_property(member_notes, name)
            elif tokens.sees(*self.kinds, "namespace", "module", "open"):
                tokens.at = at
                break
            else:
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
            is_interface=is_interface,
        )

    def _read_property(self, notes: Notes, owner: str) -> list[DraftMember]:
        tokens = self.tokens
        if not tokens.accept("val"):
            return []
        name = tokens.take_name()
        tokens.expect(":")
        use = self.read_use()
        tokens.skip_to("with")
        tokens.accept("with")
        while tokens.accept("get", "set", ","):
            pass
        if use.name == "ExtensionDataObject":
            return []
        return [self.collector.make_member(name, use, notes, owner, is_dotnet=True)]

    def _read_enum_members(self, name: str, position: str, notes: Notes) -> None:
        tokens = self.tokens
        members: list[Member] = []
        while tokens.sees("|"):
            member_notes = tokens.read_notes()
            tokens.next()
            more = self.read_notes()
            member_notes.attributes += more.attributes
            member_notes.description = member_notes.description or more.description
            member, number = tokens.take_name(), None
            if tokens.accept("="):
                token = tokens.next()
                if token.kind != "number" or "." in token.text:
                    raise tokens.fail(f"{token.text[:50]!r} is not the number of a member")
                number = int(token.text, 0)
            members.append((member, number, member_notes))
        self.collector.add_enum(name, position, notes, members, namespace=self.namespace)

    def read_enum(self, notes: Notes) -> None:
        self.tokens.next()
