"""MySQL and MariaDB: servers, connections, transactions.

Of several servers, the first that responds, accepts writes and is ready (Galera) is used. If none accepts writes, a read-only server is
used for `SECOND_CHOICE` seconds; then the others are tried again.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import peewee

from models.engine.address import Host, MysqlAddress
from models.engine.checkpoints import Checkpoints
from models.engine.errors import Unavailable
from models.engine.failures import is_driver_error, is_unreachable
from models.engine.pool import Held

#: Seconds that a server has for each step of a new connection; one that takes longer counts as not responding.
CONNECT = 2.0
#: Seconds for a new connection, all servers together.
OPENING = 5.0
#: Seconds for which a server that failed is tried last.
AVOIDED = 5.0
#: Seconds that a connection to a read-only server is kept.
SECOND_CHOICE = 5.0

# PyMySQL, if peewee could import it.
_DRIVER: Any = vars(peewee)["mysql"]
_SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ANSI_QUOTES"
_STATE = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'innodb_read_only', 'wsrep_on')"
_READY = "SHOW GLOBAL STATUS LIKE 'wsrep_ready'"
_WRITABLE = "SELECT @@global.read_only"
_OFF = ("OFF", "0", 0)


class Mysql:
    """MySQL or MariaDB. Transactions begin implicitly, with their first statement.

    Each statement of a writer sees the latest commits, so that rows read after a lock are those that the lock protects. A reader sees the
    database as it was at its first statement.

    :param patience: seconds to wait for a lock.
    :param answer: seconds to wait for the response to one statement; None for no limit.
    :param sync_wait: whether a node of a Galera cluster waits before it reads, until it has the earlier commits of the other nodes.
    :raises ValueError: for options that the driver refuses.
    """

    dialect = "mysql"
    one_writer = False
    checkpoints: Checkpoints | None = None

    def __init__(self, address: MysqlAddress, patience: float, answer: float | None, *, sync_wait: bool) -> None:
        self._address = address
        self._answer = answer
        self._sync_wait = sync_wait
        seconds = max(1, round(patience))
        # Locks of rows, and of tables whose schema changes.
        self._session = (
            f"SET SESSION sql_mode = '{_SQL_MODE}', innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}"
        )
        #: By server, until when it is tried last.
        self._avoided: dict[Host, float] = {}
        self._options = {**address.options, "user": address.user, "password": address.password, "charset": "utf8mb4"}
        if address.init_command:
            self._options["init_command"] = address.init_command
        self._check_options()
        server: dict[str, Any] = {"host": address.hosts[0].name, "port": address.hosts[0].port, "sql_mode": _SQL_MODE}
        self.peewee: Any = peewee.MySQLDatabase(address.database, autoconnect=False, **server, **self._options)

    def open(self, held: Held) -> None:
        """Open a connection to the best server. Raises Unavailable."""
        deadline = time.monotonic() + OPENING
        failures: list[str] = []
        fallback = None
        for host in self._sort_hosts():
            now = time.monotonic()
            seconds_left = deadline - now
            if seconds_left <= 0:
                break
            if host in self._avoided:
                # This thread checks whether the server has recovered; meanwhile the others use other servers.
                self._avoided[host] = now + AVOIDED
            try:
                connection, lack = self._connected(host, min(seconds_left, CONNECT))
            except Exception as error:
                if not (is_driver_error(error) or isinstance(error, OSError)):
                    raise
                failures.append(self._describe_failure(host, error))
                self._avoided[host] = time.monotonic() + AVOIDED
                continue
            self._avoided.pop(host, None)
            if not lack:
                if fallback is not None:
                    _close(fallback[0])
                self._hold(held, connection, host)
                return
            failures.append(self._describe_failure(host, lack))
            if lack == "read-only" and fallback is None:
                fallback = connection, host
            else:
                _close(connection)
        if fallback is None:
            raise Unavailable(f"The database can't be used: {'; '.join(failures)}")
        self._hold(held, *fallback)
        held.until = time.monotonic() + SECOND_CHOICE

    def begin(self, held: Held, writes: bool, seconds: float | None = None) -> None:
        """Prepare the connection for a reading or writing unit. The transaction begins with its first statement."""
        if held.writes is not writes:
            mode = (
                "READ WRITE, ISOLATION LEVEL READ COMMITTED" if writes else "READ ONLY, ISOLATION LEVEL REPEATABLE READ"
            )
            held.connection.query(f"SET SESSION TRANSACTION {mode}")
            held.writes = writes
        self.limit(held, seconds)

    def limit(self, held: Held, seconds: float | None) -> None:
        """Interrupt later statements of a reading unit that take longer than `seconds`; None for no limit."""
        # NOTE: MariaDB's limit applies to COMMIT too, which must not be interrupted; so writing units have none.
        # PERF: a reading unit without a limit keeps the one that its connection has, because setting it takes a round trip.
        if held.limit == seconds or (seconds is None and not held.writes):
            return
        if "MariaDB" in held.connection.get_server_info():
            held.connection.query(f"SET SESSION max_statement_time = {seconds or 0}")
        else:
            held.connection.query(f"SET SESSION max_execution_time = {round((seconds or 0) * 1000)}")
        held.limit = seconds

    def is_good(self, held: Held) -> bool:
        """Return whether the server of a connection responds and accepts writes."""
        try:
            cursor = held.connection.cursor()
            cursor.execute(_WRITABLE)
            return cursor.fetchone()[0] in _OFF
        except Exception:
            return False

    def responds(self, host: Host) -> bool:
        """Return whether a server accepts or refuses a new connection within `CONNECT` seconds."""
        try:
            _close(self._open_connection(host, CONNECT))
        except Exception as error:
            if is_unreachable(error):
                self._avoided[host] = time.monotonic() + AVOIDED
                return False
        return True

    def has_other(self, host: Host) -> bool:
        """Return whether there is another server that has not failed lately."""
        now = time.monotonic()
        return any(other != host and self._avoided.get(other, 0.0) <= now for other in self._address.hosts)

    def abort(self, held: Held) -> None:
        """Close a connection that another thread uses, so that its pending statement fails."""
        # NOTE: the driver has no function for this; closing the socket would leave the other thread waiting.
        with suppress(OSError, AttributeError):
            held.connection._sock.shutdown(socket.SHUT_RDWR)

    def _sort_hosts(self) -> Iterator[Host]:
        now = time.monotonic()
        yield from sorted(self._address.hosts, key=lambda host: self._avoided.get(host, 0) > now)

    def _describe_failure(self, host: Host, cause: object) -> str:
        return f"{host} is {cause}" if isinstance(cause, str) else str(cause)

    def _open_connection(self, host: Host, seconds: float) -> Any:
        server = {"host": host.name, "port": host.port, "connect_timeout": seconds, "read_timeout": seconds}
        return _DRIVER.connect(
            database=self._address.database, autocommit=False, write_timeout=seconds, **server, **self._options
        )

    def _connected(self, host: Host, seconds: float) -> tuple[Any, str]:
        """Return a new connection, and what makes its server a poor choice; empty if nothing does."""
        connection = self._open_connection(host, seconds)
        try:
            cursor = connection.cursor()
            cursor.execute(self._session)
            cursor.execute(_STATE)
            state = dict(cursor.fetchall())
            lack = (
                "read-only"
                if any(state.get(name, "OFF") not in _OFF for name in ("read_only", "innodb_read_only"))
                else ""
            )
            if state.get("wsrep_on", "OFF") not in _OFF:
                cursor.execute(_READY)
                if dict(cursor.fetchall()).get("wsrep_ready") != "ON":
                    lack = "not ready: its cluster has no majority, or it is joining"
                elif self._sync_wait:
                    cursor.execute("SET SESSION wsrep_sync_wait = 1")
        except BaseException:
            _close(connection)
            raise
        # NOTE: the driver's read timeout also limits its wait for the greeting, so it is raised only now.
        connection._read_timeout = connection._write_timeout = self._answer
        return connection, lack

    def _hold(self, held: Held, connection: Any, host: Host) -> None:
        def run(sql: str, values: Sequence[Any]) -> Any:
            cursor = connection.cursor()
            cursor.execute(sql, values)
            held.touched = True
            return cursor

        held.connection, held.host, held.run, held.read = connection, host, run, run
        held.run_many = lambda sql, rows: connection.cursor().executemany(sql, rows)

    def _check_options(self) -> None:
        if _DRIVER is None:
            raise ValueError("MySQL and MariaDB need the driver PyMySQL: install sessions-gateway[mysql]")
        try:
            _DRIVER.connect(defer_connect=True, **self._options)
        except Exception as error:
            raise ValueError(f"the driver refuses an option: {error}") from error


def _close(connection: Any) -> None:
    with suppress(Exception):
        connection.close()
