"""Settings, and what is made of them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway import wsgi
from gateway.cli import main
from gateway.errors import ConfigurationError
from gateway.service import Service
from gateway.settings import Settings
from models import connect


@pytest.fixture(autouse=True)
def _database_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")


def test_as_many_connections_as_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_THREADS", "7")
    assert Settings.from_environment().connections == 7
    monkeypatch.setenv("GATEWAY_CONNECTIONS", "3")
    assert Settings.from_environment().connections == 3


def test_the_database_has_that_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_CONNECTIONS", "2")
    monkeypatch.setitem(connect.__kwdefaults__ or {}, "patience", 0.1)
    database = wsgi.open_database(Settings.from_environment())
    with database.unit_of_work(write=False):
        assert database.ping()
        with database.unit_of_work(write=False):
            assert not database.ping()
    database.dispose()


def test_a_path_with_escapes_finds_its_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", f"sqlite:///{tmp_path}/with%20blank%25.db")
    settings = Settings.from_environment()
    assert settings.sqlite_path == tmp_path / "with blank%.db"
    wsgi.open_database(settings).dispose()
    secret = settings.read_signing_secret()
    assert (tmp_path / "with blank%.db.secret").read_text().strip() == secret == settings.read_signing_secret()
    assert (tmp_path / "with blank%.db").stat().st_mode & 0o777 == 0o600


def test_only_users_make_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without users signs no tokens, so it leaves no file behind, and needs no secret with a database server."""
    wsgi.build(Settings.from_environment(), None, service=Service("Nobody's"))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "mysql://a:b@127.0.0.1:1/c")
    settings = Settings.from_environment()
    wsgi.build(settings, None, service=Service("Nobody's"))
    with pytest.raises(ConfigurationError, match="GATEWAY_SECRET must be set"):
        settings.read_signing_secret()


def test_check_config_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["check-config"])
    assert result.exit_code == 0
    assert "GATEWAY_SECRET=  #" in result.output
    assert list(tmp_path.iterdir()) == []
    secret = Settings.from_environment().read_signing_secret()
    assert Settings.from_environment().read_existing_secret() == secret
    assert "GATEWAY_SECRET=(hidden)" in CliRunner().invoke(main, ["check-config"]).output


def test_check_config_refuses_a_kept_secret_that_is_too_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")
    (tmp_path / "gateway.db.secret").write_text("short")
    with pytest.raises(ConfigurationError, match="holds no secret"):
        Settings.from_environment().read_existing_secret()


def test_defaults_do_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_THREADS", "7")
    monkeypatch.setenv("GATEWAY_LOG", "neither")
    monkeypatch.setenv("GATEWAY_SECRET_FILE", "/nowhere")
    defaults = Settings.defaults()
    assert (defaults.threads, defaults.secret, defaults.database_url) == (16, "", "sqlite:///gateway.db")


@pytest.mark.parametrize(("sync", "level"), [("normal", 1), ("full", 2)])
def test_how_sqlite_commits(sync: str, level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SQLITE_SYNC", sync)
    database = wsgi.open_database(Settings.from_environment())
    assert database.run(lambda unit: unit.execute("PRAGMA synchronous").fetchone()) == (level,)
    database.dispose()


def test_servers_by_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long connections are used, and whether Galera's nodes wait for each other."""
    monkeypatch.setenv("GATEWAY_CONNECTION_AGE", "60")
    monkeypatch.setenv("GATEWAY_GALERA_SYNC", "true")
    settings = Settings.from_environment()
    assert (settings.connection_age, settings.galera_sync) == (60, True)


@pytest.mark.parametrize(
    ("name", "value"), [("GATEWAY_SQLITE_SYNC", "off"), ("GATEWAY_CONNECTION_AGE", "0"), ("GATEWAY_GALERA_SYNC", "x")]
)
def test_settings_that_are_none(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        Settings.from_environment()


@pytest.mark.parametrize("setting", [field.metadata["variable"] for field in fields(Settings)])
def test_any_value_is_taken_or_refused_by_name(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("", "-1", "nonsense", "9" * 20, "14d", "http://[", "a,,b", "\N{SNOWMAN}"):
        monkeypatch.setenv(setting, value)
        assert read_refused() in ("", setting)


def read_refused() -> str:
    """The setting that is refused; empty for none."""
    try:
        Settings.from_environment()
    except ConfigurationError as error:
        return str(error).partition(":")[0]
    return ""


def test_a_lifetime_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_TOKEN_LIFETIME", "soon")
    with pytest.raises(ConfigurationError, match="GATEWAY_TOKEN_LIFETIME: must be a number of seconds, or of minutes"):
        Settings.from_environment()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://host", "the scheme 'http' is none of redis, rediss"),
        ("localhost:6379", "the scheme 'localhost' is none of redis, rediss"),
        ("redis://", "the URL names no host"),
        ("redis://a:b@", "the URL names no host"),
        ("redis://::1", "the URL names no host, or an IPv6 address without brackets"),
        ("redis://[::1", "Invalid IPv6 URL"),
        ("redis://host:0", "the port of the host 'host' is not a number from 1 to 65535"),
        ("redis://user:s3cret", "the port of the host 'user' is not a number from 1 to 65535"),
        ("redis://s3cret@host", "a user or password is written as USER:PASSWORD@ or :PASSWORD@"),
        ("redis://host/x", "behind the host is the number of a database"),
        ("redis://host/0#1", "behind the host is the number of a database"),
        ("redis://host?db=1", "the option 'db' is none of ssl_ca, ssl_cert, ssl_key"),
        ("redis://host?ssl_ca=/dev/null", "the option ssl_ca needs rediss://"),
        ("rediss://host?ssl_ca=/dev/null&ssl_ca=/dev/null", "the option ssl_ca is given twice"),
        ("rediss://host?ssl_ca=/nowhere", "the option ssl_ca names the file '/nowhere': No such file or directory"),
        ("rediss://host?ssl_ca=%00", "is not a path"),
    ],
)
def test_a_url_of_no_redis_is_one_line(url: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_EVENTS_URL", url)
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment()
    assert str(raised.value).startswith("GATEWAY_EVENTS_URL: can't be used: ")
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_redis_without_its_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_EVENTS_URL", "redis://host")
    monkeypatch.setattr("gateway.settings.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment()
    assert str(raised.value) == "GATEWAY_EVENTS_URL: needs redis-py: pip install 'sessions-gateway[redis]'"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("redis://host/2", "redis://host/2"),
        ("redis://user:s3%40cret@host:6380", "redis://user:(hidden)@host:6380"),
        ("rediss://:s3cret@[::1]", "rediss://:(hidden)@[::1]"),
    ],
)
def test_the_password_of_redis_is_hidden(url: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_EVENTS_URL", url)
    values = {variable: value for variable, value, _ in Settings.from_environment().list_values()}
    assert values["GATEWAY_EVENTS_URL"] == shown
