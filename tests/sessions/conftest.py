"""Use cases on a fresh database of each engine, called as the pipeline calls them: one unit of work each, committed or rolled back."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.calls import Context, Method, Principal, Streamed, instant
from gateway.transactions import unit_of_work
from gateway.users import idempotency
from models import Database, connect
from models.engine import migrations
from models.sessions import account
from models.users import user
from tests.databases import ENGINES, OWNERS, TABLES, new_database
from tests.sessions_api import catalog

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass
class World:
    """A database, a clock that ticks a second a call, and people."""

    database: Database
    url: str
    ticks: Iterator[int] = field(default_factory=itertools.count)

    def now(self) -> str:
        return instant(BEGIN + timedelta(seconds=next(self.ticks)))

    @contextmanager
    def context(self, caller: Principal | None, *, write: bool = True, **more: Any) -> Iterator[Context]:
        with unit_of_work(self.database, write=write) as unit:
            yield Context(unit=unit, caller=caller, now=self.now(), **more)

    def call(self, caller: Principal | None, operation: str, values: dict[str, Any] | None = None, **more: Any) -> Any:
        """The result of an operation for values by wire name; the rows of a streamed one are read."""
        operation_ = catalog.operations[operation]
        with self.context(caller, write=operation_.writes, **more) as context:
            result = idempotency.Keys(self.database).call(catalog, operation_, values or {}, context)
        context.write_records()
        if isinstance(result, Streamed):
            with unit_of_work(self.database, write=False) as unit:
                response = result.open(unit)
                setattr(response, str(result.returns.rows), list(getattr(response, str(result.returns.rows))))
                return response
        return result

    def add_account(self, name: str, parent: str | None = None) -> str:
        with unit_of_work(self.database) as unit:
            return str(account.insert(unit, name=name, parent_account_id=parent, now=self.now(), by=None).id)

    def add_user(self, email: str, account_ids: list[str], *roles: str, first_name: str | None = None) -> Principal:
        with unit_of_work(self.database) as unit:
            row = user.insert(
                unit, email_address=email, account_ids=account_ids, roles=roles, now=self.now(), first_name=first_name
            )
        name = first_name or email
        return Principal(row.id, email, name, frozenset(roles), tuple(account_ids), Method.KEY)

    def add_customer(self, account_id: str, name: str, parent: str | None = None) -> str:
        with unit_of_work(self.database) as unit:
            row = account.insert_customer(
                unit,
                account_id=account_id,
                name=name,
                parent_customer_id=parent,
                reference_id=None,
                now=self.now(),
                by=None,
            )
            return str(row.id)

    def count(self, table: str) -> int:
        with unit_of_work(self.database, write=False) as unit:
            return int(unit.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


@dataclass
class People:
    """Two accounts with a user each, a colleague in the first one, and an administrator."""

    acme: str
    other: str
    ada: Principal
    bob: Principal
    eve: Principal
    root: Principal


@pytest.fixture(scope="session")
def shared_url(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """A database of a kind of server for many tests: making the tables anew for each one takes far longer than the tests do."""

    @cache
    def create_database(kind: str) -> str:
        url = new_database(request.getfixturevalue(kind))
        database = connect(url)
        migrations.apply(database, OWNERS)
        database.dispose()
        return url

    return create_database


@pytest.fixture(params=ENGINES)
def world(
    request: pytest.FixtureRequest, shared_url: Callable[[str], str], sqlite_template: Path, tmp_path: Path
) -> Iterator[World]:
    """A database without a row, of each engine."""
    if request.param != "sqlite":
        url = shared_url(request.param)
        database = connect(url)
    else:
        shutil.copy(sqlite_template, tmp_path / "gateway.db")
        url = f"sqlite:///{tmp_path}/gateway.db"
        database = connect(url)
    yield World(database, url)
    if request.param != "sqlite":
        with unit_of_work(database) as unit:
            for table in TABLES:
                unit.execute(f"DELETE FROM {table._meta.table_name}")
    database.dispose()


@pytest.fixture
def people(world: World) -> People:
    acme, other = world.add_account("Acme"), world.add_account("Other")
    return People(
        acme,
        other,
        ada=world.add_user("ada@example.org", [acme], "User", "Manager", first_name="Ada"),
        bob=world.add_user("bob@example.org", [acme], "User", first_name="Bob"),
        eve=world.add_user("eve@example.org", [other], "User", "Manager", first_name="Eve"),
        root=world.add_user("root@example.org", [other], "SystemAdministrator", first_name="Root"),
    )


Call = Callable[..., Any]


@pytest.fixture
def call(world: World) -> Call:
    return world.call
