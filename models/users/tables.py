"""The tables of users, their keys, log-ins and idempotency keys, as peewee models without a database.

Queries are built from them and run through `models.engine.statements`. Migrations make the schema; a test compares the two.
"""

from __future__ import annotations

import peewee

from models.engine.fields import SHORT, IdField, InstantField, JsonField, LongTextField, short_text


class User(peewee.Model):
    """A user. `credentials_version` counts the changes that void earlier tokens and login sessions.

    `password_set_by` is the id of the user who set the password; null if the command line did.
    """

    id = IdField(primary_key=True)
    email_address = short_text(null=False)
    email_folded = short_text(null=False, unique=True)
    first_name = short_text()
    last_name = short_text()
    avatar_url = short_text()
    password_hash = short_text()
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
    """The stored state of the tokens of one log-in; only the hash of the family's id is kept.

    A family without a row is valid. If refresh tokens rotate, `refresh_id` is the valid one and `previous_id` the one before it.
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
    """A user name and an address from which a log-in with it succeeded; only a hash of both is kept."""

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


class IdempotencyKey(peewee.Model):
    """A request that runs once: its key and, once there is one, its result."""

    user_id = IdField()
    key = short_text(null=False)
    operation = peewee.CharField(max_length=64)
    result = LongTextField(null=True)
    date_created = InstantField(index=True)

    class Meta:
        table_name = "idempotency_keys"
        primary_key = peewee.CompositeKey("user_id", "operation", "key")


TABLES: tuple[type[peewee.Model], ...] = (
    User,
    UserAccount,
    ApiKey,
    LoginSession,
    TokenFamily,
    KnownAddress,
    LoginFailure,
    IdempotencyKey,
)
