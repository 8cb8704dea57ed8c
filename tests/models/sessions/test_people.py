"""Users, their keys and log-ins, accounts, customers and messages."""

from __future__ import annotations

from typing import Any

import pytest

from models import Database, Duplicate, Unit, connect
from models.engine.listing import Order
from models.sessions import account, account_list, message
from models.users import idempotency, identity, login, user, user_list
from tests.models.conftest import format_instant

NOW = format_instant(0)
HASH = "ab" * 32
BY_ID = Order("id", descending=False)


def new_user(unit: Unit, email: str = "Ada@Example.org", **values: Any) -> Any:
    return user.insert(
        unit, **{"email_address": email, "account_ids": ["a", "b"], "roles": ["User"], "now": NOW, **values}
    )


def new_account(unit: Unit, name: str, parent: Any = None) -> Any:
    return account.insert(unit, name=name, parent_account_id=parent and parent.id, now=NOW, by="u")


def new_customer(unit: Unit, name: str, parent: Any = None, account_id: str = "a") -> Any:
    return account.insert_customer(
        unit,
        account_id=account_id,
        name=name,
        parent_customer_id=parent and parent.id,
        reference_id=None,
        now=NOW,
        by=None,
    )


class TestUsers:
    """Who may sign in."""

    def test_stored_and_found(self, unit: Unit) -> None:
        assert not user.has_any(unit)
        user_row = new_user(unit, first_name="Ada", last_name="Ünï 😀", password_hash="$argon2id$...")
        assert user.has_any(unit)
        assert user.has_any(unit, "User")
        assert not user.has_any(unit, "Manager")
        assert (user_row.email_address, user_row.roles, user_row.disabled, user_row.credentials_version) == (
            "Ada@Example.org",
            ["User"],
            False,
            1,
        )
        assert user.get(unit, user_row.id) == user.find_by_email(unit, "ADA@example.ORG") == user_row
        assert user.find_by_email(unit, "eve@example.org") is None
        assert user.list_accounts(unit, user_row.id) == ["a", "b"]

    @pytest.mark.parametrize("email", ["Ada@Example.org", "ADA@EXAMPLE.ORG"])
    def test_an_address_is_taken_in_any_letter_case(self, database: Database, email: str) -> None:
        with database.unit_of_work() as unit:
            new_user(unit)
        with pytest.raises(Duplicate), database.unit_of_work() as unit:
            new_user(unit, email)
        with database.unit_of_work() as unit:
            new_user(unit, "àda@example.org")
            assert [user_row.email_address for user_row in user.list_all(unit)] == [
                "Ada@Example.org",
                "àda@example.org",
            ]

    def test_changes(self, unit: Unit) -> None:
        user_row = new_user(unit)
        user.update(unit, user_row.id, roles=["User", "Manager"], disabled=True, credentials_version=2)
        user.set_accounts(unit, user_row.id, ["c", "a", "c"])
        changed_row = user.get(unit, user_row.id)
        assert (changed_row.roles, changed_row.disabled, changed_row.credentials_version) == (
            ["User", "Manager"],
            True,
            2,
        )
        assert user.list_accounts(unit, user_row.id) == ["c", "a"]

    def test_keys(self, unit: Unit) -> None:
        user_row = new_user(unit)
        key_id = user.insert_key(
            unit, user_id=user_row.id, key_hash=HASH, hint="…abcd", now=NOW, date_expires=format_instant(9)
        )
        assert [(key.id, key.hint, key.date_revoked) for key in user.list_keys(unit, user_row.id)] == [
            (key_id, "…abcd", None)
        ]
        assert user.revoke_key(unit, key_id, format_instant(1)) is True
        assert user.revoke_key(unit, key_id, format_instant(2)) is False
        assert user.list_keys(unit, user_row.id)[0].date_revoked == format_instant(1)
        with pytest.raises(Duplicate):
            user.insert_key(unit, user_id=user_row.id, key_hash=HASH, hint="", now=NOW)

    def test_lists(self, unit: Unit) -> None:
        acme, other = new_account(unit, "Acme"), new_account(unit, "Other")
        ada = new_user(unit, account_ids=[other.id, acme.id])
        bob = new_user(unit, "bob@x.org", account_ids=[acme.id], roles=["Manager", "User"])
        eve = new_user(unit, "eve@x.org", account_ids=[])
        rows = {user_row.id: user_row for user_row in user_list.page(unit, {}, BY_ID, 10)}
        assert rows.keys() == {ada.id, bob.id, eve.id}
        assert rows[ada.id].account_ids == [other.id, acme.id]
        assert (rows[bob.id].roles, rows[eve.id].account_ids) == (["Manager", "User"], [])

        def list_ids(**filters: Any) -> list[str]:
            page = user_list.page(unit, filters, Order("email_address", descending=False), 10)
            blocks = user_list.read_blocks(unit, filters, Order("email_address", descending=False))
            assert [row for block in blocks for row in block] == page
            assert user_list.count(unit, filters) == len(page)
            return [user_row.id for user_row in page]

        assert list_ids(visible_accounts=[acme.id]) == [ada.id, bob.id]
        assert list_ids(visible_accounts=[acme.id], account_ids=[other.id]) == [ada.id]
        assert list_ids(email_contains="x.org") == [bob.id, eve.id]
        assert list_ids(email_contains="ada@example") == [ada.id]
        assert list_ids(ids=[eve.id, "unknown"]) == [eve.id]
        assert user_list.get(unit, bob.id) == rows[bob.id]
        assert user_list.get(unit, "unknown") is None


class TestIdentities:
    """One statement tells who somebody is."""

    def test_by_key_login_address_and_id(self, unit: Unit) -> None:
        user_row = new_user(unit, account_ids=["z", "a"])
        key_id = user.insert_key(
            unit, user_id=user_row.id, key_hash=HASH, hint="", now=NOW, date_expires=format_instant(5)
        )
        login.insert(
            unit,
            id_hash=HASH,
            user_id=user_row.id,
            credentials_version=1,
            permanent=True,
            now=NOW,
            expires=format_instant(8),
        )
        owner = identity.find_by_id(unit, user_row.id)
        assert owner is not None
        assert (owner.user_id, owner.account_ids, owner.roles, owner.disabled) == (
            user_row.id,
            ["z", "a"],
            ["User"],
            False,
        )
        assert identity.find_by_email(unit, "ADA@EXAMPLE.org") == owner
        assert identity.find_by_key(unit, HASH) == (owner, identity.KeyState(format_instant(5), None))
        user.revoke_key(unit, key_id, format_instant(1))
        assert identity.find_by_key(unit, HASH) == (owner, identity.KeyState(format_instant(5), format_instant(1)))
        by_login = identity.find_by_login(unit, HASH)
        assert by_login is not None
        assert by_login[0] == owner
        assert (by_login[1].date_touched, by_login[1].date_expires) == (NOW, format_instant(8))

    def test_nobody(self, unit: Unit) -> None:
        assert identity.find_by_id(unit, "x") is None
        assert identity.find_by_email(unit, "x") is None
        assert identity.find_by_key(unit, HASH) is None
        assert identity.find_by_login(unit, HASH) is None

    def test_without_accounts(self, unit: Unit) -> None:
        user_row = new_user(unit, account_ids=[])
        owner = identity.find_by_id(unit, user_row.id)
        assert owner is not None
        assert owner.account_ids == []


class TestLogins:
    """Login sessions and failures."""

    def insert(self, unit: Unit, id_hash: str, user_id: str = "u", expires: int = 10) -> None:
        login.insert(
            unit,
            id_hash=id_hash,
            user_id=user_id,
            credentials_version=1,
            permanent=False,
            now=NOW,
            expires=format_instant(expires),
        )

    def count(self, unit: Unit) -> int:
        return int(unit.execute("SELECT COUNT(*) FROM login_sessions").fetchone()[0])

    def test_touched(self, unit: Unit) -> None:
        user_row = new_user(unit)
        self.insert(unit, HASH, user_row.id)
        for now, expires, expected in ((5, 15, 5), (3, 13, 5), (6, 16, 6)):
            login.touch(unit, HASH, now=format_instant(now), expires=format_instant(expires))
            login_session = identity.find_by_login(unit, HASH)
            assert login_session is not None
            assert (login_session[1].date_touched, login_session[1].date_expires) == (
                format_instant(expected),
                format_instant(expected + 10),
            )

    def test_ended(self, unit: Unit) -> None:
        for number, owner in enumerate("aab"):
            self.insert(unit, f"{number}", owner)
        assert login.delete(unit, "0") is True
        assert login.delete(unit, "0") is False
        assert login.delete_of_user(unit, "a") == 1
        assert self.count(unit) == 1

    def test_swept(self, unit: Unit) -> None:
        for number in range(5):
            self.insert(unit, f"{number}", expires=number)
        assert login.sweep(unit, format_instant(2)) == 3
        assert self.count(unit) == 2

    def test_failures(self, unit: Unit) -> None:
        for second in (1, 2, 3):
            login.note_failures(unit, ["name", "address"], format_instant(second))
        login.note_failures(unit, ["other"], format_instant(4))
        assert login.count_failures(unit, ["name", "other", "x"], format_instant(1)) == {
            "name": (2, format_instant(2)),
            "other": (1, format_instant(4)),
        }
        assert login.count_failures(unit, ["nobody", "nothing"], NOW) == {}
        assert login.forget_failures(unit, "name") == 3
        assert login.sweep_failures(unit, format_instant(2)) == 2
        assert login.count_failures(unit, ["name", "address"], NOW) == {"address": (1, format_instant(3))}

    def test_known(self, unit: Unit) -> None:
        assert login.read_known_since(unit, HASH) is None
        login.note_known(unit, HASH, format_instant(1))
        login.note_known(unit, HASH, format_instant(2))
        login.note_known(unit, "other", format_instant(2))
        assert login.read_known_since(unit, HASH) == format_instant(2)
        assert login.sweep_known(unit, format_instant(1)) == 0
        assert login.sweep_known(unit, format_instant(2)) == 2
        assert login.read_known_since(unit, HASH) is None


class TestTokenFamilies:
    """What is known of a log-in's tokens beside what they say."""

    def test_rotated_and_ended(self, unit: Unit) -> None:
        assert login.read_family(unit, HASH) is None
        assert login.hold_family(unit, HASH, format_instant(9)) == (False, None, None, None)
        login.rotate_family(
            unit, HASH, refresh_id="two", previous_id="one", now=format_instant(1), expires=format_instant(10)
        )
        assert login.hold_family(unit, HASH, format_instant(9)) == (False, "two", "one", format_instant(1))
        login.end_family(unit, HASH, format_instant(11))
        assert login.read_family(unit, HASH) == (True, "two", "one", format_instant(1))
        login.end_family(unit, "other", format_instant(11))
        assert login.read_family(unit, "other") == (True, None, None, None)

    def test_swept(self, unit: Unit) -> None:
        for number in range(5):
            login.end_family(unit, f"{number}", format_instant(number))
        assert login.sweep_families(unit, format_instant(2)) == 3
        assert [login.read_family(unit, f"{number}") is None for number in range(5)] == [True] * 3 + [False] * 2


class TestAccounts:
    """Accounts and customers are trees."""

    def test_accounts(self, unit: Unit) -> None:
        account_row = new_account(unit, "Ünï Acme")
        assert account.get(unit, account_row.id) == account.find_by_name(unit, "ÜNÏ ACME") == account_row
        assert (account_row.name, account_row.created_by, account_row.date_created) == ("Ünï Acme", "u", NOW)
        assert account.get(unit, "unknown") is None
        changed_row = account.update(unit, account_row.id, {"name": "New"}, now=format_instant(3), by="w")
        assert (
            changed_row.name,
            changed_row.last_modified_by,
            changed_row.date_last_modified,
            changed_row.created_by,
        ) == (
            "New",
            "w",
            format_instant(3),
            "u",
        )
        assert account.find_by_name(unit, "new") == changed_row
        assert account.find_by_name(unit, "ünï acme") is None

    def test_the_breadcrumb_begins_at_the_root(self, unit: Unit) -> None:
        root = new_customer(unit, "Root")
        child = new_customer(unit, "Child", root)
        leaf = new_customer(unit, "Leaf", child)
        assert [customer.name for customer in account.read_breadcrumb(unit, leaf)] == ["Root", "Child", "Leaf"]
        assert account.read_breadcrumb(unit, root) == [(root.id, "Root")]
        paths = account_list.read_customer_paths(unit, [leaf, root])
        assert [[customer.name for customer in path] for path in paths] == [["Root", "Child", "Leaf"], ["Root"]]

    def test_a_parent_that_is_gone_and_a_circle(self, unit: Unit) -> None:
        one = new_account(unit, "One")
        two = new_account(unit, "Two", one)
        account.update(unit, one.id, {"parent_account_id": two.id}, now=NOW, by="u")
        assert len(account_list.read_account_paths(unit, [account.get(unit, one.id)])[0]) == account.DEEPEST
        account.update(unit, one.id, {"parent_account_id": "gone"}, now=NOW, by="u")
        assert [
            account_row.name for account_row in account_list.read_account_paths(unit, [account.get(unit, two.id)])[0]
        ] == [
            "One",
            "Two",
        ]

    def test_lists(self, unit: Unit) -> None:
        acme, other = new_account(unit, "Acme 100%"), new_account(unit, "other ÄÖÜ")
        page = account_list.accounts.page
        assert page(unit, {"name_contains": "acme"}, BY_ID, 10) == [acme]
        assert page(unit, {"name_contains": "äöü"}, BY_ID, 10) == [other]
        assert page(unit, {"name_contains": "%"}, BY_ID, 10) == [acme]
        assert page(unit, {"visible_accounts": [other.id]}, BY_ID, 10) == [other]
        assert account_list.read_account_names(unit, [acme.id, other.id, acme.id]) == {
            acme.id: "Acme 100%",
            other.id: "other ÄÖÜ",
        }
        assert account_list.read_account_names(unit, []) == {}
        root = new_customer(unit, "B root", account_id=other.id)
        leaf = new_customer(unit, "A leaf", root, account_id=acme.id)
        customers = account_list.customers
        assert customers.page(unit, {"parent_customer_ids": [root.id]}, BY_ID, 10) == [leaf]
        assert customers.page(unit, {"account_ids": [acme.id], "visible_accounts": [other.id]}, BY_ID, 10) == []
        for key in ("name", "account_name"):
            assert customers.page(unit, {}, Order(key, descending=False), 10) == [leaf, root]
            assert list(customers.everything(unit, {}, Order(key))) == [root, leaf]
        assert customers.count(unit, {"ids": [root.id, leaf.id]}) == 2


class TestMessages:
    """Messages make conversations."""

    def send(self, unit: Unit, second: int, **values: Any) -> Any:
        row = {
            "account_id": "a",
            "endpoint_id": "e",
            "other_address": "+1",
            "direction": "Incoming",
            "text": "Hi 😀",
            "is_unread": True,
        }
        return message.insert(unit, {**row, "date": format_instant(second), **values})

    def test_what_makes_a_conversation(self, unit: Unit) -> None:
        first = self.send(unit, 1)
        assert (first.text, first.is_unread, first.sender) == ("Hi 😀", True, None)
        assert self.send(unit, 2).conversation_id == first.conversation_id
        others: list[dict[str, Any]] = [
            {"account_id": "b"},
            {"endpoint_id": "f"},
            {"other_address": "+2"},
            {"other_address": None, "session_id": "s"},
        ]
        ids = {self.send(unit, 3, **values).conversation_id for values in others}
        assert len(ids | {first.conversation_id}) == 5

    def test_the_newest_is_on_top_whenever_it_comes(self, unit: Unit) -> None:
        self.send(unit, 1)
        newest = self.send(unit, 5)
        self.send(unit, 3)
        (conversation,) = message.conversations.page(unit, {}, BY_ID, 10)
        assert (conversation.most_recent_message_id, conversation.date_last_message) == (newest.id, format_instant(5))
        assert message.read_newest_of(unit, [conversation]) == {newest.id: newest}
        assert message.read_newest_of(unit, []) == {}

    def test_filters(self, unit: Unit) -> None:
        first = self.send(unit, 1, customer_id="c")
        second = self.send(unit, 2, account_id="b", endpoint_id="f")
        for filters, expected in (
            ({"visible_accounts": ["a"]}, [first]),
            ({"account_ids": ["a", "b"], "visible_accounts": None}, [first, second]),
            ({"customer_ids": ["c"]}, [first]),
            ({"endpoint_ids": ["f"]}, [second]),
            ({"after": format_instant(1)}, [second]),
            ({"after": format_instant(0), "account_ids": ["a"]}, [first]),
        ):
            assert message.messages.page(unit, filters, Order("date", descending=False), 10) == expected
            conversations = message.conversations.page(unit, filters, Order("date_last_message", descending=False), 10)
            assert [row.most_recent_message_id for row in conversations] == [row.id for row in expected]
        assert message.messages.count(unit, {"conversation_ids": [first.conversation_id]}) == 1


class TestIdempotency:
    """A key stands for a result, for a while."""

    def claim(self, unit: Unit, key: str = "k", user_id: str = "u", now: int = 10, oldest: int = 0) -> str | None:
        key_columns = {"user_id": user_id, "operation": "NewSession", "key": key}
        result = idempotency.claim(unit, **key_columns, now=format_instant(now), oldest=format_instant(oldest))
        if result is None:
            idempotency.keep(unit, **key_columns, result=f"{user_id} {key} {now}")
        return result

    def test_the_first_result_again(self, unit: Unit) -> None:
        assert self.claim(unit) is None
        assert self.claim(unit, now=11) == "u k 10"
        assert self.claim(unit, user_id="w") is None
        assert self.claim(unit, key="K") is None

    def test_for_a_while(self, unit: Unit) -> None:
        assert self.claim(unit) is None
        assert self.claim(unit, now=20, oldest=10) == "u k 10"
        assert self.claim(unit, now=21, oldest=11) is None
        assert self.claim(unit, now=22, oldest=11) == "u k 21"

    def test_what_is_over_is_deleted(self, unit: Unit) -> None:
        """A few with each new key."""
        keys = []
        for number in range(12):
            self.claim(unit, key=f"k{number}", now=number)
        for number in range(2):
            self.claim(unit, key=f"new{number}", now=20, oldest=11)
            keys.append({key for (key,) in unit.execute('SELECT "key" FROM idempotency_keys').fetchall()})
        assert keys == [{"k10", "k11", "new0"}, {"k11", "new0", "new1"}]

    def test_what_others_claim_anew_is_not_waited_for(self, migrated_url: str) -> None:
        """A key that is over and that a unit claims anew is left by who forgets what is over."""
        impatient = connect(migrated_url, patience=0.1)
        if impatient.engine.one_writer:
            return
        with impatient.unit_of_work() as unit:
            for number in range(3):
                self.claim(unit, key=f"k{number}", now=number)
        with impatient.unit_of_work() as one:
            assert self.claim(one, key="k1", now=20, oldest=11) is None
            with impatient.unit_of_work() as two:
                assert self.claim(two, key="new", now=20, oldest=11) is None
        with impatient.unit_of_work(write=False) as unit:
            keys = {key for (key,) in unit.execute('SELECT "key" FROM idempotency_keys').fetchall()}
        impatient.dispose()
        assert keys == {"k1", "new"}

    def test_what_failed_may_be_done_again(self, database: Database) -> None:
        def fail() -> None:
            with database.unit_of_work() as unit:
                assert self.claim(unit) is None
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        with database.unit_of_work() as unit:
            assert self.claim(unit) is None
