"""Lists of a simple table's rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from models.engine.conditions import Condition
from models.engine.database import Unit
from models.engine.listing import Listing, Order
from models.engine.rows import Table


class TableList:
    """A table's rows by filters and order.

    :ivar listing: the `Listing` that reads them.
    """

    def __init__(
        self,
        table: Table,
        *,
        one: Mapping[str, Condition] | None = None,
        several: Mapping[str, Condition] | None = None,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        self._row = table.row
        self.listing = Listing(table.model, table.fields, one=one, several=several, keys=keys)

    def page(self, unit: Unit, filters: Mapping[str, Any], order: Order, limit: int, offset: int = 0) -> list[Any]:
        """Return at most `limit` rows after `offset`."""
        return [self._row(columns) for columns in self.listing.page(unit, filters, order, limit, offset)]

    def count(self, unit: Unit, filters: Mapping[str, Any], most: int | None = None) -> int:
        """Count the rows, up to `most`."""
        return self.listing.count(unit, filters, most)

    def is_sorted_by_index(self, order: Order) -> bool:
        """Return whether an index has the rows in this order."""
        return self.listing.is_sorted_by_index(order)

    def everything(self, unit: Unit, filters: Mapping[str, Any], order: Order) -> Iterator[Any]:
        """Yield all rows, read in blocks."""
        for block in self.listing.blocks(unit, filters, order):
            yield from map(self._row, block)
