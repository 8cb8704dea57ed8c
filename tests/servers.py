"""Real servers for tests: on 127.0.0.1, on free ports, in folders of their own, ended by their own process ids."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from gateway.settings import SERVERS

EMAIL = "ada@example.org"
PASSWORD = "correct horse battery"
API_KEY = "key-of-ada-0123456789abcdef0123456789"

#: Seconds that anything may take here, on a busy machine too.
PATIENCE = 60


def needs(*programs: str) -> None:
    """Skip the test where a program is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that Linux gives to no outgoing connection meanwhile."""
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(condition: Callable[[], bool], what: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until something holds; fail with what it was after `PATIENCE` seconds, or when the process has ended."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if process is not None and process.poll() is not None:
            pytest.fail(f"{what}: the process ended with {process.returncode}")
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {PATIENCE} s")
        time.sleep(0.05)


def end(process: subprocess.Popen[bytes], with_signal: int = signal.SIGTERM) -> int:
    """End a process that a test started; its exit status."""
    if process.poll() is None:
        process.send_signal(with_signal)
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(PATIENCE)


@dataclass
class Gateway:
    """A running ``gateway serve``.

    :ivar output: what it printed so far, as a file.
    """

    url: str
    folder: Path
    environment: Mapping[str, str]
    output: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> str:
        """What serves HTTP in it."""
        return self.environment.get("GATEWAY_SERVER", "gunicorn")

    @property
    def address(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")

    def start(self, *module: str) -> None:
        """Start it, or the module of these arguments in its place, and wait until it answers."""
        command = [sys.executable, "-m", *(module or ("gateway", "serve"))]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_until(self.healthy, f"{command} in {self.folder}", self.process)

    def healthy(self) -> bool:
        """Whether the process answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """End it; its exit status."""
        assert self.process is not None
        return end(self.process, with_signal)

    def printed(self) -> str:
        """What it printed so far."""
        return self.output.read_text()

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What a command does in this gateway's folder and environment, whether it succeeds or not."""
        return subprocess.run(
            [sys.executable, "-m", "gateway", *arguments],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def command(self, *arguments: str) -> str:
        """What a command prints that has to succeed."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


GatewayFactory = Callable[..., Gateway]

FIRST_USER = {
    "GATEWAY_BOOTSTRAP_EMAIL": EMAIL,
    "GATEWAY_BOOTSTRAP_PASSWORD": PASSWORD,
    "GATEWAY_BOOTSTRAP_API_KEY": API_KEY,
}


def _gateways(base: Path) -> Iterator[GatewayFactory]:
    made: list[Gateway] = []

    def make(**variables: str) -> Gateway:
        port = free_port()
        folder = base / f"gateway-{len(made)}"
        folder.mkdir()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        environment = {
            **inherited,
            "GATEWAY_BIND": f"127.0.0.1:{port}",
            "GATEWAY_WORKERS": "2",
            "GATEWAY_LOG": "json",
            **variables,
        }
        gateway = Gateway(f"http://127.0.0.1:{port}", folder, environment, folder / "output.txt")
        made.append(gateway)
        return gateway

    try:
        yield make
    finally:
        for gateway in made:
            if gateway.process is not None and gateway.process.poll() is None:
                gateway.stop()


@pytest.fixture
def make_gateway(tmp_path: Path) -> Iterator[GatewayFactory]:
    """Make gateways that are not started yet; all are ended with the test."""
    yield from _gateways(tmp_path)


@pytest.fixture
def gateway(make_gateway: GatewayFactory) -> Gateway:
    """A running gateway on SQLite, with a known first user."""
    made = make_gateway(**FIRST_USER)
    made.start()
    return made


@pytest.fixture(scope="module")
def lasting_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One like it, for all tests of a module that leave it as it was."""
    for make in _gateways(tmp_path_factory.mktemp("lasting")):
        made = make(**FIRST_USER)
        made.start()
        yield made


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    """What serves HTTP: one after the other."""
    name = str(request.param)
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    return name


@pytest.fixture
def either_gateway(make_gateway: GatewayFactory, server: str) -> Gateway:
    """A running gateway like `gateway`, on each server."""
    made = make_gateway(**FIRST_USER, GATEWAY_SERVER=server)
    made.start()
    return made


@pytest.fixture(scope="module")
def lasting_either(tmp_path_factory: pytest.TempPathFactory, server: str) -> Iterator[Gateway]:
    """A running gateway like `lasting_gateway`, on each server."""
    for make in _gateways(tmp_path_factory.mktemp(server)):
        made = make(**FIRST_USER, GATEWAY_SERVER=server)
        made.start()
        yield made
