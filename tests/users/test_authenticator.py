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

from .conftest import ADA, ADDRESS, ENGINES, EVE, KEY, PASSWORD, SECRET, World, basic

pytestmark = ENGINES

DAY = 86_400
ACCESS, REFRESH = Lifetimes().access, Lifetimes().refresh


def log_in(authenticator: Authenticator, name: str = ADA, *, permanent: bool = False) -> tuple[str, str, str]:
    """A session's id, an access token, a refresh token."""
    user, session = authenticator.log_in(name, PASSWORD, ADDRESS, permanent=permanent)
    return session.id, *authenticator.tokens_of(user, session)


def who(
    authenticator: Authenticator, cookies: tuple[str, ...] = (), token: str = "", **credentials: object
) -> str | None:
    """The e-mail address of the sender of a request with these session ids and this token in cookies."""
    line = "; ".join([*(f"ss-id={each}" for each in cookies), f"ss-tok={token}"])
    found = authenticator.authenticate(Credentials(cookie=line, **credentials))  # type: ignore[arg-type]
    return None if found is None else found.email


def refused(authenticator: Authenticator, **credentials: object) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        who(authenticator, **credentials)  # type: ignore[arg-type]
    return caught.value.message


class TestEachKind:
    """Each kind of credentials, alone."""

    def test_none(self, authenticator: Authenticator) -> None:
        assert authenticator.authenticate(Credentials()) is None

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
    def test_a_key(self, authenticator: Authenticator, scheme: str) -> None:
        found = authenticator.authenticate(Credentials(authorization=f"{scheme} {KEY}"))
        assert found is not None
        assert (found.email, found.method, found.roles) == (ADA, Method.KEY, frozenset({"User"}))
        assert len(found.account_ids) == 1

    def test_a_key_in_its_own_header(self, authenticator: Authenticator) -> None:
        assert who(authenticator, api_key=KEY) == ADA
        assert refused(authenticator, api_key="nope") == "Not Authenticated"

    def test_a_key_as_user_name(self, authenticator: Authenticator) -> None:
        assert who(authenticator, authorization=basic(KEY)) == ADA
        assert refused(authenticator, authorization=basic("nope")) == "Invalid Username or Password"

    @pytest.mark.parametrize("name", [ADA, "Ada@Example.ORG"])
    def test_basic(self, authenticator: Authenticator, name: str) -> None:
        assert who(authenticator, authorization=basic(name, PASSWORD)) == ADA

    def test_basic_of_older_clients(self, world: World) -> None:
        world.administrator().set_password(ADA, "Grüße und so")
        for encoding in ("utf-8", "latin-1"):
            assert who(world.authenticator(), authorization=basic(ADA, "Grüße und so", encoding)) == ADA

    def test_a_password_may_hold_colons(self, world: World, authenticator: Authenticator) -> None:
        world.administrator().set_password(ADA, "a:b:c:d:e")
        assert who(authenticator, authorization=basic(ADA, "a:b:c:d:e")) == ADA

    @pytest.mark.parametrize(
        "value",
        [basic(ADA, "wrong"), basic("ghost@example.org", "x"), basic(EVE), "Basic !!!", "Basic Zm9v", "Basic /w=="],
    )
    def test_basic_that_is_wrong_is_always_told_in_the_same_words(
        self, authenticator: Authenticator, value: str
    ) -> None:
        assert refused(authenticator, authorization=value) == "Invalid Username or Password"

    @pytest.mark.parametrize("value", ["Bearer nope", "Bearer a.b.c", "Bearer eyJ.b.c", "Bearer \xff", "Bearer a b"])
    def test_bearers_that_are_wrong(self, authenticator: Authenticator, value: str) -> None:
        assert refused(authenticator, authorization=value) == "Not Authenticated"

    @pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic", "Digest username=x", "Foo bar"])
    def test_what_is_no_credentials(self, authenticator: Authenticator, value: str) -> None:
        assert who(authenticator, authorization=value) is None

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
        found = authenticator.authenticate(Credentials(authorization=f"Bearer {token}"))
        assert found is not None
        assert (found.email, found.method) == (ADA, Method.TOKEN)

    def test_a_token_is_no_session_and_no_key(self, authenticator: Authenticator) -> None:
        session, token, refresh = log_in(authenticator)
        assert who(authenticator, cookies=(token, refresh)) is None
        refused(authenticator, api_key=token)
        refused(authenticator, authorization=f"Bearer {session}")
        refused(authenticator, authorization=f"Bearer {refresh}")
        refused(authenticator, authorization=basic(token))
        with pytest.raises(TokenError):
            authenticator.refreshed(token)
        with pytest.raises(TokenError):
            authenticator.refreshed(KEY)


class TestOrder:
    """Several kinds of credentials in one request."""

    def test_a_header_beats_a_cookie(self, authenticator: Authenticator) -> None:
        session, _, _ = log_in(authenticator, EVE)
        assert who(authenticator, authorization=f"Bearer {KEY}", cookies=(session,)) == ADA
        assert who(authenticator, api_key=KEY, cookies=(session,)) == ADA

    def test_old_cookies_hide_nothing(self, authenticator: Authenticator) -> None:
        session, _, _ = log_in(authenticator)
        assert who(authenticator, cookies=("stale", "x" * 5000, "\ud83d", session)) == ADA
        assert who(authenticator, authorization=f"Bearer {KEY}", cookies=("stale",)) == ADA
        assert who(authenticator, session_id="stale", cookies=(session,)) == ADA
        assert who(authenticator, cookies=("stale",)) is None

    def test_wrong_headers_are_not_passed_over(self, authenticator: Authenticator) -> None:
        session, _, _ = log_in(authenticator)
        refused(authenticator, authorization=basic(EVE, "wrong"), cookies=(session,))
        refused(authenticator, authorization="Bearer nope", cookies=(session,))
        refused(authenticator, authorization="Bearer nope", api_key=KEY)

    def test_stale_headers_are_passed_over_for_what_is_good(self, world: World, authenticator: Authenticator) -> None:
        _, token, _ = log_in(authenticator)
        world.now += ACCESS + 1
        session, _, _ = log_in(authenticator, EVE)
        assert refused(authenticator, authorization=f"Bearer {token}") == "Token has expired"
        assert who(authenticator, authorization=f"Bearer {token}", api_key=KEY) == ADA
        assert who(authenticator, authorization=f"Bearer {token}", cookies=(session,)) == EVE
        assert refused(authenticator, authorization=f"Bearer {token}", cookies=("stale",)) == "Token has expired"


class TestKeys:
    """Keys that are not good for ever."""

    def test_they_expire(self, world: World, authenticator: Authenticator) -> None:
        key = world.administrator().add_key(EVE, days=2)
        assert who(authenticator, api_key=key) == EVE
        world.now += 2 * DAY
        with pytest.raises(Forbidden, match="ApiKey has expired"):
            who(authenticator, api_key=key)

    def test_they_are_revoked_at_once(self, world: World, authenticator: Authenticator) -> None:
        key = world.administrator().add_key(ADA)
        assert who(authenticator, api_key=key) == ADA
        assert world.administrator().revoke_keys(ADA, key[-4:]) == 1
        with pytest.raises(Forbidden, match="ApiKey has been cancelled"):
            who(authenticator, api_key=key)
        assert who(authenticator, api_key=KEY) == ADA

    def test_what_their_owner_becomes_counts_at_once(self, world: World, authenticator: Authenticator) -> None:
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
        assert refused(authenticator, api_key=KEY) == "Not Authenticated"

    def test_only_hashes_are_stored(self, world: World) -> None:
        key = world.administrator().add_key(ADA)
        text = everything(world)
        assert key not in text
        assert KEY not in text
        assert PASSWORD not in text


def everything(world: World) -> str:
    return "\n".join(row for table in TABLES for row in world.rows(table._meta.table_name))


class TestSessions:
    """Log-ins that are known by a cookie."""

    def test_each_log_in_has_an_id_of_its_own(self, authenticator: Authenticator) -> None:
        ids = {log_in(authenticator)[0] for _ in range(20)}
        assert len(ids) == 20
        assert all(len(each) == 32 and each.replace("-", "").replace("_", "").isalnum() for each in ids)

    def test_only_the_hash_of_the_id_is_stored(self, world: World, authenticator: Authenticator) -> None:
        session, token, refresh = log_in(authenticator)
        text = everything(world)
        assert session not in text
        assert token not in text
        assert refresh not in text

    def test_another_worker_knows_them(self, world: World) -> None:
        session, _, _ = log_in(world.authenticator())
        assert who(world.authenticator(), cookies=(session,)) == ADA

    @pytest.mark.parametrize(("permanent", "seconds"), [(False, TEMPORARY), (True, PERMANENT)])
    def test_they_last_from_their_last_use(
        self, world: World, authenticator: Authenticator, permanent: bool, seconds: int
    ) -> None:
        session, _, _ = log_in(authenticator, permanent=permanent)
        for _ in range(5):
            world.now += seconds - 1
            assert who(authenticator, cookies=(session,)) == ADA
        world.now += seconds
        assert who(authenticator, cookies=(session,)) is None

    def test_use_is_noted_once_a_minute(self, world: World, authenticator: Authenticator) -> None:
        session, _, _ = log_in(authenticator)
        touched = []
        for _ in range(13):
            world.now += 10
            who(authenticator, cookies=(session,))
            touched += world.rows("login_sessions")
        assert len(set(touched)) == 3
        assert TOUCHED == 60

    def test_a_request_passes_though_its_time_cannot_be_noted(
        self, world: World, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        session, _, _ = log_in(authenticator)
        world.now += TOUCHED

        def fails(*_: object, **__: object) -> None:
            raise Unavailable("locked")

        monkeypatch.setattr("models.users.login.touch", fails)
        assert who(authenticator, cookies=(session,)) == ADA

    def test_logging_out_ends_it_everywhere(self, world: World, authenticator: Authenticator) -> None:
        session, _, refresh = log_in(authenticator)
        other, _, _ = log_in(authenticator)
        authenticator.log_out(Credentials(cookie=f"ss-id=stale; ss-pid={session}"))
        assert who(world.authenticator(), cookies=(session,)) is None
        assert who(world.authenticator(), cookies=(other,)) == ADA
        with pytest.raises(NotAuthenticated, match="invalidated"):
            authenticator.refreshed(refresh)

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
        assert who(authenticator, authorization=f"Bearer {token}") == ADA
        monkeypatch.setattr(models.Unit, "__enter__", away)
        assert who(authenticator, authorization=f"Bearer {token}") == ADA
        world.now += REMEMBERED
        with pytest.raises(Unavailable):
            who(authenticator, authorization=f"Bearer {token}")
        monkeypatch.undo()

    def test_what_is_remembered_ends_with_the_token(self, world: World, authenticator: Authenticator) -> None:
        _, token, _ = log_in(authenticator)
        world.now += ACCESS - 10
        assert who(authenticator, authorization=f"Bearer {token}") == ADA
        world.now += 10
        refused(authenticator, authorization=f"Bearer {token}")

    def test_they_are_refreshed(self, world: World, authenticator: Authenticator) -> None:
        _, token, refresh = log_in(authenticator)
        world.now += ACCESS
        refused(authenticator, authorization=f"Bearer {token}")
        assert who(authenticator, authorization=f"Bearer {authenticator.refreshed(refresh).access}") == ADA

    def test_they_outlast_a_session_that_nobody_uses(self, world: World, authenticator: Authenticator) -> None:
        session, _, refresh = log_in(authenticator)
        world.now += 100 * DAY
        assert who(authenticator, cookies=(session,)) is None
        for _ in range(2):
            assert who(authenticator, authorization=f"Bearer {authenticator.refreshed(refresh).access}") == ADA

    def test_a_refresh_token_that_is_over(self, world: World, authenticator: Authenticator) -> None:
        _, _, refresh = log_in(authenticator)
        world.now += REFRESH
        with pytest.raises(NotAuthenticated, match="expired"):
            authenticator.refreshed(refresh)

    def test_logging_out_by_a_token_ends_its_log_in(self, world: World, authenticator: Authenticator) -> None:
        session, token, refresh = log_in(authenticator)
        kept = log_in(authenticator)
        assert who(authenticator, authorization=f"Bearer {token}") == ADA
        world.now += ACCESS
        authenticator.log_out(Credentials(authorization=f"Bearer {token}"))
        world.now -= ACCESS
        assert who(authenticator, cookies=(session,)) is None
        refused(authenticator, authorization=f"Bearer {token}")
        with pytest.raises(NotAuthenticated, match="invalidated"):
            authenticator.refreshed(refresh)
        assert who(authenticator, cookies=(kept[0],)) == ADA
        assert authenticator.refreshed(kept[2])

    def test_another_worker_refuses_them_within_a_minute(self, world: World, authenticator: Authenticator) -> None:
        _, token, _ = log_in(authenticator)
        other = world.authenticator()
        assert who(other, authorization=f"Bearer {token}") == ADA
        authenticator.log_out(Credentials(authorization=f"bearer  {token}"))
        world.now += REMEMBERED
        assert refused(other, authorization=f"Bearer {token}") == "Token has been invalidated"

    def test_one_that_looks_anew_refuses_them_at_once(self, world: World, authenticator: Authenticator) -> None:
        other = world.authenticator()
        _, token, _ = log_in(authenticator)
        shown = Credentials(authorization=f"bearer  {token}")
        by_cookie = Credentials(cookie=f"ss-tok={token}")
        assert other.recheck(shown) == other.authenticate(shown)
        assert other.authenticate(by_cookie) is not None
        authenticator.log_out(shown)
        assert other.authenticate(shown) is not None
        with pytest.raises(NotAuthenticated, match="Token has been invalidated"):
            other.recheck(shown)
        assert other.recheck(by_cookie) is None

    def test_a_token_for_another_ends_alone(self, world: World, authenticator: Authenticator) -> None:
        session, _, _ = log_in(authenticator)
        user = authenticator.log_in(ADA, PASSWORD, ADDRESS, permanent=False)[0]
        one, other = authenticator.token_for(user), authenticator.token_for(user)
        authenticator.log_out(Credentials(authorization=f"Bearer {one}"))
        refused(authenticator, authorization=f"Bearer {one}")
        assert who(authenticator, authorization=f"Bearer {other}") == ADA
        assert who(authenticator, cookies=(session,)) == ADA

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
        return authenticator.token_cookies(authenticator.log_in(ADA, PASSWORD, ADDRESS, permanent=False)[0])

    def test_they_sign_in(self, authenticator: Authenticator, tokens: TokenCookies) -> None:
        for _ in range(2):
            found = authenticator.authenticate(Credentials(cookie=f"ss-tok={tokens.access}"))
            assert found is not None
            assert (found.email, found.method) == (ADA, Method.COOKIE)
        assert who(authenticator, token=tokens.refresh) is None
        assert who(authenticator, token=KEY) is None
        assert who(authenticator, authorization=tokens.access) is None, "it is not a header"

    def test_those_that_are_over_are_nothing(
        self, world: World, authenticator: Authenticator, tokens: TokenCookies
    ) -> None:
        world.now += ACCESS
        assert who(authenticator, token=tokens.access) is None
        assert who(authenticator, token=tokens.access, api_key=KEY) == ADA
        authenticator.log_out(Credentials(cookie=f"ss-reftok={tokens.refresh}"))
        world.now -= ACCESS
        assert who(authenticator, token=tokens.access) is None

    def test_each_refresh_token_is_good_once(
        self, world: World, authenticator: Authenticator, tokens: TokenCookies
    ) -> None:
        end = world.now + REFRESH
        latest = tokens
        for _ in range(3):
            world.now += DAY
            latest = authenticator.refreshed(latest.refresh)
            assert who(authenticator, token=latest.access) == ADA
            assert world.now + latest.refresh_seconds == end, "renewing does not prolong it"
        world.now = end
        with pytest.raises(NotAuthenticated):
            authenticator.refreshed(latest.refresh)

    def test_clients_that_ask_twice_stay_signed_in(
        self, world: World, authenticator: Authenticator, tokens: TokenCookies
    ) -> None:
        renewed = authenticator.refreshed(tokens.refresh)
        world.now += GRACE - 1
        again = world.authenticator().refreshed(tokens.refresh)
        assert authenticator.refreshed(again.refresh).access
        assert authenticator.refreshed(renewed.refresh).access

    def test_one_that_was_copied_ends_them_all(
        self, world: World, authenticator: Authenticator, tokens: TokenCookies
    ) -> None:
        renewed = authenticator.refreshed(tokens.refresh)
        world.now += GRACE
        with capture_logs() as lines, pytest.raises(NotAuthenticated):
            authenticator.refreshed(tokens.refresh)
        assert [line["event"] for line in lines] == ["refresh token reused"]
        with pytest.raises(NotAuthenticated):
            authenticator.refreshed(renewed.refresh)
        assert who(authenticator, token=renewed.access) is None

    def test_one_from_before_the_last_is_a_copy(
        self, world: World, authenticator: Authenticator, tokens: TokenCookies
    ) -> None:
        second = authenticator.refreshed(tokens.refresh)
        authenticator.refreshed(second.refresh)
        with pytest.raises(NotAuthenticated):
            authenticator.refreshed(tokens.refresh)

    def test_at_once(self, world: World, tokens: TokenCookies) -> None:
        """Every worker that is asked at the same time answers, and all answer the same refresh token."""
        with ThreadPoolExecutor(4) as threads:
            made = [*threads.map(lambda _: world.authenticator().refreshed(tokens.refresh), range(4))]
        assert len({each.refresh for each in made}) == 1


class TestSecrets:
    """Secrets that change."""

    def test_secrets_may_change(self, world: World) -> None:
        _, token, refresh = log_in(world.authenticator())
        rotated = world.authenticator("n" * 32, SECRET)
        assert who(rotated, authorization=f"Bearer {token}") == ADA
        assert rotated.refreshed(refresh)
        refused(world.authenticator("n" * 32), authorization=f"Bearer {token}")


class TestChanges:
    """What a change of a user does to what was issued before."""

    def test_a_new_password(self, world: World, authenticator: Authenticator) -> None:
        session, token, refresh = log_in(authenticator)
        assert who(authenticator, authorization=basic(ADA, PASSWORD)) == ADA
        assert who(authenticator, authorization=f"Bearer {token}") == ADA
        world.administrator().set_password(ADA, "another password")
        assert who(authenticator, cookies=(session,)) is None
        refused(authenticator, authorization=basic(ADA, PASSWORD))
        assert who(authenticator, authorization=basic(ADA, "another password")) == ADA
        assert who(authenticator, api_key=KEY) == ADA, "keys are credentials of their own"
        with pytest.raises(NotAuthenticated):
            authenticator.refreshed(refresh)
        world.now += REMEMBERED
        refused(authenticator, authorization=f"Bearer {token}")

    def test_other_roles(self, world: World, authenticator: Authenticator) -> None:
        session, token, _ = log_in(authenticator)
        by_token = Credentials(authorization=f"Bearer {token}")
        authenticator.authenticate(by_token)
        world.administrator().set_roles(ADA, [])
        ways = [
            Credentials(cookie=f"ss-id={session}"),
            Credentials(api_key=KEY),
            Credentials(authorization=basic(ADA, PASSWORD)),
        ]
        for each in ways:
            found = authenticator.authenticate(each)
            assert found is not None
            assert not found.roles
        world.now += REMEMBERED
        found = authenticator.authenticate(by_token)
        assert found is not None
        assert not found.roles

    def test_a_disabled_user(self, world: World, authenticator: Authenticator) -> None:
        session, token, refresh = log_in(authenticator)
        world.administrator().disable(ADA, disabled=True)
        assert who(authenticator, cookies=(session,)) is None
        refused(authenticator, api_key=KEY)
        refused(authenticator, authorization=basic(ADA, PASSWORD))
        world.now += REMEMBERED
        refused(authenticator, authorization=f"Bearer {token}")
        world.administrator().disable(ADA, disabled=False)
        assert who(authenticator, api_key=KEY) == ADA
        assert who(authenticator, cookies=(session,)) is None, "a session of before stays over"
        refused(world.authenticator(), authorization=f"Bearer {token}")
        with pytest.raises(NotAuthenticated):
            authenticator.refreshed(refresh)

    def test_hashes_are_renewed_at_log_in(self, world: World, authenticator: Authenticator) -> None:
        from .conftest import CountingHasher

        world.hasher = CountingHasher(time_cost=2)
        renewing = world.authenticator()
        log_in(renewing)
        assert len(world.hasher.checked) == 1
        assert ",t=2," in next(row for row in world.rows("users") if ADA in row)
        log_in(renewing)
        assert len(world.hasher.checked) == 2, "each log-in is checked anew"


def test_secrets_are_in_no_text_of_ours(world: World, authenticator: Authenticator) -> None:
    with capture_logs() as lines:
        session, token, refresh = log_in(authenticator)
        with pytest.raises(NotAuthenticated) as caught:
            authenticator.log_in(ADA, "a wrong secret", ADDRESS, permanent=False)
        made = world.administrator().add_key(ADA)
    shown = Credentials(f"Bearer {token}", KEY, session, f"ss-id={session}", ADDRESS)
    found = authenticator.authenticate(shown)
    text = repr([lines, shown, found, str(caught.value), repr(caught.value)])
    for secret in (session, token, refresh, made, KEY, PASSWORD, "a wrong secret"):
        assert secret not in text
    assert {line["event"] for line in lines} == {"password verified", "log-in failed", "key added"}


def test_a_database_that_is_away_is_no_wrong_password(world: World, tmp_path: Path) -> None:
    away = Authenticator(connect(f"sqlite:///{tmp_path}/nowhere/x.db"), [SECRET], clock=time.time)
    ways = [Credentials(api_key=KEY), Credentials(authorization=basic(ADA, PASSWORD)), Credentials(cookie="ss-id=x")]
    for credentials in ways:
        with pytest.raises(Unavailable):
            away.authenticate(credentials)
