"""Login sessions: callers that signed in by password and then send a cookie. The database stores them, for all workers and nodes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.calls import Cookie, Credentials, parse_cookies
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
#: Seconds between two updates of a session's last use.
TOUCHED = 60
#: Maximum number of characters of an id; longer ones are not looked up.
LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A login session as the client gets it.

    :ivar permanent: whether it outlasts the browser (rememberMe).
    """

    id: str = field(repr=False)
    permanent: bool

    @property
    def seconds(self) -> int:
        """The seconds for which the session lasts after its last use."""
        return PERMANENT if self.permanent else TEMPORARY


@dataclass(frozen=True, slots=True)
class TokenCookies:
    """Tokens for a client that stores them as cookies, and their lifetimes in seconds.

    :ivar refresh: empty for no refresh token.
    """

    access: str = field(repr=False)
    access_seconds: int
    refresh: str = field(default="", repr=False)
    refresh_seconds: int = 0


#: The cookies of a login session and of tokens, by ServiceStack's names.
ID, PERMANENT_ID, OPTION = "ss-id", "ss-pid", "ss-opt"
TOKEN, REFRESH_TOKEN = "ss-tok", "ss-reftok"
#: Maximum number of cookies with the same name to check: a header may have those of several paths and domains.
_MOST_COOKIES = 4


def make_session_cookies(session: LoginSession | None) -> Iterator[Cookie]:
    """Yield the cookies of a new session; for None, cookies that delete the client's."""
    if session is None:
        yield from (Cookie(name, "", 0) for name in (ID, PERMANENT_ID, OPTION))
        return
    # Some clients store the first, some the second; both name the same session. Without Max-Age they end with the browser.
    seconds = session.seconds if session.permanent else None
    yield Cookie(ID, session.id, seconds)
    yield Cookie(PERMANENT_ID, session.id, seconds)
    yield Cookie(OPTION, "perm" if session.permanent else "temp", seconds)


def make_token_cookies(tokens: TokenCookies | None) -> Iterator[Cookie]:
    """Yield the cookies of tokens; for None, cookies that delete the client's."""
    if tokens is None:
        yield from (Cookie(name, "", 0) for name in (TOKEN, REFRESH_TOKEN))
        return
    yield Cookie(TOKEN, tokens.access, tokens.access_seconds)
    if tokens.refresh:
        yield Cookie(REFRESH_TOKEN, tokens.refresh, tokens.refresh_seconds)


def find_token(credentials: Credentials, name: str = TOKEN) -> str:
    """Return the first token in a cookie of that name; empty if there is none."""
    line = credentials.cookie
    return (
        next((value for cookie_name, value in parse_cookies(line) if cookie_name == name and value), "")
        if name in line
        else ""
    )


def list_session_ids(credentials: Credentials) -> list[str]:
    """Return the session ids in a request, the likeliest first: that of the header, then those in the cookie that ss-opt names; an
    expired id must not hide a valid one."""
    values: dict[str, list[str]] = {ID: [], PERMANENT_ID: [], OPTION: []}
    for name, value in parse_cookies(credentials.cookie) if credentials.cookie else ():
        if value and name in values and len(values[name]) < _MOST_COOKIES:
            values[name].append(value)
    order = (PERMANENT_ID, ID) if "perm" in values[OPTION] else (ID, PERMANENT_ID)
    candidates = (credentials.session_id, *(value for name in order for value in values[name]))
    return list(dict.fromkeys(candidate for candidate in candidates if candidate and len(candidate) <= LONGEST_ID))


class SessionUser(NamedTuple):
    """The user of a session.

    :ivar renewed: the session is permanent and was extended, so its cookies should be, too.
    """

    user: Identity
    renewed: bool


class LoginSessions:
    """Starts, finds and ends login sessions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def start(self, user: Identity, *, permanent: bool) -> LoginSession:
        """Create a session with a new id, and delete expired sessions."""
        started = LoginSession(secrets.token_urlsafe(24), permanent)
        now = self._clock()
        with unit_of_work(self._database) as unit:
            login.sweep(unit, instant(now))
            login.insert(
                unit,
                id_hash=hash_session_id(started.id),
                user_id=user.user_id,
                credentials_version=user.credentials_version,
                permanent=permanent,
                now=instant(now),
                expires=instant(now + started.seconds),
            )
        return started

    def find(self, id_hash: str) -> SessionUser | None:
        """Return the user of a session and extend it; None if it is expired or void."""
        now = self._clock()
        with unit_of_work(self._database, write=False) as unit:
            login_row = identity.find_by_login(unit, id_hash)
        if login_row is None:
            return None
        user, state = login_row
        if user.disabled or state.credentials_version != user.credentials_version or state.date_expires <= instant(now):
            return None
        due = seconds_of(state.date_touched) + TOUCHED <= now
        if due:
            self._touch(id_hash, state, now)
        return SessionUser(user, due and bool(state.permanent))

    def end(self, session_id: str) -> bool:
        """End a session for all clients. Return whether it existed."""
        with unit_of_work(self._database) as unit:
            return login.delete(unit, hash_session_id(session_id))

    def _touch(self, id_hash: str, state: LoginState, now: float) -> None:
        lasting = PERMANENT if state.permanent else TEMPORARY
        # A request is not refused because its time can't be stored.
        with suppress(Unavailable), unit_of_work(self._database) as unit:
            login.touch(unit, id_hash, now=instant(now), expires=instant(now + lasting))


def hash_session_id(session_id: str) -> str:
    """Return the stored hash of an id. Ids are random, so a fast hash can't be reversed."""
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()
