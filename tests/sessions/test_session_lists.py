"""ListSessions and GetMySessions: who sees what, filters, order, pages, everything."""

from __future__ import annotations

from typing import Any

import pytest

from gateway import lists
from gateway.calls import Streamed
from gateway.errors import ValidationFailed
from models.engine import listing
from tests.sessions.conftest import People, World


def list_ids(page: Any) -> list[str]:
    return [item.id for item in page.items]


@pytest.fixture
def made(world: World, people: People) -> list[str]:
    """Five sessions of Acme, oldest first, and one of the other account."""
    session_ids = [
        world.call(people.ada, "NewSession", {"displayName": f"S{number}", "toAddress": f"To {number}"}).id
        for number in range(5)
    ]
    world.call(people.eve, "NewSession", {"displayName": "theirs"})
    return session_ids


def test_who_sees_what(world: World, people: People, made: list[str]) -> None:
    assert list_ids(world.call(people.bob, "ListSessions")) == made[::-1]
    assert len(list_ids(world.call(people.eve, "ListSessions"))) == 1
    assert len(list_ids(world.call(people.root, "ListSessions"))) == 6
    assert list_ids(world.call(people.root, "ListSessions", {"accountIds": [people.acme]})) == made[::-1]
    assert list_ids(world.call(people.ada, "ListSessions", {"accountIds": [people.other]})) == []
    nobody = world.add_user("new@example.org", [], "User")
    assert list_ids(world.call(nobody, "ListSessions")) == []


def test_pages(world: World, people: People, made: list[str]) -> None:
    first_page = world.call(people.ada, "ListSessions", {"page": "1", "countPerPage": "2"})
    assert (list_ids(first_page), first_page.total_count, first_page.total_pages, first_page.has_more_pages) == (
        made[:2:-1],
        5,
        3,
        True,
    )
    last_page = world.call(people.ada, "ListSessions", {"page": "3", "countPerPage": "2"})
    assert (list_ids(last_page), last_page.total_count, last_page.has_more_pages) == (made[:1], 5, False)
    beyond = world.call(people.ada, "ListSessions", {"page": "4", "countPerPage": "2"})
    assert (list_ids(beyond), beyond.total_count, beyond.has_more_pages) == ([], 5, False)
    simple = world.call(people.ada, "ListSessions", {"page": 2, "countPerPage": 2, "simplifiedPaging": True})
    assert (list_ids(simple), simple.total_count, simple.total_pages, simple.has_more_pages) == (
        made[2:0:-1],
        0,
        0,
        True,
    )


@pytest.fixture
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that five sessions pass."""
    monkeypatch.setattr(lists, "MOST_COUNTED", 3)
    monkeypatch.setattr(lists, "MOST_SORTED", 4)


@pytest.mark.usefixtures("small_bounds")
def test_totals_end_at_a_bound(world: World, people: People, made: list[str]) -> None:
    def get_page(number: int, **more: Any) -> tuple[Any, ...]:
        page = world.call(people.ada, "ListSessions", {"page": number, "countPerPage": 2, **more})
        return len(page.items), page.total_count, page.total_pages, page.has_more_pages, page.is_count_capped

    assert get_page(1) == (2, 3, 2, True, True)
    assert get_page(2) == (2, 3, 2, True, True)
    assert get_page(3) == (1, 5, 3, False, False)  # the last page knows
    assert get_page(4) == (0, 3, 2, False, True)
    assert get_page(1, to="to 1") == (1, 1, 1, False, False)
    assert get_page(1, to="nowhere") == (0, 0, 0, False, False)
    assert get_page(1, simplifiedPaging=True) == (2, 0, 0, True, False)


@pytest.mark.usefixtures("small_bounds")
def test_many_rows_are_sorted_only_by_an_index(world: World, people: People, made: list[str]) -> None:
    with pytest.raises(ValidationFailed) as refused:
        world.call(people.ada, "ListSessions", {"sortField": "displayName"})
    (failure,) = refused.value.errors
    assert failure.field_name == "sortField"
    assert "at most 4 rows" in failure.message
    assert "dateCreated" in failure.message
    for values in ({"sortField": "dateCreated"}, {"sortField": "id"}, {"sortField": "displayName", "to": "to 1"}):
        assert world.call(people.ada, "ListSessions", values).items
    with pytest.raises(ValidationFailed):
        world.call(people.ada, "ListSessions", {"sortField": "displayName", "all": True})
    assert len(list_ids(world.call(people.eve, "ListSessions", {"sortField": "displayName"}))) == 1


def test_deep_pages_are_the_same_rows(
    world: World, people: People, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"page": "2", "countPerPage": "2"}
    shallow = world.call(people.ada, "ListSessions", values)
    monkeypatch.setattr(listing, "DEEP", 1)
    assert world.call(people.ada, "ListSessions", values) == shallow


def test_items_are_whole(world: World, people: People, made: list[str]) -> None:
    world.call(people.ada, "InviteChatMember", {"sessionId": made[0], "memberToAdd": "x@example.org"})
    (item,) = world.call(people.ada, "ListSessions", {"specificIds": [made[0]]}).items
    assert item == world.call(people.ada, "GetSession", {"sessionId": made[0]})


def test_everything_is_streamed(world: World, people: People, made: list[str]) -> None:
    from tests.sessions_api import catalog

    with world.context(people.ada, write=False) as context:
        result = catalog.call(catalog.operations["ListSessions"], {"all": "true"}, context)
    assert isinstance(result, Streamed)
    assert (result.total_count, result.total_pages) == (5, 1)
    complete_list = world.call(people.ada, "ListSessions", {"all": "true", "countPerPage": 1})
    assert list_ids(complete_list) == made[::-1]
    assert (complete_list.total_count, complete_list.total_pages, complete_list.has_more_pages) == (5, 1, False)
    assert list_ids(world.call(people.ada, "ListSessions", {"all": "true", "sortOrder": "Ascend"})) == made


@pytest.mark.parametrize(
    "values",
    [
        {"page": 0},
        {"countPerPage": 1001},
        {"countPerPage": 0},
        {"sortField": "members"},
        {"sortField": "colour"},
        {"sortField": "colour", "all": True},
        {"startDate": "2026-13-01"},
        {"endDate": "today"},
        {"sortOrder": "Sideways"},
    ],
)
def test_what_is_refused(world: World, people: People, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed) as caught:
        world.call(people.ada, "ListSessions", values)
    assert [error.field_name for error in caught.value.errors] == [next(iter(values))]


def test_every_scalar_field_sorts(world: World, people: People, made: list[str]) -> None:
    from gateway.contract import fields
    from gateway.sessions.dtos.sessions import SessionInfo

    for field in SessionInfo.schema().fields.values():
        if isinstance(field, fields.List):
            continue
        up = world.call(people.ada, "ListSessions", {"sortField": field.data_key, "sortOrder": "Ascend"})
        down = world.call(people.ada, "ListSessions", {"sortField": field.data_key, "all": True})
        assert set(list_ids(up)) == set(made)
        assert list_ids(up) == list_ids(down)[::-1]
    assert list_ids(world.call(people.ada, "ListSessions", {"sortField": "toAddress", "sortOrder": "Ascend"})) == made


def test_filters_together(world: World, people: People, made: list[str]) -> None:
    customer = world.add_customer(people.acme, "C")
    session_id = world.call(
        people.ada,
        "NewSession",
        {
            "fromName": "Ünïcode Größe",
            "fromPhoneNumber": "+15551230001",
            "toAddress": "Reception",
            "destination": "50%_off",
            "customerId": customer,
            "parentSessionId": made[0],
        },
    ).id
    world.call(people.ada, "HoldSession", {"sessionId": session_id, "reason": "Transferring"})
    for values in (
        {"from": "ünïcode GRÖSSE"},
        {"from": "0001"},
        {"to": "RECEPT"},
        {"to": "0%_O"},
        {"log": "on HOLD (tr"},
        {"customerIds": [customer]},
        {"parentSessionId": made[0]},
        {
            "customerIds": [customer, "other"],
            "from": "größe",
            "to": "reception",
            "log": "hold",
            "accountIds": [people.acme],
        },
    ):
        assert list_ids(world.call(people.ada, "ListSessions", values)) == [session_id], values
    for values in ({"from": "reception"}, {"to": "0001"}, {"log": "ended"}, {"customerIds": ["other"]}, {"to": "0__o"}):
        assert list_ids(world.call(people.ada, "ListSessions", values)) == [], values
    assert len(list_ids(world.call(people.ada, "ListSessions", {"customerIds": [], "from": "", "log": ""}))) == 6


def test_days_are_inclusive(world: World, people: People, made: list[str]) -> None:
    def count(**values: str) -> int:
        return int(world.call(people.ada, "ListSessions", values).total_count)

    assert count(startDate="2026-11-23", endDate="2026-11-23") == 5
    assert count(startDate="2026-11-24") == 0
    assert count(endDate="2026-11-22") == 0
    assert count(endDate="2026-11-23") == 5


def test_mine(world: World, people: People, made: list[str]) -> None:
    def list_own(caller: Any) -> list[str]:
        return [session.id for session in world.call(caller, "GetMySessions").sessions]

    assert list_own(people.ada) == made[::-1]
    assert list_own(people.bob) == []
    world.call(people.ada, "InviteChatMember", {"sessionId": made[1], "memberToAdd": "BOB@Example.org"})
    assert list_own(people.bob) == [made[1]]
    world.call(people.ada, "EndSession", {"sessionId": made[1]})
    assert list_own(people.bob) == []
    assert made[1] not in list_own(people.ada)
