"""Base of the readers of languages with braces: iteration over declarations, parsing of types, and skipping of members."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar

from gateway.contract.dto_field import Attribute
from gateway.importing.collector import Collector, Member
from gateway.importing.drafts import DEEPEST, Draft, TypeUse
from gateway.importing.tokens import Notes, Syntax, Tokens


class BraceReader(ABC):
    """Reads a document of one language.

    :cvar kind: the language, for people.
    :cvar syntax: its tokens.
    :cvar table: .NET's types by its names.
    :cvar has_nulls: the language marks values that may be null.
    :cvar modifiers: words before a declaration that are ignored.
    :cvar kinds: words that begin a class.
    """

    kind: ClassVar[str]
    syntax: ClassVar[Syntax] = Syntax()
    table: ClassVar[Mapping[str, str]]
    has_nulls: ClassVar[bool] = False
    modifiers: ClassVar[frozenset[str]] = frozenset()
    kinds: ClassVar[frozenset[str]] = frozenset(("class",))

    def __init__(self, text: str) -> None:
        """Split a document into tokens. Raises ImportFailed when they are not tokens of the language."""
        self.tokens = Tokens(text, self.syntax)
        self.collector = Collector(self.kind, self.table, has_nulls=self.has_nulls)

    def read(self) -> Draft:
        """Return the declarations of the document. Raises ImportFailed with line and column."""
        while not self.tokens.is_over:
            self.read_declaration()
        return self.collector.draft

    def read_declaration(self) -> None:
        """Read the next declaration: a type, or something to skip."""
        notes = self.read_notes()
        if self.tokens.sees("enum"):
            self.read_enum(notes)
        elif self.tokens.sees(*self.kinds):
            self.read_record(notes)
        elif not self.read_other(notes):
            self.tokens.next()

    def read_other(self, notes: Notes) -> bool:
        """Read a declaration that only this language has; return whether there was one."""
        return False

    def read_notes(self) -> Notes:
        """Return the comments and attributes of the next declaration, and skip its modifiers."""
        tokens = self.tokens
        notes = tokens.read_notes()
        while True:
            if attributes := self.read_attributes():
                notes.attributes += attributes
            elif tokens.here.kind == "name" and tokens.here.text in self.modifiers and not self.is_name():
                tokens.next()
            else:
                return notes
            more = tokens.read_notes()
            notes.attributes += more.attributes
            notes.description = notes.description or more.description
            notes.tags = {**more.tags, **notes.tags}

    def is_name(self) -> bool:
        """Return whether a word that may be a modifier is the name of a member."""
        following = self.tokens.look_ahead()
        return following.kind == "sign" and following.text in (";", "=", "{", ":", ",", "?", "}")

    def read_attributes(self) -> list[Attribute]:
        """Read the next attributes, in the syntax of the language."""
        return []

    @abstractmethod
    def read_record(self, notes: Notes) -> None:
        """Read a class; its keyword is the next token."""

    @abstractmethod
    def read_enum(self, notes: Notes) -> None:
        """Read an enum; its keyword is the next token."""

    def read_nested_type(self, owner: str, notes: Notes, *enums: str) -> bool:
        """Read a nested type, which is declared beside the outer one; return whether there was one.

        :param enums: words that begin an enum.
        """
        tokens = self.tokens
        if not tokens.sees(*enums, *self.kinds):
            return False
        self.collector.draft.losses.add(
            "a type inside of another one: beside it", f"{owner}.{tokens.look_ahead().text}"
        )
        self.read_enum(notes) if tokens.sees(*enums) else self.read_record(notes)
        return True

    # Types

    def read_use(self, depth: int = 0) -> TypeUse:
        """Read a use of a type: a name with arguments, array brackets and null marks."""
        if depth > DEEPEST:
            raise self.tokens.fail(f"types are nested more than {DEEPEST} levels deep")
        use = self.read_plain_use(depth)
        while True:
            if self.tokens.sees("[") and self.tokens.look_ahead().text == "]":
                self.tokens.next()
                self.tokens.next()
                use = self.make_array(use)
            elif self.tokens.accept("?"):
                use = TypeUse("Nullable", (use,))
            else:
                return use

    def make_array(self, item: TypeUse) -> TypeUse:
        """Return the type of ``T[]``."""
        return TypeUse("Array", (item,))

    def read_plain_use(self, depth: int) -> TypeUse:
        """Read the name of a type and its arguments."""
        name = self.tokens.take_name()
        while self.tokens.accept("."):
            name = self.tokens.take_name()
        return TypeUse(name, tuple(self.read_type_arguments(depth)))

    def read_type_arguments(self, depth: int) -> Iterator[TypeUse]:
        """Read the arguments of a generic type, or none."""
        if self.tokens.accept("<"):
            while True:
                yield self.read_use(depth + 1)
                if not self.tokens.accept(","):
                    break
            self.close_arguments()

    def close_arguments(self) -> None:
        """Read the end of type arguments."""
        self.tokens.expect(">")

    def read_parameters(self) -> tuple[str, ...]:
        """Return the names of type parameters, without constraints."""
        names = []
        if self.tokens.accept("<"):
            while True:
                self.tokens.accept("'")
                while self.tokens.sees("in", "out"):
                    self.tokens.next()
                names.append(self.tokens.take_name())
                if self.tokens.accept(":", "extends"):
                    self.read_use()
                if not self.tokens.accept(","):
                    break
            self.tokens.expect(">")
        return tuple(names)

    def read_uses(self) -> Iterator[TypeUse]:
        """Read types separated by commas."""
        while True:
            yield self.read_use()
            if not self.tokens.accept(","):
                return

    def read_cases(self) -> tuple[list[Member], dict[str, str]]:
        """Read the cases of an enum in braces, and the texts of cases that have one."""
        tokens = self.tokens
        tokens.expect("{")
        members: list[Member] = []
        texts: dict[str, str] = {}
        for _ in self.iterate_until("}"):
            notes = self.read_notes()
            if tokens.accept("case"):
                member, number = tokens.take_name(), None
                if tokens.accept("="):
                    value = tokens.next()
                    number = int(value.text) if value.kind == "number" and "." not in value.text else None
                    texts |= {member: value.text} if value.kind == "text" else {}
                members.append((member, number, notes))
            tokens.accept(";")
        return members, texts

    # Skipping

    def iterate_until(self, closing: str) -> Iterator[None]:
        """Iterate until a bracket closes; tokens that the caller does not read are skipped."""
        while not self.tokens.accept(closing):
            before = self.tokens.at
            yield
            if self.tokens.at == before:
                self.tokens.next()

    def skip_line(self) -> None:
        """Skip the rest of the line, and brackets that begin on it."""
        tokens = self.tokens
        end = tokens.source.find("\n", tokens.here.offset)
        while not tokens.is_over and (end < 0 or tokens.here.offset < end) and not tokens.sees("}"):
            if tokens.sees("{"):
                tokens.skip("{", "}")
                return
            if tokens.sees("("):
                tokens.skip("(", ")")
                end = tokens.source.find("\n", tokens.tokens[tokens.at - 1].offset)
                continue
            tokens.next()

    def skip_value(self) -> None:
        """Skip the value of a member, up to its semicolon."""
        self.tokens.skip_to(";", "}")
        self.tokens.accept(";")
