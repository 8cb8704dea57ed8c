"""Messages and conversations."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.contract import fields
from gateway.errors import Conflict, NotFound, ValidationFailed
from gateway.sessions.dtos.messaging import MessageInfo
from tests.sessions.conftest import People, World


def list_texts(page: Any) -> list[str]:
    return [message.text for message in page.items]


def test_a_message_of_a_session(world: World, people: People) -> None:
    customer = world.add_customer(people.acme, "C")
    session = world.call(people.ada, "NewSession", {"toAddress": "+1555", "customerId": customer})
    message = world.call(people.bob, "SendMessage", {"sessionId": session.id, "body": "Hello"})
    assert (message.text, message.sender, message.direction, message.is_unread) == (
        "Hello",
        "bob@example.org",
        "Outgoing",
        False,
    )
    assert (message.account_id, message.customer_id, message.other_address) == (people.acme, customer, "+1555")
    incoming = world.call(people.ada, "NewSession", {"direction": "Incoming", "fromPhoneNumber": "+1777"})
    assert world.call(people.ada, "SendMessage", {"sessionId": incoming.id, "body": "x"}).other_address == "+1777"
    with pytest.raises(NotFound):
        world.call(people.eve, "SendMessage", {"sessionId": session.id, "body": "x"})
    world.call(people.ada, "EndSession", {"sessionId": session.id})
    with pytest.raises(Conflict):
        world.call(people.ada, "SendMessage", {"sessionId": session.id, "body": "x"})


def test_a_message_of_an_endpoint(world: World, people: People) -> None:
    message = world.call(people.ada, "SendMessage", {"endpointId": "e1", "toAddress": "+1555", "body": "Hi"})
    assert (message.endpoint_id, message.other_address, message.account_id) == ("e1", "+1555", people.acme)


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
    assert [(error.error_code, error.field_name) for error in caught.value.errors] == [
        ("NotEmpty", name) for name in names
    ]


@pytest.fixture
def sent(world: World, people: People) -> list[Any]:
    """Four messages in two conversations of Acme, and one of the other account."""
    ends = [("e1", "+1"), ("e1", "+2"), ("e1", "+1"), ("e1", "+1")]
    messages = [
        world.call(people.ada, "SendMessage", {"endpointId": endpoint, "toAddress": address, "body": f"M{number}"})
        for number, (endpoint, address) in enumerate(ends)
    ]
    world.call(people.eve, "SendMessage", {"endpointId": "e1", "toAddress": "+1", "body": "theirs"})
    return messages


def test_messages_are_listed(world: World, people: People, sent: list[Any]) -> None:
    assert list_texts(world.call(people.bob, "ListMessages")) == ["M3", "M2", "M1", "M0"]
    assert list_texts(world.call(people.eve, "ListMessages")) == ["theirs"]
    assert len(list_texts(world.call(people.root, "ListMessages", {"all": "true"}))) == 5
    assert list_texts(world.call(people.root, "ListMessages", {"accountIds": [people.other]})) == ["theirs"]
    assert list_texts(world.call(people.ada, "ListMessages", {"afterDate": sent[1].date})) == ["M3", "M2"]
    assert list_texts(world.call(people.ada, "ListMessages", {"afterDate": "2026-11-24"})) == []
    assert len(list_texts(world.call(people.ada, "ListMessages", {"afterDate": "2026-11-23T00:00:00+01:00"}))) == 4
    assert list_texts(world.call(people.ada, "ListMessages", {"endpointIds": ["e2"]})) == []
    assert list_texts(world.call(people.ada, "ListMessages", {"specificIds": [sent[2].id]})) == ["M2"]
    conversation = sent[1].conversation_id
    assert list_texts(world.call(people.ada, "ListMessages", {"conversationIds": [conversation]})) == ["M1"]


def test_conversations(world: World, people: People, sent: list[Any]) -> None:
    def list_conversations(caller: Any, **values: Any) -> list[tuple[str, str]]:
        conversations = world.call(caller, "ListConversations", values).conversations
        return [(conversation.other_address, conversation.most_recent_message.text) for conversation in conversations]

    assert list_conversations(people.bob) == [("+1", "M3"), ("+2", "M1")]
    assert list_conversations(people.eve) == [("+1", "theirs")]
    assert len(list_conversations(people.root)) == 3
    assert list_conversations(people.ada, afterDate=sent[2].date) == [("+1", "M3")]
    assert list_conversations(people.ada, endpointIds=["e2"]) == []
    assert list_conversations(people.root, accountIds=[people.other]) == [("+1", "theirs")]


def test_every_scalar_field_sorts(world: World, people: People, sent: list[Any]) -> None:
    for field in MessageInfo.schema().fields.values():
        assert isinstance(field, fields.DtoField)
        up = world.call(people.ada, "ListMessages", {"sortField": field.data_key, "sortOrder": "Ascend"})
        down = world.call(people.ada, "ListMessages", {"sortField": field.data_key, "all": True})
        assert list_texts(up) == list_texts(down)[::-1]
    assert list_texts(world.call(people.ada, "ListMessages", {"sortField": "text", "sortOrder": "Ascend"}))[0] == "M0"
