"""Event streams of a running gateway: its workers keep the connections, and no thread waits for them."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.events.reading import PATIENCE, Stream
from tests.live.processes import list_workers
from tests.live.sessions import create
from tests.redis import RedisServer
from tests.servers import API_KEY, FIRST_USER, Gateway, GatewayFactory, wait_until


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """A stack that closes the streams of a test."""
    with ExitStack() as stack:
        yield stack


def listen(gateway: Gateway, stack: ExitStack, channels: str = "", *lines: str, key: str = API_KEY) -> Stream:
    """Open the event stream of a new subscriber."""
    host, _, port = gateway.address.partition(":")
    connection = stack.enter_context(socket.create_connection((host, int(port)), PATIENCE))
    head = [
        f"GET /event-stream?channels={channels} HTTP/1.1",
        f"Host: {gateway.address}",
        f"Authorization: Bearer {key}",
    ]
    connection.sendall("\r\n".join([*head, *lines, "", ""]).encode())
    return Stream(connection, has_head=True)


def call(gateway: Gateway, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Return the status and the document of a response."""
    request = urllib.request.Request(
        gateway.url + path,
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json", "Accept": "application/json"},
        method=verb,
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            text = response.read()
            return response.status, json.loads(text) if text else None
    except HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


@pytest.fixture(scope="module")
def gateway(lasting_gateway: Gateway) -> Gateway:
    """One gateway for all tests, which leave it unchanged."""
    return lasting_gateway


def test_a_session_is_followed_from_any_worker(gateway: Gateway, stack: ExitStack) -> None:
    account = call(gateway, "GET", "/accounts.json")[1]["items"][0]["id"]
    streams = [listen(gateway, stack, f"account:{account}") for _ in range(4)]
    assert streams[0].head[0] == "HTTP/1.1 200 OK"
    assert {"Content-Type: text/event-stream", "X-Accel-Buffering: no"} <= set(streams[0].head)
    assert not [line for line in streams[0].head if line.startswith(("Content-Length", "Transfer-Encoding"))]
    session = create(gateway, "followed")
    call(gateway, "PATCH", f"/sessions/{session}", {"consoleData": "x"})
    call(gateway, "POST", f"/sessions/{session}/members", {"memberToAdd": "bob@example.org"})
    call(gateway, "POST", f"/sessions/{session}/messages", {"body": "hello"})
    call(gateway, "DELETE", f"/sessions/{session}/members/bob@example.org")
    call(gateway, "DELETE", f"/sessions/{session}")
    selectors = [
        "session.created",
        "session.changed",
        "member.joined",
        "message.arrived",
        "member.left",
        "session.ended",
    ]
    for stream in streams:
        seen = stream.events(6)
        assert [message.selector for message in seen] == selectors
        assert {message.channel for message in seen} == {f"account:{account}"}
        assert seen[-1].body["id"] == session
        assert seen[-1].body["ended"] is True


def test_no_thread_waits_for_a_subscriber(gateway: Gateway, stack: ExitStack) -> None:
    before = {process_id: len(os.listdir(f"/proc/{process_id}/task")) for process_id in list_workers(gateway)}
    streams = [listen(gateway, stack, "many") for _ in range(60)]
    for stream in streams:
        assert stream.next().selector == "cmd.onConnect"
    threads = {process_id: len(os.listdir(f"/proc/{process_id}/task")) for process_id in list_workers(gateway)}
    # Threads of the pool that were not needed before, the poller, and the thread that rechecks callers.
    assert sum(threads.values()) - sum(before.values()) < 40
    subscribers = call(gateway, "GET", "/event-subscribers?channels=many")[1]
    assert len(subscribers) == 60


def test_refusals(gateway: Gateway, stack: ExitStack) -> None:
    assert listen(gateway, stack, key="wrong").head[0].startswith("HTTP/1.1 401")
    assert listen(gateway, stack, "a%20b").head[0].startswith("HTTP/1.1 400")
    assert call(gateway, "POST", "/event-heartbeat?id=nobody")[0] == 404
    assert call(gateway, "POST", "/event-stream")[0] == 405
    assert call(gateway, "POST", "/event-subscribers/nobody", {"subscribeChannels": ["a"]})[0] == 404


class Follower(threading.Thread):
    """A client that reads events and reconnects after each end, as a browser's EventSource does."""

    def __init__(self, gateway: Gateway, channel: str) -> None:
        super().__init__(daemon=True)
        self._gateway = gateway
        self._channel = channel
        self.seen: list[Any] = []
        self.read_connected = 0
        self.done = threading.Event()

    def run(self) -> None:
        last: list[str] = []
        while not self.done.is_set():
            with ExitStack() as stack:
                try:
                    stream = listen(self._gateway, stack, self._channel, *last)
                    while not self.done.is_set():
                        message = stream.next(1.0)
                        last = [f"Last-Event-ID: {message.id}"]
                        self.read_connected += message.selector == "cmd.onConnect"
                        if not message.selector.startswith("cmd."):
                            self.seen.append(message)
                except (OSError, EOFError, AssertionError, ValueError):
                    # A worker was killed, or nothing arrived for a while.
                    self.done.wait(0.05)


def test_killed_workers_and_a_reload_lose_and_double_nothing(make_gateway: GatewayFactory, stack: ExitStack) -> None:
    gateway = make_gateway(**FIRST_USER)
    gateway.start()
    session = create(gateway, "followed")
    followers = [Follower(gateway, f"session:{session}") for _ in range(4)]
    for follower in followers:
        follower.start()
        stack.callback(follower.join, PATIENCE)
        stack.callback(follower.done.set)
    wait_until(lambda: all(follower.read_connected for follower in followers), "the followers are connected")
    done = []
    for number in range(60):
        try:
            status, _ = call(gateway, "PATCH", f"/sessions/{session}", {"consoleData": str(number)})
        except OSError:
            continue  # its worker was killed; what it did is in the session's log
        assert status == 200
        done.append(str(number))
        if number % 20 == 10:
            os.kill(list_workers(gateway)[number // 20 % 2], signal.SIGKILL)
        if number == 45:
            assert gateway.process is not None
            gateway.process.send_signal(signal.SIGHUP)
    call(gateway, "DELETE", f"/sessions/{session}")
    wait_until(
        lambda: all(follower.seen and follower.seen[-1].selector == "session.ended" for follower in followers),
        "the followers have all",
    )
    for follower in followers:
        texts = [message.body["consoleData"] for message in follower.seen if message.selector == "session.changed"]
        assert [text for text in texts if text in done] == done
        assert len(set(texts)) == len(texts)
        numbers = [message.id for message in follower.seen]
        assert numbers == sorted(set(numbers))
        assert follower.read_connected > 1


def test_workers_wake_each_other_and_redis_may_be_killed(
    make_gateway: GatewayFactory, redis_server: RedisServer, stack: ExitStack
) -> None:
    gateway = make_gateway(**FIRST_USER, GATEWAY_EVENTS_URL=redis_server.url)
    gateway.start()

    def read_connected() -> set[str]:
        with urllib.request.urlopen(f"{gateway.url}/metrics", timeout=PATIENCE) as response:
            lines = response.read().decode().splitlines()
        return {line.partition(" ")[2] for line in lines if line.startswith("gateway_event_wakeups_connected{")}

    session = create(gateway, "followed")
    streams = [listen(gateway, stack, f"session:{session}") for _ in range(6)]
    for stream in streams:
        stream.next()
    wait_until(lambda: read_connected() == {"1.0"}, "the workers have Redis")
    for number in range(30):
        if number == 10:
            redis_server.stop()
        if number == 20:
            wait_until(lambda: read_connected() == {"0.0"}, "no worker has Redis")
            redis_server.start()
        assert call(gateway, "PATCH", f"/sessions/{session}", {"consoleData": str(number)})[0] == 200
    for stream in streams:
        seen = stream.events(30)
        assert [message.body["consoleData"] for message in seen] == [str(number) for number in range(30)]
        assert stream.is_silent(0.1)
    wait_until(lambda: read_connected() == {"1.0"}, "the workers have Redis again")
    assert gateway.stop() == 0
    assert gateway.printed().count("events without Redis") in (1, 2)
