"""Dart: classes with conversion to and from maps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.importing.braces import BraceReader
from gateway.importing.collector import Member, table_of
from gateway.importing.drafts import DraftMember, words
from gateway.importing.tokens import Notes

_WIRE = re.compile(r"^\s*(\w+) = (?:JsonConverters\.fromJson\()?json\[\s*'([^']+)'\]", re.MULTILINE)


class DartReader(BraceReader):
    """Reads classes with fields. In Dart, enums that are sums of members are numbers."""

    kind = "Dart"
    table = table_of(
        "dart", List="List", Map="Dictionary", int="Int64", num="Double", dynamic="Object", Object="Object"
    )
    modifiers = words("abstract final late static const external covariant base sealed")

    def other(self, notes: Notes) -> bool:
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

    def record(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("class")
        place, start = tokens.line, tokens.here.place
        name, parameters = tokens.name(), self.parameters()
        base = self.use() if tokens.accept("extends") else None
        bases = [*self.uses()] if tokens.accept("with", "implements") else []
        if tokens.accept("implements"):
            bases += self.uses()
        tokens.expect("{")
        members: list[DraftMember] = []
        numbers: list[Member] = []
        end = tokens.at
        tokens.at -= 1
        tokens.skip("{", "}")
        wires = dict(_WIRE.findall(tokens.source[start : tokens.tokens[tokens.at - 1].place]))
        tokens.at = end
        for _ in self.inside("}"):
            members += self._member(name, wires, numbers)
        if numbers and not members and base is None and not bases:
            self.collector.enum(name, place, notes, numbers, flags=True)
            return
        self.collector.record(name, place, notes, bases, base=base, parameters=parameters, members=members)

    def _member(self, owner: str, wires: dict[str, str], numbers: list[Member]) -> Iterator[DraftMember]:
        tokens = self.tokens
        start = tokens.at
        notes = self.notes()
        is_static = any(each.text in ("static", "const") for each in tokens.tokens[start : tokens.at])
        if tokens.here.kind != "name":
            return
        if tokens.here.text == owner and tokens.ahead().text in ("(", "."):
            self._skip_method()
            return
        if tokens.ahead().text == "(" or tokens.sees("get", "set", "operator"):
            self._skip_method()
            return
        use = self.use()
        if tokens.here.kind != "name" or tokens.sees("get", "set", "operator") or tokens.ahead().text == "(":
            self._skip_method()
            return
        name = tokens.name()
        is_number = is_static and use.name == "int" and tokens.sees("=") and tokens.ahead().kind == "number"
        if is_number:
            numbers.append((name, int(tokens.ahead().text), notes))
        self.skip_value()
        if (
            not is_static
            and use.name != "TypeContext"
            and not (use.arguments and use.arguments[0].name == "TypeContext")
        ):
            yield self.collector.member(name, use, notes, owner, wire=wires.get(name, name))

    def _skip_method(self) -> None:
        tokens = self.tokens
        while not tokens.is_over and not tokens.sees("{", ";", "=>", "}"):
            tokens.skip("(", ")") if tokens.sees("(") else tokens.next()
        if tokens.sees("{"):
            tokens.skip("{", "}")
        elif not tokens.sees("}"):
            self.skip_value()

    def enum(self, notes: Notes) -> None:
        tokens = self.tokens
        tokens.expect("enum")
        place, name = tokens.line, tokens.name()
        tokens.expect("{")
        members: list[Member] = []
        for _ in self.inside("}"):
            told = self.notes()
            if tokens.here.kind == "name":
                members.append((tokens.name(), None, told))
            tokens.accept(",")
        self.collector.enum(name, place, notes, members)
