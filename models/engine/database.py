"""The database and its units of work.

    database = connect("sqlite:///gateway.db")
    with database.unit_of_work() as unit:
        session.insert(unit, row)

A unit of work is one transaction. It is committed when its block ends, and rolled back when the block raises an exception.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol, TypeVar

from models.engine import address
from models.engine.caches import Recent
from models.engine.counts import Counts
from models.engine.engines import AGE, ANSWER, PATIENCE, Engine, Sqlite
from models.engine.errors import OutcomeUnknown, Unavailable
from models.engine.failures import check, is_broken, is_rolled_back, leaves_server, translate
from models.engine.mysql import Mysql
from models.engine.pool import Connections, Held, Pool, Run
from models.engine.queries import Queries
from models.engine.turns import Turns

Result = TypeVar("Result")

# PERF: these keys of `Database.counts` are made once.
_COMMITTED_READ = ("transactions", "read", "committed")
_COMMITTED_WRITE = ("transactions", "write", "committed")

#: The default maximum of open connections in a process; a thread needs one.
CONNECTIONS = 32
#: How often `Database.run` attempts a unit at most.
ATTEMPTS = 5
#: The same for a unit that lost to another unit: if several Galera nodes change a row without a pause, one of them wins at a time.
CONTENDED = 100
#: Rows of a budget that a written row costs. It costs more than a read row because it is stored.
WRITTEN = 5


class Budget(Protocol):
    """The budget of a unit of work.

    :ivar statement: seconds that one statement of a reading unit may take; None for no limit.
    """

    @property
    def statement(self) -> float | None: ...

    def spend(self, rows: int, size: int = 0) -> None:
        """Count rows that were read, and the bytes of their long texts. Raises the caller's own error when the budget is used up."""
        ...

    def pause(self) -> None:
        """Let short requests run first. Reading units call it between their blocks."""
        ...


class Unit(Queries):
    """A transaction that runs statements. `Database.unit_of_work` creates one.

    :ivar dialect: ``sqlite`` or ``mysql``.
    :ivar writes: whether it may write.
    :ivar partly_stored: whether it was suspended, so that a part of it is committed already.
    :ivar budget: its budget; None for no limit.
    """

    __slots__ = (
        "_held",
        "_pool",
        "_seconds",
        "_writer",
        "budget",
        "database",
        "dialect",
        "partly_stored",
        "peek",
        "run",
        "writes",
    )
    #: Runs a statement by the driver; raises the driver's errors.
    run: Run
    #: The same, but begins no transaction, so that a unit with this statement only saves that. All its rows must be fetched.
    peek: Run

    def __init__(self, database: Database, writes: bool, budget: Budget | None = None) -> None:
        self.database = database
        self.budget = budget
        self.dialect = database.dialect
        self.writes = writes
        self._seconds = None if writes or budget is None else budget.statement
        self.partly_stored = False
        self._held: Held | None = None
        self._writer: Turns | None = None

    def __enter__(self) -> Unit:
        database = self.database
        if self.writes:
            self._take_turn()
        pool = self._pool = database._pool
        try:
            held = self._held = pool.take(self.writes)
            try:
                database.engine.begin(held, self.writes, self._seconds)
            except Exception as error:
                # A connection that fails to begin a transaction is in an unknown state.
                held.broken = True
                if not self._may_renew(held, error):
                    raise
                self._renew(held)
        except BaseException as error:
            self._roll_back()
            if isinstance(error, Exception):
                check(error, self.writes)
            raise
        self.run, self.peek = held.run if self.writes else held.read, held.run
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held is None:
            # The error occurred while the unit was suspended.
            return
        if error is None:
            self._commit()
            return
        if isinstance(error, Exception):
            self._note(error)
        self._roll_back()
        if isinstance(error, Exception):
            check(error, self.writes)

    def spend(self, rows: int, size: int = 0) -> None:
        """Count rows that were read or written, and the bytes of their long texts, against the unit's budget. A written row counts as
        `WRITTEN` rows. Raises the budget's error when it is used up."""
        if self.budget is not None:
            self.budget.spend(rows * WRITTEN if self.writes else rows, size)
            if not self.writes:
                self.budget.pause()

    def progress(self) -> None:
        """Restart the time limit for the next statement. Long lists call it between their blocks."""
        if self._held is not None:
            self.database.engine.limit(self._held, self._held.limit)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run a statement; return its cursor. Raises Duplicate and Unavailable."""
        try:
            return self.run(sql, values)
        except Exception as error:
            return self.run_again(error, sql, values)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each row of values. Raises Duplicate and Unavailable."""
        assert self._held is not None
        self._held.touched = True
        try:
            self._held.run_many(sql, rows)
        except Exception as error:
            self._note(error)
            check(error, self.writes)
            raise

    def run_again(self, error: Exception, sql: str, values: Sequence[Any]) -> Any:
        """Run a statement again that failed with a driver's error; return its cursor. This is possible for the first statement of a unit,
        if the connection broke while it was idle. Otherwise raise the translated error."""
        held = self._held
        self._note(error)
        if held is None or held.touched or not self._may_renew(held, error):
            check(error, self.writes)
            raise error
        try:
            self._renew(held)
            return self.run(sql, values)
        except Exception as second_error:
            self._note(second_error)
            check(second_error, self.writes)
            raise

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Commit, and begin again when the block ends. The block holds no locks and may open other units: use it for slow work
        in the middle of a unit."""
        self.partly_stored = True
        self._commit()
        yield
        self.__enter__()

    def _take_turn(self) -> None:
        """Wait for the process's other writing units, if the database has one writer at a time. Raises Unavailable."""
        writer = self.database._writer
        if writer is not None and not writer.acquire(self.database._patience):
            self.database.counts.add(("lock waits", "timed out"))
            raise Unavailable("Another unit of work is writing for too long.", again=True)
        self._writer = writer

    def _note(self, error: Exception) -> None:
        """Mark a broken connection, and retire its server if necessary, so that no other unit gets the same error."""
        held = self._held
        if held is not None and is_broken(error):
            held.broken = True
            if leaves_server(error):
                self._pool.retire(held.host)

    def _may_renew(self, held: Held, error: Exception) -> bool:
        """Return whether the connection may be renewed: the error may be due to the time when it was idle."""
        return held.host is not None and not held.fresh and is_broken(error)

    def _renew(self, held: Held) -> None:
        self._pool.renew(held)
        self.database.engine.begin(held, self.writes, self._seconds)
        self.run, self.peek = held.run if self.writes else held.read, held.run

    def _commit(self) -> None:
        held, self._held = self._held, None
        assert held is not None
        try:
            held.connection.commit()
        except BaseException as error:
            failure = translate(error) if isinstance(error, Exception) else None
            if not isinstance(error, Exception) or not isinstance(failure, Unavailable):
                self._pool.drop(held)
                raise
            self._give_uncommitted(held, error)
            self._count("failed" if is_rolled_back(error) or not self.writes else "unknown")
            if self.writes and is_rolled_back(error):
                message = f"The commit failed: {error}"
                raise Unavailable(message, again=True, contended=failure.contended) from error
            if self.writes:
                # The unit may have been committed, so it must not be repeated.
                raise OutcomeUnknown(f"The commit failed: {error}") from error
            # A failed commit does not invalidate the rows that a reading unit has read.
        else:
            self._pool.give(held)
            # PERF: what `Counts.add` does, one call less.
            counts = self.database.counts
            with counts.lock:
                counts.numbers[_COMMITTED_WRITE if self.writes else _COMMITTED_READ] += 1
            if self.writes and (checkpoints := self.database.engine.checkpoints) is not None:
                checkpoints.note()
        finally:
            if self._writer is not None:
                self._writer.release()
                self._writer = None

    def _count(self, outcome: str) -> None:
        self.database.counts.add(("transactions", "write" if self.writes else "read", outcome))

    def _give_uncommitted(self, held: Held, error: Exception) -> None:
        """Give back a connection whose commit failed. If it only lost against another node, it is still usable."""
        if leaves_server(error):
            self._pool.retire(held.host)
        held.broken = is_broken(error)
        if not held.broken:
            try:
                held.connection.rollback()
            except Exception:
                held.broken = True
        self._pool.give(held)

    def _roll_back(self) -> None:
        held, self._held = self._held, None
        try:
            if held is not None:
                self._count("rolled back")
                held.connection.rollback()
                # `give` closes a broken connection.
                self._pool.give(held)
        except Exception:
            assert held is not None
            self._pool.drop(held)
        finally:
            if self._writer is not None:
                self._writer.release()


class Database:
    """A database: its engine, connections, counts and caches. `connect` creates it."""

    def __init__(self, engine: Engine, connections: int, patience: float, age: float) -> None:
        self.engine = engine
        self.peewee = engine.peewee
        self.dialect = engine.dialect
        self._connections = connections
        self._patience = patience
        self._age = age
        #: The caches of modules that read rows of this database (`models.engine.caches.RecentOf`).
        self.caches: dict[object, Recent[Any, Any]] = {}
        #: Counts of this process: ``("transactions", "read" or "write", outcome)``, ``("repeats", reason)``, ``("lock waits",
        #: "waited" or "timed out")``, ``("connections", "waited" or "timed out")`` and ``("connection seconds",)`` for the time waited.
        self.counts = Counts()
        #: Creates its units of work (`models.engine.observed`).
        self.unit_type: Callable[[Database, bool, Budget | None], Unit] = Unit
        self._inherited: list[Pool] = []
        self._renew()

    def unit_of_work(self, *, write: bool = True, budget: Budget | None = None) -> Unit:
        """Return a unit of work: one transaction, as a context manager.

        :param write: take the write lock at once, so that data stays valid after it was read; units without it only read.
        :param budget: the unit's budget; None for no limit.
        Raises Duplicate and Unavailable in place of the driver's errors.
        """
        return self.unit_type(self, write, budget)

    def run(self, work: Callable[[Unit], Result], *, write: bool = True, budget: Budget | None = None) -> Result:
        """Run a unit of work, and repeat it if it lost a lock or its connection before the commit, so that none of it is stored.

        It runs at most `ATTEMPTS` times, or `CONTENDED` times if others changed the same rows first. No attempt begins later than twice
        the database's patience after the first. A suspended unit runs once.

        :param work: runs in the unit, possibly several times: it must have no other effects. Its result is that of `run`.
        Raises Duplicate and Unavailable.
        """
        start = time.monotonic()
        attempt = 1
        while True:
            unit = self.unit_type(self, write, budget)
            try:
                with unit:
                    return work(unit)
            except Unavailable as error:
                is_late = time.monotonic() - start > 2 * self._patience
                max_attempts = CONTENDED if error.contended else ATTEMPTS
                if not error.again or unit.partly_stored or attempt >= max_attempts or is_late:
                    raise
                self.counts.add(("repeats", "contended" if error.contended else "lock or connection"))
            # Units that conflicted must not begin at the same time again.
            time.sleep(min(0.2, 0.01 * 2**attempt) * random.uniform(0.5, 1))  # noqa: S311 - only spread
            attempt += 1

    @property
    def connections(self) -> Connections:
        """Return the state of this process's connections."""
        return self._pool.connections()

    def log_size(self) -> int | None:
        """Return the bytes of SQLite's write-ahead log; None for a database server."""
        checkpoints = self.engine.checkpoints
        return None if checkpoints is None else checkpoints.log_size()

    def ping(self) -> bool:
        """Return whether the database responds."""
        try:
            with self.unit_of_work(write=False) as unit:
                return bool(unit.execute("SELECT 1").fetchone()[0] == 1)
        except Unavailable:
            return False

    def probe(self) -> None:
        """Check that the database responds and, if it is a file, that it can be written. A file that another writer has locked is fine.

        :raises Unavailable: when it does not respond, or its file can't be written.
        """
        if not isinstance(self.engine, Sqlite):
            with self.unit_of_work(write=False) as unit:
                unit.execute("SELECT 1").fetchone()
            return
        try:
            self.engine.probe()
        except Exception as error:
            failure = translate(error)
            if failure is None:
                raise
            if not (isinstance(failure, Unavailable) and failure.again):
                raise failure from error

    def dispose(self) -> None:
        """Close the connections, before a fork and at the end. After a fork, leave the parent's connections alone."""
        if not self._pool.close():
            self._inherited.append(self._pool)
        if self.engine.checkpoints is not None:
            self.engine.checkpoints.wait()
        self._renew()
        if not self.peewee.is_closed():
            self.peewee.close()

    def _renew(self) -> None:
        servers = self.engine if isinstance(self.engine, Mysql) else None
        self._pool = Pool(self.engine.open, servers, self._connections, self._patience, self._age, self.counts)
        # PERF: SQLite's writers wait by sleeping. Those of one process wait for each other here, and are woken at once.
        self._writer = Turns(self.counts) if self.engine.one_writer else None


def connect(
    url: str,
    *,
    connections: int = CONNECTIONS,
    patience: float = PATIENCE,
    answer: float | None = ANSWER,
    age: float = AGE,
    sync_wait: bool = False,
    sqlite_sync: str = "normal",
) -> Database:
    """Return the database of a URL: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``mysql://user:password@host:3306/name``, or
    several servers: ``mysql://user:password@one,two,three/name`` (`models.engine.address`).

    No connection is opened yet. ``mariadb:`` is the same as ``mysql:``.

    :param connections: how many the process may have open at once.
    :param patience: seconds to wait for a free connection, and for another writer's lock.
    :param answer: seconds to wait for a server's response to one statement; None for no limit.
    :param age: seconds after which a connection to a server is replaced, give or take a fifth.
    :param sync_wait: whether each node of a Galera cluster waits before it reads, until it has the earlier commits of the others.
    :param sqlite_sync: whether an SQLite commit waits for the disk (``full``) or leaves writing to the operating system (``normal``). With
        ``normal``, a power failure may lose the last commits, but never damages the file.
    :raises ValueError: with one line that describes the fault of the URL.
    """
    location = address.parse(url)
    engine: Engine
    if isinstance(location, address.SqliteAddress):
        engine = Sqlite(location.path, patience, sqlite_sync)
    else:
        engine = Mysql(location, patience, answer, sync_wait=sync_wait)
    return Database(engine, connections, patience, age)
