"""NewSession: its defaults, what it resolves, what it refuses, and that it is done once."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import Conflict, IdempotencyKeyReused, MalformedRequest, NotFound, ValidationFailed
from gateway.transactions import unit_of_work
from gateway.users import idempotency
from tests.sessions.conftest import People, World


def test_defaults(world: World, people: People) -> None:
    row = world.call(people.ada, "NewSession", {"displayName": "Hi"})
    assert (row.direction, row.call_state, row.channel) == ("Outgoing", "Connected", "Voice")
    assert (row.dial_state, row.queue_state) == ("None", "None")
    assert (row.ended, row.was_missed) == (False, False)
    assert row.from_address == "ada@example.org"
    assert (row.account_id, row.account_name) == (people.acme, "Acme")
    assert row.created_by == row.last_modified_by == people.ada.user_id
    assert row.date_created == row.date_last_modified
    assert row.date_created.endswith("Z")
    assert [(line.date, line.message) for line in row.log] == [(row.date_created, "Session created by Ada")]
    (caller,) = row.members
    assert (caller.identity, caller.is_original_member, caller.role) == ("ada@example.org", True, "Agent")
    assert row.version == 1


def test_what_is_given_is_kept(world: World, people: People) -> None:
    values = {
        "displayName": 'A "quoted", {braced} name \N{GRINNING FACE}',
        "channel": "fax",
        "direction": "Incoming",
        "callState": "4",
        "fromAddress": "from@example.org",
        "fromName": "From",
        "toAddress": "to@example.org",
        "fromPhoneNumber": "+15551230001",
        "destination": "+15551230002",
        "startSession": "true",
    }
    session = world.call(people.ada, "NewSession", values)
    row = world.call(people.bob, "GetSession", {"sessionId": session.id})
    assert row == session
    assert row.display_name == values["displayName"]
    assert (row.channel, row.direction, row.call_state, row.dial_state) == ("Fax", "Incoming", "Passive", "Active")
    assert (row.from_address, row.from_name, row.to_address) == ("from@example.org", "From", "to@example.org")
    assert (row.from_phone_number, row.destination) == ("+15551230001", "+15551230002")
    assert row.members[0].role == "Caller"


def test_members_in_order_without_duplicates(world: World, people: People) -> None:
    addresses = ["b@example.org", "a@example.org", "B@Example.org", "ADA@example.org", None]
    row = world.call(
        people.ada,
        "NewSession",
        {"memberEmailAddresses": addresses, "withAddress": f"user:{people.bob.user_id}"},
    )
    assert [member.identity for member in row.members] == [
        "ada@example.org",
        "b@example.org",
        "a@example.org",
        "bob@example.org",
    ]
    assert [member.is_original_member for member in row.members] == [True, False, False, False]
    assert row.members[-1].endpoint_id == people.bob.user_id
    assert row.members[-1].display_name == "Bob"


def test_a_team_is_only_noted(world: World, people: People) -> None:
    assert len(world.call(people.ada, "NewSession", {"withAddress": "team:1"}).members) == 1


def test_half_a_surrogate_pair_is_refused(world: World, people: People) -> None:
    with pytest.raises(MalformedRequest):
        world.call(people.ada, "NewSession", {"displayName": "\ud800"})
    assert world.count("sessions") == 0


def test_what_is_left_blank_is_not_given(world: World, people: People) -> None:
    blank = dict.fromkeys(
        ("fromAddress", "parentSessionId", "customerId", "withAddress", "channel", "startSession"), ""
    )
    row = world.call(people.ada, "NewSession", blank)
    assert (row.from_address, row.channel, row.dial_state) == ("ada@example.org", "Voice", "None")
    assert len(row.members) == 1


def test_the_customer_is_resolved(world: World, people: People) -> None:
    top = world.add_customer(people.acme, "Top")
    middle = world.add_customer(people.acme, "Middle", top)
    bottom = world.add_customer(people.acme, "Bottom", middle)
    row = world.call(people.ada, "NewSession", {"customerId": bottom})
    assert (row.customer_id, row.customer_name) == (bottom, "Bottom")
    crumbs = [(crumb.id, crumb.name) for crumb in row.customer_breadcrumb]
    assert crumbs == [(top, "Top"), (middle, "Middle"), (bottom, "Bottom")]
    assert world.call(people.ada, "GetSession", {"sessionId": row.id}).customer_breadcrumb == row.customer_breadcrumb


def test_ids_are_unguessable_and_ordered_by_time(world: World, people: People) -> None:
    session_ids = [world.call(people.ada, "NewSession").id for _ in range(5)]
    assert len({session_id[-12:] for session_id in session_ids}) == 5
    assert [session_id[:12] for session_id in session_ids] == sorted(session_id[:12] for session_id in session_ids)


def list_failures(world: World, caller: Any, values: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as caught:
        world.call(caller, "NewSession", values)
    return [(error.error_code, error.field_name) for error in caught.value.errors]


def test_everything_that_leads_nowhere_is_refused_at_once(world: World, people: People) -> None:
    foreign = world.call(people.eve, "NewSession")
    values = {
        "parentSessionId": foreign.id,
        "customerId": world.add_customer(people.other, "Theirs"),
        "withAddress": f"user:{people.eve.user_id}",
    }
    before = world.count("sessions")
    assert list_failures(world, people.ada, values) == [
        ("NotFound", "parentSessionId"),
        ("NotFound", "customerId"),
        ("NotFound", "withAddress"),
    ]
    assert world.count("sessions") == before
    assert world.call(people.root, "NewSession", values).customer_name == "Theirs"


def test_broken_rules_and_missing_ids_are_refused_together(world: World, people: People) -> None:
    values = {
        "displayName": "x" * 256,
        "channel": "Telex",
        "customerId": "nobody",
        "parentSessionId": "nothing",
        "withAddress": "nobody",
        "memberEmailAddresses": ["fine@example.org", "not an address"],
    }
    assert list_failures(world, people.ada, values) == [
        ("Length", "displayName"),
        ("SerializationException", "channel"),
        ("RegularExpression", "withAddress"),
        ("Email", "memberEmailAddresses[1]"),
        ("NotFound", "parentSessionId"),
        ("NotFound", "customerId"),
    ]
    assert [world.count(table) for table in ("sessions", "session_members", "session_log")] == [0, 0, 0]


OUTGOING = {"flowId": "f1", "numberToDial": "+15551234567", "callerId": "+15550000000"}


def test_a_key_is_done_once(world: World, people: People) -> None:
    session = world.call(people.ada, "NewSession", {"displayName": "one"}, idempotency_key="k")
    world.call(people.ada, "PatchSession", {"sessionId": session.id, "consoleData": "later"})
    repeated = world.call(people.ada, "NewSession", {"displayName": "one"}, idempotency_key="k")
    assert (repeated.id, repeated.display_name, repeated.console_data) == (session.id, "one", None)
    assert repeated.members[0].identity == "ada@example.org"
    assert world.count("sessions") == 1
    assert world.call(people.bob, "NewSession", {}, idempotency_key="k").id != session.id
    assert world.call(people.ada, "NewSession", {}, idempotency_key="K").id != session.id


def test_a_key_of_another_request(world: World, people: People) -> None:
    world.call(people.ada, "NewSession", {"displayName": "one"}, idempotency_key="k")
    with pytest.raises(IdempotencyKeyReused):
        world.call(people.ada, "NewSession", {"displayName": "two"}, idempotency_key="k")
    assert world.count("sessions") == 1
    assert world.call(people.ada, "NewCustomer", {"name": "one"}, idempotency_key="k").name == "one"


def test_neither_keys_nor_requests_are_stored(world: World, people: People) -> None:
    world.call(people.root, "NewOutgoingSession", OUTGOING, idempotency_key="a key of ours")
    with unit_of_work(world.database, write=False) as unit:
        stored_text = str(unit.execute("SELECT * FROM idempotency_keys").fetchall())
    assert "a key of ours" not in stored_text
    assert "+15551234567" not in stored_text


def test_a_key_at_once(world: World, people: People) -> None:
    def create(_number: int) -> str | None:
        try:
            return str(world.call(people.ada, "NewSession", {"displayName": "one"}, idempotency_key="k").id)
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        session_ids = set(pool.map(create, range(24))) - {None}
    assert len(session_ids) == 1
    assert world.count("sessions") == 1


@pytest.mark.parametrize(
    ("before", "after", "visible"),
    [
        (lambda people: people.ada, lambda ada, people: replace(ada, account_ids=(people.other,)), False),
        (lambda people: people.ada, lambda ada, people: replace(ada, account_ids=(people.other, people.acme)), True),
        (lambda people: people.ada, lambda ada, _: replace(ada, roles=frozenset({"User"})), False),
        (lambda people: people.root, lambda root, _: replace(root, roles=frozenset({"User"})), False),
        (
            lambda people: replace(people.ada, account_ids=(people.acme, people.other)),
            lambda ada, people: replace(ada, account_ids=(people.acme,)),
            True,
        ),
    ],
    ids=["other account", "further account", "fewer roles", "no administrator", "an account less"],
)
def test_a_result_that_may_not_be_seen_any_more(
    world: World, people: People, before: Any, after: Any, visible: bool
) -> None:
    caller = before(people)
    session = world.call(caller, "NewSession", {}, idempotency_key="k")
    if visible:
        assert world.call(after(caller, people), "NewSession", {}, idempotency_key="k").id == session.id
        return
    with pytest.raises(NotFound):
        world.call(after(caller, people), "NewSession", {}, idempotency_key="k")
    assert world.count("sessions") == 1


def test_a_result_that_is_too_long_to_keep(world: World, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    session = world.call(people.ada, "NewSession", {}, idempotency_key="short")
    assert world.call(people.ada, "NewSession", {}, idempotency_key="short").id == session.id
    monkeypatch.setattr(idempotency, "LONGEST_RESULT", 1000)
    world.call(people.ada, "NewSession", {}, idempotency_key="k")
    with pytest.raises(Conflict) as caught:
        world.call(people.ada, "NewSession", {}, idempotency_key="k")
    assert caught.value.code == "IdempotentResultNotKept"
    assert world.count("sessions") == 2


def test_an_operation_without_a_result(world: World, people: People) -> None:
    for _ in range(2):
        assert world.call(people.root, "NewOutgoingSession", OUTGOING, idempotency_key="k") is None
    assert world.count("sessions") == 1


def test_a_failed_call_does_not_use_its_key_up(world: World, people: People) -> None:
    with pytest.raises(ValidationFailed):
        world.call(people.ada, "NewSession", {"customerId": "nobody"}, idempotency_key="k")
    assert world.call(people.ada, "NewSession", {"displayName": "now"}, idempotency_key="k").display_name == "now"


def test_a_key_is_forgotten_after_a_day(world: World, people: People) -> None:
    session = world.call(people.ada, "NewSession", {}, idempotency_key="k")
    for _ in range(24 * 3600 - 1):
        next(world.ticks)
    assert world.call(people.ada, "NewSession", {}, idempotency_key="k").id == session.id
    assert world.call(people.ada, "NewSession", {}, idempotency_key="k").id != session.id


def test_a_key_that_is_too_long(world: World, people: People) -> None:
    with pytest.raises(ValidationFailed):
        world.call(people.ada, "NewSession", {}, idempotency_key="k" * 256)


def test_outgoing(world: World, people: People) -> None:
    values = {"flowId": "f1", "numberToDial": "+15551234567", "callerId": "+15550000000"}
    assert world.call(people.ada, "NewOutgoingSession", values) is None
    with pytest.raises(ValidationFailed) as caught:
        world.call(people.ada, "NewOutgoingSession", {"numberToDial": "5551234567"})
    assert [error.field_name for error in caught.value.errors] == ["flowId", "numberToDial"]


def test_a_key_is_remembered_for_a_day_to_the_second(world: World, people: People) -> None:
    session = world.call(people.ada, "NewSession", {}, idempotency_key="k")
    world.ticks = itertools.chain([next(world.ticks) - 1 + 24 * 3600], world.ticks)
    assert world.call(people.ada, "NewSession", {}, idempotency_key="k").id == session.id
