"""Accounts and customers: who sees them, their trees, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.contract import fields
from gateway.errors import Conflict, NotFound, ValidationFailed
from gateway.sessions.dtos.accounts import AccountInfo
from gateway.sessions.dtos.customers import CustomerInfo
from tests.sessions.conftest import People, World


def list_names(page: Any) -> list[str]:
    return [item.name for item in page.items]


def list_failures(world: World, caller: Any, operation: str, values: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as caught:
        world.call(caller, operation, values)
    return [(error.error_code, error.field_name) for error in caught.value.errors]


def test_accounts_are_made_and_read(world: World, people: People) -> None:
    top = world.call(people.root, "NewAccount", {"name": "Top"})
    middle = world.call(people.root, "NewAccount", {"name": "Middle", "parentAccountId": top.id})
    bottom = world.call(people.root, "NewAccount", {"name": "Bottom", "parentAccountId": middle.id})
    assert (bottom.name, bottom.parent_account_id, bottom.ancestor_ids) == ("Bottom", middle.id, [top.id, middle.id])
    assert bottom.created_by == bottom.last_modified_by == people.root.user_id
    assert world.call(people.root, "GetAccount", {"accountId": bottom.id}) == bottom
    for caller, account_id in ((people.ada, bottom.id), (people.ada, people.other), (people.root, "nothing")):
        with pytest.raises(NotFound):
            world.call(caller, "GetAccount", {"accountId": account_id})
    assert world.call(people.ada, "GetAccount", {"accountId": people.acme}).name == "Acme"


def test_accounts_are_listed(world: World, people: People) -> None:
    assert list_names(world.call(people.ada, "ListAccounts")) == ["Acme"]
    assert list_names(world.call(people.root, "ListAccounts")) == ["Other", "Acme"]
    assert list_names(world.call(people.root, "ListAccounts", {"nameFilter": "CM"})) == ["Acme"]
    assert list_names(
        world.call(people.root, "ListAccounts", {"sortField": "name", "sortOrder": "Ascend", "all": True})
    ) == [
        "Acme",
        "Other",
    ]
    assert list_names(world.call(people.root, "ListAccounts", {"specificIds": [people.acme]})) == ["Acme"]


def test_accounts_are_changed(world: World, people: People) -> None:
    child = world.call(people.root, "NewAccount", {"name": "Child", "parentAccountId": people.acme})
    row = world.call(people.root, "PatchAccount", {"accountId": child.id, "name": "Renamed"})
    assert (row.name, row.parent_account_id, row.ancestor_ids) == ("Renamed", people.acme, [people.acme])
    assert row.date_last_modified > row.date_created
    assert list_names(world.call(people.root, "ListAccounts", {"nameFilter": "renamed"})) == ["Renamed"]
    assert world.call(people.root, "PatchAccount", {"accountId": child.id}) == row
    moved = world.call(people.root, "PatchAccount", {"accountId": child.id, "parentAccountId": people.other})
    assert moved.ancestor_ids == [people.other]
    for parent in (child.id, people.other):
        with pytest.raises(Conflict):
            world.call(people.root, "PatchAccount", {"accountId": people.other, "parentAccountId": parent})


def test_accounts_that_are_refused(world: World, people: People) -> None:
    assert list_failures(world, people.root, "NewAccount", {"name": " "}) == [("NotEmpty", "name")]
    assert list_failures(world, people.root, "NewAccount", {"name": "x", "parentAccountId": "n"}) == [
        ("NotFound", "parentAccountId")
    ]
    assert list_failures(world, people.root, "PatchAccount", {"accountId": people.acme, "parentAccountId": "n"}) == [
        ("NotFound", "parentAccountId")
    ]


def test_customers(world: World, people: People) -> None:
    top = world.call(people.ada, "NewCustomer", {"name": "Top", "referenceId": "r1"})
    assert (top.account_id, top.account_name, top.reference_id) == (people.acme, "Acme", "r1")
    bottom = world.call(people.ada, "NewCustomer", {"name": "Bottom", "parentCustomerId": top.id})
    assert [(crumb.id, crumb.name) for crumb in bottom.breadcrumb] == [(top.id, "Top"), (bottom.id, "Bottom")]
    foreign = world.call(people.eve, "NewCustomer", {"name": "Theirs"})
    assert list_names(world.call(people.ada, "ListCustomers")) == ["Bottom", "Top"]
    assert list_names(world.call(people.root, "ListCustomers", {"all": True})) == ["Theirs", "Bottom", "Top"]
    assert list_names(world.call(people.root, "ListCustomers", {"accountIds": [people.other]})) == ["Theirs"]
    assert list_names(world.call(people.ada, "ListCustomers", {"parentCustomerIds": [top.id]})) == ["Bottom"]
    assert list_names(world.call(people.ada, "ListCustomers", {"nameFilter": "TO"})) == ["Bottom", "Top"]
    assert world.call(people.ada, "ListCustomers", {"specificIds": [bottom.id, foreign.id]}).items == [bottom]
    assert list_failures(world, people.ada, "NewCustomer", {}) == [("NotEmpty", "name")]
    values = {"name": "x", "accountId": people.other, "parentCustomerId": foreign.id}
    assert list_failures(world, people.ada, "NewCustomer", values) == [
        ("NotFound", "accountId"),
        ("NotFound", "parentCustomerId"),
    ]


@pytest.mark.parametrize(("operation", "item"), [("ListAccounts", AccountInfo), ("ListCustomers", CustomerInfo)])
def test_every_scalar_field_sorts(world: World, people: People, operation: str, item: Any) -> None:
    world.add_customer(people.other, "C1", world.add_customer(people.acme, "C0"))
    for field in item.schema().fields.values():
        if isinstance(field, fields.List):
            continue
        up = world.call(people.root, operation, {"sortField": field.data_key, "sortOrder": "Ascend"})
        down = world.call(people.root, operation, {"sortField": field.data_key, "all": True})
        assert list_names(up) == list_names(down)[::-1]
        assert len(list_names(up)) == 2
    by_account = world.call(people.root, "ListCustomers", {"sortField": "accountName", "sortOrder": "Ascend"})
    assert list_names(by_account) == ["C0", "C1"]
