"""Names of types and literals of texts in a language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from gateway.contract.dto_field import ApiMember
from gateway.contract.typeinfo import Property, RecordInfo, TypeRef
from gateway.metadata.languages.scalars import is_value
from gateway.metadata.languages.texts import escape, split_lines


def list_api_values(field: Property) -> dict[str, str | bool]:
    """Return the values of a property's ``[ApiMember]``, by the names of its arguments."""
    api_member = field.api_member or ApiMember()
    values: dict[str, str | bool] = {
        "Name": api_member.name,
        "Description": field.description if api_member.described else "",
        "DataType": api_member.data_type,
        "Format": api_member.format,
        "ParameterType": api_member.parameter_type,
        "IsRequired": api_member.is_required,
    }
    return {name: value for name, value in values.items() if value}


class Wording:
    """Names and texts in one language, by tables.

    :cvar scalars: .NET's scalars in the language.
    :cvar list_form: a list of ``{0}``.
    :cvar array_form: an array of ``{0}``, if it is written differently from a list.
    :cvar map_form: a map of ``{0}`` to ``{1}``.
    :cvar optional_form: an item ``{0}`` that may be null, of a type that has no null itself.
    :cvar has_flags: whether enums can hold sums of their members; other languages use numbers instead.
    :cvar has_numbered: whether enums can be read from their numbers; other languages use numbers instead.
    :cvar generic_form: the type ``{0}`` with the arguments ``{1}``.
    :cvar reserved: words that can't be names.
    :cvar kept_form: the form of such a word; many languages quote it.
    :cvar comment_marks: texts that would begin or end a comment within a comment, and their replacements.
    :ivar as_texts: types whose values are declared as texts.
    """

    scalars: ClassVar[Mapping[str, str]]
    list_form: ClassVar[str]
    array_form: ClassVar[str] = ""
    map_form: ClassVar[str]
    optional_form: ClassVar[str] = "{0}"
    has_flags: ClassVar[bool] = False
    has_numbered: ClassVar[bool] = False
    generic_form: ClassVar[str] = "{0}<{1}>"
    reserved: ClassVar[frozenset[str]] = frozenset()
    kept_form: ClassVar[str] = "{0}_"
    comment_marks: ClassVar[Mapping[str, str]] = {"*/": "* /", "/*": "/ *"}
    as_texts: frozenset[str] = frozenset()

    # Names of types

    def format_type(self, ref: TypeRef) -> str:
        """Return a type in the language."""
        if ref.name in self.as_texts:
            return self.scalars["String"]
        if ref.kind == "scalar":
            return self.scalars[ref.name]
        if ref.kind == "enum" and self.is_number(ref.name):
            return self.scalars["Int32"]
        arguments = [self.format_item_type(argument) for argument in ref.arguments]
        if ref.kind == "list":
            form = self.array_form if ref.name == "Array" and self.array_form else self.list_form
            return form.format(*arguments)
        if ref.kind == "map":
            return self.map_form.format(*arguments)
        return self.format_generic(self.get_class_name(ref.name), arguments)

    def format_item_type(self, ref: TypeRef) -> str:
        """Return the type of an item, or of an argument."""
        name = self.format_type(ref)
        return self.optional_form.format(name) if ref.nullable and is_value(ref) else name

    def is_flags(self, name: str) -> bool:
        """Return whether the values of an enum are sums of its members."""
        return False

    def is_numbered(self, name: str) -> bool:
        """Return whether documents have the numbers of an enum's members."""
        return False

    def is_number(self, name: str) -> bool:
        """Return whether the language has numbers in place of an enum."""
        return (self.is_flags(name) and not self.has_flags) or (self.is_numbered(name) and not self.has_numbered)

    def escape_name(self, name: str) -> str:
        """Return a name in a form that is not a word of the language."""
        return self.kept_form.format(name) if name in self.reserved else name

    def get_class_name(self, name: str) -> str:
        """Return a record's or enum's name in the language."""
        return self.escape_name(name)

    def get_full_name(self, info: RecordInfo) -> str:
        """Return a record's name with its type parameters."""
        return self.format_generic(self.get_class_name(info.name), info.parameters)

    def format_generic(self, name: str, arguments: Iterable[str]) -> str:
        """Return a name with type arguments or parameters."""
        joined = ", ".join(arguments)
        return self.generic_form.format(name, joined) if joined else name

    # Texts

    def split_comment(self, text: str) -> list[str]:
        """Return a description's lines, safe within a comment."""
        for mark, harmless in self.comment_marks.items():
            text = text.replace(mark, harmless)
        return split_lines(text)

    def quote(self, text: str) -> str:
        """Return a text as a string literal of one line."""
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escape(text)}"'
