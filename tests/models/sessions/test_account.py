"""Accounts and customers: stored, read, changed, listed, and the paths above them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from models import Unit
from models.engine.fields import SHORT
from models.engine.listing import BLOCK, Order
from models.engine.table_list import TableList
from models.sessions import account, account_list
from models.sessions.account import DEEPEST
from models.sessions.session import BreadcrumbRow
from tests.models.conftest import format_instant


def add(unit: Unit, name: str, parent: Any = None) -> Any:
    """Store an account."""
    parent_id = None if parent is None else parent.id
    return account.insert(unit, name=name, parent_account_id=parent_id, now=format_instant(1), by="u1")


def add_customer(
    unit: Unit, name: str, account_id: str = "acme", parent: Any = None, reference: str | None = None
) -> Any:
    """Store a customer."""
    return account.insert_customer(
        unit,
        account_id=account_id,
        name=name,
        parent_customer_id=None if parent is None else parent.id,
        reference_id=reference,
        now=format_instant(1),
        by="u1",
    )


def list_names(table_list: TableList, unit: Unit, filters: Mapping[str, Any], order: Order) -> list[str]:
    """The names of a list, read as a page and in blocks; both must agree with each other and with the count."""
    rows = table_list.page(unit, filters, order, 1000)
    assert list(table_list.everything(unit, filters, order)) == rows
    assert table_list.count(unit, filters) == len(rows)
    return [row.name for row in rows]


class TestAccounts:
    """One account."""

    def test_it_is_read_as_it_was_stored(self, unit: Unit) -> None:
        root = add(unit, "Acme 😀 'x' %s")
        account_row = add(unit, "Branch", root)
        assert account.get(unit, account_row.id) == account_row
        assert (account_row.name, account_row.parent_account_id, account_row.created_by) == ("Branch", root.id, "u1")
        assert (account_row.date_created, account_row.date_last_modified) == (format_instant(1), format_instant(1))
        assert root.name == "Acme 😀 'x' %s"
        assert not hasattr(account_row, "name_folded")

    def test_an_id_is_what_it_is(self, unit: Unit) -> None:
        account_row = add(unit, "Acme")
        for other in (account_row.id.upper(), f"{account_row.id} ", account_row.id[:-1], ""):
            assert account.get(unit, other) is None

    @pytest.mark.parametrize("wanted", ["Straße 😀", "STRASSE 😀", "strasse 😀"])
    def test_by_name_in_any_letter_case(self, unit: Unit, wanted: str) -> None:
        account_row = add(unit, "Straße 😀")
        assert account.find_by_name(unit, wanted) == account_row

    @pytest.mark.parametrize("other", ["Acme ", " Acme", "Acmé", "Acm", "%", "Acme\t"])
    def test_by_another_name(self, unit: Unit, other: str) -> None:
        add(unit, "Acme")
        assert account.find_by_name(unit, other) is None

    def test_the_first_of_two_with_one_name(self, unit: Unit) -> None:
        accounts = [add(unit, name) for name in ("acme", "ACME")]
        assert account.find_by_name(unit, "Acme") == min(accounts, key=lambda account_row: account_row.id)

    def test_names_that_folding_makes_longer(self, unit: Unit) -> None:
        account_row = add(unit, "\u0130" * SHORT)
        assert account_row.name == "\u0130" * SHORT
        assert account.find_by_name(unit, account_row.name) == account_row

    def test_changes(self, unit: Unit) -> None:
        account_row, other = add(unit, "Acme"), add(unit, "Other")
        changed_row = account.update(unit, account_row.id, {"name": "Umbrella"}, now=format_instant(2), by="u2")
        assert changed_row == account_row._replace(
            name="Umbrella", date_last_modified=format_instant(2), last_modified_by="u2"
        )
        assert account.get(unit, account_row.id) == changed_row
        assert account.find_by_name(unit, "UMBRELLA") == changed_row
        assert account.find_by_name(unit, "acme") is None
        assert account.get(unit, other.id) == other
        assert account.update(unit, account_row.id, {"name": "Umbrella"}, now=format_instant(2), by="u2") == changed_row


class TestCustomers:
    """One customer and the customers above it."""

    def test_it_is_read_as_it_was_stored(self, unit: Unit) -> None:
        customer = add_customer(unit, "Widgets", reference="R 1")
        assert account.get_customer(unit, customer.id) == customer
        assert (customer.account_id, customer.name, customer.reference_id, customer.parent_customer_id) == (
            "acme",
            "Widgets",
            "R 1",
            None,
        )
        assert account.get_customer(unit, f"{customer.id} ") is None

    def test_breadcrumb(self, unit: Unit) -> None:
        root = add_customer(unit, "Root")
        middle = add_customer(unit, "Middle", parent=root)
        leaf = add_customer(unit, "Leaf", parent=middle)
        assert account.read_breadcrumb(unit, leaf) == [
            BreadcrumbRow(customer.id, customer.name) for customer in (root, middle, leaf)
        ]
        assert account.read_breadcrumb(unit, root) == [BreadcrumbRow(root.id, "Root")]

    def test_a_parent_that_is_gone_ends_the_breadcrumb(self, unit: Unit) -> None:
        orphan = add_customer(unit, "Orphan")._replace(parent_customer_id="gone")
        assert account.read_breadcrumb(unit, orphan) == [BreadcrumbRow(orphan.id, "Orphan")]

    def test_a_circle_ends(self, unit: Unit) -> None:
        one = add_customer(unit, "One")
        other = add_customer(unit, "Other", parent=one)
        account.CUSTOMERS.update(unit, {"id": one.id}, parent_customer_id=other.id)
        one = account.get_customer(unit, one.id)
        assert len(account.read_breadcrumb(unit, one)) == DEEPEST
        assert len(account_list.read_customer_paths(unit, [one])[0]) == DEEPEST


class TestLists:
    """Lists of both."""

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({}, "ABc"),
            ({"name_contains": "b"}, "B"),
            ({"name_contains": "%"}, ""),
            ({"name_contains": ""}, "ABc"),
            ({"visible_accounts": None}, "ABc"),
            ({"visible_accounts": []}, ""),
            ({"visible_accounts": [0, 2]}, "Ac"),
            ({"visible_accounts": [0, 2], "ids": [2, 1]}, "c"),
            ({"visible_accounts": [0, 2], "ids": [2, 1], "name_contains": "x"}, ""),
        ],
    )
    def test_accounts(self, unit: Unit, filters: dict[str, Any], expected: str) -> None:
        accounts = [add(unit, name) for name in "ABc"]
        filters = {
            name: [accounts[index].id for index in value] if isinstance(value, list) else value
            for name, value in filters.items()
        }
        assert list_names(account_list.accounts, unit, filters, Order("name", descending=False)) == list(expected)

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({}, "abcd"),
            ({"account_ids": ["acme"]}, "abc"),
            ({"account_ids": ["acme", "other"], "visible_accounts": ["other"]}, "d"),
            ({"name_contains": "c", "visible_accounts": ["acme"]}, "c"),
            ({"visible_accounts": ["ACME", "acme "]}, ""),
        ],
    )
    def test_customers(self, unit: Unit, filters: Mapping[str, Any], expected: str) -> None:
        for name in "abc":
            add_customer(unit, name)
        add_customer(unit, "d", "other")
        assert list_names(account_list.customers, unit, filters, Order("name", descending=False)) == list(expected)

    def test_customers_below_one(self, unit: Unit) -> None:
        root = add_customer(unit, "root")
        for name in "ab":
            add_customer(unit, name, parent=root)
        assert list_names(account_list.customers, unit, {"parent_customer_ids": [root.id]}, Order("name")) == ["b", "a"]

    @pytest.mark.parametrize("descending", [True, False])
    @pytest.mark.parametrize("column", [field.name for field in account.CUSTOMERS.fields] + ["account_name"])
    def test_every_order(self, unit: Unit, column: str, descending: bool) -> None:
        accounts = [add(unit, name) for name in ("ä", "a")]
        for number in range(6):
            add_customer(unit, "aAäÄ😀ｚ"[number], accounts[number % 2].id, reference=None if number % 3 else "r")
        customer_names = list_names(account_list.customers, unit, {}, Order(column, descending))
        assert sorted(customer_names) == sorted("aAäÄ😀ｚ")
        if column == "name":
            assert customer_names == sorted("aAäÄ😀ｚ", reverse=descending)
        if column == "account_name":
            assert customer_names[0] in ("aä😀" if descending else "AÄｚ")

    def test_blocks(self, unit: Unit) -> None:
        for number in range(BLOCK + 5):
            add(unit, f"same {number % 2}")
        assert len(list_names(account_list.accounts, unit, {}, Order("name"))) == BLOCK + 5

    def test_pages(self, unit: Unit) -> None:
        for name in "abcde":
            add(unit, name)
        pages = [account_list.accounts.page(unit, {}, Order("name"), 2, offset) for offset in (0, 2, 4, 6)]
        assert ["".join(account_row.name for account_row in page) for page in pages] == ["ed", "cb", "a", ""]

    def test_names_by_id(self, unit: Unit) -> None:
        one, other = add(unit, "One"), add(unit, "Other")
        assert account_list.read_account_names(unit, [one.id, other.id, one.id, "x"]) == {
            one.id: "One",
            other.id: "Other",
        }
        assert account_list.read_account_names(unit, []) == {}

    def test_paths(self, unit: Unit) -> None:
        root = add(unit, "root")
        left_account, right_account = add(unit, "left", root), add(unit, "right", root)
        leaf = add(unit, "leaf", left_account)
        paths = account_list.read_account_paths(unit, [leaf, right_account, root])
        assert [[account_row.name for account_row in path] for path in paths] == [
            ["root", "left", "leaf"],
            ["root", "right"],
            ["root"],
        ]
        assert account_list.read_customer_paths(unit, []) == []
