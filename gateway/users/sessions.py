"""Login sessions: who signed in by password and is known by a cookie since. The database holds them, so every worker and node does."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.errors import Unavailable
from gateway.transactions import unit_of_work
from gateway.users.clock import Clock, instant, seconds_of
from models import Database
from models.users import identity, login
from models.users.identity import Identity, LoginState

DAY = 86_400
#: Seconds after its last use that a session ends.
TEMPORARY = 14 * DAY
PERMANENT = 28 * DAY
#: Seconds between two notes of a session's use.
TOUCHED = 60
#: Characters that an id may have; longer ones are not even looked for.
LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A session as its client gets it.

    :ivar permanent: whether it outlasts the browser (rememberMe).
    """

    id: str = field(repr=False)
    permanent: bool

    @property
    def seconds(self) -> int:
        """How long it lasts after its last use."""
        return PERMANENT if self.permanent else TEMPORARY


@dataclass(frozen=True, slots=True)
class TokenCookies:
    """Tokens for a client that keeps them as cookies, and how many seconds each is good.

    :ivar refresh: empty for no refresh token.
    """

    access: str = field(repr=False)
    access_seconds: int
    refresh: str = field(default="", repr=False)
    refresh_seconds: int = 0


@dataclass(frozen=True, slots=True)
class LoginChange:
    """What a request did to its client's login.

    :ivar session: a new session; None is the end of it.
    :ivar keeps_session: nothing happened to the session.
    :ivar tokens: new tokens for the client's cookies.
    :ivar ends_tokens: the client should forget the tokens in its cookies.
    """

    session: LoginSession | None
    keeps_session: bool = False
    tokens: TokenCookies | None = None
    ends_tokens: bool = False


class Found(NamedTuple):
    """The user of a session.

    :ivar renewed: the session outlasts the browser and lasts anew, so its cookies should too.
    """

    user: Identity
    renewed: bool


class LoginSessions:
    """Starts, finds and ends login sessions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def start(self, user: Identity, *, permanent: bool) -> LoginSession:
        """A session with an id that nobody has seen before, and the end of those that are over."""
        started = LoginSession(secrets.token_urlsafe(24), permanent)
        now = self._clock()
        with unit_of_work(self._database) as unit:
            login.sweep(unit, instant(now))
            login.insert(
                unit,
                id_hash=session_hash(started.id),
                user_id=user.user_id,
                credentials_version=user.credentials_version,
                permanent=permanent,
                now=instant(now),
                expires=instant(now + started.seconds),
            )
        return started

    def find(self, id_hash: str) -> Found | None:
        """The user of a session, None where it is over or void; the session lasts anew."""
        now = self._clock()
        with unit_of_work(self._database, write=False) as unit:
            found = identity.by_login(unit, id_hash)
        if found is None:
            return None
        user, state = found
        if user.disabled or state.credentials_version != user.credentials_version or state.date_expires <= instant(now):
            return None
        due = seconds_of(state.date_touched) + TOUCHED <= now
        if due:
            self._touch(id_hash, state, now)
        return Found(user, due and bool(state.permanent))

    def end(self, session_id: str) -> bool:
        """End a session, for good and everywhere; whether there was one."""
        with unit_of_work(self._database) as unit:
            return login.delete(unit, session_hash(session_id))

    def _touch(self, id_hash: str, state: LoginState, now: float) -> None:
        lasting = PERMANENT if state.permanent else TEMPORARY
        # A request is not refused because its time can't be noted.
        with suppress(Unavailable), unit_of_work(self._database) as unit:
            login.touch(unit, id_hash, now=instant(now), expires=instant(now + lasting))


def session_hash(session_id: str) -> str:
    """What is stored of an id. Ids are random, so a fast hash can't be turned back."""
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()
