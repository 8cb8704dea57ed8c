"""Compare requests with and without idle subscribers of server events.

    python benchmarks/events.py [--subscribers N] [--seconds N] [--rounds N]

Three gateways with one worker on SQLite: one without subscribers, one with a single subscriber, one with all of them. They subscribe to
channels that the requests do not use. Each round measures every case on each gateway in turn with wrk. A figure is the requests per
second of the worker's processor time, including that of the events' threads, as a share of the figure without subscribers: the median
of the rounds.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from servers import ROOT, Case, Target, build_cases, get_environment, make_gateway, run_server, write_script

CASES = ("GET a session, JSON", "POST a session", "list of 50")


def find_worker(port: int) -> int:
    """Return the process id of the worker of the gateway that listens on a port. A worker is replaced after a number of requests."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"GATEWAY_BIND=127.0.0.1:{port}\0" in (folder / "environ").read_text():
                children = (folder / "task" / folder.name / "children").read_text().split()
                if children:
                    return int(children[-1])
        except OSError:
            continue
    raise SystemExit(f"no worker at {port}")


def read_processor_seconds(process: int) -> float:
    """Return the processor time of a process since its start, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_resident(process: int) -> int:
    """Return the resident memory of a process in MB."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1_000_000


@contextmanager
def keep_listening(port: int, key: str, number: int) -> Iterator[None]:
    """Keep a number of subscribers with this key connected, and a thread that reads what they receive."""
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for index in range(number):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 60))
            head = f"GET /event-stream?channels=room-{index % 50} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
            connection.sendall(head.encode())
            received = b""
            while b"cmd.onConnect" not in received:
                block = connection.recv(65_536)
                if not block:
                    raise SystemExit(f"subscriber {index}: {received.decode()}")
                received += block
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ)
        ended = threading.Event()
        reader = threading.Thread(target=_read, args=(selector, ended))
        reader.start()
        try:
            yield
        finally:
            ended.set()
            reader.join()


def _read(selector: selectors.BaseSelector, ended: threading.Event) -> None:
    """Read empty lines. End the process when a subscriber is not idle."""
    while not ended.is_set():
        for key, _ in selector.select(0.2):
            data = key.fileobj.recv(65_536)  # type: ignore[union-attr]
            if not data or b"session." in data:
                print(f"a subscriber is not idle: {data.decode()!r}", file=sys.stderr)
                os._exit(1)


def add_listener(environment: Mapping[str, str]) -> str:
    """Return the API key of a new user without sessions at a running gateway."""

    def run_command(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "gateway", *arguments],
            cwd=environment["FOLDER"],
            env={**get_environment(), "PYTHONPATH": str(ROOT), **environment},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    run_command("user", "add", "idle@example.org", "--role", "User")
    return run_command("user", "key", "idle@example.org").split()[-1]


def count_requests(target: Target, case: Case, more: list[str], seconds: int) -> int:
    """Return the number of requests that wrk sends. Exit when one fails."""
    command = [
        "wrk",
        "-t1",
        "-c8",
        f"-d{seconds}s",
        "--timeout=30s",
        *more,
        "-H",
        f"Authorization: Bearer {target.key}",
    ]
    printed = subprocess.run([*command, target.url + case.path], check=True, capture_output=True, text=True).stdout
    match = re.search(r"(\d+) requests in", printed)
    if match is None or "Non-2xx" in printed:
        raise SystemExit(printed)
    return int(match[1])


def measure_rate(port: int, target: Target, case: Case, more: list[str], seconds: int) -> float:
    """Return the requests per second of the worker's processor time; 0 if the worker was replaced meanwhile."""
    worker = find_worker(port)
    # On several processors, the cost of switching between the worker's threads depends on how busy the machine is.
    for thread in Path(f"/proc/{worker}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {0})
    before = read_processor_seconds(worker)
    number = count_requests(target, case, more, seconds)
    return 0.0 if find_worker(port) != worker else number / (read_processor_seconds(worker) - before)


def measure(targets: Mapping[str, Target], folder: Path, options: argparse.Namespace) -> None:
    """Measure all cases, and print the shares."""
    ports = {name: int(target.url.rpartition(":")[2]) for name, target in targets.items()}
    cases = {name: build_cases(target) for name, target in targets.items()}
    figures: dict[tuple[str, str], list[float]] = {}
    for turn in range(options.rounds):
        for case in CASES:
            for name in [*targets][:: 1 if turn % 2 == 0 else -1]:
                chosen = cases[name][case]
                more = write_script(folder, chosen, name)
                rate = 0.0
                while not rate:
                    rate = measure_rate(ports[name], targets[name], chosen, more, options.seconds)
                figures.setdefault((case, name), []).append(rate)
    first_name, *other_names = targets
    print(f"{'':22}{'req/cpu-s':>10}" + "".join(f"{name:>18}" for name in other_names))
    for case in CASES:
        alone = figures[case, first_name]
        shares = [
            statistics.median(a / b for a, b in zip(figures[case, name], alone, strict=True)) for name in other_names
        ]
        print(f"{case:22}{statistics.median(alone):10.0f}" + "".join(f"{share:18.2f}" for share in shares))
    workers = {name: find_worker(port) for name, port in ports.items()}
    print("memory: " + ", ".join(f"{name} {read_resident(worker)} MB" for name, worker in workers.items()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=3, help="of one case on one gateway in one round")
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is not installed: requests are not measured.")
        return
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        targets = {}
        for label, number in (("nobody", 0), ("one", 1), (f"{options.subscribers} idle", options.subscribers)):
            target, command, port, environment = make_gateway("gunicorn", 1, Path(name) / label.replace(" ", "-"))
            stack.enter_context(run_server(command, port, **environment, GATEWAY_EVENTS_PER_USER="100000"))
            build_cases(target)
            stack.enter_context(keep_listening(port, add_listener(environment), number))
            targets[label] = target
        measure(targets, Path(name), options)


if __name__ == "__main__":
    main()
