"""Token families: the tokens of one log-in, which end together.

A family is good until it is ended, and most have no row in the database. Refresh tokens rotate where the client keeps the new one by
itself, as a cookie: each is good once, and the one before it for a moment more, since a client may send two requests at once, or another
one when a response is lost. An older one is a copy in other hands, and ends the family.
"""

from __future__ import annotations

import secrets
from enum import Enum, auto
from typing import NamedTuple

from gateway.transactions import unit_of_work
from gateway.users.clock import Clock, instant, seconds_of
from gateway.users.tokens import Claims
from models import Database, Unit
from models.users import login

#: Seconds for which the refresh token before the good one is still taken.
GRACE = 60


class Outcome(Enum):
    """What came of a refresh token that rotates."""

    GOOD = auto()
    ENDED = auto()
    REUSED = auto()


class Rotation(NamedTuple):
    """What came of it, and the id of the refresh token that is good from now on."""

    outcome: Outcome
    refresh_id: str = ""


class TokenFamilies:
    """Rotates and ends families.

    :param lifetime: seconds for which the longest-lived token is good.
    """

    def __init__(self, database: Database, clock: Clock, lifetime: int) -> None:
        self._database = database
        self._clock = clock
        self._lifetime = lifetime

    def end(self, unit: Unit, family: str) -> None:
        """Make every token of a family void."""
        now = self._clock()
        login.sweep_families(unit, instant(now))
        login.end_family(unit, family, instant(now + self._lifetime))

    def rotate(self, claims: Claims) -> Rotation:
        """Take a refresh token that rotates. One that was replaced longer than `GRACE` seconds ago ends its family."""
        now = self._clock()
        with unit_of_work(self._database) as unit:
            held = login.hold_family(unit, claims.family, instant(claims.expires))
            if held.ended:
                return Rotation(Outcome.ENDED)
            if held.refresh_id in (None, claims.refresh_id):
                made = new_refresh_id()
                login.rotate_family(
                    unit,
                    claims.family,
                    refresh_id=made,
                    previous_id=claims.refresh_id,
                    now=instant(now),
                    expires=instant(claims.expires),
                )
                return Rotation(Outcome.GOOD, made)
            lately = held.date_rotated is not None and now < seconds_of(held.date_rotated) + GRACE
            if held.refresh_id is not None and held.previous_id == claims.refresh_id and lately:
                return Rotation(Outcome.GOOD, held.refresh_id)
            self.end(unit, claims.family)
            login.delete(unit, claims.family)
            return Rotation(Outcome.REUSED)


def new_family() -> str:
    """The id of a family that belongs to no login session."""
    return secrets.token_hex(32)


def new_refresh_id() -> str:
    """The id of a refresh token that rotates."""
    return secrets.token_urlsafe(16)
