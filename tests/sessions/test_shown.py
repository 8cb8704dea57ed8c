"""What belongs to accounts that a caller does not see has neither an id nor a name there."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.calls import Principal, Streamed
from gateway.errors import NotFound
from gateway.http import conditional
from gateway.sessions import session_lists
from gateway.sessions.dtos.sessions import GetMySessionsResponse
from models.users import user
from tests.sessions_api import catalog

from .conftest import Call, People, World


@pytest.fixture
def both(world: World, people: People) -> Principal:
    """Somebody who sees two accounts, Acme first."""
    return world.add_user("both@example.org", [people.acme, people.other], "User", "Manager")


def answers(call: Call, caller: Principal, session_id: str) -> list[Any]:
    """A session as every operation answers it."""
    values = {"sessionId": session_id}
    mine = call(caller, "GetMySessions").sessions
    return [
        call(caller, "GetSession", values),
        call(caller, "PatchSession", values),
        call(caller, "PatchSession", {**values, "consoleData": "x"}),
        call(caller, "HoldSession", values),
        call(caller, "AddConferenceMember", {**values, "destination": "+15550100"}),
        call(caller, "AddConferenceMember", {**values, "destination": "+15550100"}),
        call(caller, "InviteChatMember", {**values, "memberToAdd": "a@example.org"}),
        call(caller, "InviteChatMember", {**values, "memberToAdd": "a@example.org"}),
        call(caller, "DeleteChatMember", {**values, "memberToRemove": "a@example.org"}),
        *call(caller, "ListSessions").items,
        *call(caller, "ListSessions", {"all": True}).items,
        *mine,
    ]


def customer_of(row: Any) -> tuple[Any, Any, list[str] | None]:
    crumbs = row.customer_breadcrumb
    return row.customer_id, row.customer_name, None if crumbs is None else [each.name for each in crumbs]


def test_customers_of_sessions(call: Call, world: World, people: People, both: Principal) -> None:
    top = world.add_customer(people.other, "Top")
    middle = world.add_customer(people.acme, "Middle", top)
    below = world.add_customer(people.other, "Below", middle)
    for customer, whole, seen in (
        (below, (below, "Below", ["Top", "Middle", "Below"]), (None, None, ["Middle"])),
        (middle, (middle, "Middle", ["Top", "Middle"]), (middle, "Middle", ["Middle"])),
    ):
        made = call(both, "NewSession", {"customerId": customer, "memberEmailAddresses": ["bob@example.org"]})
        for caller, expected in ((both, whole), (people.root, whole), (people.bob, seen)):
            found = answers(call, caller, made.id)
            assert [customer_of(each) for each in found if each.id == made.id] == [expected] * sum(
                each.id == made.id for each in found
            )
        call(both, "EndSession", {"sessionId": made.id})
        shown = catalog.operations["GetSession"]
        assert conditional.etag(shown, call(both, "GetSession", {"sessionId": made.id})) is not None
        assert conditional.etag(shown, call(people.bob, "GetSession", {"sessionId": made.id})) is None, (
            "under it the whole document is kept"
        )


def test_customers_that_are_no_more_are_what_the_session_says(call: Call, world: World, people: People) -> None:
    customer = world.add_customer(people.acme, "Gone")
    made = call(people.bob, "NewSession", {"customerId": customer})
    with world.database.unit_of_work() as unit:
        unit.execute("DELETE FROM customers")
    assert customer_of(call(people.bob, "GetSession", {"sessionId": made.id})) == (customer, "Gone", ["Gone"])


def test_customers_of_messages(call: Call, world: World, people: People, both: Principal) -> None:
    customer = world.add_customer(people.other, "Foreign")
    made = call(both, "NewSession", {"customerId": customer})
    sent = call(both, "SendMessage", {"sessionId": made.id, "body": "Hi"})
    assert sent.customer_id == customer
    assert call(people.bob, "SendMessage", {"sessionId": made.id, "body": "Ho"}).customer_id is None
    for caller, expected in ((both, customer), (people.bob, None)):
        assert {each.customer_id for each in call(caller, "ListMessages").items} == {expected}
        newest = [each.most_recent_message for each in call(caller, "ListConversations").conversations]
        assert [each.customer_id for each in newest] == [expected]


@pytest.mark.parametrize("everything", [False, True])
def test_filters_confirm_no_foreign_id(
    call: Call, world: World, people: People, both: Principal, everything: bool
) -> None:
    foreign, own = world.add_customer(people.other, "Foreign"), world.add_customer(people.acme, "Own")
    for customer in (foreign, own):
        made = call(both, "NewSession", {"customerId": customer})
        call(both, "SendMessage", {"sessionId": made.id, "body": "Hi"})
        call(both, "NewCustomer", {"name": "Below", "parentCustomerId": customer})

    def found(caller: Principal, operation: str, **filters: Any) -> int:
        answer = call(caller, operation, {"all": everything, **filters})
        return len(list(answer.conversations if operation == "ListConversations" else answer.items))

    lists = [
        ("ListSessions", "customerIds", foreign, own),
        ("ListMessages", "customerIds", foreign, own),
        ("ListConversations", "customerIds", foreign, own),
        ("ListCustomers", "parentCustomerIds", foreign, own),
        ("ListSessions", "accountIds", people.other, people.acme),
        ("ListMessages", "accountIds", people.other, people.acme),
        ("ListConversations", "accountIds", people.other, people.acme),
        ("ListCustomers", "accountIds", people.other, people.acme),
        ("ListUsers", "accountIds", people.other, people.acme),
        (
            "ListUsers",
            "specificIds",
            world.add_user("far@example.org", [people.other], "User").user_id,
            people.bob.user_id,
        ),
        ("ListCustomers", "specificIds", foreign, own),
        ("ListAccounts", "specificIds", people.other, people.acme),
    ]
    for operation, name, unseen, seen in lists:
        caller = people.ada if operation in ("ListUsers", "ListCustomers") else people.bob
        assert found(caller, operation, **{name: [unseen]}) == 0, (operation, name)
        assert found(caller, operation, **{name: [seen]}) > 0, (operation, name)
        assert found(caller, operation, **{name: [unseen, seen]}) == found(caller, operation, **{name: [seen]})
    assert found(both, "ListSessions", customerIds=[foreign]) == 1


def test_accounts_above(call: Call, world: World, people: People) -> None:
    middle = world.add_account("Middle", people.other)
    below = world.add_account("Below", middle)
    caller = world.add_user("below@example.org", [below, people.other], "User")
    for values in ({}, {"all": True}):
        shown = {each.id: each for each in call(caller, "ListAccounts", values).items}
        assert shown.keys() == {below, people.other}
        assert (shown[below].parent_account_id, shown[below].ancestor_ids) == (None, [people.other])
    assert call(caller, "GetAccount", {"accountId": below}).parent_account_id is None
    whole = call(people.root, "GetAccount", {"accountId": below})
    assert (whole.parent_account_id, whole.ancestor_ids) == (middle, [people.other, middle])


def test_customers_above(call: Call, world: World, people: People, both: Principal) -> None:
    top = world.add_customer(people.other, "Top")
    made = call(both, "NewCustomer", {"name": "Below", "parentCustomerId": top})
    assert (made.parent_customer_id, [each.name for each in made.breadcrumb]) == (top, ["Top", "Below"])
    for values in ({}, {"all": True}):
        (shown,) = call(people.ada, "ListCustomers", values).items
        assert (shown.parent_customer_id, [each.name for each in shown.breadcrumb]) == (None, ["Below"])


def test_a_replay_answers_nothing_of_an_account_that_the_caller_left(
    call: Call, world: World, people: People, both: Principal
) -> None:
    customer = world.add_customer(people.other, "Foreign")
    once = {"idempotency_key": "k"}
    made = call(both, "NewSession", {"customerId": customer}, **once)
    assert call(both, "NewSession", {"customerId": customer}, **once).customer_name == made.customer_name == "Foreign"
    with world.database.unit_of_work() as unit:
        user.set_accounts(unit, both.user_id, [people.other])
    moved = Principal(both.user_id, both.email, both.email, both.roles, (people.other,), both.method)
    with pytest.raises(NotFound):
        call(moved, "NewSession", {"customerId": customer}, **once)
    assert world.count("sessions") == 1


def test_all_of_ones_sessions_are_answered(
    call: Call, people: People, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [call(people.bob, "NewSession", {"displayName": str(number)}).id for number in range(7)]
    assert [each.id for each in call(people.bob, "GetMySessions").sessions] == made[::-1]
    monkeypatch.setattr(session_lists, "MOST_OF_MINE", 3)
    with world.context(people.bob, write=False) as context:
        assert isinstance(session_lists.list_mine(None, context), Streamed)
    found = call(people.bob, "GetMySessions")
    assert [each.id for each in found.sessions] == made[::-1]
    assert vars(found).keys() == GetMySessionsResponse.schema().fields.keys()
