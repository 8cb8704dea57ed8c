"""One locked row: its writers wait, and all other requests go on."""

from __future__ import annotations

import math
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import pymysql

from tests.databases import Server, new_database
from tests.live.sessions import create
from tests.live.test_nodes import SHARED, ask
from tests.servers import API_KEY, GatewayFactory, wait_until

THREADS = 8
#: Requests for the locked session: more than there are threads.
WRITERS = 3 * THREADS
#: Requests for other sessions while the row is locked.
ROUNDS = 40
#: Seconds: less than the gateway waits for a lock, more than a busy machine needs.
SOON = 4


def test_one_locked_row_delays_no_other_session(make_gateway: GatewayFactory, own_server: Server) -> None:
    url = new_database(own_server.url)
    gateway = make_gateway(GATEWAY_DATABASE_URL=url, **SHARED, GATEWAY_WORKERS="1", GATEWAY_THREADS=str(THREADS))
    gateway.command("migrate")
    gateway.start()
    locked_id, *other_ids = (create(gateway, str(number)) for number in range(5))

    def call(method: str, session_id: str, body: Any = None) -> int:
        return ask(gateway, method, f"/sessions/{session_id}", body, Authorization=f"Bearer {API_KEY}")[0]

    statuses: list[int] = []
    writers = [
        threading.Thread(target=lambda: statuses.append(call("PATCH", locked_id, {"consoleData": "x"})))
        for _ in range(WRITERS)
    ]
    parts = urlsplit(url)
    with pymysql.connect(host="127.0.0.1", port=parts.port or 0, user="root", database=parts.path[1:]) as holder:
        cursor = holder.cursor()
        cursor.execute("SELECT id FROM sessions WHERE id = %s FOR UPDATE", (locked_id,))
        for writer in writers:
            writer.start()
        began = time.monotonic()
        wait_until(lambda: count_waiting(holder) > 0, "a writer that waits for the lock")
        durations = []
        for number in range(ROUNDS):
            for method, body in (("GET", None), ("PATCH", {"consoleData": str(number)})):
                start = time.monotonic()
                assert call(method, other_ids[number % len(other_ids)], body) == 200
                durations.append(time.monotonic() - start)
            start = time.monotonic()
            # A reader of the locked row does not wait.
            assert call("GET", locked_id) == 200
            durations.append(time.monotonic() - start)
            if number >= ROUNDS // 2 and time.monotonic() - began > SOON:
                break
        holder.rollback()
    for writer in writers:
        writer.join()
    durations.sort()
    assert durations[math.ceil(0.99 * len(durations)) - 1] < SOON
    assert set(statuses) <= {200, 503}
    _, session, _ = ask(gateway, "GET", f"/sessions/{locked_id}.json", Authorization=f"Bearer {API_KEY}")
    assert len(session["log"]) == 1 + statuses.count(200)


def count_waiting(holder: Any) -> int:
    """Return how many statements of other connections have run for a while."""
    cursor = holder.cursor()
    cursor.execute(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE command = 'Query' AND id <> CONNECTION_ID()"
    )
    return int(cursor.fetchone()[0])
