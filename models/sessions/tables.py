"""The tables of the sessions API, as peewee models without a database.

Queries are built from them and run through `models.engine.statements`. Migrations make the schema; a test compares the two.
"""

from __future__ import annotations

import peewee

from models.engine.fields import IdField, InstantField, JsonField, LongTextField, choice, short_text


class Account(peewee.Model):
    """An account, which owns sessions, users and customers."""

    id = IdField(primary_key=True)
    name = short_text(null=False)
    name_folded = short_text(null=False)
    parent_account_id = IdField(null=True, index=True)
    date_created = InstantField()
    date_last_modified = InstantField()
    created_by = IdField(null=True)
    last_modified_by = IdField(null=True)

    class Meta:
        table_name = "accounts"


class Customer(peewee.Model):
    """A customer, for whom a session is held."""

    id = IdField(primary_key=True)
    account_id = IdField(index=True)
    name = short_text(null=False)
    name_folded = short_text(null=False)
    parent_customer_id = IdField(null=True, index=True)
    reference_id = short_text()
    date_created = InstantField()
    date_last_modified = InstantField()
    created_by = IdField(null=True)
    last_modified_by = IdField(null=True)

    class Meta:
        table_name = "customers"


class Session(peewee.Model):
    """A call, chat or fax. `version` counts its changes."""

    id = IdField(primary_key=True)
    version = peewee.IntegerField(default=1)
    date_created = InstantField()
    date_last_modified = InstantField()
    created_by = IdField(null=True)
    last_modified_by = IdField(null=True)
    account_id = IdField(null=True)
    account_name = short_text()
    parent_session_id = IdField(null=True)
    customer_id = IdField(null=True)
    customer_name = short_text()
    customer_breadcrumb = JsonField(null=True)
    endpoint_id = IdField(null=True)
    endpoint_name = short_text()
    display_name = short_text()
    channel = choice()
    direction = choice()
    dial_state = choice()
    call_state = choice()
    queue_state = choice()
    date_completed = InstantField(null=True)
    destination = short_text()
    to_address = short_text()
    from_address = short_text()
    from_name = short_text()
    from_phone_number = short_text()
    answered_by_name = short_text()
    answered_by_id = short_text()
    queue_member_id = short_text()
    ended = peewee.BooleanField(default=False)
    outcome = short_text()
    call_sid = short_text()
    console_data = LongTextField(null=True)
    hold_queue_name = short_text()
    held_by_user_id = IdField(null=True)
    hold_reason = choice()
    conference_sid = short_text()
    callback_number = short_text()
    most_recent_participant_call_sid = short_text()
    was_missed = peewee.BooleanField(default=False)
    ring_queue_id = short_text()
    with_address = short_text()
    archived = peewee.BooleanField(default=False)
    from_folded = LongTextField()
    to_folded = LongTextField()

    class Meta:
        table_name = "sessions"
        indexes = (
            (("archived", "date_created", "id"), False),
            (("account_id", "archived", "date_created", "id"), False),
            (("customer_id", "archived", "date_created", "id"), False),
            (("endpoint_id", "archived", "date_created", "id"), False),
            (("parent_session_id", "archived", "date_created", "id"), False),
        )


#: MySQL's and MariaDB's columns with the first `START` characters of the searched texts; the database computes them.
FROM_START, TO_START = (peewee.Column(Session._meta.table, name) for name in ("from_start", "to_start"))
START = 190


class SessionMember(peewee.Model):
    """A member of a session; one identity is a member once."""

    session_id = IdField()
    position = peewee.IntegerField()
    identity = short_text(null=False)
    endpoint_id = IdField(null=True)
    display_name = short_text()
    is_original_member = peewee.BooleanField(default=False)
    avatar_url = short_text()
    application_data = JsonField(null=True)
    call_state = choice()
    role = choice()
    call_sid = short_text()
    muted = peewee.BooleanField(default=False)

    class Meta:
        table_name = "session_members"
        without_rowid = True
        primary_key = peewee.CompositeKey("session_id", "position")
        indexes = ((("identity", "session_id"), True),)


class SessionLog(peewee.Model):
    """A line of a session's log."""

    session_id = IdField()
    position = peewee.IntegerField()
    date = InstantField()
    message = LongTextField()
    message_folded = LongTextField()

    class Meta:
        table_name = "session_log"
        without_rowid = True
        primary_key = peewee.CompositeKey("session_id", "position")


class Message(peewee.Model):
    """A text message."""

    id = IdField(primary_key=True)
    conversation_id = IdField()
    session_id = IdField(null=True, index=True)
    account_id = IdField(null=True)
    customer_id = IdField(null=True)
    endpoint_id = IdField(null=True)
    endpoint_display_name = short_text()
    date = InstantField()
    direction = choice(null=False)
    other_address = short_text()
    sender = short_text()
    text = LongTextField()
    is_unread = peewee.BooleanField(default=False)

    class Meta:
        table_name = "messages"
        indexes = (
            (("conversation_id", "date", "id"), False),
            (("account_id", "date", "id"), False),
            (("date", "id"), False),
        )


class Conversation(peewee.Model):
    """The messages between an endpoint and an address."""

    id = IdField(primary_key=True)
    account_id = IdField(null=True)
    customer_id = IdField(null=True)
    endpoint_id = IdField(null=True)
    other_address = short_text(null=False)
    most_recent_message_id = IdField()
    date_last_message = InstantField()

    class Meta:
        table_name = "conversations"
        indexes = ((("account_id", "date_last_message"), False), (("endpoint_id", "other_address"), False))


TABLES: tuple[type[peewee.Model], ...] = (
    Account,
    Customer,
    Session,
    SessionMember,
    SessionLog,
    Message,
    Conversation,
)
