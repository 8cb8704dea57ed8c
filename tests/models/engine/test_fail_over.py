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

    def url(self, *numbers: int) -> str:
        """The database on these servers, for a user without a superuser's rights."""
        hosts = ",".join(f"127.0.0.1:{self.ports[number]}" for number in numbers or (0, 1))
        return f"mysql://app:app@{hosts}/{self.name}"

    def ask(self, number: int, *statements: str) -> Any:
        """The first row of the last statement, run by the superuser."""
        with pymysql.connect(host="127.0.0.1", port=self.ports[number], user="root", database=self.name) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            return cursor.fetchone()

    def read_only(self, number: int, *, on: bool = True) -> None:
        """Let a server take no writes of users, or take them again."""
        self.ask(number, f"SET GLOBAL read_only = {on:d}")

    def accounts(self) -> list[int]:
        """How many accounts each server has."""
        return [self.ask(number, "SELECT COUNT(*) FROM accounts")[0] for number in (0, 1)]


@pytest.fixture(scope="module", params=SERVERS)
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two servers of a kind."""
    first = SERVERS[request.param](tmp_path_factory.mktemp("first"))
    first.install()
    first.start()
    second = str(request.getfixturevalue(request.param))
    pair = Pair(first, (first.port, int(urlsplit(second).port or 0)), f"fail_over_{os.urandom(4).hex()}")
    for number, url in enumerate((first.url, second)):
        database = connect(new_database(url, pair.name))
        migrations.apply(database, OWNERS)
        database.dispose()
        statement = "CREATE USER IF NOT EXISTS app@'127.0.0.1' IDENTIFIED BY 'app'"
        pair.ask(number, statement, f"GRANT ALL ON {pair.name}.* TO app@'127.0.0.1'")
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
    for number in (0, 1):
        servers.read_only(number, on=False)
        servers.ask(number, "DELETE FROM accounts")
    yield servers
    servers.first.go_on()
    servers.read_only(1, on=False)


@pytest.fixture
def open_database(pair: Pair) -> Iterator[Callable[..., Database]]:
    """Opens databases on some of the servers. Nothing but silence being noticed ends a wait for an answer."""
    databases = []

    def open_database(*numbers: int, **options: Any) -> Database:
        databases.append(connect(pair.url(*numbers), answer=None, **options))
        return databases[-1]

    yield open_database
    for database in databases:
        database.dispose()


def insert_account(unit: Unit) -> str:
    return str(account.insert(unit, name="Acme", parent_account_id=None, now=NOW, by=None).id)


def count_accounts(unit: Unit) -> int:
    return int(unit.execute("SELECT COUNT(*) FROM accounts").fetchone()[0])


def read_port(unit: Unit) -> int:
    return int(unit.execute("SELECT @@port").fetchone()[0])


class TestSwitch:
    """The first server takes no more writes, but runs."""

    def test_a_unit_whose_first_statement_writes(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        database = open_database()
        database.run(insert_account)
        pair.read_only(0)
        with database.unit_of_work() as unit:
            insert_account(unit)
        assert pair.accounts() == [1, 1]

    def test_a_unit_that_read_before(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        database = open_database()

        def work(unit: Unit) -> tuple[int, int]:
            result = read_port(unit), count_accounts(unit)
            insert_account(unit)
            return result

        assert database.run(work) == (pair.ports[0], 0)
        pair.read_only(0)
        assert database.run(work) == (pair.ports[1], 0)
        assert pair.accounts() == [1, 1]

    def test_a_unit_that_wrote_before(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        """The server refuses the commit, or the next write; nothing is stored there, and all of it elsewhere."""
        database = open_database()
        ports = []

        def work(unit: Unit) -> None:
            insert_account(unit)
            ports.append(read_port(unit))
            if len(ports) == 1:
                # It may wait for writers that have locks, and refuse what they do next.
                threading.Thread(target=lambda: pair.read_only(0)).start()
                for _ in range(20_000):
                    insert_account(unit)

        database.run(work)
        assert ports == [pair.ports[0], pair.ports[1]]
        assert pair.accounts() == [0, 1]

    def test_no_other_connection_to_it_is_used(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        database = open_database(connections=4)
        with database.unit_of_work(write=False) as reader, database.unit_of_work() as first:
            assert [read_port(reader), read_port(first)] == [pair.ports[0]] * 2
            with database.unit_of_work() as second:
                count_accounts(second)
            pair.read_only(0)
            with database.unit_of_work() as third:
                insert_account(third)
        with database.unit_of_work(write=False) as reader, database.unit_of_work() as writer:
            assert [read_port(reader), read_port(writer)] == [pair.ports[1]] * 2

    def test_readers_follow(
        self, pair: Pair, open_database: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        database = open_database()
        database.run(count_accounts, write=False)
        pair.read_only(0)
        assert database.run(read_port, write=False) == pair.ports[0]
        monkeypatch.setattr("models.engine.pool.CHECKED", 0)
        assert database.run(read_port, write=False) == pair.ports[1]

    def test_no_server_takes_writes(
        self, pair: Pair, open_database: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Reading goes on. The one that takes writes again is found."""
        pair.read_only(0)
        pair.read_only(1)
        database = open_database()
        assert database.run(read_port, write=False) == pair.ports[0]
        for _ in range(3):
            with pytest.raises(Unavailable, match="1290"):
                database.run(insert_account)
        pair.read_only(1, on=False)
        database.run(insert_account)
        assert database.run(read_port) == pair.ports[1]
        assert pair.accounts() == [0, 1]

    def test_a_second_choice_is_not_kept(
        self, pair: Pair, open_database: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pair.read_only(0)
        pair.read_only(1)
        database = open_database()
        monkeypatch.setattr("models.engine.mysql.SECOND_CHOICE", 0)
        assert database.run(read_port, write=False) == pair.ports[0]
        pair.read_only(1, on=False)
        assert database.run(read_port, write=False) == pair.ports[1]

    def test_the_only_server(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        database = open_database(0)
        database.run(insert_account)
        pair.read_only(0)
        with pytest.raises(Unavailable, match="1290"):
            database.run(insert_account)
        pair.read_only(0, on=False)
        database.run(insert_account)
        assert pair.accounts() == [2, 0]


class TestDeath:
    """The first server is killed."""

    def test_between_units(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        database = open_database()
        database.run(insert_account)
        pair.first.stop(signal.SIGKILL)
        with database.unit_of_work() as unit:
            insert_account(unit)
            assert read_port(unit) == pair.ports[1]

    def test_within_a_unit(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        database = open_database()
        ports = []

        def work(unit: Unit) -> None:
            insert_account(unit)
            ports.append(read_port(unit))
            if len(ports) == 1:
                pair.first.stop(signal.SIGKILL)
            count_accounts(unit)

        database.run(work)
        assert ports == list(pair.ports)

    def test_at_the_end_of_a_unit_that_only_read(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        database = open_database()
        with database.unit_of_work(write=False) as unit:
            assert count_accounts(unit) == 0
            pair.first.stop(signal.SIGKILL)

    def test_nobody_is_left(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        database = open_database(0)
        database.run(count_accounts)
        pair.first.stop(signal.SIGKILL)
        with pytest.raises(Unavailable, match="can't be used") as error_info:
            database.run(count_accounts)
        assert "\n" not in str(error_info.value)


class TestSilence:
    """The first server is stopped: it answers nothing and refuses nothing."""

    def test_units_go_on_elsewhere(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        """Those that rest, those that begin, and those that wait for an answer."""
        database = open_database(connections=8)
        stopped = threading.Event()
        barrier = threading.Barrier(4)
        ports: list[int] = []

        def work(unit: Unit) -> int:
            server_port = read_port(unit)
            if not stopped.is_set():
                barrier.wait(30)
                assert stopped.wait(30)
            insert_account(unit)
            return server_port

        threads = [threading.Thread(target=lambda: ports.append(database.run(work))) for _ in range(3)]
        for thread in threads:
            thread.start()
        barrier.wait(30)
        pair.first.fall_silent()
        stopped.set()
        assert database.run(read_port, write=False) == pair.ports[1]
        for thread in threads:
            thread.join(60)
        assert ports == [pair.ports[1]] * 3

    def test_a_unit_in_its_commit(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        """It may be stored, so it is not done again. Units that begin later go on elsewhere."""
        database = open_database()
        ports = []

        def work(unit: Unit) -> None:
            ports.append(read_port(unit))
            insert_account(unit)
            pair.first.fall_silent()

        with pytest.raises(OutcomeUnknown, match="2013"):
            database.run(work)
        assert ports == [pair.ports[0]]
        database.run(insert_account)
        assert pair.ask(1, "SELECT COUNT(*) FROM accounts") == (1,)

    def test_the_only_server(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        """Nobody waits without end, and all is well as soon as it goes on."""
        database = open_database(0)
        database.run(insert_account)
        pair.first.fall_silent()
        for write in (True, False):
            with pytest.raises(Unavailable):
                database.run(count_accounts, write=write)
        pair.first.go_on()
        wait_until(database.ping, "the server")
        database.run(insert_account)
        assert database.run(count_accounts) == 2


class TestAvoided:
    """A server that failed is tried by one at a time."""

    def test_others_go_elsewhere_while_one_tries(
        self, pair: Pair, open_database: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ports: list[int] = []
        database = open_database()
        assert isinstance(database.engine, Mysql)
        engine = database.engine
        connect_to = engine._connected

        def record_connect(host: Host, seconds: float) -> Any:
            ports.append(host.port)
            if host.port == pair.ports[0]:
                raise pymysql.err.OperationalError(2003, "timed out")
            return connect_to(host, seconds)

        monkeypatch.setattr(engine, "_connected", record_connect)
        assert database.run(read_port) == pair.ports[1]
        with database.unit_of_work(), database.unit_of_work() as unit:
            assert read_port(unit) == pair.ports[1]
        assert ports == [pair.ports[0], pair.ports[1], pair.ports[1]]
        for host in engine._avoided:
            engine._avoided[host] = 0.0
        assert next(iter(engine._sort_hosts())).port == pair.ports[0]
        engine.open(Held())
        assert next(iter(engine._sort_hosts())).port == pair.ports[1]


class TestConnections:
    """How long they are used, and what they begin with."""

    def test_they_are_replaced_when_they_are_old(self, pair: Pair, open_database: Callable[..., Database]) -> None:
        def read_connection_id(unit: Unit) -> int:
            return int(unit.execute("SELECT CONNECTION_ID()").fetchone()[0])

        stable, expiring = open_database(1), open_database(1, age=0.0001)
        assert len({stable.run(read_connection_id) for _ in range(3)}) == 1
        assert len({expiring.run(read_connection_id) for _ in range(3)}) == 3

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
            database.run(count_accounts)
        database.dispose()


def test_sqlite_does_no_half_units(tmp_path: Any) -> None:
    """A statement that fails is not run again on another connection, without those before it."""
    database = connect(f"sqlite:///{tmp_path}/x.db")
    migrations.apply(database, OWNERS)
    database.run(count_accounts)

    def work(unit: Unit) -> None:
        insert_account(unit)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
        unit.run_again(error, "DELETE FROM users", ())

    with pytest.raises(Unavailable, match="I/O"):
        database.run(work)
    assert database.run(count_accounts) == 0
    database.dispose()
