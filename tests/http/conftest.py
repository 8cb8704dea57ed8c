"""The whole application in one process, on a fresh SQLite database with one user."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.settings import Settings
from models import Database
from tests.sessions_api import first_user
from tests.users.conftest import cheap, cheap_hashes

__all__ = ["cheap"]

EMAIL = "ada@example.org"
PASSWORD = "correct horse battery"
API_KEY = "key-of-ada-0123456789abcdef0123456789"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cheap: None) -> Settings:
    """Settings of a fresh installation."""
    monkeypatch.setenv("GATEWAY_DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")
    monkeypatch.setenv("GATEWAY_BOOTSTRAP_EMAIL", EMAIL)
    monkeypatch.setenv("GATEWAY_BOOTSTRAP_PASSWORD", PASSWORD)
    monkeypatch.setenv("GATEWAY_BOOTSTRAP_API_KEY", API_KEY)
    return Settings.from_environment()


@pytest.fixture(scope="session")
def installed(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the first user, to copy."""
    path = tmp_path_factory.mktemp("installed") / "gateway.db"
    shutil.copy(sqlite_template, path)
    settings = replace(
        Settings.defaults(),
        database_url=f"sqlite:///{path}",
        bootstrap_email=EMAIL,
        bootstrap_password=PASSWORD,
        bootstrap_api_key=API_KEY,
    )
    database = wsgi.open_database(settings)
    with pytest.MonkeyPatch.context() as patch:
        cheap_hashes(patch)
        first_user(database, settings)
    database.dispose()
    return path


@pytest.fixture
def database(settings: Settings, installed: Path) -> Iterator[Database]:
    """Its database, with the first user in it."""
    assert settings.sqlite_path is not None
    shutil.copy(installed, settings.sqlite_path)
    database = wsgi.open_database(settings)
    yield database
    database.dispose()


@pytest.fixture
def anonymous(settings: Settings, database: Database) -> TestApp:
    """A client without credentials."""
    return TestApp(wsgi.build(settings, database))


@pytest.fixture
def client(anonymous: TestApp) -> TestApp:
    """A client with an API key; any status is an answer."""
    anonymous.authorization = ("Bearer", API_KEY)
    return anonymous


def post(client: TestApp, path: str, body: bytes | str, content_type: str | None = None, **headers: str) -> Any:
    """A POST that says just what is given: WebTest adds no Content-Type of its own."""
    data = body.encode() if isinstance(body, str) else body
    request = client.RequestClass.blank(path, client._make_environ(), method="POST", body=data, headers=headers)
    if content_type is not None:
        request.environ["CONTENT_TYPE"] = content_type
    else:
        request.environ.pop("CONTENT_TYPE", None)
    return client.do_request(request, status="*")
