"""Messages, and the conversations that they form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from models.engine import ids
from models.engine.conditions import within
from models.engine.database import Unit
from models.engine.listing import Order
from models.engine.rows import Table
from models.engine.statements import Statement, insert_or_lock, param
from models.engine.table_list import TableList
from models.sessions.tables import Conversation, Message

_MESSAGES = Table(Message)
_CONVERSATIONS = Table(Conversation)

_NEW_CONVERSATION = insert_or_lock(Conversation, Conversation._meta.sorted_field_names)
_NEWEST = Statement(
    lambda: Conversation.update(
        {Conversation.most_recent_message_id: param("message_id"), Conversation.date_last_message: param("date")}
    ).where((Conversation.id == param("id")) & (Conversation.date_last_message <= param("date")))
)

#: Filters: ``ids``, ``visible_accounts``, ``account_ids``, ``customer_ids``, ``endpoint_ids``, ``conversation_ids``,
#: ``after`` (an instant).
messages = TableList(
    _MESSAGES,
    one={"after": lambda place: Message.date > place},
    several={
        "ids": within(Message.id),
        "visible_accounts": within(Message.account_id),
        "account_ids": within(Message.account_id),
        "customer_ids": within(Message.customer_id),
        "endpoint_ids": within(Message.endpoint_id),
        "conversation_ids": within(Message.conversation_id),
    },
)

#: Filters: ``visible_accounts``, ``account_ids``, ``customer_ids``, ``endpoint_ids``, ``after`` (an instant).
conversations = TableList(
    _CONVERSATIONS,
    one={"after": lambda place: Conversation.date_last_message > place},
    several={
        "visible_accounts": within(Conversation.account_id),
        "account_ids": within(Conversation.account_id),
        "customer_ids": within(Conversation.customer_id),
        "endpoint_ids": within(Conversation.endpoint_id),
    },
)


def insert(unit: Unit, values: Mapping[str, Any]) -> Any:
    """Store a new message, make it the newest of its conversation, and return its row.

    Messages of one account between an endpoint and an address form a conversation; without an address, those of one session do.

    :param values: the columns by name, without the id and the conversation's.
    """
    message_id = ids.new_id()
    conversation_id = _compute_conversation_id(values)
    _MESSAGES.insert(unit, **values, id=message_id, conversation_id=conversation_id)
    owner_columns = {name: values.get(name) for name in ("account_id", "customer_id", "endpoint_id")}
    newest = {"id": conversation_id, "date": values["date"], "message_id": message_id}
    _NEW_CONVERSATION.execute(
        unit,
        id=conversation_id,
        **owner_columns,
        other_address=values.get("other_address") or "",
        most_recent_message_id=message_id,
        date_last_message=values["date"],
    )
    _NEWEST.execute(unit, **newest)
    return _MESSAGES.find(unit, id=message_id)


def read_newest_of(unit: Unit, conversation_rows: list[Any]) -> dict[str, Any]:
    """Return the most recent messages of conversations, by id."""
    message_ids = [conversation.most_recent_message_id for conversation in conversation_rows]
    rows = messages.page(unit, {"ids": message_ids}, Order("id"), len(message_ids))
    return {message.id: message for message in rows}


def _compute_conversation_id(values: Mapping[str, Any]) -> str:
    # The id is a hash of the conversation's key, so that two simultaneous first messages form one conversation.
    parts = [
        values.get("account_id"),
        values.get("endpoint_id"),
        values.get("other_address") or f"session {values.get('session_id')}",
    ]
    return hashlib.sha256("\0".join(part or "" for part in parts).encode()).hexdigest()[: ids.LENGTH]
