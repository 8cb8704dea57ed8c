"""The tables, as peewee models without a database: queries are built from them, and run through `models.engine.statements`.

The schema itself is made by `models.migrations`; a test compares the two.
"""

from __future__ import annotations

from typing import Any

import peewee

from models.engine.fields import IdField, InstantField, JsonField, LongTextField

#: Characters of a short text: names, addresses.
SHORT = 255
#: Characters of a long text.
LONG = 65_535


def _text(**kwargs: Any) -> peewee.CharField:
    return peewee.CharField(max_length=SHORT, **{"null": True, **kwargs})


def _choice(**kwargs: Any) -> peewee.CharField:
    return peewee.CharField(max_length=32, **{"null": True, **kwargs})


class Account(peewee.Model):
    """Whom sessions, users and customers belong to."""

    id = IdField(primary_key=True)
    name = _text(null=False)
    name_folded = _text(null=False)
    parent_account_id = IdField(null=True, index=True)
    date_created = InstantField()
    date_last_modified = InstantField()
    created_by = IdField(null=True)
    last_modified_by = IdField(null=True)

    class Meta:
        table_name = "accounts"


class User(peewee.Model):
    """Who may sign in. `credentials_version` counts the changes after which what was issued before is void.

    `password_set_by` is the id of the user who set the password; null where the command line did.
    """

    id = IdField(primary_key=True)
    email_address = _text(null=False)
    email_folded = _text(null=False, unique=True)
    first_name = _text()
    last_name = _text()
    avatar_url = _text()
    password_hash = _text()
    password_set_by = IdField(null=True)
    roles = JsonField()
    disabled = peewee.BooleanField(default=False)
    credentials_version = peewee.IntegerField(default=1)
    date_created = InstantField()
    date_last_modified = InstantField()

    class Meta:
        table_name = "users"


class UserAccount(peewee.Model):
    """A user's accounts; the one at position 0 is the user's own."""

    user_id = IdField()
    position = peewee.IntegerField()
    account_id = IdField(index=True)

    class Meta:
        table_name = "user_accounts"
        primary_key = peewee.CompositeKey("user_id", "position")


class ApiKey(peewee.Model):
    """A key that signs a user in; only its hash is kept."""

    id = IdField(primary_key=True)
    user_id = IdField(index=True)
    key_hash = peewee.CharField(max_length=64, unique=True)
    hint = peewee.CharField(max_length=16)
    date_created = InstantField()
    date_expires = InstantField(null=True)
    date_revoked = InstantField(null=True)

    class Meta:
        table_name = "api_keys"


class LoginSession(peewee.Model):
    """A log-in by cookie; only the hash of its id is kept."""

    id_hash = peewee.CharField(max_length=64, primary_key=True)
    user_id = IdField(index=True)
    credentials_version = peewee.IntegerField()
    permanent = peewee.BooleanField()
    date_created = InstantField()
    date_touched = InstantField()
    date_expires = InstantField(index=True)

    class Meta:
        table_name = "login_sessions"


class TokenFamily(peewee.Model):
    """The tokens of one log-in, where more must be known of them than they say; only the hash of the family's id is kept.

    A family without a row is good. Where refresh tokens rotate, `refresh_id` names the good one and `previous_id` the one before it.
    """

    id_hash = peewee.CharField(max_length=64, primary_key=True)
    ended = peewee.BooleanField()
    refresh_id = peewee.CharField(max_length=64, null=True)
    previous_id = peewee.CharField(max_length=64, null=True)
    date_rotated = InstantField(null=True)
    date_expires = InstantField(index=True)

    class Meta:
        table_name = "token_families"


class KnownAddress(peewee.Model):
    """A user name and an address from which its password was right; only a hash of both is kept."""

    subject = peewee.CharField(max_length=64, primary_key=True)
    date = InstantField(index=True)

    class Meta:
        table_name = "known_addresses"


class LoginFailure(peewee.Model):
    """A failed log-in, counted for the user's name, for the address it came from, and for both together."""

    id = IdField(primary_key=True)
    subject = peewee.CharField(max_length=SHORT)
    date = InstantField()

    class Meta:
        table_name = "login_failures"
        indexes = ((("subject", "date"), False),)


class Customer(peewee.Model):
    """Whom a session is for."""

    id = IdField(primary_key=True)
    account_id = IdField(index=True)
    name = _text(null=False)
    name_folded = _text(null=False)
    parent_customer_id = IdField(null=True, index=True)
    reference_id = _text()
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
    account_name = _text()
    parent_session_id = IdField(null=True)
    customer_id = IdField(null=True)
    customer_name = _text()
    customer_breadcrumb = JsonField(null=True)
    endpoint_id = IdField(null=True)
    endpoint_name = _text()
    display_name = _text()
    channel = _choice()
    direction = _choice()
    dial_state = _choice()
    call_state = _choice()
    queue_state = _choice()
    date_completed = InstantField(null=True)
    destination = _text()
    to_address = _text()
    from_address = _text()
    from_name = _text()
    from_phone_number = _text()
    answered_by_name = _text()
    answered_by_id = _text()
    queue_member_id = _text()
    ended = peewee.BooleanField(default=False)
    outcome = _text()
    call_sid = _text()
    console_data = LongTextField(null=True)
    hold_queue_name = _text()
    held_by_user_id = IdField(null=True)
    hold_reason = _choice()
    conference_sid = _text()
    callback_number = _text()
    most_recent_participant_call_sid = _text()
    was_missed = peewee.BooleanField(default=False)
    ring_queue_id = _text()
    with_address = _text()
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


class SessionMember(peewee.Model):
    """A member of a session; one identity is a member once."""

    session_id = IdField()
    position = peewee.IntegerField()
    identity = _text(null=False)
    endpoint_id = IdField(null=True)
    display_name = _text()
    is_original_member = peewee.BooleanField(default=False)
    avatar_url = _text()
    application_data = JsonField(null=True)
    call_state = _choice()
    role = _choice()
    call_sid = _text()
    muted = peewee.BooleanField(default=False)

    class Meta:
        table_name = "session_members"
        without_rowid = True
        primary_key = peewee.CompositeKey("session_id", "position")
        indexes = ((("session_id", "identity"), True), (("identity",), False))


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
    """A text message from or to somebody."""

    id = IdField(primary_key=True)
    conversation_id = IdField()
    session_id = IdField(null=True, index=True)
    account_id = IdField(null=True)
    customer_id = IdField(null=True)
    endpoint_id = IdField(null=True)
    endpoint_display_name = _text()
    date = InstantField()
    direction = _choice(null=False)
    other_address = _text()
    sender = _text()
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
    other_address = _text(null=False)
    most_recent_message_id = IdField()
    date_last_message = InstantField()

    class Meta:
        table_name = "conversations"
        indexes = ((("account_id", "date_last_message"), False), (("endpoint_id", "other_address"), False))


class IdempotencyKey(peewee.Model):
    """A request that is done once: its key and, as soon as there is one, its result."""

    user_id = IdField()
    key = _text(null=False)
    operation = peewee.CharField(max_length=64)
    result = LongTextField(null=True)
    date_created = InstantField(index=True)

    class Meta:
        table_name = "idempotency_keys"
        primary_key = peewee.CompositeKey("user_id", "operation", "key")


TABLES: tuple[type[peewee.Model], ...] = (
    Account,
    User,
    UserAccount,
    ApiKey,
    LoginSession,
    TokenFamily,
    KnownAddress,
    LoginFailure,
    Customer,
    Session,
    SessionMember,
    SessionLog,
    Message,
    Conversation,
    IdempotencyKey,
)
