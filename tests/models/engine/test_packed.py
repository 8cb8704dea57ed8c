"""Columns that MySQL sends as one JSON array: each value comes back as it was stored."""

from __future__ import annotations

from typing import Any

import peewee
import pytest

from models import Database
from models.engine.listing import Order
from models.engine.packed import Packed
from models.sessions import session, session_list
from models.sessions.session import MEMBER_COLUMNS, MemberRow
from models.sessions.tables import Session
from tests.models.conftest import add, read_stored

#: All characters of 16 bits, and a few of those beyond, in texts of a column's length.
CHARACTERS = [
    "".join(chr(number) for number in range(first, first + 200) if not 0xD800 <= number < 0xE000)
    for first in range(1, 0xFFFF, 200)
]
TEXTS = [
    *CHARACTERS,
    *("\0a", '"', "\\", "\\u0041", "'", "%s", "?", "", " a ", "null", "\U0001f600\U0010ffff", "a\u2028\u2029"),
]
#: Columns that get them.
NAMES = ("display_name", "console_data", "from_name", "destination", "outcome", "call_sid")


def list_typed_values(row: Any) -> list[tuple[type, Any]]:
    """The values of a row with their classes."""
    return [(type(value), value) for value in row]


def test_every_text_and_number_comes_back(database: Database) -> None:
    with database.unit_of_work() as unit:
        rows = []
        for number in range(0, len(TEXTS), len(NAMES)):
            values = dict(zip(NAMES, TEXTS[number:], strict=False))
            flags = {"version": 2**31 - 1 - number, "ended": number % 2 == 0, "was_missed": number % 3 == 0}
            row = add(unit, "ada@x.org", **values, **flags, log=[*values.values()])
            text = values["display_name"]
            bob = MemberRow(f"bob{number}", None, text, True, None, {"text": text}, None, None, None, True)
            rows.append(session.add_member(unit, row, bob))
    ids, order = [row.id for row in rows], Order("date_created", descending=False)
    with database.unit_of_work(write=False) as unit:
        for results in (
            [read_stored(unit, row.id) for row in rows],
            session_list.page(unit, {"ids": ids}, order, 1000),
            [*session_list.everything(unit, {"ids": ids}, order)],
            [*session_list.everything(unit, {"ids": ids}, Order("console_data"))],
        ):
            assert {row.id: list_typed_values(row) for row in results} == {
                row.id: list_typed_values(row) for row in rows
            }


@pytest.mark.parametrize("descending", [False, True])
def test_blocks_continue_after_each_kind_of_sort_key(database: Database, descending: bool) -> None:
    with database.unit_of_work() as unit:
        for number in range(5):
            add(unit, version=number % 2 + 1, ended=number % 2 == 0, display_name=[None, "", 'a"'][number % 3])
    for column in ("version", "ended", "display_name", "date_created", "id"):
        with database.unit_of_work(write=False) as unit:
            order = Order(column, descending)
            expected = [row.id for row in session_list.page(unit, {}, order, 10)]
            shape, values = session_list.LISTING._bind_filters({})
            assert shape is not None
            blocks = [*session_list.LISTING._read_by_key(unit, shape, values, order, 2)]
        assert [row[0] for block in blocks for row in block] == expected
        assert [len(block) for block in blocks] == [2, 2, 1]


def test_long_columns_are_not_packed_and_few_are_not_either() -> None:
    packed = Packed([Session.id, Session.console_data, Session.version, Session.customer_breadcrumb, *MEMBER_COLUMNS])
    array, *rest = packed.of("mysql")
    assert isinstance(array, peewee.Function)
    assert [column.name for column in rest] == ["console_data", "customer_breadcrumb", "application_data"]
    few = [Session.id, Session.version, Session.console_data]
    assert Packed(few).of("mysql") == few
