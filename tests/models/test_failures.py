"""What drivers' errors mean."""

from __future__ import annotations

import sqlite3

import pymysql
import pytest

from models import Duplicate, Unavailable
from models.failures import is_broken, translated


def of_sqlite(kind: type[sqlite3.Error], code: int) -> sqlite3.Error:
    error = kind("text")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "expected", "again", "broken"),
    [
        (of_sqlite(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_UNIQUE), Duplicate, None, False),
        (of_sqlite(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY), Duplicate, None, False),
        (of_sqlite(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_NOTNULL), None, None, False),
        (of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_BUSY), Unavailable, True, None),
        (of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_BUSY_SNAPSHOT), Unavailable, True, None),
        (of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_LOCKED), Unavailable, True, None),
        (of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_CANTOPEN), Unavailable, False, None),
        (of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_IOERR_WRITE), Unavailable, False, None),
        (of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_FULL), Unavailable, False, None),
        (of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_ERROR), None, None, None),
        (of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_READONLY), None, None, None),
        (sqlite3.ProgrammingError("text"), None, None, False),
        (pymysql.err.IntegrityError(1062, "Duplicate entry"), Duplicate, None, False),
        (pymysql.err.IntegrityError(1048, "can't be null"), None, None, False),
        (pymysql.err.OperationalError(1213, "Deadlock"), Unavailable, True, False),
        (pymysql.err.OperationalError(1205, "Lock wait timeout"), Unavailable, True, False),
        (pymysql.err.OperationalError(2003, "Can't connect"), Unavailable, False, True),
        (pymysql.err.OperationalError(2006, "Gone away"), Unavailable, True, True),
        (pymysql.err.OperationalError(2013, "Lost connection"), Unavailable, True, True),
        (pymysql.err.OperationalError(1927, "Connection was killed"), Unavailable, True, True),
        (pymysql.err.OperationalError(1040, "Too many connections"), Unavailable, False, True),
        (pymysql.err.InterfaceError(0, ""), Unavailable, False, True),
        (pymysql.err.InternalError("Packet sequence number wrong"), Unavailable, False, True),
        (pymysql.err.OperationalError(1054, "Unknown column"), None, None, False),
        (pymysql.err.DataError(1406, "Data too long"), None, None, False),
        (pymysql.err.ProgrammingError(1146, "No such table"), None, None, False),
        (KeyError("text"), None, None, False),
    ],
)
def test_meaning(error: Exception, expected: type[Exception] | None, again: bool | None, broken: bool | None) -> None:
    meant = translated(error)
    assert (None if meant is None else type(meant)) is expected
    assert getattr(meant, "again", None) is again
    if broken is not None:
        assert is_broken(error) is broken
