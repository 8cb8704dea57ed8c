"""Shapes whose members have other names in requests than those of .NET."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from serializers.shape import ListOf, MapOf, Record, Reference, Shape, snake


@lru_cache(maxsize=1024)
def in_snake(shape: Shape) -> Shape:
    """Return the shape as hosts that write snake_case read it: ``call_sid`` is ``callSid``, which is accepted too."""
    return _Renaming().shape(shape)


class _Renaming:
    def __init__(self) -> None:
        self._records: dict[Record, Record] = {}

    def shape(self, shape: Shape) -> Shape:
        if isinstance(shape, Record):
            return self.record(shape)
        if isinstance(shape, Reference):
            return Reference(lambda: self.record(shape.record))
        if isinstance(shape, ListOf):
            return replace(shape, item=self.shape(shape.item))
        return replace(shape, value=self.shape(shape.value)) if isinstance(shape, MapOf) else shape

    def record(self, record: Record) -> Record:
        if record not in self._records:
            fields = {name: self.shape(field) for name, field in record.fields.items()}
            self._records[record] = replace(record, fields=fields, names={name: snake(name) for name in record.fields})
        return self._records[record]
