"""Read the tables of a database, and compare them with the models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import peewee

from models.engine.ddl import Connection

_TYPE = re.compile(r"([A-Z ]+?)\s*(?:\(([\d, ]+)\))?(?: UNSIGNED)?")
_INTEGERS = (
    ("BOOL", "BOOLEAN", "TINYINT"),
    ("SMALLINT",),
    ("MEDIUMINT",),
    ("INT", "INTEGER", "AUTO"),
    ("BIGINT", "BIGAUTO"),
)
_TEXTS = ("TINYTEXT",), ("TEXT",), ("MEDIUMTEXT",), ("LONGTEXT",)
_BYTES = ("TINYBLOB", "BINARY", "VARBINARY"), ("BLOB",), ("MEDIUMBLOB",), ("LONGBLOB",)
_REALS = ("FLOAT",), ("REAL", "DOUBLE", "DOUBLE PRECISION")
_FAMILIES = {
    "integer": _INTEGERS,
    "text": _TEXTS,
    "bytes": _BYTES,
    "real": _REALS,
    "characters": (("VARCHAR", "CHAR", "UUID"),),
    "decimal": (("DECIMAL", "NUMERIC"),),
    "date and time": (("DATETIME", "TIMESTAMP"),),
}
#: The family of a type, and its width there: a wider type can hold all values of a narrower one.
_KINDS = {
    name: (family, width) for family, types in _FAMILIES.items() for width, names in enumerate(types) for name in names
}
_COLUMNS = {
    "sqlite": """SELECT name, type, NOT "notnull" FROM pragma_table_info(?)""",
    "mysql": "SELECT column_name, column_type, is_nullable = 'YES' FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name = %s AND extra NOT REGEXP '(STORED|VIRTUAL) GENERATED'",
}
_KEY = {
    "sqlite": "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk",
    "mysql": "SELECT column_name FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() AND table_name = %s AND index_name = 'PRIMARY' ORDER BY seq_in_index",
}
_INDEXES = {
    "sqlite": 'SELECT i.name, i."unique", c.name FROM pragma_index_list(?) AS i, pragma_index_info(i.name) AS c '
    "WHERE i.origin <> 'pk' ORDER BY i.name, c.seqno",
    "mysql": "SELECT index_name, NOT non_unique, column_name FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() AND table_name = %s AND index_name <> 'PRIMARY' ORDER BY index_name, seq_in_index",
}


class Column(NamedTuple):
    """A column in the database.

    :ivar type: in capitals: ``VARCHAR(64)``.
    """

    type: str
    null: bool


class Index(NamedTuple):
    """The columns of an index."""

    columns: tuple[str, ...]
    unique: bool


def columns(unit: Connection, table: str) -> dict[str, Column]:
    """Return the columns of a table by name, without those that the database computes; none if there is no such table."""
    rows = unit.execute(_COLUMNS[unit.dialect], (table,)).fetchall()
    return {name: Column(kind.upper(), bool(null)) for name, kind, null in rows}


def key(unit: Connection, table: str) -> tuple[str, ...]:
    """Return the columns of a table's primary key."""
    return tuple(name for (name,) in unit.execute(_KEY[unit.dialect], (table,)).fetchall())


def indexes(unit: Connection, table: str) -> set[Index]:
    """Return the indexes of a table, without the primary key's."""
    found: dict[str, tuple[list[str], bool]] = {}
    for name, unique, column in unit.execute(_INDEXES[unit.dialect], (table,)).fetchall():
        found.setdefault(name, ([], bool(unique)))[0].append(column)
    return {Index(tuple(names), unique) for names, unique in found.values()}


def differences(unit: Connection, models: Iterable[type[peewee.Model]], *, indexes: bool = True) -> list[str]:
    """Compare models with the tables of a database.

    A column must have a type that can hold the values of the model's, and may be null exactly if the model's may. A unique index must be in
    both; the columns of any other index of a model must be the first columns of one of the table's.

    :param indexes: whether indexes are compared.
    :returns: a line for each difference, with the table's name.
    """
    return [line for model in models for line in _table(unit, model, indexes)]


def _table(unit: Connection, model: type[peewee.Model], with_indexes: bool) -> Iterator[str]:
    meta: Any = model._meta
    name = meta.table_name
    there = columns(unit, name)
    if not there:
        yield f"{name}: no migration makes this table of the model {model.__name__}"
        return
    fields = {each.column_name: each for each in meta.sorted_fields}
    yield from (f"{name}: the table lacks the column {each!r} of the model" for each in fields.keys() - there.keys())
    yield from (f"{name}: the model lacks the column {each!r} of the table" for each in there.keys() - fields.keys())
    wanted_key = tuple(each.column_name for each in meta.get_primary_keys())
    for column in (each for each in fields if each in there):
        yield from _column(f"{name}.{column}", unit.dialect, there[column], fields[column], column in wanted_key)
    found_key = key(unit, name)
    if found_key != wanted_key:
        yield f"{name}: the primary key is {_listed(found_key)} in the table and {_listed(wanted_key)} in the model"
    if with_indexes:
        yield from _indexed(name, indexes(unit, name), _wanted_indexes(model))


def _column(name: str, dialect: str, found: Column, field: peewee.Field, in_key: bool) -> Iterator[str]:
    wanted = _wanted_type(field)
    if not _holds(found.type, wanted, dialect):
        yield f"{name}: the type is {found.type} in the table and {wanted} in the model"
    if found.null != bool(field.null) and not in_key:
        yield f"{name}: {_may(found.null)} be null in the table, {_may(bool(field.null))} in the model"


def _may(null: bool) -> str:
    return "may" if null else "must not"


def _wanted_type(field: Any) -> str:
    field = getattr(field, "rel_field", None) or field
    modifiers = field.get_modifiers()
    return f"{field.field_type}({', '.join(map(str, modifiers))})" if modifiers else str(field.field_type)


def _holds(found: str, wanted: str, dialect: str) -> bool:
    """Return whether a column's type can hold all values of the model's."""
    (kind, width, size), (wanted_kind, wanted_width, wanted_size) = _parts(found), _parts(wanted)
    if wanted == "UUID":
        return kind in ("characters", "text")
    wide = dialect == "sqlite" or width >= wanted_width
    sized = kind not in ("characters", "decimal") or size == wanted_size
    return kind == wanted_kind and wide and sized


def _parts(text: str) -> tuple[str, int, str]:
    """Return the family of a type, its width there, and its size as written, without blanks."""
    match = _TYPE.fullmatch(text)
    name, size = (match[1], match[2] or "") if match else (text, "")
    return *_KINDS.get(name, (name, 0)), size.replace(" ", "")


def _wanted_indexes(model: type[peewee.Model]) -> set[Index]:
    meta: Any = model._meta
    single = {Index((each.column_name,), bool(each.unique)) for each in meta.sorted_fields if each.index or each.unique}
    joined = {
        Index(tuple(meta.combined[name].column_name for name in names), bool(unique))
        for names, unique in (each for each in meta.indexes if isinstance(each, tuple))
    }
    return {
        each for each in single | joined if each.columns != tuple(one.column_name for one in meta.get_primary_keys())
    }


def _indexed(name: str, found: set[Index], wanted: set[Index]) -> Iterator[str]:
    for each in sorted(wanted - found):
        served = not each.unique and any(one.columns[: len(each.columns)] == each.columns for one in found)
        if not served:
            yield f"{name}: the table lacks the {_described(each)} of the model"
    yield from (
        f"{name}: the model lacks the {_described(each)} of the table" for each in sorted(found - wanted) if each.unique
    )


def _described(index: Index) -> str:
    return f"{'unique ' if index.unique else ''}index on {_listed(index.columns)}"


def _listed(names: Sequence[str]) -> str:
    return f"({', '.join(names)})"
