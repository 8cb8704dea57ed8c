"""Operation of a gateway in use: reload, upgrade, restart, backup and restore."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gateway.serving.application import end_new_workers_at_once
from tests.live.raw import head, receive
from tests.live.sessions import create, names
from tests.servers import API_KEY, EMAIL, FIRST_USER, PASSWORD, Gateway, GatewayFactory, end, wait_until


def list_children(process: int) -> set[int]:
    """Return the process ids of a process's children."""
    return {int(process_id) for process_id in Path(f"/proc/{process}/task/{process}/children").read_text().split()}


@contextmanager
def run_callers(gateway: Gateway, number: int = 3) -> Iterator[list[str]]:
    """Run clients that create sessions, each on a new connection; yield the growing list of ids. No request may fail."""
    session_ids: list[str] = []
    problems: list[Exception] = []
    ending = threading.Event()

    def call() -> None:
        while not ending.is_set():
            try:
                session_ids.append(create(gateway))
            except OSError as error:
                problems.append(error)

    threads = [threading.Thread(target=call) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield session_ids
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    assert problems == []


def grows(session_ids: list[str]) -> Callable[[], bool]:
    """Return a function that returns whether further sessions were created."""
    before = len(session_ids)
    return lambda: len(session_ids) > before + 20


def test_a_reload_loses_no_request(either_gateway: Gateway) -> None:
    gateway = either_gateway
    assert gateway.process is not None
    master = gateway.process
    with run_callers(gateway) as session_ids:
        for _ in range(2):
            wait_until(lambda: len(list_children(master.pid)) == 2, "both workers")
            before = list_children(master.pid)
            wait_until(grows(session_ids), "requests")
            master.send_signal(signal.SIGHUP)
            wait_until(lambda old=before: not old & list_children(master.pid), "new workers")  # type: ignore[misc]
        wait_until(grows(session_ids), "requests of new workers")
    assert master.poll() is None


def test_a_new_master_takes_over_without_losing_a_request(either_gateway: Gateway) -> None:
    """SIGUSR2 starts the installed program again on the same socket; then the old one may end."""
    gateway = either_gateway
    assert gateway.process is not None
    old = gateway.process
    wait_until(lambda: len(list_children(old.pid)) == 2, "both workers")
    workers = list_children(old.pid)
    with run_callers(gateway) as session_ids:
        wait_until(grows(session_ids), "requests")
        old.send_signal(signal.SIGUSR2)
        wait_until(lambda: len(list_children(old.pid) - workers) == 1, "the new master")
        (new,) = list_children(old.pid) - workers
        wait_until(lambda: len(list_children(new)) == 2, "its workers")
        wait_until(grows(session_ids), "requests of both")
        assert end(old) == 0
        wait_until(grows(session_ids), "requests of the new one")
    os.kill(new, signal.SIGTERM)
    wait_until(lambda: not Path(f"/proc/{new}").exists(), "the end of the new master")


def end_under_load(gateway: Gateway) -> tuple[int, int]:
    """Stop the gateway under load; return how many requests on new connections got a response, and how many got none and no refusal."""
    host, _, port = gateway.address.partition(":")
    body = b'{"displayName":"last"}'
    request = head("/sessions.json", "Content-Type: application/json", f"Content-Length: {len(body)}") + body
    responses: list[bytes] = []

    def call_until_refused() -> None:
        while True:
            try:
                with socket.create_connection((host, int(port)), timeout=30) as connection:
                    connection.sendall(request)
                    responses.append(receive(connection))
            except ConnectionRefusedError:
                return
            except OSError:
                responses.append(b"")

    threads = [threading.Thread(target=call_until_refused) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(responses) > 50, "requests")
    assert gateway.stop() == 0
    for thread in threads:
        thread.join()
    assert {response[9:12] for response in responses if response} == {b"200"}
    return len(responses) - responses.count(b""), responses.count(b"")


def test_an_end_under_load_resets_no_connection(gateway: Gateway) -> None:
    """A connection gets a response, or the kernel refuses it; acknowledged changes are stored."""
    response_count = lost_count = 0
    for _ in range(3):
        grows, reset = end_under_load(gateway)
        response_count, lost_count = response_count + grows, lost_count + reset
        gateway.start()
        if not reset:
            break
    else:
        # A few microseconds pass between a worker's last accept and the end of its socket, more on a busy machine; but not each time.
        pytest.fail(f"{lost_count} of {response_count + lost_count} requests were lost")
    stored = gateway.command("sessions", "export", "--format", "jsonl").count('"displayName":"last"')
    assert response_count <= stored <= response_count + lost_count


def fill_with_sessions(gateway: Gateway, number: int) -> None:
    """Fill a gateway with copies of one session."""
    session_id = create(gateway, "x" * 200)
    record = gateway.command("sessions", "export", "--format", "jsonl")
    copies = gateway.folder / "copies.jsonl"
    copies.write_text("".join(record.replace(session_id, f"{number:032x}") for number in range(number)))
    gateway.command("sessions", "import", str(copies))


def test_a_list_that_is_being_sent_is_sent_to_its_end(gateway: Gateway) -> None:
    fill_with_sessions(gateway, 12_000)
    host, _, port = gateway.address.partition(":")
    with socket.socket() as connection:
        # A small window, so that the server still has most of the list when it gets the signal.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect((host, int(port)))
        lines = [
            "GET /sessions.jsonl?all=true HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {API_KEY}",
            "Connection: close",
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        received = connection.recv(4096)
        stopping = threading.Thread(target=gateway.stop)
        stopping.start()
        wait_until(lambda: "Handling signal: term" in gateway.printed(), "the end's beginning")
        parts = [received]
        while block := connection.recv(65536):
            parts.append(block)
        stopping.join()
    text = b"".join(parts)
    assert text.endswith(b"0\r\n\r\n")
    assert text.count(b'"displayName":"xxx') == 12_001


def test_a_restart_at_a_socket_of_systemd_refuses_no_client(gateway: Gateway) -> None:
    """The socket stays open while the service restarts, and the next process responds to clients that connect meanwhile."""
    gateway.stop()
    host, _, port = gateway.address.partition(":")
    with socket.create_server((host, int(port)), backlog=128) as listening:
        # As in systemd (sd_listen_fds(3)): the socket is descriptor 3, and a variable has the process id.
        as_systemd = (
            f"import os; os.dup2({listening.fileno()}, 3); "
            "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
            "os.execv(sys.executable, [sys.executable, '-m', 'gateway', 'serve'])"
        )

        def start() -> subprocess.Popen[bytes]:
            with gateway.output.open("ab") as output:
                return subprocess.Popen(
                    [sys.executable, "-c", f"import sys; {as_systemd}"],
                    cwd=gateway.folder,
                    env=dict(gateway.environment),
                    pass_fds=[listening.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                )

        gateway.process = start()
        wait_until(gateway.healthy, "the gateway at the socket", gateway.process)
        with run_callers(gateway) as session_ids:
            for _ in range(2):
                wait_until(grows(session_ids), "requests")
                assert gateway.stop() == 0
                gateway.process = start()
            wait_until(grows(session_ids), "requests after the restart")
        assert gateway.stop() == 0


def test_it_notifies_systemd_that_it_is_ready(make_gateway: GatewayFactory, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify_socket:
        notify_socket.bind(str(tmp_path / "notify"))
        notify_socket.settimeout(30)
        make_gateway(**FIRST_USER, NOTIFY_SOCKET=str(tmp_path / "notify")).start()
        assert notify_socket.recv(1024).startswith(b"READY=1")


FORKED = f"""
import os, signal, time
from {end_new_workers_at_once.__module__} import {end_new_workers_at_once.__name__} as prepare

def handle(*_): pass

for each in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
    signal.signal(each, handle)
prepare()
for each in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
    child = os.fork()
    if child == 0:
        for _ in range(3000):  # not one long sleep: a signal that arrives just before it is seen when it ends
            time.sleep(0.1)
    os.kill(child, each)
    print(os.waitpid(child, 0)[1], signal.getsignal(each) is handle, signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""


def test_a_signal_ends_a_worker_that_has_just_been_forked() -> None:
    """The worker has its master's signal handlers until it sets its own, and would go on for half a minute after the signal."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=60)
    assert done.stdout == "0 True set()\n" * 3, done.stderr


def log_in(gateway: Gateway) -> str:
    """Log in; return the access token."""
    request = urllib.request.Request(
        f"{gateway.url}/auth/credentials.json",
        json.dumps({"userName": EMAIL, "password": PASSWORD}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(json.load(response)["bearerToken"])


def test_a_backup_of_a_running_gateway_is_restored_elsewhere(gateway: Gateway, make_gateway: GatewayFactory) -> None:
    before = create(gateway, "before the backup")
    token = log_in(gateway)
    restored = make_gateway(**FIRST_USER)
    with run_callers(gateway) as session_ids:
        wait_until(grows(session_ids), "requests")
        earlier = {before, *session_ids}
        with (
            closing(sqlite3.connect(gateway.folder / "gateway.db")) as source,
            closing(sqlite3.connect(restored.folder / "gateway.db")) as copy,
        ):
            source.backup(copy)
        wait_until(grows(session_ids), "requests after it")
    (restored.folder / "gateway.db.secret").write_text((gateway.folder / "gateway.db.secret").read_text())
    restored.start()
    assert names(restored, before) == ["before the backup"]
    assert earlier <= {json.loads(line)["id"] for line in restored.command("sessions", "export").splitlines()}
    request = urllib.request.Request(f"{restored.url}/auth.json", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        assert json.load(response)["userName"] == EMAIL


@pytest.mark.parametrize("ended", [b"", b"\n"])
def test_secrets_are_read_from_files(make_gateway: GatewayFactory, tmp_path: Path, ended: bytes) -> None:
    variables = {"GATEWAY_SECRET": "secret-of-these-tests-0123456789abcdef", **FIRST_USER}
    for name, value in variables.items():
        (tmp_path / name).write_bytes(value.encode() + ended)
    gateway = make_gateway(**{f"{name}_FILE": str(tmp_path / name) for name in variables})
    gateway.start()
    assert names(gateway, create(gateway, "by a key of a file")) == ["by a key of a file"]
    assert log_in(gateway)
    assert not (gateway.folder / "gateway.db.secret").exists()
    for line in gateway.command("check-config").splitlines():
        assert not any(value in line for value in variables.values() if value != EMAIL)


@pytest.mark.parametrize("content", [None, b"\xff" * 40])
def test_a_file_that_cannot_be_read_is_an_error_of_one_line(
    make_gateway: GatewayFactory, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    done = make_gateway(GATEWAY_SECRET_FILE=str(tmp_path / "secret")).attempt("check-config")
    assert done.returncode == 1
    assert "_FILE" in done.stderr
    assert len(done.stderr.splitlines()) == 1
