"""Login sessions, token families, and counts of failed log-ins. Ids and names are stored only as hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import peewee

from models.engine import ids
from models.engine.conditions import name_parameters, pad
from models.engine.database import Unit
from models.engine.rows import Table
from models.engine.statements import Statement, insert_or_lock, param
from models.users.tables import KnownAddress, LoginFailure, LoginSession, TokenFamily

_SESSIONS = Table(LoginSession)
_FAILURES = Table(LoginFailure)

_TOUCH = Statement(
    lambda: LoginSession.update(
        {LoginSession.date_touched: param("now"), LoginSession.date_expires: param("expires")}
    ).where(LoginSession.id_hash == param("id_hash"), LoginSession.date_touched < param("now"))
)
_SWEEP = Statement(lambda: LoginSession.delete().where(LoginSession.date_expires <= param("now")))
_CLAIM_FAMILY = insert_or_lock(TokenFamily, ("id_hash", "ended", "date_expires"))
_FAMILIES = Table(TokenFamily)
_SWEEP_FAMILIES = Statement(lambda: TokenFamily.delete().where(TokenFamily.date_expires <= param("now")))
_KNOWN = Table(KnownAddress)
_CLAIM_KNOWN = insert_or_lock(KnownAddress, ("subject", "date"))
_SWEEP_KNOWN = Statement(lambda: KnownAddress.delete().where(KnownAddress.date <= param("before")))
_SWEEP_FAILURES = Statement(lambda: LoginFailure.delete().where(LoginFailure.date <= param("before")))


def insert(
    unit: Unit, *, id_hash: str, user_id: str, credentials_version: int, permanent: bool, now: str, expires: str
) -> None:
    """Store a new login session.

    :param credentials_version: the user's version at the time of the log-in; the session is void once the user has another one.
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
    """Record that a login session was used, and extend it to `expires`."""
    _TOUCH.execute(unit, id_hash=id_hash, now=now, expires=expires)


def delete(unit: Unit, id_hash: str) -> bool:
    """End a login session; return whether there was one."""
    return _SESSIONS.delete(unit, id_hash=id_hash) > 0


def delete_of_user(unit: Unit, user_id: str) -> int:
    """End all login sessions of a user; return how many there were."""
    return _SESSIONS.delete(unit, user_id=user_id)


def sweep(unit: Unit, now: str) -> int:
    """Delete expired login sessions; return how many there were."""
    return int(_SWEEP.execute(unit, now=now).rowcount)


def note_failures(unit: Unit, subjects: Sequence[str], now: str) -> None:
    """Record a failed log-in of each subject."""
    for subject in subjects:
        _FAILURES.insert(unit, id=ids.new_id(), subject=subject, date=now)


def count_failures(unit: Unit, subjects: Sequence[str], since: str) -> Mapping[str, tuple[int, str]]:
    """Return the number of failures of each subject after `since`, and the first one's time; omit subjects without failures."""
    padded_subjects = pad(subjects)
    values = dict(zip(name_parameters("subject", len(padded_subjects)), padded_subjects, strict=True))
    rows = _select_failures(len(padded_subjects)).rows(unit, **values, since=since)
    return {subject: (int(count), oldest) for subject, count, oldest in rows}


@cache
def _select_failures(size: int) -> Statement:
    subjects = [*map(param, name_parameters("subject", size))]
    return Statement(
        lambda: (
            LoginFailure.select(
                LoginFailure.subject, peewee.fn.COUNT(LoginFailure.id), peewee.fn.MIN(LoginFailure.date)
            )
            .where(LoginFailure.subject.in_(subjects), LoginFailure.date > param("since"))
            .group_by(LoginFailure.subject)
        )
    )


def forget_failures(unit: Unit, subject: str) -> int:
    """Delete a subject's failures; return how many there were."""
    return _FAILURES.delete(unit, subject=subject)


def sweep_failures(unit: Unit, before: str) -> int:
    """Delete old failures; return how many there were."""
    return int(_SWEEP_FAILURES.execute(unit, before=before).rowcount)


def note_known(unit: Unit, subject: str, now: str) -> None:
    """Record that a subject's log-in succeeded."""
    if _CLAIM_KNOWN.execute(unit, subject=subject, date=now).rowcount != 1:
        _KNOWN.update(unit, {"subject": subject}, date=now)


def read_known_since(unit: Unit, subject: str) -> str | None:
    """Return when a subject's log-in last succeeded; None if it never did."""
    row = _KNOWN.find(unit, subject=subject)
    return None if row is None else str(row.date)


def sweep_known(unit: Unit, before: str) -> int:
    """Delete subjects whose last success is not after `before`; return how many there were."""
    return int(_SWEEP_KNOWN.execute(unit, before=before).rowcount)


class Family(NamedTuple):
    """The stored state of the tokens of one log-in.

    :ivar refresh_id: the valid refresh token, if they rotate; `previous_id` is the one that it replaced at `date_rotated`.
    """

    ended: bool
    refresh_id: str | None
    previous_id: str | None
    date_rotated: str | None


def read_family(unit: Unit, id_hash: str) -> Family | None:
    """Return the stored state of a token family; None for a valid family without a row."""
    row: Any = _FAMILIES.find(unit, id_hash=id_hash)
    return None if row is None else Family(row.ended, row.refresh_id, row.previous_id, row.date_rotated)


def hold_family(unit: Unit, id_hash: str, expires: str) -> Family:
    """Return the state of a token family, created if missing, and locked until the unit of work ends.

    :param expires: when the last of its tokens expires.
    """
    _CLAIM_FAMILY.execute(unit, id_hash=id_hash, ended=0, date_expires=expires)
    state = read_family(unit, id_hash)
    assert state is not None
    return state


def rotate_family(
    unit: Unit, id_hash: str, *, refresh_id: str, previous_id: str | None, now: str, expires: str
) -> None:
    """Replace the valid refresh token of a family that is held (`hold_family`)."""
    changes = {"refresh_id": refresh_id, "previous_id": previous_id, "date_rotated": now, "date_expires": expires}
    _FAMILIES.update(unit, {"id_hash": id_hash}, **changes)


def end_family(unit: Unit, id_hash: str, expires: str) -> None:
    """Make all tokens of a family void."""
    hold_family(unit, id_hash, expires)
    _FAMILIES.update(unit, {"id_hash": id_hash}, ended=True, date_expires=expires)


def sweep_families(unit: Unit, now: str) -> int:
    """Delete the families whose tokens have all expired; return how many there were."""
    return int(_SWEEP_FAMILIES.execute(unit, now=now).rowcount)
