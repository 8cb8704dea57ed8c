"""Measure metadata documents through WSGI in this process: the first time, made again, and from memory.

python benchmarks/metadata.py [--check]   with --check, end with status 1 if a target is missed

The first time includes compiling the writers of every sample, which any response in that format needs once; again is for another host.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

CASES = ("/types/java", "/types/metadata.json", "/openapi.json", "/jsv/metadata?op=NewSession&lang=java")
#: Maximum milliseconds for a document when it is made, and from memory.
MADE, KEPT = 150.0, 5.0
ROUNDS = 30


def make_app(folder: str) -> Any:
    """Return the gateway's application on a database in that folder."""
    os.environ["GATEWAY_DATABASE_URL"] = f"sqlite:///{folder}/gateway.db"
    from gateway import logs, wsgi

    # Log lines are formatted as in production, and discarded.
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - open as long as the process lives
    logs.configure("json")
    return wsgi.create()


def send(app: Any, target: str, host: str) -> float:
    """Return the milliseconds of one request."""
    path, _, query = target.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": host,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": None,
        "wsgi.errors": sys.stderr,
    }
    statuses: list[str] = []
    began = time.perf_counter()
    body = b"".join(app(environ, lambda status, _: statuses.append(status)))
    took = (time.perf_counter() - began) * 1000
    assert statuses == ["200 OK"], statuses
    assert body
    return took


def measure_first(target: str) -> float:
    """Return the milliseconds of the first request in a new process."""
    command = [sys.executable, __file__, "--first", target]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure_middle(request: Callable[[int], float]) -> float:
    """Return the median of several requests."""
    return median(request(number) for number in range(ROUNDS))


def main() -> int:
    """Print a line for each document. Return the number of missed targets."""
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(folder)
        if "--first" in sys.argv:
            print(send(app, sys.argv[-1], "localhost"))
            return 0
        return compare(app)


def compare(app: Any) -> int:
    """Print a line for each document. Return the number of missed targets."""
    missed = 0
    for target in CASES:
        beginning = measure_first(target)
        remade = measure_middle(lambda number, target=target: send(app, target, f"host-{number}.example.org"))  # type: ignore[misc]
        kept = measure_middle(lambda _, target=target: send(app, target, "localhost"))  # type: ignore[misc]
        missed += (beginning > MADE) + (remade > MADE) + (kept > KEPT)
        print(f"{target:40} first {beginning:6.1f} ms  again {remade:6.2f} ms  kept {kept:6.3f} ms")
    return missed


if __name__ == "__main__":
    sys.exit(bool(main()) and "--check" in sys.argv)
