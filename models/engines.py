"""What differs between SQLite and MySQL: how a connection is opened, a transaction begun, a statement run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import peewee
from playhouse import db_url

from models.checkpoints import MOST_PAGES, Checkpoints
from models.pool import Held

#: Seconds that a connection may take to be opened, and a writer waits for another one.
PATIENCE = 5
#: Seconds that a server's answer to one statement is waited for.
ANSWER = 30

#: SQLite's steps from one look at a statement's deadline to the next: some 20 ms, so that short statements never look.
_STEPS = 1_000_000

_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "normal",
    "foreign_keys": 1,
    "cache_size": -16_000,
    "temp_store": "memory",
    "wal_autocheckpoint": MOST_PAGES,
}


class Engine(Protocol):
    """One kind of database.

    :ivar dialect: ``sqlite`` or ``mysql``.
    :ivar one_writer: whether the database has but one writer at a time.
    :ivar checkpoints: to be told of every unit that was committed and may have written; None where the server sees to it.
    :ivar alive: asks a connection whether it lives; None where none dies by itself.
    """

    dialect: str
    one_writer: bool
    checkpoints: Checkpoints | None
    alive: Callable[[Any], bool] | None
    peewee: Any

    def open(self, held: Held) -> None:
        """Open a connection."""
        ...

    def begin(self, held: Held, writes: bool) -> None:
        """Begin a transaction. A reading one sees the database as it was at one moment, and can't change it."""
        ...

    def limit(self, held: Held, seconds: float | None) -> None:
        """Interrupt statements of a reading unit that take longer, from now on; None for no limit."""
        ...

    def run_many(self, connection: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each of some rows of values."""
        ...


class Sqlite:
    """A file. Readers see the moment of their first statement; a writer takes the file's only right to write when it begins."""

    dialect = "sqlite"
    one_writer = True
    alive: Callable[[Any], bool] | None = None

    def __init__(self, path: str, patience: float) -> None:
        database: Any = peewee.SqliteDatabase(
            path, pragmas=_PRAGMAS, timeout=patience, check_same_thread=False, autoconnect=False
        )
        self.peewee = database
        self.checkpoints: Checkpoints | None = Checkpoints(database._connect)

    def open(self, held: Held) -> None:
        held.connection = self.peewee._connect()
        held.run = held.connection.execute
        held.connection.set_progress_handler(lambda: time.monotonic() > held.deadline, _STEPS)

    def begin(self, held: Held, writes: bool) -> None:
        if held.writes is not writes:
            held.connection.execute(f"PRAGMA query_only = {not writes:d}")
            held.writes = writes
        held.connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    def limit(self, held: Held, seconds: float | None) -> None:
        held.limit = seconds
        held.deadline = math.inf if seconds is None else time.monotonic() + seconds

    def run_many(self, connection: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        connection.executemany(sql, rows)


def _alive(connection: Any) -> bool:
    try:
        connection.ping(reconnect=False)
    except Exception:
        return False
    return True


class Mysql:
    """MySQL or MariaDB. Transactions begin by themselves, with their first statement.

    A writer reads what is committed by then, so that what it reads after a lock is what the lock protects; a reader sees the moment of
    its first statement.
    """

    dialect = "mysql"
    one_writer = False
    checkpoints: Checkpoints | None = None
    alive: Callable[[Any], bool] | None = staticmethod(_alive)

    def __init__(self, url: str, patience: float, answer: float | None) -> None:
        options = db_url.parse(url, unquote_password=True, unquote_user=True)
        if not options["database"]:
            raise ValueError("the address names no database")
        if "passwd" in options:
            # The driver's old name for it.
            options["password"] = options.pop("passwd")
        seconds = max(1, round(patience))
        options |= {
            "charset": "utf8mb4",
            "connect_timeout": PATIENCE,
            "read_timeout": answer,
            "write_timeout": answer,
            "sql_mode": "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ANSI_QUOTES",
            # The locks of rows, and those of tables whose schema somebody changes.
            "init_command": f"SET SESSION innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}",
            "autoconnect": False,
        }
        self.peewee: Any = peewee.MySQLDatabase(**options)

    def open(self, held: Held) -> None:
        connection = held.connection = self.peewee._connect()
        connection.autocommit(False)

        def run(sql: str, values: Sequence[Any]) -> Any:
            cursor = connection.cursor()
            cursor.execute(sql, values)
            held.touched = True
            return cursor

        held.run = run

    def begin(self, held: Held, writes: bool) -> None:
        if held.writes is not writes:
            mode = (
                "READ WRITE, ISOLATION LEVEL READ COMMITTED" if writes else "READ ONLY, ISOLATION LEVEL REPEATABLE READ"
            )
            held.connection.query(f"SET SESSION TRANSACTION {mode}")
            held.writes = writes

    def limit(self, held: Held, seconds: float | None) -> None:
        # NOTE: MariaDB's limit holds for COMMIT too, which must not be cut; so writing units have none.
        # PERF: a reading unit without a limit leaves the one that its connection has: setting it takes a round trip.
        if held.limit == seconds or (seconds is None and not held.writes):
            return
        if "MariaDB" in held.connection.get_server_info():
            held.connection.query(f"SET SESSION max_statement_time = {seconds or 0}")
        else:
            held.connection.query(f"SET SESSION max_execution_time = {round((seconds or 0) * 1000)}")
        held.limit = seconds

    def run_many(self, connection: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        connection.cursor().executemany(sql, rows)
