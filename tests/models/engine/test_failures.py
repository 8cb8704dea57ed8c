"""What drivers' errors mean."""

from __future__ import annotations

import sqlite3

import pymysql
import pytest

from models import Duplicate, Refused, Unavailable
from models.engine.failures import is_broken, is_rolled_back, leaves_server, translate


def create_sqlite_error(kind: type[sqlite3.Error], code: int) -> sqlite3.Error:
    error = kind("text")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "expected", "again", "broken"),
    [
        (create_sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_UNIQUE), Duplicate, None, False),
        (create_sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY), Duplicate, None, False),
        (create_sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_NOTNULL), None, None, False),
        (create_sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY), Refused, None, False),
        (create_sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_TRIGGER), Refused, None, False),
        (create_sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_CHECK), Refused, None, False),
        (pymysql.err.IntegrityError(1452, "no parent"), Refused, None, False),
        (pymysql.err.OperationalError(3819, "a check"), Refused, None, False),
        (pymysql.err.OperationalError(4025, "a check"), Refused, None, False),
        (create_sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY), Unavailable, True, None),
        (create_sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY_SNAPSHOT), Unavailable, True, None),
        (create_sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_LOCKED), Unavailable, True, None),
        (create_sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_CANTOPEN), Unavailable, False, None),
        (create_sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_IOERR_WRITE), Unavailable, False, None),
        (create_sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_FULL), Unavailable, False, None),
        (create_sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_ERROR), None, None, None),
        (create_sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_READONLY), Unavailable, False, True),
        (create_sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_READONLY_DBMOVED), Unavailable, False, True),
        (create_sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT), Unavailable, False, True),
        (create_sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT_INDEX), Unavailable, False, True),
        (create_sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_NOTADB), Unavailable, False, True),
        (sqlite3.ProgrammingError("text"), None, None, False),
        (pymysql.err.IntegrityError(1062, "Duplicate entry"), Duplicate, None, False),
        (pymysql.err.IntegrityError(1048, "can't be null"), None, None, False),
        (pymysql.err.OperationalError(1213, "Deadlock"), Unavailable, True, False),
        (pymysql.err.OperationalError(1205, "Lock wait timeout"), Unavailable, True, False),
        (pymysql.err.OperationalError(1020, "Record has changed"), Unavailable, True, False),
        (pymysql.err.OperationalError(1290, "running with the --read-only option"), Unavailable, True, True),
        (pymysql.err.OperationalError(1836, "Running in read-only mode"), Unavailable, True, True),
        (pymysql.err.OperationalError(1047, "not yet prepared node"), Unavailable, True, True),
        (pymysql.err.OperationalError(3100, "replication hook"), Unavailable, True, True),
        (pymysql.err.OperationalError(3167, "feature is disabled"), Unavailable, True, True),
        (pymysql.err.OperationalError(3169, "Session was killed"), Unavailable, True, True),
        (pymysql.err.OperationalError(1053, "Server shutdown in progress"), Unavailable, True, True),
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
    translation = translate(error)
    assert (None if translation is None else type(translation)) is expected
    assert getattr(translation, "again", None) is again
    assert not leaves_server(error) or broken
    if broken is not None:
        assert is_broken(error) is broken


def test_a_reading_unit_that_writes_is_a_mistake() -> None:
    error = create_sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_READONLY)
    assert translate(error, writes=False) is None
    assert isinstance(translate(error), Unavailable)


@pytest.mark.parametrize("code", [1290, 1836, 1047, 3100, 3150])
def test_errors_of_a_server_that_all_its_connections_meet(code: int) -> None:
    assert leaves_server(pymysql.err.OperationalError(code, "text"))


@pytest.mark.parametrize("code", [1205, 1213, 1927, 2013, 1040])
def test_errors_of_one_connection(code: int) -> None:
    assert not leaves_server(pymysql.err.OperationalError(code, "text"))


@pytest.mark.parametrize(
    ("code", "expected"), [(1213, True), (1020, True), (1290, True), (3101, True), (2013, False), (1047, False)]
)
def test_commits_that_were_rolled_back(code: int, expected: bool) -> None:
    assert is_rolled_back(pymysql.err.OperationalError(code, "text")) is expected


def test_errors_of_nobodys_driver() -> None:
    class OperationalError(Exception):
        """Of the same name."""

    assert not is_broken(OperationalError(1290))
    assert not is_rolled_back(OperationalError(1213))
