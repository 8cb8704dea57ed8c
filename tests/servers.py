"""Real servers for tests, on free ports of 127.0.0.1, in separate folders. They are ended by process id."""

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

#: Maximum seconds of any wait, also on a busy machine.
PATIENCE = 60


def needs(*programs: str) -> None:
    """Skip the test if a program is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def free_port() -> int:
    """Return a free port of 127.0.0.1, below the range that Linux uses for outgoing connections."""
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(condition: Callable[[], bool], what: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until a condition holds; fail, naming it, after `PATIENCE` seconds or when the process has ended."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if process is not None and process.poll() is not None:
            pytest.fail(f"{what}: the process ended with {process.returncode}")
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {PATIENCE} s")
        time.sleep(0.05)


def end(process: subprocess.Popen[bytes], with_signal: int = signal.SIGTERM) -> int:
    """End a process that a test started; return its exit status."""
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

    :ivar output: the file with its output.
    """

    url: str
    folder: Path
    environment: Mapping[str, str]
    output: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> str:
        """Return the name of its HTTP server."""
        return self.environment.get("GATEWAY_SERVER", "gunicorn")

    @property
    def address(self) -> str:
        """Return host and port."""
        return self.url.removeprefix("http://")

    def start(self, *module: str) -> None:
        """Start it, or the module with these arguments instead, and wait until it responds."""
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
        """Return whether the process responds."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """End it; return its exit status."""
        assert self.process is not None
        return end(self.process, with_signal)

    def printed(self) -> str:
        """Return its output so far."""
        return self.output.read_text()

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command in this gateway's folder and environment; return its result, successful or not."""
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
        """Run a command that must succeed; return its output."""
        process = self.attempt(*arguments)
        assert process.returncode == 0, process.stderr
        return process.stdout


GatewayFactory = Callable[..., Gateway]

FIRST_USER = {
    "GATEWAY_BOOTSTRAP_EMAIL": EMAIL,
    "GATEWAY_BOOTSTRAP_PASSWORD": PASSWORD,
    "GATEWAY_BOOTSTRAP_API_KEY": API_KEY,
}


def _gateways(base: Path) -> Iterator[GatewayFactory]:
    gateways: list[Gateway] = []

    def make(**variables: str) -> Gateway:
        port = free_port()
        folder = base / f"gateway-{len(gateways)}"
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
        gateways.append(gateway)
        return gateway

    try:
        yield make
    finally:
        for gateway in gateways:
            if gateway.process is not None and gateway.process.poll() is None:
                gateway.stop()


@pytest.fixture
def make_gateway(tmp_path: Path) -> Iterator[GatewayFactory]:
    """Make gateways that are not started yet; all are ended after the test."""
    yield from _gateways(tmp_path)


@pytest.fixture
def gateway(make_gateway: GatewayFactory) -> Gateway:
    """A running gateway on SQLite, with a known first user."""
    gateway = make_gateway(**FIRST_USER)
    gateway.start()
    return gateway


@pytest.fixture(scope="module")
def lasting_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A running gateway like `gateway`, shared by the tests of a module, which must leave it unchanged."""
    for make in _gateways(tmp_path_factory.mktemp("lasting")):
        gateway = make(**FIRST_USER)
        gateway.start()
        yield gateway


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    """The name of each HTTP server in turn."""
    name = str(request.param)
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    return name


@pytest.fixture
def either_gateway(make_gateway: GatewayFactory, server: str) -> Gateway:
    """A running gateway like `gateway`, on each server."""
    gateway = make_gateway(**FIRST_USER, GATEWAY_SERVER=server)
    gateway.start()
    return gateway


@pytest.fixture(scope="module")
def lasting_either(tmp_path_factory: pytest.TempPathFactory, server: str) -> Iterator[Gateway]:
    """A running gateway like `lasting_gateway`, on each server."""
    for make in _gateways(tmp_path_factory.mktemp(server)):
        gateway = make(**FIRST_USER, GATEWAY_SERVER=server)
        gateway.start()
        yield gateway
