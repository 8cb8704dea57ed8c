"""Commands never create a database: `serve` and `migrate` do. The others say which one they look for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from models import connect
from models.engine import migrations
from tests.databases import OWNERS

COMMANDS = [
    ["user", "list"],
    ["user", "add", "ann@example.org"],
    ["user", "roles", "ann@example.org", "--none"],
    ["account", "list"],
    ["account", "add", "Acme"],
    ["sessions", "export"],
    ["sessions", "import"],
    ["sessions", "archive", "--older-than", "1d"],
    ["call", "ListSessions"],
    ["migrate", "--check"],
]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_DATABASE_URL", raising=False)


def run(command: Sequence[str], **environment: str) -> Result:
    return CliRunner().invoke(main, command, env=environment)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_database(tmp_path: Path, command: Sequence[str]) -> None:
    done = run(command)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"gateway: There is no database {tmp_path}/gateway.db. ")
    assert "GATEWAY_DATABASE_URL" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_with_an_empty_file(tmp_path: Path, command: Sequence[str]) -> None:
    """Nothing is migrated either."""
    (tmp_path / "gateway.db").touch()
    done = run(command)
    assert done.exit_code == 1
    assert "0001" in done.output
    assert "Traceback" not in done.output
    assert migrations.missing(connect("sqlite:///gateway.db"), OWNERS) == migrations.list_names(OWNERS)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_with_a_file_that_is_not_a_database(tmp_path: Path, command: Sequence[str]) -> None:
    (tmp_path / "gateway.db").write_text("This is a text, and far longer than the header of a database is. " * 9)
    done = run(command)
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "file is not a database" in done.stderr


def test_migrate_creates_one_and_names_it(tmp_path: Path) -> None:
    done = run(["migrate"])
    assert done.exit_code == 0
    assert done.stderr == f"database: {tmp_path}/gateway.db\n"
    assert (tmp_path / "gateway.db").stat().st_mode & 0o777 == 0o600
    assert run(["migrate", "--check"]).stdout == "the schema is up to date\n"
    assert json.loads(run(["migrate", "--check", "--json"]).stdout) == {"missing": []}
    migrations = json.loads(run(["migrate", "--to", "sessions/0", "--json"]).stdout)
    assert migrations["undone"]
    assert run(["migrate", "--check"]).exit_code == 1


def test_accounts(tmp_path: Path) -> None:
    run(["migrate"])
    run_of_add = run(["account", "add", "Acme"])
    assert run_of_add.stdout.startswith("added Acme (")
    assert f"database: {tmp_path}/gateway.db" in run_of_add.stderr
    assert run(["account", "add", "Sales", "--parent", "acme"]).exit_code == 0
    assert "  in Acme\n" in run(["account", "list"]).stdout
    acme, sales = json.loads(run(["account", "list", "--json"]).stdout)
    assert (acme["name"], acme["above"]) == ("Acme", [])
    assert (sales["name"], sales["above"], sales["parentAccountId"]) == ("Sales", ["Acme"], acme["id"])
    for arguments, words in (
        (["ACME"], "there is an account ACME already"),
        (["Other", "--parent", "Nowhere"], "there is no account Nowhere"),
        ([" "], "has 1 to 255 characters"),
        (["x" * 256], "has 1 to 255 characters"),
    ):
        run_of_add = run(["account", "add", *arguments])
        assert run_of_add.exit_code == 1
        assert words in run_of_add.stderr
    assert run(["account", "list"]).stdout.count("\n") == 2
