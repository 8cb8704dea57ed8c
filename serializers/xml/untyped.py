"""Shapes for values that have none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serializers import shape as shapes
from serializers.shape import Record, Shape


def inferred(value: Any, name: str = "Document") -> Shape:
    """Return a shape for a value that has none: members of dicts are elements in their order."""
    if isinstance(value, Mapping):
        fields = {str(key): inferred(item, str(key)) for key, item in value.items() if item is not None}
        return Record(name, fields, names={key: key for key in fields}, ordered=True)
    if isinstance(value, (list, tuple)):
        shape_of_items = [inferred(item, "Item") for item in value if item is not None]
        return shapes.ListOf(_merged(shape_of_items))
    return shapes.Boolean() if isinstance(value, bool) else shapes.Text()


def _merged(items: list[Shape]) -> Shape:
    records = [item for item in items if isinstance(item, Record)]
    if records and len(records) == len(items):
        fields: dict[str, Any] = {}
        for record in records:
            fields |= record.fields
        return Record("Item", fields, names={key: key for key in fields}, ordered=True)
    return items[0] if items else shapes.Text()
