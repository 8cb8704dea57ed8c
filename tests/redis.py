"""A Redis server for tests: on 127.0.0.1, on a free port, in a folder of its own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers import end, free_port, needs, wait_until


@dataclass
class RedisServer:
    """A server that stores nothing.

    :ivar options: more arguments of redis-server.
    """

    folder: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        options = self.options or ("--port", str(self.port))
        command = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder), *options]
        log = self.folder / "redis.log"
        log.write_text("")
        self.process = subprocess.Popen([*command, "--logfile", str(log)], stdin=subprocess.DEVNULL)
        wait_until(lambda: "Ready to accept connections" in log.read_text(), "Redis", self.process)

    def stop(self, with_signal: int = signal.SIGKILL) -> None:
        """End it."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
            end(self.process, with_signal)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A running server."""
    pytest.importorskip("redis", reason="redis-py is not installed")
    needs("redis-server")
    server = RedisServer(tmp_path)
    server.start()
    try:
        yield server
    finally:
        server.stop()
