"""Translate the drivers' errors; no other module handles them.

Drivers are recognized by name, so that an unused one need not be installed.
"""

from __future__ import annotations

from models.engine.errors import Duplicate, Refused, StorageError, TimedOut, Unavailable

_DRIVERS = ("sqlite3", "pymysql")
_AWAY = ("OperationalError", "InterfaceError", "InternalError")

# SQLite's result codes: a unique index, a primary key; busy, locked; a mistake in a statement; a file that is read-only, or a unit that
# only reads; a file that is damaged, or not an SQLite database.
_SQLITE_DUPLICATE = frozenset({2067, 1555})
# A foreign key (RESTRICT is a trigger's), a CHECK.
_SQLITE_REFUSED = frozenset({787, 1811, 275})
_SQLITE_BUSY = frozenset({5, 6})
_SQLITE_MISTAKE = frozenset({1})
_SQLITE_READONLY = 8
_SQLITE_INTERRUPTED = frozenset({9})
_SQLITE_DAMAGED = frozenset({11, 26})
# Errors that need an operator: these, and a file that can't be opened.
_SQLITE_LASTING = _SQLITE_DAMAGED | {_SQLITE_READONLY, 14}

# MySQL's error numbers: a duplicate key.
_MYSQL_DUPLICATE = frozenset({1062, 1586})
# A foreign key, from either side; a CHECK in MySQL and in MariaDB.
_MYSQL_REFUSED = frozenset({1451, 1452, 3819, 4025})
#: A deadlock (of Galera's nodes, too), or a row that was changed since it was read.
_MYSQL_CONTENDED = frozenset({1020, 1213})
#: These, and a lock wait that timed out.
_MYSQL_BUSY = _MYSQL_CONTENDED | {1205}
#: A lock that a statement does not wait for.
_MYSQL_LOCKED = frozenset({1205, 3572})
#: A connection that broke, was killed, or was closed by a stopping server.
_MYSQL_LOST = frozenset({1053, 1927, 2006, 2013, 3168, 3169, 4031})
#: A server that no longer accepts writes (1290, 1836), or has left its cluster (1047, 3100 to 3167).
_MYSQL_LEFT = frozenset({1047, 1290, 1836, *range(3100, 3168)})
#: A server that can't be reached.
_MYSQL_UNREACHABLE = frozenset({2002, 2003, 2005, 2006, 2013})
#: A commit that failed with one of these was rolled back.
_MYSQL_ROLLED_BACK = frozenset({1020, 1213, 1290, 1836, 3100, 3101})
#: A change of the schema that was made before: a table, column or index that exists already, or that is dropped already.
_MYSQL_MADE = frozenset({1050, 1051, 1060, 1061, 1091})
# An unknown column, a column without a value, a statement that writes in a reading unit.
_MYSQL_MISTAKE = frozenset({1054, 1364, 1792}) | _MYSQL_MADE
# A statement that took longer than it may: MariaDB's max_statement_time, MySQL's max_execution_time.
_MYSQL_INTERRUPTED = frozenset({1969, 3024})
_INTERRUPTED = _SQLITE_INTERRUPTED | _MYSQL_INTERRUPTED


def is_driver_error(error: BaseException) -> bool:
    """Return whether an error is a driver's."""
    return type(error).__module__.startswith(_DRIVERS)


def translate(error: Exception, writes: bool = True) -> StorageError | None:
    """Return the error for a driver's error; None for other exceptions and for bugs.

    :param writes: whether the unit may write. An attempt to write in a reading unit is a bug.

    A transaction that failed because of another one's lock, lost its connection, or met a server that no longer accepts writes, is
    Unavailable with ``again``: it may be repeated.
    """
    if not is_driver_error(error):
        return None
    code, passing = _read_code(error), _SQLITE_BUSY | _MYSQL_BUSY | _MYSQL_LOST | _MYSQL_LEFT
    if code in _SQLITE_REFUSED | _MYSQL_REFUSED:
        return Refused(str(error))
    if _is(error, "IntegrityError"):
        return Duplicate(str(error)) if code in _SQLITE_DUPLICATE | _MYSQL_DUPLICATE else None
    if not _is_away(error, code) or (code == _SQLITE_READONLY and not writes):
        return None
    if code in _INTERRUPTED:
        return TimedOut(f"A statement took too long: {error}")
    return Unavailable(
        f"The database can't be used: {error}",
        again=code in passing,
        lasting=code in _SQLITE_LASTING,
        contended=code in _MYSQL_CONTENDED,
    )


def check(error: Exception, writes: bool = True) -> None:
    """Raise the translation of an error (`translate`), if it has one."""
    translation = translate(error, writes)
    if translation is not None:
        raise translation from error


def is_broken(error: Exception) -> bool:
    """Return whether the connection on which this happened is unusable."""
    code = _read_code(error)
    return is_driver_error(error) and _is_away(error, code) and code not in _SQLITE_BUSY | _MYSQL_BUSY | _INTERRUPTED


def leaves_server(error: Exception) -> bool:
    """Return whether other connections to the same server are unusable, too."""
    return is_broken(error) and _read_code(error) in _MYSQL_LEFT


def is_unreachable(error: Exception) -> bool:
    """Return whether a server neither accepted nor refused a new connection."""
    return isinstance(error, OSError) or (is_driver_error(error) and _read_code(error) in _MYSQL_UNREACHABLE)


def is_rolled_back(error: Exception) -> bool:
    """Return whether a unit whose commit failed with this error is not stored."""
    return is_driver_error(error) and _read_code(error) in _MYSQL_ROLLED_BACK


def is_made(error: Exception) -> bool:
    """Return whether a change of the schema failed because it was made before, on another node of a cluster."""
    return is_driver_error(error) and _read_code(error) in _MYSQL_MADE


def _is_away(error: Exception, code: int) -> bool:
    if code in _SQLITE_DAMAGED and _is(error, "DatabaseError"):
        return True
    return _is(error, *_AWAY) and code not in _SQLITE_MISTAKE | _MYSQL_MISTAKE | _MYSQL_REFUSED


def _is(error: Exception, *names: str) -> bool:
    return any(base.__name__ in names for base in type(error).__mro__)


def _read_code(error: Exception) -> int:
    """Return SQLite's result code (an extended one only for a duplicate or a broken rule), or MySQL's error number."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code if code in _SQLITE_DUPLICATE | _SQLITE_REFUSED else code & 0xFF
    number = error.args[0] if error.args else None
    return number if isinstance(number, int) else 0


def is_locked(error: BaseException) -> bool:
    """Return whether a statement failed because it does not wait for a lock (MySQL's NOWAIT; MariaDB has no separate number for it)."""
    return (
        isinstance(error, Exception)
        and type(error).__module__.startswith(_DRIVERS)
        and _read_code(error) in _MYSQL_LOCKED
    )
