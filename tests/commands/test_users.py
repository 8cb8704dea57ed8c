"""gateway user …, as operators call it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.calls import Credentials, Principal
from gateway.cli import main
from gateway.errors import NotAuthenticated
from gateway.users.authenticator import Authenticator
from models import connect
from models.engine import migrations
from models.users import user
from tests.databases import OWNERS
from tests.users.conftest import cheap

__all__ = ["cheap"]

EMAIL = "ada@example.org"


@pytest.fixture
def url(tmp_path: Path, cheap: None) -> str:
    database_url = f"sqlite:///{tmp_path}/gateway.db"
    database = connect(database_url)
    migrations.apply(database, OWNERS)
    database.dispose()
    return database_url


def run(url: str, *arguments: str, status: int = 0, typed: str | None = None) -> Result:
    environment = {"GATEWAY_DATABASE_URL": url, "GATEWAY_LOG": "json"}
    result = CliRunner().invoke(main, ["user", *arguments], env=environment, input=typed)
    assert result.exit_code == status, result.output
    return result


def authenticate(url: str, key: str) -> Principal | None:
    return Authenticator(connect(url), ["s" * 32]).authenticate(Credentials(api_key=key))


def signs_in(url: str, email: str, password: str) -> bool:
    try:
        Authenticator(connect(url), ["s" * 32]).log_in(email, password, "", permanent=False)
    except NotAuthenticated:
        return False
    return True


def test_a_user_with_everything(url: str) -> None:
    key = "a-key-of-their-own-0123456789"
    run_of_add = run(
        url,
        "add",
        EMAIL,
        "--password",
        "correct horse",
        "--role",
        "User",
        "--role",
        "Manager",
        "--account",
        "Acme",
        "--api-key",
        key,
    )
    assert run_of_add.stdout.startswith(f"added {EMAIL} (")
    principal = authenticate(url, key)
    assert principal is not None
    assert principal.roles == {"User", "Manager"}
    output = run(url, "list").stdout
    assert EMAIL in output
    assert "User, Manager" in output
    assert key not in output


def test_a_new_user_has_the_default_role(url: str) -> None:
    run(url, "add", EMAIL)
    assert "roles: User  keys: none" in run(url, "list").stdout


def test_a_new_key_is_printed_once_and_alone_on_the_output(url: str) -> None:
    run(url, "add", EMAIL)
    key = run(url, "key", EMAIL).stdout
    assert key.count("\n") == 1
    assert authenticate(url, key.strip()) is not None
    assert key.strip() not in run(url, "list").output


def test_a_key_of_the_option_is_not_printed(url: str) -> None:
    run(url, "add", EMAIL)
    key = "a-key-of-their-own-0123456789"
    assert key not in run(url, "key", EMAIL, "--api-key", key).output
    assert authenticate(url, key) is not None


def test_a_key_is_revoked_by_its_end(url: str) -> None:
    run(url, "add", EMAIL)
    key = run(url, "key", EMAIL, "--days", "30").stdout.strip()
    assert " until " in run(url, "list").stdout
    assert run(url, "key", EMAIL, "--revoke", key[-4:]).stdout == "revoked: 1\n"
    assert "keys: none" in run(url, "list").stdout


def test_disable_and_undo(url: str) -> None:
    run(url, "add", EMAIL)
    assert run(url, "disable", EMAIL).stdout == f"disabled {EMAIL}\n"
    assert "disabled" in run(url, "list").stdout
    assert run(url, "disable", EMAIL, "--undo").stdout == f"enabled {EMAIL}\n"
    assert "disabled" not in run(url, "list").stdout


def test_a_password_is_prompted_for_twice_and_not_printed(url: str) -> None:
    run(url, "add", EMAIL)
    output = run(url, "password", EMAIL, typed="correct horse\ncorrect horse\n").output
    assert "correct horse" not in output
    assert f"changed the password of {EMAIL}" in output
    assert run(url, "password", EMAIL, "--password", "another horse").stdout == f"changed the password of {EMAIL}\n"


def test_a_password_by_standard_input_or_a_file(url: str, tmp_path: Path) -> None:
    run(url, "add", EMAIL, "--password", typed="correct horse\n")
    file = tmp_path / "password"
    file.write_text("another horse\nand more\n", encoding="utf-8")
    run(url, "add", "b@example.org", "--password-file", str(file), "--role", "User")
    assert signs_in(url, EMAIL, "correct horse")
    assert signs_in(url, "b@example.org", "another horse")
    run(url, "password", EMAIL, "--password-file", "-", typed="third horse\n")
    assert signs_in(url, EMAIL, "third horse")


def test_a_password_on_the_command_line_prints_a_warning(url: str) -> None:
    added = run(url, "add", EMAIL, "--password", "correct horse")
    assert "visible to other users" in added.stderr
    assert "visible" not in added.stdout
    assert signs_in(url, EMAIL, "correct horse")


def test_a_promotion_reports_that_the_password_is_no_longer_valid(url: str) -> None:
    run(url, "add", EMAIL, "--password", typed="correct horse\n")
    database = connect(url)
    with database.unit_of_work() as unit:
        user.update(unit, user.find_by_email(unit, EMAIL).id, password_set_by="a manager")
    database.dispose()
    assert "The password is no longer valid" in run(url, "roles", EMAIL, "--role", "SystemAdministrator").stdout
    assert not signs_in(url, EMAIL, "correct horse")
    run(url, "password", EMAIL, typed="another horse\n")
    assert "void" not in run(url, "roles", EMAIL, "--role", "User").stdout
    assert "void" not in run(url, "roles", EMAIL, "--role", "Manager").stdout
    assert signs_in(url, EMAIL, "another horse")


def test_roles(url: str) -> None:
    run(url, "add", EMAIL)
    assert run(url, "roles", EMAIL, "--role", "Manager", "--role", "Customer").stdout.endswith("Manager, Customer\n")
    assert "roles: Manager, Customer " in run(url, "list").stdout
    assert run(url, "roles", EMAIL).stdout == f"{EMAIL} has the roles Manager, Customer\n"
    assert run(url, "roles", EMAIL, "--none").stdout.endswith("has no roles\n")
    assert run(url, "roles", EMAIL).stdout == f"{EMAIL} has no roles\n"
    assert "exclude each other" in run(url, "roles", EMAIL, "--none", "--role", "User", status=2).stderr


def test_one_user_is_shown(url: str) -> None:
    run(url, "add", EMAIL, "--password", "correct horse", "--role", "User")
    key = run(url, "key", EMAIL, "--days", "30").stdout.strip()
    output = run(url, "show", EMAIL).stdout
    for name, value in (("state", "enabled"), ("roles", "User"), ("password", "set"), ("API keys", "…" + key[-4:])):
        assert re.search(rf"^{name} +{value}", output, re.MULTILINE)
    assert key not in output
    facts = json.loads(run(url, "show", EMAIL, "--json").stdout)
    assert (facts["emailAddress"], facts["roles"], facts["disabled"]) == (EMAIL, ["User"], False)
    assert facts["keys"][0]["hint"].endswith(key[-4:])
    assert facts["keys"][0]["expires"] > facts["created"]
    assert [facts] == json.loads(run(url, "list", "--json").stdout)
    assert "correct" not in output + json.dumps(facts)


def test_enable(url: str) -> None:
    key = "a-key-of-their-own-0123456789"
    run(url, "add", EMAIL, "--api-key", key)
    run(url, "disable", EMAIL)
    assert "state     disabled" in run(url, "show", EMAIL).stdout
    assert run(url, "enable", EMAIL).stdout == f"enabled {EMAIL}\n"
    assert authenticate(url, key) is not None


def test_delete(url: str) -> None:
    key = "a-key-of-their-own-0123456789"
    run(url, "add", EMAIL, "--api-key", key, "--password", "correct horse")
    assert "Aborted" in run(url, "delete", EMAIL, typed="n\n", status=1).stderr
    assert authenticate(url, key) is not None
    assert run(url, "delete", EMAIL, "--yes").stdout == f"deleted {EMAIL}\n"
    with pytest.raises(NotAuthenticated):
        authenticate(url, key)
    assert not signs_in(url, EMAIL, "correct horse")
    assert run(url, "list").stdout == ""
    # The address and the key are free again.
    run(url, "add", EMAIL, "--api-key", key)
    assert authenticate(url, key) is not None


def test_changes_name_the_database(url: str, tmp_path: Path) -> None:
    name = f"database: {tmp_path}/gateway.db\n"
    assert name in run(url, "add", EMAIL).stderr
    for change in (["key", EMAIL], ["disable", EMAIL], ["enable", EMAIL], ["roles", EMAIL, "--none"]):
        assert name in run(url, *change).stderr
    for question in (["list"], ["show", EMAIL], ["roles", EMAIL]):
        assert run(url, *question).stderr == ""


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["add", "nobody"], 1, "'nobody' is not an e-mail address"),
        (["add", EMAIL], 1, f"there is a user {EMAIL} already"),
        (["add", "b@example.org", "--password", "short"], 1, "a password has 8 to 1024 characters"),
        (["add", "b@example.org", "--api-key", "short"], 1, "an API key has 20 to 255 characters"),
        (["add", "b@example.org", "--role", "Boss"], 2, "there is no role 'Boss'; there are User, Manager"),
        (["key", "ghost@example.org"], 1, "there is no user ghost@example.org"),
        (["key", EMAIL, "--revoke", "zzzz"], 1, "no valid key that ends in zzzz"),
        (["disable", "ghost@example.org"], 1, "there is no user ghost@example.org"),
        (["password", EMAIL, "--password", "short"], 1, "a password has 8 to 1024 characters"),
        (["roles", "ghost@example.org", "--none"], 1, "there is no user ghost@example.org"),
        (["show", "ghost@example.org"], 1, "there is no user ghost@example.org"),
        (["enable", "ghost@example.org"], 1, "there is no user ghost@example.org"),
        (["delete", "ghost@example.org", "--yes"], 1, "there is no user ghost@example.org"),
        (["roles", "ghost@example.org"], 1, "there is no user ghost@example.org"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_errors_are_clear_and_on_one_line(url: str, arguments: list[str], status: int, words: str) -> None:
    run(url, "add", EMAIL)
    result = run(url, *arguments, status=status)
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""
