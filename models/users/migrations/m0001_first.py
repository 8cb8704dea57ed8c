"""The first schema of users."""

from __future__ import annotations

UP = (
    """
    CREATE TABLE "users" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "email_address" VARCHAR(255) NOT NULL,
        "email_folded" VARCHAR(255) NOT NULL,
        "first_name" VARCHAR(255),
        "last_name" VARCHAR(255),
        "avatar_url" VARCHAR(255),
        "password_hash" VARCHAR(255),
        "roles" MEDIUMTEXT NOT NULL,
        "disabled" INTEGER NOT NULL,
        "credentials_version" INTEGER NOT NULL,
        "date_created" VARCHAR(27) NOT NULL,
        "date_last_modified" VARCHAR(27) NOT NULL
    )
    """,
    'CREATE UNIQUE INDEX "user_email_folded" ON "users" ("email_folded")',
    """
    CREATE TABLE "user_accounts" (
        "user_id" VARCHAR(64) NOT NULL,
        "position" INTEGER NOT NULL,
        "account_id" VARCHAR(64) NOT NULL,
        PRIMARY KEY ("user_id", "position")
    )
    """,
    'CREATE INDEX "useraccount_account_id" ON "user_accounts" ("account_id")',
    """
    CREATE TABLE "api_keys" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "user_id" VARCHAR(64) NOT NULL,
        "key_hash" VARCHAR(64) NOT NULL,
        "hint" VARCHAR(16) NOT NULL,
        "date_created" VARCHAR(27) NOT NULL,
        "date_expires" VARCHAR(27),
        "date_revoked" VARCHAR(27)
    )
    """,
    'CREATE INDEX "apikey_user_id" ON "api_keys" ("user_id")',
    'CREATE UNIQUE INDEX "apikey_key_hash" ON "api_keys" ("key_hash")',
    """
    CREATE TABLE "login_sessions" (
        "id_hash" VARCHAR(64) NOT NULL PRIMARY KEY,
        "user_id" VARCHAR(64) NOT NULL,
        "credentials_version" INTEGER NOT NULL,
        "permanent" INTEGER NOT NULL,
        "date_created" VARCHAR(27) NOT NULL,
        "date_touched" VARCHAR(27) NOT NULL,
        "date_expires" VARCHAR(27) NOT NULL
    )
    """,
    'CREATE INDEX "loginsession_user_id" ON "login_sessions" ("user_id")',
    'CREATE INDEX "loginsession_date_expires" ON "login_sessions" ("date_expires")',
    """
    CREATE TABLE "login_failures" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "subject" VARCHAR(255) NOT NULL,
        "date" VARCHAR(27) NOT NULL
    )
    """,
    'CREATE INDEX "loginfailure_subject_date" ON "login_failures" ("subject", "date")',
    """
    CREATE TABLE "idempotency_keys" (
        "user_id" VARCHAR(64) NOT NULL,
        "key" VARCHAR(255) NOT NULL,
        "operation" VARCHAR(64) NOT NULL,
        "result" MEDIUMTEXT,
        "date_created" VARCHAR(27) NOT NULL,
        PRIMARY KEY ("user_id", "operation", "key")
    )
    """,
    'CREATE INDEX "idempotencykey_date_created" ON "idempotency_keys" ("date_created")',
)

DOWN = (
    'DROP TABLE "idempotency_keys"',
    'DROP TABLE "login_failures"',
    'DROP TABLE "login_sessions"',
    'DROP TABLE "api_keys"',
    'DROP TABLE "user_accounts"',
    'DROP TABLE "users"',
)
