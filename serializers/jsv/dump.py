"""The dump form of JSV: one member a line, as metadata pages show samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from serializers.jsv import writer
from serializers.shape import ListOf, MapOf, Record, Reference, Shape


def dump(value: Any, shape: Shape | None, indent: str) -> str:
    """A value in the dump form. Raises EncodeError."""
    return "\n".join(_lines(value, shape, indent))


def _lines(value: Any, shape: Shape | None, indent: str) -> Iterator[str]:
    if isinstance(shape, Reference):
        shape = shape.record
    if isinstance(value, Mapping):
        members = [(name, item, kind) for name, item, kind in _members(value, shape) if item is not None]
        yield from _block("{", "}", [_member(*member, indent) for member in members], indent)
    elif isinstance(value, (list, tuple)):
        item_shape = shape.item if isinstance(shape, ListOf) else None
        yield from _block("[", "]", [_item(item, item_shape, indent) for item in value], indent)
    else:
        yield _scalar(value, shape)


def _members(value: Mapping[Any, Any], shape: Shape | None) -> Iterator[tuple[str, Any, Shape | None]]:
    if isinstance(shape, Record):
        for name, field in shape.fields.items():
            yield name, value.get(name), field
    else:
        item_shape = shape.value if isinstance(shape, MapOf) else None
        key_shape = shape.key if isinstance(shape, MapOf) else None
        for key, item in value.items():
            yield _scalar(key, key_shape), item, item_shape


def _member(name: str, item: Any, shape: Shape | None, indent: str) -> list[str]:
    lines = list(_lines(item, shape, indent))
    if isinstance(item, (Mapping, list, tuple)):
        return [f"{name}:", *lines]
    return [f"{name}: {lines[0]}"]


def _item(item: Any, shape: Shape | None, indent: str) -> list[str]:
    if item is None:
        return ["{}" if isinstance(shape, (Record, Reference)) else ""]
    return list(_lines(item, shape, indent))


def _block(opening: str, closing: str, entries: list[list[str]], indent: str) -> Iterator[str]:
    yield opening
    for number, lines in enumerate(entries):
        if number < len(entries) - 1:
            lines = [*lines[:-1], f"{lines[-1]},"]
        # A quoted text may hold line breaks; they are its own and are never indented.
        yield from (indent + line for line in lines)
    yield closing


def _scalar(value: Any, shape: Shape | None) -> str:
    text = writer.dumps(value, shape)
    if (
        isinstance(value, str)
        and text == value
        and (text != text.strip() or any(c in text for c in "\v\f\x1c\x1d\x1e\x85"))
    ):
        return f'"{text}"'
    return text
