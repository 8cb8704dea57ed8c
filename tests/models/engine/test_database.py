"""Units of work and the connections under them."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest

from models import Database, Duplicate, Unavailable, Unit, connect
from models.sessions import account, session
from tests.databases import SERVERS, Server
from tests.models.conftest import add, read_stored

NOW = "2026-11-23T08:15:30.123456Z"


def insert_account(unit: Unit, name: str = "Acme") -> str:
    return str(account.insert(unit, name=name, parent_account_id=None, now=NOW, by=None).id)


def count_accounts(database: Database) -> int:
    with database.unit_of_work(write=False) as unit:
        return int(unit.execute("SELECT COUNT(*) FROM accounts").fetchone()[0])


@contextmanager
def open_database(url: str, *, connections: int = 2, patience: float = 0.3) -> Iterator[Database]:
    database = connect(url, connections=connections, patience=patience)
    yield database
    database.dispose()


class TestUnits:
    """All or nothing."""

    def test_committed_at_the_end(self, database: Database) -> None:
        with database.unit_of_work() as unit:
            insert_account(unit)
        assert count_accounts(database) == 1

    def test_rolled_back_when_anything_is_raised(self, database: Database) -> None:
        def fail(error: type[BaseException]) -> None:
            with database.unit_of_work() as unit:
                insert_account(unit)
                raise error

        for error in (KeyError, KeyboardInterrupt, GeneratorExit):
            with pytest.raises(error):
                fail(error)
        assert count_accounts(database) == 0

    def test_errors_of_others_stay_what_they_are(self, database: Database) -> None:
        class OperationalError(Exception):
            pass

        with pytest.raises(OperationalError), database.unit_of_work():
            raise OperationalError

    def test_mistakes_are_not_taken_for_an_absent_database(self, database: Database) -> None:
        with pytest.raises((sqlite3.OperationalError, pymysql.err.ProgrammingError)), database.unit_of_work() as unit:
            unit.execute("SELECT * FROM nothing_of_the_kind")
        with pytest.raises((sqlite3.IntegrityError, pymysql.err.IntegrityError)), database.unit_of_work() as unit:
            unit.execute(
                "INSERT INTO accounts (id, name, name_folded, date_created, date_last_modified) VALUES ('1', NULL, '', '', '')"
            )
        assert count_accounts(database) == 0

    def test_a_reader_can_write_nothing(self, database: Database) -> None:
        def write() -> None:
            with database.unit_of_work(write=False) as unit:
                insert_account(unit)

        for _ in range(2):
            with pytest.raises((sqlite3.OperationalError, pymysql.err.OperationalError, pymysql.err.InternalError)):
                write()
            with database.unit_of_work() as unit:
                insert_account(unit)
        assert count_accounts(database) == 2

    def test_a_duplicate_is_told_where_it_happens(self, database: Database) -> None:
        with database.unit_of_work() as unit:
            row = add(unit)
            with pytest.raises(Duplicate):
                add(unit, id=row.id)
            insert_account(unit)
        assert count_accounts(database) == 1

    def test_units_in_units_are_their_own(self, database: Database) -> None:
        with database.unit_of_work() as unit:
            insert_account(unit)
            assert count_accounts(database) == 0
        assert count_accounts(database) == 1

    def test_a_reader_waits_for_no_writer_and_no_writer_for_it(self, database: Database) -> None:
        with database.unit_of_work(write=False) as reader:
            assert reader.execute("SELECT COUNT(*) FROM accounts").fetchone()[0] == 0
            with database.unit_of_work() as unit:
                insert_account(unit)
            assert reader.execute("SELECT COUNT(*) FROM accounts").fetchone()[0] == 0
        assert count_accounts(database) == 1

    def test_suspended(self, database: Database) -> None:
        with database.unit_of_work() as unit:
            insert_account(unit)
            with unit.suspended():
                assert count_accounts(database) == 1
                with database.unit_of_work() as other:
                    insert_account(other)
            assert unit.execute("SELECT COUNT(*) FROM accounts").fetchone()[0] == 2
            insert_account(unit)
        assert count_accounts(database) == 3

    def test_failed_while_suspended(self, database: Database) -> None:
        def fail() -> None:
            with database.unit_of_work() as unit:
                insert_account(unit)
                with unit.suspended():
                    raise KeyError

        with pytest.raises(KeyError):
            fail()
        assert count_accounts(database) == 1
        with database.unit_of_work() as unit:
            insert_account(unit)

    def test_ping(self, database: Database) -> None:
        assert database.ping() is True

    def test_a_generator_that_is_left_gives_its_connection_back(self, migrated_url: str) -> None:
        def numbers(database: Database) -> Generator[int, None, None]:
            with database.unit_of_work(write=False) as unit:
                for number in range(10):
                    unit.execute("SELECT 1")
                    yield number

        with open_database(migrated_url, connections=1) as database:
            for _ in range(3):
                generator = numbers(database)
                next(generator)
                generator.close()
            assert database.ping()


class TestRun:
    """Units that are done again."""

    def test_what_a_lock_threw_out(self, database: Database) -> None:
        attempts = []

        def work(unit: Unit) -> int:
            insert_account(unit)
            attempts.append(1)
            if len(attempts) < 3:
                raise Unavailable("thrown out", again=True)
            return len(attempts)

        assert database.run(work) == 3
        assert count_accounts(database) == 1

    def test_nothing_else(self, database: Database) -> None:
        attempts = []

        def work(unit: Unit) -> None:
            attempts.append(1)
            raise Unavailable("away")

        with pytest.raises(Unavailable):
            database.run(work)
        assert len(attempts) == 1

    def test_not_for_ever(self, database: Database) -> None:
        attempts = []

        def work(unit: Unit) -> None:
            attempts.append(1)
            raise Unavailable("thrown out", again=True)

        with pytest.raises(Unavailable):
            database.run(work)
        assert len(attempts) == 5

    def test_more_often_where_others_were_first(self, database: Database) -> None:
        attempts = []

        def work(unit: Unit) -> int:
            insert_account(unit)
            attempts.append(1)
            if len(attempts) < 9:
                raise Unavailable("another node was first", again=True, contended=True)
            return len(attempts)

        assert database.run(work) == 9
        assert count_accounts(database) == 1

    def test_not_for_long(self, migrated_url: str) -> None:
        attempts = []

        def work(unit: Unit) -> None:
            attempts.append(1)
            time.sleep(0.3)
            raise Unavailable("thrown out", again=True)

        with open_database(migrated_url, patience=0.1) as database, pytest.raises(Unavailable):
            database.run(work)
        assert len(attempts) == 1

    def test_not_what_is_partly_stored(self, database: Database) -> None:
        attempts = []

        def work(unit: Unit) -> None:
            insert_account(unit)
            with unit.suspended():
                attempts.append(1)
            raise Unavailable("thrown out", again=True)

        with pytest.raises(Unavailable):
            database.run(work)
        assert len(attempts) == 1
        assert count_accounts(database) == 1

    def test_reading(self, database: Database) -> None:
        assert database.run(lambda unit: unit.writes, write=False) is False


class TestConnections:
    """Opened late, kept, waited for, given back."""

    def test_everybody_waits_for_a_bounded_time(self, migrated_url: str) -> None:
        with open_database(migrated_url, connections=2) as database:
            with database.unit_of_work(write=False), database.unit_of_work(write=False):
                start = time.monotonic()
                with pytest.raises(Unavailable, match="in use") as error_info:
                    database.unit_of_work(write=False).__enter__()
                assert 0.2 < time.monotonic() - start < 3
                assert error_info.value.retry_after > 0
                assert error_info.value.again
                assert database.ping() is False
            assert database.ping() is True

    def test_idle_ones_are_counted(self, migrated_url: str) -> None:
        with open_database(migrated_url, connections=2) as database:
            with database.unit_of_work(write=False):
                in_use = database.connections
            idle = database.connections
            assert (in_use.most, in_use.open, in_use.idle) == (2, 1, 0)
            assert (idle.most, idle.open, idle.idle) == (2, 1, 1)

    def test_who_waits_gets_the_next_one(self, migrated_url: str) -> None:
        with open_database(migrated_url, connections=1, patience=10) as database:
            threads = [threading.Thread(target=database.ping) for _ in range(8)]
            with database.unit_of_work(write=False):
                for thread in threads:
                    thread.start()
            for thread in threads:
                thread.join(10)
                assert not thread.is_alive()
            assert database.ping()

    def test_after_disposal_it_opens_others(self, migrated_url: str) -> None:
        with open_database(migrated_url) as database:
            with database.unit_of_work() as unit:
                database.dispose()
                insert_account(unit)
            assert count_accounts(database) == 1

    def test_a_fork(self, migrated_url: str) -> None:
        """The child leaves the parent's connections alone."""
        with open_database(migrated_url) as database:
            assert database.ping()
            child = os.fork()
            if child == 0:
                database.dispose()
                alive = database.ping()
                database.dispose()
                os._exit(0 if alive else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            with database.unit_of_work() as unit:
                insert_account(unit)
            assert count_accounts(database) == 1

    @pytest.mark.parametrize(
        "url", ["postgresql://x/y", "sqlite://", "sqlite:///", "sqlite:///:memory:", "x.db", "", "mysql://h/"]
    )
    def test_addresses_that_are_none(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"SQLite|scheme|database"):
            connect(url)

    def test_an_address_with_escapes(self, tmp_path: Path) -> None:
        with open_database(f"sqlite:///{tmp_path}/with%20blank%25.db") as database:
            assert database.ping()
        assert (tmp_path / "with blank%.db").exists()


class TestSqlite:
    """One writer at a time."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "gateway.db"

    def test_locked_by_another_process(self, path: Path) -> None:
        with open_database(f"sqlite:///{path}") as database:
            assert database.ping()
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            start = time.monotonic()
            with pytest.raises(Unavailable) as error_info:
                database.unit_of_work().__enter__()
            assert 0.2 < time.monotonic() - start < 3
            assert error_info.value.again
            assert database.ping()
            other.execute("ROLLBACK")
            other.close()
            with database.unit_of_work():
                pass

    def test_the_size_of_its_log(self, path: Path) -> None:
        with open_database(f"sqlite:///{path}") as database:
            with database.unit_of_work() as unit:
                unit.execute("CREATE TABLE some (id INTEGER)")
            assert database.log_size() == path.with_name("gateway.db-wal").stat().st_size > 0

    def test_locked_by_another_thread(self, path: Path) -> None:
        with open_database(f"sqlite:///{path}") as database, database.unit_of_work():
            with pytest.raises(Unavailable) as error_info:
                database.unit_of_work().__enter__()
            assert error_info.value.again
            assert database.ping()

    def test_a_peek_begins_no_transaction_and_the_first_statement_does(self, path: Path) -> None:
        def count(run: Callable[..., Any]) -> int:
            return int(run("SELECT COUNT(*) FROM some", ()).fetchall()[0][0])

        def insert() -> None:
            with database.unit_of_work() as unit:
                unit.execute("INSERT INTO some VALUES (1)")

        with open_database(f"sqlite:///{path}") as database:
            with database.unit_of_work() as unit:
                unit.execute("CREATE TABLE some (id INTEGER)")
            with database.unit_of_work(write=False) as unit:
                assert count(unit.peek) == 0
                insert()
                assert count(unit.peek) == 1
                assert count(unit.execute) == 1
                insert()
                assert (count(unit.peek), count(unit.execute)) == (1, 1)

    def test_no_folder(self, tmp_path: Path) -> None:
        with open_database(f"sqlite:///{tmp_path}/none/x.db", connections=1) as database:
            for _ in range(3):
                with pytest.raises(Unavailable, match="unable to open") as error_info:
                    database.unit_of_work().__enter__()
                assert not error_info.value.again
            assert database.ping() is False

    def test_survives_a_crash_of_the_process(self, path: Path) -> None:
        with open_database(f"sqlite:///{path}") as database, database.unit_of_work(write=False) as unit:
            assert unit.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
            assert unit.execute("PRAGMA foreign_keys").fetchone()[0] == 1


class TestMysql:
    """A server that throws out, kills and restarts."""

    @pytest.fixture(params=SERVERS)
    def url(self, request: pytest.FixtureRequest) -> str:
        return str(request.getfixturevalue(f"_{request.param}_migrated"))

    def root(self, url: str) -> pymysql.Connection:
        return pymysql.connect(host="127.0.0.1", port=int(url.rpartition(":")[2].partition("/")[0]), user="root")

    def kill(self, url: str, number: int) -> None:
        with self.root(url) as root:
            root.cursor().execute(f"KILL CONNECTION {number}")

    def killed(self, database: Database, url: str, then: Callable[[Unit], object]) -> None:
        with database.unit_of_work() as unit:
            insert_account(unit)
            self.kill(url, unit.execute("SELECT CONNECTION_ID()").fetchone()[0])
            then(unit)

    @pytest.mark.parametrize("write", [True, False])
    def test_a_resting_connection_is_replaced(self, url: str, write: bool) -> None:
        """Killed while nobody used it: the next unit does not notice."""
        with open_database(url, connections=1) as database:
            with database.unit_of_work(write=write) as unit:
                number = unit.execute("SELECT CONNECTION_ID()").fetchone()[0]
            self.kill(url, number)
            with database.unit_of_work(write=write) as unit:
                assert unit.execute("SELECT CONNECTION_ID()").fetchone()[0] != number
                if write:
                    insert_account(unit)

    def test_a_resting_connection_of_the_other_kind_is_replaced(self, url: str) -> None:
        with open_database(url, connections=1) as database:
            with database.unit_of_work(write=False) as unit:
                number = unit.execute("SELECT CONNECTION_ID()").fetchone()[0]
            self.kill(url, number)
            with database.unit_of_work() as unit:
                assert unit.execute("SELECT CONNECTION_ID()").fetchone()[0] != number

    def test_a_connection_that_rested_for_long_is_asked(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("models.engine.pool.CHECKED", 0)
        with open_database(url, connections=1) as database:
            with database.unit_of_work() as unit:
                number = unit.execute("SELECT CONNECTION_ID()").fetchone()[0]
            self.kill(url, number)
            with database.unit_of_work() as unit:
                unit.execute_many(
                    "INSERT INTO login_failures (id, subject, date) VALUES (%s, %s, %s)", [("1", "x", NOW)]
                )
                unit.execute("DELETE FROM login_failures WHERE subject = 'x'")

    def test_killed_in_the_middle(self, url: str) -> None:
        """Nothing of the unit is stored, so that it may be done again; but not by itself."""
        with open_database(url, connections=1) as database:
            before = count_accounts(database)
            with pytest.raises(Unavailable) as error_info:
                self.killed(database, url, then=insert_account)
            assert error_info.value.again
            assert count_accounts(database) == before

    def test_done_again_when_killed_in_the_middle(self, url: str) -> None:
        with open_database(url) as database:
            before = count_accounts(database)
            connection_ids = []

            def work(unit: Unit) -> int:
                insert_account(unit)
                connection_ids.append(int(unit.execute("SELECT CONNECTION_ID()").fetchone()[0]))
                if len(connection_ids) == 1:
                    self.kill(url, connection_ids[0])
                insert_account(unit)
                return len(connection_ids)

            assert database.run(work) == 2
            assert len(set(connection_ids)) == 2
            assert count_accounts(database) == before + 2

    def test_killed_before_the_commit(self, url: str) -> None:
        with open_database(url, connections=1) as database:
            before = count_accounts(database)
            with pytest.raises(Unavailable, match="commit") as error_info:
                self.killed(database, url, then=lambda _: None)
            assert not error_info.value.again
            assert count_accounts(database) == before

    def test_a_lock_is_waited_for_for_a_bounded_time(self, url: str) -> None:
        with open_database(url, patience=1) as database:
            with database.unit_of_work() as unit:
                row = add(unit)
            with database.unit_of_work() as first:
                session.get(first, row.id, for_update=True)
                start = time.monotonic()
                with pytest.raises(Unavailable) as error_info, database.unit_of_work() as second:
                    session.get(second, row.id, for_update=True)
                assert 0.5 < time.monotonic() - start < 4
                assert error_info.value.again

    def test_a_lock_that_was_waited_for_in_vain_is_waited_for_once_more(self, url: str) -> None:
        with open_database(url, patience=1) as database:
            row = database.run(add)
            held, attempts = threading.Event(), []

            def hold() -> None:
                with database.unit_of_work() as unit:
                    session.get(unit, row.id, for_update=True)
                    held.set()
                    time.sleep(1.5)

            def lock(unit: Unit) -> str:
                attempts.append(1)
                return str(read_stored(unit, row.id, for_update=True).id)

            holder = threading.Thread(target=hold)
            holder.start()
            assert held.wait(5)
            assert database.run(lock) == row.id
            holder.join()
            assert len(attempts) == 2

    def test_of_two_that_wait_for_each_other_one_is_done_again(self, url: str) -> None:
        with open_database(url, patience=5) as database:
            with database.unit_of_work() as unit:
                ids = [add(unit).id, add(unit).id]
            barrier = threading.Barrier(2)
            attempts: list[str] = []

            def work(first: str, second: str) -> None:
                def lock(unit: Unit) -> None:
                    attempts.append(first)
                    session.get(unit, first, for_update=True)
                    if len(attempts) <= 2:
                        barrier.wait(5)
                    session.get(unit, second, for_update=True)

                database.run(lock)

            threads = [threading.Thread(target=work, args=order) for order in (ids, ids[::-1])]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
            assert len(attempts) == 3

    def test_a_restart_of_the_server(self, own_server: Server) -> None:
        with open_database(f"{own_server.url}/mysql") as database:
            with database.unit_of_work(write=False), database.unit_of_work():
                pass
            own_server.stop()
            start = time.monotonic()
            with pytest.raises(Unavailable) as error_info, database.unit_of_work() as unit:
                unit.execute("SELECT 1")
            assert time.monotonic() - start < 5
            assert error_info.value.retry_after > 0
            assert database.ping() is False
            own_server.start()
            assert database.ping() is True
            with database.unit_of_work() as unit:
                assert unit.execute("SELECT 1").fetchone()[0] == 1

    def test_a_user_with_a_password(self, url: str) -> None:
        """MySQL takes a hash of it that the driver must encrypt, as the connection is not."""
        with self.root(url) as root, root.cursor() as cursor:
            cursor.execute("CREATE USER ada@'%' IDENTIFIED BY 'p@ss:w/rd'")
            cursor.execute("GRANT SELECT ON models.* TO ada@'%'")
            try:
                with open_database(url.replace("root@", "ada:p%40ss%3Aw%2Frd@")) as database:
                    assert database.ping()
                with open_database(url.replace("root@", "ada:wrong@")) as database:
                    assert not database.ping()
            finally:
                cursor.execute("DROP USER ada@'%'")

    def test_no_such_user(self, url: str) -> None:
        with open_database(url.replace("root@", "nobody:p%40ss@")) as database, pytest.raises(Unavailable):
            database.unit_of_work().__enter__()
