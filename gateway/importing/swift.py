"""Swift: Codable classes."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.importing.braces import BraceReader
from gateway.importing.collector import build_table
from gateway.importing.drafts import DraftMember, TypeUse, split_words
from gateway.importing.tokens import Notes, Syntax


class SwiftReader(BraceReader):
    """Reads classes with optional variables; the response type is a ``typealias``."""

    kind = "Swift"
    syntax = Syntax(quotes='"', quoted_names=True)
    table = build_table(
        "swift",
        Int="Int32",
        UInt="UInt32",
        Float="Single",
        Array="List",
        Any="Object",
        TimeInterval="TimeSpan",
        AnyValue="Object",
    )
    modifiers = split_words("public private open final internal required override static fileprivate indirect")
    kinds = split_words("class struct protocol")

    def read_other(self, notes: Notes) -> bool:
        if self.tokens.sees("import"):
            self.skip_line()
            return True
        if self.tokens.sees("extension"):
            self.tokens.skip_to("{")
            self.tokens.skip("{", "}")
            return True
        return False

    def read_plain_use(self, depth: int) -> TypeUse:
        """Read a type; ``[T]`` is a list, ``[K:V]`` a map."""
        tokens = self.tokens
        if not tokens.accept("["):
            return super().read_plain_use(depth)
        first = self.read_use(depth + 1)
        second = self.read_use(depth + 1) if tokens.accept(":") else None
        tokens.expect("]")
        if second is not None:
            return TypeUse("Dictionary", (first, second))
        return TypeUse(
            "Array" if first.name == "UInt8" else "List", (TypeUse("Byte"),) if first.name == "UInt8" else (first,)
        )

    def read_record(self, notes: Notes) -> None:
        tokens = self.tokens
        kind, position = tokens.next().text, tokens.line
        name, parameters = tokens.take_name(), self.read_parameters()
        bases = [*self.read_uses()] if tokens.accept(":") else []
        tokens.expect("{")
        members: list[DraftMember] = []
        wires: dict[str, str] = {}
        response_types: list[TypeUse] = []
        for _ in self.iterate_until("}"):
            members += self._read_member(name, wires, response_types)
        for member in members:
            wire = wires.get(member.name[:1].lower() + member.name[1:], "")
            if wire and member.data_member is None:
                member.data_member = self.collector.make_member(
                    "", TypeUse("String"), Notes(), name, wire=wire
                ).data_member
        uses = [TypeUse("IReturn", tuple(response_types)) if base.name == "IReturn" else base for base in bases]
        base = next((use for use in uses if not _is_protocol(use.name)), None)
        self.collector.add_record(
            name,
            position,
            notes,
            [use for use in uses if use is not base],
            base=base,
            parameters=parameters,
            members=members,
            is_interface=kind == "protocol",
        )

    def _read_member(self, owner: str, wires: dict[str, str], response_types: list[TypeUse]) -> Iterator[DraftMember]:
        tokens = self.tokens
        notes = self.read_notes()
        if tokens.accept("typealias"):
            alias = tokens.take_name()
            tokens.expect("=")
            use = self.read_use()
            if alias == "Return":
                response_types.append(use)
        elif tokens.sees("enum"):
            self._read_wire_names(wires)
        elif tokens.accept("var", "let"):
            name = tokens.take_name()
            tokens.expect(":")
            use = self.read_use()
            if tokens.accept("="):
                self.skip_line()
            elif tokens.sees("{"):
                tokens.skip("{", "}")
            yield self.collector.make_member(name, use, notes, owner)
        elif tokens.sees("init", "func", "subscript", "convenience"):
            tokens.skip_to("{", "}")
            if tokens.sees("{"):
                tokens.skip("{", "}")

    def _read_wire_names(self, wires: dict[str, str]) -> None:
        """Read wire names from their enum: ``case dashed = "x-dashed"``."""
        tokens = self.tokens
        tokens.skip_to("{")
        tokens.expect("{")
        for _ in self.iterate_until("}"):
            if tokens.accept("case"):
                name = tokens.take_name()
                if tokens.accept("="):
                    wires[name] = tokens.next().text

    def read_enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("enum")
        position, name = tokens.line, tokens.take_name()
        kinds = [use.name for use in self.read_uses()] if tokens.accept(":") else []
        members, texts = self.read_cases()
        self.collector.add_enum(name, position, notes, members, numbered="Int" in kinds, texts=texts)


def _is_protocol(name: str) -> bool:
    return name in ("Codable", "CodingKey", "Equatable", "Hashable") or (name[:1] == "I" and name[1:2].isupper())
