"""Rows: the tables and the functions that read and write them (docs/storage.rst)."""

from models.database import Database, Unit, connect
from models.errors import Conflict, Duplicate, SchemaMismatch, StorageError, Unavailable

__all__ = ["Conflict", "Database", "Duplicate", "SchemaMismatch", "StorageError", "Unavailable", "Unit", "connect"]
