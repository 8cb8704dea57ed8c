"""Signing in at real workers, which share only a database."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.servers import API_KEY, EMAIL, PASSWORD, Gateway, GatewayFactory


@pytest.fixture
def workers(make_gateway: GatewayFactory) -> Gateway:
    """A gateway with three workers."""
    gateway_of_three_workers = make_gateway(
        GATEWAY_WORKERS="3",
        GATEWAY_BOOTSTRAP_EMAIL=EMAIL,
        GATEWAY_BOOTSTRAP_PASSWORD=PASSWORD,
        GATEWAY_BOOTSTRAP_API_KEY=API_KEY,
    )
    gateway_of_three_workers.start()
    return gateway_of_three_workers


def ask(gateway: Gateway, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, list[str]]:
    """Return the status, JSON and cookies of a response. The connection is new, so that any worker may get it."""
    connection = http.client.HTTPConnection(gateway.address, timeout=30)
    all_headers = {"Accept": "application/json", "Content-Type": "application/json"}
    all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, None if body is None else json.dumps(body), all_headers)
    response = connection.getresponse()
    cookies = response.headers.get_all("Set-Cookie") or []
    text = response.read()
    connection.close()
    return response.status, json.loads(text) if text else None, cookies


def log_in(gateway: Gateway, **changes: Any) -> tuple[Any, str]:
    """Log in; return the response, and the Cookie header for it."""
    body = {"provider": "credentials", "userName": EMAIL, "password": PASSWORD, **changes}
    status, document, cookies = ask(gateway, "POST", "/auth", body)
    assert status == 200
    return document, "; ".join(line.split(";")[0] for line in cookies)


def list_statuses(gateway: Gateway, times: int = 20, **headers: str) -> set[int]:
    """Send a signed-in request several times, to any workers; return the statuses."""
    return {ask(gateway, "GET", "/sessions", **headers)[0] for _ in range(times)}


def test_a_log_in_at_one_worker_is_valid_at_all(workers: Gateway) -> None:
    document, cookie = log_in(workers)
    assert list_statuses(workers, Cookie=cookie) == {200}
    assert list_statuses(workers, Authorization=f"Bearer {document['bearerToken']}") == {200}
    workers.stop()
    workers.start()
    assert list_statuses(workers, Cookie=cookie) == {200}
    assert list_statuses(workers, Authorization=f"Bearer {document['bearerToken']}") == {200}
    assert ask(workers, "GET", "/auth/logout", Cookie=cookie)[0] == 200
    assert list_statuses(workers, Cookie=cookie) == {401}


def test_a_change_on_the_command_line_counts_at_once_at_every_worker(workers: Gateway) -> None:
    _, cookie = log_in(workers)
    key = workers.command("user", "key", EMAIL).strip()
    assert list_statuses(workers, X_Api_Key=key) == {200}
    workers.command("user", "key", EMAIL, "--revoke", key[-4:])
    assert list_statuses(workers, X_Api_Key=key) == {403}
    workers.command("user", "password", EMAIL, "--password", "another password")
    assert list_statuses(workers, Cookie=cookie) == {401}
    workers.command("user", "disable", EMAIL)
    assert list_statuses(workers, X_Api_Key=API_KEY) == {401}


def test_reads_go_on_beside_a_flood_of_log_ins(workers: Gateway) -> None:
    ending = threading.Event()
    seen: set[int] = set()

    def repeat(call: Callable[[], int]) -> None:
        while not ending.is_set():
            seen.add(call())

    def guess() -> int:
        name = f"{threading.get_ident()}-{time.monotonic_ns()}@example.org"
        address = f"2001:db8:{time.monotonic_ns() % 0xFFFF:x}::1"
        body = {"provider": "credentials", "userName": name, "password": "wrong"}
        return ask(workers, "POST", "/auth", body, X_Forwarded_For=address)[0]

    flood = [threading.Thread(target=repeat, args=(guess,)) for _ in range(24)]
    for thread in flood:
        thread.start()
    slowest = 0.0
    for _ in range(50):
        began = time.perf_counter()
        assert ask(workers, "GET", "/sessions", Authorization=f"Bearer {API_KEY}")[0] == 200
        slowest = max(slowest, time.perf_counter() - began)
    ending.set()
    for thread in flood:
        thread.join()
    assert seen <= {401, 429}
    assert slowest < 5
    assert workers.stop() == 0
    assert "unforeseen" not in workers.printed()


def test_secrets_are_printed_nowhere(workers: Gateway) -> None:
    document, cookie = log_in(workers)
    log_in(workers, rememberMe=True)
    ask(workers, "POST", "/access-token", {"refreshToken": document["refreshToken"]})
    ask(workers, "GET", f"/sessions?apikey={API_KEY}", Authorization="Bearer a-wrong-but-secret-key")
    workers.stop()
    output = workers.printed()
    for secret in (
        PASSWORD,
        API_KEY,
        document["bearerToken"],
        document["refreshToken"],
        document["sessionId"],
        "a-wrong-but",
    ):
        assert secret not in output
    assert '"event":"password verified"' in output.replace(": ", ":")
    assert cookie
