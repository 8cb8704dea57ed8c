"""A slow start: the database is unavailable, or its schema is old."""

from __future__ import annotations

import http.client
import time

import pytest

from tests.databases import Server, new_database
from tests.live.sessions import create, names
from tests.servers import FIRST_USER, Gateway, GatewayFactory, free_port, wait_until

SHARED = {**FIRST_USER, "GATEWAY_SECRET": "shared-by-all-nodes-0123456789abcdef"}


def ask(address: str, path: str) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("POST", path, b"{}")
    with connection.getresponse() as response:
        result = response.status, response.read(), response.headers
    connection.close()
    return result


def ready(gateway: Gateway) -> None:
    """Wait until the service itself responds, instead of the placeholder during the start."""
    wait_until(lambda: b"is starting" not in ask(gateway.address, "/sessions")[1], "the service", gateway.process)


def test_the_database_is_waited_for(make_gateway: GatewayFactory, own_server: Server) -> None:
    """The process responds meanwhile, in the requested format."""
    gateway = make_gateway(GATEWAY_DATABASE_URL=new_database(own_server.url), **SHARED)
    gateway.command("migrate")
    own_server.stop()
    gateway.start()
    wait_until(lambda: "waiting for the database" in gateway.printed(), "the line")
    status, body, headers = ask(gateway.address, "/sessions.jsv")
    assert (status, headers["Retry-After"]) == (503, "2")
    assert body.startswith(b"{responseStatus:{errorCode:ServiceUnavailable,message:The service is starting.")
    assert ask(gateway.address, "/ready")[0] == 503
    own_server.start()
    ready(gateway)
    assert names(gateway, create(gateway, "after")) == ["after"]


def test_the_wait_ends_with_one_line(make_gateway: GatewayFactory) -> None:
    url = f"mysql://me:secret@127.0.0.1:{free_port()}/name"
    gateway = make_gateway(GATEWAY_DATABASE_URL=url, GATEWAY_DATABASE_WAIT="1", **SHARED)
    done = gateway.attempt("serve")
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("gateway: ")
    assert "did not respond within 1 s" in line
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_a_lasting_failure_is_not_waited_for(make_gateway: GatewayFactory, mariadb: str) -> None:
    url = f"{new_database(mariadb).rpartition('/')[0]}/nothing_of_that_name"
    began = time.monotonic()
    done = make_gateway(GATEWAY_DATABASE_URL=url, **SHARED).attempt("serve")
    assert done.returncode == 1
    assert "nothing_of_that_name" in done.stderr
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("path", ["nowhere/gateway.db", "text.db", "folder.db"])
def test_a_file_that_is_not_a_database_is_one_line_at_once(make_gateway: GatewayFactory, path: str) -> None:
    gateway = make_gateway(GATEWAY_DATABASE_URL=f"sqlite:///{path}", **SHARED)
    (gateway.folder / "text.db").write_text("This is a text, and not a database.\n" * 100)
    (gateway.folder / "folder.db").mkdir()
    done = gateway.attempt("serve")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert path in done.stderr
    assert "did not respond" not in done.stderr


def test_an_old_schema_is_migrated_at_the_start_and_can_be_undone(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(**FIRST_USER)
    gateway.command("migrate")
    run_of_migrate = gateway.attempt("migrate", "--to", "sessions/2")
    assert run_of_migrate.returncode == 0, run_of_migrate.stderr
    assert run_of_migrate.stdout.splitlines()[-1] == "the schema is that of sessions/2"
    assert "undid sessions/0003_fewer_pages" in run_of_migrate.stdout
    assert "need up to" in run_of_migrate.stderr
    assert "undoing sessions/0003_fewer_pages: step 1 of" in run_of_migrate.stderr
    assert gateway.attempt("migrate", "--check").returncode == 1
    gateway.start()
    ready(gateway)
    assert "applying sessions/0003_fewer_pages: step 1 of" in gateway.printed()
    assert "MB are free" in gateway.printed()
    assert names(gateway, create(gateway, "after")) == ["after"]


def test_a_number_that_no_migration_has(make_gateway: GatewayFactory) -> None:
    done = make_gateway().attempt("migrate", "--to", "users/9999")
    assert done.returncode == 1
    assert "there is no migration users/9999; users has 0001_first" in done.stderr


def test_an_administrator_is_created_if_there_is_none(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(**FIRST_USER)
    gateway.command("migrate")
    gateway.command(
        "user", "add", "bob@example.org", "--role", "User", "--api-key", "key-of-bob-0123456789abcdef0123456789"
    )
    gateway.start()
    assert "The database had no administrator" in gateway.printed()
    create(gateway)
    gateway.stop()
    gateway.command("user", "roles", FIRST_USER["GATEWAY_BOOTSTRAP_EMAIL"], "--role", "User")
    gateway.start()
    assert "gateway user roles ada@example.org --role SystemAdministrator" in gateway.printed()
