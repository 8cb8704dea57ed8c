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


def call_everything(call: Call, caller: Principal, session_id: str) -> list[Any]:
    """A session as every operation returns it."""
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


def read_customer(row: Any) -> tuple[Any, Any, list[str] | None]:
    crumbs = row.customer_breadcrumb
    return row.customer_id, row.customer_name, None if crumbs is None else [crumb.name for crumb in crumbs]


def test_customers_of_sessions(call: Call, world: World, people: People, both: Principal) -> None:
    top = world.add_customer(people.other, "Top")
    middle = world.add_customer(people.acme, "Middle", top)
    below = world.add_customer(people.other, "Below", middle)
    for customer, complete, visible in (
        (below, (below, "Below", ["Top", "Middle", "Below"]), (None, None, ["Middle"])),
        (middle, (middle, "Middle", ["Top", "Middle"]), (middle, "Middle", ["Middle"])),
    ):
        session = call(both, "NewSession", {"customerId": customer, "memberEmailAddresses": ["bob@example.org"]})
        for caller, expected in ((both, complete), (people.root, complete), (people.bob, visible)):
            responses = call_everything(call, caller, session.id)
            assert [read_customer(response) for response in responses if response.id == session.id] == [expected] * sum(
                response.id == session.id for response in responses
            )
        call(both, "EndSession", {"sessionId": session.id})
        operation = catalog.operations["GetSession"]
        assert conditional.etag(operation, call(both, "GetSession", {"sessionId": session.id})) is not None
        assert conditional.etag(operation, call(people.bob, "GetSession", {"sessionId": session.id})) is None, (
            "under it the whole document is kept"
        )


def test_customers_that_are_no_more_are_what_the_session_says(call: Call, world: World, people: People) -> None:
    customer = world.add_customer(people.acme, "Gone")
    session = call(people.bob, "NewSession", {"customerId": customer})
    with world.database.unit_of_work() as unit:
        unit.execute("DELETE FROM customers")
    assert read_customer(call(people.bob, "GetSession", {"sessionId": session.id})) == (customer, "Gone", ["Gone"])


def test_customers_of_messages(call: Call, world: World, people: People, both: Principal) -> None:
    customer = world.add_customer(people.other, "Foreign")
    session = call(both, "NewSession", {"customerId": customer})
    message = call(both, "SendMessage", {"sessionId": session.id, "body": "Hi"})
    assert message.customer_id == customer
    assert call(people.bob, "SendMessage", {"sessionId": session.id, "body": "Ho"}).customer_id is None
    for caller, expected in ((both, customer), (people.bob, None)):
        assert {record.customer_id for record in call(caller, "ListMessages").items} == {expected}
        newest = [record.most_recent_message for record in call(caller, "ListConversations").conversations]
        assert [record.customer_id for record in newest] == [expected]


@pytest.mark.parametrize("everything", [False, True])
def test_filters_confirm_no_foreign_id(
    call: Call, world: World, people: People, both: Principal, everything: bool
) -> None:
    foreign, visible = world.add_customer(people.other, "Foreign"), world.add_customer(people.acme, "Own")
    for customer in (foreign, visible):
        session = call(both, "NewSession", {"customerId": customer})
        call(both, "SendMessage", {"sessionId": session.id, "body": "Hi"})
        call(both, "NewCustomer", {"name": "Below", "parentCustomerId": customer})

    def count_matches(caller: Principal, operation: str, **filters: Any) -> int:
        response = call(caller, operation, {"all": everything, **filters})
        return len(list(response.conversations if operation == "ListConversations" else response.items))

    lists = [
        ("ListSessions", "customerIds", foreign, visible),
        ("ListMessages", "customerIds", foreign, visible),
        ("ListConversations", "customerIds", foreign, visible),
        ("ListCustomers", "parentCustomerIds", foreign, visible),
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
        ("ListCustomers", "specificIds", foreign, visible),
        ("ListAccounts", "specificIds", people.other, people.acme),
    ]
    for operation, name, hidden_id, visible_id in lists:
        caller = people.ada if operation in ("ListUsers", "ListCustomers") else people.bob
        assert count_matches(caller, operation, **{name: [hidden_id]}) == 0, (operation, name)
        assert count_matches(caller, operation, **{name: [visible_id]}) > 0, (operation, name)
        assert count_matches(caller, operation, **{name: [hidden_id, visible_id]}) == count_matches(
            caller, operation, **{name: [visible_id]}
        )
    assert count_matches(both, "ListSessions", customerIds=[foreign]) == 1


def test_accounts_above(call: Call, world: World, people: People) -> None:
    middle = world.add_account("Middle", people.other)
    below = world.add_account("Below", middle)
    caller = world.add_user("below@example.org", [below, people.other], "User")
    for values in ({}, {"all": True}):
        accounts = {account.id: account for account in call(caller, "ListAccounts", values).items}
        assert accounts.keys() == {below, people.other}
        assert (accounts[below].parent_account_id, accounts[below].ancestor_ids) == (None, [people.other])
    assert call(caller, "GetAccount", {"accountId": below}).parent_account_id is None
    complete = call(people.root, "GetAccount", {"accountId": below})
    assert (complete.parent_account_id, complete.ancestor_ids) == (middle, [people.other, middle])


def test_customers_above(call: Call, world: World, people: People, both: Principal) -> None:
    top = world.add_customer(people.other, "Top")
    created = call(both, "NewCustomer", {"name": "Below", "parentCustomerId": top})
    assert (created.parent_customer_id, [crumb.name for crumb in created.breadcrumb]) == (top, ["Top", "Below"])
    for values in ({}, {"all": True}):
        (customer,) = call(people.ada, "ListCustomers", values).items
        assert (customer.parent_customer_id, [crumb.name for crumb in customer.breadcrumb]) == (None, ["Below"])


def test_a_replay_answers_nothing_of_an_account_that_the_caller_left(
    call: Call, world: World, people: People, both: Principal
) -> None:
    customer = world.add_customer(people.other, "Foreign")
    options = {"idempotency_key": "k"}
    session = call(both, "NewSession", {"customerId": customer}, **options)
    assert (
        call(both, "NewSession", {"customerId": customer}, **options).customer_name
        == session.customer_name
        == "Foreign"
    )
    with world.database.unit_of_work() as unit:
        user.set_accounts(unit, both.user_id, [people.other])
    moved = Principal(both.user_id, both.email, both.email, both.roles, (people.other,), both.method)
    with pytest.raises(NotFound):
        call(moved, "NewSession", {"customerId": customer}, **options)
    assert world.count("sessions") == 1


def test_all_of_ones_sessions_are_answered(
    call: Call, people: People, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_ids = [call(people.bob, "NewSession", {"displayName": str(number)}).id for number in range(7)]
    assert [session.id for session in call(people.bob, "GetMySessions").sessions] == session_ids[::-1]
    monkeypatch.setattr(session_lists, "MOST_OF_MINE", 3)
    with world.context(people.bob, write=False) as context:
        assert isinstance(session_lists.list_mine(None, context), Streamed)
    response = call(people.bob, "GetMySessions")
    assert [session.id for session in response.sessions] == session_ids[::-1]
    assert vars(response).keys() == GetMySessionsResponse.schema().fields.keys()
