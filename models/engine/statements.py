"""Statements that peewee builds once and that run with parameters ever after.

Building a query costs peewee many times what running it costs the driver, so each is built at first use, for each dialect, with
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

#: From values by name to the values of a statement's places.
Bind = Callable[[Mapping[str, Any]], Sequence[Any]]


class _Param:
    """A place in a statement that a value takes when it runs."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def param(name: str) -> peewee.Value:
    """The place of a value in a query."""
    return peewee.Value(_Param(name), converter=False, unpack=False)


class Statement:
    """A query, built at first use.

    :param mysql: builds it where MySQL's is another one.
    """

    __slots__ = ("_build", "_built", "_mysql")

    def __init__(self, build: Callable[[], Any], mysql: Callable[[], Any] | None = None) -> None:
        self._build = build
        self._mysql = mysql or build
        self._built: dict[str, tuple[str, Bind]] = {}

    def execute(self, unit: Unit, **values: Any) -> Any:
        """Run it with values by name; the cursor. Raises Duplicate and Unavailable."""
        text, bind = self._built.get(unit.dialect) or self._make(unit)
        given = bind(values)
        # PERF: what `unit.execute` does, one call less.
        try:
            return unit.run(text, given)
        except Exception as error:
            return unit.run_again(error, text, given)

    def row(self, unit: Unit, **values: Any) -> Any:
        """The first row, as a tuple, or None."""
        return self.execute(unit, **values).fetchone()

    def rows(self, unit: Unit, **values: Any) -> list[Any]:
        """Every row, as tuples."""
        return list(self.execute(unit, **values).fetchall())

    def run(self, unit: Unit, values: Sequence[Any]) -> Any:
        """Run it with values in the order of its places, of which none may be fixed; the cursor. Raises Duplicate and Unavailable."""
        text = (self._built.get(unit.dialect) or self._make(unit))[0]
        # PERF: what `unit.execute` does, one call less.
        try:
            return unit.run(text, values)
        except Exception as error:
            return unit.run_again(error, text, values)

    def run_many(self, unit: Unit, rows: Sequence[Sequence[Any]]) -> None:
        """Run it for each of some rows of values in the order of its places."""
        if rows:
            unit.execute_many((self._built.get(unit.dialect) or self._make(unit))[0], rows)

    def _make(self, unit: Unit) -> tuple[str, Bind]:
        query = self._mysql() if unit.dialect == "mysql" else self._build()
        text, places = unit.database.peewee.get_sql_context().sql(query).query()
        built = self._built[unit.dialect] = text, _bind(places)
        return built


def _bind(places: Sequence[Any]) -> Bind:
    """What gives the values and fixed values of some places, in order."""
    names = [each.name for each in places if type(each) is _Param]
    if len(names) == len(places) > 0:
        only = names[0]
        return itemgetter(*names) if len(names) > 1 else lambda values: (values[only],)
    return lambda values: [values[each.name] if type(each) is _Param else each for each in places]


def insert_or_lock(model: type[peewee.Model], names: Sequence[str]) -> Statement:
    """Insert a row of these columns; where its key is there already, lock that row and leave it. The cursor's rowcount is 1 or 0.

    MySQL's INSERT IGNORE would lock it for reading, and two such that write then wait for each other.
    """
    key: Any = model._meta.primary_key
    first: Any = getattr(model, getattr(key, "field_names", (key.name,))[0])

    def insert() -> Any:
        return model.insert({getattr(model, name): param(name) for name in names})

    return Statement(lambda: insert().on_conflict_ignore(), lambda: insert().on_conflict(update={first: first}))
