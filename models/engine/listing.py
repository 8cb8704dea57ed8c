"""Lists of rows: filters, order, pages, and complete lists in blocks.

A `Listing` knows the table; each combination of filters and order is one statement, built once. Lists of values are padded to the next
of a few sizes by repeating their last value, so that few statements are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import peewee

from models.engine.conditions import Condition, name_parameters, pad
from models.engine.database import Unit
from models.engine.packed import Packed
from models.engine.statements import Statement, param

#: Rows that are read at once when a complete list is read.
BLOCK = 100
#: Keys that are read at once when no index has the rows in the list's order.
ORDERED = 5000

#: For fewer rows than this, sorting is faster than reading in the order of a list.
FEW = 500
#: Marks a shape with a filter that leaves fewer than `FEW` rows. Filters' names are identifiers, so that none has this name.
_FEW = "(few)"

#: From this offset on, a page reads ids first, by the index alone, and then the columns of its rows.
DEEP = 1000

#: Characters at the beginning of a long text by which it is sorted.
SORTED = 255

#: The filters of a list and the number of values of each; 0 for a single value.
Shape = tuple[tuple[str, int], ...]


def name_filter_parameter(name: str) -> str:
    """Return the name of the parameter for a filter's value. It is not an identifier, but the listing's own parameters (``limit``,
    ``after``) are, so that a filter of the same name does not clash with them."""
    return f"filter {name}"


@dataclass(frozen=True, slots=True)
class Order:
    """A sort column and its direction. Equal values are ordered by id in the same direction, and null sorts like the empty text."""

    column: str
    descending: bool = True


def measure_text(text: str | None) -> int:
    """Return the number of bytes of a text in UTF-8."""
    return 0 if text is None else len(text) if text.isascii() else len(text.encode())


def _run_count(unit: Unit, statement: Statement, values: Mapping[str, Any], most: int) -> int:
    return int(statement.row(unit, **values, most=most, most_before=most - 1)[0])


class Listing:
    """Lists of one table's rows.

    :param columns: the selected columns; the id comes first.
    :param one: conditions that take one value, by the name of their filter.
    :param several: conditions that take a list of values.
    :param narrow: filters that leave few rows, with conditions that replace those of the other filters. No index serves these conditions,
        so that the database does not prefer a wide index because it is sorted.
    :param rare: filters of several values that may leave few rows, the likeliest first.
    :param beside_few: conditions that replace those of the other filters if such a filter leaves few rows; as in `narrow`.
    :param keys: sort keys that are not columns of the table, by name.
    :param covered: conditions for MySQL that an index alone can evaluate, by the name of their filter. The ids are selected first, so that
        columns are read only for the rows of a page.
    :param indexed: filters of which an index has all values, so that a count reads no rows. SQLite's table must have rowids.
    :param counted: whether rows count against the unit's budget. Rows that do not must be small: a page is read at once.
    Raises ValueError for a filter whose name is not an identifier, or that is in both `one` and `several`.
    """

    def __init__(
        self,
        model: type[peewee.Model],
        columns: Sequence[peewee.Field],
        *,
        one: Mapping[str, Condition] | None = None,
        several: Mapping[str, Condition] | None = None,
        narrow: Mapping[str, Mapping[str, Condition]] | None = None,
        rare: Sequence[str] = (),
        beside_few: Mapping[str, Condition] | None = None,
        keys: Mapping[str, Any] | None = None,
        covered: Mapping[str, Condition] | None = None,
        indexed: Collection[str] = (),
        counted: bool = True,
    ) -> None:
        invalid_names = [name for name in (*(one or {}), *(several or {})) if not name.isidentifier()]
        if invalid_names or set(one or {}) & set(several or {}):
            raise ValueError(
                f"filters need names of their own, which are identifiers: {invalid_names or 'one and several'}"
            )
        self._model = model
        self._narrow = {**(narrow or {}), _FEW: beside_few or {}}
        self._rare = rare
        self._columns = columns
        self._packed = Packed(columns)
        self._one = one or {}
        self._several = several or {}
        self._keys = keys or {}
        self._covered = covered or {}
        self._indexed_filters = frozenset(indexed)
        self._is_counted = counted
        self._long = [index for index, column in enumerate(columns) if isinstance(column, peewee.TextField)]
        self._pages = lru_cache(maxsize=512)(self._build_columns_page)
        self._samples = lru_cache(maxsize=512)(self._build_sample)
        self._counts = lru_cache(maxsize=512)(self._build_count)
        self._counts_up_to = lru_cache(maxsize=512)(self._count_up_to)
        self._blocks = lru_cache(maxsize=512)(self._build_block)
        self._sort_keys = lru_cache(maxsize=512)(self._build_sort_key_page)
        self._keyed = lru_cache(maxsize=512)(self._add_sort_key)
        self._by_ids = lru_cache(maxsize=None)(self._build_by_ids)
        # The columns by which an index sorts rows as a list needs them.
        indexes: Any = model._meta.indexes
        self._indexed = {"id", *(names[-2] for names, _ in indexes if len(names) > 1 and names[-1] == "id")}

    @property
    def filters(self) -> Mapping[str, bool]:
        """The names of the filters, and whether each takes several values."""
        return {**dict.fromkeys(self._one, False), **dict.fromkeys(self._several, True)}

    @property
    def sorts(self) -> list[str]:
        """The names that `Order` may have: the selected columns and the listing's keys."""
        return [*(column.name for column in self._columns), *self._keys]

    def page(self, unit: Unit, filters: Mapping[str, Any], order: Order, limit: int, offset: int = 0) -> list[Any]:
        """Return columns of at most `limit` rows after `offset`. A filter that is None matches everything, and an empty list nothing."""
        shape, values = self._bind_filters(filters)
        if shape is None:
            return []
        if self._leaves_few(unit, shape, values):
            shape = (*shape, (_FEW, 0))
        values |= {"limit": limit, "offset": offset}
        if (limit <= BLOCK or not self._is_counted) and offset < DEEP and not self._is_covered(unit, shape):
            rows = self._packed.rows(unit, self._pages(shape, order, False).rows(unit, **values))
            return self._spend_rows(unit, [*rows])
        # A long page is read in blocks, so that the budget is checked before all of it is in memory. For a deep page, MySQL would read
        # every column of the rows before it.
        ids = [row[0] for row in self._pages(shape, order, True).rows(unit, **values)]
        return [row for block in self.of_ids(unit, ids) for row in block]

    def keys(self, unit: Unit, filters: Mapping[str, Any], order: Order, limit: int, offset: int = 0) -> list[Any]:
        """Return the id and the sort key of at most `limit` rows after `offset`."""
        shape, values = self._bind_filters(filters)
        if shape is None:
            return []
        results = self._sort_keys(shape, order).rows(unit, **values, limit=limit, offset=offset)
        return [*self._keyed(order, True).rows(unit, results)]

    def of_ids(self, unit: Unit, ids: Sequence[str]) -> Iterator[list[Any]]:
        """Read the columns of the rows with these ids, in the order of the ids, `BLOCK` rows at a time."""
        for begin in range(0, len(ids), BLOCK):
            block_ids = ids[begin : begin + BLOCK]
            parameters = pad(block_ids)
            results = self._by_ids(len(parameters)).run(unit, parameters).fetchall()
            rows = {row[0]: row for row in self._packed.rows(unit, results)}
            yield self._spend_rows(unit, [rows[row_id] for row_id in block_ids])

    def _spend_rows(self, unit: Unit, rows: list[Any]) -> list[Any]:
        if self._is_counted:
            unit.spend(len(rows), sum([measure_text(row[index]) for index in self._long for row in rows]))
        return rows

    def _leaves_few(self, unit: Unit, shape: Shape, values: Mapping[str, Any]) -> bool:
        """Return whether SQLite should read the rows of several values by their index and sort them. By itself it reads rows in the order
        of the list until the page is full: the whole table if the values have few rows. MySQL estimates the rows before it chooses."""
        if unit.dialect != "sqlite" or any(name in self._narrow and size < 2 for name, size in shape):
            return False
        sizes = dict(shape)
        filter_name = next((name for name in self._rare if sizes.get(name, 0) > 1), None)
        return (
            filter_name is not None
            and _run_count(unit, self._samples(filter_name, sizes[filter_name]), values, FEW) < FEW
        )

    def count(self, unit: Unit, filters: Mapping[str, Any], most: int | None = None) -> int:
        """Count the rows.

        :param most: the number at which the count ends; None counts all rows.
        """
        shape, values = self._bind_filters(filters)
        if shape is None:
            return 0
        if most is None:
            return int(self._counts(shape).row(unit, **values)[0])
        return _run_count(unit, self._counts_up_to(shape), values, most)

    def is_sorted_by_index(self, order: Order) -> bool:
        """Return whether an index has the rows in this order."""
        return order.column in self._indexed

    def blocks(self, unit: Unit, filters: Mapping[str, Any], order: Order) -> Iterator[list[Any]]:
        """Yield the columns of all rows, `BLOCK` rows at a time. Each block begins after the sort key of the previous block's last row."""
        shape, values = self._bind_filters(filters)
        if shape is None:
            return
        if self.is_sorted_by_index(order) and not self._is_covered(unit, shape):
            for rows in self._read_by_key(unit, shape, values, order, BLOCK):
                yield self._spend_rows(unit, [row[:-1] for row in rows])
            return
        # PERF: without an index every query scans all rows. So a few queries read only the ids in order, many at a time.
        for rows in self._read_by_key(unit, shape, values, order, ORDERED, ids_only=True):
            yield from self.of_ids(unit, [row[0] for row in rows])

    def _read_by_key(
        self,
        unit: Unit,
        shape: Shape,
        values: Mapping[str, Any],
        order: Order,
        limit: int,
        *,
        ids_only: bool = False,
    ) -> Iterator[list[Any]]:
        packed = self._keyed(order, ids_only)
        after: dict[str, Any] = {}
        while True:
            statement = self._blocks(shape, order, bool(after), ids_only)
            rows = [*packed.rows(unit, statement.rows(unit, **values, **after, limit=limit))]
            if rows:
                yield rows
            if len(rows) < limit:
                return
            unit.progress()
            after = {"after": rows[-1][-1], "after_id": rows[-1][0]}

    def _bind_filters(self, filters: Mapping[str, Any]) -> tuple[Shape | None, dict[str, Any]]:
        shape: list[tuple[str, int]] = []
        values: dict[str, Any] = {}
        for name, value in filters.items():
            if value is None:
                continue
            if name in self._one:
                shape.append((name, 0))
                values[name_filter_parameter(name)] = value
                continue
            if not value:
                return None, {}
            parameters = pad(value)
            shape.append((name, len(parameters)))
            values.update(zip(name_parameters(name_filter_parameter(name), len(parameters)), parameters, strict=True))
        return tuple(sorted(shape)), values

    def _is_covered(self, unit: Unit, shape: Shape) -> bool:
        return unit.dialect == "mysql" and any(name in self._covered for name, _ in shape)

    def _build_statement(self, build: Callable[[list[Any]], Any], shape: Shape) -> Statement:
        """Return a statement with the conditions of a shape, in either dialect."""
        return Statement(
            lambda: build(self._build_conditions(shape, {})),
            lambda: build(self._build_conditions(shape, self._covered)),
        )

    def _build_select(self, columns: Packed, build: Callable[[list[Any], list[Any]], Any], shape: Shape) -> Statement:
        """Return such a statement that selects columns."""
        return Statement(
            lambda: build(columns.of("sqlite"), self._build_conditions(shape, {})),
            lambda: build(columns.of("mysql"), self._build_conditions(shape, self._covered)),
        )

    def _build_conditions(self, shape: Shape, covered: Mapping[str, Condition]) -> list[Any]:
        conditions_by_name = {**self._one, **self._several, **covered}
        for name, _ in shape:
            conditions_by_name |= self._narrow.get(name, {})
        conditions = [
            conditions_by_name[name](
                [*map(param, name_parameters(name_filter_parameter(name), size))]
                if size
                else param(name_filter_parameter(name))
            )
            for name, size in shape
            if name != _FEW
        ]
        return conditions or [peewee.SQL("1 = 1")]

    def _build_sort_key(self, order: Order) -> Any:
        if order.column in self._keys:
            return peewee.fn.COALESCE(self._keys[order.column], "")
        column = getattr(self._model, order.column)
        if isinstance(column, peewee.TextField):
            # MySQL sorts by the first kilobyte only, but compares the complete text. This limits both to the same characters.
            return peewee.fn.COALESCE(peewee.fn.SUBSTR(column, 1, SORTED), "")
        return peewee.fn.COALESCE(column, "") if column.null else column

    def _sort_query(self, query: Any, order: Order) -> Any:
        key, key_id = self._build_sort_key(order), self._model.id  # type: ignore[attr-defined]
        if order.column == "id":
            return query.order_by(key_id.desc() if order.descending else key_id.asc())
        return query.order_by(*((key.desc(), key_id.desc()) if order.descending else (key.asc(), key_id.asc())))

    def _build_columns_page(self, shape: Shape, order: Order, ids_only: bool) -> Statement:
        return self._build_page(shape, order, Packed([self._model.id]) if ids_only else self._packed)  # type: ignore[attr-defined]

    def _build_sort_key_page(self, shape: Shape, order: Order) -> Statement:
        return self._build_page(shape, order, self._keyed(order, True))

    def _build_page(self, shape: Shape, order: Order, columns: Packed) -> Statement:
        def build(selected_columns: list[Any], conditions: list[Any]) -> Any:
            query = self._sort_query(self._model.select(*selected_columns).where(*conditions), order)
            return query.limit(param("limit")).offset(param("offset"))

        return self._build_select(columns, build, shape)

    def _add_sort_key(self, order: Order, ids_only: bool) -> Packed:
        columns = [self._model.id] if ids_only else self._columns  # type: ignore[attr-defined]
        return Packed([*columns, self._build_sort_key(order)])

    def _build_sample(self, name: str, size: int) -> Statement:
        return self._count_up_to(((name, size),))

    def _count_up_to(self, shape: Shape) -> Statement:
        def build(conditions: list[Any]) -> Any:
            rows = self._model.select(peewee.SQL("1")).where(*conditions).limit(param("most"))
            return peewee.Select([rows], [peewee.fn.COUNT(peewee.SQL("*"))])

        def build_for_index(conditions: list[Any]) -> Any:
            # PERF: SQLite takes half the time of a subquery's rows to skip rows, or to count all.
            maximum = self._model.select(param("most")).where(*conditions).limit(1).offset(param("most_before"))
            most_rows = self._model.select(peewee.fn.MAX(peewee.SQL("rowid")))
            total = self._model.select(peewee.fn.COUNT(peewee.SQL("*"))).where(*conditions)
            bounded_count = peewee.Case(None, [(most_rows > param("most"), maximum)])
            return peewee.Select([], [peewee.fn.COALESCE(bounded_count, total)])

        if not self._indexed_filters.issuperset(name for name, _ in shape):
            return self._build_statement(build, shape)
        return Statement(
            lambda: build_for_index(self._build_conditions(shape, {})),
            lambda: build(self._build_conditions(shape, self._covered)),
        )

    def _build_count(self, shape: Shape) -> Statement:
        total = peewee.fn.COUNT(peewee.SQL("*"))
        return self._build_statement(lambda conditions: self._model.select(total).where(*conditions), shape)

    def _build_block(self, shape: Shape, order: Order, is_later: bool, ids_only: bool) -> Statement:
        key, key_id = self._build_sort_key(order), self._model.id  # type: ignore[attr-defined]

        def build(selected_columns: list[Any], conditions: list[Any]) -> Any:
            if is_later:
                after, after_id = param("after"), param("after_id")
                if order.descending:
                    conditions += [key <= after, (key < after) | (key_id < after_id)]
                else:
                    conditions += [key >= after, (key > after) | (key_id > after_id)]
            query = self._model.select(*selected_columns).where(*conditions)
            return self._sort_query(query, order).limit(param("limit"))

        return self._build_select(self._keyed(order, ids_only), build, shape)

    def _build_by_ids(self, size: int) -> Statement:
        ids = [*map(param, name_parameters("id", size))]
        return self._packed.statement(lambda columns: self._model.select(*columns).where(self._model.id.in_(ids)))  # type: ignore[attr-defined]
