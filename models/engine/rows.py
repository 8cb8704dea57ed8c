"""Helpers of simple tables: a row type from the columns, and statements for one row."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import peewee

from models.engine.database import Unit
from models.engine.statements import Statement, param


class Table:
    """Rows of one table: named tuples with all columns, with booleans and JSON converted.

    :param hidden: columns that rows do not have.
    """

    def __init__(self, model: type[peewee.Model], hidden: Sequence[str] = ()) -> None:
        self.model = model
        self.fields = [field for field in model._meta.sorted_fields if field.name not in hidden]
        self._column_names = model._meta.sorted_field_names
        self.row_type = _create_row_type(model.__name__, [field.name for field in self.fields])
        self._converted = [
            (index, field.python_value)
            for index, field in enumerate(self.fields)
            if isinstance(field, peewee.BooleanField | peewee.TextField)
        ]
        self._insert = Statement(
            lambda: model.insert({getattr(model, name): param(name) for name in self._column_names})
        )
        self._finders = lru_cache(maxsize=None)(self._build_find)
        self._updates = lru_cache(maxsize=None)(self._build_update)

    def insert(self, unit: Unit, **values: Any) -> None:
        """Store a row; omitted columns are null. Raises Duplicate."""
        columns = {name: self.model._meta.fields[name].db_value(values.get(name)) for name in self._column_names}
        self._insert.execute(unit, **columns)

    def find(self, unit: Unit, **values: Any) -> Any:
        """Return the first row whose columns have these values, or None."""
        columns = self._finders(tuple(values)).run(unit, tuple(values.values())).fetchone()
        if columns is None:
            return None
        # PERF: some tables have nothing to convert.
        return self.row(columns) if self._converted else tuple.__new__(self.row_type, columns)

    def find_all(self, unit: Unit, **values: Any) -> list[Any]:
        """Return all rows whose columns have these values, sorted by primary key."""
        return [self.row(columns) for columns in self._finders(tuple(values)).rows(unit, **values)]

    def update(self, unit: Unit, key: Mapping[str, Any], **changes: Any) -> None:
        """Change columns of the rows whose columns have the key's values."""
        new_columns = {f"new {name}": self.model._meta.fields[name].db_value(value) for name, value in changes.items()}
        statement = self._updates(tuple(key), tuple(changes))
        statement.execute(unit, **new_columns, **key)

    def delete(self, unit: Unit, **values: Any) -> int:
        """Delete the rows whose columns have these values; return how many there were."""
        return int(_build_delete(self.model, tuple(values)).execute(unit, **values).rowcount)

    def row(self, columns: Sequence[Any]) -> Any:
        """Return a row made of its columns as the driver returns them."""
        values = list(columns)
        for index, convert in self._converted:
            if values[index] is not None:
                values[index] = convert(values[index])  # type: ignore[no-untyped-call]
        # PERF: a named tuple's `_make` is a function in Python.
        return tuple.__new__(self.row_type, values)

    def _build_find(self, names: tuple[str, ...]) -> Statement:
        key: Any = self.model._meta.primary_key
        order = [getattr(self.model, name) for name in getattr(key, "field_names", (key.name,))]
        return Statement(
            lambda: self.model.select(*self.fields).where(*_build_conditions(self.model, names)).order_by(*order)
        )

    def _build_update(self, key: tuple[str, ...], names: tuple[str, ...]) -> Statement:
        changes = {getattr(self.model, name): param(f"new {name}") for name in names}
        return Statement(lambda: self.model.update(changes).where(*_build_conditions(self.model, key)))


def _create_row_type(name: str, columns: list[str]) -> Any:
    return namedtuple(f"{name}Row", columns)


def _build_conditions(model: type[peewee.Model], names: Sequence[str]) -> list[Any]:
    return [getattr(model, name) == param(name) for name in names] or [peewee.SQL("1 = 1")]


@cache
def _build_delete(model: type[peewee.Model], names: tuple[str, ...]) -> Statement:
    return Statement(lambda: model.delete().where(*_build_conditions(model, names)))
