"""Two servers behind one URL: what happens when the first takes no more writes, is killed, or falls silent."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pymysql
import pytest

from models import Database, OutcomeUnknown, Unavailable, Unit, connect
from models.engine import migrations
from models.engine.address import Host
from models.engine.mysql import Mysql
from models.engine.pool import Held
from models.sessions import account
from tests.databases import OWNERS, SERVERS, Server, new_database
from tests.servers import wait_until

NOW = "2026-11-23T08:15:30.123456Z"


@dataclass
class Pair:
    """Two servers with a database of the same name and schema each; the first is the test's to stop and kill."""

    first: Server
    ports: tuple[int, int]
    name: str

    def url(self, *which: int) -> str:
        """The database on these servers, for a user without a superuser's rights."""
        hosts = ",".join(f"127.0.0.1:{self.ports[each]}" for each in which or (0, 1))
        return f"mysql://app:app@{hosts}/{self.name}"

    def ask(self, which: int, *statements: str) -> Any:
        """The first row of the last statement, run by the superuser."""
        with pymysql.connect(host="127.0.0.1", port=self.ports[which], user="root", database=self.name) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            return cursor.fetchone()

    def read_only(self, which: int, *, on: bool = True) -> None:
        """Let a server take no writes of users, or take them again."""
        self.ask(which, f"SET GLOBAL read_only = {on:d}")

    def accounts(self) -> list[int]:
        """How many accounts each server has."""
        return [self.ask(which, "SELECT COUNT(*) FROM accounts")[0] for which in (0, 1)]


@pytest.fixture(scope="module", params=SERVERS)
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two servers of a kind."""
    first = SERVERS[request.param](tmp_path_factory.mktemp("first"))
    first.install()
    first.start()
    second = str(request.getfixturevalue(request.param))
    pair = Pair(first, (first.port, int(urlsplit(second).port or 0)), f"fail_over_{os.urandom(4).hex()}")
    for which, url in enumerate((first.url, second)):
        database = connect(new_database(url, pair.name))
        migrations.apply(database, OWNERS)
        database.dispose()
        created = "CREATE USER IF NOT EXISTS app@'127.0.0.1' IDENTIFIED BY 'app'"
        pair.ask(which, created, f"GRANT ALL ON {pair.name}.* TO app@'127.0.0.1'")
    yield pair
    first.stop(signal.SIGKILL)
    pair.ask(1, f"DROP DATABASE {pair.name}")


@pytest.fixture
def pair(servers: Pair) -> Iterator[Pair]:
    """Both running, writable and empty."""
    assert servers.first.process is not None
    servers.first.go_on()
    if servers.first.process.poll() is not None:
        servers.first.start()
    for which in (0, 1):
        servers.read_only(which, on=False)
        servers.ask(which, "DELETE FROM accounts")
    yield servers
    servers.first.go_on()
    servers.read_only(1, on=False)


@pytest.fixture
def opened(pair: Pair) -> Iterator[Callable[..., Database]]:
    """Opens databases on some of the servers. Nothing but silence being noticed ends a wait for an answer."""
    made = []

    def open_database(*which: int, **options: Any) -> Database:
        made.append(connect(pair.url(*which), answer=None, **options))
        return made[-1]

    yield open_database
    for each in made:
        each.dispose()


def new_account(unit: Unit) -> str:
    return str(account.insert(unit, name="Acme", parent_account_id=None, now=NOW, by=None).id)


def count(unit: Unit) -> int:
    return int(unit.execute("SELECT COUNT(*) FROM accounts").fetchone()[0])


def port(unit: Unit) -> int:
    return int(unit.execute("SELECT @@port").fetchone()[0])


class TestSwitch:
    """The first server takes no more writes, but runs."""

    def test_a_unit_whose_first_statement_writes(self, pair: Pair, opened: Callable[..., Database]) -> None:
        database = opened()
        database.run(new_account)
        pair.read_only(0)
        with database.unit_of_work() as unit:
            new_account(unit)
        assert pair.accounts() == [1, 1]

    def test_a_unit_that_read_before(self, pair: Pair, opened: Callable[..., Database]) -> None:
        database = opened()

        def work(unit: Unit) -> tuple[int, int]:
            found = port(unit), count(unit)
            new_account(unit)
            return found

        assert database.run(work) == (pair.ports[0], 0)
        pair.read_only(0)
        assert database.run(work) == (pair.ports[1], 0)
        assert pair.accounts() == [1, 1]

    def test_a_unit_that_wrote_before(self, pair: Pair, opened: Callable[..., Database]) -> None:
        """The server refuses the commit, or the next write; nothing is stored there, and all of it elsewhere."""
        database = opened()
        tries = []

        def work(unit: Unit) -> None:
            new_account(unit)
            tries.append(port(unit))
            if len(tries) == 1:
                # It may wait for writers that have locks, and refuse what they do next.
                threading.Thread(target=lambda: pair.read_only(0)).start()
                for _ in range(20_000):
                    new_account(unit)

        database.run(work)
        assert tries == [pair.ports[0], pair.ports[1]]
        assert pair.accounts() == [0, 1]

    def test_no_other_connection_to_it_is_used(self, pair: Pair, opened: Callable[..., Database]) -> None:
        database = opened(connections=4)
        with database.unit_of_work(write=False) as reader, database.unit_of_work() as first:
            assert [port(reader), port(first)] == [pair.ports[0]] * 2
            with database.unit_of_work() as second:
                count(second)
            pair.read_only(0)
            with database.unit_of_work() as third:
                new_account(third)
        with database.unit_of_work(write=False) as reader, database.unit_of_work() as writer:
            assert [port(reader), port(writer)] == [pair.ports[1]] * 2

    def test_readers_follow(self, pair: Pair, opened: Callable[..., Database], monkeypatch: pytest.MonkeyPatch) -> None:
        database = opened()
        database.run(count, write=False)
        pair.read_only(0)
        assert database.run(port, write=False) == pair.ports[0]
        monkeypatch.setattr("models.engine.pool.CHECKED", 0)
        assert database.run(port, write=False) == pair.ports[1]

    def test_no_server_takes_writes(
        self, pair: Pair, opened: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Reading goes on. The one that takes writes again is found."""
        pair.read_only(0)
        pair.read_only(1)
        database = opened()
        assert database.run(port, write=False) == pair.ports[0]
        for _ in range(3):
            with pytest.raises(Unavailable, match="1290"):
                database.run(new_account)
        pair.read_only(1, on=False)
        database.run(new_account)
        assert database.run(port) == pair.ports[1]
        assert pair.accounts() == [0, 1]

    def test_a_second_choice_is_not_kept(
        self, pair: Pair, opened: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pair.read_only(0)
        pair.read_only(1)
        database = opened()
        monkeypatch.setattr("models.engine.mysql.SECOND_CHOICE", 0)
        assert database.run(port, write=False) == pair.ports[0]
        pair.read_only(1, on=False)
        assert database.run(port, write=False) == pair.ports[1]

    def test_the_only_server(self, pair: Pair, opened: Callable[..., Database]) -> None:
        database = opened(0)
        database.run(new_account)
        pair.read_only(0)
        with pytest.raises(Unavailable, match="1290"):
            database.run(new_account)
        pair.read_only(0, on=False)
        database.run(new_account)
        assert pair.accounts() == [2, 0]


class TestDeath:
    """The first server is killed."""

    def test_between_units(self, pair: Pair, opened: Callable[..., Database]) -> None:
        database = opened()
        database.run(new_account)
        pair.first.stop(signal.SIGKILL)
        with database.unit_of_work() as unit:
            new_account(unit)
            assert port(unit) == pair.ports[1]

    def test_within_a_unit(self, pair: Pair, opened: Callable[..., Database]) -> None:
        database = opened()
        tries = []

        def work(unit: Unit) -> None:
            new_account(unit)
            tries.append(port(unit))
            if len(tries) == 1:
                pair.first.stop(signal.SIGKILL)
            count(unit)

        database.run(work)
        assert tries == list(pair.ports)

    def test_at_the_end_of_a_unit_that_only_read(self, pair: Pair, opened: Callable[..., Database]) -> None:
        database = opened()
        with database.unit_of_work(write=False) as unit:
            assert count(unit) == 0
            pair.first.stop(signal.SIGKILL)

    def test_nobody_is_left(self, pair: Pair, opened: Callable[..., Database]) -> None:
        database = opened(0)
        database.run(count)
        pair.first.stop(signal.SIGKILL)
        with pytest.raises(Unavailable, match="can't be used") as caught:
            database.run(count)
        assert "\n" not in str(caught.value)


class TestSilence:
    """The first server is stopped: it answers nothing and refuses nothing."""

    def test_units_go_on_elsewhere(self, pair: Pair, opened: Callable[..., Database]) -> None:
        """Those that rest, those that begin, and those that wait for an answer."""
        database = opened(connections=8)
        stopped = threading.Event()
        began = threading.Barrier(4)
        ended: list[int] = []

        def work(unit: Unit) -> int:
            where = port(unit)
            if not stopped.is_set():
                began.wait(30)
                assert stopped.wait(30)
            new_account(unit)
            return where

        threads = [threading.Thread(target=lambda: ended.append(database.run(work))) for _ in range(3)]
        for thread in threads:
            thread.start()
        began.wait(30)
        pair.first.fall_silent()
        stopped.set()
        assert database.run(port, write=False) == pair.ports[1]
        for thread in threads:
            thread.join(60)
        assert ended == [pair.ports[1]] * 3

    def test_a_unit_in_its_commit(self, pair: Pair, opened: Callable[..., Database]) -> None:
        """It may be stored, so it is not done again. Units that begin later go on elsewhere."""
        database = opened()
        tries = []

        def work(unit: Unit) -> None:
            tries.append(port(unit))
            new_account(unit)
            pair.first.fall_silent()

        with pytest.raises(OutcomeUnknown, match="2013"):
            database.run(work)
        assert tries == [pair.ports[0]]
        database.run(new_account)
        assert pair.ask(1, "SELECT COUNT(*) FROM accounts") == (1,)

    def test_the_only_server(self, pair: Pair, opened: Callable[..., Database]) -> None:
        """Nobody waits without end, and all is well as soon as it goes on."""
        database = opened(0)
        database.run(new_account)
        pair.first.fall_silent()
        for write in (True, False):
            with pytest.raises(Unavailable):
                database.run(count, write=write)
        pair.first.go_on()
        wait_until(database.ping, "the server")
        database.run(new_account)
        assert database.run(count) == 2


class TestAvoided:
    """A server that failed is tried by one at a time."""

    def test_others_go_elsewhere_while_one_tries(
        self, pair: Pair, opened: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tried: list[int] = []
        database = opened()
        assert isinstance(database.engine, Mysql)
        engine = database.engine
        connected = engine._connected

        def noted(host: Host, seconds: float) -> Any:
            tried.append(host.port)
            if host.port == pair.ports[0]:
                raise pymysql.err.OperationalError(2003, "timed out")
            return connected(host, seconds)

        monkeypatch.setattr(engine, "_connected", noted)
        assert database.run(port) == pair.ports[1]
        with database.unit_of_work(), database.unit_of_work() as unit:
            assert port(unit) == pair.ports[1]
        assert tried == [pair.ports[0], pair.ports[1], pair.ports[1]]
        for host in engine._avoided:
            engine._avoided[host] = 0.0
        assert next(iter(engine._candidates())).port == pair.ports[0]
        engine.open(Held())
        assert next(iter(engine._candidates())).port == pair.ports[1]


class TestConnections:
    """How long they are used, and what they begin with."""

    def test_they_are_replaced_when_they_are_old(self, pair: Pair, opened: Callable[..., Database]) -> None:
        def number(unit: Unit) -> int:
            return int(unit.execute("SELECT CONNECTION_ID()").fetchone()[0])

        young, old = opened(1), opened(1, age=0.0001)
        assert len({young.run(number) for _ in range(3)}) == 1
        assert len({old.run(number) for _ in range(3)}) == 3

    def test_the_first_command(self, pair: Pair) -> None:
        url = f"{pair.url(1)}?init_command=SET%20SESSION%20max_sort_length%3D2000,%20lock_wait_timeout%3D99"
        database = connect(url, patience=3)
        query = "SELECT @@max_sort_length, @@lock_wait_timeout, @@character_set_client, @@autocommit"
        assert database.run(lambda unit: unit.execute(query).fetchone()) == (2000, 3, "utf8mb4", 0)
        database.dispose()

    @pytest.mark.parametrize("command", ["nonsense", "SELECT * FROM nothing_of_the_kind"])
    def test_a_first_command_that_fails(self, pair: Pair, command: str) -> None:
        database = connect(f"{pair.url(1)}?init_command={command.replace(' ', '%20')}")
        with pytest.raises(Unavailable, match="can't be used"):
            database.run(count)
        database.dispose()


def test_sqlite_does_no_half_units(tmp_path: Any) -> None:
    """A statement that fails is not run again on another connection, without those before it."""
    database = connect(f"sqlite:///{tmp_path}/x.db")
    migrations.apply(database, OWNERS)
    database.run(count)

    def work(unit: Unit) -> None:
        new_account(unit)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
        unit.run_again(error, "DELETE FROM users", ())

    with pytest.raises(Unavailable, match="I/O"):
        database.run(work)
    assert database.run(count) == 0
    database.dispose()
