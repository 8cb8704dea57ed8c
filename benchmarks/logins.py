"""Reads beside log-ins: what a flood of log-ins leaves to everybody else.

    python benchmarks/logins.py [--rounds N] [--seconds N] [--logins N]

Four clients read a session over one connection each, alone and beside clients that log in with wrong passwords as fast as they are
answered. All run on this machine, so its processors are shared by the server and by both kinds of clients; the third row says what the
same number of clients costs that ask for nothing but /health.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

API_KEY = "key-of-the-benchmark-0123456789"
AUTHORIZED = {"Authorization": f"Bearer {API_KEY}"}
READERS = 4

Client = Callable[[int, str, float], int]


@contextmanager
def server() -> Iterator[int]:
    """A gateway on a fresh database; its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "GATEWAY_BIND": f"127.0.0.1:{port}",
            "GATEWAY_DATABASE_URL": f"sqlite:///{folder}/gateway.db",
            "GATEWAY_BOOTSTRAP_API_KEY": API_KEY,
        }
        with (Path(folder) / "log").open("w") as log:
            command = [sys.executable, "-m", "gateway", "serve"]
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            try:
                while not answers(port):
                    time.sleep(0.1)
                yield port
            finally:
                process.terminate()
                process.wait(60)


def answers(port: int) -> bool:
    """Whether the server is there."""
    try:
        return ask(http.client.HTTPConnection("127.0.0.1", port), "GET", "/health")[0] == 200
    except OSError:
        return False


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Status and body of an answer."""
    data = None if body is None else json.dumps(body)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, data, {"Content-Type": "application/json", **AUTHORIZED, **sent})
    response = connection.getresponse()
    return response.status, response.read()


def read(port: int, path: str, seconds: float) -> int:
    """Read over one connection as fast as it is answered; how often it was."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        if ask(connection, "GET", path)[0] != 200:
            raise SystemExit("a read failed")
        count += 1
    return count


def log_in(port: int, _path: str, seconds: float) -> int:
    """Guess at users that nobody is, from addresses that nobody has, so that no lock-out spares the hash; how many were hashed."""
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        address = ".".join(str(random.randrange(1, 255)) for _ in range(4))
        body = {"provider": "credentials", "userName": f"{address}@example.org", "password": "wrong"}
        connection = http.client.HTTPConnection("127.0.0.1", port)
        count += ask(connection, "POST", "/auth", body, X_Forwarded_For=address)[0] == 401
        connection.close()
    return count


def look(port: int, _path: str, seconds: float) -> int:
    """Ask for /health over a new connection each time; how often."""
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        count += ask(connection, "GET", "/health")[0] == 200
        connection.close()
    return count


def run(port: int, path: str, seconds: float, beside: Client | None, number: int) -> tuple[float, float]:
    """Reads and the other clients' answers a second."""
    with ProcessPoolExecutor(READERS + number) as pool:
        reads = [pool.submit(read, port, path, seconds) for _ in range(READERS)]
        others = [pool.submit(beside, port, path, seconds) for _ in range(number)] if beside is not None else []
        return sum(each.result() for each in reads) / seconds, sum(each.result() for each in others) / seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--logins", type=int, default=8, help="clients that log in")
    given = parser.parse_args()
    cases: dict[str, Client | None] = {"alone": None, "beside log-ins": log_in, "beside /health": look}
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    with server() as port:
        made = ask(http.client.HTTPConnection("127.0.0.1", port), "POST", "/sessions", {"displayName": "x"})
        path = f"/sessions/{json.loads(made[1])['id']}.jsv"
        for _ in range(given.rounds):
            for name, beside in cases.items():
                figures[name].append(run(port, path, given.seconds, beside, given.logins))
    alone = statistics.median(reads for reads, _ in figures["alone"])
    print(f"{f'{READERS} readers, {given.logins} others':24} {'reads/s':>8} {'of alone':>8} {'others/s':>8}")
    for name, each in figures.items():
        reads, others = (statistics.median(column) for column in zip(*each, strict=True))
        print(f"{name:24} {reads:8.0f} {reads / alone:8.0%} {others:8.1f}")


if __name__ == "__main__":
    main()
