"""What a unit of work may use: the time of a statement, rows and the bytes of their texts."""

from __future__ import annotations

from typing import Any

import pytest

from models import Database, TimedOut
from models.engine.listing import BLOCK, Order
from models.sessions import session_list
from tests.models.conftest import add

#: Counts for minutes.
LONG = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000000) SELECT COUNT(*) FROM n",
    "mysql": "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c",
}
NEWEST = Order("date_created")


class CountingBudget:
    """A budget that notes what is spent."""

    def __init__(self, statement: float | None = None) -> None:
        self.statement = statement
        self.rows: list[int] = []
        self.size = 0

    def spend(self, rows: int, size: int = 0) -> None:
        self.rows.append(rows)
        self.size += size

    def pause(self) -> None:
        """Nobody else is there."""


def test_a_statement_that_takes_too_long_is_interrupted_and_its_connection_is_kept(database: Database) -> None:
    for _ in range(2):
        with (
            pytest.raises(TimedOut) as error_info,
            database.unit_of_work(write=False, budget=CountingBudget(0.5)) as unit,
        ):
            unit.execute(LONG[unit.dialect]).fetchall()
        assert not error_info.value.again
    assert database.ping()


def test_the_limit_of_one_unit_does_not_hold_for_a_writer_after_it(database: Database) -> None:
    with database.unit_of_work(write=False, budget=CountingBudget(0.5)) as unit:
        unit.execute("SELECT 1").fetchall()
        held = unit._held
    assert held is not None
    database.engine.begin(held, True)
    database.engine.limit(held, None)
    assert held.limit is None
    held.connection.rollback()


@pytest.mark.parametrize("count", [BLOCK, 3 * BLOCK + 5])
def test_a_page_is_read_in_blocks_and_each_is_counted(database: Database, count: int) -> None:
    with database.unit_of_work() as unit:
        ids = [add(unit, "ada", "bob", log=["four", "äöü"], console_data="12345").id for _ in range(count)]
    budget = CountingBudget()
    with database.unit_of_work(write=False, budget=budget) as unit:
        rows = session_list.page(unit, {}, NEWEST, 2000)
    assert [row.id for row in rows] == ids[::-1]
    assert all(len(row.members) == 2 and [line.message for line in row.log] == ["four", "äöü"] for row in rows)
    assert sum(budget.rows) == count * 5
    assert max(budget.rows) <= BLOCK * 2
    assert budget.size == count * (5 + 4 + 6)


def test_sessions_with_long_logs_are_read_few_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_list, "MOST_CHILDREN", 50)
    with database.unit_of_work() as unit:
        sessions = [add(unit, "ada", log=[f"{n}" for n in range(length)]) for length in (3, 60, 1, 45, 20, 2)]
    budget = CountingBudget()
    with database.unit_of_work(write=False, budget=budget) as unit:
        rows: list[Any] = list(session_list.everything(unit, {}, Order("date_created", descending=False)))
    assert [(row.id, row.log, row.members) for row in rows] == [(row.id, row.log, row.members) for row in sessions]
    assert max(budget.rows) == 60
