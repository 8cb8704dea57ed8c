"""Use cases of messages and conversations. The gateway stores messages but does not deliver them."""

from __future__ import annotations

from typing import Any

from gateway import Context, Instance, close, lists
from gateway.contract.lists import ListResponse
from gateway.errors import FieldError, ValidationFailed
from gateway.sessions import published
from gateway.sessions.callers import visible_accounts
from gateway.sessions.declared import service
from gateway.sessions.dtos.messaging import (
    ConversationInfo,
    ListConversations,
    ListConversationsResponse,
    ListMessages,
    MessageDirections,
    MessageInfo,
    SendMessage,
)
from gateway.sessions.dtos.sessions import SessionDirections
from gateway.sessions.sessions import lock_open_session
from gateway.sessions.shown import list_visible_customers, show, show_to
from models.engine.listing import Order
from models.sessions import message

_PAGE = close(ListResponse, MessageInfo)
#: Maximum number of conversations in `ListConversations`, the newest first: it has no pages.
MOST_CONVERSATIONS = 1000


@service.handles(SendMessage)
def send(request: SendMessage, context: Context) -> Any:
    """Store a message of a session, or between an endpoint and an address.

    Raises NotFound, Conflict if the session has ended, and ValidationFailed if neither is named.
    """
    session = lock_open_session(request.session_id, context) if request.session_id else None
    where = _build_from_endpoint(request, context) if session is None else _build_from_session(session)
    values = {
        **where,
        "date": context.now,
        "direction": str(MessageDirections.Outgoing),
        "sender": context.principal.email,
        "text": request.body,
        "is_unread": False,
    }
    row = message.insert(context.unit, values)
    return show(published.publish_message(context, row, session), context)


def _build_from_session(row: Any) -> dict[str, Any]:
    incoming = row.direction == SessionDirections.Incoming
    peer = (row.from_phone_number or row.from_address) if incoming else (row.to_address or row.destination)
    return {
        "session_id": row.id,
        "account_id": row.account_id,
        "customer_id": row.customer_id,
        "endpoint_id": row.endpoint_id,
        "endpoint_display_name": row.endpoint_name,
        "other_address": peer,
    }


def _build_from_endpoint(request: SendMessage, context: Context) -> dict[str, Any]:
    failures = [
        FieldError("NotEmpty", name, f"'{words}' must not be empty where no session is named.")
        for name, words, value in (
            ("endpointId", "Endpoint Id", request.endpoint_id),
            ("toAddress", "To Address", request.to_address),
        )
        if not value
    ]
    if failures:
        raise ValidationFailed(SendMessage.__name__, failures)
    account_id = next(iter(context.principal.account_ids), None)
    return {"account_id": account_id, "endpoint_id": request.endpoint_id, "other_address": request.to_address}


@service.handles(ListMessages)
def list_messages(request: ListMessages, context: Context) -> Any:
    """Return the messages of the accounts that the caller sees, the newest first."""
    filters = {
        "visible_accounts": visible_accounts(context.principal),
        "account_ids": lists.drop_empty(request.account_ids),
        "customer_ids": list_visible_customers(lists.drop_empty(request.customer_ids), context),
        "endpoint_ids": lists.drop_empty(request.endpoint_ids),
        "conversation_ids": lists.drop_empty(request.conversation_ids),
        "ids": lists.drop_empty(request.specific_ids),
        "after": lists.parse_instant(request.after_date),
    }
    caller = context.principal
    rows = lists.Converted(message.messages, lambda unit, rows: show_to(caller, unit, rows))
    return lists.build_response(_PAGE, MessageInfo, request, context.unit, rows, filters, by="date")


@service.handles(ListConversations)
def list_conversations(request: ListConversations, context: Context) -> Instance:
    """Return the conversations of the accounts that the caller sees, the most recent first."""
    filters = {
        "visible_accounts": visible_accounts(context.principal),
        "account_ids": lists.drop_empty(request.account_ids),
        "customer_ids": list_visible_customers(lists.drop_empty(request.customer_ids), context),
        "endpoint_ids": lists.drop_empty(request.endpoint_ids),
        "after": lists.parse_instant(request.after_date),
    }
    conversations = message.conversations.page(context.unit, filters, Order("date_last_message"), MOST_CONVERSATIONS)
    newest = message.read_newest_of(context.unit, conversations)
    messages = show_to(context.principal, context.unit, [*newest.values()])
    newest = {newest_message.id: newest_message for newest_message in messages}
    infos = [
        ConversationInfo.new(
            id=conversation.id,
            endpoint_id=conversation.endpoint_id,
            other_address=conversation.other_address,
            most_recent_message=newest.get(conversation.most_recent_message_id),
        )
        for conversation in conversations
    ]
    return ListConversationsResponse.new(conversations=infos)
