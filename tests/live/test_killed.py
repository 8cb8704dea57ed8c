"""Workers and the database are killed under load: acknowledged changes are stored once, refused ones are not, and nothing is done twice."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from models import connect
from tests.databases import Server, new_database
from tests.live.processes import list_workers
from tests.live.test_nodes import SHARED
from tests.models.conftest import read_stored
from tests.servers import API_KEY, Gateway, GatewayFactory, wait_until

CLIENTS = 8
ROUNDS = 30
#: Seconds after which a client gives up.
LONGEST = 50


class Client:
    """Creates sessions, changes one, and sends requests that must be refused; records the responses.

    :ivar stored: names of acknowledged sessions, by id.
    :ivar unsure: names of sessions with an unknown outcome.
    :ivar refused: names of refused sessions.
    :ivar changes: numbers of changes to its own session that were acknowledged, and with an unknown outcome.
    :ivar statuses: how often each status occurred; 0 for no response.
    :param clustered: a request may be repeated on another database node.
    """

    def __init__(self, gateway: Gateway, number: int, *, clustered: bool = False) -> None:
        self.clustered = clustered
        self.gateway = gateway
        self.number = number
        self.deadline = time.monotonic() + LONGEST
        self.stored: dict[str, str] = {}
        self.unsure: list[str] = []
        self.refused: list[str] = []
        self.changes = [0, 0]
        self.statuses: Counter[int] = Counter()
        self.failure: Exception | None = None

    def run(self) -> None:
        """Send all requests."""
        try:
            self.first_id = self.create_surely("own")
            for turn in range(ROUNDS):
                self.create_surely(f"sure {turn}")
                self.create_once(f"once {turn}")
                self.refuse(f"wrong {turn}")
                self.change(str(turn))
        except Exception as error:
            self.failure = error

    def create_surely(self, name: str) -> str:
        """Create a session with an Idempotency-Key, repeating the request until it succeeds; return the id."""
        name = f"{self.number} {name}"
        while True:
            assert time.monotonic() < self.deadline, name
            status, session = self.send("POST", "/sessions", {"displayName": name}, **{"Idempotency-Key": name})
            if status == 200:
                assert self.stored.setdefault(session["id"], name) == name
                break
            if status == 409:
                # The database may notice late that the worker of the first attempt is gone.
                assert session["responseStatus"]["errorCode"] == "IdempotencyKeyInProgress"
                time.sleep(1)
            else:
                self.wait(status)
        again = self.send("POST", "/sessions", {"displayName": name}, **{"Idempotency-Key": name})
        # A completed request is no longer in progress, but a cluster node that returns may hold its old transactions for a while.
        while self.clustered and again[0] == 409 and time.monotonic() < self.deadline:
            time.sleep(1)
            again = self.send("POST", "/sessions", {"displayName": name}, **{"Idempotency-Key": name})
        assert again[0] in (0, 503) or again[1].get("id") == session["id"], again
        return str(session["id"])

    def create_once(self, name: str) -> None:
        """Create a session without a key, with one request."""
        name = f"{self.number} {name}"
        status, session = self.send("POST", "/sessions", {"displayName": name})
        if status == 200:
            self.stored[session["id"]] = name
        else:
            self.unsure.append(name)
            self.wait(status)

    def refuse(self, name: str) -> None:
        """Send an invalid session."""
        name = f"{self.number} {name}"
        status, _ = self.send("POST", "/sessions", {"displayName": name, "customerId": "nobody"})
        if status != 400:
            self.wait(status)
        self.refused.append(name)

    def change(self, text: str) -> None:
        """Add a line to the log of its own session."""
        status, _ = self.send("PATCH", f"/sessions/{self.first_id}", {"consoleData": text})
        self.changes[status != 200] += 1
        if status != 200:
            self.wait(status)

    def wait(self, status: int) -> None:
        """Wait a moment. The only allowed failures are no response, and 503 because the database is unavailable."""
        assert status in (0, 503)
        time.sleep(0.1)

    def send(self, method: str, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """Return the status and the document of a response; status 0 if there is none."""
        connection = http.client.HTTPConnection(self.gateway.address, timeout=20)
        all_headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, json.dumps(body), all_headers)
            with connection.getresponse() as response:
                document = json.loads(response.read())
                status = response.status
        except (OSError, http.client.HTTPException):
            status, document = 0, None
        finally:
            connection.close()
        self.statuses[status] += 1
        return status, document


def kill_a_worker(gateway: Gateway) -> None:
    """Kill a worker, and wait for its successor."""
    before = list_workers(gateway)
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: len(set(list_workers(gateway)) - {before[0]}) == 2, "a new worker")


def under_load(harm: Sequence[Callable[[], None]], *gateways: Gateway, clustered: bool = False) -> list[Client]:
    """Run clients of these gateways, and do harm at even intervals meanwhile; return the clients.

    :param clustered: each gateway has a different database node.
    """
    clients = [Client(gateways[number % len(gateways)], number, clustered=clustered) for number in range(CLIENTS)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for number, do_harm in enumerate(harm, 1):
        due = number * CLIENTS * ROUNDS // (len(harm) + 1)
        wait_until(partial(has_changed, clients, due), f"the load before harm {number}")
        do_harm()
    for thread in threads:
        thread.join(LONGEST + 30)
    assert [client.failure for client in clients] == [None] * CLIENTS
    return clients


def has_changed(clients: list[Client], due: int) -> bool:
    """Return whether the clients have made this many changes."""
    return sum(sum(client.changes) for client in clients) >= due


def check(url: str, clients: list[Client], *, sync_wait: bool = False) -> None:
    """Check that the stored sessions are those that the responses acknowledged."""
    database = connect(url, sync_wait=sync_wait)
    with database.unit_of_work(write=False) as unit:
        rows = unit.execute("SELECT id, display_name FROM sessions").fetchall()
        first_rows = [read_stored(unit, client.first_id) for client in clients]
        (orphans,) = unit.execute(
            "SELECT COUNT(*) FROM session_members WHERE session_id NOT IN (SELECT id FROM sessions)"
        ).fetchone()
    database.dispose()
    names_by_id, times = dict(rows), Counter(name for _, name in rows)
    assert orphans == 0
    for client, row in zip(clients, first_rows, strict=True):
        assert client.stored.items() <= names_by_id.items()
        assert {times[name] for name in client.stored.values()} == {1}
        assert {times[name] for name in client.unsure} <= {0, 1}
        assert {times[name] for name in client.refused} == {0}
        successes, possible_successes = client.changes
        assert successes <= row.version - 1 <= successes + possible_successes
        assert len(row.log) == row.version


def test_workers_on_sqlite(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(**SHARED)
    gateway.start()
    wait_until(lambda: len(list_workers(gateway)) == 2, "both workers")
    clients = under_load([lambda: kill_a_worker(gateway)] * 3, gateway)
    assert sum(client.statuses[200] for client in clients) > CLIENTS * ROUNDS * 3
    check(f"sqlite:///{gateway.folder / 'gateway.db'}", clients)


def test_workers_and_the_server(make_gateway: GatewayFactory, own_server: Server) -> None:
    url = new_database(own_server.url)
    gateway = make_gateway(GATEWAY_DATABASE_URL=url, **SHARED)
    gateway.command("migrate")
    gateway.start()
    wait_until(lambda: len(list_workers(gateway)) == 2, "both workers")

    def kill_the_server() -> None:
        own_server.stop(signal.SIGKILL)
        time.sleep(0.5)
        own_server.start()

    clients = under_load([lambda: kill_a_worker(gateway), kill_the_server] * 2, gateway)
    assert sum(client.statuses[503] for client in clients) > 0
    assert set().union(*(client.statuses for client in clients)) <= {0, 200, 400, 409, 503}
    check(url, clients)
