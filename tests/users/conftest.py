"""A database with two users, a clock that stands still until it is told, and hashes that cost nothing."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from gateway.users.administration import Administrator
from gateway.users.authenticator import Authenticator
from gateway.users.passwords import Passwords
from models import Database, connect
from tests import databases
from tests.databases import TABLES
from tests.sessions.conftest import shared_url
from tests.sessions_api import administrator

__all__ = ["shared_url"]

#: For modules whose tests run on each engine.
ENGINES = pytest.mark.parametrize("store", databases.ENGINES, indirect=True)

ADA, EVE = "ada@example.org", "eve@example.org"
PASSWORD = "correct horse battery"
KEY = "key-of-ada-0123456789abcdef0123456789"
SECRET = "s" * 32
ADDRESS = "192.0.2.1"


class CountingHasher(PasswordHasher):
    """argon2id at its cheapest, that counts its checks."""

    def __init__(self, **parameters: int) -> None:
        cheapest: dict[str, Any] = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
        super().__init__(**cheapest | parameters)
        self.checked: list[str] = []

    def verify(self, hash: Any, password: Any) -> Any:
        self.checked.append(str(hash))
        return super().verify(hash, password)


@dataclass
class World:
    """What the security of a service is made of."""

    database: Database
    now: float = 1_795_000_000.0
    slept: list[float] = field(default_factory=list)
    hasher: CountingHasher = field(default_factory=CountingHasher)

    def clock(self) -> float:
        return self.now

    def administrator(self) -> Administrator:
        return administrator(self.database, self.now)

    def authenticator(self, *secrets: str, **more: Any) -> Authenticator:
        """A worker's: workers share the database and nothing else."""
        passwords = Passwords(self.clock, self.hasher)
        return Authenticator(
            self.database, secrets or [SECRET], clock=self.clock, sleep=self.slept.append, passwords=passwords, **more
        )

    def rows(self, table: str) -> list[str]:
        """Every row as text."""
        with self.database.unit_of_work(write=False) as unit:
            return [repr(row) for row in unit.execute(f"SELECT * FROM {table}").fetchall()]

    def count(self, table: str) -> int:
        return len(self.rows(table))


def encode_basic(name: str, password: str = "", encoding: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode(encoding)).decode()


def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash new passwords at no cost."""
    for module in ("passwords", "administration"):
        monkeypatch.setattr(f"gateway.users.{module}.new_hasher", CountingHasher)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash new passwords at no cost."""
    cheap_hashes(monkeypatch)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """A database without a row: SQLite, or what a test's parameter names (`ENGINES`)."""
    kind = getattr(request, "param", "sqlite")
    if kind != "sqlite":
        database = connect(request.getfixturevalue("shared_url")(kind))
    else:
        shutil.copy(sqlite_template, tmp_path / "gateway.db")
        database = connect(f"sqlite:///{tmp_path}/gateway.db")
    yield database
    with database.unit_of_work() as unit:
        for table in TABLES:
            unit.execute(f"DELETE FROM {table._meta.table_name}")
    database.dispose()


@pytest.fixture
def world(store: Database, cheap: None) -> World:
    stocked_world = World(store)
    stocked_world.administrator().add_user(ADA, roles=["User"], account_name="Acme", password=PASSWORD, api_key=KEY)
    stocked_world.administrator().add_user(EVE, roles=["User", "Manager"], account_name="Other", password=PASSWORD)
    return stocked_world


@pytest.fixture
def authenticator(world: World) -> Authenticator:
    return world.authenticator()
