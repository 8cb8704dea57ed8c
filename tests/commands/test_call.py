"""``gateway call``: operations of the service, called without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from models import connect
from models.engine import migrations
from tests import sessions_api
from tests.databases import OWNERS
from tests.users.conftest import cheap

__all__ = ["cheap"]

BARE = """
from gateway import Dto, Principal, Service, fields

bare = Service("Bare", roles=["Clerk"], authenticate=lambda credentials: None)

@bare.get("/hello/{Name}", returns=str, role="Clerk")
class Hello(Dto):
    name = fields.String("The name")

bare.handles(Hello)(lambda request, context: f"Hello, {request.name}!")
"""


@pytest.fixture
def _filled(tmp_path: Path, cheap: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database with an administrator, a user and a disabled administrator."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "sqlite:///gateway.db")
    monkeypatch.setenv("GATEWAY_LOG", "text")
    database = connect("sqlite:///gateway.db")
    migrations.apply(database, OWNERS)
    administrator = sessions_api.administrator(database)
    administrator.add_user("a@example.org", roles=["SystemAdministrator", "User"], account_name="Main")
    administrator.disable("a@example.org", disabled=True)
    administrator.add_user("root@example.org", roles=["SystemAdministrator", "User"], account_name="Main")
    administrator.add_user("ann@example.org", roles=["User"], account_name="Main")
    yield
    database.dispose()


def run(*arguments: str, status: int = 0) -> Result:
    done = CliRunner().invoke(main, ["call", *arguments])
    assert done.exit_code == status, done.output
    return done


@pytest.mark.usefixtures("_filled")
def test_calls_of_the_sessions_api() -> None:
    done = run("NewSession", "displayName=Hi = there", "channel=Chat", "memberEmailAddresses=[x@y.org,z@y.org]")
    session = json.loads(done.stdout)
    assert (session["displayName"], session["channel"], session["fromAddress"]) == (
        "Hi = there",
        "Chat",
        "root@example.org",
    )
    assert {member["identity"] for member in session["members"]} == {"root@example.org", "x@y.org", "z@y.org"}
    assert "database: " in done.stderr
    by_user = run("newsession", "DISPLAYNAME=Two", "--as", "ann@example.org")
    assert json.loads(by_user.stdout)["fromAddress"] == "ann@example.org"
    sessions_run = run("ListSessions", "countPerPage=1", "--format", "csv")
    assert sessions_run.stdout.startswith("DialState,")
    assert sessions_run.stdout.count("\n") == 2
    assert "database: " not in sessions_run.stderr
    assert json.loads(run("GetSession", f"sessionId={session['id']}").stdout)["id"] == session["id"]
    assert run("EndSession", f"sessionId={session['id']}").stdout == ""
    assert json.loads(run("GetSession", f"sessionId={session['id']}").stdout)["ended"] is True


@pytest.mark.usefixtures("_filled")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["NewSesion"], "there is no operation 'NewSesion'; did you mean NewSession?"),
        (["NewSession", "displyName=x"], "NewSession has no field 'displyName'; did you mean displayName?"),
        (["NewSession", "displayName"], "'displayName' is not NAME=VALUE"),
        (["NewSession", "--as", "nobody@example.org"], "there is no enabled user nobody@example.org"),
        (["NewSession", "--as", "a@example.org"], "there is no enabled user a@example.org"),
        (["NewSession", "channel=Pigeon"], "'Pigeon' is an Invalid value for 'channel'"),
        (["NewUser", "emailAddress=x@y.org", "--as", "ann@example.org"], "Invalid Role"),
    ],
)
def test_errors(arguments: list[str], words: str) -> None:
    done = run(*arguments, status=1)
    assert words in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.output


@pytest.mark.usefixtures("_filled")
def test_binary_content_is_printed_as_it_is() -> None:
    content = run("ListSessions", "--format", "msgpack").stdout_bytes
    assert content[:1] >= b"\x80"
    assert not content.endswith(b"\n")


def test_a_service_without_users_and_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bare_service.py").write_text(BARE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    # What the command sets is undone with it.
    monkeypatch.setenv("GATEWAY_SERVICE", "bare_service:bare")
    assert run("Hello", "name=Ada", "bare_service:bare").stdout.strip('"\n') == "Hello, Ada!"
    assert "has no users" in run("Hello", "name=Ada", "--as", "x@y.org", status=1).stderr
    assert not (tmp_path / "gateway.db").exists()
