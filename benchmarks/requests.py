"""Compare requests with a Falcon hello, and lists with the same rows read by hand: in this process through WSGI, and under gunicorn if wrk
is installed.

    python benchmarks/requests.py [--rounds N]

Cases are interleaved, each round in the opposite order of the one before; a ratio is the median of the rounds' ratios, in this process of
its processor time, which other work on the machine disturbs least. A case requests one session or page repeatedly, as clients that watch
it do, or many in turn.
"""

from __future__ import annotations

import argparse
import base64
import io
import itertools
import json
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import falcon

#: More sessions than a process caches in memory, and the number on a page.
MANY, PAGE = 3000, 50
#: The processors of gunicorn and of wrk, and the number of wrk's connections.
SERVER, CLIENT, CONNECTIONS = "0", "1", 8
API_KEY = "key-of-the-benchmark-0123456789"
EMAIL, PASSWORD = "ada@example.org", "correct horse battery"
POST_BODY = (
    b"{displayName:Support call,channel:Voice,direction:Incoming,callState:Connected,fromAddress:+15551230001,fromName:Ann Example,"
    b"toAddress:+15551230002,fromPhoneNumber:+15551230001,destination:+15551230002,"
    b"memberEmailAddresses:[bob@example.org,eve@example.org],startSession:True}"
)


class Hello:
    """A resource with the minimum cost of a request."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Respond with a constant text."""
        response.text = "hello"


def hello() -> Any:
    """Return the application of `Hello`."""
    app = falcon.App()
    app.add_route("/", Hello())
    return app


def make_environment(method: str, target: str, body: bytes = b"", **headers: str) -> Callable[[], dict[str, Any]]:
    """Return a function that returns a new WSGI environment of one request."""
    path, _, query = target.partition("?")
    fixed: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "HTTP_HOST": "x",
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    if body:
        fixed |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/jsv"}
    return lambda: {**fixed, "wsgi.input": io.BytesIO(body)}


def alternate(makers: list[Callable[[], dict[str, Any]]]) -> Callable[[], dict[str, Any]]:
    """Return a function that returns the environment of the next request at each call."""
    turns = itertools.cycle(makers)

    def make() -> dict[str, Any]:
        return next(turns)()

    return make


def call(app: Any, env: dict[str, Any], expected: str) -> bytes:
    """Call the application, and return the body of the response. Exit unless the status is the expected one."""
    statuses: list[str] = []
    body = b"".join(app(env, lambda status, *_: statuses.append(status)))
    if not statuses[0].startswith(expected):
        raise SystemExit(f"{statuses[0]}: {body[:300]!r}")
    return body


def measure(cases: dict[str, Callable[[], object]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Return the seconds of processor time of one call of each case, one figure per round."""
    calls: dict[str, int] = {}
    for name, case in cases.items():
        began, count = time.process_time(), 0
        while time.process_time() - began < seconds:
            case()
            count += 1
        calls[name] = max(count, 1)
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(rounds):
        for name in list(cases)[:: 1 if turn % 2 else -1]:
            case, count = cases[name], calls[name]
            began = time.process_time()
            for _ in range(count):
                case()
            figures[name].append((time.process_time() - began) / count)
    return figures


def compute_ratio(figures: dict[str, list[float]], name: str, base: str) -> float:
    """Return the ratio of one case's time to another's, as the median of the rounds."""
    return statistics.median(own / base_time for own, base_time in zip(figures[name], figures[base], strict=True))


def prepare(folder: Path) -> tuple[Any, str]:
    """Return the application on a new database, and the id of a session with three members."""
    os.environ.update(
        GATEWAY_DATABASE_URL=f"sqlite:///{folder}/gateway.db",
        GATEWAY_BOOTSTRAP_EMAIL=EMAIL,
        GATEWAY_BOOTSTRAP_PASSWORD=PASSWORD,
        GATEWAY_BOOTSTRAP_API_KEY=API_KEY,
        GATEWAY_LOG="json",
    )
    # The installed package does not have the tests.
    sys.path.append(str(Path(__file__).parents[1]))
    from gateway import logs, wsgi
    from gateway.settings import Settings
    from tests.sessions_api import first_user

    # Log lines are formatted as in production, and discarded: their destination is the operator's choice.
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - open as long as the process lives
    logs.configure("json")
    settings = Settings.from_environment()
    database = wsgi.open_database(settings)
    first_user(database, settings)
    app = wsgi.build(settings, database)
    return app, create(app, 1)[0]


def create(app: Any, number: int) -> list[str]:
    """Create a number of sessions, and return their ids."""
    posted = make_environment("POST", "/sessions.jsv", POST_BODY, authorization=f"Bearer {API_KEY}")
    return [call(app, posted(), "200").decode().split(",id:")[1].split(",")[0] for _ in range(number)]


def make_insert_by_hand(folder: Path, session_id: str) -> Callable[[], None]:
    """Return a function that inserts and commits rows like a new session's with SQLite's driver only: the minimum cost of a POST.

    Ids and dates are the present's, as a new session's are: most pages are filled from the end.
    """
    from models.engine.ids import new_id

    connection = sqlite3.connect(folder / "gateway.db", isolation_level=None)
    connection.execute("PRAGMA synchronous = normal")
    connection.execute("PRAGMA wal_autocheckpoint = 8000")
    inserts = []
    for table, key in (("sessions", "id"), ("session_members", "session_id"), ("session_log", "session_id")):
        cursor = connection.execute(f"SELECT * FROM {table} WHERE {key} = ?", (session_id,))
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
        replaced = [name for name in names if name == key or name.startswith("date")]
        copied = [name for name in names if rows[0][name] is not None and name not in replaced]
        columns = [key, *(name for name in replaced if name != key and rows[0][name] is not None), *copied]
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        dates = len(columns) - len(copied) - 1
        inserts.append((sql, dates, [[row[name] for name in copied] for row in rows]))

    def insert() -> None:
        key, now = new_id(), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        connection.execute("BEGIN IMMEDIATE")
        for sql, dates, rows in inserts:
            connection.executemany(sql, [[key, *[now] * dates, *row] for row in rows])
        connection.execute("COMMIT")

    return insert


def log_in(app: Any) -> tuple[dict[str, Any], float]:
    """Return the response to a log-in, and the seconds that it took."""
    body = f"{{provider:credentials,userName:{EMAIL},password:{PASSWORD}}}".encode()
    began = time.perf_counter()
    login = json.loads(call(app, make_environment("POST", "/auth.json", body)(), "200"))
    return login, time.perf_counter() - began


def measure_in_process(folder: Path, app: Any, session_id: str, token: str, rounds: int) -> None:
    """Print the cost of requests in this process."""
    greeting = hello()
    key, bearer = {"authorization": f"Bearer {API_KEY}"}, {"authorization": f"Bearer {token}"}
    get = f"/sessions/{session_id}.jsv"
    many = [make_environment("GET", f"/sessions/{session_id}.jsv", **bearer) for session_id in create(app, MANY)]
    requests: dict[str, tuple[Any, Callable[[], dict[str, Any]]]] = {
        "Falcon hello": (greeting, make_environment("GET", "/")),
        "health": (app, make_environment("GET", "/health")),
        "GET session, token": (app, make_environment("GET", get, **bearer)),
        "GET session, key": (app, make_environment("GET", get, **key)),
        f"GET one of {MANY}, token": (app, alternate(many)),
        "POST session, token": (app, make_environment("POST", "/sessions.jsv", POST_BODY, **bearer)),
        "POST session, key": (app, make_environment("POST", "/sessions.jsv", POST_BODY, **key)),
    }
    cases = {name: lambda request=request: call(request[0], request[1](), "200") for name, request in requests.items()}  # type: ignore[misc]
    cases["(its rows by hand)"] = make_insert_by_hand(folder, session_id)
    figures = measure(cases, rounds, 0.2)
    print(f"{'in this process':24} {'us':>8} {'x hello':>8}")
    for name in cases:
        print(
            f"{name:24} {statistics.median(figures[name]) * 1e6:8.1f} {compute_ratio(figures, name, 'Falcon hello'):8.1f}"
        )


def make_read_by_hand(folder: Path) -> Callable[[int], str]:
    """Return a function that reads a page after an offset with SQLite's driver and returns it as JSON: the minimum cost of a list."""
    connection = sqlite3.connect(folder / "gateway.db", isolation_level=None)
    hidden = {"archived", "from_folded", "to_folded", "position", "message_folded"}
    session, member, line = (
        [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] not in hidden]
        for table in ("sessions", "session_members", "session_log")
    )
    select = f"SELECT {', '.join(session)} FROM sessions WHERE archived = 0 ORDER BY date_created DESC, id DESC LIMIT ? OFFSET ?"
    within = f"WHERE session_id IN ({', '.join('?' * PAGE)}) ORDER BY session_id"

    def read(offset: int) -> str:
        connection.execute("BEGIN")
        rows = connection.execute(select, (PAGE, offset)).fetchall()
        ids = [row[0] for row in rows]
        members = connection.execute(f"SELECT {', '.join(member)} FROM session_members {within}", ids).fetchall()
        lines = connection.execute(f"SELECT {', '.join(line)} FROM session_log {within}", ids).fetchall()
        connection.execute("COMMIT")
        items = {row[0]: {**dict(zip(session, row, strict=True)), "members": [], "log": []} for row in rows}
        for name, columns, children in (("members", member, members), ("log", line, lines)):
            for row in children:
                items[row[0]][name].append(dict(zip(columns, row, strict=True)))
        return json.dumps({"items": [*items.values()]})

    return read


def measure_lists(folder: Path, app: Any, token: str, rounds: int) -> None:
    """Print the cost of pages of sessions with three members and three lines: the same page again and again, or each in turn."""
    bearer = {"authorization": f"Bearer {token}"}
    for session_id in create(app, MANY):
        for method, path, body in (
            ("POST", f"/sessions/{session_id}/hold.jsv", b"{reason:Transferring}"),
            ("PATCH", f"/sessions/{session_id}.jsv", b"{callState:Connected}"),
        ):
            call(app, make_environment(method, path, body, **bearer)(), "200")
    read_page = make_read_by_hand(folder)
    offsets = itertools.cycle(range(0, MANY, PAGE))
    cases: dict[str, tuple[str, Callable[[], object]]] = {}
    for kind, by_hand, numbers in (
        ("a page", lambda: read_page(0), [1]),
        ("one of many pages", lambda: read_page(next(offsets)), range(1, MANY // PAGE + 1)),
    ):
        cases[f"({kind} by hand)"] = f"({kind} by hand)", by_hand
        for form in ("json", "jsv"):
            makers = alternate(
                [make_environment("GET", f"/sessions.{form}?page={number}", **bearer) for number in numbers]
            )
            cases[f"{kind}, {form}"] = f"({kind} by hand)", lambda makers=makers: call(app, makers(), "200")  # type: ignore[misc]
    figures = measure({name: case for name, (_, case) in cases.items()}, rounds, 0.2)
    print(f"\n{f'lists of {PAGE}':24} {'us':>8} {'x hand':>8}")
    for name, (base, _) in cases.items():
        print(f"{name:24} {statistics.median(figures[name]) * 1e6:8.1f} {compute_ratio(figures, name, base):8.2f}")


def measure_signing_in(app: Any, login: dict[str, Any], seconds: float, rounds: int) -> None:
    """Print the cost of credentials compared to a request without any. All get the same small response, which needs no log-in.

    :param login: the response to a log-in.
    :param seconds: the seconds that this log-in took.
    """
    session = login["sessionId"]
    credentials = {
        "nobody": {},
        "API key": {"authorization": f"Bearer {API_KEY}"},
        "token": {"authorization": f"Bearer {login['bearerToken']}"},
        "Basic, remembered": {"authorization": "Basic " + base64.b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()},
        "cookie": {"cookie": f"ss-id={session}; ss-pid={session}; ss-opt=temp"},
    }
    makers = {name: make_environment("GET", "/auth/nothing.jsv", **headers) for name, headers in credentials.items()}
    figures = measure({name: lambda make=make: call(app, make(), "404") for name, make in makers.items()}, rounds, 0.2)  # type: ignore[misc]
    print(f"\n{'signed in by':24} {'us':>8} {'us more':>8}")
    for name, durations in figures.items():
        more = statistics.median(own - base for own, base in zip(durations, figures["nobody"], strict=True))
        print(f"{name:24} {statistics.median(durations) * 1e6:8.1f} {more * 1e6:8.1f}")
    print(f"{'(a log-in)':24} {seconds * 1e6:8.0f}")


SCRIPT = """
wrk.method = "POST"
wrk.body = "{body}"
wrk.headers["Content-Type"] = "application/jsv"
"""


def measure_gunicorn(folder: Path, session_id: str, token: str, rounds: int) -> None:
    """Print the requests per second of one pinned worker of gunicorn, and those of a hello."""
    wrk = shutil.which("wrk")
    if wrk is None or shutil.which("taskset") is None or (os.cpu_count() or 1) < 2:
        print("\ngunicorn is measured where wrk, taskset and two processors are.")
        return
    script = folder / "post.lua"
    script.write_text(SCRIPT.format(body=POST_BODY.decode()))
    module = Path(__file__).resolve()
    greeting, own_port = find_free_port(), find_free_port()
    servers = [
        serve(greeting, f"{module.stem}:hello()", module.parent),
        serve(own_port, "gateway.wsgi:create()", module.parent.parent),
    ]
    try:
        for port in (greeting, own_port):
            await_port(port)
        cases = {
            "Falcon hello": (greeting, "/", []),
            "GET session, token": (own_port, f"/sessions/{session_id}.jsv", []),
            "POST session, token": (own_port, "/sessions.jsv", ["-s", str(script)]),
        }
        figures: dict[str, list[float]] = {name: [] for name in cases}
        for turn in range(rounds + 1):
            for name in list(cases)[:: 1 if turn % 2 else -1]:
                port, path, more = cases[name]
                figures[name].append(measure_rate(wrk, f"http://127.0.0.1:{port}{path}", token, more))
        print(f"\n{'gunicorn, sync, pinned':24} {'req/s':>8} {'of hello':>8}")
        for name, rates in figures.items():
            # The first round warms up.
            share = statistics.median(
                rate / hello_rate for rate, hello_rate in zip(rates[1:], figures["Falcon hello"][1:], strict=True)
            )
            print(f"{name:24} {statistics.median(rates[1:]):8.0f} {share:8.2f}")
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(30)


def find_free_port() -> int:
    """Return a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def await_port(port: int) -> None:
    """Return when a server listens on the port. Exit after 10 seconds."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nobody listens on port {port}")


def serve(port: int, application: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start gunicorn with one sync worker on the server's processor."""
    command = [
        "taskset",
        "-c",
        SERVER,
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
    ]
    command += ["--worker-class", "sync", "--no-control-socket", "--log-level", "error", application]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)


def measure_rate(wrk: str, url: str, token: str, more: list[str]) -> float:
    """Return the requests per second that wrk measures. Exit when a response is an error."""
    command = ["taskset", "-c", CLIENT, wrk, "-t1", f"-c{CONNECTIONS}", "-d2s", "-H", f"Authorization: Bearer {token}"]
    printed = subprocess.run([*command, *more, url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in printed:
        raise SystemExit(f"{url}: {printed}")
    return float(printed.partition("Requests/sec:")[2].split()[0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        app, session_id = prepare(Path(folder))
        login, seconds = log_in(app)
        measure_in_process(Path(folder), app, session_id, login["bearerToken"], rounds)
        measure_lists(Path(folder), app, login["bearerToken"], rounds)
        measure_signing_in(app, login, seconds, rounds)
        measure_gunicorn(Path(folder), session_id, login["bearerToken"], rounds)


if __name__ == "__main__":
    main()
