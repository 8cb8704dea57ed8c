"""Login sessions, and the failures that lock a subject out. Neither ids nor names are kept, only their hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import peewee

from models import ids
from models.database import Unit
from models.rows import Table
from models.statements import Statement, param
from models.tables import LoginFailure, LoginSession

_SESSIONS = Table(LoginSession)
_FAILURES = Table(LoginFailure)

_TOUCH = Statement(
    lambda: LoginSession.update(
        {LoginSession.date_touched: param("now"), LoginSession.date_expires: param("expires")}
    ).where(LoginSession.id_hash == param("id_hash"), LoginSession.date_touched < param("now"))
)
_SWEEP = Statement(lambda: LoginSession.delete().where(LoginSession.date_expires <= param("now")))
_FAILED = Statement(
    lambda: (
        LoginFailure.select(LoginFailure.subject, peewee.fn.COUNT(LoginFailure.id), peewee.fn.MIN(LoginFailure.date))
        .where(
            (LoginFailure.subject == param("first")) | (LoginFailure.subject == param("second")),
            LoginFailure.date > param("since"),
        )
        .group_by(LoginFailure.subject)
    )
)
_SWEEP_FAILURES = Statement(lambda: LoginFailure.delete().where(LoginFailure.date <= param("before")))


def insert(
    unit: Unit, *, id_hash: str, user_id: str, credentials_version: int, permanent: bool, now: str, expires: str
) -> None:
    """Store a new login session.

    :param credentials_version: the user's at the time of the log-in; the session is void once the user has another one.
    """
    _SESSIONS.insert(
        unit,
        id_hash=id_hash,
        user_id=user_id,
        credentials_version=credentials_version,
        permanent=permanent,
        date_created=now,
        date_touched=now,
        date_expires=expires,
    )


def touch(unit: Unit, id_hash: str, *, now: str, expires: str) -> None:
    """Note that a login session was used, and let it last until `expires`."""
    _TOUCH.execute(unit, id_hash=id_hash, now=now, expires=expires)


def delete(unit: Unit, id_hash: str) -> bool:
    """End a login session; whether there was one."""
    return _SESSIONS.delete(unit, id_hash=id_hash) > 0


def delete_of_user(unit: Unit, user_id: str) -> int:
    """End every login session of a user; how many there were."""
    return _SESSIONS.delete(unit, user_id=user_id)


def sweep(unit: Unit, now: str) -> int:
    """Forget the login sessions that are over; how many there were."""
    return int(_SWEEP.execute(unit, now=now).rowcount)


def note_failures(unit: Unit, subjects: Sequence[str], now: str) -> None:
    """Note a failed log-in of each subject."""
    for subject in subjects:
        _FAILURES.insert(unit, id=ids.new_id(), subject=subject, date=now)


def failures(unit: Unit, first: str, second: str, since: str) -> Mapping[str, tuple[int, str]]:
    """How often each of two subjects failed after `since`, and when first; subjects that did not are left out."""
    rows = _FAILED.rows(unit, first=first, second=second, since=since)
    return {subject: (int(count), oldest) for subject, count, oldest in rows}


def forget_failures(unit: Unit, subject: str) -> int:
    """Forget a subject's failures; how many there were."""
    return _FAILURES.delete(unit, subject=subject)


def sweep_failures(unit: Unit, before: str) -> int:
    """Forget old failures; how many there were."""
    return int(_SWEEP_FAILURES.execute(unit, before=before).rowcount)
