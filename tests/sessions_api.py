"""The sessions API's service, and the first user of its database."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from gateway.sessions.service import service
from gateway.settings import Settings
from gateway.users.administration import Administrator
from gateway.users.bootstrap import FirstUser
from gateway.users.part import Users, find_users
from models import Database

__all__ = ["administrator", "catalog", "first_user", "service"]

catalog = service.catalog


def get_users() -> Users:
    part = find_users(service)
    assert part is not None
    return part


def first_user(database: Database, settings: Settings, kept: Path | None = None) -> FirstUser | None:
    return get_users().first_user(service, database, settings, kept)


def administrator(database: Database, now: float | None = None) -> Administrator:
    return replace(get_users().administrator(service, database), now=time.time() if now is None else now)
