"""The dump form of JSV: one member per line, as metadata pages show samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from serializers.dialect import DEFAULT, Dialect
from serializers.jsv import writer
from serializers.shape import ListOf, MapOf, Record, Reference, Shape


def dump(value: Any, shape: Shape | None, indent: str, dialect: Dialect = DEFAULT) -> str:
    """Return a value in the dump form. Raises EncodeError."""
    return "\n".join(_Dump(indent, writer.JsvSyntax(dialect)).lines(value, shape))


class _Dump:
    def __init__(self, indent: str, syntax: writer.JsvSyntax) -> None:
        self.indent = indent
        self.syntax = syntax

    def lines(self, value: Any, shape: Shape | None) -> Iterator[str]:
        if isinstance(shape, Reference):
            shape = shape.record
        if isinstance(value, Mapping):
            members = [(name, item, kind) for name, item, kind in self.members(value, shape) if item is not None]
            yield from self.block("{", "}", [self.member(*member) for member in members])
        elif isinstance(value, (list, tuple)):
            item_shape = shape.item if isinstance(shape, ListOf) else None
            yield from self.block("[", "]", [self.item(item, item_shape) for item in value])
        else:
            yield self.scalar(value, shape)

    def members(self, value: Mapping[Any, Any], shape: Shape | None) -> Iterator[tuple[str, Any, Shape | None]]:
        if isinstance(shape, Record):
            spell = self.syntax.dialect.speller(shape)
            for name, field in shape.fields.items():
                yield spell(name), value.get(name), field
        else:
            item_shape = shape.value if isinstance(shape, MapOf) else None
            key_shape = shape.key if isinstance(shape, MapOf) else None
            for key, item in value.items():
                yield self.scalar(key, key_shape), item, item_shape

    def member(self, name: str, item: Any, shape: Shape | None) -> list[str]:
        lines = list(self.lines(item, shape))
        if isinstance(item, (Mapping, list, tuple)):
            return [f"{name}:", *lines]
        return [f"{name}: {lines[0]}"]

    def item(self, item: Any, shape: Shape | None) -> list[str]:
        if item is None:
            return ["{}" if isinstance(shape, (Record, Reference)) else ""]
        return list(self.lines(item, shape))

    def block(self, opening: str, closing: str, entries: list[list[str]]) -> Iterator[str]:
        yield opening
        for number, lines in enumerate(entries):
            if number < len(entries) - 1:
                lines = [*lines[:-1], f"{lines[-1]},"]
            # Line breaks inside a quoted text belong to its value, so its further lines are not indented.
            yield from (self.indent + line for line in lines)
        yield closing

    def scalar(self, value: Any, shape: Shape | None) -> str:
        text = writer.dumps(value) if shape is None or value is None else self.syntax.scalar(shape)(value)
        if (
            isinstance(value, str)
            and text == value
            and (text != text.strip() or any(c in text for c in "\v\f\x1c\x1d\x1e\x85"))
        ):
            return f'"{text}"'
        return text
