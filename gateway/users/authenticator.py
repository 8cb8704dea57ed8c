"""The authenticator: it returns the principal of a request's credentials.

Credentials are tried in this order, and the first valid ones count: ``Authorization`` (Bearer: a token or an API key; Basic: e-mail
address and password, or an API key as user name), ``X-Api-Key``, ``X-ss-id``, cookies. Wrong credentials are refused at once. Stale
ones, which were valid once, are skipped if valid ones follow. Expired cookies are ignored, because clients keep them for years. So are
expired tokens in a cookie, which come last.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import Any, NamedTuple

from gateway import audit
from gateway.audit import Event
from gateway.calls import Cookie, Credentials, Method, Principal
from gateway.errors import WRONG_LOGIN, Forbidden, LoginFailed, NotAuthenticated, ServiceError
from gateway.transactions import run_unit, unit_of_work
from gateway.users.clock import Clock, instant, seconds_of
from gateway.users.families import Outcome, TokenFamilies, new_family, new_refresh_id
from gateway.users.keys import hash_key
from gateway.users.lockout import Limits, Lockout
from gateway.users.logins import Logins
from gateway.users.passwords import IN_LINE, Passwords
from gateway.users.sessions import (
    REFRESH_TOKEN,
    LoginSession,
    LoginSessions,
    TokenCookies,
    find_token,
    hash_session_id,
    list_session_ids,
    make_session_cookies,
)
from gateway.users.tokens import ACCESS_USE, REFRESH_USE, Claims, Lifetimes, TokenError, TokenExpired, Tokens, is_token
from models import Database
from models.engine.caches import Memory
from models.users import identity, login
from models.users.identity import Identity

#: Seconds for which a token's user is cached.
REMEMBERED = 60


class Authenticator:
    """Authenticates requests, and signs users in and out.

    :param secrets: the secrets of tokens: the first one signs, and tokens of the others are accepted.
    :param in_line: maximum number of log-ins that wait for their password's hash at once in this process.
    :param limits: the numbers of failed log-ins that lock out.
    :param lifetimes: the lifetimes of tokens.
    """

    def __init__(
        self,
        database: Database,
        secrets: Sequence[str],
        *,
        clock: Clock = time.time,
        sleep: Callable[[float], None] = time.sleep,
        passwords: Passwords | None = None,
        in_line: int = IN_LINE,
        limits: Limits | None = None,
        lifetimes: Lifetimes | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self.passwords = passwords or Passwords(clock, in_line=in_line)
        self._logins = Logins(database, self.passwords, Lockout(database, clock, sleep, limits), clock)
        self._sessions = LoginSessions(database, clock)
        self._tokens = Tokens(secrets, clock, lifetimes)
        self._families = TokenFamilies(database, clock, max(self.lifetimes.access, self.lifetimes.refresh))
        # PERF: by the whole header, as most clients spell it.
        self._known_tokens: Memory[str, Principal] = Memory(clock)
        self._known_cookies: Memory[str, Principal] = Memory(clock)
        self._known_keys: Memory[str, _KnownKey] = Memory(clock)

    def authenticate(self, credentials: Credentials) -> Principal | None:
        """Return the caller; None without credentials, or with expired cookies only.

        Raises NotAuthenticated for wrong credentials, Forbidden for an expired or revoked API key, and TooManyRequests.
        """
        header = credentials.authorization
        if header:
            cached_principal = self._known_tokens.get(header) or self._find_by_known_key(header)
            if cached_principal is not None:
                return cached_principal
        stale: ServiceError | None = None
        for attempt in (
            self._find_by_authorization,
            self._find_by_header_key,
            self._find_by_session,
            self._find_by_cookie_token,
        ):
            try:
                principal = attempt(credentials)
            except _Stale as error:
                stale = stale or error.error
                continue
            if principal is not None:
                return principal
        if stale is not None:
            raise stale
        return None

    def recheck(self, credentials: Credentials) -> Principal | None:
        """Authenticate by stored data, without the cache of tokens (`authenticate`)."""
        for token in list_tokens(credentials):
            self._known_tokens.forget(f"Bearer {token}")
            self._known_cookies.forget(token)
        return self.authenticate(credentials)

    def renewal(self, caller: Principal) -> Sequence[Cookie]:
        """Return the cookies of an extended login session."""
        if caller.method is not Method.COOKIE or not caller.renewed:
            return ()
        return tuple(make_session_cookies(LoginSession(caller.session_id, permanent=True)))

    def log_in(self, name: str, password: str, address: str, *, permanent: bool) -> tuple[Identity, LoginSession]:
        """Sign a user in; return the user and a new login session. Raises LoginFailed and TooManyRequests."""
        try:
            user = self._logins.check(name, password, address, every_time=True)
        except NotAuthenticated as error:
            raise LoginFailed(error.message) from None
        return user, self._sessions.start(user, permanent=permanent)

    def log_out(self, credentials: Credentials, *, tokens: bool = True) -> None:
        """End the login sessions of a request, and their tokens.

        :param tokens: also end the log-ins of the request's tokens, in a header or cookie.
        """
        ended = {
            hash_session_id(session_id)
            for session_id in list_session_ids(credentials)
            if self._sessions.end(session_id)
        }
        request_tokens = list_tokens(credentials) if tokens else ()
        ended |= {family for token in request_tokens if (family := self._tokens.find_family(token))}
        for token in request_tokens:
            self._known_tokens.forget(f"Bearer {token}")
            self._known_cookies.forget(token)
        if not ended:
            return
        with unit_of_work(self._database) as unit:
            for family in sorted(ended):
                login.delete(unit, family)
                self._families.end(unit, family)
        audit.record(Event.LOG_OUT)

    def make_tokens(self, user: Identity, session: LoginSession) -> tuple[str, str]:
        """Return an access token and a refresh token of a login session, for clients that store them."""
        family = hash_session_id(session.id)
        return self._tokens.access(user, family, format_full_name(user)), self._tokens.refresh(user, family)

    def make_token_cookies(self, user: Identity, family: str = "") -> TokenCookies:
        """Return an access token and a rotating refresh token, for cookies.

        :param family: the family of the login session with which they end; empty for a new one.
        """
        family = family or new_family()
        access = self._tokens.access(user, family, format_full_name(user))
        return self._make_cookies(access, self._tokens.refresh(user, family, new_refresh_id()), self.lifetimes.refresh)

    def make_token(self, user: Identity) -> str:
        """Return an access token for a user, without a login session."""
        return self._tokens.access(user, new_family(), format_full_name(user))

    def refresh(self, refresh_token: str) -> TokenCookies:
        """Return a new access token, and a new refresh token in place of a rotating one. Other refresh tokens stay valid: ServiceStack's
        clients can't replace theirs.

        Raises NotAuthenticated when the refresh token or its log-in has ended, TokenError when it is not a refresh token.
        """
        try:
            claims = self._tokens.read(refresh_token, REFRESH_USE)
        except TokenExpired:
            raise self._make_refusal(Event.REFRESH_REFUSED, "Token has expired") from None
        except TokenError:
            audit.record(Event.REFRESH_REFUSED, reason="not a refresh token")
            raise
        user = self._find_user(claims)
        if user is None:
            raise self._make_refusal(Event.REFRESH_REFUSED, "Token has been invalidated", claims.user_id)
        renewed = ""
        if claims.refresh_id:
            outcome, refresh_id = self._families.rotate(claims)
            if outcome is not Outcome.GOOD:
                event = Event.REFRESH_REUSED if outcome is Outcome.REUSED else Event.REFRESH_REFUSED
                raise self._make_refusal(event, "Token has been invalidated", claims.user_id)
            renewed = self._tokens.refresh(user, claims.family, refresh_id, claims.expires)
        audit.record(Event.TOKEN_REFRESHED, user=user.user_id, target=user.user_id)
        access = self._tokens.access(user, claims.family, format_full_name(user))
        return self._make_cookies(access, renewed, int(claims.expires - self._clock()))

    @property
    def lifetimes(self) -> Lifetimes:
        """The lifetimes of tokens."""
        return self._tokens.lifetimes

    def _make_cookies(self, access: str, refresh: str, refresh_seconds: int) -> TokenCookies:
        return TokenCookies(access, self.lifetimes.access, refresh, refresh_seconds)

    def _make_refusal(self, event: Event, message: str, target: str | None = None) -> NotAuthenticated:
        audit.record(event, target=target, reason=message)
        return NotAuthenticated(message)

    def _find_by_authorization(self, credentials: Credentials) -> Principal | None:
        if not credentials.authorization:
            return None
        scheme, _, value = credentials.authorization.strip().partition(" ")
        value = value.strip()
        if not value:
            return None
        scheme = scheme.lower()
        if scheme == "bearer":
            return self._find_by_token(value) if is_token(value) else self._find_by_key(value)
        return self._find_by_basic(value, credentials.address) if scheme == "basic" else None

    def _find_by_header_key(self, credentials: Credentials) -> Principal | None:
        return self._find_by_key(credentials.api_key) if credentials.api_key else None

    def _find_by_session(self, credentials: Credentials) -> Principal | None:
        for session_id in list_session_ids(credentials):
            login_session = self._sessions.find(hash_session_id(session_id))
            if login_session is not None:
                method = Method.SESSION if session_id == credentials.session_id else Method.COOKIE
                return make_principal(login_session.user, method, session_id, renewed=login_session.renewed)
        return None

    def _find_by_cookie_token(self, credentials: Credentials) -> Principal | None:
        token = find_token(credentials)
        if not is_token(token):
            return None
        principal = self._known_cookies.get(token)
        if principal is None:
            try:
                claims = self._tokens.read(token, ACCESS_USE)
            except TokenError:
                return None
            user = self._find_user(claims)
            if user is None:
                return None
            principal = make_principal(user, Method.COOKIE)
            self._known_cookies.put(token, principal, min(self._clock() + REMEMBERED, claims.expires))
        return principal

    def _find_by_basic(self, value: str, address: str) -> Principal:
        try:
            name, colon, password = _decode(base64.b64decode(value, validate=True)).partition(":")
        except (binascii.Error, ValueError):
            raise NotAuthenticated(WRONG_LOGIN) from None
        if not colon:
            raise NotAuthenticated(WRONG_LOGIN)
        if not password:
            return self._find_by_key(name, WRONG_LOGIN)
        return make_principal(self._logins.check(name, password, address, every_time=False), Method.PASSWORD)

    def _find_by_key(self, key: str, wrong: str = "Not Authenticated") -> Principal:
        header = f"Bearer {key}"
        cached_principal = self._find_by_known_key(header)
        if cached_principal is not None:
            return cached_principal
        hashed = hash_key(key)
        rows = self._read_key_rows(hashed)
        key_owner = identity.parse_key_rows(rows)
        if key_owner is None or key_owner[0].disabled:
            _record_refusal("key", None if key_owner is None else key_owner[0].user_id, wrong)
            raise NotAuthenticated(wrong)
        user, state = key_owner
        over = "ApiKey has been cancelled" if state.date_revoked else ""
        if state.date_expires and state.date_expires <= instant(self._clock()):
            over = over or "ApiKey has expired"
        if over:
            _record_refusal("key", user.user_id, over)
            raise _Stale(Forbidden(over))
        principal = make_principal(user, Method.KEY)
        until = seconds_of(state.date_expires) if state.date_expires else inf
        self._known_keys.put(header, _KnownKey(hashed, rows, principal), until)
        return principal

    def _find_by_known_key(self, header: str) -> Principal | None:
        """Return the owner of a key that was valid before; None if the key or its owner has changed since.

        PERF: a key is looked up for each request, so that it can be revoked at once, and usually nothing has changed.
        """
        known_key = self._known_keys.get(header)
        return (
            known_key.owner
            if known_key is not None and self._read_key_rows(known_key.hashed) == known_key.rows
            else None
        )

    def _read_key_rows(self, hashed: str) -> Sequence[Any]:
        return run_unit(self._database, False, partial(identity.read_key_rows, key_hash=hashed))

    def _find_by_token(self, token: str) -> Principal:
        header = f"Bearer {token}"
        cached_principal = self._known_tokens.get(header)
        if cached_principal is not None:
            return cached_principal
        try:
            claims = self._tokens.read(token, ACCESS_USE)
        except TokenExpired:
            _record_refusal("token", None, "Token has expired")
            raise _Stale(NotAuthenticated("Token has expired")) from None
        except TokenError as error:
            _record_refusal("token", None, str(error))
            raise NotAuthenticated from None
        user = self._find_user(claims)
        if user is None:
            _record_refusal("token", claims.user_id, "Token has been invalidated")
            raise _Stale(NotAuthenticated("Token has been invalidated"))
        principal = make_principal(user, Method.TOKEN)
        self._known_tokens.put(header, principal, min(self._clock() + REMEMBERED, claims.expires))
        return principal

    def _find_user(self, claims: Claims) -> Identity | None:
        """Return the user of a token; None if the user is gone or has new credentials, or if the token's family has ended."""
        with unit_of_work(self._database, write=False) as unit:
            user = identity.find_by_id(unit, claims.user_id)
            family = login.read_family(unit, claims.family)
        if user is None or user.disabled or (family is not None and family.ended):
            return None
        return user if user.credentials_version == claims.credentials_version else None


def _record_refusal(kind: str, target: str | None, reason: str) -> None:
    audit.record(Event.CREDENTIALS_REFUSED, target=target, kind=kind, reason=reason)


class _KnownKey(NamedTuple):
    """A key that was valid, and its owner.

    :ivar hashed: the hash of the key.
    :ivar rows: the stored columns of the key and its owner (`identity.read_key_rows`).
    """

    hashed: str
    rows: Sequence[Any]
    owner: Principal


class _Stale(Exception):
    """Credentials that were valid once. `error` is the error if no others are valid."""

    def __init__(self, error: ServiceError) -> None:
        super().__init__(error.message)
        self.error = error


def _decode(data: bytes) -> str:
    """Decode UTF-8, or Latin-1 of older clients: RFC 7617, 2.1 leaves it open."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def list_tokens(credentials: Credentials) -> tuple[str, ...]:
    """Return all tokens of a request."""
    texts = (credentials.bearer, find_token(credentials), find_token(credentials, REFRESH_TOKEN))
    return tuple(text for text in texts if is_token(text))


def make_principal(user: Identity, method: Method, session_id: str = "", *, renewed: bool = False) -> Principal:
    """Return a user as a caller."""
    return Principal(
        user_id=user.user_id,
        email=user.email_address,
        display_name=format_full_name(user),
        roles=frozenset(user.roles),
        account_ids=tuple(user.account_ids),
        method=method,
        session_id=session_id,
        renewed=renewed,
    )


def format_full_name(user: Identity) -> str:
    """Return a user's display name: first and last name, or the e-mail address."""
    return " ".join(name for name in (user.first_name, user.last_name) if name) or user.email_address
