"""Errors of the storage.

StorageError
+-- Duplicate        a row with the same unique key exists already
+-- Conflict         another writer changed the row first
+-- Full             a session has the maximum of members or log lines
+-- Unavailable      the database is unreachable, locked or overloaded; the unit of work was rolled back
    +-- TimedOut     a statement took longer than it may
    +-- OutcomeUnknown   the connection was lost while the unit of work was committed
+-- Refused          a row breaks a foreign key or a CHECK of its table
+-- SchemaMismatch   the database's schema is not the one that this version needs
+-- WrongRows        the declaration of a service's tables and migrations is wrong
"""

from __future__ import annotations


class StorageError(Exception):
    """The root of this package's errors."""


class Duplicate(StorageError):
    """A row with the same unique key exists already."""


class Conflict(StorageError):
    """Another writer changed the row first."""


class Full(StorageError):
    """A session has the maximum of members or log lines. The message has the number."""


class Unavailable(StorageError):
    """The database is unreachable, locked or overloaded. The unit of work is not stored, unless the connection broke during its commit:
    then it may be stored.

    :ivar retry_after: seconds after which a retry makes sense.
    :ivar lasting: whether an operator is needed: the file is damaged, read-only, or can't be opened.
    :ivar again: whether the unit of work may be repeated at once: it lost a lock or its connection, and nothing is stored.
    :ivar contended: whether another unit changed the same rows first, so that a repeat will succeed sooner or later.
    """

    def __init__(
        self,
        message: str,
        retry_after: int = 2,
        *,
        again: bool = False,
        lasting: bool = False,
        contended: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.again = again
        self.lasting = lasting
        self.contended = contended


class TimedOut(Unavailable):
    """A statement took longer than its unit of work allows. The database works; the query is too large."""


class OutcomeUnknown(Unavailable):
    """The connection broke during the commit: the unit of work may or may not be stored."""


class Refused(StorageError):
    """A row breaks a foreign key or a CHECK of its table: a referenced row is missing, or other rows refer to it."""


class ReadOnly(Exception):
    """A query that changes rows was run in a unit of work that only reads. This is a bug in the service."""


class SchemaMismatch(StorageError):
    """The database's schema is older or newer than this version's."""


class WrongRows(StorageError):
    """The declaration of a service's tables and migrations is wrong. The message names the owner, the location and the correction."""
