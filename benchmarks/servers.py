"""Measure requests per second of ``gateway serve`` with wrk: gunicorn and granian, with one worker and with two.

    python benchmarks/servers.py [--seconds N] [--rounds N] [--connections N] [--peer URL --peer-key KEY [--peer-user EMAIL:PASSWORD]]

All servers run from the beginning. Each round measures every case on each of them in turn, in the opposite order of the round before.
A line has a case's requests per second, and its shares of those of gunicorn, of a Falcon hello in the same workers, and of the peer, as
medians of the rounds. The peer is another host of the sessions API, such as the ServiceStack host that the gateway replaces. The first
output is the seconds until ``gateway serve`` listens, and the time of ``import gateway.wsgi`` and of the libraries that it imports.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from requests import API_KEY, EMAIL, PASSWORD, await_port, find_free_port

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ("gunicorn", "granian")
WORKERS = (1, 2)
#: Stored sessions that lists select from.
STORED = 500
SESSION = {
    "displayName": "Support call",
    "channel": "Voice",
    "fromAddress": "+15551230001",
    "fromName": "Ann Example",
    "memberEmailAddresses": ["bob@example.org", "eve@example.org"],
}
HELLO = "hello"


@dataclass(frozen=True)
class Target:
    """A measured host.

    :ivar key: its API key.
    :ivar user: e-mail address and password of a log-in; empty for no log-ins.
    """

    name: str
    url: str
    key: str = ""
    user: str = ""


@dataclass(frozen=True)
class Case:
    """A request that wrk repeats.

    :ivar body: the posted document; None for a GET.
    :ivar fails: every response is an error.
    :ivar connections: the number of concurrent connections; None for the option's.
    """

    path: str
    body: object = None
    fails: bool = False
    has_key: bool = True
    connections: int | None = None


def send(target: Target, path: str, body: object = None) -> object:
    """Send a request, and return the document of the response."""
    data = None if body is None else json.dumps(body).encode()
    headers = {
        "Authorization": f"Bearer {target.key}",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    with urllib.request.urlopen(urllib.request.Request(target.url + path, data, headers), timeout=60) as response:
        return json.load(response)


def build_cases(target: Target) -> Mapping[str, Case]:
    """Return the cases that are measured at a host with the sessions API."""
    session = send(target, "/sessions", SESSION)
    assert isinstance(session, dict)
    email, _, password = target.user.partition(":")
    login = {"provider": "credentials", "userName": email, "password": password}
    path = f"/sessions/{session['id']}"
    cases = {
        "GET a session, JSON": Case(f"{path}?format=json"),
        "GET a session, JSV": Case(f"{path}?format=jsv"),
        "POST a session": Case("/sessions?format=json", SESSION),
        "list of 50": Case("/sessions?countPerPage=50&format=json"),
        f"stream of {STORED}": Case("/sessions.jsonl?all=true", connections=1),
        "log-in": Case("/auth?format=json", login, has_key=False, connections=2),
        "404": Case("/sessions/01a206fc30dc7c9186dd3f3272903247?format=json", fails=True),
        "401": Case(f"{path}?format=json", fails=True, has_key=False),
    }
    return {name: case for name, case in cases.items() if target.user or name != "log-in"}


def write_script(folder: Path, case: Case, name: str) -> list[str]:
    """Return wrk's options for the body of a case."""
    if case.body is None:
        return []
    path = folder / f"{name.replace(' ', '-')}.lua"
    body = json.dumps(json.dumps(case.body))
    path.write_text(f'wrk.method = "POST"\nwrk.body = {body}\nwrk.headers["Content-Type"] = "application/json"\n')
    return ["-s", str(path)]


def measure_rate(target: Target, case: Case, more: list[str], options: argparse.Namespace) -> float:
    """Return the requests per second that wrk measures. Exit when a response has another status than the case expects."""
    command = [
        "wrk",
        "-t1",
        f"-c{case.connections or options.connections}",
        f"-d{options.seconds}s",
        "--timeout=30s",
        *more,
    ]
    key = ["-H", f"Authorization: Bearer {target.key}"] if case.has_key and target.key else []
    printed = subprocess.run(
        [*command, *key, target.url + case.path], check=True, capture_output=True, text=True
    ).stdout
    if ("Non-2xx" in printed) != case.fails:
        raise SystemExit(f"{target.name} {case.path}: {printed}")
    rate = float(printed.partition("Requests/sec:")[2].split()[0])
    if not rate and "Socket errors" in printed:
        raise SystemExit(f"{target.name} {case.path}: {printed}")
    return rate


def get_environment() -> dict[str, str]:
    """Return this process's environment without settings; compiled modules are cached."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GATEWAY_") and name != "PYTHONDONTWRITEBYTECODE"
    }


@contextmanager
def run_server(command: list[str], port: int, **more: str) -> Iterator[None]:
    """Run a server as long as the block. It is ended by its process id."""
    environment = {**get_environment(), "PYTHONPATH": f"{ROOT}:{ROOT / 'benchmarks'}", **more}
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=more.get("FOLDER", "."),
        env=environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        await_port(port)
        yield
    finally:
        process.terminate()
        process.wait(60)


def make_gateway(server: str, workers: int, folder: Path) -> tuple[Target, list[str], int, Mapping[str, str]]:
    """Return a gateway that is not started: its target, command, port and environment."""
    port = find_free_port()
    folder.mkdir(exist_ok=True)
    environment = {
        "FOLDER": str(folder),
        "GATEWAY_BIND": f"127.0.0.1:{port}",
        "GATEWAY_SERVER": server,
        "GATEWAY_WORKERS": str(workers),
        "GATEWAY_LOG": "json",
        "GATEWAY_BOOTSTRAP_EMAIL": EMAIL,
        "GATEWAY_BOOTSTRAP_PASSWORD": PASSWORD,
        "GATEWAY_BOOTSTRAP_API_KEY": API_KEY,
    }
    target = Target(f"{server} x {workers}", f"http://127.0.0.1:{port}", API_KEY, f"{EMAIL}:{PASSWORD}")
    return target, ["gateway", "serve"], port, environment


def make_greeting(server: str, workers: int) -> tuple[Target, list[str], int]:
    """Return the hello on a server with threads: its target, command and port."""
    port = find_free_port()
    commands = {
        "gunicorn": f"gunicorn --bind=127.0.0.1:{port} --worker-class=gthread --threads=16 --keep-alive=75 --no-control-socket",
        "granian": f"granian --interface=wsgi --host=127.0.0.1 --port={port} --blocking-threads=16 --factory",
    }
    applications = {"gunicorn": "requests:hello()", "granian": "requests:hello"}
    target = Target(f"{server} x {workers}", f"http://127.0.0.1:{port}")
    return target, [*commands[server].split(), f"--workers={workers}", applications[server]], port


def fill(target: Target) -> None:
    """Store the sessions that lists select from."""
    for _ in range(STORED // 100):
        send(target, "/json/reply/NewSession[]", [SESSION] * 100)


def measure(
    hellos: list[Target], targets: list[Target], peer: Target | None, folder: Path, options: argparse.Namespace
) -> None:
    """Print every case's requests per second."""
    cases = {target.name: build_cases(target) for target in (*targets, *([peer] if peer else []))}
    names = list(cases[targets[0].name])
    runs: dict[str, Callable[[], float]] = {}
    for target in hellos:
        runs[f"{HELLO}|{target.name}"] = lambda target=target: measure_rate(target, Case("/"), [], options)  # type: ignore[misc]
    for name in names:
        for target in (*targets, *([peer] if peer else [])):
            if (case := cases[target.name].get(name)) is not None:
                more = write_script(folder, case, f"{target.name}-{name}")
                runs[f"{name}|{target.name}"] = lambda target=target, case=case, more=more: measure_rate(
                    target, case, more, options
                )  # type: ignore[misc]
    figures: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(options.rounds):
        for name in list(runs)[:: 1 if turn % 2 == 0 else -1]:
            figures[name].append(runs[name]())
    print(f"{'':20}{'':14}{'req/s':>10}{'of gunicorn':>13}{'of hello':>10}{'of peer':>10}")
    for name in (HELLO, *names):
        for target in (*targets, *([peer] if peer else [])):
            key = f"{name}|{target.name}"
            bases = (key.replace("granian", "gunicorn"), f"{HELLO}|{target.name}", f"{name}|peer")
            if key in figures:
                shares = [format_share(figures, key, base) for base in bases]
                print(
                    f"{name:20}{target.name:14}{statistics.median(figures[key]):10.0f}{shares[0]:>13}{shares[1]:>10}{shares[2]:>10}"
                )


def format_share(figures: Mapping[str, list[float]], name: str, base: str) -> str:
    """Return a case as a share of another: the median of the rounds in which the other had any responses."""
    rounds = zip(figures[name], figures.get(base, []), strict=False)
    shares = [rate / base_rate for rate, base_rate in rounds if base_rate]
    return f"{statistics.median(shares):.3g}" if shares else ""


def measure_start(folder: Path, rounds: int) -> None:
    """Print the time from the start until the gateway listens, and the time of its import."""
    starts, imports, libraries = [], [], []
    for _ in range(rounds + 1):
        # The first round creates the database.
        _, command, port, environment = make_gateway("gunicorn", 1, folder / "start")
        began = time.perf_counter()
        with run_server(command, port, **environment):
            starts.append(time.perf_counter() - began)
        for durations, module in ((imports, "gateway.wsgi"), (libraries, "falcon, marshmallow, peewee")):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {module}"], cwd=ROOT, env=get_environment(), check=True)
            durations.append(time.perf_counter() - began)
    share = statistics.median(own / base for own, base in zip(imports[1:], libraries[1:], strict=True))
    print(f"\ngateway serve listens after {statistics.median(starts[1:]):.2f} s")
    print(f"import gateway.wsgi takes {share:.2f} times as long as importing falcon, marshmallow and peewee")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=2, help="of one case on one server in one round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--peer", help="URL of another host of the sessions API")
    parser.add_argument("--peer-key", default="", help="its API key")
    parser.add_argument("--peer-user", default="", help="EMAIL:PASSWORD of a log-in there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        measure_start(folder, options.rounds)
        if shutil.which("wrk") is None:
            print("wrk is not installed: requests a second are not measured.")
            return
        servers = [server for server in SERVERS if server == "gunicorn" or has_granian()]
        hellos, targets = [], []
        for server in servers:
            for workers in WORKERS:
                target, command, port, environment = make_gateway(server, workers, folder / f"{server}-{workers}")
                stack.enter_context(run_server(command, port, **environment))
                fill(target)
                targets.append(target)
                greeter, command, port = make_greeting(server, workers)
                stack.enter_context(run_server(command, port))
                hellos.append(greeter)
        peer = Target("peer", options.peer.rstrip("/"), options.peer_key, options.peer_user) if options.peer else None
        measure(hellos, targets, peer, folder, options)


def has_granian() -> bool:
    """Return whether granian is installed. Print a note if it is not."""
    from importlib.util import find_spec

    if find_spec("granian") is None:
        print("granian is not installed: gunicorn is measured alone.")
        return False
    return True


if __name__ == "__main__":
    main()
