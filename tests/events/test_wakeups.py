"""Wake-ups by Redis: processes learn of events at once, and lose and double none while it is away."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.events import streams, wakeups
from gateway.events.wakeups import RedisWakeups
from gateway.redis_address import RedisAddress, parse
from tests.databases import new_database
from tests.events.conftest import Node, Nodes, two_nodes
from tests.redis import RedisServer
from tests.servers import needs, wait_until

#: Seconds that no test waits.
_NEVER = 3600.0
_REASON = "events without Redis: workers poll the database"


on_servers = pytest.mark.parametrize("nodes", ["sqlite", "mariadb"], indirect=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes without Redis look often, those with it only when they are woken; Redis is given up soon."""
    for name, value in {"REST": _NEVER, "BUSY_TICK": _NEVER, "BUSY": 0.0, "TICK": 0.05}.items():
        monkeypatch.setattr(streams, name, value)
    for name, value in {"BEAT": 0.05, "SILENCE": 0.5, "PAUSE": 0.05, "PATIENCE": 0.5}.items():
        monkeypatch.setattr(wakeups, name, value)


@pytest.fixture
def nodes(
    request: pytest.FixtureRequest,
    redis_server: RedisServer,
    quick: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Nodes]:
    """Two processes that wake each other, on SQLite or on the kind of server that the test names."""
    url = f"sqlite:///{tmp_path}/rows.db"
    kind = getattr(request, "param", "sqlite")
    if kind != "sqlite":
        url = new_database(request.getfixturevalue(kind))
    with two_nodes(url, monkeypatch, events_url=redis_server.url) as two:
        yield two


def wait_for(node: Node, *, connected: bool = True) -> None:
    wait_until(lambda: node.broker._wakeups.connected is connected, f"connected is {connected}")


def list_numbers(texts: range) -> list[str]:
    return [str(number) for number in texts]


@on_servers
def test_an_event_of_another_process_comes_without_a_tick(nodes: Nodes) -> None:
    ada, bob = nodes.one.listen(nodes.ada, "home"), nodes.two.listen(nodes.bob, "home")
    wait_for(nodes.one)
    wait_for(nodes.two)
    for number in range(20):
        (nodes.two if number % 2 else nodes.one).say(str(number), room="home")
    for stream in (ada, bob):
        assert [message.body["text"] for message in stream.events(20)] == list_numbers(range(20))
        assert stream.is_silent(0.1)
    # Those who come and go are told at once, too, and so is a heartbeat that came to the other process.
    key = nodes.one.listen(nodes.ada, "home").next().body["id"]
    assert bob.until("cmd.onJoin").body["userId"] == "ada"
    nodes.two.client().post(f"/event-heartbeat?id={key}")
    nodes.two.client().post(f"/event-unregister?id={key}")
    assert bob.until("cmd.onLeave").body["userId"] == "ada"
    assert nodes.one.broker.numbers()["event_wakeups_connected"] == 1


@on_servers
def test_nothing_is_lost_or_doubled_while_redis_is_killed_and_comes_back(
    nodes: Nodes, redis_server: RedisServer
) -> None:
    ada = nodes.one.listen(nodes.ada, "home")
    wait_for(nodes.one)
    with structlog.testing.capture_logs() as lines:
        for number in range(10):
            nodes.two.say(str(number), room="home")
        redis_server.stop()
        for number in range(10, 20):
            nodes.two.say(str(number), room="home")
        assert [message.body["text"] for message in ada.events(20)] == list_numbers(range(20))
        wait_for(nodes.one, connected=False)
        assert nodes.one.broker.numbers()["event_wakeups_connected"] == 0
        nodes.two.say("20", room="home")
        assert ada.events(1)[0].body["text"] == "20"
        redis_server.start()
        wait_for(nodes.one)
    log_lines = [(line["log_level"], line["event"]) for line in lines if "Redis" in str(line["event"])]
    # One line of each process, however often it tried.
    assert log_lines.count(("warning", _REASON)) in (1, 2)
    assert ("info", "events with Redis again") in log_lines
    for number in range(21, 30):
        nodes.two.say(str(number), room="home")
    assert [message.body["text"] for message in ada.events(9)] == list_numbers(range(21, 30))
    assert ada.is_silent(0.1)


def test_a_stopped_redis_delays_nothing(nodes: Nodes, redis_server: RedisServer) -> None:
    """Its connections stay open, and nothing comes from it."""
    ada = nodes.one.listen(nodes.ada, "home")
    wait_for(nodes.one)
    redis_server.signal(signal.SIGSTOP)
    nodes.two.say("1", room="home")
    wait_for(nodes.one, connected=False)
    nodes.two.say("2", room="home")
    assert [message.body["text"] for message in ada.events(2)] == ["1", "2"]
    redis_server.signal(signal.SIGCONT)
    wait_for(nodes.one)
    nodes.two.say("3", room="home")
    assert ada.events(1)[0].body["text"] == "3"
    assert ada.is_silent(0.1)


def test_an_event_may_arrive_after_its_wake_up(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a cluster a node may have a commit of another node only after its wake-up."""
    monkeypatch.setattr(streams, "BUSY_TICK", 0.02)
    ada = nodes.one.listen(nodes.ada, "home")
    wait_for(nodes.one)
    held = nodes.one.broker._streams
    looked = held._last_look
    nodes.two.broker._wakeups.send()
    wait_until(lambda: held._last_look > looked, "the process looks, and finds nothing")
    with nodes.database.unit_of_work() as unit:
        nodes.two.broker.publisher(unit).publish("chat.said", {"text": "late"}, channel="home")
    assert ada.events(1)[0].body["text"] == "late"


def test_a_process_that_ends_notifies_the_others(nodes: Nodes) -> None:
    ada, bob = nodes.one.listen(nodes.ada, "home"), nodes.two.listen(nodes.bob, "home")
    wait_for(nodes.one)
    nodes.two.broker.stop()
    assert bob.until("cmd.onGoodbye")
    assert ada.until("cmd.onLeave").body["userId"] == "bob"
    threads = nodes.two.broker._wakeups._threads.values()  # type: ignore[attr-defined]
    wait_until(lambda: not any(thread.is_alive() for thread in threads), "its threads end")


@contextmanager
def listen_at(address: RedisAddress) -> Iterator[tuple[RedisWakeups, threading.Event]]:
    """What listens at an address, and what is set when it is woken."""
    woken = threading.Event()
    wakeups = RedisWakeups(address)
    wakeups.listen(woken.set)
    try:
        yield wakeups, woken
    finally:
        wakeups.stop()


def test_the_last_wakeup_is_sent_although_the_process_ends(redis_server: RedisServer) -> None:
    address = parse(redis_server.url)
    with listen_at(address) as (listener, woken):
        wait_until(lambda: listener.connected, "it listens")
        for number_before in range(4):
            woken.clear()
            sender = RedisWakeups(address)
            for _ in range(number_before):
                sender.send()
                assert woken.wait(5)
                woken.clear()
            sender.send()
            sender.stop()
            assert woken.wait(5), number_before


def test_a_process_that_only_sends(redis_server: RedisServer, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sends again what Redis did not take, and tells it when it can not."""
    address = parse(redis_server.url)
    sender = RedisWakeups(address)
    redis = pytest.importorskip("redis")
    with listen_at(address) as (listener, woken):
        assert woken.wait(30)
        woken.clear()
        sender.send()
        assert woken.wait(30)
        # Redis closes connections that rest.
        monkeypatch.setattr(wakeups, "PAUSE", _NEVER)
        with redis.Redis(port=redis_server.port) as operator:
            assert operator.client_kill_filter(_type="normal", skipme=True) == 1
        woken.clear()
        sender.send()
        assert woken.wait(30)
        monkeypatch.setattr(wakeups, "PAUSE", 0.05)
        redis_server.stop()
        wait_until(lambda: not listener.connected, "Redis is away")
        with structlog.testing.capture_logs() as lines:
            sender.send()
            wait_until(lambda: bool(lines), "the line about it")
        redis_server.start()
        wait_until(lambda: listener.connected, "Redis is back")
        woken.clear()
        sender.send()
        assert woken.wait(30)
    sender.stop()


def test_database_numbers_keep_gateways_apart(redis_server: RedisServer, quick: None) -> None:
    address = parse(redis_server.url + "/7")
    with listen_at(address) as (same, woken), listen_at(replace(address, database=8)) as (_, other):
        wait_until(lambda: woken.is_set() and other.is_set(), "both listen")
        woken.clear()
        other.clear()
        sender = RedisWakeups(address)
        sender.send()
        assert woken.wait(30)
        sender.stop()
        assert not other.is_set()
        woken.clear()
        same.send()
        assert not woken.wait(0.2), "no process wakes itself"


@pytest.fixture
def fake() -> Iterator[Any]:
    """A server that does with each connection what it is told."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve(respond: Any) -> RedisAddress:
        def run() -> None:
            while not stopped.is_set():
                with suppress(OSError):
                    connection, _ = listener.accept()
                    with connection:
                        respond(connection)

        threading.Thread(target=run, daemon=True).start()
        return RedisAddress("127.0.0.1", listener.getsockname()[1])

    yield serve
    stopped.set()
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"-NOAUTH Authentication required.\r\n",
        b"*3\r\n$9\r\nsubscribe\r\n$40\r\nga",
        b"+OK\r\n",
        b"*1\r\n:1\r\n",
        b"\xff" * 100,
    ],
)
def test_a_server_that_is_not_redis(fake: Any, answer: bytes, quick: None) -> None:
    """The thread goes on, and tells it once."""
    attempts = threading.Semaphore(0)

    def reply(connection: socket.socket) -> None:
        attempts.release()
        connection.recv(4096)
        connection.sendall(answer)

    with structlog.testing.capture_logs() as lines, listen_at(fake(reply)) as (wakeups_of_fake, woken):
        for _ in range(3):
            assert attempts.acquire(timeout=30)
        assert not wakeups_of_fake.connected
        assert not woken.is_set()
        wakeups_of_fake.send()
        assert attempts.acquire(timeout=30)
    assert [line["event"] for line in lines] == [_REASON]
    assert lines[0]["reason"]


def test_users_and_passwords(tmp_path: Path, redis_server: RedisServer, quick: None) -> None:
    """A user needs the right to one channel, and to no command but three."""
    redis_server.stop()
    rights = "resetchannels &gateway.events.* -@all +subscribe +publish +ping"
    (tmp_path / "users.acl").write_text(
        f"user default on >p@ss/word ~* &* +@all\nuser gateway on >s:cret {rights}\nuser other on >x -@all\n"
    )
    redis_server.options = ("--port", str(redis_server.port), "--aclfile", str(tmp_path / "users.acl"))
    redis_server.start()
    host = redis_server.url.removeprefix("redis://")
    for login in (":p%40ss%2Fword", "gateway:s%3Acret"):
        with listen_at(parse(f"redis://{login}@{host}")) as (redis_wakeups, woken):
            assert woken.wait(30)
            assert redis_wakeups.connected
            sender = RedisWakeups(redis_wakeups._address)
            woken.clear()
            sender.send()
            assert woken.wait(30)
            sender.stop()
    for login, reason in (("gateway:hidden", "invalid username-password pair"), ("other:x", "no permissions to run")):
        with (
            structlog.testing.capture_logs() as lines,
            listen_at(parse(f"redis://{login}@{host}")) as (redis_wakeups, _),
        ):
            wait_until(lambda lines=lines: bool(lines), "the line about it")  # type: ignore[misc]
            assert not redis_wakeups.connected
        assert reason in lines[0]["reason"]
        assert "hidden" not in str(lines)


def test_tls(tmp_path: Path, redis_server: RedisServer, quick: None) -> None:
    needs("openssl")
    redis_server.stop()
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ),
            *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    redis_server.options = (
        *("--port", "0", "--tls-port", str(redis_server.port), "--tls-auth-clients", "no"),
        *("--tls-key-file", str(key), "--tls-cert-file", str(certificate), "--tls-ca-cert-file", str(certificate)),
    )
    redis_server.start()
    url = f"rediss://127.0.0.1:{redis_server.port}"
    with listen_at(parse(f"{url}?ssl_ca={certificate}")) as (redis_wakeups, woken):
        assert woken.wait(30)
        assert redis_wakeups.connected
    # A certificate that nobody vouches for is refused.
    with structlog.testing.capture_logs() as lines, listen_at(parse(url)) as (redis_wakeups, _):
        wait_until(lambda: bool(lines), "the line about it")
        assert not redis_wakeups.connected
    assert "certificate verify failed" in lines[0]["reason"]


class _Messages:
    """A connection to Redis at which messages have arrived."""

    def __init__(self, *messages: tuple[bytes, ...]) -> None:
        self.messages = [*messages]
        self.sent: list[tuple[str, ...]] = []

    def can_read(self, timeout: float) -> bool:
        return bool(self.messages)

    def read_response(self) -> tuple[bytes, ...]:
        return self.messages.pop(0)

    def send_command(self, *words: str) -> None:
        self.sent.append(words)
        self.messages.append((b"integer",))


def test_wake_ups_that_have_arrived_are_one() -> None:
    wakeups_of_one: Any = RedisWakeups(parse("redis://localhost"))
    message = (b"message", b"gateway.events.0", b"another")
    assert wakeups_of_one._read_wakeups(connection := _Messages(*[message] * 50)) is True
    assert connection.messages == []
    own = (b"message", b"gateway.events.0", wakeups_of_one._sender)
    assert wakeups_of_one._read_wakeups(_Messages(own, (b"pong",), own)) is False
    assert wakeups_of_one.connected is False
    assert wakeups_of_one._read_wakeups(_Messages((b"subscribe", b"gateway.events.0", b"1"), own)) is True
    assert wakeups_of_one.connected is True


@pytest.mark.parametrize("is_busy", [False, True])
def test_a_process_that_stores_many_events_sends_fewer_wake_ups(is_busy: bool) -> None:
    wakeups_of_one: Any = RedisWakeups(parse("redis://localhost"))
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if is_busy:
            wakeups_of_one._due.set()

    wakeups_of_one._stopping.wait = pause
    wakeups_of_one._pending = True
    wakeups_of_one._due.set()
    wakeups_of_one._send_next(connection := _Messages())
    assert [words[0] for words in connection.sent] == ["PUBLISH"]
    assert sum(pauses) == pytest.approx(wakeups.BUSY_GAP if is_busy else wakeups.GAP)
    assert wakeups_of_one._due.is_set() is is_busy
