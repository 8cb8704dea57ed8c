"""Dart: classes with conversion to and from maps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.importing.braces import BraceReader
from gateway.importing.collector import Member, build_table
from gateway.importing.drafts import DraftMember, split_words
from gateway.importing.tokens import Notes

_WIRE = re.compile(r"^\s*(\w+) = (?:JsonConverters\.fromJson\()?json\[\s*'([^']+)'\]", re.MULTILINE)


class DartReader(BraceReader):
    """Reads classes with fields. In Dart, enums that are sums of members are numbers."""

    kind = "Dart"
    table = build_table(
        "dart", List="List", Map="Dictionary", int="Int64", num="Double", dynamic="Object", Object="Object"
    )
    modifiers = split_words("abstract final late static const external covariant base sealed")

    def read_other(self, notes: Notes) -> bool:
        tokens = self.tokens
        if tokens.sees("import", "export", "part", "library", "typedef"):
            self.skip_value()
            return True
        if tokens.here.kind == "name":
            # A variable or a function of the module.
            tokens.skip_to(";", "{")
            if tokens.sees("{"):
                tokens.skip("{", "}")
            tokens.accept(";")
            return True
        return False

    def read_record(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("class")
        position, start = tokens.line, tokens.here.offset
        name, parameters = tokens.take_name(), self.read_parameters()
        base = self.read_use() if tokens.accept("extends") else None
        bases = [*self.read_uses()] if tokens.accept("with", "implements") else []
        if tokens.accept("implements"):
            bases += self.read_uses()
        tokens.expect("{")
        members: list[DraftMember] = []
        numbers: list[Member] = []
        end = tokens.at
        tokens.at -= 1
        tokens.skip("{", "}")
        wires = dict(_WIRE.findall(tokens.source[start : tokens.tokens[tokens.at - 1].offset]))
        tokens.at = end
        for _ in self.iterate_until("}"):
            members += self._read_member(name, wires, numbers)
        if numbers and not members and base is None and not bases:
            self.collector.add_enum(name, position, notes, numbers, flags=True)
            return
        self.collector.add_record(name, position, notes, bases, base=base, parameters=parameters, members=members)

    def _read_member(self, owner: str, wires: dict[str, str], numbers: list[Member]) -> Iterator[DraftMember]:
        tokens = self.tokens
        start = tokens.at
        notes = self.read_notes()
        is_static = any(token.text in ("static", "const") for token in tokens.tokens[start : tokens.at])
        if tokens.here.kind != "name":
            return
        if tokens.here.text == owner and tokens.look_ahead().text in ("(", "."):
            self._skip_method()
            return
        if tokens.look_ahead().text == "(" or tokens.sees("get", "set", "operator"):
            self._skip_method()
            return
        use = self.read_use()
        if tokens.here.kind != "name" or tokens.sees("get", "set", "operator") or tokens.look_ahead().text == "(":
            self._skip_method()
            return
        name = tokens.take_name()
        is_number = is_static and use.name == "int" and tokens.sees("=") and tokens.look_ahead().kind == "number"
        if is_number:
            numbers.append((name, int(tokens.look_ahead().text), notes))
        self.skip_value()
        if (
            not is_static
            and use.name != "TypeContext"
            and not (use.arguments and use.arguments[0].name == "TypeContext")
        ):
            yield self.collector.make_member(name, use, notes, owner, wire=wires.get(name, name))

    def _skip_method(self) -> None:
        tokens = self.tokens
        while not tokens.is_over and not tokens.sees("{", ";", "=>", "}"):
            tokens.skip("(", ")") if tokens.sees("(") else tokens.next()
        if tokens.sees("{"):
            tokens.skip("{", "}")
        elif not tokens.sees("}"):
            self.skip_value()

    def read_enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("enum")
        position, name = tokens.line, tokens.take_name()
        tokens.expect("{")
        members: list[Member] = []
        for _ in self.iterate_until("}"):
            member_notes = self.read_notes()
            if tokens.here.kind == "name":
                members.append((tokens.take_name(), None, member_notes))
            tokens.accept(",")
        self.collector.add_enum(name, position, notes, members)
