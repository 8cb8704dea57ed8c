"""Which credentials count, in which order, and from when on they do not."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import models
from gateway.calls import Credentials, Method
from gateway.errors import Forbidden, NotAuthenticated, Unavailable
from gateway.users.authenticator import REMEMBERED, Authenticator
from gateway.users.families import GRACE
from gateway.users.sessions import PERMANENT, TEMPORARY, TOUCHED, TokenCookies
from gateway.users.tokens import Lifetimes, TokenError
from models import connect
from tests.databases import TABLES

from .conftest import ADA, ADDRESS, ENGINES, EVE, KEY, PASSWORD, SECRET, World, encode_basic

pytestmark = ENGINES

DAY = 86_400
ACCESS, REFRESH = Lifetimes().access, Lifetimes().refresh


def log_in(authenticator: Authenticator, name: str = ADA, *, permanent: bool = False) -> tuple[str, str, str]:
    """A session's id, an access token, a refresh token."""
    user, session = authenticator.log_in(name, PASSWORD, ADDRESS, permanent=permanent)
    return session.id, *authenticator.make_tokens(user, session)


def find_email(
    authenticator: Authenticator, cookies: tuple[str, ...] = (), token: str = "", **credentials: object
) -> str | None:
    """The e-mail address of the sender of a request with these session ids and this token in cookies."""
    line = "; ".join([*(f"ss-id={cookie}" for cookie in cookies), f"ss-tok={token}"])
    principal = authenticator.authenticate(Credentials(cookie=line, **credentials))  # type: ignore[arg-type]
    return None if principal is None else principal.email


def get_refusal(authenticator: Authenticator, **credentials: object) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        find_email(authenticator, **credentials)  # type: ignore[arg-type]
    return caught.value.message


class TestEachKind:
    """Each kind of credentials, alone."""

    def test_none(self, authenticator: Authenticator) -> None:
        assert authenticator.authenticate(Credentials()) is None

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
    def test_a_key(self, authenticator: Authenticator, scheme: str) -> None:
        principal = authenticator.authenticate(Credentials(authorization=f"{scheme} {KEY}"))
        assert principal is not None
        assert (principal.email, principal.method, principal.roles) == (ADA, Method.KEY, frozenset({"User"}))
        assert len(principal.account_ids) == 1

    def test_a_key_in_its_own_header(self, authenticator: Authenticator) -> None:
        assert find_email(authenticator, api_key=KEY) == ADA
        assert get_refusal(authenticator, api_key="nope") == "Not Authenticated"

    def test_a_key_as_user_name(self, authenticator: Authenticator) -> None:
        assert find_email(authenticator, authorization=encode_basic(KEY)) == ADA
        assert get_refusal(authenticator, authorization=encode_basic("nope")) == "Invalid Username or Password"

    @pytest.mark.parametrize("name", [ADA, "Ada@Example.ORG"])
    def test_basic(self, authenticator: Authenticator, name: str) -> None:
        assert find_email(authenticator, authorization=encode_basic(name, PASSWORD)) == ADA

    def test_basic_of_older_clients(self, world: World) -> None:
        world.administrator().set_password(ADA, "Grüße und so")
        for encoding in ("utf-8", "latin-1"):
            assert find_email(world.authenticator(), authorization=encode_basic(ADA, "Grüße und so", encoding)) == ADA

    def test_a_password_may_hold_colons(self, world: World, authenticator: Authenticator) -> None:
        world.administrator().set_password(ADA, "a:b:c:d:e")
        assert find_email(authenticator, authorization=encode_basic(ADA, "a:b:c:d:e")) == ADA

    @pytest.mark.parametrize(
        "value",
        [
            encode_basic(ADA, "wrong"),
            encode_basic("ghost@example.org", "x"),
            encode_basic(EVE),
            "Basic !!!",
            "Basic Zm9v",
            "Basic /w==",
        ],
    )
    def test_wrong_basic_credentials_always_get_the_same_error(self, authenticator: Authenticator, value: str) -> None:
        assert get_refusal(authenticator, authorization=value) == "Invalid Username or Password"

    @pytest.mark.parametrize("value", ["Bearer nope", "Bearer a.b.c", "Bearer eyJ.b.c", "Bearer \xff", "Bearer a b"])
    def test_wrong_bearers(self, authenticator: Authenticator, value: str) -> None:
        assert get_refusal(authenticator, authorization=value) == "Not Authenticated"

    @pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic", "Digest username=x", "Foo bar"])
    def test_headers_without_credentials(self, authenticator: Authenticator, value: str) -> None:
        assert find_email(authenticator, authorization=value) is None

    def test_a_session(self, authenticator: Authenticator) -> None:
        session, _, _ = log_in(authenticator)
        by_cookie = authenticator.authenticate(Credentials(cookie=f"ss-id={session}"))
        by_header = authenticator.authenticate(Credentials(session_id=session))
        assert by_cookie is not None
        assert by_header is not None
        assert (by_cookie.method, by_header.method) == (Method.COOKIE, Method.SESSION)
        assert by_cookie.session_id == session

    def test_a_token(self, authenticator: Authenticator) -> None:
        _, token, _ = log_in(authenticator)
        principal = authenticator.authenticate(Credentials(authorization=f"Bearer {token}"))
        assert principal is not None
        assert (principal.email, principal.method) == (ADA, Method.TOKEN)

    def test_a_token_is_no_session_and_no_key(self, authenticator: Authenticator) -> None:
        session, token, refresh = log_in(authenticator)
        assert find_email(authenticator, cookies=(token, refresh)) is None
        get_refusal(authenticator, api_key=token)
        get_refusal(authenticator, authorization=f"Bearer {session}")
        get_refusal(authenticator, authorization=f"Bearer {refresh}")
        get_refusal(authenticator, authorization=encode_basic(token))
        with pytest.raises(TokenError):
            authenticator.refresh(token)
        with pytest.raises(TokenError):
            authenticator.refresh(KEY)


class TestOrder:
    """Several kinds of credentials in one request."""

    def test_a_header_beats_a_cookie(self, authenticator: Authenticator) -> None:
        session, _, _ = log_in(authenticator, EVE)
        assert find_email(authenticator, authorization=f"Bearer {KEY}", cookies=(session,)) == ADA
        assert find_email(authenticator, api_key=KEY, cookies=(session,)) == ADA

    def test_old_cookies_hide_nothing(self, authenticator: Authenticator) -> None:
        session, _, _ = log_in(authenticator)
        assert find_email(authenticator, cookies=("stale", "x" * 5000, "\ud83d", session)) == ADA
        assert find_email(authenticator, authorization=f"Bearer {KEY}", cookies=("stale",)) == ADA
        assert find_email(authenticator, session_id="stale", cookies=(session,)) == ADA
        assert find_email(authenticator, cookies=("stale",)) is None

    def test_wrong_headers_are_not_passed_over(self, authenticator: Authenticator) -> None:
        session, _, _ = log_in(authenticator)
        get_refusal(authenticator, authorization=encode_basic(EVE, "wrong"), cookies=(session,))
        get_refusal(authenticator, authorization="Bearer nope", cookies=(session,))
        get_refusal(authenticator, authorization="Bearer nope", api_key=KEY)

    def test_stale_headers_are_skipped_for_valid_credentials(self, world: World, authenticator: Authenticator) -> None:
        _, token, _ = log_in(authenticator)
        world.now += ACCESS + 1
        session, _, _ = log_in(authenticator, EVE)
        assert get_refusal(authenticator, authorization=f"Bearer {token}") == "Token has expired"
        assert find_email(authenticator, authorization=f"Bearer {token}", api_key=KEY) == ADA
        assert find_email(authenticator, authorization=f"Bearer {token}", cookies=(session,)) == EVE
        assert get_refusal(authenticator, authorization=f"Bearer {token}", cookies=("stale",)) == "Token has expired"


class TestKeys:
    """Keys that are not good for ever."""

    def test_they_expire(self, world: World, authenticator: Authenticator) -> None:
        key = world.administrator().add_key(EVE, days=2)
        assert find_email(authenticator, api_key=key) == EVE
        world.now += 2 * DAY
        with pytest.raises(Forbidden, match="ApiKey has expired"):
            find_email(authenticator, api_key=key)

    def test_they_are_revoked_at_once(self, world: World, authenticator: Authenticator) -> None:
        key = world.administrator().add_key(ADA)
        assert find_email(authenticator, api_key=key) == ADA
        assert world.administrator().revoke_keys(ADA, key[-4:]) == 1
        with pytest.raises(Forbidden, match="ApiKey has been cancelled"):
            find_email(authenticator, api_key=key)
        assert find_email(authenticator, api_key=KEY) == ADA

    def test_changes_of_their_owner_count_at_once(self, world: World, authenticator: Authenticator) -> None:
        credentials = Credentials(api_key=KEY)
        before = authenticator.authenticate(credentials)
        assert authenticator.authenticate(credentials) is before
        world.administrator().set_roles(ADA, ["User", "Manager"])
        after = authenticator.authenticate(credentials)
        assert before is not None
        assert after is not None
        assert before.roles == frozenset({"User"})
        assert after.roles == frozenset({"User", "Manager"})
        world.administrator().disable(ADA, disabled=True)
        assert get_refusal(authenticator, api_key=KEY) == "Not Authenticated"

    def test_only_hashes_are_stored(self, world: World) -> None:
        key = world.administrator().add_key(ADA)
        text = read_all_rows(world)
        assert key not in text
        assert KEY not in text
        assert PASSWORD not in text


def read_all_rows(world: World) -> str:
    return "\n".join(row for table in TABLES for row in world.rows(table._meta.table_name))


class TestSessions:
    """Log-ins that are known by a cookie."""

    def test_each_log_in_has_an_id_of_its_own(self, authenticator: Authenticator) -> None:
        ids = {log_in(authenticator)[0] for _ in range(20)}
        assert len(ids) == 20
        assert all(
            len(session_id) == 32 and session_id.replace("-", "").replace("_", "").isalnum() for session_id in ids
        )

    def test_only_the_hash_of_the_id_is_stored(self, world: World, authenticator: Authenticator) -> None:
        session, token, refresh = log_in(authenticator)
        text = read_all_rows(world)
        assert session not in text
        assert token not in text
        assert refresh not in text

    def test_another_worker_knows_them(self, world: World) -> None:
        session, _, _ = log_in(world.authenticator())
        assert find_email(world.authenticator(), cookies=(session,)) == ADA

    @pytest.mark.parametrize(("permanent", "seconds"), [(False, TEMPORARY), (True, PERMANENT)])
    def test_they_last_from_their_last_use(
        self, world: World, authenticator: Authenticator, permanent: bool, seconds: int
    ) -> None:
        session, _, _ = log_in(authenticator, permanent=permanent)
        for _ in range(5):
            world.now += seconds - 1
            assert find_email(authenticator, cookies=(session,)) == ADA
        world.now += seconds
        assert find_email(authenticator, cookies=(session,)) is None

    def test_use_is_stored_once_a_minute(self, world: World, authenticator: Authenticator) -> None:
        session, _, _ = log_in(authenticator)
        touched = []
        for _ in range(13):
            world.now += 10
            find_email(authenticator, cookies=(session,))
            touched += world.rows("login_sessions")
        assert len(set(touched)) == 3
        assert TOUCHED == 60

    def test_a_request_passes_though_its_time_cannot_be_stored(
        self, world: World, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        session, _, _ = log_in(authenticator)
        world.now += TOUCHED

        def fails(*_: object, **__: object) -> None:
            raise Unavailable("locked")

        monkeypatch.setattr("models.users.login.touch", fails)
        assert find_email(authenticator, cookies=(session,)) == ADA

    def test_logging_out_ends_it_everywhere(self, world: World, authenticator: Authenticator) -> None:
        session, _, refresh = log_in(authenticator)
        other, _, _ = log_in(authenticator)
        authenticator.log_out(Credentials(cookie=f"ss-id=stale; ss-pid={session}"))
        assert find_email(world.authenticator(), cookies=(session,)) is None
        assert find_email(world.authenticator(), cookies=(other,)) == ADA
        with pytest.raises(NotAuthenticated, match="invalidated"):
            authenticator.refresh(refresh)

    def test_old_ones_are_swept(self, world: World, authenticator: Authenticator) -> None:
        log_in(authenticator)
        log_in(authenticator, permanent=True)
        world.now += TEMPORARY + 1
        log_in(authenticator)
        assert world.count("login_sessions") == 2


class TestTokens:
    """Tokens between issue and end."""

    def test_no_database_is_read_within_a_minute(
        self, world: World, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(_: models.Unit) -> None:
            raise models.Unavailable("away")

        _, token, _ = log_in(authenticator)
        assert find_email(authenticator, authorization=f"Bearer {token}") == ADA
        monkeypatch.setattr(models.Unit, "__enter__", away)
        assert find_email(authenticator, authorization=f"Bearer {token}") == ADA
        world.now += REMEMBERED
        with pytest.raises(Unavailable):
            find_email(authenticator, authorization=f"Bearer {token}")
        monkeypatch.undo()

    def test_cached_callers_end_with_the_token(self, world: World, authenticator: Authenticator) -> None:
        _, token, _ = log_in(authenticator)
        world.now += ACCESS - 10
        assert find_email(authenticator, authorization=f"Bearer {token}") == ADA
        world.now += 10
        get_refusal(authenticator, authorization=f"Bearer {token}")

    def test_they_are_refreshed(self, world: World, authenticator: Authenticator) -> None:
        _, token, refresh = log_in(authenticator)
        world.now += ACCESS
        get_refusal(authenticator, authorization=f"Bearer {token}")
        assert find_email(authenticator, authorization=f"Bearer {authenticator.refresh(refresh).access}") == ADA

    def test_they_outlast_an_unused_session(self, world: World, authenticator: Authenticator) -> None:
        session, _, refresh = log_in(authenticator)
        world.now += 100 * DAY
        assert find_email(authenticator, cookies=(session,)) is None
        for _ in range(2):
            assert find_email(authenticator, authorization=f"Bearer {authenticator.refresh(refresh).access}") == ADA

    def test_an_expired_refresh_token(self, world: World, authenticator: Authenticator) -> None:
        _, _, refresh = log_in(authenticator)
        world.now += REFRESH
        with pytest.raises(NotAuthenticated, match="expired"):
            authenticator.refresh(refresh)

    def test_logging_out_by_a_token_ends_its_log_in(self, world: World, authenticator: Authenticator) -> None:
        session, token, refresh = log_in(authenticator)
        other_login = log_in(authenticator)
        assert find_email(authenticator, authorization=f"Bearer {token}") == ADA
        world.now += ACCESS
        authenticator.log_out(Credentials(authorization=f"Bearer {token}"))
        world.now -= ACCESS
        assert find_email(authenticator, cookies=(session,)) is None
        get_refusal(authenticator, authorization=f"Bearer {token}")
        with pytest.raises(NotAuthenticated, match="invalidated"):
            authenticator.refresh(refresh)
        assert find_email(authenticator, cookies=(other_login[0],)) == ADA
        assert authenticator.refresh(other_login[2])

    def test_another_worker_refuses_them_within_a_minute(self, world: World, authenticator: Authenticator) -> None:
        _, token, _ = log_in(authenticator)
        other = world.authenticator()
        assert find_email(other, authorization=f"Bearer {token}") == ADA
        authenticator.log_out(Credentials(authorization=f"bearer  {token}"))
        world.now += REMEMBERED
        assert get_refusal(other, authorization=f"Bearer {token}") == "Token has been invalidated"

    def test_a_recheck_refuses_them_at_once(self, world: World, authenticator: Authenticator) -> None:
        other = world.authenticator()
        _, token, _ = log_in(authenticator)
        by_header = Credentials(authorization=f"bearer  {token}")
        by_cookie = Credentials(cookie=f"ss-tok={token}")
        assert other.recheck(by_header) == other.authenticate(by_header)
        assert other.authenticate(by_cookie) is not None
        authenticator.log_out(by_header)
        assert other.authenticate(by_header) is not None
        with pytest.raises(NotAuthenticated, match="Token has been invalidated"):
            other.recheck(by_header)
        assert other.recheck(by_cookie) is None

    def test_a_token_for_another_ends_alone(self, world: World, authenticator: Authenticator) -> None:
        session, _, _ = log_in(authenticator)
        user = authenticator.log_in(ADA, PASSWORD, ADDRESS, permanent=False)[0]
        one, other = authenticator.make_token(user), authenticator.make_token(user)
        authenticator.log_out(Credentials(authorization=f"Bearer {one}"))
        get_refusal(authenticator, authorization=f"Bearer {one}")
        assert find_email(authenticator, authorization=f"Bearer {other}") == ADA
        assert find_email(authenticator, cookies=(session,)) == ADA

    def test_strangers_end_nothing_and_store_nothing(self, world: World, authenticator: Authenticator) -> None:
        authenticator.log_out(
            Credentials(authorization="Bearer eyJ.b.c", cookie="ss-id=made up; ss-tok=eyJ.x.y; ss-reftok=z")
        )
        assert world.count("token_families") == 0

    def test_families_are_swept(self, world: World, authenticator: Authenticator) -> None:
        for _ in range(2):
            _, token, _ = log_in(authenticator)
            authenticator.log_out(Credentials(authorization=f"Bearer {token}"))
            assert world.count("token_families") == 1
            world.now += REFRESH


class TestCookies:
    """Tokens in cookies: refresh tokens rotate."""

    @pytest.fixture
    def tokens(self, authenticator: Authenticator) -> TokenCookies:
        return authenticator.make_token_cookies(authenticator.log_in(ADA, PASSWORD, ADDRESS, permanent=False)[0])

    def test_they_sign_in(self, authenticator: Authenticator, tokens: TokenCookies) -> None:
        for _ in range(2):
            principal = authenticator.authenticate(Credentials(cookie=f"ss-tok={tokens.access}"))
            assert principal is not None
            assert (principal.email, principal.method) == (ADA, Method.COOKIE)
        assert find_email(authenticator, token=tokens.refresh) is None
        assert find_email(authenticator, token=KEY) is None
        assert find_email(authenticator, authorization=tokens.access) is None, "it is not a header"

    def test_expired_ones_are_ignored(self, world: World, authenticator: Authenticator, tokens: TokenCookies) -> None:
        world.now += ACCESS
        assert find_email(authenticator, token=tokens.access) is None
        assert find_email(authenticator, token=tokens.access, api_key=KEY) == ADA
        authenticator.log_out(Credentials(cookie=f"ss-reftok={tokens.refresh}"))
        world.now -= ACCESS
        assert find_email(authenticator, token=tokens.access) is None

    def test_each_refresh_token_is_good_once(
        self, world: World, authenticator: Authenticator, tokens: TokenCookies
    ) -> None:
        end = world.now + REFRESH
        latest = tokens
        for _ in range(3):
            world.now += DAY
            latest = authenticator.refresh(latest.refresh)
            assert find_email(authenticator, token=latest.access) == ADA
            assert world.now + latest.refresh_seconds == end, "renewing does not prolong it"
        world.now = end
        with pytest.raises(NotAuthenticated):
            authenticator.refresh(latest.refresh)

    def test_clients_that_refresh_twice_stay_signed_in(
        self, world: World, authenticator: Authenticator, tokens: TokenCookies
    ) -> None:
        renewed = authenticator.refresh(tokens.refresh)
        world.now += GRACE - 1
        again = world.authenticator().refresh(tokens.refresh)
        assert authenticator.refresh(again.refresh).access
        assert authenticator.refresh(renewed.refresh).access

    def test_one_that_was_copied_ends_them_all(
        self, world: World, authenticator: Authenticator, tokens: TokenCookies
    ) -> None:
        renewed = authenticator.refresh(tokens.refresh)
        world.now += GRACE
        with capture_logs() as lines, pytest.raises(NotAuthenticated):
            authenticator.refresh(tokens.refresh)
        assert [line["event"] for line in lines] == ["refresh token reused"]
        with pytest.raises(NotAuthenticated):
            authenticator.refresh(renewed.refresh)
        assert find_email(authenticator, token=renewed.access) is None

    def test_one_from_before_the_last_is_a_copy(
        self, world: World, authenticator: Authenticator, tokens: TokenCookies
    ) -> None:
        second = authenticator.refresh(tokens.refresh)
        authenticator.refresh(second.refresh)
        with pytest.raises(NotAuthenticated):
            authenticator.refresh(tokens.refresh)

    def test_at_once(self, world: World, tokens: TokenCookies) -> None:
        """Every worker that is asked at the same time answers, and all answer the same refresh token."""
        with ThreadPoolExecutor(4) as threads:
            renewals = [*threads.map(lambda _: world.authenticator().refresh(tokens.refresh), range(4))]
        assert len({renewal.refresh for renewal in renewals}) == 1


class TestSecrets:
    """Secrets that change."""

    def test_secrets_may_change(self, world: World) -> None:
        _, token, refresh = log_in(world.authenticator())
        rotated = world.authenticator("n" * 32, SECRET)
        assert find_email(rotated, authorization=f"Bearer {token}") == ADA
        assert rotated.refresh(refresh)
        get_refusal(world.authenticator("n" * 32), authorization=f"Bearer {token}")


class TestChanges:
    """What a change of a user does to what was issued before."""

    def test_a_new_password(self, world: World, authenticator: Authenticator) -> None:
        session, token, refresh = log_in(authenticator)
        assert find_email(authenticator, authorization=encode_basic(ADA, PASSWORD)) == ADA
        assert find_email(authenticator, authorization=f"Bearer {token}") == ADA
        world.administrator().set_password(ADA, "another password")
        assert find_email(authenticator, cookies=(session,)) is None
        get_refusal(authenticator, authorization=encode_basic(ADA, PASSWORD))
        assert find_email(authenticator, authorization=encode_basic(ADA, "another password")) == ADA
        assert find_email(authenticator, api_key=KEY) == ADA, "keys are credentials of their own"
        with pytest.raises(NotAuthenticated):
            authenticator.refresh(refresh)
        world.now += REMEMBERED
        get_refusal(authenticator, authorization=f"Bearer {token}")

    def test_other_roles(self, world: World, authenticator: Authenticator) -> None:
        session, token, _ = log_in(authenticator)
        by_token = Credentials(authorization=f"Bearer {token}")
        authenticator.authenticate(by_token)
        world.administrator().set_roles(ADA, [])
        ways = [
            Credentials(cookie=f"ss-id={session}"),
            Credentials(api_key=KEY),
            Credentials(authorization=encode_basic(ADA, PASSWORD)),
        ]
        for credentials in ways:
            principal = authenticator.authenticate(credentials)
            assert principal is not None
            assert not principal.roles
        world.now += REMEMBERED
        principal = authenticator.authenticate(by_token)
        assert principal is not None
        assert not principal.roles

    def test_a_disabled_user(self, world: World, authenticator: Authenticator) -> None:
        session, token, refresh = log_in(authenticator)
        world.administrator().disable(ADA, disabled=True)
        assert find_email(authenticator, cookies=(session,)) is None
        get_refusal(authenticator, api_key=KEY)
        get_refusal(authenticator, authorization=encode_basic(ADA, PASSWORD))
        world.now += REMEMBERED
        get_refusal(authenticator, authorization=f"Bearer {token}")
        world.administrator().disable(ADA, disabled=False)
        assert find_email(authenticator, api_key=KEY) == ADA
        assert find_email(authenticator, cookies=(session,)) is None, "a session of before stays over"
        get_refusal(world.authenticator(), authorization=f"Bearer {token}")
        with pytest.raises(NotAuthenticated):
            authenticator.refresh(refresh)

    def test_hashes_are_renewed_at_log_in(self, world: World, authenticator: Authenticator) -> None:
        from .conftest import CountingHasher

        world.hasher = CountingHasher(time_cost=2)
        renewing = world.authenticator()
        log_in(renewing)
        assert len(world.hasher.checked) == 1
        assert ",t=2," in next(row for row in world.rows("users") if ADA in row)
        log_in(renewing)
        assert len(world.hasher.checked) == 2, "each log-in is checked anew"


def test_secrets_are_in_no_log_line_and_no_repr(world: World, authenticator: Authenticator) -> None:
    with capture_logs() as lines:
        session, token, refresh = log_in(authenticator)
        with pytest.raises(NotAuthenticated) as caught:
            authenticator.log_in(ADA, "a wrong secret", ADDRESS, permanent=False)
        key = world.administrator().add_key(ADA)
    credentials = Credentials(f"Bearer {token}", KEY, session, f"ss-id={session}", ADDRESS)
    principal = authenticator.authenticate(credentials)
    text = repr([lines, credentials, principal, str(caught.value), repr(caught.value)])
    for secret in (session, token, refresh, key, KEY, PASSWORD, "a wrong secret"):
        assert secret not in text
    assert {line["event"] for line in lines} == {"password verified", "log-in failed", "key added"}


def test_an_unavailable_database_is_not_a_wrong_password(world: World, tmp_path: Path) -> None:
    away = Authenticator(connect(f"sqlite:///{tmp_path}/nowhere/x.db"), [SECRET], clock=time.time)
    ways = [
        Credentials(api_key=KEY),
        Credentials(authorization=encode_basic(ADA, PASSWORD)),
        Credentials(cookie="ss-id=x"),
    ]
    for credentials in ways:
        with pytest.raises(Unavailable):
            away.authenticate(credentials)
