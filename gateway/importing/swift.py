"""Swift: Codable classes."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.importing.braces import BraceReader
from gateway.importing.collector import table_of
from gateway.importing.drafts import DraftMember, TypeUse, words
from gateway.importing.tokens import Notes, Syntax


class SwiftReader(BraceReader):
    """Reads classes with optional variables; the response type is a ``typealias``."""

    kind = "Swift"
    syntax = Syntax(quotes='"', quoted_names=True)
    table = table_of(
        "swift",
        Int="Int32",
        UInt="UInt32",
        Float="Single",
        Array="List",
        Any="Object",
        TimeInterval="TimeSpan",
        AnyValue="Object",
    )
    modifiers = words("public private open final internal required override static fileprivate indirect")
    kinds = words("class struct protocol")

    def other(self, notes: Notes) -> bool:
        if self.tokens.sees("import"):
            self.skip_line()
            return True
        if self.tokens.sees("extension"):
            self.tokens.skip_to("{")
            self.tokens.skip("{", "}")
            return True
        return False

    def plain_use(self, depth: int) -> TypeUse:
        """Read a type; ``[T]`` is a list, ``[K:V]`` a map."""
        tokens = self.tokens
        if not tokens.accept("["):
            return super().plain_use(depth)
        first = self.use(depth + 1)
        second = self.use(depth + 1) if tokens.accept(":") else None
        tokens.expect("]")
        if second is not None:
            return TypeUse("Dictionary", (first, second))
        return TypeUse(
            "Array" if first.name == "UInt8" else "List", (TypeUse("Byte"),) if first.name == "UInt8" else (first,)
        )

    def record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, place = tokens.next().text, tokens.line
        name, parameters = tokens.name(), self.parameters()
        bases = [*self.uses()] if tokens.accept(":") else []
        tokens.expect("{")
        members: list[DraftMember] = []
        wires: dict[str, str] = {}
        answers: list[TypeUse] = []
        for _ in self.inside("}"):
            members += self._member(name, wires, answers)
        for member in members:
            wire = wires.get(member.name[:1].lower() + member.name[1:], "")
            if wire and member.data_member is None:
                member.data_member = self.collector.member("", TypeUse("String"), Notes(), name, wire=wire).data_member
        found = [TypeUse("IReturn", tuple(answers)) if each.name == "IReturn" else each for each in bases]
        base = next((each for each in found if not _is_protocol(each.name)), None)
        self.collector.record(
            name,
            place,
            notes,
            [each for each in found if each is not base],
            base=base,
            parameters=parameters,
            members=members,
            is_interface=kind == "protocol",
        )

    def _member(self, owner: str, wires: dict[str, str], answers: list[TypeUse]) -> Iterator[DraftMember]:
        tokens = self.tokens
        notes = self.notes()
        if tokens.accept("typealias"):
            alias = tokens.name()
            tokens.expect("=")
            use = self.use()
            if alias == "Return":
                answers.append(use)
        elif tokens.sees("enum"):
            self._wires(wires)
        elif tokens.accept("var", "let"):
            name = tokens.name()
            tokens.expect(":")
            use = self.use()
            if tokens.accept("="):
                self.skip_line()
            elif tokens.sees("{"):
                tokens.skip("{", "}")
            yield self.collector.member(name, use, notes, owner)
        elif tokens.sees("init", "func", "subscript", "convenience"):
            tokens.skip_to("{", "}")
            if tokens.sees("{"):
                tokens.skip("{", "}")

    def _wires(self, wires: dict[str, str]) -> None:
        """Read wire names from their enum: ``case dashed = "x-dashed"``."""
        tokens = self.tokens
        tokens.skip_to("{")
        tokens.expect("{")
        for _ in self.inside("}"):
            if tokens.accept("case"):
                name = tokens.name()
                if tokens.accept("="):
                    wires[name] = tokens.next().text

    def enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("enum")
        place, name = tokens.line, tokens.name()
        kinds = [each.name for each in self.uses()] if tokens.accept(":") else []
        members, texts = self.cases()
        self.collector.enum(name, place, notes, members, numbered="Int" in kinds, texts=texts)


def _is_protocol(name: str) -> bool:
    return name in ("Codable", "CodingKey", "Equatable", "Hashable") or (name[:1] == "I" and name[1:2].isupper())
