"""Blanks at the end of a text are a part of it, on every engine: older collations of MySQL take "x " for "x"."""

from __future__ import annotations

from typing import Any

import pytest

from models import Unit
from models.engine.listing import Order
from models.sessions import account, session, session_list
from models.users import idempotency, identity, login, user
from tests.models.conftest import add, create_member, format_instant, read_stored

OTHERS = ["x ", " x", "x\t", "x\u00a0", "X", ""]


@pytest.mark.parametrize("other", OTHERS)
def test_names_and_addresses(unit: Unit, other: str) -> None:
    account.insert(unit, name="x", parent_account_id=None, now=format_instant(1), by=None)
    assert (account.find_by_name(unit, other) is not None) == (other == "X")
    first = user.insert(unit, email_address="x", account_ids=[], roles=[], now=format_instant(1))
    assert (user.find_by_email(unit, other) is not None) == (other == "X")
    assert (identity.find_by_email(unit, other) is not None) == (other == "X")
    if other != "X":
        second = user.insert(unit, email_address=other, account_ids=[], roles=[], now=format_instant(1))
        assert user.find_by_email(unit, other) == second
        assert user.find_by_email(unit, "x") == first


@pytest.mark.parametrize("other", OTHERS)
def test_members(unit: Unit, other: str) -> None:
    row = session.add_member(unit, add(unit, "x"), create_member(other))
    assert session.get(unit, row.id) == row
    row = session.remove_member(unit, row, other)
    assert [member_row.identity for member_row in read_stored(unit, row.id).members] == ["x"]


@pytest.mark.parametrize("other", OTHERS)
def test_filters(unit: Unit, other: str) -> None:
    values: dict[str, Any] = {"account_id": "x", "customer_id": "x", "endpoint_id": "x", "parent_session_id": "x"}
    row = add(unit, "x", **values)
    order = Order("id")
    for name in ("visible_accounts", "account_ids", "customer_ids", "endpoint_ids"):
        assert session_list.page(unit, {name: ["x"]}, order, 10) == [row]
        assert session_list.page(unit, {name: [other]}, order, 10) == []
    for name in ("parent_session_id", "member"):
        assert session_list.page(unit, {name: "x"}, order, 10) == [row]
        assert session_list.page(unit, {name: other}, order, 10) == []


@pytest.mark.parametrize("other", OTHERS)
def test_keys_of_requests(unit: Unit, other: str) -> None:
    key_columns = {"user_id": "u", "operation": "NewSession"}
    for key in ("x", other):
        assert idempotency.claim(unit, **key_columns, key=key, now=format_instant(1), oldest=format_instant(0)) is None
        idempotency.keep(unit, **key_columns, key=key, result=f"of {key}")
    assert idempotency.claim(unit, **key_columns, key="x", now=format_instant(1), oldest=format_instant(0)) == "of x"
    assert (
        idempotency.claim(unit, **key_columns, key=other, now=format_instant(1), oldest=format_instant(0))
        == f"of {other}"
    )


@pytest.mark.parametrize("other", OTHERS)
def test_subjects_of_failures(unit: Unit, other: str) -> None:
    login.note_failures(unit, ["x"], format_instant(1))
    assert login.count_failures(unit, [other, "y"], format_instant(0)) == {}


def test_order(unit: Unit) -> None:
    names = ["x", "x ", "x\t", "x!", "x  ", "x\u00a0", "", " ", "\t"]
    for name in names:
        add(unit, display_name=name)
    rising = Order("display_name", descending=False)
    rows = session_list.page(unit, {}, rising, 100)
    assert [row.display_name for row in rows] == sorted(names)
    assert list(session_list.everything(unit, {}, rising)) == rows
