"""DTOs of messages, and of the conversations that they form."""

from __future__ import annotations

from enum import auto

from gateway import SIGNED_IN, Dto, DtoEnum, View, close, fields, rules
from gateway.contract.lists import ListResponse, filter_of, list_request
from gateway.sessions.declared import USER, service

NAMESPACE = "Voice.Api.Messaging"


class MessageDirections(DtoEnum):
    Incoming = auto()
    Outgoing = auto()


class MessageInfo(Dto):
    view = View(
        "Message",
        title=["text", "id"],
        columns=["text", "direction", "sender", "other_address", "endpoint_display_name", "is_unread", "date"],
        sorted_by="date",
    )

    id = fields.String("The ID of the message")
    account_id = fields.String("The ID of the account that the message belongs to")
    customer_id = fields.String("The ID of the customer that the message is associated with")
    endpoint_id = fields.String("The ID of the endpoint that sent or received the message")
    endpoint_display_name = fields.String("The display name of the endpoint")
    date = fields.String("The date of the message")
    direction = fields.Enum(MessageDirections, "Is this message incoming or outgoing?")
    other_address = fields.String("The address at the other end")
    sender = fields.String("Who sent the message")
    text = fields.String("The text of the message")
    is_unread = fields.Boolean("Is the message still unread?")


class ConversationInfo(Dto):
    view = View("Conversation", title=["other_address", "id"], columns=["other_address", "most_recent_message"])

    id = fields.String("The ID of the conversation")
    endpoint_id = fields.String("The ID of the endpoint at this end")
    other_address = fields.String("The address at the other end")
    most_recent_message = fields.Nested(MessageInfo, "The most recent message")


class ListConversationsResponse(Dto):
    rows = "conversations"

    conversations = fields.List(fields.Nested(ConversationInfo), "The conversations, the most recent first")


@service.post(
    "/sessions/{SessionId}/messages",
    also=[("ANY", "/messages")],
    returns=MessageInfo,
    role=USER,
    tags=["messages"],
    idempotent=True,
)
class SendMessage(Dto):
    """Send a message to a session, or from an endpoint to an address"""

    session_id = fields.String("The session to send the message to")
    endpoint_id = fields.String("The endpoint to send from, where no session is named", length=64)
    to_address = fields.String("The address to send to, where no session is named", length=255)
    body = fields.String("The text of the message", length=10_000, rules=[rules.not_empty()])


@service.get("/messages", returns=close(ListResponse, MessageInfo), access=SIGNED_IN, tags=["messages"])
class ListMessages(list_request(MessageInfo)):  # type: ignore[misc]
    """List messages"""

    account_ids = filter_of("Return only messages of these accounts")
    customer_ids = filter_of("Return only messages associated with these customers")
    endpoint_ids = filter_of("Return only messages of these endpoints")
    conversation_ids = filter_of("Return only messages of these conversations")
    after_date = fields.String("Return only messages after this date", rules=[rules.instant()])


@service.get("/conversations", returns=ListConversationsResponse, access=SIGNED_IN, tags=["messages"])
class ListConversations(Dto):
    """List conversations, the most recent first"""

    account_ids = filter_of("Return only conversations of these accounts")
    endpoint_ids = filter_of("Return only conversations of these endpoints")
    customer_ids = filter_of("Return only conversations associated with these customers")
    after_date = fields.String("Return only conversations with a message after this date", rules=[rules.instant()])
