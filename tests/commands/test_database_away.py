"""Commands whose database is away or of another version: one line and status 1, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from models import connect
from models.engine import migrations
from tests.databases import OWNERS
from tests.servers import free_port

COMMANDS = [
    ["migrate"],
    ["migrate", "--check"],
    ["serve"],
    ["user", "list"],
    ["sessions", "archive", "--older-than", "90d"],
]


def _run(command: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own: what serves writes its log to a real standard error."""
    program = [sys.executable, "-m", "gateway", *command]
    return subprocess.run(program, env={**os.environ, **env}, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_away(command: list[str]) -> None:
    url = f"mysql://root@127.0.0.1:{free_port()}/gateway"
    env = {
        "GATEWAY_BIND": f"127.0.0.1:{free_port()}",
        "GATEWAY_DATABASE_URL": url,
        "GATEWAY_DATABASE_WAIT": "0",
        "GATEWAY_SECRET": "secret-of-these-tests-0123456789abcdef",
    }
    done = _run(command, env)
    assert done.returncode == 1
    assert done.stderr.startswith("gateway: The database can't be used")
    assert done.stderr.count("\n") == 1


def test_newer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    database = connect(url)
    migrations.apply(database, OWNERS)
    with database.unit_of_work() as unit:
        unit.execute("INSERT INTO schema_migrations (name, applied) VALUES ('users/9999_future', 'now')")
    database.dispose()
    for command in (["migrate"], ["migrate", "--check"], ["serve"], ["user", "list"]):
        env = {"GATEWAY_BIND": f"127.0.0.1:{free_port()}", "GATEWAY_DATABASE_URL": url}
        done = _run(command, env)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "newer than this version: it has users/9999_future" in done.stderr


@pytest.mark.parametrize("command", [*COMMANDS, ["check-config"]], ids=" ".join)
@pytest.mark.parametrize("url", ["mysql://u:secret@a,b:abc/x", "mysql://h/x?nonsense=1", "mysql://h/x?ssl_ca=/none"])
def test_wrong(command: list[str], url: str) -> None:
    """The variable and what is wrong with it, without the password."""
    done = CliRunner().invoke(
        main, command, env={"GATEWAY_DATABASE_URL": url, "GATEWAY_SECRET": "secret-of-these-tests-0123456789abcdef"}
    )
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    (line,) = done.stderr.splitlines()
    assert line.startswith("gateway: GATEWAY_DATABASE_URL: can't be used: the ")
    assert "secret" not in done.stderr
