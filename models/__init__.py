"""Rows: the tables and the functions that read and write them (docs/storage.rst)."""

from models.engine.database import Budget, Database, Unit, connect
from models.engine.errors import (
    Conflict,
    Duplicate,
    Full,
    OutcomeUnknown,
    SchemaMismatch,
    StorageError,
    TimedOut,
    Unavailable,
)

__all__ = [
    "Budget",
    "Conflict",
    "Database",
    "Duplicate",
    "Full",
    "OutcomeUnknown",
    "SchemaMismatch",
    "StorageError",
    "TimedOut",
    "Unavailable",
    "Unit",
    "connect",
]
