"""Token families: the tokens of one log-in, which end together.

A family is valid until it is ended, and most families have no row in the database. Refresh tokens rotate if the client stores the new one
automatically, as a cookie. Each is valid once, and its predecessor for a moment longer, because a client may send two requests at once, or
repeat one whose response was lost. An older refresh token must be a stolen copy, and ends the family.
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

#: Seconds for which the predecessor of the valid refresh token is still accepted.
GRACE = 60


class Outcome(Enum):
    """The outcome of using a rotating refresh token."""

    GOOD = auto()
    ENDED = auto()
    REUSED = auto()


class Rotation(NamedTuple):
    """The outcome, and the id of the refresh token that is valid from now on."""

    outcome: Outcome
    refresh_id: str = ""


class TokenFamilies:
    """Rotates and ends families.

    :param lifetime: seconds for which the longest-lived token is valid.
    """

    def __init__(self, database: Database, clock: Clock, lifetime: int) -> None:
        self._database = database
        self._clock = clock
        self._lifetime = lifetime

    def end(self, unit: Unit, family: str) -> None:
        """Invalidate every token of a family."""
        now = self._clock()
        login.sweep_families(unit, instant(now))
        login.end_family(unit, family, instant(now + self._lifetime))

    def rotate(self, claims: Claims) -> Rotation:
        """Use a rotating refresh token. One that was replaced more than `GRACE` seconds ago ends its family."""
        now = self._clock()
        with unit_of_work(self._database) as unit:
            family = login.hold_family(unit, claims.family, instant(claims.expires))
            if family.ended:
                return Rotation(Outcome.ENDED)
            if family.refresh_id in (None, claims.refresh_id):
                refresh_id = new_refresh_id()
                login.rotate_family(
                    unit,
                    claims.family,
                    refresh_id=refresh_id,
                    previous_id=claims.refresh_id,
                    now=instant(now),
                    expires=instant(claims.expires),
                )
                return Rotation(Outcome.GOOD, refresh_id)
            lately = family.date_rotated is not None and now < seconds_of(family.date_rotated) + GRACE
            if family.refresh_id is not None and family.previous_id == claims.refresh_id and lately:
                return Rotation(Outcome.GOOD, family.refresh_id)
            self.end(unit, claims.family)
            login.delete(unit, claims.family)
            return Rotation(Outcome.REUSED)


def new_family() -> str:
    """Return the id of a new family that belongs to no login session."""
    return secrets.token_hex(32)


def new_refresh_id() -> str:
    """Return the id of a new rotating refresh token."""
    return secrets.token_urlsafe(16)
