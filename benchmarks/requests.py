"""Whole requests beside a Falcon hello: in this process through WSGI, and under gunicorn where wrk is installed.

    python benchmarks/requests.py [--rounds N]

Cases are interleaved, each round in the opposite order of the one before; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import falcon

API_KEY = "key-of-the-benchmark-0123456789"
EMAIL, PASSWORD = "ada@example.org", "correct horse battery"
POST_BODY = (
    b"{displayName:Support call,channel:Voice,direction:Incoming,callState:Connected,fromAddress:+15551230001,fromName:Ann Example,"
    b"toAddress:+15551230002,fromPhoneNumber:+15551230001,destination:+15551230002,"
    b"memberEmailAddresses:[bob@example.org,eve@example.org],startSession:True}"
)


class Hello:
    """What a request costs at least."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer."""
        response.text = "hello"


def hello() -> Any:
    """The application of `Hello`."""
    app = falcon.App()
    app.add_route("/", Hello())
    return app


def environ(method: str, target: str, body: bytes = b"", **headers: str) -> Callable[[], dict[str, Any]]:
    """A function that gives a fresh WSGI environment of one request."""
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


def call(app: Any, env: dict[str, Any], expected: str) -> bytes:
    """The body of the answer, whose status must be the expected one."""
    seen: list[str] = []
    body = b"".join(app(env, lambda status, *_: seen.append(status)))
    if not seen[0].startswith(expected):
        raise SystemExit(f"{seen[0]}: {body[:300]!r}")
    return body


def measure(cases: dict[str, Callable[[], object]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Seconds of one call of each case, a figure a round."""
    calls: dict[str, int] = {}
    for name, case in cases.items():
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            case()
            count += 1
        calls[name] = max(count, 1)
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(rounds):
        for name in list(cases)[:: 1 if turn % 2 else -1]:
            case, count = cases[name], calls[name]
            began = time.perf_counter()
            for _ in range(count):
                case()
            figures[name].append((time.perf_counter() - began) / count)
    return figures


def ratio(figures: dict[str, list[float]], name: str, base: str) -> float:
    """How many times as long one case takes as another, as the median of the rounds."""
    return statistics.median(one / other for one, other in zip(figures[name], figures[base], strict=True))


def prepare(folder: Path) -> tuple[Any, str]:
    """The application on a fresh database, and the id of a session with three members."""
    os.environ.update(
        GATEWAY_DATABASE_URL=f"sqlite:///{folder}/gateway.db",
        GATEWAY_BOOTSTRAP_EMAIL=EMAIL,
        GATEWAY_BOOTSTRAP_PASSWORD=PASSWORD,
        GATEWAY_BOOTSTRAP_API_KEY=API_KEY,
        GATEWAY_LOG="json",
    )
    from gateway import logs, wsgi
    from gateway.security import bootstrap
    from gateway.settings import Settings

    # Lines are made as always and thrown away: where they go is the operator's choice.
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - open as long as the process lives
    logs.configure("json")
    settings = Settings.from_environment()
    database = wsgi.open_database(settings)
    bootstrap.first_user(database, settings)
    app = wsgi.build(settings, database)
    created = call(
        app, environ("POST", "/sessions.jsv", POST_BODY, authorization=f"Bearer {API_KEY}")(), "200"
    ).decode()
    return app, created.split(",id:")[1].split(",")[0]


def in_process(app: Any, session_id: str, rounds: int) -> None:
    """Print what requests cost in this process."""
    greeting, key = hello(), {"authorization": f"Bearer {API_KEY}"}
    requests = {
        "Falcon hello": (greeting, environ("GET", "/"), "200"),
        "health": (app, environ("GET", "/health"), "200"),
        "GET session, key": (app, environ("GET", f"/sessions/{session_id}.jsv", **key), "200"),
        "POST session, key": (app, environ("POST", "/sessions.jsv", POST_BODY, **key), "200"),
    }
    cases = {name: lambda each=each: call(each[0], each[1](), each[2]) for name, each in requests.items()}  # type: ignore[misc]
    figures = measure(cases, rounds, 0.2)
    print(f"{'in this process':24} {'us':>8} {'x hello':>8}")
    for name in cases:
        print(f"{name:24} {statistics.median(figures[name]) * 1e6:8.1f} {ratio(figures, name, 'Falcon hello'):8.1f}")


def signing_in(app: Any, rounds: int) -> None:
    """Print what credentials cost over a request without any: the same small answer to all, that nobody must be signed in for."""
    body = f"{{provider:credentials,userName:{EMAIL},password:{PASSWORD}}}".encode()
    began = time.perf_counter()
    made = json.loads(call(app, environ("POST", "/auth.json", body)(), "200"))
    log_in = time.perf_counter() - began
    session = made["sessionId"]
    shown = {
        "nobody": {},
        "API key": {"authorization": f"Bearer {API_KEY}"},
        "token": {"authorization": f"Bearer {made['bearerToken']}"},
        "Basic, remembered": {"authorization": "Basic " + base64.b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()},
        "cookie": {"cookie": f"ss-id={session}; ss-pid={session}; ss-opt=temp"},
    }
    asked = {name: environ("GET", "/auth/nothing.jsv", **headers) for name, headers in shown.items()}
    figures = measure({name: lambda each=each: call(app, each(), "404") for name, each in asked.items()}, rounds, 0.2)  # type: ignore[misc]
    print(f"\n{'signed in by':24} {'us':>8} {'us more':>8}")
    for name, each in figures.items():
        more = statistics.median(one - other for one, other in zip(each, figures["nobody"], strict=True))
        print(f"{name:24} {statistics.median(each) * 1e6:8.1f} {more * 1e6:8.1f}")
    print(f"{'(a log-in)':24} {log_in * 1e6:8.0f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        app, session_id = prepare(Path(folder))
        in_process(app, session_id, rounds)
        signing_in(app, rounds)


if __name__ == "__main__":
    main()
