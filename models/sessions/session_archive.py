"""The archive: old sessions that have ended or were not changed since, removed from the live list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import peewee

from models.engine.conditions import name_parameters, pad
from models.engine.database import Unit
from models.engine.statements import Statement, param
from models.sessions.tables import Session


def _is_old() -> peewee.Expression:
    is_finished = (Session.ended == param("yes")) | (Session.date_last_modified < param("before"))
    return (Session.archived == param("no")) & (Session.date_created < param("before")) & is_finished


_COUNT = Statement(lambda: Session.select(peewee.fn.COUNT(peewee.SQL("*"))).where(_is_old()))


def _select_ids() -> Any:
    return Session.select(Session.id).where(_is_old()).order_by(Session.date_created, Session.id).limit(param("limit"))


# This waits for concurrent changes of these sessions, and skips sessions that are no longer old.
_IDS = Statement(_select_ids, lambda: _select_ids().for_update())


@cache
def _archive(size: int) -> Statement:
    ids = [*map(param, name_parameters("id", size))]
    return Statement(lambda: Session.update({Session.archived: param("yes")}).where(Session.id.in_(ids)))


@cache
def _select_known(size: int) -> Statement:
    ids = [*map(param, name_parameters("id", size))]
    return Statement(lambda: Session.select(Session.id).where(Session.id.in_(ids)))


def count_old(unit: Unit, before: str) -> int:
    """Count the live sessions that were made before an instant, and have ended or were not changed since."""
    return int(_COUNT.row(unit, before=before, yes=True, no=False)[0])


def archive_old(unit: Unit, before: str, limit: int) -> list[str]:
    """Archive at most `limit` of these sessions, the oldest first; return their ids."""
    session_ids = [row[0] for row in _IDS.rows(unit, before=before, yes=True, no=False, limit=limit)]
    if session_ids:
        ids = pad(session_ids)
        _archive(len(ids)).run(unit, [True, *ids])
    return session_ids


def filter_known(unit: Unit, session_ids: Sequence[str]) -> set[str]:
    """Return those of these ids that belong to sessions, live or archived."""
    if not session_ids:
        return set()
    ids = pad(session_ids)
    return {row[0] for row in _select_known(len(ids)).run(unit, ids)}
