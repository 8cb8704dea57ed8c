"""The border to storage: units of work whose failures are the service's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import models
from gateway import errors
from models import Database, Unit


@contextmanager
def unit_of_work(database: Database, *, write: bool = True) -> Iterator[Unit]:
    """One transaction: committed when its block ends, rolled back when anything is raised.

    Raises Conflict where another writer was first, Unavailable where the database is away, locked or overloaded, and MalformedRequest
    for a text that is no Unicode: half of a surrogate pair, which only JSON can spell.
    """
    try:
        with database.unit_of_work(write=write) as unit:
            yield unit
    except (models.Conflict, models.Duplicate) as error:
        raise errors.Conflict("Somebody else changed the same thing at the same time; read it again.") from error
    except UnicodeEncodeError as error:
        raise errors.MalformedRequest("A text holds half of a surrogate pair, which can't be stored.") from error
    except models.Unavailable as error:
        raise errors.Unavailable("The database can't be used for now.", error.retry_after) from error
