"""Several gateways on one MariaDB, as behind a load balancer, and their responses when it is unavailable."""

from __future__ import annotations

import http.client
import json
import signal
import threading
from typing import Any

import pytest

from tests.databases import Server, new_database
from tests.live.raw import exchange, head, statuses
from tests.live.sessions import create, names
from tests.servers import API_KEY, EMAIL, FIRST_USER, PASSWORD, Gateway, GatewayFactory, wait_until

SHARED = {**FIRST_USER, "GATEWAY_SECRET": "shared-by-all-nodes-0123456789abcdef"}


def ask(gateway: Gateway, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
    """Return the status, document and cookies of a response."""
    connection = http.client.HTTPConnection(gateway.address, timeout=30)
    all_headers = {"Content-Type": "application/json", **headers}
    connection.request(method, path, None if body is None else json.dumps(body), all_headers)
    with connection.getresponse() as response:
        text = response.read()
        lines = response.headers.get_all("Set-Cookie") or []
        status = response.status
    connection.close()
    cookies = dict(line.partition(";")[0].split("=", 1) for line in lines)
    return status, json.loads(text) if text else None, cookies


@pytest.fixture
def nodes(make_gateway: GatewayFactory, mariadb: str) -> tuple[Gateway, Gateway]:
    """Two running gateways on one database, started at the same time."""
    url = new_database(mariadb)
    first_node, second_node = (make_gateway(GATEWAY_DATABASE_URL=url, **SHARED) for _ in range(2))
    first_node.command("migrate")
    starting = threading.Thread(target=second_node.start)
    starting.start()
    first_node.start()
    starting.join()
    wait_until(second_node.healthy, "the second node", second_node.process)
    return first_node, second_node


def test_the_schema_is_required_and_created_by_migrate(make_gateway: GatewayFactory, mariadb: str) -> None:
    gateway = make_gateway(GATEWAY_DATABASE_URL=new_database(mariadb), **SHARED)
    run_of_serve = gateway.attempt("serve")
    assert run_of_serve.returncode == 1
    assert "gateway migrate" in run_of_serve.stderr
    assert gateway.attempt("migrate", "--check").returncode == 1
    assert "applied" in gateway.command("migrate")
    assert "up to date" in gateway.command("migrate", "--check")
    gateway.start()
    assert names(gateway, create(gateway, "after")) == ["after"]


def test_nodes_know_the_same_sessions_and_the_same_first_user(nodes: tuple[Gateway, Gateway]) -> None:
    one, two = nodes
    wait_until(lambda: "curl " in one.printed() + two.printed(), "the announcement")
    assert (one.printed() + two.printed()).count("curl ") == 1
    session_ids = [create(node, f"{number}") for number, node in enumerate((one, two, one, two))]
    for node in nodes:
        assert names(node, *session_ids) == ["0", "1", "2", "3"]


def test_a_log_in_holds_on_every_node(nodes: tuple[Gateway, Gateway]) -> None:
    one, two = nodes
    credentials = {"provider": "credentials", "userName": EMAIL, "password": PASSWORD}
    status, document, cookies = ask(one, "POST", "/auth/credentials", credentials)
    assert status == 200
    line = "; ".join(f"{name}={value}" for name, value in cookies.items())
    assert ask(two, "GET", "/auth", Cookie=line)[0] == 200
    assert ask(two, "GET", "/sessions/my", Authorization=f"Bearer {document['bearerToken']}")[0] == 200
    assert ask(two, "POST", "/auth/logout", {}, Cookie=line)[0] == 200
    assert ask(one, "GET", "/auth", Cookie=line)[0] == 401


def test_one_node_goes_and_the_other_serves_on(nodes: tuple[Gateway, Gateway]) -> None:
    one, two = nodes
    session_id = create(one, "from the first")
    one.stop(signal.SIGKILL)
    assert names(two, session_id, create(two, "from the second")) == ["from the first", "from the second"]


def test_a_database_that_is_away_and_comes_back(make_gateway: GatewayFactory, own_server: Server) -> None:
    gateway = make_gateway(GATEWAY_DATABASE_URL=new_database(own_server.url), **SHARED)
    gateway.command("migrate")
    gateway.start()
    session_id = create(gateway, "before")
    own_server.stop()
    ready = b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert statuses(exchange(gateway, ready)) == [503]
    response = exchange(gateway, head("/sessions.jsv", "Content-Type: text/jsv", "Content-Length: 2") + b"{}")
    assert statuses(response) == [503]
    assert b"Retry-After: " in response
    assert b"{responseStatus:{errorCode:ServiceUnavailable," in response
    assert gateway.healthy()
    own_server.start()
    assert statuses(exchange(gateway, ready)) == [200]
    assert names(gateway, session_id, create(gateway, "after")) == ["before", "after"]
    assert API_KEY not in gateway.printed()
