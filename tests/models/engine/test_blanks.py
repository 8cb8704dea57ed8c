"""Blanks at the end of a text are a part of it, on every engine: older collations of MySQL take "x " for "x"."""

from __future__ import annotations

from typing import Any

import pytest

from models import Unit
from models.engine.listing import Order
from models.sessions import account, session, session_list
from models.users import idempotency, identity, login, user
from tests.models.conftest import add, instant, member, stored

OTHERS = ["x ", " x", "x\t", "x\u00a0", "X", ""]


@pytest.mark.parametrize("other", OTHERS)
def test_names_and_addresses(unit: Unit, other: str) -> None:
    account.insert(unit, name="x", parent_account_id=None, now=instant(1), by=None)
    assert (account.by_name(unit, other) is not None) == (other == "X")
    first = user.insert(unit, email_address="x", account_ids=[], roles=[], now=instant(1))
    assert (user.by_email(unit, other) is not None) == (other == "X")
    assert (identity.by_email(unit, other) is not None) == (other == "X")
    if other != "X":
        second = user.insert(unit, email_address=other, account_ids=[], roles=[], now=instant(1))
        assert user.by_email(unit, other) == second
        assert user.by_email(unit, "x") == first


@pytest.mark.parametrize("other", OTHERS)
def test_members(unit: Unit, other: str) -> None:
    made = session.add_member(unit, add(unit, "x"), member(other))
    assert session.get(unit, made.id) == made
    made = session.remove_member(unit, made, other)
    assert [each.identity for each in stored(unit, made.id).members] == ["x"]


@pytest.mark.parametrize("other", OTHERS)
def test_filters(unit: Unit, other: str) -> None:
    values: dict[str, Any] = {"account_id": "x", "customer_id": "x", "endpoint_id": "x", "parent_session_id": "x"}
    made = add(unit, "x", **values)
    order = Order("id")
    for name in ("visible_accounts", "account_ids", "customer_ids", "endpoint_ids"):
        assert session_list.page(unit, {name: ["x"]}, order, 10) == [made]
        assert session_list.page(unit, {name: [other]}, order, 10) == []
    for name in ("parent_session_id", "member"):
        assert session_list.page(unit, {name: "x"}, order, 10) == [made]
        assert session_list.page(unit, {name: other}, order, 10) == []


@pytest.mark.parametrize("other", OTHERS)
def test_keys_of_requests(unit: Unit, other: str) -> None:
    whose = {"user_id": "u", "operation": "NewSession"}
    for key in ("x", other):
        assert idempotency.claim(unit, **whose, key=key, now=instant(1), oldest=instant(0)) is None
        idempotency.keep(unit, **whose, key=key, result=f"of {key}")
    assert idempotency.claim(unit, **whose, key="x", now=instant(1), oldest=instant(0)) == "of x"
    assert idempotency.claim(unit, **whose, key=other, now=instant(1), oldest=instant(0)) == f"of {other}"


@pytest.mark.parametrize("other", OTHERS)
def test_subjects_of_failures(unit: Unit, other: str) -> None:
    login.note_failures(unit, ["x"], instant(1))
    assert login.failures(unit, [other, "y"], instant(0)) == {}


def test_order(unit: Unit) -> None:
    names = ["x", "x ", "x\t", "x!", "x  ", "x\u00a0", "", " ", "\t"]
    for name in names:
        add(unit, display_name=name)
    rising = Order("display_name", descending=False)
    paged = session_list.page(unit, {}, rising, 100)
    assert [each.display_name for each in paged] == sorted(names)
    assert list(session_list.everything(unit, {}, rising)) == paged
