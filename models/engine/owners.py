"""Owners of tables: a name, peewee models, and the numbered migrations that create their tables.

    ROWS = Rows("shop.models", migrations="shop.migrations")

Users, the sessions API and your own service are such owners. Each has its own sequence of migrations, and no table of another.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import peewee

from models.engine import ddl
from models.engine.errors import WrongRows
from models.engine.tables import find_differences

_OWNER = re.compile(r"[a-z][a-z0-9_]{0,63}")
_NUMBERED = re.compile(r"m(\d{4})_\w+")
#: A module that is meant as a migration. Names of helper modules do not begin so.
_NEARLY = re.compile(r"m?\d")
_DIALECTS = {"sqlite", "mysql"}
_EXISTS = re.compile(r"table \W?(\w+)\W? already exists")


class Migration(NamedTuple):
    """One step of an owner's history.

    :ivar name: ``0001_first``.
    :ivar expands: whether the previous version may keep running after it; None to conclude it from `up` (`models.engine.plan`).
    """

    name: str
    up: Sequence[ddl.Change]
    down: Sequence[ddl.Change]
    expands: bool | None = None

    @property
    def number(self) -> int:
        """The number in the name."""
        return int(self.name[:4])


class Owner(Protocol):
    """What migrations need to know of an owner."""

    @property
    def owner(self) -> str:
        """The owner's name."""
        ...

    @property
    def steps(self) -> Sequence[Migration]:
        """The migrations in order, from number 1 on."""
        ...


@dataclass(frozen=True)
class Rows:
    """The tables and migrations of one owner. Modules are imported when `tables` or `steps` is first read.

    :param models: the module that defines the peewee models, or a package that imports them from its modules.
    :param migrations: the package of the migrations: modules ``m0001_name``, ``m0002_name``, … with ``UP`` and ``DOWN``.
    :param owner: the owner's name in the database's history; the package of the models if omitted. It must not change later.
    :param passing: the rows are about running processes and their clients: `gateway restore` leaves them as they are.
    :raises WrongRows: when the name is not one of lower-case letters, digits and underscores.
    """

    models: str
    migrations: str
    owner: str = ""
    passing: bool = False

    def __post_init__(self) -> None:
        if not self.owner:
            package = self.models.rpartition(".")[0] or self.models
            object.__setattr__(self, "owner", package.rpartition(".")[2].lower())
        if not _OWNER.fullmatch(self.owner):
            raise WrongRows(
                f"{self.owner!r} is not a name for an owner of tables: use a letter, then letters, digits and underscores, in lower case"
            )

    @cached_property
    def tables(self) -> tuple[type[peewee.Model], ...]:
        """The models, in the order in which the module defines them, without those that are only bases of others.

        :raises WrongRows: when the module is missing or has no models.
        """
        module = self._import(self.models)
        prefix = f"{self.models}."
        classes = [value for value in vars(module).values() if isinstance(value, type)]
        candidates = [
            model
            for model in dict.fromkeys(classes)
            if issubclass(model, peewee.Model) and f"{model.__module__}.".startswith(prefix)
        ]
        models = [model for model in candidates if not _is_base(model, candidates)]
        if not models:
            raise WrongRows(f"{self.owner}: the module {self.models!r} has no peewee models")
        return tuple(models)

    @cached_property
    def steps(self) -> tuple[Migration, ...]:
        """The migrations in order, from number 1 on.

        :raises WrongRows: when the package is missing or empty, a number is missing or used twice, or a module is not a migration.
        """
        package = self._import(self.migrations)
        if not hasattr(package, "__path__"):
            raise WrongRows(
                f"{self.owner}: {self.migrations!r} is a module; make it a package of modules such as m0001_first"
            )
        names = sorted(module.name for module in pkgutil.iter_modules(package.__path__) if _NEARLY.match(module.name))
        invalid_name = next((name for name in names if not _NUMBERED.fullmatch(name)), None)
        if invalid_name is not None:
            raise WrongRows(f"{self.owner}: {invalid_name!r} is not a name for a migration; write it as m0001_name")
        if not names:
            raise WrongRows(
                f"{self.owner}: the package {self.migrations!r} has no migrations: modules such as m0001_first"
            )
        self._check_numbers(names)
        return tuple(self._read_migration(name) for name in names)

    def _check_numbers(self, names: Sequence[str]) -> None:
        for expected, name in enumerate(names, 1):
            number = int(name[1:5])
            if number < expected:
                raise WrongRows(
                    f"{self.owner}: {names[expected - 2]} and {name} have the same number; each needs one of its own"
                )
            if number > expected:
                raise WrongRows(
                    f"{self.owner}: there is no migration {expected:04} before {name}; number them without gaps"
                )

    def _read_migration(self, name: str) -> Migration:
        module = self._import(f"{self.migrations}.{name}")
        up, down = (self._read_changes(module, name, direction) for direction in ("UP", "DOWN"))
        return Migration(name[1:], up, down, self._read_expands(module, name))

    def _read_expands(self, module: ModuleType, name: str) -> bool | None:
        expands = getattr(module, "EXPANDS", None)
        if expands is not None and not isinstance(expands, bool):
            raise WrongRows(f"{self.owner}: EXPANDS of {name} is {expands!r}; write True or False, or omit it")
        return expands

    def _read_changes(self, module: ModuleType, name: str, direction: str) -> Sequence[ddl.Change]:
        value: Any = getattr(module, direction, None)
        if value is None:
            raise WrongRows(
                f"{self.owner}: the migration {name} has no {direction}; write a tuple of changes, () for none"
            )
        if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
            raise WrongRows(
                f"{self.owner}: {direction} of {name} is one change; write a tuple of changes, with a comma behind each"
            )
        changes: tuple[ddl.Change, ...] = tuple(value)
        for change in changes:
            if not (isinstance(change, str) or (isinstance(change, Mapping) and change.keys() <= _DIALECTS)):
                raise WrongRows(
                    f"{self.owner}: {direction} of {name} has {change!r}; a change is an SQL text, or one for each of 'sqlite' and 'mysql'"
                )
        return changes

    def _import(self, name: str) -> ModuleType:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            # A module that the module itself imports is missing: that error is raised as it is.
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise
            raise WrongRows(f"{self.owner}: there is no module {name!r}") from error


def _is_base(model: type[peewee.Model], candidates: Sequence[type[peewee.Model]]) -> bool:
    """Return whether a model is only a base of others: it names no table, and others inherit from it."""
    meta: Any = model._meta
    return meta.table_name == meta.make_table_name() and any(model in candidate.__mro__[1:] for candidate in candidates)


def check_names(owners: Sequence[Owner]) -> None:
    """Check that the owners have different names.

    :raises WrongRows: when two owners have the same name.
    """
    names = [owner.owner for owner in owners]
    duplicate = next((name for name in names if names.count(name) > 1), None)
    if duplicate is not None:
        raise WrongRows(
            f"two owners of tables are named {duplicate!r}; give one of them another name: Rows(…, owner=…)"
        )


def verify(owners: Sequence[Rows]) -> None:
    """Run every migration in an empty SQLite database in memory, and compare the tables that they make with the models.

    :raises WrongRows: when a migration fails, an owner has another owner's table, or models differ from their tables. The message then
        lists all differences.
    """
    check_names(owners)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        unit = _InMemory(connection)
        ddl.run(unit, ddl.HISTORY)
        table_owners = dict.fromkeys(unit.tables(), "the gateway")
        for owner in owners:
            _refuse_shared(owner, table_owners)
            for step in owner.steps:
                table_owners = _run_step(unit, owner, step, table_owners)
        problems = [
            f"{owner.owner}: {difference}"
            for owner in owners
            for difference in find_differences(unit, owner.tables, indexes=False)
        ]
    if problems:
        raise WrongRows("\n".join(["models differ from the tables that their migrations make:", *problems]))


def _refuse_shared(owner: Rows, table_owners: Mapping[str, str]) -> None:
    for table in owner.tables:
        name = table._meta.table_name
        if name in table_owners:
            raise _create_conflict(owner, name, table_owners[name])


def _create_conflict(owner: Rows, table: str, other: str) -> WrongRows:
    return WrongRows(
        f"{owner.owner}: the table {table!r} belongs to {other}; choose another name (table_name in the model's Meta)"
    )


def _run_step(unit: _InMemory, owner: Rows, step: Migration, table_owners: Mapping[str, str]) -> dict[str, str]:
    """Run a step, and return the owner of each table after it."""
    for number, change in enumerate(step.up, 1):
        try:
            ddl.run(unit, change)
        except sqlite3.Error as error:
            conflict = _EXISTS.match(str(error))
            if conflict is not None and table_owners.get(conflict[1], owner.owner) != owner.owner:
                raise _create_conflict(owner, conflict[1], table_owners[conflict[1]]) from error
            raise WrongRows(f"{owner.owner}: change {number} of migration {step.name} fails: {error}") from error
    tables = unit.tables()
    dropped_table = next(
        (table for table in table_owners if table not in tables and table_owners[table] != owner.owner), None
    )
    if dropped_table is not None:
        raise WrongRows(
            f"{owner.owner}: migration {step.name} drops the table {dropped_table!r}, which belongs to {table_owners[dropped_table]}"
        )
    return {table: table_owners.get(table, owner.owner) for table in tables}


class _InMemory:
    """An empty SQLite database in memory, with the operations that schema changes need."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self._connection.execute(sql, values)

    def tables(self) -> set[str]:
        return {name for (name,) in self.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
