"""Store who set a password, from which addresses log-ins succeeded, and which tokens were ended or renewed before they expired."""

from __future__ import annotations

from models.engine.ddl import Change, add_column, drop_column

UP: tuple[Change, ...] = (
    add_column("users", "password_set_by", "VARCHAR(64)"),
    # It is unknown who set earlier passwords: no user has this id, and null means the command line.
    """UPDATE "users" SET "password_set_by" = 'unknown' WHERE "password_hash" IS NOT NULL""",
    """
    CREATE TABLE "token_families" (
        "id_hash" VARCHAR(64) NOT NULL PRIMARY KEY,
        "ended" INTEGER NOT NULL,
        "refresh_id" VARCHAR(64),
        "previous_id" VARCHAR(64),
        "date_rotated" VARCHAR(27),
        "date_expires" VARCHAR(27) NOT NULL
    )
    """,
    'CREATE INDEX "tokenfamily_date_expires" ON "token_families" ("date_expires")',
    """
    CREATE TABLE "known_addresses" (
        "subject" VARCHAR(64) NOT NULL PRIMARY KEY,
        "date" VARCHAR(27) NOT NULL
    )
    """,
    'CREATE INDEX "knownaddress_date" ON "known_addresses" ("date")',
)

DOWN: tuple[Change, ...] = (
    'DROP TABLE "known_addresses"',
    'DROP TABLE "token_families"',
    drop_column("users", "password_set_by"),
)
