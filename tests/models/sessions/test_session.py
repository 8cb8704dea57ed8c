"""One session: stored, read, changed."""

from __future__ import annotations

import pytest

from models import Conflict, Database, Duplicate, Unit
from models.engine import ids
from models.engine.fields import LONG, SHORT
from models.sessions import session
from models.sessions.session import LENGTHS, BreadcrumbRow, LogRow
from tests.models.conftest import add, create_member, format_instant, read_stored

TEXTS = [
    "",
    "plain",
    "a 'quote', {brace} \"and\" \\ %s ? :x",
    "line\nbreak\r\n\ttab",
    "ünï 😀 \u200d\u0130ß",
    "\x00nul",
    " blanks ",
]


class TestInsertAndGet:
    """What is stored is what is read."""

    @pytest.mark.parametrize("text", TEXTS)
    def test_texts_come_back_whole(self, unit: Unit, text: str) -> None:
        row = add(unit, "ada", display_name=text, console_data=text, log=[text])
        row_read = read_stored(unit, row.id)
        assert row_read == row
        assert (row_read.display_name, row_read.console_data, row_read.log[0].message) == (text, text, text)

    def test_everything_has_the_type_it_was_given(self, unit: Unit) -> None:
        crumbs = [BreadcrumbRow("r", "Root"), BreadcrumbRow("c", "Child")]
        row = add(unit, "ada", ended=True, was_missed=True, customer_breadcrumb=crumbs)
        row_read = read_stored(unit, row.id)
        assert row_read.ended is True
        assert row_read.was_missed is True
        assert row_read.customer_breadcrumb == crumbs
        assert row_read.customer_breadcrumb[0].name == "Root"
        assert row_read.version == 1
        assert row_read.outcome is None
        assert row_read.members[0].muted is False

    def test_members_and_lines_keep_their_order(self, unit: Unit) -> None:
        names = [f"m{number}" for number in (3, 1, 2, 10, 0)]
        row = add(unit, *names, log=["b", "a", "c"])
        row_read = read_stored(unit, row.id)
        assert [member_row.identity for member_row in row_read.members] == names
        assert [line.message for line in row_read.log] == ["b", "a", "c"]

    def test_many_are_stored_as_each_would_be(self, unit: Unit) -> None:
        one = add(unit, "ada", "bob", display_name="x", ended=True, log=["b", "a"])
        columns = {name: value for name, value in one._asdict().items() if name not in ("members", "log")}
        sessions = [({**columns, "id": session_id}, one.members, one.log) for session_id in ("many1", "many2")]
        session.insert_many(unit, sessions)
        assert [read_stored(unit, values["id"]) for values, _, _ in sessions] == [
            one._replace(id=session_id) for session_id in ("many1", "many2")
        ]
        session.insert_many(unit, [])

    def test_members_with_and_without_rare_values_keep_their_order(self, unit: Unit) -> None:
        members = [
            create_member("ada"),
            create_member("bob", avatar_url="/bob.png"),
            create_member("cat", endpoint_id="c"),
            create_member("dan", application_data={}),
            create_member("eve", call_sid=""),
            create_member("fay"),
        ]
        row = {"id": ids.new_id(), "date_created": format_instant(1), "date_last_modified": format_instant(1)}
        created = session.insert(unit, row, members, [])
        assert read_stored(unit, created.id) == created
        assert created.members == members

    def test_application_data(self, unit: Unit) -> None:
        row = add(unit)
        session.add_member(
            unit, row, create_member("ada", application_data={"k": "v\n😀", "": ""}, muted=True, role="Agent")
        )
        row_read = read_stored(unit, row.id)
        assert row_read.members == [
            create_member("ada", application_data={"k": "v\n😀", "": ""}, muted=True, role="Agent")
        ]

    def test_the_longest_texts_fit(self, unit: Unit) -> None:
        longest = {name: "😀" * length for name, length in LENGTHS.items() if length == SHORT}
        row = add(unit, "😀" * SHORT, **longest, console_data="😀" * LONG, log=["😀" * LONG])
        assert session.get(unit, row.id) == row

    def test_lengths_are_those_of_the_columns(self) -> None:
        assert LENGTHS["display_name"] == SHORT
        assert LENGTHS["id"] == 64
        assert "ended" not in LENGTHS

    def test_an_id_is_used_once(self, database: Database) -> None:
        with database.unit_of_work() as unit:
            row = add(unit)
        with pytest.raises(Duplicate), database.unit_of_work() as unit:
            add(unit, id=row.id)

    def test_an_identity_is_a_member_once(self, database: Database) -> None:
        with pytest.raises(Duplicate), database.unit_of_work() as unit:
            add(unit, "ada", "ada", id="x")
        with database.unit_of_work(write=False) as unit:
            assert session.get(unit, "x") is None

    def test_letter_case_makes_another_identity(self, unit: Unit) -> None:
        row = add(unit, "ada", "Ada", "ÀDA", "ADA")
        assert session.get(unit, row.id) == row


class TestVisibility:
    """What may not be seen is not there."""

    def test_of_accounts(self, unit: Unit) -> None:
        row = add(unit)
        assert session.get(unit, row.id, account_ids=["other", "acme"]) == row
        assert session.get(unit, row.id, account_ids=["other"]) is None
        assert session.get(unit, row.id, account_ids=[]) is None
        assert session.get(unit, row.id, account_ids=None) == row

    def test_an_id_is_what_it_is(self, unit: Unit) -> None:
        row = add(unit, id="abcdef")
        assert session.get(unit, row.id) == row
        for other in ("ABCDEF", "abcdef ", " abcdef", "abcde", "abcdeF", "", "%", "äbcdef"):
            assert session.get(unit, other) is None


class TestUpdate:
    """Changes are made to the session that was read, or not at all."""

    def test_columns_version_and_line(self, unit: Unit) -> None:
        row = add(unit)
        changed_row = session.update(
            unit,
            row,
            {"call_state": "Hold", "date_last_modified": format_instant(9)},
            LogRow(format_instant(9), "Held"),
        )
        assert changed_row == session.get(unit, row.id)
        assert (changed_row.call_state, changed_row.version) == ("Hold", 2)
        assert [line.message for line in changed_row.log] == ["made", "Held"]

    def test_another_writer_was_first(self, database: Database) -> None:
        with database.unit_of_work() as unit:
            row = add(unit)
        with database.unit_of_work() as unit:
            session.update(unit, row, {"outcome": "first"}, LogRow(format_instant(1), "first"))
        with pytest.raises(Conflict), database.unit_of_work() as unit:
            session.update(unit, row, {"outcome": "second"}, LogRow(format_instant(2), "second"))
        with database.unit_of_work(write=False) as unit:
            row_read = read_stored(unit, row.id)
        assert (row_read.outcome, [line.message for line in row_read.log]) == ("first", ["made", "first"])

    def test_a_change_to_the_same_values_is_one(self, unit: Unit) -> None:
        row = add(unit, outcome="same")
        changed_row = session.update(unit, row, {"outcome": "same"}, LogRow(format_instant(1), "again"))
        assert session.update(unit, changed_row, {}, LogRow(format_instant(1), "and again")).version == 3

    def test_members_come_and_go(self, unit: Unit) -> None:
        row = add(unit, "ada", "bob", "eve")
        row = session.remove_member(unit, row, "bob")
        row = session.remove_member(unit, row, "nobody")
        row = session.add_member(unit, row, create_member("kim", call_state="Ringing"))
        row = session.remove_member(unit, row, "kim")
        row = session.add_member(unit, row, create_member("bob"))
        assert [member_row.identity for member_row in row.members] == ["ada", "eve", "bob"]
        assert session.get(unit, row.id) == row

    def test_a_member_that_is_there(self, database: Database) -> None:
        with database.unit_of_work() as unit:
            row = add(unit, "ada")
        with pytest.raises(Duplicate), database.unit_of_work() as unit:
            session.add_member(unit, row, create_member("ada"))

    def test_states_of_all_members(self, unit: Unit) -> None:
        other, row = add(unit, "ada"), add(unit, "ada", "bob")
        row = session.set_member_states(unit, row, "None")
        assert {member_row.call_state for member_row in read_stored(unit, row.id).members} == {"None"}
        assert session.get(unit, row.id) == row
        assert session.get(unit, other.id) == other

    def test_reading_for_update(self, unit: Unit) -> None:
        row = add(unit)
        assert session.get(unit, row.id, for_update=True) == row
        assert session.get(unit, ids.new_id(), for_update=True) is None


def test_folded_texts() -> None:
    assert session.fold("Ünï", None, "", "ADA@Example") == "ünï\nada@example"
    assert session.fold(None) == ""
