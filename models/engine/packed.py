"""Columns of a SELECT; on MySQL and MariaDB the short ones as one JSON array.

PERF: the driver for MySQL is written in Python: it takes several microseconds for each column of a result, and one for each value. The
standard library reads a JSON array in C: a session's 42 columns take a third of the time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import peewee

from models.engine.database import Unit
from models.engine.statements import Statement

#: Columns whose values are the same in JSON, and short: MySQL returns null for an array above its maximum of a packet.
_SHORT = (peewee.CharField, peewee.IntegerField, peewee.BooleanField)
#: Reading an array costs as much as reading so many columns.
_LEAST = 4

_read_array = json.JSONDecoder().raw_decode


class Packed:
    """Columns that statements select.

    :param columns: the columns, or other expressions, in the order that rows have them.
    """

    def __init__(self, columns: Sequence[Any]) -> None:
        short = [index for index, column in enumerate(columns) if isinstance(column, _SHORT)]
        long = [index for index in range(len(columns)) if index not in short]
        self._is_packed = len(short) >= _LEAST
        self._columns = {"sqlite": [*columns], "mysql": [*columns]}
        if self._is_packed:
            array = peewee.fn.JSON_ARRAY(*(columns[index] for index in short))
            self._columns["mysql"] = [array, *(columns[index] for index in long)]
            positions = [*short, *long]
            self._in_order = itemgetter(*map(positions.index, range(len(columns))))

    def of(self, dialect: str) -> list[Any]:
        """Return what a statement selects."""
        return self._columns[dialect]

    def statement(self, build: Callable[[list[Any]], Any]) -> Statement:
        """Return a statement. `build` makes a query of what it selects."""
        return Statement(lambda: build(self.of("sqlite")), lambda: build(self.of("mysql")))

    def rows(self, unit: Unit, results: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        """Return the rows of such a statement's results, with the columns in order."""
        if unit.dialect != "mysql" or not self._is_packed:
            return results
        in_order = self._in_order
        return [in_order((*_read_array(array)[0], *long)) for array, *long in results]
