"""What every list keeps: pages, blocks and counts agree for each filter and each order, whatever they are called."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import peewee
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import Database, Unit
from models.engine import ids, listing
from models.engine.conditions import equals, within
from models.engine.fields import IdField
from models.engine.listing import Listing, Order
from models.sessions import account, account_list, message, session_list
from models.users import user, user_list
from tests.models.conftest import add, format_instant

#: Every list that operations answer.
LISTINGS: Mapping[str, Listing] = {
    "sessions": session_list.LISTING,
    "messages": message.messages.listing,
    "conversations": message.conversations.listing,
    "users": user_list.LISTING,
    "accounts": account_list.accounts.listing,
    "customers": account_list.customers.listing,
}

#: Values for each filter; of some there are rows, of others none.
VALUES: Mapping[str, Any] = {
    "account_ids": ["acme", "other"],
    "after": format_instant(1),
    "archived": False,
    "conversation_ids": ["none", "none either", "nor this"],
    "customer_ids": ["c1", "c2", "c3"],
    "email_contains": "@",
    "ended": False,
    "endpoint_ids": ["e1", "e2"],
    "from_contains": "a",
    "ids": ["none"],
    "log_contains": "made",
    "logged": ["none"],
    "member": "ada",
    "name_contains": "a",
    "parent_customer_ids": ["c1"],
    "parent_session_id": "p1",
    "since": format_instant(1),
    "to_contains": "1",
    "until": format_instant(8),
    "visible_accounts": ["acme", "other", "third"],
}


@pytest.fixture
def filled_unit(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Unit]:
    """Rows of every table, in more blocks than one."""
    monkeypatch.setattr(listing, "BLOCK", 2)
    monkeypatch.setattr(listing, "ORDERED", 3)
    chance = random.Random(7)
    with database.unit_of_work() as unit:
        for number in range(9):
            account_id = chance.choice(["acme", "other", None])
            owner_columns: dict[str, Any] = {
                "account_id": account_id,
                "customer_id": chance.choice(["c1", "c2", None]),
                "endpoint_id": chance.choice(["e1", None]),
            }
            add(
                unit,
                "ada",
                **owner_columns,
                date_created=format_instant(number // 2),
                display_name=chance.choice(["A", "b", None]),
                from_address="ada",
                to_address="+1",
                parent_session_id=chance.choice(["p1", None]),
            )
            message.insert(
                unit,
                {
                    **owner_columns,
                    "date": format_instant(number // 2),
                    "direction": "Outgoing",
                    "other_address": f"+{number % 5}",
                    "sender": chance.choice(["ada", None]),
                    "text": "x",
                    "is_unread": number % 3 == 0,
                },
            )
            account_row = account.insert(
                unit, name=f"a{number % 4}", parent_account_id=None, now=format_instant(number), by=None
            )
            account.insert_customer(
                unit,
                account_id=chance.choice(["acme", account_row.id]),
                name=f"a{number % 3}",
                parent_customer_id=chance.choice(["c1", None]),
                reference_id=None,
                now=format_instant(number // 2),
                by=None,
            )
            user.insert(
                unit,
                email_address=f"{number}@x.org",
                account_ids=["acme", account_row.id],
                roles=["User"],
                now=format_instant(number),
                first_name=chance.choice(["A", None]),
            )
    with database.unit_of_work(write=False) as unit:
        yield unit


def test_every_filter_has_a_value() -> None:
    assert {name for table_listing in LISTINGS.values() for name in table_listing.filters} == VALUES.keys()


@given(data=st.data())
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_blocks_pages_and_counts_agree(filled_unit: Unit, data: st.DataObject) -> None:
    """For every list, filters, order and direction."""
    drawn_listing = LISTINGS[data.draw(st.sampled_from(sorted(LISTINGS)))]
    names = data.draw(st.sets(st.sampled_from(sorted(drawn_listing.filters)), max_size=3))
    filters = {name: VALUES[name] for name in names}
    order = Order(data.draw(st.sampled_from(drawn_listing.sorts)), data.draw(st.booleans()))
    page = drawn_listing.page(filled_unit, filters, order, 100)
    assert [row for block in drawn_listing.blocks(filled_unit, filters, order) for row in block] == page
    assert [
        row
        for offset in range(0, len(page) + 1, 2)
        for row in drawn_listing.page(filled_unit, filters, order, 2, offset)
    ] == page
    assert drawn_listing.count(filled_unit, filters) == len(page)


class Thing(peewee.Model):
    """A table whose columns are called as parts of a list's statements are."""

    id = IdField(primary_key=True)
    limit = peewee.CharField(max_length=9)
    offset = peewee.CharField(max_length=9)
    after = peewee.CharField(max_length=9)
    after_id = peewee.CharField(max_length=9)
    most = peewee.CharField(max_length=9)
    few = peewee.CharField(max_length=9)
    unit = peewee.CharField(max_length=9)
    sort_key = peewee.CharField(max_length=9)
    id_0 = peewee.CharField(max_length=9)

    class Meta:
        table_name = "things"
        indexes = ((("after", "id"), False),)


NAMES = [name for name in Thing._meta.sorted_field_names if name != "id"]


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("descending", [False, True])
def test_no_name_is_taken(database: Database, several: bool, descending: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters and columns may be called anything."""
    monkeypatch.setattr(listing, "BLOCK", 2)
    monkeypatch.setattr(listing, "ORDERED", 3)
    condition = within if several else equals
    conditions = {name: condition(getattr(Thing, name)) for name in NAMES}
    options: dict[str, Any] = {"several" if several else "one": conditions}
    thing_listing = Listing(Thing, Thing._meta.sorted_fields, **options, rare=NAMES)
    columns_sql = ", ".join(f'"{name}" VARCHAR(9) NOT NULL' for name in NAMES)
    with database.unit_of_work() as unit:
        unit.execute(f'CREATE TEMPORARY TABLE "things" ("id" VARCHAR(64) NOT NULL PRIMARY KEY, {columns_sql})')
        placeholder = "%s" if unit.dialect == "mysql" else "?"
        rows = [(ids.new_id(), *"1" * len(NAMES)) for _ in range(7)]
        unit.execute_many(f'INSERT INTO "things" VALUES ({", ".join([placeholder] * (len(NAMES) + 1))})', rows)
        filters = {name: ["1", "2", "3"] if several else "1" for name in NAMES}
        for column in (*NAMES, "id"):
            order = Order(column, descending)
            expected = sorted(rows, reverse=descending)
            assert thing_listing.page(unit, filters, order, 100) == expected
            assert [row for block in thing_listing.blocks(unit, filters, order) for row in block] == expected
            assert thing_listing.count(unit, filters) == 7
        unit.execute('DROP TABLE "things"')


@pytest.mark.parametrize("wrong", ["filter after", "id[0]", "(few)", ""])
def test_filters_are_named_by_identifiers(wrong: str) -> None:
    with pytest.raises(ValueError, match="identifiers"):
        Listing(Thing, [Thing.id], one={wrong: equals(Thing.id)})


def test_a_filter_takes_one_value_or_several() -> None:
    with pytest.raises(ValueError, match="of their own"):
        Listing(Thing, [Thing.id], one={"few": equals(Thing.few)}, several={"few": within(Thing.few)})
