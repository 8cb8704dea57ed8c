"""Units of work that convert the database's failures to the service's errors.

Conflict: another writer was first. Unavailable: the database does not respond, is locked or overloaded. OutcomeUnknown: the connection
broke during the commit. MalformedRequest: a text is not Unicode, such as half of a surrogate pair, which only JSON can write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar, cast

import models
from gateway import errors
from models import Budget, Database, Unit

Result = TypeVar("Result")

_FAILURES = (models.Conflict, models.Duplicate, models.Full, models.Refused, models.Unavailable, UnicodeEncodeError)


@contextmanager
def unit_of_work(database: Database | None, *, write: bool = True, budget: Budget | None = None) -> Iterator[Unit]:
    """Open a transaction. It is committed at the end of the block, and rolled back after an error.

    :param database: None for a service without one: its unit of work refuses statements.
    """
    if database is None:
        yield cast("Unit", _Nothing())
        return
    try:
        with database.unit_of_work(write=write, budget=budget) as unit:
            yield unit
    except _FAILURES as error:
        raise _said(error) from error


def run_unit(
    database: Database | None, write: bool, work: Callable[[Unit], Result], budget: Budget | None = None
) -> Result:
    """Do `work` in one transaction, and return its result. The work is repeated if the database rejects it and nothing of it is stored
    (`models.Database.run`), so `work` must change nothing outside of the unit."""
    try:
        if database is None:
            return work(cast("Unit", _Nothing()))
        return database.run(work, write=write, budget=budget)
    except _FAILURES as error:
        raise _said(error) from error


def probe(database: Database | None) -> None:
    """Check that the database, if there is one, responds; SQLite's file is also written to.

    :raises Unavailable: when that fails.
    """
    if database is None:
        return
    try:
        database.probe()
    except _FAILURES as error:
        raise _said(error) from error


class _Nothing:
    """The unit of work of a service without a database."""

    partly_stored = False

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Do nothing: there is no connection to release."""
        yield

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(
            f"context.unit.{name}: this service has no tables; give it some with use(Rows(...)) or use(Users())"
        )


def _said(error: Exception) -> errors.ServiceError:
    if isinstance(error, models.Full):
        return errors.Conflict(str(error))
    if isinstance(error, models.Refused):
        return errors.Conflict(
            "The change does not fit the stored data: a row that it needs is missing, or is still needed."
        )
    if isinstance(error, models.TimedOut):
        words = "The database took too long for this request. Ask for less: fewer items, a shorter time, more filters."
        return errors.Unavailable(words, error.retry_after)
    if isinstance(error, models.OutcomeUnknown):
        words = (
            "The database was lost before it acknowledged the change: it may be done or not. Read before you repeat it."
        )
        return errors.OutcomeUnknown(words, None)
    if isinstance(error, models.Unavailable):
        return errors.Unavailable("The database can't be used at the moment.", error.retry_after)
    if isinstance(error, UnicodeEncodeError):
        return errors.MalformedRequest("A text holds half of a surrogate pair, which can't be stored.")
    return errors.Conflict("Somebody else changed the same thing at the same time; read it again.")
