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


def read_columns(unit: Connection, table: str) -> dict[str, Column]:
    """Return the columns of a table by name, without those that the database computes; none if there is no such table."""
    rows = unit.execute(_COLUMNS[unit.dialect], (table,)).fetchall()
    return {name: Column(kind.upper(), bool(null)) for name, kind, null in rows}


def read_key(unit: Connection, table: str) -> tuple[str, ...]:
    """Return the columns of a table's primary key."""
    return tuple(name for (name,) in unit.execute(_KEY[unit.dialect], (table,)).fetchall())


def read_indexes(unit: Connection, table: str) -> set[Index]:
    """Return the indexes of a table, without the primary key's."""
    columns_by_name: dict[str, tuple[list[str], bool]] = {}
    for name, unique, column in unit.execute(_INDEXES[unit.dialect], (table,)).fetchall():
        columns_by_name.setdefault(name, ([], bool(unique)))[0].append(column)
    return {Index(tuple(names), unique) for names, unique in columns_by_name.values()}


def find_differences(unit: Connection, models: Iterable[type[peewee.Model]], *, indexes: bool = True) -> list[str]:
    """Compare models with the tables of a database.

    A column must have a type that can hold the values of the model's, and may be null exactly if the model's may. A unique index must be in
    both; the columns of any other index of a model must be the first columns of one of the table's.

    :param indexes: whether indexes are compared.
    :returns: a line for each difference, with the table's name.
    """
    return [line for model in models for line in _compare_table(unit, model, indexes)]


def _compare_table(unit: Connection, model: type[peewee.Model], with_indexes: bool) -> Iterator[str]:
    meta: Any = model._meta
    name = meta.table_name
    table_columns = read_columns(unit, name)
    if not table_columns:
        yield f"{name}: no migration makes this table of the model {model.__name__}"
        return
    fields = {field.column_name: field for field in meta.sorted_fields}
    yield from (
        f"{name}: the table lacks the column {column!r} of the model" for column in fields.keys() - table_columns.keys()
    )
    yield from (
        f"{name}: the model lacks the column {column!r} of the table" for column in table_columns.keys() - fields.keys()
    )
    model_key = tuple(field.column_name for field in meta.get_primary_keys())
    for column in (name for name in fields if name in table_columns):
        yield from _compare_column(
            f"{name}.{column}", unit.dialect, table_columns[column], fields[column], column in model_key
        )
    table_key = read_key(unit, name)
    if table_key != model_key:
        yield f"{name}: the primary key is {_format_columns(table_key)} in the table and {_format_columns(model_key)} in the model"
    if with_indexes:
        yield from _compare_indexes(name, read_indexes(unit, name), _list_indexes(model))


def _compare_column(name: str, dialect: str, column: Column, field: peewee.Field, in_key: bool) -> Iterator[str]:
    model_type = _format_type(field)
    if not _holds(column.type, model_type, dialect):
        yield f"{name}: the type is {column.type} in the table and {model_type} in the model"
    if column.null != bool(field.null) and not in_key:
        yield f"{name}: {_format_null(column.null)} be null in the table, {_format_null(bool(field.null))} in the model"


def _format_null(null: bool) -> str:
    return "may" if null else "must not"


def _format_type(field: Any) -> str:
    field = getattr(field, "rel_field", None) or field
    modifiers = field.get_modifiers()
    return f"{field.field_type}({', '.join(map(str, modifiers))})" if modifiers else str(field.field_type)


def _holds(column_type: str, model_type: str, dialect: str) -> bool:
    """Return whether a column's type can hold all values of the model's."""
    (kind, width, size), (model_kind, model_width, model_size) = _parse_type(column_type), _parse_type(model_type)
    if model_type == "UUID":
        return kind in ("characters", "text")
    is_wide_enough = dialect == "sqlite" or width >= model_width
    has_same_size = kind not in ("characters", "decimal") or size == model_size
    return kind == model_kind and is_wide_enough and has_same_size


def _parse_type(text: str) -> tuple[str, int, str]:
    """Return the family of a type, its width there, and its size as written, without blanks."""
    match = _TYPE.fullmatch(text)
    name, size = (match[1], match[2] or "") if match else (text, "")
    return *_KINDS.get(name, (name, 0)), size.replace(" ", "")


def _list_indexes(model: type[peewee.Model]) -> set[Index]:
    meta: Any = model._meta
    single = {
        Index((field.column_name,), bool(field.unique)) for field in meta.sorted_fields if field.index or field.unique
    }
    combined = {
        Index(tuple(meta.combined[name].column_name for name in names), bool(unique))
        for names, unique in (entry for entry in meta.indexes if isinstance(entry, tuple))
    }
    return {
        index
        for index in single | combined
        if index.columns != tuple(field.column_name for field in meta.get_primary_keys())
    }


def _compare_indexes(name: str, table_indexes: set[Index], model_indexes: set[Index]) -> Iterator[str]:
    for index in sorted(model_indexes - table_indexes):
        is_served = not index.unique and any(
            other.columns[: len(index.columns)] == index.columns for other in table_indexes
        )
        if not is_served:
            yield f"{name}: the table lacks the {_format_index(index)} of the model"
    yield from (
        f"{name}: the model lacks the {_format_index(index)} of the table"
        for index in sorted(table_indexes - model_indexes)
        if index.unique
    )


def _format_index(index: Index) -> str:
    return f"{'unique ' if index.unique else ''}index on {_format_columns(index.columns)}"


def _format_columns(names: Sequence[str]) -> str:
    return f"({', '.join(names)})"
