"""Probes while all other requests wait."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

import pytest

from tests.databases import Server, new_database
from tests.live.raw import connect, exchange, head, statuses
from tests.live.test_nodes import SHARED
from tests.servers import GatewayFactory, wait_until

THREADS = 4
#: Seconds: far less than any wait for a database, more than a busy machine needs.
SOON = 4


def probe(path: str) -> bytes:
    """Return a request for a probe."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("own_server", "server"),
    [("mariadb", "gunicorn"), ("mysql", "gunicorn"), ("mariadb", "granian")],
    indirect=True,
)
def test_a_silent_database_delays_no_probe(make_gateway: GatewayFactory, own_server: Server, server: str) -> None:
    """All threads wait for the database, and as many further requests wait for a thread."""
    gateway = make_gateway(
        GATEWAY_DATABASE_URL=new_database(own_server.url),
        **SHARED,
        GATEWAY_WORKERS="1",
        GATEWAY_THREADS=str(THREADS),
        GATEWAY_SERVER=server,
    )
    gateway.command("migrate")
    gateway.start()
    assert statuses(exchange(gateway, probe("/ready"))) == [200]
    own_server.fall_silent()
    try:
        with ExitStack() as stack:
            for number in range(2 * THREADS):
                connection = stack.enter_context(connect(gateway))
                connection.sendall(head(f"/sessions/{number}", method="GET"))
            for path, expected in (("/health", 200), ("/ready", 503), ("/health", 200), ("/ready", 503)):
                began = time.monotonic()
                assert statuses(exchange(gateway, probe(path))) == [expected]
                assert time.monotonic() - began < SOON
            wait_until(lambda: '"unavailable"' in gateway.printed(), "the cause in the log")
            connection.shutdown(socket.SHUT_RDWR)
    finally:
        own_server.go_on()
    wait_until(lambda: statuses(exchange(gateway, probe("/ready"))) == [200], "the database")
