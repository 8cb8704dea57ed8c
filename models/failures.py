"""What the drivers' errors mean. Nobody else looks at them.

Drivers are known by name, so that none has to be installed that is not used.
"""

from __future__ import annotations

from models.errors import Duplicate, StorageError, TimedOut, Unavailable

_DRIVERS = ("sqlite3", "pymysql")
_AWAY = ("OperationalError", "InterfaceError", "InternalError")

# SQLite's result codes: a unique index, a primary key; busy, locked; a mistake in a statement, or one that writes in a reading unit.
_SQLITE_DUPLICATE = frozenset({2067, 1555})
_SQLITE_BUSY = frozenset({5, 6})
_SQLITE_MISTAKE = frozenset({1, 8})
_SQLITE_INTERRUPTED = frozenset({9})
# MySQL's numbers: a duplicate key; a deadlock, a lock that was waited for in vain; a connection that was lost, or ended by somebody; an
# unknown column, a column without a value, a statement that writes in a reading unit.
_MYSQL_DUPLICATE = frozenset({1062, 1586})
_MYSQL_BUSY = frozenset({1205, 1213})
_MYSQL_LOST = frozenset({2006, 2013, 1927, 3169})
_MYSQL_MISTAKE = frozenset({1054, 1364, 1792})
# A statement that took longer than it may: MariaDB's max_statement_time, MySQL's max_execution_time.
_MYSQL_INTERRUPTED = frozenset({1969, 3024})
_INTERRUPTED = _SQLITE_INTERRUPTED | _MYSQL_INTERRUPTED


def translated(error: Exception) -> StorageError | None:
    """The error that a driver's one stands for; None for what is none of a driver's, or a mistake of ours.

    A transaction that was thrown out because of another one's lock, or lost its connection, is Unavailable with ``again``: it may be done
    once more.
    """
    if not type(error).__module__.startswith(_DRIVERS):
        return None
    code, passing = _code(error), _SQLITE_BUSY | _MYSQL_BUSY | _MYSQL_LOST
    if _is(error, "IntegrityError"):
        return Duplicate(str(error)) if code in _SQLITE_DUPLICATE | _MYSQL_DUPLICATE else None
    if not _is(error, *_AWAY) or code in _SQLITE_MISTAKE | _MYSQL_MISTAKE:
        return None
    if code in _INTERRUPTED:
        return TimedOut(f"A statement took too long: {error}")
    return Unavailable(f"The database can't be used: {error}", again=code in passing)


def check(error: Exception) -> None:
    """Raise what a driver's error stands for; nothing happens where it is none."""
    meant = translated(error)
    if meant is not None:
        raise meant from error


def is_broken(error: Exception) -> bool:
    """Whether the connection that this happened on is of no use any more."""
    return _is(error, *_AWAY) and _code(error) not in _MYSQL_BUSY | _MYSQL_MISTAKE | _INTERRUPTED


def _is(error: Exception, *names: str) -> bool:
    return any(each.__name__ in names for each in type(error).__mro__)


def _code(error: Exception) -> int:
    """SQLite's result code, an extended one only for what is a duplicate, or MySQL's number."""
    extended = getattr(error, "sqlite_errorcode", None)
    if isinstance(extended, int):
        return extended if extended in _SQLITE_DUPLICATE else extended & 0xFF
    first = error.args[0] if error.args else None
    return first if isinstance(first, int) else 0
