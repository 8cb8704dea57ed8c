"""``gateway serve`` as its operators run it: real processes, real sockets."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from tests.servers import API_KEY, EMAIL, PASSWORD, Gateway, GatewayFactory, wait_until


def create(gateway: Gateway, name: str = "Hi") -> str:
    """The id of a new session."""
    request = urllib.request.Request(
        f"{gateway.url}/sessions",
        json.dumps({"displayName": name}).encode(),
        {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["id"])


def names(gateway: Gateway, *session_ids: str) -> list[str]:
    """The stored names of sessions."""
    found = []
    for session_id in session_ids:
        request = urllib.request.Request(
            f"{gateway.url}/sessions/{session_id}.json", headers={"Authorization": f"Bearer {API_KEY}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found.append(json.load(answer)["displayName"])
    return found


def raw(gateway: Gateway, data: bytes) -> bytes:
    """What the server answers to these bytes, until it closes or falls silent."""
    host, _, port = gateway.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while block := connection.recv(65536):
            answer += block
    return answer


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    """The head of a request with credentials."""
    fixed = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {API_KEY}", "Connection: close", *lines]
    return "\r\n".join([*fixed, "", ""]).encode()


def test_the_first_start_prints_a_curl_line_that_works_and_only_once(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway()
    gateway.start()
    wait_until(lambda: "curl " in gateway.printed(), "the announcement")
    printed = gateway.printed()
    assert re.search(r"password +\S{16,}", printed)
    (line,) = [each.strip() for each in printed.splitlines() if each.strip().startswith("curl ")]
    answer = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True, timeout=30)
    assert answer.stdout.startswith("{dialState:None,callState:Connected,")
    assert "displayName:Hi," in answer.stdout
    gateway.stop()
    gateway.start()
    assert gateway.printed().count("curl ") == 1


def test_sessions_survive_a_restart_and_a_kill(gateway: Gateway) -> None:
    first = create(gateway, "before the restart")
    assert gateway.stop() == 0
    gateway.start()
    second = create(gateway, "before the kill")
    assert gateway.process is not None
    workers = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text().split()
    gateway.stop(signal.SIGKILL)
    for worker in workers:
        wait_until(lambda worker=worker: not Path(f"/proc/{worker}").exists(), "a worker without its master")  # type: ignore[misc]
    gateway.start()
    assert names(gateway, first, second) == ["before the restart", "before the kill"]


def test_requests_that_run_are_answered_before_the_end(gateway: Gateway) -> None:
    host, _, port = gateway.address.partition(":")
    body = b'{"displayName":"slow"}'
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(
            head("/sessions", "Content-Type: application/json", f"Content-Length: {len(body)}") + body[:5]
        )
        time.sleep(0.5)
        stopping = threading.Thread(target=gateway.stop)
        stopping.start()
        time.sleep(0.5)
        connection.sendall(body[5:])
        answer = b""
        while block := connection.recv(65536):
            answer += block
        stopping.join()
    assert answer.startswith(b"HTTP/1.1 200 ")
    gateway.start()


def test_chunked_bodies(gateway: Gateway) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in (b"{displayName:", b"in chunks}", b""))
    answer = raw(gateway, head("/sessions.jsv", "Content-Type: text/jsv", "Transfer-Encoding: chunked") + chunks)
    assert b"200 OK" in answer
    assert b"displayName:in chunks" in answer


def test_expect_100_continue(gateway: Gateway) -> None:
    body = b'{"displayName":"expected"}'
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Expect: 100-continue")
    answer = raw(gateway, head("/sessions", *lines) + body)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_a_long_query(gateway: Gateway) -> None:
    path = "/json/reply/GetSession?SessionId=x&filler=" + "y" * 7500
    assert b" 404 " in raw(gateway, head(path, method="GET")).split(b"\r\n")[0]


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        (["Content-Type: application/json", "Content-Length: 500"], b'{"displayName":"cut', 400),
        (["Content-Type: application/json", "Content-Length: 20000000"], b"{}", 413),
        (["Content-Type: application/json", "Content-Length: x"], b"{}", 400),
        (["Content-Type: application/json", "Content-Encoding: gzip", "Content-Length: 2"], b"{}", 400),
        (["Content-Type: application/json", "Content-Encoding: br", "Content-Length: 2"], b"{}", 415),
        (["Content-Type: image/png", "Content-Length: 3"], b"png", 415),
        (["Bad Header: 1"], b"", 400),
    ],
)
def test_hostile_requests_are_refused(gateway: Gateway, lines: list[str], body: bytes, status: int) -> None:
    answer = raw(gateway, head("/sessions", *lines) + body)
    assert int(answer.split(b" ")[1]) == status
    assert gateway.healthy()


def test_one_json_line_a_request_with_its_id(gateway: Gateway) -> None:
    session_id = create(gateway)
    answer = raw(gateway, head(f"/sessions/{session_id}?format=jsv", "X-Request-Id: abc-123", method="GET"))
    assert b"X-Request-Id: abc-123\r\n" in answer
    wait_until(lambda: "abc-123" in gateway.printed(), "the log line")
    (line,) = [json.loads(each) for each in gateway.printed().splitlines() if "abc-123" in each]
    assert (line["status"], line["operation"], line["format"], line["method"]) == (200, "GetSession", "jsv", "GET")
    for each in gateway.printed().splitlines():
        assert API_KEY not in each
        assert PASSWORD not in each


def test_probes(gateway: Gateway) -> None:
    assert raw(gateway, b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").endswith(b'{"status":"ready"}')


def test_the_secret_is_kept_to_its_owner(gateway: Gateway) -> None:
    secret = gateway.folder / "gateway.db.secret"
    assert stat.S_IMODE(os.stat(secret).st_mode) == 0o600
    assert len(secret.read_text()) >= 32


def test_users_by_the_command_line(gateway: Gateway) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gateway", *arguments]
        return subprocess.run(
            command, cwd=gateway.folder, env=dict(gateway.environment), capture_output=True, text=True, timeout=60
        )

    assert run("user", "add", "bob@example.org", "--role", "User", "--password", "another password").returncode == 0
    key = run("user", "key", "bob@example.org").stdout.strip()
    request = urllib.request.Request(
        f"{gateway.url}/sessions", b"{}", {"X-Api-Key": key, "Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["fromAddress"] == "bob@example.org"
    assert EMAIL in run("user", "list").stdout
    again = run("user", "add", "BOB@example.org")
    assert again.returncode == 1
    assert "already" in again.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GATEWAY_BIND", "nowhere"),
        ("GATEWAY_DATABASE_URL", "oracle://x/y"),
        ("GATEWAY_WORKERS", "many"),
        ("GATEWAY_THREADS", "0"),
        ("GATEWAY_SECRET", "short"),
        ("GATEWAY_SECRET_PREVIOUS", "short"),
        ("GATEWAY_TRUSTED_PROXIES", "nowhere"),
        ("GATEWAY_LOG", "loud"),
        ("GATEWAY_DEBUG", "perhaps"),
    ],
)
def test_a_wrong_setting_is_named(make_gateway: GatewayFactory, variable: str, value: str) -> None:
    gateway = make_gateway(**{variable: value})
    command = [sys.executable, "-m", "gateway", "check-config"]
    done = subprocess.run(
        command, cwd=gateway.folder, env=dict(gateway.environment), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert variable in done.stderr


def test_check_config_hides_secrets(make_gateway: GatewayFactory) -> None:
    secret = "s" * 40
    gateway = make_gateway(
        GATEWAY_SECRET=secret, GATEWAY_DATABASE_URL="mysql://me:p4ssw0rd@db/name", GATEWAY_BOOTSTRAP_PASSWORD=PASSWORD
    )
    command = [sys.executable, "-m", "gateway", "check-config"]
    done = subprocess.run(
        command,
        cwd=gateway.folder,
        env=dict(gateway.environment),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for hidden in (secret, "p4ssw0rd", PASSWORD):
        assert hidden not in done.stdout
    assert "GATEWAY_DATABASE_URL=mysql://me:(hidden)@db/name" in done.stdout
