"""Statements that peewee builds once and that run with parameters ever after.

Building a query costs peewee many times what running it costs the driver, so each is built at first use, for each dialect, with
`param` in the places of values:

    BY_ID = Statement(lambda: Session.select(...).where(Session.id == param("id")))
    row = BY_ID.row(unit, id="…")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import peewee

from models.database import Unit


class _Param:
    """A place in a statement that a value takes when it runs."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def param(name: str) -> peewee.Value:
    """The place of a value in a query."""
    return peewee.Value(_Param(name), converter=False, unpack=False)


class Statement:
    """A query, built at first use."""

    __slots__ = ("_build", "_built")

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._built: dict[str, tuple[str, Sequence[Any]]] = {}

    def sql(self, unit: Unit) -> tuple[str, Sequence[Any]]:
        """The statement's text in the unit's dialect, and its values and places in order."""
        built = self._built.get(unit.dialect)
        if built is None:
            built = unit.database.peewee.get_sql_context().sql(self._build()).query()
            self._built[unit.dialect] = built
        return built

    def execute(self, unit: Unit, **values: Any) -> Any:
        """Run it; the cursor."""
        text, places = self.sql(unit)
        return unit.execute(text, [values[each.name] if type(each) is _Param else each for each in places])

    def row(self, unit: Unit, **values: Any) -> Any:
        """The first row, as a tuple, or None."""
        return self.execute(unit, **values).fetchone()

    def rows(self, unit: Unit, **values: Any) -> list[Any]:
        """Every row, as tuples."""
        return list(self.execute(unit, **values).fetchall())
