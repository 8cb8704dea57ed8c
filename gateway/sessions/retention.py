"""Deletion of old archived sessions and of personal data. The audit log records it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from gateway import audit
from gateway.transactions import run_unit, unit_of_work
from models import Database, Unit
from models.sessions import retention

#: Sessions in one transaction: others can write between two transactions.
BLOCK = 200


def count_purgeable(database: Database, before: str) -> int:
    """Return how many sessions `purge` would delete."""
    with unit_of_work(database, write=False) as unit:
        return retention.count_purgeable(unit, before)


def purge(database: Database, before: str) -> Iterator[int]:
    """Delete archived sessions created before an instant, with their members and logs; yield the number of each block."""
    count = BLOCK
    while count == BLOCK:
        count = run_unit(database, True, lambda unit: retention.purge(unit, before, BLOCK))
        yield count


def find_sessions(database: Database, user_id: str, email: str) -> list[str]:
    """Return the ids of the sessions that name a user."""
    with unit_of_work(database, write=False) as unit:
        return retention.list_sessions_of(unit, user_id, email)


def export(database: Database, session_ids: Sequence[str], email: str) -> dict[str, list[dict[str, Any]]]:
    """Return all data of these sessions, and the messages of an address, as columns by table."""
    with unit_of_work(database, write=False) as unit:
        tables: dict[str, list[dict[str, Any]]] = {"sessions": [], "members": [], "log": []}
        for block in _split_blocks(session_ids):
            for table, rows in retention.read_rows_of(unit, block).items():
                tables[table] += rows
        return {**tables, "messages": retention.read_messages_of(unit, email)}


def erase(database: Database, session_ids: Sequence[str], user_id: str, email: str) -> int:
    """Remove a user's address from these sessions, and delete its messages. Return the number of messages."""
    for block in _split_blocks(session_ids):

        def work(unit: Unit, block: Sequence[str] = block) -> None:
            retention.erase_sessions(unit, block, user_id, email)

        run_unit(database, True, work)
    return run_unit(database, True, lambda unit: retention.erase_messages(unit, email))


def record(event: audit.Event, target: str | None = None, **facts: object) -> None:
    """Write an audit line with the command line as the acting user."""
    audit.record(event, target=target, user="command line", **facts)


def _split_blocks(session_ids: Sequence[str]) -> Iterator[list[str]]:
    ids = iter(session_ids)
    while block := [*islice(ids, BLOCK)]:
        yield block
