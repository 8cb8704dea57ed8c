"""Shapes that end at a depth: deeper values are omitted from documents (``?jsconfig=md:2``)."""

from __future__ import annotations

from dataclasses import replace

from serializers.shape import ListOf, MapOf, Record, Reference, Shape


class Pruning:
    """Makes shallow shapes. A record has one shape for each depth, so that recursive shapes end as well."""

    def __init__(self) -> None:
        self._records: dict[tuple[Record, int], Record] = {}

    def prune(self, shape: Shape, levels: int) -> Shape:
        """Return the shape cut to a number of levels of records and lists, at least one."""
        if isinstance(shape, Reference):
            shape = shape.record
        if isinstance(shape, ListOf):
            return replace(shape, item=self._inside(shape.item, levels))
        if isinstance(shape, MapOf):
            return replace(shape, value=self._inside(shape.value, levels))
        return self._record(shape, levels) if isinstance(shape, Record) else shape

    def _inside(self, item: Shape, levels: int) -> Shape:
        # Items can't be omitted: of an item that is too deep, only its own single values are written.
        return self.prune(item, max(levels - 1, 1))

    def _record(self, shape: Record, levels: int) -> Record:
        key = shape, levels
        if key not in self._records:
            fields = {
                name: self.prune(field, levels - 1)
                for name, field in shape.fields.items()
                if levels > 1 or not isinstance(field, (Record, Reference, ListOf, MapOf))
            }
            self._records[key] = replace(shape, fields=fields)
        return self._records[key]
