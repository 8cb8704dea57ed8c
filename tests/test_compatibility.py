"""Profiles of old hosts: defaults of other settings, which the environment overrides, printed by check-config and told by the docs."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from webtest import TestApp

from gateway import wsgi
from gateway.cli import main
from gateway.compatibility import PROFILES
from gateway.errors import ConfigurationError
from gateway.settings import Settings
from tests.sessions_api import first_user

DOCUMENTATION = Path(__file__).parents[1] / "docs" / "http.rst"
KEY = "key-of-ada-0123456789abcdef0123456789"


@pytest.fixture(autouse=True)
def _database_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")


def test_every_variable_of_a_profile_is_a_setting_and_a_valid_value(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {variable for variable, _, _ in Settings.from_environment().list_values()}
    for name, profile in PROFILES.items():
        assert set(profile) <= variables
        monkeypatch.setenv("GATEWAY_COMPATIBILITY", name)
        by_profile = Settings.from_environment()
        monkeypatch.setenv("GATEWAY_COMPATIBILITY", "")
        with pytest.MonkeyPatch.context() as set_by_hand:
            for variable, value in profile.items():
                set_by_hand.setenv(variable, value)
            by_hand = Settings.from_environment()
        assert [*by_hand.list_values()] != [*by_profile.list_values()]
        for attribute in ("reading", "csv", "errors", "token_lifetime", "refresh_lifetime"):
            assert getattr(by_profile, attribute) == getattr(by_hand, attribute)


def test_a_variable_that_is_set_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_COMPATIBILITY", "servicestack-5.8")
    monkeypatch.setenv("GATEWAY_READING", "strict")
    monkeypatch.setenv("GATEWAY_TOKEN_LIFETIME", "1h")
    settings = Settings.from_environment()
    assert (settings.reading, settings.csv, settings.token_lifetime) == ("strict", "envelope", 3600)


def test_check_config_prints_what_a_profile_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_COMPATIBILITY", "servicestack-5.8")
    monkeypatch.setenv("GATEWAY_CSV", "rows")
    lines = CliRunner().invoke(main, ["check-config"]).output.splitlines()
    marked = {line.partition("=")[0] for line in lines if line.endswith("as servicestack-5.8 has it")}
    assert marked == set(PROFILES["servicestack-5.8"]) - {"GATEWAY_CSV"}


def test_an_unknown_host_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_COMPATIBILITY", "servicestack-7")
    with pytest.raises(ConfigurationError, match=r"GATEWAY_COMPATIBILITY: .*servicestack-5\.8"):
        Settings.from_environment()


def test_the_documentation_names_every_profile_and_variable() -> None:
    text = DOCUMENTATION.read_text()
    for name, profile in PROFILES.items():
        assert f"``{name}``" in text
        for variable, value in profile.items():
            assert f"``{variable}``" in text
            assert f"``{value}``" in text


def test_an_old_host_drops_what_it_cannot_bind_and_a_new_one_refuses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_BOOTSTRAP_API_KEY", KEY)

    def channel(host: str) -> tuple[int, str | None]:
        monkeypatch.setenv("GATEWAY_COMPATIBILITY", host)
        settings = Settings.from_environment()
        database = wsgi.open_database(settings)
        first_user(database, settings)
        app = TestApp(wsgi.build(settings, database))
        app.authorization = ("Bearer", KEY)
        response = app.post_json("/sessions", {"displayName": "x", "channel": "Pigeon"}, status="*")
        database.dispose()
        return response.status_code, response.headers.get("X-Ignored-Values")

    assert channel("servicestack-5.8") == (200, "channel")
    assert channel("servicestack-10") == (400, None)
