"""The first schema of the sessions API."""

from __future__ import annotations

UP = (
    """
    CREATE TABLE "accounts" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "name" VARCHAR(255) NOT NULL,
        "name_folded" VARCHAR(255) NOT NULL,
        "parent_account_id" VARCHAR(64),
        "date_created" VARCHAR(27) NOT NULL,
        "date_last_modified" VARCHAR(27) NOT NULL,
        "created_by" VARCHAR(64),
        "last_modified_by" VARCHAR(64)
    )
    """,
    'CREATE INDEX "account_parent_account_id" ON "accounts" ("parent_account_id")',
    """
    CREATE TABLE "customers" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "account_id" VARCHAR(64) NOT NULL,
        "name" VARCHAR(255) NOT NULL,
        "name_folded" VARCHAR(255) NOT NULL,
        "parent_customer_id" VARCHAR(64),
        "reference_id" VARCHAR(255),
        "date_created" VARCHAR(27) NOT NULL,
        "date_last_modified" VARCHAR(27) NOT NULL,
        "created_by" VARCHAR(64),
        "last_modified_by" VARCHAR(64)
    )
    """,
    'CREATE INDEX "customer_account_id" ON "customers" ("account_id")',
    'CREATE INDEX "customer_parent_customer_id" ON "customers" ("parent_customer_id")',
    """
    CREATE TABLE "sessions" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "version" INTEGER NOT NULL,
        "date_created" VARCHAR(27) NOT NULL,
        "date_last_modified" VARCHAR(27) NOT NULL,
        "created_by" VARCHAR(64),
        "last_modified_by" VARCHAR(64),
        "account_id" VARCHAR(64),
        "account_name" VARCHAR(255),
        "parent_session_id" VARCHAR(64),
        "customer_id" VARCHAR(64),
        "customer_name" VARCHAR(255),
        "customer_breadcrumb" MEDIUMTEXT,
        "endpoint_id" VARCHAR(64),
        "endpoint_name" VARCHAR(255),
        "display_name" VARCHAR(255),
        "channel" VARCHAR(32),
        "direction" VARCHAR(32),
        "dial_state" VARCHAR(32),
        "call_state" VARCHAR(32),
        "queue_state" VARCHAR(32),
        "date_completed" VARCHAR(27),
        "destination" VARCHAR(255),
        "to_address" VARCHAR(255),
        "from_address" VARCHAR(255),
        "from_name" VARCHAR(255),
        "from_phone_number" VARCHAR(255),
        "answered_by_name" VARCHAR(255),
        "answered_by_id" VARCHAR(255),
        "queue_member_id" VARCHAR(255),
        "ended" INTEGER NOT NULL,
        "outcome" VARCHAR(255),
        "call_sid" VARCHAR(255),
        "console_data" MEDIUMTEXT,
        "hold_queue_name" VARCHAR(255),
        "held_by_user_id" VARCHAR(64),
        "hold_reason" VARCHAR(32),
        "conference_sid" VARCHAR(255),
        "callback_number" VARCHAR(255),
        "most_recent_participant_call_sid" VARCHAR(255),
        "was_missed" INTEGER NOT NULL,
        "ring_queue_id" VARCHAR(255),
        "with_address" VARCHAR(255),
        "archived" INTEGER NOT NULL,
        "from_folded" MEDIUMTEXT NOT NULL,
        "to_folded" MEDIUMTEXT NOT NULL
    )
    """,
    'CREATE INDEX "session_parent_session_id" ON "sessions" ("parent_session_id")',
    'CREATE INDEX "session_customer_id" ON "sessions" ("customer_id")',
    'CREATE INDEX "session_endpoint_id" ON "sessions" ("endpoint_id")',
    'CREATE INDEX "session_archived_date_created_id" ON "sessions" ("archived", "date_created", "id")',
    'CREATE INDEX "session_account_id_archived_date_created_id" ON "sessions" ("account_id", "archived", "date_created", "id")',
    """
    CREATE TABLE "session_members" (
        "session_id" VARCHAR(64) NOT NULL,
        "position" INTEGER NOT NULL,
        "identity" VARCHAR(255) NOT NULL,
        "endpoint_id" VARCHAR(64),
        "display_name" VARCHAR(255),
        "is_original_member" INTEGER NOT NULL,
        "avatar_url" VARCHAR(255),
        "application_data" MEDIUMTEXT,
        "call_state" VARCHAR(32),
        "role" VARCHAR(32),
        "call_sid" VARCHAR(255),
        "muted" INTEGER NOT NULL,
        PRIMARY KEY ("session_id", "position")
    )
    """,
    'CREATE UNIQUE INDEX "sessionmember_session_id_identity" ON "session_members" ("session_id", "identity")',
    'CREATE INDEX "sessionmember_identity" ON "session_members" ("identity")',
    """
    CREATE TABLE "session_log" (
        "session_id" VARCHAR(64) NOT NULL,
        "position" INTEGER NOT NULL,
        "date" VARCHAR(27) NOT NULL,
        "message" MEDIUMTEXT NOT NULL,
        "message_folded" MEDIUMTEXT NOT NULL,
        PRIMARY KEY ("session_id", "position")
    )
    """,
    """
    CREATE TABLE "messages" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "conversation_id" VARCHAR(64) NOT NULL,
        "session_id" VARCHAR(64),
        "account_id" VARCHAR(64),
        "customer_id" VARCHAR(64),
        "endpoint_id" VARCHAR(64),
        "endpoint_display_name" VARCHAR(255),
        "date" VARCHAR(27) NOT NULL,
        "direction" VARCHAR(32) NOT NULL,
        "other_address" VARCHAR(255),
        "sender" VARCHAR(255),
        "text" MEDIUMTEXT NOT NULL,
        "is_unread" INTEGER NOT NULL
    )
    """,
    'CREATE INDEX "message_session_id" ON "messages" ("session_id")',
    'CREATE INDEX "message_conversation_id_date_id" ON "messages" ("conversation_id", "date", "id")',
    'CREATE INDEX "message_account_id_date_id" ON "messages" ("account_id", "date", "id")',
    'CREATE INDEX "message_date_id" ON "messages" ("date", "id")',
    """
    CREATE TABLE "conversations" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "account_id" VARCHAR(64),
        "customer_id" VARCHAR(64),
        "endpoint_id" VARCHAR(64),
        "other_address" VARCHAR(255) NOT NULL,
        "most_recent_message_id" VARCHAR(64) NOT NULL,
        "date_last_message" VARCHAR(27) NOT NULL
    )
    """,
    'CREATE INDEX "conversation_account_id_date_last_message" ON "conversations" ("account_id", "date_last_message")',
    'CREATE INDEX "conversation_endpoint_id_other_address" ON "conversations" ("endpoint_id", "other_address")',
)

DOWN = (
    'DROP TABLE "conversations"',
    'DROP TABLE "messages"',
    'DROP TABLE "session_log"',
    'DROP TABLE "session_members"',
    'DROP TABLE "sessions"',
    'DROP TABLE "customers"',
    'DROP TABLE "accounts"',
)
