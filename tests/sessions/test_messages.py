"""Messages and conversations."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.contract import fields
from gateway.errors import Conflict, NotFound, ValidationFailed
from gateway.sessions.dtos.messaging import MessageInfo
from tests.sessions.conftest import People, World


def texts(answer: Any) -> list[str]:
    return [each.text for each in answer.items]


def test_a_message_of_a_session(world: World, people: People) -> None:
    customer = world.add_customer(people.acme, "C")
    session = world.call(people.ada, "NewSession", {"toAddress": "+1555", "customerId": customer})
    sent = world.call(people.bob, "SendMessage", {"sessionId": session.id, "body": "Hello"})
    assert (sent.text, sent.sender, sent.direction, sent.is_unread) == ("Hello", "bob@example.org", "Outgoing", False)
    assert (sent.account_id, sent.customer_id, sent.other_address) == (people.acme, customer, "+1555")
    incoming = world.call(people.ada, "NewSession", {"direction": "Incoming", "fromPhoneNumber": "+1777"})
    assert world.call(people.ada, "SendMessage", {"sessionId": incoming.id, "body": "x"}).other_address == "+1777"
    with pytest.raises(NotFound):
        world.call(people.eve, "SendMessage", {"sessionId": session.id, "body": "x"})
    world.call(people.ada, "EndSession", {"sessionId": session.id})
    with pytest.raises(Conflict):
        world.call(people.ada, "SendMessage", {"sessionId": session.id, "body": "x"})


def test_a_message_of_an_endpoint(world: World, people: People) -> None:
    sent = world.call(people.ada, "SendMessage", {"endpointId": "e1", "toAddress": "+1555", "body": "Hi"})
    assert (sent.endpoint_id, sent.other_address, sent.account_id) == ("e1", "+1555", people.acme)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"body": "x"}, ["endpointId", "toAddress"]),
        ({"body": "x", "endpointId": "e"}, ["toAddress"]),
        ({"sessionId": "s"}, ["body"]),
    ],
)
def test_what_is_refused(world: World, people: People, values: dict[str, Any], names: list[str]) -> None:
    with pytest.raises(ValidationFailed) as caught:
        world.call(people.ada, "SendMessage", values)
    assert [(each.error_code, each.field_name) for each in caught.value.errors] == [
        ("NotEmpty", name) for name in names
    ]


@pytest.fixture
def sent(world: World, people: People) -> list[Any]:
    """Four messages in two conversations of Acme, and one of the other account."""
    ends = [("e1", "+1"), ("e1", "+2"), ("e1", "+1"), ("e1", "+1")]
    found = [
        world.call(people.ada, "SendMessage", {"endpointId": endpoint, "toAddress": address, "body": f"M{number}"})
        for number, (endpoint, address) in enumerate(ends)
    ]
    world.call(people.eve, "SendMessage", {"endpointId": "e1", "toAddress": "+1", "body": "theirs"})
    return found


def test_messages_are_listed(world: World, people: People, sent: list[Any]) -> None:
    assert texts(world.call(people.bob, "ListMessages")) == ["M3", "M2", "M1", "M0"]
    assert texts(world.call(people.eve, "ListMessages")) == ["theirs"]
    assert len(texts(world.call(people.root, "ListMessages", {"all": "true"}))) == 5
    assert texts(world.call(people.root, "ListMessages", {"accountIds": [people.other]})) == ["theirs"]
    assert texts(world.call(people.ada, "ListMessages", {"afterDate": sent[1].date})) == ["M3", "M2"]
    assert texts(world.call(people.ada, "ListMessages", {"afterDate": "2026-11-24"})) == []
    assert len(texts(world.call(people.ada, "ListMessages", {"afterDate": "2026-11-23T00:00:00+01:00"}))) == 4
    assert texts(world.call(people.ada, "ListMessages", {"endpointIds": ["e2"]})) == []
    assert texts(world.call(people.ada, "ListMessages", {"specificIds": [sent[2].id]})) == ["M2"]
    conversation = sent[1].conversation_id
    assert texts(world.call(people.ada, "ListMessages", {"conversationIds": [conversation]})) == ["M1"]


def test_conversations(world: World, people: People, sent: list[Any]) -> None:
    def conversations(caller: Any, **values: Any) -> list[tuple[str, str]]:
        found = world.call(caller, "ListConversations", values).conversations
        return [(each.other_address, each.most_recent_message.text) for each in found]

    assert conversations(people.bob) == [("+1", "M3"), ("+2", "M1")]
    assert conversations(people.eve) == [("+1", "theirs")]
    assert len(conversations(people.root)) == 3
    assert conversations(people.ada, afterDate=sent[2].date) == [("+1", "M3")]
    assert conversations(people.ada, endpointIds=["e2"]) == []
    assert conversations(people.root, accountIds=[people.other]) == [("+1", "theirs")]


def test_every_scalar_field_sorts(world: World, people: People, sent: list[Any]) -> None:
    for field in MessageInfo.schema().fields.values():
        assert isinstance(field, fields.DtoField)
        up = world.call(people.ada, "ListMessages", {"sortField": field.data_key, "sortOrder": "Ascend"})
        down = world.call(people.ada, "ListMessages", {"sortField": field.data_key, "all": True})
        assert texts(up) == texts(down)[::-1]
    assert texts(world.call(people.ada, "ListMessages", {"sortField": "text", "sortOrder": "Ascend"}))[0] == "M0"
