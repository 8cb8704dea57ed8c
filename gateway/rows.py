"""Tables of a service: columns for every engine, and a test of the migrations."""

from __future__ import annotations

from models import Database, Rows, Unit
from models.engine.fields import IdField, InstantField, JsonField, LongTextField
from models.engine.ids import new_id
from models.engine.tables import find_differences

__all__ = ["IdField", "InstantField", "JsonField", "LongTextField", "Rows", "Unit", "assert_tables_match", "new_id"]


def assert_tables_match(database: Database, rows: Rows) -> None:
    """Fail if the models differ from the tables of a migrated database: in columns, types, keys or indexes.

    :raises AssertionError: with a line for each difference.
    """
    with database.unit_of_work(write=False) as unit:
        faults = find_differences(unit, rows.tables)
    if faults:
        raise AssertionError("\n".join([f"{rows.owner}: the models differ from their tables:", *faults]))
