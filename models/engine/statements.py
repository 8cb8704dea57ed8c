"""Statements that peewee builds once and that then run with parameters.

For peewee, building a query costs many times what running it costs the driver. So each is built at first use, for each dialect, with
`param` in the places of values:

    BY_ID = Statement(lambda: Session.select(...).where(Session.id == param("id")))
    row = BY_ID.row(unit, id="…")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import peewee

from models.engine.database import Unit

#: Makes the values of a statement's parameters from values by name.
Bind = Callable[[Mapping[str, Any]], Sequence[Any]]


class _Param:
    """A parameter of a statement, which gets its value when the statement runs."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def param(name: str) -> peewee.Value:
    """Return a parameter for a query, by the name of its value."""
    return peewee.Value(_Param(name), converter=False, unpack=False)


class Statement:
    """A query, built at first use.

    :param mysql: builds it for MySQL, if that needs another query.
    """

    __slots__ = ("_build", "_built", "_mysql")

    def __init__(self, build: Callable[[], Any], mysql: Callable[[], Any] | None = None) -> None:
        self._build = build
        self._mysql = mysql or build
        self._built: dict[str, tuple[str, Bind]] = {}

    def execute(self, unit: Unit, **values: Any) -> Any:
        """Run it with values by name; return the cursor. Raises Duplicate and Unavailable."""
        text, bind = self._built.get(unit.dialect) or self._make(unit)
        parameters = bind(values)
        # PERF: what `unit.execute` does, one call less.
        try:
            return unit.run(text, parameters)
        except Exception as error:
            return unit.run_again(error, text, parameters)

    def row(self, unit: Unit, **values: Any) -> Any:
        """Return the first row, as a tuple, or None."""
        return self.execute(unit, **values).fetchone()

    def rows(self, unit: Unit, **values: Any) -> list[Any]:
        """Return every row, as tuples."""
        return list(self.execute(unit, **values).fetchall())

    def run(self, unit: Unit, values: Sequence[Any]) -> Any:
        """Run it with values in the order of its parameters; return the cursor. The query must have no fixed values.

        Raises Duplicate and Unavailable."""
        text = (self._built.get(unit.dialect) or self._make(unit))[0]
        # PERF: what `unit.execute` does, one call less.
        try:
            return unit.run(text, values)
        except Exception as error:
            return unit.run_again(error, text, values)

    def peek(self, unit: Unit, values: Sequence[Any]) -> Any:
        """Run it like `run`, without beginning a transaction (`Unit.peek`)."""
        text = (self._built.get(unit.dialect) or self._make(unit))[0]
        try:
            return unit.peek(text, values)
        except Exception as error:
            return unit.run_again(error, text, values)

    def run_many(self, unit: Unit, rows: Sequence[Sequence[Any]]) -> None:
        """Run it for each row of values, in the order of its parameters."""
        if rows:
            unit.execute_many((self._built.get(unit.dialect) or self._make(unit))[0], rows)

    def _make(self, unit: Unit) -> tuple[str, Bind]:
        query = self._mysql() if unit.dialect == "mysql" else self._build()
        text, parameters = unit.database.peewee.get_sql_context().sql(query).query()
        entry = self._built[unit.dialect] = text, _create_bind(parameters)
        return entry


def _create_bind(parameters: Sequence[Any]) -> Bind:
    """Return a function that makes the values of a statement's parameters, with the fixed values, in order."""
    names = [parameter.name for parameter in parameters if type(parameter) is _Param]
    if len(names) == len(parameters) > 0:
        name = names[0]
        return itemgetter(*names) if len(names) > 1 else lambda values: (values[name],)
    return lambda values: [
        values[parameter.name] if type(parameter) is _Param else parameter for parameter in parameters
    ]


def insert_or_lock(model: type[peewee.Model], names: Sequence[str]) -> Statement:
    """Return a statement that inserts a row of these columns, or locks the row that has its key. The cursor's rowcount is 1 or 0.

    MySQL's INSERT IGNORE takes a shared lock: two units that then write to the row wait for each other.
    """
    key: Any = model._meta.primary_key
    column: Any = getattr(model, getattr(key, "field_names", (key.name,))[0])

    def insert() -> Any:
        return model.insert({getattr(model, name): param(name) for name in names})

    return Statement(lambda: insert().on_conflict_ignore(), lambda: insert().on_conflict(update={column: column}))
