"""Measure reads during log-ins: the capacity that a flood of log-ins leaves to other clients.

    python benchmarks/logins.py [--rounds N] [--seconds N] [--logins N]

Four clients read a session over one connection each, alone and beside clients that log in with wrong passwords as fast as the server
responds. All run on this machine, so the server and both kinds of clients share its processors. The third row has the cost of the same
number of clients that only request /health.
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
def run_server() -> Iterator[int]:
    """Run a gateway on a new database. Yield its port."""
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
                while not is_up(port):
                    time.sleep(0.1)
                yield port
            finally:
                process.terminate()
                process.wait(60)


def is_up(port: int) -> bool:
    """Return whether the server responds."""
    try:
        return send(http.client.HTTPConnection("127.0.0.1", port), "GET", "/health")[0] == 200
    except OSError:
        return False


def send(connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Send a request, and return the status and body of the response."""
    data = None if body is None else json.dumps(body)
    request_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, data, {"Content-Type": "application/json", **AUTHORIZED, **request_headers})
    response = connection.getresponse()
    return response.status, response.read()


def read(port: int, path: str, seconds: float) -> int:
    """Read over one connection as fast as the server responds. Return the number of reads."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        if send(connection, "GET", path)[0] != 200:
            raise SystemExit("a read failed")
        count += 1
    return count


def log_in(port: int, _path: str, seconds: float) -> int:
    """Log in as unknown users from random addresses, so that no lock-out skips the hash. Return the number of hashed passwords."""
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        address = ".".join(str(random.randrange(1, 255)) for _ in range(4))
        body = {"provider": "credentials", "userName": f"{address}@example.org", "password": "wrong"}
        connection = http.client.HTTPConnection("127.0.0.1", port)
        count += send(connection, "POST", "/auth", body, X_Forwarded_For=address)[0] == 401
        connection.close()
    return count


def check_health(port: int, _path: str, seconds: float) -> int:
    """Request /health, each time over a new connection. Return the number of responses."""
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        count += send(connection, "GET", "/health")[0] == 200
        connection.close()
    return count


def run(port: int, path: str, seconds: float, beside: Client | None, number: int) -> tuple[float, float]:
    """Return the reads per second, and the other clients' responses per second."""
    with ProcessPoolExecutor(READERS + number) as pool:
        reads = [pool.submit(read, port, path, seconds) for _ in range(READERS)]
        other_clients = [pool.submit(beside, port, path, seconds) for _ in range(number)] if beside is not None else []
        return sum(future.result() for future in reads) / seconds, sum(
            future.result() for future in other_clients
        ) / seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--logins", type=int, default=8, help="clients that log in")
    options = parser.parse_args()
    cases: dict[str, Client | None] = {"alone": None, "beside log-ins": log_in, "beside /health": check_health}
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    with run_server() as port:
        response = send(http.client.HTTPConnection("127.0.0.1", port), "POST", "/sessions", {"displayName": "x"})
        path = f"/sessions/{json.loads(response[1])['id']}.jsv"
        for _ in range(options.rounds):
            for name, beside in cases.items():
                figures[name].append(run(port, path, options.seconds, beside, options.logins))
    alone = statistics.median(reads for reads, _ in figures["alone"])
    print(f"{f'{READERS} readers, {options.logins} others':24} {'reads/s':>8} {'of alone':>8} {'others/s':>8}")
    for name, pairs in figures.items():
        reads, others = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{name:24} {reads:8.0f} {reads / alone:8.0%} {others:8.1f}")


if __name__ == "__main__":
    main()
