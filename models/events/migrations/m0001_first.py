"""The first schema of server events."""

from __future__ import annotations

from models.engine.ddl import Change

_EVENTS = """
    CREATE TABLE "events" (
        "id" {key},
        "position" BIGINT,
        "date" VARCHAR(27) NOT NULL,
        "kind" VARCHAR(16) NOT NULL,
        "selector" VARCHAR(255) NOT NULL,
        "type" VARCHAR(255),
        "body" MEDIUMTEXT,
        "channels" MEDIUMTEXT NOT NULL,
        "users" MEDIUMTEXT NOT NULL
    )
    """

UP: tuple[Change, ...] = (
    {
        "sqlite": _EVENTS.format(key="INTEGER NOT NULL PRIMARY KEY"),
        "mysql": _EVENTS.format(key="BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT"),
    },
    'CREATE INDEX "event_position" ON "events" ("position")',
    """
    CREATE TABLE "event_positions" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "newest" BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE "event_readers" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "date_seen" VARCHAR(27) NOT NULL
    )
    """,
    """
    CREATE TABLE "event_subscriptions" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "reader_id" VARCHAR(64) NOT NULL,
        "user_id" VARCHAR(64) NOT NULL,
        "subject" MEDIUMTEXT NOT NULL,
        "channels" MEDIUMTEXT NOT NULL,
        "date_created" VARCHAR(27) NOT NULL
    )
    """,
    'CREATE INDEX "eventsubscription_reader_id" ON "event_subscriptions" ("reader_id")',
    'CREATE INDEX "eventsubscription_user_id" ON "event_subscriptions" ("user_id")',
)

DOWN: tuple[Change, ...] = (
    'DROP TABLE "event_subscriptions"',
    'DROP TABLE "event_readers"',
    'DROP TABLE "event_positions"',
    'DROP TABLE "events"',
)
