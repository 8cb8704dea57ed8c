"""Lines that fail or delay nobody."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import log_queue
from gateway.log_queue import LogQueue
from tests.servers import wait_until


def format_notice(count: int) -> str:
    return f"dropped {count}\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A reading and a writing end."""
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        os.close(end)


def test_lines_are_written_in_order(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        queue = LogQueue(file.fileno(), format_notice)
        for number in range(2000):
            queue.write(f"line {number}\n")
        queue.write("half of a pair: \ud800\n")
        queue.finish()
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines == [*(f"line {number}" for number in range(2000)), "half of a pair: \\ud800"]


@pytest.mark.parametrize("end", ["flush", "finish"])
def test_what_is_waited_for_is_written_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(log_queue, "PAUSE", 3600)
    monkeypatch.setattr(log_queue, "FLUSH", 60)
    monkeypatch.setattr(log_queue, "LAST_CHANCE", 60)
    with (tmp_path / "log").open("wb") as file:
        queue = LogQueue(file.fileno(), format_notice)
        for number in range(3):
            queue.write(f"line {number}\n")
            getattr(queue, end)()
            assert (tmp_path / "log").read_text().splitlines() == [
                f"line {line_number}" for line_number in range(number + 1)
            ]


def test_a_reader_that_stands_still_delays_nobody_and_costs_counted_lines(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_queue, "MOST_WAITING", 100_000)
    reading, writing = pipe
    queue = LogQueue(writing, format_notice)
    line = "x" * 999 + "\n"
    began = time.monotonic()
    for _ in range(1000):
        queue.write(line)
    assert time.monotonic() - began < 20  # it would be for ever
    received = bytearray()

    def has_notice() -> bool:
        received.extend(os.read(reading, 65536))
        return b"dropped" in received

    wait_until(has_notice, "the count")
    *lines, last_line = received.decode().splitlines()
    assert set(lines) == {"x" * 999}
    assert last_line == f"dropped {1000 - len(lines)}"


def test_what_fails_is_counted_and_reported_when_writing_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = threading.Event()
    full.set()
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        if full.is_set():
            raise OSError(errno.ENOSPC, "full")
        return real(descriptor, data)

    with (tmp_path / "log").open("wb") as file:
        monkeypatch.setattr("gateway.log_queue.os.write", write)
        queue = LogQueue(file.fileno(), format_notice)
        for _ in range(3):
            queue.write("lost\n")
        queue.finish()
        full.clear()
        queue.write("kept\n")
        queue.finish()
        queue.write("kept too\n")
        queue.finish()
    assert (tmp_path / "log").read_text() == "kept\ndropped 3\nkept too\n"


def test_a_line_that_was_cut_does_not_run_into_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results: list[int | OSError] = [3, OSError(errno.ENOSPC, "full"), OSError(errno.ENOSPC, "full")]
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        result = results.pop(0) if results else len(data)
        if isinstance(result, OSError):
            raise result
        return real(descriptor, data[:result])

    with (tmp_path / "log").open("wb") as file:
        monkeypatch.setattr("gateway.log_queue.os.write", write)
        queue = LogQueue(file.fileno(), format_notice)
        queue.write("abcdef\n")
        queue.finish()
        queue.write("next\n")
        queue.finish()
    assert (tmp_path / "log").read_text() == "abc\nnext\ndropped 1\n"


def test_a_closed_pipe_raises_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    queue = LogQueue(writing, format_notice)
    queue.write("lost\n")
    queue.flush()
    queue.finish()
    os.close(writing)


def test_a_child_writes_its_own_lines_only(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    queue = LogQueue(writing, format_notice)
    queue.write("parent\n")
    child = os.fork()
    if child == 0:
        queue.write("child\n")
        queue.finish()
        os._exit(0)
    os.waitpid(child, 0)
    queue.finish()
    assert sorted(os.read(reading, 1000).splitlines()) == [b"child", b"parent"]
