"""Copy a whole database and restore it while others read and write.

A copy is an SQLite file, whatever the database is: it has the tables of this version and every row as it was at one moment. So a copy of a
MariaDB database can be read with ``sqlite3``, served by itself, and restored to an SQLite database, and the other way round.
"""

from __future__ import annotations

import importlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from models.engine import migrations
from models.engine.database import Database, Unit, connect
from models.engine.errors import StorageError
from models.engine.owners import Rows

#: Rows that are read or written at once.
BLOCK = 1000

#: Converters of a server's values for SQLite, by type, for types that SQLite's driver does not know.
_CONVERTERS: dict[type, Callable[[Any], Any]] = {
    Decimal: str,
    datetime: lambda value: value.isoformat(" "),
    date: lambda value: value.isoformat(),
    time: lambda value: value.isoformat(),
    timedelta: str,
}


class WrongCopy(StorageError):
    """A copy can't be restored. The message has the reason."""


def save(database: Database, owners: Sequence[Rows], path: Path) -> int:
    """Write a consistent copy of the database while others read and write it.

    The file appears only when it is complete, with mode 600. It replaces an existing file at the end.

    :returns: the bytes of the copy.
    :raises SchemaMismatch: when the schema is not this version's.
    :raises OSError: when the file can't be written.
    """
    migrations.check(database, owners)
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    # SECURITY: the file has the data of all users.
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        if database.dialect == "sqlite":
            with closing(database.peewee._connect()) as source, closing(sqlite3.connect(part)) as target:
                # NOTE: this copies in one step. A copy in several steps restarts whenever another process writes, and might never end.
                source.backup(target)
        else:
            _save_rows(database, owners, part)
        _make_single(part)
        part.replace(path)
        _sync(path.resolve().parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return path.stat().st_size


def restore(database: Database, owners: Sequence[Rows], path: Path, *, replace: bool = False) -> None:
    """Restore the database from a copy in one transaction, and apply later migrations. The tables of passing owners stay as they are.

    :param replace: whether existing rows of the database may be lost.
    :raises WrongCopy: when the file is damaged or not a copy, or the database has rows and `replace` is false.
    :raises SchemaMismatch: when the copy is newer than this version.
    """
    with _open_migrated_copy(path, owners) as copy:
        if not replace and migrations.is_migrated(database) and _has_rows(database, owners):
            raise WrongCopy("the database has rows, which would be lost; to lose them, add --replace")
        if database.dialect == "sqlite":
            with database.unit_of_work():
                pass  # makes the file
            with closing(sqlite3.connect(copy)) as source, closing(database.peewee._connect()) as target:
                # A database of a later version, or a damaged one, is replaced nevertheless.
                with suppress(StorageError, sqlite3.Error):
                    _pass_on(target, source, _list_current_owners(database, owners))
                source.backup(target)
            return
        migrations.apply(database, owners)
        with closing(sqlite3.connect(copy)) as source, database.unit_of_work() as unit:
            unit.execute("SET SESSION foreign_key_checks = 0")
            try:
                for table, columns in _list_tables(owner for owner in owners if not owner.passing):
                    unit.execute(f'DELETE FROM "{table}"')  # noqa: S608 - names of models
                    _insert(unit, table, columns, source)
            finally:
                with suppress(StorageError):
                    unit.execute("SET SESSION foreign_key_checks = 1")


def _list_tables(owners: Iterable[Rows]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the tables of the owners, with their columns."""
    for owner in owners:
        for model in owner.tables:
            meta: Any = model._meta
            yield meta.table_name, [field.column_name for field in meta.sorted_fields]


def _build_select(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f'SELECT {names} FROM "{table}"'  # noqa: S608 - names of models


def _build_insert(table: str, columns: Sequence[str], placeholder: str) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES ({", ".join([placeholder] * len(columns))})'  # noqa: S608 - names of models


def _save_rows(database: Database, owners: Sequence[Rows], path: Path) -> None:
    """Write the rows of a database server, all as they are at the first statement."""
    copy = connect(f"sqlite:///{quote(str(path.resolve()))}", connections=1)
    migrations.apply(copy, owners)
    copy.dispose()
    cursors = importlib.import_module("pymysql.cursors")
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as target,
        database.unit_of_work(write=False) as unit,
    ):
        target.execute("PRAGMA foreign_keys = 0")
        target.execute("BEGIN")
        # The migrations' rows are deleted, because the server's rows include them.
        for table, columns in _list_tables(owners):
            target.execute(f'DELETE FROM "{table}"')  # noqa: S608 - names of models
            unit.execute("SELECT 1")  # renews the unit's connection if it broke while it was idle
            assert unit._held is not None
            # An unbuffered cursor, so that no table is held in memory.
            with closing(unit._held.connection.cursor(cursors.SSCursor)) as cursor:
                cursor.execute(_build_select(table, columns))
                insert = _build_insert(table, columns, "?")
                while rows := cursor.fetchmany(BLOCK):
                    target.executemany(insert, [[*map(_convert_value, row)] for row in rows])
        target.execute("COMMIT")


def _convert_value(value: Any) -> Any:
    convert = _CONVERTERS.get(type(value))
    return value if convert is None else convert(value)


def _insert(unit: Unit, table: str, columns: Sequence[str], source: sqlite3.Connection) -> None:
    cursor = source.execute(_build_select(table, columns))
    while rows := cursor.fetchmany(BLOCK):
        unit.execute_many(_build_insert(table, columns, "%s"), rows)


def _has_rows(database: Database, owners: Sequence[Rows]) -> bool:
    current_owners = _list_current_owners(database, owners)
    with database.unit_of_work(write=False) as unit:
        return any(
            unit.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone() is not None  # noqa: S608 - names of models
            for table, _ in _list_tables(current_owners)
        )


def _list_current_owners(database: Database, owners: Sequence[Rows]) -> list[Rows]:
    """Return the owners whose tables have this version's schema."""
    missing = migrations.missing(database, owners)
    return [owner for owner in owners if not any(name.startswith(f"{owner.owner}/") for name in missing)]


def _pass_on(database: sqlite3.Connection, copy: sqlite3.Connection, owners: Iterable[Rows]) -> None:
    """Put the rows of passing owners into a copy, so that running processes find them after it is restored."""
    with copy:
        for table, columns in _list_tables(owner for owner in owners if owner.passing):
            copy.executemany(_build_insert(table, columns, "?"), database.execute(_build_select(table, columns)))


@contextmanager
def _open_migrated_copy(path: Path, owners: Sequence[Rows]) -> Iterator[Path]:
    """Yield the path of a checked and migrated copy of the file. The file itself is not changed."""
    with TemporaryDirectory(prefix="gateway-restore-", dir=path.resolve().parent) as folder:
        copy = Path(folder) / "rows.db"
        try:
            with (
                closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)) as source,
                closing(sqlite3.connect(copy)) as target,
            ):
                (result,) = source.execute("PRAGMA quick_check(1)").fetchone()
                if result != "ok":
                    raise WrongCopy(f"{path} is damaged: {result}")
                source.backup(target)
        except sqlite3.Error as error:
            raise WrongCopy(f"{path} can't be read as a copy of a database: {error}") from error
        database = connect(f"sqlite:///{quote(str(copy))}", connections=1)
        try:
            if not migrations.is_migrated(database):
                raise WrongCopy(f"{path} is a database, but no copy of this service's: it has none of its migrations")
            migrations.apply(database, owners)
            with database.unit_of_work() as unit:
                for table, _ in _list_tables(owner for owner in owners if owner.passing):
                    unit.execute(f'DELETE FROM "{table}"')  # noqa: S608 - names of models
        finally:
            database.dispose()
        yield copy


def _make_single(path: Path) -> None:
    """Merge the write-ahead log into the file, and wait until it is on the disk."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = delete")
    for name in ("-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
