"""How a language names types and writes texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from gateway.contract.typeinfo import RecordInfo, TypeRef
from gateway.metadata.languages.texts import escape, lines_of


class Wording:
    """Names and texts in one language, by tables.

    :cvar scalars: .NET's scalars in the language.
    :cvar list_form: a list of ``{0}``.
    :cvar map_form: a map of ``{0}`` to ``{1}``.
    :cvar generic_form: the type ``{0}`` with the arguments ``{1}``.
    :cvar reserved: words that names can't be.
    :cvar kept_form: what such a word becomes; many languages quote it.
    :cvar comment_marks: what would end or begin a comment within one, and what stands there instead.
    :ivar as_texts: types whose values are declared as texts.
    """

    scalars: ClassVar[Mapping[str, str]]
    list_form: ClassVar[str]
    map_form: ClassVar[str]
    generic_form: ClassVar[str] = "{0}<{1}>"
    reserved: ClassVar[frozenset[str]] = frozenset()
    kept_form: ClassVar[str] = "{0}_"
    comment_marks: ClassVar[Mapping[str, str]] = {"*/": "* /", "/*": "/ *"}
    as_texts: frozenset[str] = frozenset()

    # Names of types

    def type_name(self, ref: TypeRef) -> str:
        """A type in the language."""
        if ref.name in self.as_texts:
            return self.scalars["String"]
        if ref.kind == "scalar":
            # A sum of an enum's members is a number.
            return self.scalars.get(ref.name) or self.scalars["Int32"]
        arguments = [self.type_name(each) for each in ref.arguments]
        if ref.kind == "list":
            return self.list_form.format(*arguments)
        if ref.kind == "map":
            return self.map_form.format(*arguments)
        return self.generic(self.class_name(ref.name), arguments)

    def free(self, name: str) -> str:
        """A name that is none of the language's own words."""
        return self.kept_form.format(name) if name in self.reserved else name

    def class_name(self, name: str) -> str:
        """A record's or enum's name in the language."""
        return self.free(name)

    def own_name(self, info: RecordInfo) -> str:
        """A record's name with its type parameters."""
        return self.generic(self.class_name(info.name), info.parameters)

    def generic(self, name: str, arguments: Iterable[str]) -> str:
        """A name with type arguments or parameters."""
        joined = ", ".join(arguments)
        return self.generic_form.format(name, joined) if joined else name

    # Texts

    def comment_lines(self, text: str) -> list[str]:
        """A description's lines, harmless within a comment."""
        for mark, harmless in self.comment_marks.items():
            text = text.replace(mark, harmless)
        return lines_of(text)

    def quoted(self, text: str) -> str:
        """A text as a string literal of one line."""
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escape(text)}"'
