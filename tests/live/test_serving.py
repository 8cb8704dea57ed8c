"""``gateway serve`` as operators run it: real processes, real sockets."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import stat
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.processes import list_workers
from tests.live.raw import connect, exchange, head, next_status, receive, statuses
from tests.live.sessions import create, names
from tests.servers import API_KEY, EMAIL, FIRST_USER, PASSWORD, Gateway, GatewayFactory, free_port, needs, wait_until


def run_printed_line(output: str, **variables: str) -> str:
    """Run the only curl line in a printed text in a shell; return its output."""
    needs("curl")
    (line,) = [line for line in output.splitlines() if line.strip().startswith("curl ")]
    command = ["bash", "-c", line]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def gone(process: int) -> Callable[[], bool]:
    return lambda: not Path(f"/proc/{process}").exists()


def test_the_first_start_prints_a_curl_line_that_works_and_only_once(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway()
    gateway.start()
    wait_until(lambda: "curl " in gateway.printed(), "the announcement")
    output = gateway.printed()
    assert "admin@example.org" in output
    secrets = gateway.folder / "gateway.db.first-user"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    secret_values = dict(line.split("=", 1) for line in secrets.read_text().splitlines())
    assert len(secret_values["PASSWORD"]) >= 16
    for secret in (secret_values["PASSWORD"], secret_values["API_KEY"]):
        assert secret not in output
    response = run_printed_line(output)
    assert response.startswith("{dialState:None,callState:Connected,")
    assert "displayName:Hi," in response
    gateway.stop()
    gateway.start()
    assert gateway.printed().count("curl ") == 1


def test_the_curl_line_names_a_key_that_the_environment_gave(gateway: Gateway) -> None:
    wait_until(lambda: "curl " in gateway.printed(), "the announcement")
    assert API_KEY not in gateway.printed()
    assert "displayName:Hi," in run_printed_line(gateway.printed(), GATEWAY_BOOTSTRAP_API_KEY=API_KEY)


def test_a_unix_socket(make_gateway: GatewayFactory, server: str) -> None:
    gateway = make_gateway(GATEWAY_BIND="unix:gateway.socket", GATEWAY_SERVER=server)
    gateway.healthy = (gateway.folder / "gateway.socket").exists  # type: ignore[method-assign]
    gateway.start()
    wait_until(lambda: "curl " in gateway.printed(), "the announcement")
    output = gateway.printed().replace("gateway.socket", str(gateway.folder / "gateway.socket"))
    assert "displayName:Hi," in run_printed_line(output)
    socket_path = gateway.folder / "gateway.socket"
    assert stat.S_IMODE(socket_path.stat().st_mode) == 0o660
    other = make_gateway(GATEWAY_BIND=f"unix:{socket_path}").attempt("serve")
    assert "in use" in other.stderr
    assert gateway.stop() == 0


def test_a_socket_that_a_killed_gateway_left_is_replaced(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(GATEWAY_BIND="unix:gateway.socket")
    path = gateway.folder / "gateway.socket"
    with socket.socket(socket.AF_UNIX) as stale_socket:
        stale_socket.bind(str(path))
    gateway.healthy = lambda: "Listening" in gateway.printed()  # type: ignore[method-assign]
    gateway.start()
    assert gateway.stop() == 0


@pytest.mark.parametrize(
    ("bind", "reason"),
    [
        ("unix:nowhere/gateway.socket", "a folder that does not exist"),
        ("unix:file", "not a socket"),
        ("192.0.2.1:8000", "not an address of this machine"),
        ("127.0.0.1:80000", "65535"),
        ("nowhere.invalid:8000", "GATEWAY_BIND: nowhere.invalid:8000 can't be used"),
    ],
)
def test_an_error_of_an_address_is_one_line(make_gateway: GatewayFactory, bind: str, reason: str) -> None:
    gateway = make_gateway(GATEWAY_BIND=bind)
    (gateway.folder / "file").touch()
    done = gateway.attempt("serve")
    assert done.returncode == 1
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (gateway.folder / "gateway.db").exists()


def test_files_are_their_owners(gateway: Gateway) -> None:
    create(gateway)
    gateway.command("sessions", "export", "--output", "sessions.jsonl")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in gateway.folder.iterdir()}
    del modes["output.txt"]
    assert {"gateway.db", "gateway.db-wal", "gateway.db.secret", "sessions.jsonl"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_every_address(make_gateway: GatewayFactory) -> None:
    port = free_port()
    gateway = make_gateway(GATEWAY_BIND=f"0.0.0.0:{port}")
    gateway.url = f"http://127.0.0.1:{port}"
    gateway.start()
    wait_until(lambda: "curl " in gateway.printed(), "the announcement")
    assert "displayName:Hi," in run_printed_line(gateway.printed())


def test_sessions_survive_a_restart_and_a_kill(either_gateway: Gateway) -> None:
    gateway = either_gateway
    first = create(gateway, "before the restart")
    assert gateway.stop() == 0
    gateway.start()
    second = create(gateway, "before the kill")
    orphans = list_workers(gateway)
    gateway.stop(signal.SIGKILL)
    for orphan in orphans:
        wait_until(gone(orphan), "a worker without its master")
    gateway.start()
    assert names(gateway, first, second) == ["before the restart", "before the kill"]


def test_killed_workers_are_replaced(either_gateway: Gateway) -> None:
    gateway = either_gateway
    before = create(gateway, "before")
    wait_until(lambda: len(list_workers(gateway)) == 2, "both workers")
    killed = list_workers(gateway)
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: len(set(list_workers(gateway)) - set(killed)) == 2, "new workers")
    assert names(gateway, before, create(gateway, "after")) == ["before", "after"]


def test_running_requests_get_responses_before_the_end(either_gateway: Gateway) -> None:
    gateway = either_gateway
    body = b'{"displayName":"slow"}'
    with connect(gateway) as connection:
        connection.sendall(head("/sessions", "Content-Type: application/json", f"Content-Length: {len(body)}"))
        connection.sendall(body[:5])
        time.sleep(0.5)
        stopping = threading.Thread(target=gateway.stop)
        stopping.start()
        time.sleep(0.5)
        connection.sendall(body[5:])
        response = receive(connection)
        stopping.join()
    assert statuses(response) == [200]
    gateway.start()
    session_id = json.loads(response.partition(b"\r\n\r\n")[2])["id"]
    assert names(gateway, session_id) == ["slow"]


def test_an_open_connection_does_not_delay_the_end(either_gateway: Gateway) -> None:
    gateway = either_gateway
    with connect(gateway) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert next_status(connection) == 200
        began = time.monotonic()
        assert gateway.stop() == 0
        assert time.monotonic() - began < 15


def test_one_json_line_a_request_with_its_id(gateway: Gateway) -> None:
    session_id = create(gateway)
    response = exchange(gateway, head(f"/sessions/{session_id}?format=jsv", "X-Request-Id: abc-123", method="GET"))
    assert b"X-Request-Id: abc-123\r\n" in response
    exchange(gateway, head("/nowhere", "X-Request-Id: abc-124"))
    wait_until(lambda: "abc-124" in gateway.printed(), "the log line")
    lines = gateway.printed().splitlines()
    (line,) = [json.loads(line) for line in lines if "abc-123" in line]
    assert (line["status"], line["operation"], line["format"], line["method"]) == (200, "GetSession", "jsv", "GET")
    (line,) = [json.loads(line) for line in lines if "abc-124" in line]
    assert (line["status"], line["operation"], line["path"]) == (404, None, "/nowhere")
    for line in lines:
        assert API_KEY not in line
        assert PASSWORD not in line


def test_one_text_line_a_request_with_its_id(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(GATEWAY_LOG="text")
    gateway.start()
    exchange(gateway, head("/nowhere", "X-Request-Id: abc-125"))
    wait_until(lambda: "abc-125" in gateway.printed(), "the log line")
    (line,) = [line for line in gateway.printed().splitlines() if "abc-125" in line]
    assert " POST /nowhere 404 " in line


def test_probes(gateway: Gateway) -> None:
    for path, status in (("/health", b'{"status":"ok"}'), ("/ready", b'{"status":"ready"}')):
        response = exchange(gateway, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert statuses(response) == [200]
        assert response.endswith(status)


def test_the_secret_is_kept_to_its_owner(gateway: Gateway) -> None:
    secret = gateway.folder / "gateway.db.secret"
    assert stat.S_IMODE(os.stat(secret).st_mode) == 0o600
    content = secret.read_text()
    assert len(content) >= 32
    gateway.stop()
    gateway.start()
    assert secret.read_text() == content


def test_users_by_the_command_line(gateway: Gateway) -> None:
    gateway.command("user", "add", "bob@example.org", "--role", "User", "--password", "another password")
    key = gateway.command("user", "key", "bob@example.org").strip()
    request = urllib.request.Request(
        f"{gateway.url}/sessions", b"{}", {"X-Api-Key": key, "Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert json.load(response)["fromAddress"] == "bob@example.org"
    assert EMAIL in gateway.command("user", "list")
    again = gateway.attempt("user", "add", "BOB@example.org")
    assert again.returncode == 1
    assert "already" in again.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GATEWAY_BIND", "nowhere"),
        ("GATEWAY_DATABASE_URL", "oracle://x/y"),
        ("GATEWAY_WORKERS", "many"),
        ("GATEWAY_THREADS", "0"),
        ("GATEWAY_CONNECTIONS", "0"),
        ("GATEWAY_SECRET", "short"),
        ("GATEWAY_SECRET_PREVIOUS", "short"),
        ("GATEWAY_TRUSTED_PROXIES", "nowhere"),
        ("GATEWAY_JSONP", "perhaps"),
        ("GATEWAY_DEFAULT_FORMAT", "yaml"),
        ("GATEWAY_LOG", "loud"),
        ("GATEWAY_DEBUG", "perhaps"),
    ],
)
@pytest.mark.parametrize("command", ["check-config", "serve"])
def test_an_invalid_setting_is_named(make_gateway: GatewayFactory, command: str, variable: str, value: str) -> None:
    done = make_gateway(**{variable: value}).attempt(command)
    assert done.returncode == 1
    assert variable in done.stderr
    assert "Traceback" not in done.stderr


def test_all_invalid_settings_are_named_at_once(make_gateway: GatewayFactory) -> None:
    done = make_gateway(GATEWAY_WORKERS="many", GATEWAY_LOG="loud").attempt("check-config")
    assert "GATEWAY_WORKERS" in done.stderr
    assert "GATEWAY_LOG" in done.stderr


def test_a_secret_is_required_if_there_is_no_file_for_it(make_gateway: GatewayFactory) -> None:
    done = make_gateway(GATEWAY_DATABASE_URL="mysql://me@db/name").attempt("check-config")
    assert done.returncode == 1
    assert "GATEWAY_SECRET" in done.stderr


def test_check_config_hides_secrets(make_gateway: GatewayFactory) -> None:
    secret = "secret-of-these-tests-0123456789abcdef"
    gateway = make_gateway(
        GATEWAY_SECRET=secret, GATEWAY_DATABASE_URL="mysql://me:p4ssw0rd@db/name", GATEWAY_BOOTSTRAP_PASSWORD=PASSWORD
    )
    output = gateway.command("check-config")
    for hidden in (secret, "p4ssw0rd", PASSWORD):
        assert hidden not in output
    assert "GATEWAY_DATABASE_URL=mysql://me:(hidden)@db/name" in output


def test_an_address_in_use_is_named(gateway: Gateway, make_gateway: GatewayFactory) -> None:
    done = make_gateway(GATEWAY_BIND=gateway.address).attempt("serve")
    assert done.returncode != 0
    assert gateway.address.rpartition(":")[2] in done.stderr
    assert "in use" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert gateway.healthy()


def test_workers_may_open_as_many_files_as_they_need(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(GATEWAY_WORKERS="1")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        gateway.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    (worker,) = list_workers(gateway)
    assert resource.prlimit(worker, resource.RLIMIT_NOFILE) == (min(2024, hard), hard)


def test_gunicorn_by_hand(make_gateway: GatewayFactory) -> None:
    """``deploy/gunicorn.conf.py`` serves as ``gateway serve`` does."""
    configuration = Path(__file__).parents[2] / "deploy" / "gunicorn.conf.py"
    gateway = make_gateway(**FIRST_USER)
    gateway.start("gunicorn", "-c", str(configuration), "gateway.wsgi:create()")
    assert names(gateway, create(gateway, "by hand")) == ["by hand"]
    assert gateway.printed().count("The database had no administrator") == 1
    assert gateway.stop() == 0
