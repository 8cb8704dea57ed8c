"""Lists of sessions: filters, order, pages, blocks and the archive; the same answers on each engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from models import Database, Unit
from models.engine import listing
from models.engine.listing import BLOCK, Order
from models.sessions import session, session_archive, session_list
from models.sessions.session import LogRow, fold
from tests.models.conftest import add, format_instant

NEWEST = Order("date_created")


def list_names(unit: Unit, filters: Mapping[str, Any], order: Order = NEWEST) -> list[str]:
    """The display names of a list, read as a page and in blocks; both must agree with each other and with the count."""
    rows = session_list.page(unit, filters, order, 1000)
    assert list(session_list.everything(unit, filters, order)) == rows
    assert session_list.count(unit, filters) == len(rows)
    return [row.display_name for row in rows]


class TestFilters:
    """Each filter, and several together."""

    @pytest.fixture
    def filled_unit(self, unit: Unit) -> Unit:
        add(
            unit,
            "ada@x.org",
            display_name="a",
            from_address="Ada@Example.org",
            from_name="ÄDA Lovelace",
            customer_id="c1",
        )
        add(
            unit,
            "bob@x.org",
            display_name="b",
            account_id="other",
            to_address="+1555",
            endpoint_id="e1",
            log=["Made", "ENDED 100%"],
        )
        add(unit, "ada@x.org", display_name="c", from_phone_number="+49_123", destination="Straße 7", customer_id="c2")
        add(
            unit,
            display_name="d",
            account_id=None,
            parent_session_id="p1",
            ended=True,
            customer_id="c1",
            endpoint_id="e1",
        )
        return unit

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({}, "dcba"),
            ({"visible_accounts": None, "customer_ids": None, "since": None}, "dcba"),
            ({"visible_accounts": ["acme"]}, "ca"),
            ({"visible_accounts": ["other", "acme"]}, "cba"),
            ({"visible_accounts": []}, ""),
            ({"visible_accounts": ["acme", "other"], "account_ids": ["other", "elsewhere"]}, "b"),
            ({"visible_accounts": ["ACME"]}, ""),
            ({"customer_ids": ["c1"]}, "da"),
            ({"customer_ids": ["c1", "c2", "c3"]}, "dca"),
            ({"customer_ids": ["c1"], "visible_accounts": ["acme"]}, "a"),
            ({"endpoint_ids": ["e1"]}, "db"),
            ({"parent_session_id": "p1"}, "d"),
            ({"parent_session_id": "p1", "visible_accounts": ["acme"]}, ""),
            ({"ended": False}, "cba"),
            ({"ended": True}, "d"),
            ({"archived": False}, "dcba"),
            ({"archived": True}, ""),
            ({"member": "ada@x.org"}, "ca"),
            ({"member": "ADA@x.org"}, ""),
            ({"member": "ada@x.org", "archived": False, "visible_accounts": ["acme"], "ended": False}, "ca"),
            ({"from_contains": fold("ada@EXAMPLE")}, "a"),
            ({"from_contains": fold("äda")}, "a"),
            ({"from_contains": fold("Ada L")}, ""),
            ({"from_contains": fold("+49_1")}, "c"),
            ({"from_contains": fold("+49%1")}, ""),
            ({"from_contains": "_"}, "c"),
            ({"to_contains": fold("STRASSE")}, "c"),
            ({"to_contains": fold("straße")}, "c"),
            ({"to_contains": "555"}, "b"),
            ({"log_contains": fold("Ended 100%")}, "b"),
            ({"log_contains": fold("d 1")}, "b"),
            ({"log_contains": "made"}, "dcba"),
            ({"log_contains": "made", "customer_ids": ["c1"], "visible_accounts": ["acme"], "archived": False}, "a"),
        ],
    )
    def test_filters(self, filled_unit: Unit, filters: Mapping[str, Any], expected: str) -> None:
        assert list_names(filled_unit, filters) == list(expected)

    def test_ids(self, filled_unit: Unit) -> None:
        rows = session_list.page(filled_unit, {}, NEWEST, 10)
        session_ids = [rows[0].id, rows[2].id, "unknown"]
        assert list_names(filled_unit, {"ids": session_ids}) == ["d", "b"]
        assert list_names(filled_unit, {"ids": session_ids, "visible_accounts": ["other"], "archived": False}) == ["b"]

    def test_more_values_than_the_largest_statement(self, filled_unit: Unit) -> None:
        assert list_names(filled_unit, {"customer_ids": [f"no-{number}" for number in range(1500)] + ["c2"]}) == ["c"]

    @pytest.mark.parametrize("few", [0, 3, 1000])
    @pytest.mark.parametrize(
        ("filters", "expected", "index"),
        [
            ({"customer_ids": ["c1", "c2"], "visible_accounts": ["acme", "other"]}, "ca", "customer_id"),
            ({"endpoint_ids": ["e1", "e2"]}, "db", "endpoint_id"),
            ({"visible_accounts": ["acme", "other"]}, "cba", "account_id"),
            ({"visible_accounts": ["acme", "other"], "account_ids": ["other", "elsewhere"]}, "b", "account_id"),
            ({"customer_ids": ["c8", "c9"], "since": format_instant(0)}, "", "customer_id"),
        ],
    )
    def test_values_that_leave_few_rows_or_many(
        self,
        filled_unit: Unit,
        filters: Mapping[str, Any],
        expected: str,
        index: str,
        few: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The rows are the same. SQLite finds few by their own index, and many by the one that the list is sorted by."""
        monkeypatch.setattr(listing, "FEW", few)
        filters = {**filters, "archived": False}
        assert list_names(filled_unit, filters) == list(expected)
        if filled_unit.dialect == "mysql" or few == 3:
            return
        statements, run = [], filled_unit.run

        def record_statement(sql: str, values: Any) -> Any:
            statements.append((sql, values))
            return run(sql, values)

        filled_unit.run = record_statement
        session_list.page(filled_unit, filters, NEWEST, 50)
        plan = run(f"EXPLAIN QUERY PLAN {statements[1][0]}", statements[1][1]).fetchall()
        prefix = f"{index}_" if few else ""
        assert plan[0][3].startswith(f"SEARCH t1 USING INDEX session_{prefix}archived_date_created_id ")

    def test_days_are_inclusive(self, unit: Unit) -> None:
        for number, date in enumerate(
            ("2026-11-22T23:59:59.999999Z", "2026-11-23T00:00:00.000000Z", "2026-11-23T23:59:59.999999Z")
        ):
            add(unit, display_name=str(number), date_created=date)
        add(unit, display_name="3", date_created="2026-11-24T00:00:00.000000Z")
        day = {"since": "2026-11-23T00:00:00.000000Z", "until": "2026-11-23T23:59:59.999999Z"}
        assert list_names(unit, day) == ["2", "1"]
        assert list_names(unit, {"since": day["since"]}) == ["3", "2", "1"]
        assert list_names(unit, {"until": day["until"]}) == ["2", "1", "0"]


class TestOrder:
    """Any scalar column sorts, by code points, with null as the empty text; ties go by id."""

    def test_texts(self, unit: Unit) -> None:
        for name in ("b", "B", "a", "ä", "z", "😀", "ｚ", None, "", "aa", "a b"):
            add(unit, display_name=name)
        ascending_names = list_names(unit, {}, Order("display_name", descending=False))
        assert [name or "" for name in ascending_names] == ["", "", "B", "a", "a b", "aa", "b", "z", "ä", "ｚ", "😀"]
        assert list_names(unit, {}, Order("display_name")) == ascending_names[::-1]

    def test_ties_go_by_id(self, unit: Unit) -> None:
        session_ids = [add(unit, date_created=format_instant(1)).id for _ in range(5)]
        for descending in (True, False):
            rows = session_list.page(unit, {}, Order("date_created", descending), 10)
            assert [row.id for row in rows] == sorted(session_ids, reverse=descending)

    @pytest.mark.parametrize("column", [field.name for field in session.ALL])
    @pytest.mark.parametrize("descending", [True, False])
    def test_every_column(self, unit: Unit, column: str, descending: bool) -> None:
        for number in range(3):
            add(unit, display_name=str(number), outcome="x" if number else None, ended=number == 1)
        assert sorted(list_names(unit, {}, Order(column, descending))) == ["0", "1", "2"]

    def test_long_texts_are_sorted_by_their_beginnings(self, unit: Unit) -> None:
        prefix = "x" * 2000
        session_ids = {add(unit, console_data=f"{prefix}{number * 7 % 5}").id for number in range(BLOCK + 20)}
        listed_ids = [row.id for row in session_list.everything(unit, {}, Order("console_data"))]
        assert len(listed_ids) == len(session_ids)
        assert set(listed_ids) == session_ids


class TestPages:
    """Parts of a list."""

    def test_pages(self, unit: Unit) -> None:
        for number in range(7):
            add(unit, display_name=str(number))
        pages = [session_list.page(unit, {}, NEWEST, 3, offset) for offset in (0, 3, 6, 9)]
        assert ["".join(row.display_name for row in page) for page in pages] == ["654", "321", "0", ""]

    def test_members_and_lines_are_each_sessions_own(self, unit: Unit) -> None:
        sessions = [
            add(
                unit,
                *[f"m{index}" for index in range(number % 4)],
                log=[f"{number}.{index}" for index in range(number % 3)],
            )
            for number in range(40)
        ]
        assert session_list.page(unit, {}, NEWEST, 100) == sessions[::-1]

    @pytest.mark.parametrize("column", ["date_created", "id", "outcome", "ended", "display_name"])
    @pytest.mark.parametrize("descending", [True, False])
    def test_blocks_leave_nothing_out(
        self, unit: Unit, column: str, descending: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listing, "ORDERED", BLOCK + 1)
        session_ids = {
            add(
                unit,
                date_created=format_instant(number // 7),
                outcome=[None, "", "x"][number % 3],
                ended=number % 2 == 0,
            ).id
            for number in range(2 * BLOCK + 1)
        }
        order = Order(column, descending)
        listed_ids = [row.id for row in session_list.everything(unit, {}, order)]
        assert listed_ids == [row.id for row in session_list.page(unit, {}, order, len(session_ids) + 1)]
        assert set(listed_ids) == session_ids

    def test_everything_is_looked_through_seldom(self, unit: Unit) -> None:
        """Where no index sorts, all rows are looked at for a few thousand of them, not for each block."""
        for _ in range(2 * BLOCK):
            add(unit, "ada")
        statements, run = [], unit.run

        def record_statement(sql: str, values: Any) -> Any:
            statements.append(sql)
            return run(sql, values)

        unit.run = record_statement
        assert len(list(session_list.everything(unit, {"archived": False}, Order("display_name")))) == 2 * BLOCK
        assert len([sql for sql in statements if "ORDER BY COALESCE" in sql]) == 1
        assert len(statements) == 1 + 2 * 3

    def test_later_blocks_begin_in_the_index(self, unit: Unit) -> None:
        """Not with a look at all that came before them."""
        if unit.dialect == "mysql":
            return
        for _ in range(BLOCK + 1):
            add(unit)
        statements, run = [], unit.run

        def record_statement(sql: str, values: Any) -> Any:
            statements.append((sql, values))
            return run(sql, values)

        unit.run = record_statement
        for descending, condition in ((True, "date_created<?"), (False, "date_created>?")):
            statements.clear()
            assert (
                len(list(session_list.everything(unit, {"archived": False}, Order("date_created", descending)))) > BLOCK
            )
            plan = run(f"EXPLAIN QUERY PLAN {statements[3][0]}", statements[3][1]).fetchall()
            assert [row[3] for row in plan] == [
                f"SEARCH t1 USING INDEX session_archived_date_created_id (archived=? AND {condition})"
            ]

    @pytest.mark.parametrize(
        ("accounts", "index"), [(None, "archived"), (["acme"], "account_id_archived"), (["acme", "x"], "archived")]
    )
    @pytest.mark.parametrize("searched", ["from_contains", "to_contains"])
    def test_a_search_that_finds_nothing_reads_no_rows_of_the_table(
        self, unit: Unit, searched: str, accounts: list[str] | None, index: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The index that sorts has the searched texts, or their beginning."""
        monkeypatch.setattr(listing, "FEW", 0)
        for number in range(60):
            add(unit, from_address=f"ada{number}@example.org", destination="+1555", console_data="x" * 5000)
        filters = {"archived": False, "visible_accounts": accounts}
        assert len(list_names(unit, {**filters, searched: "5"})) > 0
        statements, run = [], unit.run

        def record_statement(sql: str, values: Any) -> Any:
            statements.append((sql, values))
            return run(sql, values)

        unit.run = record_statement
        assert session_list.page(unit, {**filters, searched: "nobody"}, NEWEST, 50) == []
        name = f"session_{index}_date_created_id"
        if unit.dialect == "mysql":
            # Which index the server takes depends on its statistics: of few rows it may read another one.
            having_all = f"session_{'account_id_' if accounts else ''}archived_date_created_id"
            forced = statements[-1][0].replace(
                "FROM `sessions` AS `t1`", f"FROM sessions AS t1 FORCE INDEX ({having_all})"
            )
            plan = run(f"EXPLAIN {forced}", statements[-1][1])
            assert "Using index" in plan.fetchall()[0][-1]
            return
        plan = run(f"EXPLAIN QUERY PLAN {statements[-1][0]}", statements[-1][1]).fetchall()
        assert plan[0][3].startswith(f"SEARCH t1 USING INDEX {name} ")
        columns = run("SELECT name FROM pragma_index_info(?)", (name,)).fetchall()
        assert [name for (name,) in columns][-2:] == ["from_folded", "to_folded"]

    @pytest.mark.parametrize("searched", ["from_contains", "to_contains"])
    def test_long_texts_are_searched_to_their_end(self, unit: Unit, searched: str) -> None:
        for number, text in enumerate(("ä" * 187 + "xyz", "ä" * 188 + "xyz", "ä" * 252 + "xyz", "xy" + "ä" * 250)):
            add(unit, display_name=str(number), from_address=text, to_address=text)
        assert list_names(unit, {searched: "xyz"}) == ["2", "1", "0"]
        assert list_names(unit, {searched: "xyzx"}) == []

    @pytest.mark.parametrize("near", [1, 3, 100])
    @pytest.mark.parametrize("most", [1, 4, 100])
    @pytest.mark.parametrize(
        "order", [NEWEST, Order("date_created", descending=False), Order("id"), Order("display_name")]
    )
    def test_logs_searched_one_by_one_and_all_at_once(
        self, unit: Unit, near: int, most: int, order: Order, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The result is the same wherever the search changes from one way to the other."""
        for number in range(12):
            line = "rare" if number % 4 == 1 else "common"
            log = ["made", line, line]
            add(unit, display_name=str(number % 5), account_id="acme" if number % 3 else "other", log=log)
        searches = [
            {"log_contains": text, **others}
            for text in ("made", "rare", "common", "none")
            for others in ({}, {"visible_accounts": ["acme"]}, {"archived": False, "since": format_instant(0)})
        ]
        expected = [list_names(unit, filters, order) for filters in searches]
        pages = [session_list.page(unit, filters, order, 2, 1) for filters in searches]
        monkeypatch.setattr(session_list, "NEAR", near)
        monkeypatch.setattr(session_list, "MOST_LOGGED", most)
        monkeypatch.setattr(session_list, "_SOME", 2)
        assert [list_names(unit, filters, order) for filters in searches] == expected
        assert [session_list.page(unit, filters, order, 2, 1) for filters in searches] == pages
        assert [session_list.count(unit, filters, 2) for filters in searches] == [
            min(2, len(row_names)) for row_names in expected
        ]

    def test_a_text_of_no_log_is_looked_for_once(self, unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
        """Behind the first rows, the logs are read from one end to the other, not session by session."""
        for _ in range(5):
            add(unit, "ada")
        monkeypatch.setattr(session_list, "NEAR", 2)
        statements, run = [], unit.run

        def record_statement(sql: str, values: Any) -> Any:
            statements.append(sql)
            return run(sql, values)

        unit.run = record_statement
        assert session_list.page(unit, {"log_contains": "nowhere"}, NEWEST, 50) == []
        assert [sql for sql in statements if "session_log" in sql and "sessions" not in sql] == [statements[-1]]

    def test_statements_do_not_grow_with_the_page(self, unit: Unit) -> None:
        for _ in range(60):
            add(unit, "ada")
        statements, run = [], unit.run

        def record_statement(sql: str, values: Any) -> Any:
            statements.append(sql)
            return run(sql, values)

        unit.run = record_statement
        assert len(session_list.page(unit, {"archived": False}, NEWEST, 50)) == 50
        assert len(statements) == 3


class TestArchive:
    """Old sessions leave the live list."""

    def test_old_ones_that_ended_or_rest(self, database: Database) -> None:
        old, new, border = "2020-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z", "2025-01-01T00:00:00.000000Z"
        with database.unit_of_work() as unit:
            ended = add(unit, display_name="ended", date_created=old, date_last_modified=new, ended=True)
            add(unit, display_name="rests", date_created=old, date_last_modified=old)
            add(unit, display_name="lives", date_created=old, date_last_modified=new)
            add(unit, display_name="new", date_created=new, date_last_modified=new, ended=True)
            assert session_archive.count_old(unit, border) == 2
            assert len(session_archive.archive_old(unit, border, 1)) == 1
            assert len(session_archive.archive_old(unit, border, 10)) == 1
            assert session_archive.archive_old(unit, border, 10) == []
            assert sorted(list_names(unit, {"archived": True})) == ["ended", "rests"]
            assert sorted(list_names(unit, {"archived": False})) == ["lives", "new"]
            assert session.get(unit, ended.id) == ended
            assert session_archive.filter_known(unit, [ended.id, "unknown"]) == {ended.id}
            assert session_archive.filter_known(unit, []) == set()


def test_a_list_is_of_one_moment(database: Database) -> None:
    """What is committed while a list is read does not show in the rest of it."""
    with database.unit_of_work() as unit:
        rows = [add(unit, log=["one"]) for _ in range(BLOCK + 20)]
    with database.unit_of_work(write=False) as reader:
        listed_rows = session_list.everything(reader, {}, Order("date_created", descending=False))
        rows_read = [next(listed_rows)]
        with database.unit_of_work() as unit:
            session.update(unit, rows[-1], {"outcome": "late"}, LogRow(format_instant(1), "two"))
            add(unit)
        rows_read += listed_rows
    assert rows_read == rows


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"archived": False},
        {"archived": False, "visible_accounts": ["acme"]},
        {"archived": False, "visible_accounts": ["acme", "other"], "since": format_instant(0)},
        {"archived": False, "ended": False},
    ],
)
def test_a_count_ends_at_its_maximum(database: Database, filters: Mapping[str, Any]) -> None:
    with database.unit_of_work() as unit:
        rows = [add(unit, account_id=("acme", "other")[number % 2], archived=number == 4) for number in range(7)]
        # The table has had more rows than it has.
        unit.execute(f"DELETE FROM sessions WHERE id IN ('{rows[5].id}', '{rows[6].id}')")
    with database.unit_of_work(write=False) as unit:
        total = session_list.count(unit, filters)
        assert total == len(session_list.page(unit, filters, NEWEST, 10)) > 0
        for most in range(1, 9):
            assert session_list.count(unit, filters, most) == min(total, most)
