"""The interface of a database engine, and SQLite's: open a connection, begin a transaction, limit a statement.

MySQL's engine is in `models.engine.mysql`.
"""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any, Protocol

import peewee

from models.engine.checkpoints import KEPT, MOST_PAGES, Checkpoints
from models.engine.pool import Held, Run

#: Seconds that opening a connection may take, and that a writer waits for another one.
PATIENCE = 5
#: Seconds that a connection to a server is used, give or take a fifth.
AGE = 600
#: Seconds to wait for a server's response to one statement.
ANSWER = 30

#: Seconds from one attempt to write to the next while another process writes.
_POLL = 0.0005

#: SQLite's steps between two checks of a statement's deadline: some 20 ms, so that short statements are never checked.
_STEPS = 1_000_000

_PRAGMAS = {
    "journal_mode": "wal",
    "foreign_keys": 1,
    "cache_size": -16_000,
    "temp_store": "memory",
    "wal_autocheckpoint": MOST_PAGES,
    "journal_size_limit": KEPT,
}


class Engine(Protocol):
    """One kind of database.

    :ivar dialect: ``sqlite`` or ``mysql``.
    :ivar one_writer: whether the database has only one writer at a time.
    :ivar checkpoints: is notified of every committed unit that may have written; None if the server makes checkpoints.
    """

    dialect: str
    one_writer: bool
    checkpoints: Checkpoints | None
    peewee: Any

    def open(self, held: Held) -> None:
        """Open a connection."""
        ...

    def begin(self, held: Held, writes: bool, seconds: float | None = None) -> None:
        """Begin a transaction. A reading one begins with its first statement, sees the database as it was at that moment, and can't
        change it.

        :param seconds: passed to `limit`.
        """
        ...

    def limit(self, held: Held, seconds: float | None) -> None:
        """Interrupt later statements of a reading unit that take longer than `seconds`; None for no limit."""
        ...


class Sqlite:
    """An SQLite file. Readers see it as it was at their first statement; a writer takes the file's only write lock when it begins.

    :param sync: SQLite's ``synchronous``, ``normal`` or ``full``.
    """

    dialect = "sqlite"
    one_writer = True

    def __init__(self, path: str, patience: float, sync: str) -> None:
        self._path = path
        database: Any = peewee.SqliteDatabase(
            path,
            pragmas={**_PRAGMAS, "synchronous": sync},
            timeout=patience,
            check_same_thread=False,
            autoconnect=False,
        )
        self.peewee = database
        self._patience = patience
        self.checkpoints: Checkpoints | None = Checkpoints(database._connect, f"{path}-wal")

    def open(self, held: Held) -> None:
        # SECURITY: only its owner may read a new file. SQLite gives its log the same mode.
        with suppress(OSError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        held.connection = self.peewee._connect()
        held.run, held.run_many = held.connection.execute, held.connection.executemany
        held.read = _create_reader(held.connection)
        held.connection.set_progress_handler(lambda: time.monotonic() > held.deadline, _STEPS)

    def begin(self, held: Held, writes: bool, seconds: float | None = None) -> None:
        # PERF: what `limit` does, one call less.
        held.limit = seconds
        held.deadline = math.inf if seconds is None else time.monotonic() + seconds
        if held.writes is not writes:
            held.connection.execute(f"PRAGMA query_only = {not writes:d}")
            held.connection.execute(f"PRAGMA busy_timeout = {0 if writes else round(self._patience * 1000)}")
            held.writes = writes
        if not writes:
            return
        # This waits for writers of other processes. SQLite's own wait checks more and more rarely, up to every 100 ms, so that a writer
        # beside busy ones waits for seconds.
        deadline = 0.0
        while True:
            try:
                held.connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                now = time.monotonic()
                deadline = deadline or now + self._patience
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or now > deadline:
                    raise
                time.sleep(_POLL)
            else:
                return

    def probe(self) -> None:
        """Read and write the file by a new connection: existing ones have parts of it in memory. Raises the driver's errors."""
        if not os.path.exists(self._path):
            raise sqlite3.OperationalError(f"the file {self._path} is gone")
        with closing(self.peewee._connect()) as connection:
            connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            # This number in the file's first page is never read.
            connection.execute("PRAGMA user_version = 0")

    def limit(self, held: Held, seconds: float | None) -> None:
        held.limit = seconds
        held.deadline = math.inf if seconds is None else time.monotonic() + seconds


def _create_reader(connection: sqlite3.Connection) -> Run:
    def run_in_transaction(sql: str, values: Sequence[Any]) -> Any:
        if not connection.in_transaction:
            connection.execute("BEGIN")
        return connection.execute(sql, values)

    return run_in_transaction
