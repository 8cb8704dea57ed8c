"""Rows: the tables and the functions that read and write them (docs/storage.rst)."""

from models.engine.database import Budget, Database, Unit, connect
from models.engine.errors import (
    Conflict,
    Duplicate,
    Full,
    OutcomeUnknown,
    ReadOnly,
    Refused,
    SchemaMismatch,
    StorageError,
    TimedOut,
    Unavailable,
    WrongRows,
)
from models.engine.owners import Rows

__all__ = [
    "Budget",
    "Conflict",
    "Database",
    "Duplicate",
    "Full",
    "OutcomeUnknown",
    "ReadOnly",
    "Refused",
    "Rows",
    "SchemaMismatch",
    "StorageError",
    "TimedOut",
    "Unavailable",
    "Unit",
    "WrongRows",
    "connect",
]
