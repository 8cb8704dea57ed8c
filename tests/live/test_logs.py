"""A gateway whose log can't be written: requests go on as before."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.live.raw import connect, exchange, head, statuses
from tests.live.sessions import create, names
from tests.servers import FIRST_USER, Gateway, GatewayFactory, end, wait_until

#: More lines than a pipe holds.
MANY = 1500


@contextmanager
def start_logging(gateway: Gateway, descriptor: int) -> Iterator[None]:
    """Start the gateway with this descriptor as its standard error."""
    with gateway.output.open("ab") as output:
        gateway.process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve"],
            cwd=gateway.folder,
            env=dict(gateway.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=descriptor,
        )
    os.close(descriptor)
    wait_until(gateway.healthy, "the gateway", gateway.process)
    try:
        yield
    finally:
        end(gateway.process)


@pytest.fixture
def gateway(make_gateway: GatewayFactory) -> Gateway:
    """A gateway with one worker that is not started yet."""
    return make_gateway(**FIRST_USER, GATEWAY_WORKERS="1")


def probe_often(gateway: Gateway, times: int) -> list[int]:
    """Send this many requests together, each of which is logged; return their statuses."""
    request = b"GET /nowhere/" + b"x" * 100 + b" HTTP/1.1\r\nHost: x\r\n"
    return statuses(exchange(gateway, (request + b"\r\n") * (times - 1) + request + b"Connection: close\r\n\r\n"))


def test_a_full_disk(gateway: Gateway) -> None:
    with start_logging(gateway, os.open("/dev/full", os.O_WRONLY)):
        assert names(gateway, create(gateway, "kept")) == ["kept"]
        assert probe_often(gateway, 50) == [404] * 50


def test_a_closed_pipe(gateway: Gateway) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with start_logging(gateway, writing):
        assert names(gateway, create(gateway, "kept")) == ["kept"]
        assert probe_often(gateway, 50) == [404] * 50
        assert gateway.stop(signal.SIGTERM) == 0


def test_a_log_reader_that_stops_reading(gateway: Gateway) -> None:
    """The pipe holds one page; all further lines wait, or are dropped."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, select.PIPE_BUF)
    with start_logging(gateway, writing):
        assert probe_often(gateway, MANY) == [404] * MANY
        assert names(gateway, create(gateway, "kept")) == ["kept"]
        assert gateway.stop(signal.SIGTERM) == 0
    os.close(reading)


def test_lines_that_waited_for_a_reader_are_read_later(gateway: Gateway) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, select.PIPE_BUF)
    with start_logging(gateway, writing):
        assert probe_often(gateway, MANY) == [404] * MANY
        with os.fdopen(os.dup(reading), "rb") as reader:
            seen = 0
            while seen < MANY:
                seen += b"/nowhere/" in reader.readline()
        os.close(reading)


def test_streams_are_logged_when_they_end(gateway: Gateway) -> None:
    gateway.start()
    for _ in range(3):
        create(gateway)
    response = exchange(gateway, head("/sessions.jsonl?all=true", "X-Request-Id: stream-1", method="GET"))
    assert response.endswith(b"\r\n0\r\n\r\n")
    wait_until(lambda: '"outcome":"complete"' in gateway.printed(), "the line")
    (line,) = [line for line in gateway.printed().splitlines() if "stream-1" in line]
    assert '"outcome":"complete"' in line


def test_no_line_contains_control_characters(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(**FIRST_USER, GATEWAY_LOG="text")
    gateway.start()
    exchange(gateway, head("/%1B%5D0;title%07%C2%9B31m", "X-Request-Id: hostile-1", method="GET"))
    with connect(gateway) as connection:
        connection.sendall(b"GET /\x1b[2J HTTP/1.1\r\n\r\n")
        connection.recv(1000)
    wait_until(lambda: "hostile-1" in gateway.printed() and "refused" in gateway.printed(), "the lines")
    assert all(character.isprintable() or character == "\n" for character in gateway.printed())
    run_of_disable = gateway.attempt("user", "disable", "\x1b[31mbob@example.org")
    assert run_of_disable.returncode == 1
    assert "\\x1b[31mbob@example.org" in run_of_disable.stderr
    assert all(character.isprintable() or character == "\n" for character in run_of_disable.stderr)
