"""What administrators do with users and keys, and the first user of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.calls import Credentials
from gateway.errors import NotAuthenticated
from gateway.settings import Settings
from gateway.users import bootstrap, keys
from gateway.users.administration import AdministrationError, Administrator, describe_users
from models import Database, connect
from models.engine import migrations
from tests.databases import OWNERS
from tests.sessions_api import first_user

from .conftest import ADA, ADDRESS, EVE, KEY, PASSWORD, World

NEW = "new@example.org"


def add_user(administrator: Administrator, email: str = NEW, **changes: object) -> str:
    return administrator.add_user(email, **{"roles": ["User"], "account_name": "Acme", **changes})  # type: ignore[arg-type]


REFUSED: dict[str, Callable[[Administrator], object]] = {
    "not an e-mail address": lambda it: add_user(it, "nobody"),
    "already": lambda it: add_user(it, "ADA@example.org"),
    "no role 'Boss'": lambda it: add_user(it, roles=["Boss"]),
    "8 to 1024": lambda it: add_user(it, password="1234567"),
    "20 to 255": lambda it: add_user(it, api_key="short"),
    "without blanks and colons": lambda it: add_user(it, api_key="a key with blanks in it"),
    "does not look like a token": lambda it: it.add_key(ADA, "eyJhbGciOiJI.UzI1NiIsInR5.cCI6IkpXVCJ9"),
    "in use already": lambda it: it.add_key(EVE, KEY),
    "no user ghost": lambda it: it.add_key("ghost@example.org"),
    "no valid key": lambda it: it.revoke_keys(ADA, "zzzz"),
    "no user": lambda it: it.disable("ghost@example.org", disabled=True),
    "too easy to guess": lambda it: it.set_password(ADA, "ada@example.org"),
    "this password is too easy": lambda it: add_user(it, password="password1"),
    "this API key is too easy": lambda it: it.add_key(EVE, "k" * 20),
    "a password has": lambda it: it.set_password(ADA, "x" * 1025),
    "no role": lambda it: it.set_roles(ADA, ["User", "user"]),
}


@pytest.mark.parametrize("words", REFUSED)
def test_invalid_changes_are_refused_and_change_nothing(world: World, words: str) -> None:
    before = describe_users(world.database)
    with pytest.raises(AdministrationError, match=words):
        REFUSED[words](world.administrator())
    assert describe_users(world.database) == before


def test_accounts_are_created_once(world: World) -> None:
    add_user(world.administrator(), account_name="acme")
    assert world.count("accounts") == 2


def test_users_are_described_without_secrets(world: World) -> None:
    world.administrator().add_key(ADA, days=3)
    world.administrator().disable(EVE, disabled=True)
    ada, eve = describe_users(world.database)
    assert ada.startswith(f"{ADA}  ")
    assert "roles: User " in ada
    assert f"…{KEY[-4:]}" in ada.partition("  keys: ")[2]
    assert " until 2026-11-" in ada
    assert eve.endswith("disabled")
    assert KEY not in ada
    assert "argon2" not in ada + eve


def test_a_key_is_random_and_known_by_its_beginning() -> None:
    new_keys = {keys.new_key() for _ in range(100)}
    assert len(new_keys) == 100
    assert all(key.startswith("gw_") and len(key) == 46 and not keys.find_fault(key) for key in new_keys)


def test_every_change_leaves_an_audit_line(world: World) -> None:
    administrator = world.administrator()
    with capture_logs() as lines:
        add_user(administrator, password="very secret", api_key="key-of-these-tests-0123")
        key = administrator.add_key(NEW)
        administrator.revoke_keys(NEW, key[-4:])
        administrator.set_roles(NEW, ["Manager"])
        administrator.set_password(NEW, "very secret, too")
        administrator.disable(NEW, disabled=True)
        administrator.disable(NEW, disabled=False)
    assert [line["event"] for line in lines] == [
        "user added",
        "key added",
        "keys revoked",
        "roles changed",
        "password changed",
        "user disabled",
        "user enabled",
    ]
    assert all(line["user"] == "command line" and line["target"] and line["email"] == NEW for line in lines)
    assert "very secret" not in repr(lines)
    assert key not in repr(lines)


def make_settings(database: Database, monkeypatch: pytest.MonkeyPatch, **more: str) -> Settings:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", f"sqlite:///{database.peewee.database}")
    return replace(Settings.from_environment(), **more)  # type: ignore[arg-type]


@pytest.fixture
def empty(tmp_path: Path, cheap: None) -> Database:
    database = connect(f"sqlite:///{tmp_path}/empty.db")
    migrations.apply(database, OWNERS)
    return database


def test_the_first_user_gets_secrets_that_are_shown_once(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with capture_logs() as lines:
        admin = first_user(empty, make_settings(empty, monkeypatch))
    assert admin is not None
    assert admin.password is not None
    assert admin.api_key is not None
    announcement = admin.format_announcement("127.0.0.1:8000")
    assert admin.email in announcement
    assert admin.password in announcement
    assert f"Authorization: Bearer {admin.api_key}" in announcement
    assert admin.password not in repr(lines)
    assert admin.api_key not in repr(lines)
    authenticator = World(empty).authenticator()
    principal = authenticator.authenticate(Credentials(api_key=admin.api_key))
    assert principal is not None
    assert principal.roles == {"User", "Manager", "SystemAdministrator"}
    assert authenticator.log_in(admin.email, admin.password, ADDRESS, permanent=False)
    assert first_user(empty, make_settings(empty, monkeypatch)) is None


def test_the_settings_name_the_first_user(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    first_settings = make_settings(
        empty, monkeypatch, bootstrap_email=ADA, bootstrap_password=PASSWORD, bootstrap_api_key=KEY
    )
    admin = first_user(empty, first_settings)
    assert admin is not None
    assert (admin.email, admin.password, admin.api_key) == (ADA, None, None)
    assert PASSWORD not in admin.format_announcement("x")
    assert KEY not in admin.format_announcement("x")
    assert World(empty).authenticator().authenticate(Credentials(api_key=KEY)) is not None


def test_invalid_settings_are_reported(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AdministrationError, match="a password has"):
        first_user(empty, make_settings(empty, monkeypatch, bootstrap_password="short"))


def test_two_nodes_that_start_at_once_create_one_user(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    results = iter([False, True])
    monkeypatch.setattr(bootstrap, "_has_administrator", lambda *_: next(results))
    monkeypatch.setattr(bootstrap, "_exists", lambda *_: False)
    first_settings = make_settings(world.database, monkeypatch, bootstrap_email=ADA, bootstrap_password=PASSWORD)
    assert first_user(world.database, first_settings) is None


def test_a_disabled_user_cannot_sign_in(world: World) -> None:
    world.administrator().disable(ADA, disabled=True)
    with pytest.raises(NotAuthenticated):
        world.authenticator().log_in(ADA, PASSWORD, ADDRESS, permanent=False)
