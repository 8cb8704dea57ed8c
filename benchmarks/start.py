"""Measure the start: imports beside those of the libraries alone, and ``gateway serve`` until it listens.

    python benchmarks/start.py [--rounds N]

Each case is a new process. Figures are the least of the rounds, because other work on the machine only adds to
them. Modules are compiled before, as they are from the second start on.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

LIBRARIES = "falcon, marshmallow, peewee, structlog, click, gunicorn.app.base"
IMPORTS: Mapping[str, str] = {
    "the libraries alone": LIBRARIES,
    "gateway": "gateway",
    "gateway, the server": f"{LIBRARIES}, gateway.cli, gateway.wsgi, gateway.serving.application",
    "the sessions API too": f"{LIBRARIES}, gateway.cli, gateway.wsgi, gateway.serving.application, gateway.sessions.service",
}
PRINT = "import time; begin = time.process_time(); import {}; print(time.process_time() - begin)"
#: Seconds from one attempt to connect to the next.
POLL = 0.002
LONGEST = 30.0


def measure_import(names: str, environment: Mapping[str, str]) -> float:
    """Return the seconds of processor time that importing modules takes."""
    command = [sys.executable, "-c", PRINT.format(names)]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def measure_start(environment: Mapping[str, str]) -> float:
    """Return the elapsed seconds until ``gateway serve`` accepts a connection. Exit if it does not."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    begin = time.perf_counter()
    command = [sys.executable, "-m", "gateway", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - begin < LONGEST:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    return time.perf_counter() - begin
            time.sleep(POLL)
        raise SystemExit("gateway serve does not listen")
    finally:
        server.terminate()
        server.wait(LONGEST)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "PYTHONPYCACHEPREFIX": folder,
            "GATEWAY_DATABASE_URL": f"sqlite:///{folder}/gateway.db",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        cases: dict[str, Callable[[], float]] = {
            f"import {name}": lambda names=names: measure_import(names, environment)  # type: ignore[misc]
            for name, names in IMPORTS.items()
        }
        cases["gateway serve listens"] = lambda: measure_start(environment)
        for case in cases.values():
            # The first start compiles the modules and creates the database.
            case()
        figures = {name: min(case() for _ in range(rounds)) for name, case in cases.items()}
    print(f"{'':28} {'ms':>7} {'of the libraries':>17}")
    for name, seconds in figures.items():
        print(f"{name:28} {seconds * 1000:7.0f} {seconds / figures['import the libraries alone']:17.2f}")


if __name__ == "__main__":
    main()
