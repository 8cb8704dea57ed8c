"""Thousands of hostile requests to a real server: each gets a response, no process dies, memory is bounded, and no unforeseen error is
logged.

``GATEWAY_HOSTILE`` is the number of requests, ``GATEWAY_HOSTILE_SEED`` the seed. A failure names the request by seed and number, from which
``tests.live.hostile.requests.make`` makes it again.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from serializers.errors import DecodeError
from serializers.registry import default_registry
from tests.live.hostile.requests import Hostile, make
from tests.live.processes import get_resident, list_workers
from tests.live.raw import connect
from tests.live.sessions import create, names
from tests.servers import API_KEY, EMAIL, FIRST_USER, Gateway, GatewayFactory, wait_until

COUNT = int(os.environ.get("GATEWAY_HOSTILE", "2000"))
SEED = os.environ.get("GATEWAY_HOSTILE_SEED", "hostile")

AT_ONCE = 4
BATCH = 500
MEGABYTE = 1024 * 1024

#: Maximum memory of a worker: 90 MB after all imports; 60 MB of full caches (documents about the service 256 x 100 kB, headers 4 x 512 x
#: 8 kB, sessions 1,000 x 20 kB); and for each concurrent request a body of 10 MB as bytes, inflated, as text and as values.
MOST_RESIDENT = (90 + 60 + AT_ONCE * 4 * 10) * MEGABYTE

#: Maximum growth of a worker in the second half, when caches are still being filled; it is 10 MB after 50,000 requests.
MOST_GROWTH = 30 * MEGABYTE

_REGISTRY = default_registry()
_VERB = re.compile(rb"[\r\n]*([A-Z]+) ")


@dataclass(frozen=True, slots=True)
class Reply:
    """A request and its response; the status is 0 if there was none."""

    request: Hostile
    status: int
    content_type: str = ""
    body: bytes = b""
    trouble: str = ""


@pytest.fixture
def gateway(make_gateway: GatewayFactory) -> Gateway:
    """A gateway whose workers are not replaced after a number of requests, because a new worker would hide memory growth."""
    configuration = Path(__file__).parents[2] / "deploy" / "gunicorn.conf.py"
    gateway = make_gateway(**FIRST_USER)
    gateway.command("migrate")
    gateway.command("user", "add", EMAIL, "--role", "User", "--api-key", API_KEY)
    gateway.start("gunicorn", "-c", str(configuration), "--max-requests", "0", "gateway.wsgi:create()")
    wait_until(lambda: len(list_workers(gateway)) == 2, "both workers")
    return gateway


def ask(gateway: Gateway, request: Hostile) -> Reply:
    """Send a request and read its response to the end. Bytes sent after a refusal may be lost; a timeout is always an error."""
    verb = _VERB.match(request.data)
    with connect(gateway) as connection:
        try:
            for number, piece in enumerate(request.pieces):
                time.sleep(0.02 if number else 0)
                connection.sendall(piece)
            if request.ends:
                connection.shutdown(socket.SHUT_WR)
        except TimeoutError as error:
            return Reply(request, 0, trouble=repr(error))
        except OSError:
            pass  # the server has answered and closed already
        try:
            with http.client.HTTPResponse(connection, method=verb[1].decode() if verb else None) as response:
                response.begin()
                return Reply(request, response.status, response.headers.get("Content-Type", ""), response.read())
        except (OSError, http.client.HTTPException) as error:
            return Reply(request, 0, trouble=repr(error))


def find_fault(reply: Reply) -> str:
    """Return the fault of a response; empty if it has none."""
    if not reply.status:
        return reply.trouble if reply.request.is_complete or "imeout" in reply.trouble else ""
    if reply.status >= 500 and reply.status not in (501, 505):
        return "a status of ours"
    if reply.status >= 400 and reply.body:
        return _find_unreadable(reply.content_type, reply.body)
    return ""


def _find_unreadable(content_type: str, body: bytes) -> str:
    """Return why an error has no readable ResponseStatus; empty if it has one."""
    serializer = _REGISTRY.by_media_type(content_type.partition(";")[0])
    if serializer is None:
        return f"an error as {content_type!r}"
    if not serializer.readable:  # a page
        return ""
    try:
        serializer.decode(body)
    except DecodeError as error:
        return f"an error that can't be read: {error}"
    return "" if b"errorcode" in body.lower() else "an error without a code"


def unforeseen(gateway: Gateway) -> list[str]:
    """Return the server's log lines about its own failures."""
    lines = [line for line in gateway.printed().splitlines() if '"event":"request"' not in line]
    return [
        line for line in lines if "Traceback" in line or '"level": "error"' in line or '"level": "critical"' in line
    ]


def run(gateway: Gateway, numbers: range) -> list[Reply]:
    """Send the requests of these numbers, several at once; return their responses."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(lambda number: ask(gateway, make(SEED, number)), numbers))


def send_in_batches(gateway: Gateway, first: int, last: int, watch: Callable[[], None]) -> list[str]:
    """Send the requests of these numbers in batches; return the faults of their responses."""
    faults = []
    for start in range(first, last, BATCH):
        for reply in run(gateway, range(start, min(start + BATCH, last))):
            fault = find_fault(reply)
            if fault:
                faults.append(
                    f"{reply.request.name}: {reply.status} {fault} {reply.request.data[:120]!r} {reply.body[:200]!r}"
                )
        watch()
    return faults


def test_hostile_requests_break_nothing(gateway: Gateway) -> None:
    session_id = create(gateway, "before")
    before = list_workers(gateway)
    peak = 0

    def watch() -> None:
        nonlocal peak
        peak = max(peak, *map(get_resident, list_workers(gateway)))

    faults = send_in_batches(gateway, 0, COUNT // 2, watch)
    halfway = {worker: get_resident(worker) for worker in before}
    faults += send_in_batches(gateway, COUNT // 2, COUNT, watch)
    after = {worker: get_resident(worker) for worker in before}
    memory = f"{halfway} at half the way, {after} at its end, {peak} at most"
    assert faults == []
    assert unforeseen(gateway) == []
    assert list_workers(gateway) == before
    assert peak < MOST_RESIDENT, memory
    assert all(after[worker] - halfway[worker] < MOST_GROWTH for worker in before), memory
    assert names(gateway, session_id, create(gateway, "after")) == ["before", "after"]
