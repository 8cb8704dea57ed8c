"""Settings, and what is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import wsgi
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
