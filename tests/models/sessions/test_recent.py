"""Sessions kept in memory: never older than what is stored, and never what was not committed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from models import Database, connect
from models.engine.caches import Recent
from models.engine.listing import BLOCK, Order
from models.sessions import retention, session, session_list
from models.sessions.session import LogRow
from tests.models.conftest import add, format_instant, read_stored


def read_session(database: Database, session_id: str) -> Any:
    with database.unit_of_work(write=False) as unit:
        return session.get(unit, session_id)


def rename(database: Database, session_id: str, name: str) -> None:
    with database.unit_of_work() as unit:
        row = read_stored(unit, session_id, for_update=True)
        session.update(
            unit,
            row,
            {"display_name": name, "date_last_modified": format_instant(1)},
            LogRow(format_instant(1), f"is {name}"),
        )


def test_what_nobody_changed_is_the_same_row(database: Database) -> None:
    with database.unit_of_work() as unit:
        row = add(unit, "ada")
    first_row, second_row = (read_session(database, row.id) for _ in range(2))
    assert first_row == second_row == row
    assert read_session(database, row.id) is second_row


def test_another_process_changes_it(database: Database, migrated_url: str) -> None:
    with database.unit_of_work() as unit:
        row = add(unit, "ada")
    for _ in range(2):
        read_session(database, row.id)
    other = connect(migrated_url)
    try:
        rename(other, row.id, "new")
    finally:
        other.dispose()
    row_read = read_session(database, row.id)
    assert (row_read.display_name, row_read.version, [line.message for line in row_read.log]) == (
        "new",
        2,
        ["made", "is new"],
    )


def test_its_parent_is_deleted(database: Database) -> None:
    with database.unit_of_work() as unit:
        parent = add(unit, archived=True)
        child = add(unit, parent_session_id=parent.id)
    for _ in range(2):
        assert read_session(database, child.id).parent_session_id == parent.id
    with database.unit_of_work() as unit:
        assert retention.purge(unit, "2100-01-01T00:00:00.000000Z", 10) == 1
    assert read_session(database, child.id) == child._replace(parent_session_id=None, version=2)


def test_what_is_rolled_back_is_not_kept(database: Database) -> None:
    with database.unit_of_work() as unit:
        row = add(unit, "ada")
    for _ in range(2):
        read_session(database, row.id)
    try:
        with database.unit_of_work() as unit:
            session.update(unit, row, {"display_name": "lost"}, LogRow(format_instant(1), "lost"))
            assert read_stored(unit, row.id).display_name == "lost"
            raise LookupError
    except LookupError:
        pass
    assert read_session(database, row.id).display_name is None
    rename(database, row.id, "kept")
    assert read_session(database, row.id).display_name == "kept"


def test_who_may_not_see_it_finds_nothing(database: Database) -> None:
    with database.unit_of_work() as unit:
        row = add(unit, account_id="acme")
    for _ in range(3):
        with database.unit_of_work(write=False) as unit:
            assert session.get(unit, row.id, account_ids=["acme"]) == row
            assert session.get(unit, row.id, account_ids=["other"]) is None


def test_a_long_log_is_not_kept(database: Database) -> None:
    with database.unit_of_work() as unit:
        row = add(unit, log=[str(number) for number in range(300)])
    assert len({id(row) for row in [read_session(database, row.id) for _ in range(3)]}) == 3


def test_the_first_kept_goes_first() -> None:
    recent: Recent[int, str] = Recent(2)
    for number in (1, 2, 1, 3):
        for _ in range(2):
            recent.keep(number, str(number))
    assert recent == {2: "2", 3: "3"}


def test_what_comes_once_is_not_kept() -> None:
    recent: Recent[int, str] = Recent(3)
    for number in (1, 1, 2, 3, 4, 5, 2):
        recent.keep(number, str(number))
    assert recent == {1: "1"}
    recent.keep(2, "two")
    recent.keep(1, "one")
    assert recent == {1: "one", 2: "two"}


def test_another_session_of_the_same_version_is_read_again(database: Database) -> None:
    """A session that was stored anew under its id has the version 1 again."""
    with database.unit_of_work() as unit:
        row = add(unit, "ada", display_name="old")
    for _ in range(2):
        read_session(database, row.id)
    with database.unit_of_work() as unit:
        unit.execute(
            "UPDATE sessions SET display_name = 'new', date_last_modified = '2031-01-01T00:00:00.000000Z' WHERE id = "
            f"'{row.id}'"
        )
    row_read = read_session(database, row.id)
    assert (row_read.display_name, row_read.version) == ("new", row.version)


def test_long_console_data_is_not_kept(database: Database) -> None:
    with database.unit_of_work() as unit:
        short, long = (add(unit, console_data="x" * number) for number in (16 * 1024, 16 * 1024 + 1))
    for _ in range(3):
        with database.unit_of_work(write=False) as unit:
            session_list.page(unit, {}, Order("id"), 10)
        read_session(database, long.id)
    assert session.RECENT.on(database) == {short.id: short}


def test_what_a_writing_unit_sees_is_not_kept(database: Database) -> None:
    with database.unit_of_work() as unit:
        row = add(unit, "ada")
    for _ in range(3):
        with database.unit_of_work() as unit:
            read_stored(unit, row.id)
    assert row.id not in session.RECENT.on(database)


def read_page(database: Database, limit: int = 10) -> list[Any]:
    with database.unit_of_work(write=False) as unit:
        return session_list.page(unit, {"archived": False}, Order("date_created"), limit)


def test_a_page_has_what_nobody_changed_from_memory(database: Database) -> None:
    with database.unit_of_work() as unit:
        rows = [add(unit, "ada", "bob"), add(unit), add(unit, "eve", log=["made", "changed"])]
    first_page, second_page, third_page = (read_page(database) for _ in range(3))
    assert first_page == second_page == third_page == rows[::-1]
    assert [one is other for one, other in zip(second_page, third_page, strict=True)] == [True] * 3
    assert read_session(database, rows[0].id) is third_page[2]


def test_a_page_has_what_another_process_changed_and_the_rest_in_order(database: Database, migrated_url: str) -> None:
    with database.unit_of_work() as unit:
        rows = [add(unit, "ada") for _ in range(5)]
    for _ in range(2):
        read_page(database)
    cached_rows = read_page(database)
    other = connect(migrated_url)
    try:
        rename(other, rows[2].id, "new")
    finally:
        other.dispose()
    rows_read = read_page(database)
    assert [row.id for row in rows_read] == [row.id for row in rows[::-1]]
    assert [row.display_name for row in rows_read] == [None, None, "new", None, None]
    assert [line.message for line in rows_read[2].log] == ["made", "is new"]
    assert [one is other for one, other in zip(rows_read, cached_rows, strict=True)] == [True, True, False, True, True]


def test_a_page_of_sessions_in_memory_reads_only_what_shows_that_they_are_current(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.unit_of_work() as unit:
        for _ in range(3):
            add(unit, "ada")
    for _ in range(2):
        read_page(database)
    statements: list[str] = []
    with database.unit_of_work(write=False) as unit:
        run = unit.run

        def record_statement(sql: str, values: Sequence[Any]) -> Any:
            statements.append(sql)
            return run(sql, values)

        monkeypatch.setattr(unit, "run", record_statement)
        assert len(session_list.page(unit, {"archived": False}, Order("date_created"), 10)) == 3
    assert len(statements) == 1
    assert "display_name" not in statements[0]


class CountingBudget:
    """A budget without a limit that counts rows."""

    statement: float | None = None
    rows = 0

    def spend(self, rows: int, size: int = 0) -> None:
        self.rows += rows

    def pause(self) -> None:
        pass


def test_pages_from_memory_count_against_the_budget_as_others_do(database: Database) -> None:
    with database.unit_of_work() as unit:
        for _ in range(3):
            add(unit, "ada", "bob", log=["made", "changed"])
    row_counts = []
    for _ in range(3):
        budget = CountingBudget()
        with database.unit_of_work(write=False, budget=budget) as unit:
            session_list.page(unit, {"archived": False}, Order("date_created"), 10)
        row_counts.append(budget.rows)
    assert row_counts == [3 + 3 * 4] * 3


def test_a_long_page_and_a_writing_unit_keep_nothing(database: Database) -> None:
    with database.unit_of_work() as unit:
        for _ in range(BLOCK + 1):
            add(unit, log=[])
    for _ in range(2):
        read_page(database, BLOCK + 1)
        with database.unit_of_work() as unit:
            session_list.page(unit, {"archived": False}, Order("date_created"), 10)
    assert not session.RECENT.on(database)
