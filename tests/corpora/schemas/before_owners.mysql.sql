CREATE TABLE "schema_migrations" ("name" VARCHAR(255) NOT NULL PRIMARY KEY, "applied" VARCHAR(27) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE "accounts" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "name" VARCHAR(255) NOT NULL,
        "name_folded" VARCHAR(255) NOT NULL,
        "parent_account_id" VARCHAR(64),
        "date_created" VARCHAR(27) NOT NULL,
        "date_last_modified" VARCHAR(27) NOT NULL,
        "created_by" VARCHAR(64),
        "last_modified_by" VARCHAR(64)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "account_parent_account_id" ON "accounts" ("parent_account_id");
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
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE UNIQUE INDEX "user_email_folded" ON "users" ("email_folded");
CREATE TABLE "user_accounts" (
        "user_id" VARCHAR(64) NOT NULL,
        "position" INTEGER NOT NULL,
        "account_id" VARCHAR(64) NOT NULL,
        PRIMARY KEY ("user_id", "position")
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "useraccount_account_id" ON "user_accounts" ("account_id");
CREATE TABLE "api_keys" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "user_id" VARCHAR(64) NOT NULL,
        "key_hash" VARCHAR(64) NOT NULL,
        "hint" VARCHAR(16) NOT NULL,
        "date_created" VARCHAR(27) NOT NULL,
        "date_expires" VARCHAR(27),
        "date_revoked" VARCHAR(27)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "apikey_user_id" ON "api_keys" ("user_id");
CREATE UNIQUE INDEX "apikey_key_hash" ON "api_keys" ("key_hash");
CREATE TABLE "login_sessions" (
        "id_hash" VARCHAR(64) NOT NULL PRIMARY KEY,
        "user_id" VARCHAR(64) NOT NULL,
        "credentials_version" INTEGER NOT NULL,
        "permanent" INTEGER NOT NULL,
        "date_created" VARCHAR(27) NOT NULL,
        "date_touched" VARCHAR(27) NOT NULL,
        "date_expires" VARCHAR(27) NOT NULL
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "loginsession_user_id" ON "login_sessions" ("user_id");
CREATE INDEX "loginsession_date_expires" ON "login_sessions" ("date_expires");
CREATE TABLE "login_failures" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "subject" VARCHAR(255) NOT NULL,
        "date" VARCHAR(27) NOT NULL
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "loginfailure_subject_date" ON "login_failures" ("subject", "date");
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
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "customer_account_id" ON "customers" ("account_id");
CREATE INDEX "customer_parent_customer_id" ON "customers" ("parent_customer_id");
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
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "session_parent_session_id" ON "sessions" ("parent_session_id");
CREATE INDEX "session_customer_id" ON "sessions" ("customer_id");
CREATE INDEX "session_endpoint_id" ON "sessions" ("endpoint_id");
CREATE INDEX "session_archived_date_created_id" ON "sessions" ("archived", "date_created", "id");
CREATE INDEX "session_account_id_archived_date_created_id" ON "sessions" ("account_id", "archived", "date_created", "id");
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
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE UNIQUE INDEX "sessionmember_session_id_identity" ON "session_members" ("session_id", "identity");
CREATE INDEX "sessionmember_identity" ON "session_members" ("identity");
CREATE TABLE "session_log" (
        "session_id" VARCHAR(64) NOT NULL,
        "position" INTEGER NOT NULL,
        "date" VARCHAR(27) NOT NULL,
        "message" MEDIUMTEXT NOT NULL,
        "message_folded" MEDIUMTEXT NOT NULL,
        PRIMARY KEY ("session_id", "position")
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
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
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "message_session_id" ON "messages" ("session_id");
CREATE INDEX "message_conversation_id_date_id" ON "messages" ("conversation_id", "date", "id");
CREATE INDEX "message_account_id_date_id" ON "messages" ("account_id", "date", "id");
CREATE INDEX "message_date_id" ON "messages" ("date", "id");
CREATE TABLE "conversations" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "account_id" VARCHAR(64),
        "customer_id" VARCHAR(64),
        "endpoint_id" VARCHAR(64),
        "other_address" VARCHAR(255) NOT NULL,
        "most_recent_message_id" VARCHAR(64) NOT NULL,
        "date_last_message" VARCHAR(27) NOT NULL
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "conversation_account_id_date_last_message" ON "conversations" ("account_id", "date_last_message");
CREATE INDEX "conversation_endpoint_id_other_address" ON "conversations" ("endpoint_id", "other_address");
CREATE TABLE "idempotency_keys" (
        "user_id" VARCHAR(64) NOT NULL,
        "key" VARCHAR(255) NOT NULL,
        "operation" VARCHAR(64) NOT NULL,
        "result" MEDIUMTEXT,
        "date_created" VARCHAR(27) NOT NULL,
        PRIMARY KEY ("user_id", "operation", "key")
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "idempotencykey_date_created" ON "idempotency_keys" ("date_created");
INSERT INTO "schema_migrations" ("name", "applied") VALUES ('0001_first', '2026-11-27T03:46:51.203498Z');
CREATE INDEX "session_customer_id_archived_date_created_id" ON "sessions" ("customer_id", "archived", "date_created", "id");
CREATE INDEX "session_endpoint_id_archived_date_created_id" ON "sessions" ("endpoint_id", "archived", "date_created", "id");
CREATE INDEX "session_parent_session_id_archived_date_created_id" ON "sessions" ("parent_session_id", "archived", "date_created", "id");
DROP INDEX "session_customer_id" ON "sessions";
DROP INDEX "session_endpoint_id" ON "sessions";
DROP INDEX "session_parent_session_id" ON "sessions";
INSERT INTO "schema_migrations" ("name", "applied") VALUES ('0002_lists_by_date', '2026-11-27T03:46:51.363799Z');
INSERT INTO "schema_migrations" ("name", "applied") VALUES ('0003_fewer_pages', '2026-11-27T03:46:51.367336Z');
ALTER TABLE "users" ADD COLUMN "password_set_by" VARCHAR(64);
UPDATE "users" SET "password_set_by" = 'unknown' WHERE "password_hash" IS NOT NULL;
CREATE TABLE "token_families" (
        "id_hash" VARCHAR(64) NOT NULL PRIMARY KEY,
        "ended" INTEGER NOT NULL,
        "refresh_id" VARCHAR(64),
        "previous_id" VARCHAR(64),
        "date_rotated" VARCHAR(27),
        "date_expires" VARCHAR(27) NOT NULL
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "tokenfamily_date_expires" ON "token_families" ("date_expires");
CREATE TABLE "known_addresses" (
        "subject" VARCHAR(64) NOT NULL PRIMARY KEY,
        "date" VARCHAR(27) NOT NULL
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE INDEX "knownaddress_date" ON "known_addresses" ("date");
INSERT INTO "schema_migrations" ("name", "applied") VALUES ('0004_log_ins', '2026-11-27T03:46:51.404963Z');
INSERT INTO "schema_migrations" ("name", "applied") VALUES ('0005_searched_indexes', '2026-11-27T03:46:51.405952Z');
INSERT INTO "accounts" ("id", "name", "name_folded", "parent_account_id", "date_created", "date_last_modified", "created_by", "last_modified_by") VALUES ('01a21b1cf18e7418b3020418e78c1063', 'Acme', 'acme', NULL, '2026-11-23T12:00:00.000000Z', '2026-11-23T12:00:00.000000Z', NULL, NULL);
INSERT INTO "api_keys" ("id", "user_id", "key_hash", "hint", "date_created", "date_expires", "date_revoked") VALUES ('01a21b1cf1937f88a04c26fff9babe23', '01a21b1cf1917daea205881f55f136ba', 'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk', 'k…', '2026-11-23T12:00:00.000000Z', NULL, NULL);
INSERT INTO "conversations" ("id", "account_id", "customer_id", "endpoint_id", "other_address", "most_recent_message_id", "date_last_message") VALUES ('c1', '01a21b1cf18e7418b3020418e78c1063', NULL, NULL, 'tel:2', 'm1', '2026-11-23T12:00:00.000000Z');
INSERT INTO "customers" ("id", "account_id", "name", "name_folded", "parent_customer_id", "reference_id", "date_created", "date_last_modified", "created_by", "last_modified_by") VALUES ('01a21b1cf19079b89ce4549c113766e1', '01a21b1cf18e7418b3020418e78c1063', 'Jane', 'jane', NULL, 'r-1', '2026-11-23T12:00:00.000000Z', '2026-11-23T12:00:00.000000Z', NULL, NULL);
INSERT INTO "idempotency_keys" ("user_id", "key", "operation", "result", "date_created") VALUES ('01a21b1cf1917daea205881f55f136ba', 'one', 'NewSession', '{}', '2026-11-23T12:00:00.000000Z');
INSERT INTO "known_addresses" ("subject", "date") VALUES ('ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss', '2026-11-23T12:00:00.000000Z');
INSERT INTO "login_failures" ("id", "subject", "date") VALUES ('01a21b1cf1947cb499cfbe438d1bf2d1', 'ada@example.org', '2026-11-23T12:00:00.000000Z');
INSERT INTO "login_sessions" ("id_hash", "user_id", "credentials_version", "permanent", "date_created", "date_touched", "date_expires") VALUES ('llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll', '01a21b1cf1917daea205881f55f136ba', 1, 1, '2026-11-23T12:00:00.000000Z', '2026-11-23T12:00:00.000000Z', '2026-11-23T12:00:00.000000Z');
INSERT INTO "messages" ("id", "conversation_id", "session_id", "account_id", "customer_id", "endpoint_id", "endpoint_display_name", "date", "direction", "other_address", "sender", "text", "is_unread") VALUES ('m1', 'c1', NULL, '01a21b1cf18e7418b3020418e78c1063', NULL, NULL, NULL, '2026-11-23T12:00:00.000000Z', 'Inbound', NULL, NULL, 'hello', 1);
INSERT INTO "session_log" ("session_id", "position", "date", "message", "message_folded") VALUES ('55555555555555555555555555555555', 0, '2026-11-23T12:00:00.000000Z', 'made', 'made');
INSERT INTO "session_log" ("session_id", "position", "date", "message", "message_folded") VALUES ('55555555555555555555555555555555', 1, '2026-11-23T12:00:00.000000Z', 'and more', 'and more');
INSERT INTO "session_members" ("session_id", "position", "identity", "endpoint_id", "display_name", "is_original_member", "avatar_url", "application_data", "call_state", "role", "call_sid", "muted") VALUES ('55555555555555555555555555555555', 0, 'ada', NULL, 'Ada', 1, NULL, '{"a": [1]}', NULL, NULL, NULL, 0);
INSERT INTO "sessions" ("id", "version", "date_created", "date_last_modified", "created_by", "last_modified_by", "account_id", "account_name", "parent_session_id", "customer_id", "customer_name", "customer_breadcrumb", "endpoint_id", "endpoint_name", "display_name", "channel", "direction", "dial_state", "call_state", "queue_state", "date_completed", "destination", "to_address", "from_address", "from_name", "from_phone_number", "answered_by_name", "answered_by_id", "queue_member_id", "ended", "outcome", "call_sid", "console_data", "hold_queue_name", "held_by_user_id", "hold_reason", "conference_sid", "callback_number", "most_recent_participant_call_sid", "was_missed", "ring_queue_id", "with_address", "archived", "from_folded", "to_folded") VALUES ('55555555555555555555555555555555', 1, '2026-11-23T12:00:00.000000Z', '2026-11-23T12:00:00.000000Z', NULL, NULL, '01a21b1cf18e7418b3020418e78c1063', NULL, NULL, '01a21b1cf19079b89ce4549c113766e1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'tel:1', NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 'it''s ß 😀', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, 'tel:1', '');
INSERT INTO "token_families" ("id_hash", "ended", "refresh_id", "previous_id", "date_rotated", "date_expires") VALUES ('ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 1, NULL, NULL, NULL, '2026-11-23T12:00:00.000000Z');
INSERT INTO "user_accounts" ("user_id", "position", "account_id") VALUES ('01a21b1cf1917daea205881f55f136ba', 0, '01a21b1cf18e7418b3020418e78c1063');
INSERT INTO "users" ("id", "email_address", "email_folded", "first_name", "last_name", "avatar_url", "password_hash", "password_set_by", "roles", "disabled", "credentials_version", "date_created", "date_last_modified") VALUES ('01a21b1cf1917daea205881f55f136ba', 'ada@example.org', 'ada@example.org', 'Ada', NULL, NULL, 'hash', NULL, '["Manager"]', 0, 1, '2026-11-23T12:00:00.000000Z', '2026-11-23T12:00:00.000000Z');
