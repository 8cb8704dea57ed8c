"""Streaming XML: the members before the rows, the rows, the members after them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from serializers.rows import blocks, row_shape, row_writer, rows_of
from serializers.shape import Record, Shape
from serializers.xml.names import members_of
from serializers.xml.writer import DECLARATION, compiled, compiled_rows


def stream(value: Any, shape: Shape) -> Iterator[bytes]:
    """Return the document in blocks."""
    item, member = row_shape(shape)
    rows = rows_of(value, shape, member)
    tags = compiled_rows(shape, member, attributes=False)
    write = row_writer(
        item, lambda _, *, attributes: compiled_rows(shape, member, attributes=attributes).write, tags.null
    )
    if member is None:
        return blocks(DECLARATION + tags.start, rows, write, "", lambda: tags.end)
    assert isinstance(shape, Record)
    before, after = _halves(shape)
    attributes = not isinstance(value, Mapping)
    opening = _without_end(compiled(before, attributes=attributes)(value)) + tags.start
    return blocks(
        opening, rows, write, "", lambda: tags.end + _without_start(compiled(after, attributes=attributes)(value))
    )


def _without_end(document: str) -> str:
    return document[:-3] + ">" if document.endswith(" />") else document[: document.rindex("</")]


def _without_start(document: str) -> str:
    if document.endswith(" />"):
        start = document[len(DECLARATION) + 1 :]
        return f"</{start[: start.index(' ')]}>"
    # Inside attributes `>` is a reference, so the first one ends the root's tag.
    return document[document.index(">", len(DECLARATION)) + 1 :]


@lru_cache(maxsize=256)
def _halves(shape: Record) -> tuple[Record, Record]:
    """Return a record of the members before the rows, and one of those after them, in the order of their elements."""
    names = [name for name, _, _ in members_of(shape)]
    at = names.index(shape.rows or "")
    return _part(shape, names[:at]), _part(shape, names[at + 1 :])


def _part(shape: Record, names: list[str]) -> Record:
    fields = {name: field for name, field in shape.fields.items() if name in names}
    return replace(shape, fields=fields, rows=None)
