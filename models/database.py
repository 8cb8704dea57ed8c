"""The database and its units of work.

    database = connect("sqlite:///gateway.db")
    with database.unit_of_work() as unit:
        sessions.insert(unit, row)

A unit of work is one transaction: committed when its block ends, rolled back when anything is raised. Each thread keeps one connection
open (opening one costs more than most statements do), so a process holds as many as it has threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import peewee
from playhouse import db_url

from models.errors import Duplicate, Unavailable

Result = TypeVar("Result")

#: Seconds that a writer waits for another one, and a connection for an answer.
PATIENCE = 5
#: Seconds after which an idle connection is asked whether it lives before it is used.
IDLE = 30
#: How often `Database.run` does a unit that another one's lock threw out.
ATTEMPTS = 5

_SQLITE = {
    "journal_mode": "wal",
    "synchronous": "normal",
    "foreign_keys": 1,
    "cache_size": -16_000,
    "temp_store": "memory",
}
# MySQL's numbers for a deadlock and for a lock that was waited for in vain; the transaction was rolled back.
_THROWN_OUT = frozenset({1205, 1213})


class Unit:
    """An open transaction.

    :ivar dialect: ``sqlite`` or ``mysql``.
    """

    __slots__ = ("_execute", "_write", "database", "dialect")

    def __init__(self, database: Database, execute: Callable[[str, Sequence[Any]], Any], write: bool) -> None:
        self.database = database
        self.dialect = database.dialect
        self._execute = execute
        self._write = write

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run a statement; its cursor."""
        return self._execute(sql, values)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Commit what was done, and begin again when the block ends: while it lasts nothing is locked, and it may open units of
        its own. For slow work in the middle of a unit."""
        self.database._commit()
        yield
        self._execute = self.database._begin(self._write)._execute


class Database:
    """A database and how to talk to it. `connect` makes one."""

    def __init__(self, peewee_database: Any, dialect: str) -> None:
        self.peewee = peewee_database
        self.dialect = dialect
        self._kept = threading.local()

    @contextmanager
    def unit_of_work(self, *, write: bool = True) -> Iterator[Unit]:
        """One transaction.

        :param write: take the right to write at once, so that what was read stays true; other units only read.
        Raises Duplicate and Unavailable in place of the driver's errors.
        """
        try:
            unit = self._begin(write)
            try:
                yield unit
                self._commit()
            except BaseException:
                self._rollback()
                raise
        except peewee.DatabaseError as error:
            raise self._translated(error) from error
        except Exception as error:
            translated = self._foreign(error)
            if translated is None:
                raise
            raise translated from error

    def run(self, work: Callable[[Unit], Result]) -> Result:
        """Do a whole unit of work, again where another one's lock threw it out. `work` must only touch the unit."""
        for attempt in range(ATTEMPTS):
            try:
                with self.unit_of_work() as unit:
                    return work(unit)
            except Unavailable:
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(0.01 * 2**attempt)
        raise AssertionError("unreachable")

    def ping(self) -> bool:
        """Whether the database answers."""
        try:
            with self.unit_of_work(write=False) as unit:
                return bool(unit.execute("SELECT 1").fetchone()[0] == 1)
        except Unavailable:
            return False

    def dispose(self) -> None:
        """Forget the connection of this thread: after a fork, and at the end."""
        self._kept = threading.local()
        if not self.peewee.is_closed():
            self.peewee.close()

    def _begin(self, write: bool) -> Unit:
        connection = self._connection()
        if self.dialect == "sqlite":
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            return Unit(self, connection.execute, write)
        connection.begin()
        return Unit(self, _cursor_execute(connection), write)

    def _connection(self) -> Any:
        kept = self._kept
        connection = getattr(kept, "connection", None)
        if (
            connection is not None
            and self.dialect == "mysql"
            and time.monotonic() - kept.used > IDLE
            and not _alive(connection)
        ):
            self._drop()
            connection = None
        if connection is None:
            self.peewee.connect(reuse_if_open=True)
            connection = self.peewee.connection()
            if self.dialect == "mysql":
                connection.query(f"SET SESSION innodb_lock_wait_timeout={PATIENCE}")
            kept.connection = connection
        kept.used = time.monotonic()
        return connection

    def _commit(self) -> None:
        self._kept.connection.commit()

    def _rollback(self) -> None:
        connection = getattr(self._kept, "connection", None)
        if connection is None:
            return
        try:
            connection.rollback()
        except Exception:
            self._drop()

    def _drop(self) -> None:
        """Close this thread's connection, whatever state it is in."""
        self._kept.connection = None
        try:
            self.peewee.close()
        except Exception:
            self.peewee._state.reset()

    def _foreign(self, error: Exception) -> Exception | None:
        """What a driver's error means; None for what is no driver's error."""
        names = {each.__name__: each for each in type(error).__mro__}
        if "IntegrityError" in names:
            return Duplicate(str(error))
        if names.keys() & {"OperationalError", "InterfaceError"}:
            number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
            if self.dialect == "mysql" and number not in _THROWN_OUT:
                self._drop()
            return Unavailable(f"The database can't be used: {error}")
        return None

    def _translated(self, error: peewee.DatabaseError) -> Exception:
        return self._foreign(error) or error


def _cursor_execute(connection: Any) -> Callable[[str, Sequence[Any]], Any]:
    def execute(sql: str, values: Sequence[Any] = ()) -> Any:
        cursor = connection.cursor()
        cursor.execute(sql, values)
        return cursor

    return execute


def _alive(connection: Any) -> bool:
    try:
        connection.ping(reconnect=False)
    except Exception:
        return False
    return True


def connect(url: str) -> Database:
    """The database of a URL: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``mysql://user:password@host:3306/name``.

    No connection is opened yet. ``mariadb:`` is MySQL's protocol too. Raises ValueError for another scheme.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = parts.path.removeprefix("/")
        return Database(
            peewee.SqliteDatabase(path, pragmas=_SQLITE, timeout=PATIENCE, check_same_thread=False, autoconnect=False),
            "sqlite",
        )
    if parts.scheme in ("mysql", "mariadb"):
        plain = urlunsplit(parts._replace(scheme="mysql"))
        options = {
            "charset": "utf8mb4",
            "connect_timeout": PATIENCE,
            "read_timeout": 6 * PATIENCE,
            "write_timeout": 6 * PATIENCE,
            # What a unit reads is then what stands there, not what stood there when it began.
            "init_command": "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            "sql_mode": "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ANSI_QUOTES",
            "autoconnect": False,
        }
        return Database(db_url.connect(plain, unquote_password=True, **options), "mysql")
    raise ValueError(f"the scheme {parts.scheme!r} is none of sqlite, mysql, mariadb")
