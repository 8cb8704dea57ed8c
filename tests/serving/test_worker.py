"""What the worker takes from inside gunicorn, and which requests it gives a thread."""

from __future__ import annotations

import inspect
import os
import selectors
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gunicorn
import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http import errors, wsgi
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.message import Message
from gunicorn.http.parser import Parser
from gunicorn.http.unreader import Unreader
from gunicorn.workers import gthread

from gateway import turns
from gateway.http import refusals
from gateway.http.auth import CALLER
from gateway.serving.connections import ClientSocket, Connection
from gateway.serving.incoming import Incoming
from gateway.serving.worker import Worker
from gateway.turns import CallerTurns
from serializers.registry import default_registry
from tests.servers import wait_until


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (
            gthread.ThreadWorker,
            "accept set_accept_enabled enqueue_req handle handle_request handle_error finish_request murder_keepalived"
            " wait_for_and_dispatch_events _cap_keepalive _keepalive_after init_process",
        ),
        (gthread.TConn, "init close"),
        (gthread.PollableMethodQueue, "defer"),
        (gthread, "STOP_KEEPALIVE_LINGER"),
        (Parser, "finish_body"),
        (Unreader, "unread take_buffered"),
        (wsgi, "create"),
        (wsgi.Response, "start_response write close force_close should_close"),
        (Message, "force_close should_close"),
        (
            errors,
            "ParseException ForbiddenProxyRequest LimitRequestLine ExpectationFailed LimitRequestHeaders UnsupportedTransferCoding"
            " InvalidResponseHeader InvalidResponseHeaderName ConfigurationProblem",
        ),
    ],
)
def test_names_inside_gunicorn_exist(owner: object, names: str) -> None:
    assert [name for name in names.split() if not hasattr(owner, name)] == []


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (gthread.ThreadWorker, "tpool poller method_queue nr_conns _accepting"),
        (gthread.TConn, "data_ready parser timeout"),
        (Message, "_expected_100_continue must_close"),
        (wsgi.Response, "headers_sent chunked response_length"),
        (ChunkedReader, "parser"),
        (LengthReader, "length"),
    ],
)
def test_attributes_inside_gunicorn_exist(owner: type, names: str) -> None:
    made = inspect.getsource(owner.__init__)  # type: ignore[misc]
    assert [name for name in names.split() if f"self.{name} =" not in made] == []


@pytest.mark.parametrize(
    "name",
    [name for name, each in vars(Worker).items() if inspect.isfunction(each) and hasattr(gthread.ThreadWorker, name)],
)
def test_methods_take_what_gunicorn_passes(name: str) -> None:
    ours = inspect.signature(getattr(Worker, name)).parameters
    theirs = inspect.signature(getattr(gthread.ThreadWorker, name)).parameters
    if name != "__init__":
        assert len(ours) == len(theirs)


def test_gunicorn_is_a_version_that_is_tested() -> None:
    setup = (Path(__file__).parents[2] / "setup.cfg").read_text()
    major, minor, _ = gunicorn.__version__.split(".")
    assert f"    gunicorn >=27.0.1,<{major}.{int(minor) + 1}\n" in setup


class Serving:
    """A worker without a poller, around an application that waits to be told to go on.

    :ivar running: the paths of requests that the application is working on, in order.
    """

    def __init__(self, stack: ExitStack) -> None:
        config = Config()
        config.set("threads", 24)
        self._stack = stack
        self._go_on: dict[str, threading.Event] = {}
        self.running: list[str] = []
        self.connections: dict[str, Connection] = {}
        self._worker = Worker(0, os.getpid(), [], None, 30, config, Logger(config))
        stack.callback(self._worker.tmp.close)
        self._worker.tpool = ThreadPoolExecutor(24)
        self._worker.poller = stack.enter_context(selectors.DefaultSelector())
        self._worker.wsgi = self
        self._worker.method_queue.defer = lambda *_: None

    #: As the application has it.
    caller_share = 0.5

    def refusal(self, status: int, message: str, request_id: str, head: bytes, retry_after: int) -> bytes:
        """As the application has it."""
        return refusals.refusal(status, message, request_id, head, default_registry(), retry_after=retry_after)

    def overspend(self, caller: str) -> None:
        """Let a known caller have taken more than its share."""
        short = self._worker._senders[caller].short
        assert isinstance(short, CallerTurns)
        short.spend(1)

    def look(self) -> None:
        """Let the worker look for what has waited long enough."""
        self._worker._next_look = 0.0
        self._worker.murder_keepalived()

    def send(self, path: str, *lines: str) -> socket.socket:
        """Let a request arrive, and return its client's socket."""
        ours, theirs = (self._stack.enter_context(each) for each in socket.socketpair())
        address = "127.0.0.1", 1
        conn = Connection(self._worker.cfg, self._stack.enter_context(ClientSocket(ours)), address, address)
        self.connections[path] = conn
        self._send(conn, path, *lines)
        return theirs

    def send_again(self, before: str, path: str, *lines: str) -> None:
        """Let a request arrive on the connection of one before."""
        conn = self.connections[before]
        conn.initialized = False
        self._send(conn, path, *lines)

    def _send(self, conn: Connection, path: str, *lines: str) -> None:
        conn.incoming = Incoming(0)
        head = "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *lines, "", ""])
        assert conn.incoming.feed(head.encode(), 1)
        self._go_on[path] = threading.Event()
        self._worker.enqueue_req(conn)

    def end(self, *paths: str) -> None:
        """Let the application answer requests."""
        for path in paths:
            self._go_on[path].set()
            wait_until(lambda path=path: path not in self.running, f"the end of {path}")  # type: ignore[misc]

    def runs(self, *paths: str) -> None:
        """Wait until the application works on these requests, and assert that it works on no others."""
        wait_until(lambda: len(self.running) >= len(paths), f"{paths} that run")
        threading.Event().wait(0.05)
        assert self.running == [*paths]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        path = environ["PATH_INFO"]
        self.running.append(path)
        if path.startswith("/leaving"):
            turns.leave()
        if "HTTP_AUTHORIZATION" in environ:
            environ[CALLER] = "" if path.startswith("/revoked") else environ["HTTP_AUTHORIZATION"]
        self._go_on[path].wait(60)
        self.running.remove(path)
        start_response("204 No Content", [])
        return []


@pytest.fixture
def serving() -> Iterator[Serving]:
    with ExitStack() as stack:
        made = Serving(stack)
        yield made
        for each in made._go_on.values():
            each.set()
        made._worker.tpool.shutdown()


ADA = "Authorization: Bearer ada"


def test_requests_without_a_known_caller_run_one_by_one(serving: Serving) -> None:
    for path in ("/1", "/2", "/3"):
        serving.send(path)
    serving.send("/4", ADA)
    serving.runs("/1")
    serving.end("/1")
    serving.runs("/2")
    serving.end("/2", "/3")
    serving.runs("/4")


def test_one_that_waits_for_something_else_lets_the_next_run(serving: Serving) -> None:
    for path in ("/leaving/1", "/leaving/2", "/3", "/4"):
        serving.send(path)
    serving.runs("/leaving/1", "/leaving/2", "/3")


def test_a_caller_who_was_signed_in_waits_for_no_stranger(serving: Serving) -> None:
    serving.send("/first", ADA)
    serving.runs("/first")
    serving.end("/first")
    serving.send("/stranger")
    serving.runs("/stranger")
    serving.send("/again", "Accept: text/csv", ADA)
    serving.send("/other", "Authorization: Bearer eve")
    serving.runs("/stranger", "/again")


def test_one_caller_leaves_threads_to_others(serving: Serving) -> None:
    for line in (ADA, "Authorization: Bearer bob"):
        serving.send(f"/{line[-3:]}", line)
        serving.runs(f"/{line[-3:]}")
        serving.end(f"/{line[-3:]}")
    for number in range(30):
        serving.send(f"/{number}", ADA)
    wait_until(lambda: len(serving.running) == 8, "a third of the threads")
    serving.send("/bob/again", "Authorization: Bearer bob")
    wait_until(lambda: "/bob/again" in serving.running, "the other one")
    assert len(serving.running) == 9


BOB = "Authorization: Bearer bob"


def known(serving: Serving, *lines: str) -> None:
    """Let callers sign in."""
    for number, line in enumerate(lines):
        serving.send(f"/known/{number}", line)
        serving.runs(f"/known/{number}")
        serving.end(f"/known/{number}")


def test_a_caller_over_its_share_has_one_turn_while_others_call(serving: Serving) -> None:
    known(serving, ADA, BOB)
    serving.overspend("Bearer ada")
    for path in ("/1", "/2"):
        serving.send(path, ADA)
    for path in ("/3", "/4"):
        serving.send(path, BOB)
    serving.runs("/1", "/3", "/4")
    serving.end("/1")
    serving.runs("/3", "/4", "/2")


def test_a_caller_over_its_share_has_all_turns_while_nobody_else_calls(serving: Serving) -> None:
    known(serving, ADA)
    serving.overspend("Bearer ada")
    for path in ("/1", "/2"):
        serving.send(path, ADA)
    serving.runs("/1", "/2")


def test_requests_that_waited_go_on_when_the_share_is_kept_again(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(serving, ADA, BOB)
    serving.overspend("Bearer ada")
    for path in ("/1", "/2", "/3"):
        serving.send(path, ADA)
    serving.look()
    serving.runs("/1")
    monkeypatch.setattr("gateway.turns.CREDIT", 60)
    serving.look()
    serving.runs("/1", "/2", "/3")


@pytest.mark.parametrize(("line", "whose"), [(ADA, "of one caller"), ("Accept: text/csv", "without a known caller")])
def test_too_many_that_wait_are_refused_without_a_thread(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, line: str, whose: str
) -> None:
    monkeypatch.setattr("gateway.serving.worker.MOST_WAITING", 2)
    monkeypatch.setattr("gateway.serving.worker.MOST_STRANGERS_WAITING", 2)
    known(serving, ADA, BOB)
    serving.overspend("Bearer ada")
    for path in ("/1", "/2", "/3"):
        serving.send(path, line)
    refused = serving.send("/4.xml", line).recv(4096)
    assert refused.startswith(b"HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\n")
    assert b"\r\nRetry-After: 1\r\n" in refused
    assert f"<Message>2 requests {whose} wait already. Try again later.</Message>".encode() in refused
    serving.send("/bob", BOB)
    serving.runs("/1", "/bob")


def test_a_probe_after_another_request_takes_no_turn(serving: Serving) -> None:
    known(serving, ADA, BOB)
    serving.overspend("Bearer ada")
    serving.send("/1", ADA)
    serving.runs("/1")
    serving.end("/1")
    serving.send_again("/1", "/health")
    serving.runs("/health")
    serving.end("/health")
    for path in ("/2", "/3"):
        serving.send(path, ADA)
    serving.runs("/2")


def test_credentials_that_are_refused_are_known_no_longer(serving: Serving) -> None:
    for path in ("/first", "/revoked"):
        serving.send(path, ADA)
        serving.runs(path)
        serving.end(path)
    serving.send("/stranger")
    serving.runs("/stranger")
    serving.send("/again", ADA)
    serving.runs("/stranger")
