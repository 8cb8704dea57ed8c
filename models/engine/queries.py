"""Run peewee's queries in a unit of work. The models need no database: `Unit` supplies it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

import peewee

from models.engine.errors import ReadOnly

if TYPE_CHECKING:
    from models.engine.database import Budget, Database

Row = TypeVar("Row", bound=peewee.Model)
Made = TypeVar("Made")

#: Number of rows after which the budget is checked.
_BLOCK = 100
#: Characters of a text that counts as long.
_LONG = 255
#: MySQL's message about an UPDATE. Its row count leaves out rows that have the new values already; SQLite's includes them.
_MATCHED = re.compile(rb"Rows matched: (\d+)")


class Queries:
    """Runs peewee's queries in a unit of work. Values are always bound as parameters."""

    __slots__ = ()

    if TYPE_CHECKING:
        budget: Budget | None
        database: Database
        writes: bool

        def execute(self, sql: str, values: Sequence[Any] = ()) -> Any: ...
        def spend(self, rows: int, size: int = 0) -> None: ...

    @overload
    def all(self, query: peewee.ModelSelect[Row]) -> list[Row]: ...
    @overload
    def all(self, query: peewee.SelectBase, row: Callable[..., Made]) -> list[Made]: ...
    def all(self, query: Any, row: Callable[..., Any] | None = None) -> list[Any]:
        """Return the rows of a SELECT.

        :param row: makes a row from its columns by name: a NamedTuple or a dataclass. Rows are instances of the model if omitted.
        :raises Unavailable: when the database fails.
        """
        # A query caches its rows, so a query that is a module's constant must be cloned.
        query = query.clone() if row is None else query.objects(row)
        return list(query.execute(_Adapter(self)))

    @overload
    def first(self, query: peewee.ModelSelect[Row]) -> Row | None: ...
    @overload
    def first(self, query: peewee.SelectBase, row: Callable[..., Made]) -> Made | None: ...
    def first(self, query: Any, row: Callable[..., Any] | None = None) -> Any:
        """Return the first row of a SELECT, or None. No other row is read.

        :param row: as in `all`.
        :raises Unavailable: when the database fails.
        """
        query = query.limit(1)
        return next(iter(self.all(query) if row is None else self.all(query, row)), None)

    def change(self, query: peewee.BaseQuery) -> int:
        """Run an INSERT, UPDATE or DELETE; return the number of rows that it inserted, matched or deleted.

        :raises Duplicate: when a row has the key of another.
        :raises Refused: when a row breaks a foreign key or a CHECK.
        :raises ReadOnly: when the operation only reads.
        :raises Unavailable: when the database fails.
        """
        cursor = _run_change(self, query)
        match = _MATCHED.search(getattr(getattr(cursor, "_result", None), "message", None) or b"")
        count = max(0, int(match[1]) if match else cursor.rowcount)
        self.spend(count)
        return count

    def insert(self, query: peewee.BaseQuery) -> int:
        """Run an INSERT of one row whose key the database generates (peewee's AutoField); return the new row's key.

        Raises what `change` raises.
        """
        key = int(_run_change(self, query).lastrowid or 0)
        self.spend(1)
        return key


def _run_change(unit: Queries, query: peewee.BaseQuery) -> Any:
    if not unit.writes:
        raise ReadOnly(
            "this operation only reads; an operation that changes rows is declared with POST, PUT, PATCH or DELETE"
        )
    return unit.execute(*_build_statement(unit, query))


def _build_statement(unit: Queries, query: peewee.BaseQuery) -> tuple[str, Sequence[Any]]:
    text, values = unit.database.peewee.get_sql_context().sql(query).query()
    return text, values


class _Adapter:
    """The part of a database that peewee needs to make rows of a SELECT."""

    def __init__(self, unit: Queries) -> None:
        self._unit = unit

    def execute(self, query: Any) -> Any:
        cursor = self._unit.execute(*_build_statement(self._unit, query))
        return cursor if self._unit.budget is None else _Counted(cursor, self._unit)


class _Counted:
    """A cursor whose rows are counted against the unit's budget."""

    def __init__(self, cursor: Any, unit: Queries) -> None:
        self._cursor = cursor
        self._unit = unit
        self._rows = self._size = 0
        self.description = cursor.description

    def fetchone(self) -> Any:
        row = self._cursor.fetchone()
        if row is not None:
            self._rows += 1
            self._size += sum(len(value) for value in row if isinstance(value, str | bytes) and len(value) > _LONG)
        if self._rows and (row is None or self._rows == _BLOCK):
            self._unit.spend(self._rows, self._size)
            self._rows = self._size = 0
        return row

    def close(self) -> None:
        self._cursor.close()
