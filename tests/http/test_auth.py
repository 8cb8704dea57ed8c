"""Signing in over HTTP, as clients do it and as attackers try."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webtest import TestApp

from gateway import calls, wsgi
from gateway.http import auth
from gateway.http.app import Options, create_app
from gateway.settings import Settings
from gateway.users.sessions import LoginSession, list_session_ids, make_session_cookies
from serializers.registry import default_registry
from tests.sessions_api import catalog, first_user
from tests.users.conftest import ADA, EVE, KEY, PASSWORD, World, cheap, store, world

__all__ = ["cheap", "store", "world"]

ORIGIN = "https://app.example.com"
DAY = 86_400
OLD, NEW = "old-secret-of-these-tests-0123456789abcdef", "new-secret-of-these-tests-0123456789abcdef"
CREDENTIALS = {"provider": "credentials", "userName": ADA, "password": PASSWORD}


class Client:
    """A client with a jar of its own, that shows every status."""

    def __init__(self, app: Any) -> None:
        self.app = TestApp(app)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        request_headers = {name.replace("_", "-"): value for name, value in headers.items()}
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if body is not None:
            request_headers.setdefault("Content-Type", "application/json")
        return self.app.request(path, method=method, body=data, headers=request_headers, status="*")

    def log_in(self, **changes: Any) -> Any:
        response = self("POST", "/auth", {**CREDENTIALS, **changes})
        assert response.status_code == 200, response.text
        return response.json

    def read_user(self, **headers: str) -> str | None:
        return self("GET", "/auth/status", **headers).json.get("emailAddress")  # type: ignore[no-any-return]


@pytest.fixture
def app(world: World) -> Any:
    options = Options(proxies=("127.0.0.1",), origins=(ORIGIN,))
    return create_app(catalog, default_registry(), world.database, world.authenticator(), options)


@pytest.fixture
def client(app: Any) -> Client:
    return Client(app)


def list_cookies(response: Any) -> list[str]:
    return response.headers.getall("Set-Cookie")  # type: ignore[no-any-return]


def make_basic(name: str, password: str = "") -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


# Logging in.

ADDRESSES = {
    "/auth/credentials": {"userName": ADA, "password": PASSWORD},
    "/auth": CREDENTIALS,
    "/Auth/Credentials": {"UserName": ADA, "Password": PASSWORD},
    "/json/reply/Authenticate": CREDENTIALS,
    "/json/reply/authenticate": {"userName": ADA, "password": PASSWORD},
    "/api/Authenticate": CREDENTIALS,
    "/json/oneway/Authenticate": CREDENTIALS,
}


@pytest.mark.parametrize("path", ADDRESSES)
def test_log_in_at_every_address(client: Client, path: str) -> None:
    response = client("POST", path, ADDRESSES[path])
    assert response.status_code == 200
    login = response.json
    assert login["userName"] == ADA
    assert login["displayName"] == ADA
    assert login["roles"] == ["User"]
    assert login["permissions"] == []
    assert login["responseStatus"] == {}
    assert {"userId", "sessionId", "bearerToken", "refreshToken"} <= login.keys()
    assert client.read_user() == ADA


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", json.dumps(CREDENTIALS)),
        ("text/plain;charset=UTF-8", json.dumps(CREDENTIALS)),
        ("application/jsv", f"{{provider:credentials,UserName:{ADA},Password:{PASSWORD}}}"),
        ("application/x-www-form-urlencoded", f"UserName={ADA}&Password={PASSWORD}&provider=credentials"),
        (
            "application/xml",
            '<Authenticate xmlns="http://schemas.servicestack.net/types"><provider>credentials</provider>'
            f"<UserName>{ADA}</UserName><Password>{PASSWORD}</Password></Authenticate>",
        ),
        ("text/csv", f"provider,UserName,Password\r\ncredentials,{ADA},{PASSWORD}\r\n"),
    ],
)
@pytest.mark.parametrize("asked", ["json", "jsv", "xml", "csv", "html"])
def test_log_in_in_every_format(client: Client, kind: str, body: str, asked: str) -> None:
    response = client("POST", f"/auth.{asked}", body.encode(), Content_Type=kind)
    assert response.status_code == 200
    assert ADA in response.text
    assert len(list_cookies(response)) == 3
    assert client.read_user() == ADA


def test_the_answer_in_xml_is_servicestacks(client: Client) -> None:
    root = ElementTree.fromstring(client("POST", "/auth.xml", CREDENTIALS).body)
    assert root.tag == "{http://schemas.servicestack.net/types}AuthenticateResponse"
    refusal = ElementTree.fromstring(client("POST", "/auth.xml", {**CREDENTIALS, "password": "wrong"}).body)
    assert refusal.tag == root.tag
    assert refusal.findtext(".//{*}ErrorCode") == "Unauthorized"


def test_what_was_typed_is_the_user_name(client: Client) -> None:
    assert client.log_in(userName="ADA@Example.org")["userName"] == "ADA@Example.org"


@pytest.mark.parametrize("asked", ["json", "jsv", "xml", "csv", "html"])
def test_wrong_credentials(client: Client, asked: str) -> None:
    for name in (ADA, "ghost@example.org"):
        response = client(
            "POST", f"/{asked}/reply/Authenticate", {**CREDENTIALS, "userName": name, "password": "wrong"}
        )
        assert response.status_code == 401
        assert "Unauthorized" in response.text
        assert "Invalid Username or Password" in response.text
        assert not list_cookies(response)


def test_known_and_unknown_users_are_answered_alike(client: Client) -> None:
    def read_refusal(name: str) -> tuple[Any, ...]:
        response = client("POST", "/auth", {**CREDENTIALS, "userName": name, "password": "wrong"})
        headers = [(key, value) for key, value in response.headerlist if key != "X-Request-Id"]
        return response.status_code, response.body, headers

    assert read_refusal(ADA) == read_refusal("ghost@example.org")


@pytest.mark.parametrize("missing", ["userName", "password"])
def test_missing_credentials(client: Client, missing: str) -> None:
    response = client("POST", "/auth/credentials", {**CREDENTIALS, missing: ""})
    assert response.status_code == 400
    assert [(error["fieldName"], error["errorCode"]) for error in response.json["responseStatus"]["errors"]] == [
        (missing[0].upper() + missing[1:], "NotEmpty")
    ]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/auth", 401, "Unauthorized"),
        ("GET", "/auth", 401, "Unauthorized"),
        ("POST", "/auth/jwt", 401, "Unauthorized"),
        ("POST", "/auth/facebook", 404, "NotFound"),
        ("GET", "/auth/session", 404, "NotFound"),
        (
            "GET",
            f"/auth/credentials?userName={ADA}&password={PASSWORD}".replace(" ", "+"),
            405,
            "NotSupportedException",
        ),
        ("POST", "/access-token", 400, "NotEmpty"),
    ],
)
def test_what_signs_nobody_in(client: Client, method: str, path: str, status: int, code: str) -> None:
    response = client(method, path, {} if method == "POST" else None)
    assert response.status_code == status
    assert response.json["responseStatus"]["errorCode"] == code
    assert not list_cookies(response)


@pytest.mark.parametrize(
    "value", ["\ud83d", "x" * 10_000, "\0", "a\r\nSet-Cookie: x=y", "' OR 1=1 --", "\N{PILE OF POO}"]
)
@pytest.mark.parametrize("name", ["userName", "password", "provider", "refreshToken"])
def test_odd_values_are_refused_and_nothing_else(client: Client, name: str, value: str) -> None:
    path = "/access-token" if name == "refreshToken" else "/auth"
    response = client("POST", path, {**CREDENTIALS, name: value})
    assert response.status_code in (400, 401, 404)
    assert "x" not in {line.split("=")[0] for line in list_cookies(response)}


# Cookies.


def test_cookies_as_every_jar_takes_them(client: Client) -> None:
    lines = list_cookies(client("POST", "/auth", CREDENTIALS))
    assert [line.split("=")[0] for line in lines] == ["ss-id", "ss-pid", "ss-opt"]
    for line in lines:
        assert "," not in line
        assert re.fullmatch(r"ss-\w+=[A-Za-z0-9_-]+; Path=/; HttpOnly; SameSite=Lax", line)
    assert lines[2].startswith("ss-opt=temp;")


def test_cookies_that_outlast_the_browser(client: Client) -> None:
    lines = list_cookies(client("POST", "/auth", {**CREDENTIALS, "rememberMe": True}))
    assert all("; Max-Age=2419200; " in line and "Expires" not in line and "Domain" not in line for line in lines)
    assert lines[2].startswith("ss-opt=perm;")


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("GET", "/sessions", None),
        ("GET", "/sessions?all=true", None),
        ("POST", "/json/reply/ListSessions[]", [{}, {}]),
        ("POST", "/json/reply/ListSessions[]", []),
        ("DELETE", "/sessions/{id}", None),
        ("POST", "/json/reply/EndSession[]", [{"sessionId": "{id}"}]),
    ],
)
def test_every_kind_of_call_renews_cookies(world: World, client: Client, verb: str, path: str, body: Any) -> None:
    client.log_in(rememberMe=True)
    session_id = client("POST", "/sessions", {}).json["id"]
    world.now += 60
    request_body = None if body is None else json.loads(json.dumps(body).replace("{id}", session_id))
    response = client(verb, path.replace("{id}", session_id), request_body)
    assert response.status_code in (200, 204)
    assert len(list_cookies(response)) == 3


def test_cookies_that_outlast_the_browser_last_anew_when_they_are_used(world: World, client: Client) -> None:
    def read_cookies() -> list[str]:
        return list_cookies(client("GET", "/auth/status"))

    client.log_in()
    world.now += 60
    assert read_cookies() == [], "the browser's session is its own"
    session = client.log_in(rememberMe=True)["sessionId"]
    assert read_cookies() == []
    world.now += 60
    assert read_cookies()[0] == f"ss-id={session}; Path=/; Max-Age=2419200; HttpOnly; SameSite=Lax"
    assert read_cookies() == []
    world.now += 60
    assert list_cookies(Client(client.app.app)("GET", "/auth/status", X_ss_id=session)) == []
    assert client("GET", "/auth/logout").status_code == 200
    assert read_cookies() == []


def test_cookies_are_for_https_where_that_is_spoken(client: Client) -> None:
    lines = list_cookies(client("POST", "https://localhost/auth", CREDENTIALS))
    assert [line.endswith("; Secure") for line in lines] == [True] * 3


def test_nobody_gets_cookies_without_a_log_in(client: Client) -> None:
    for path in ("/auth/status", "/auth", "/sessions", "/health", "/nowhere"):
        assert not list_cookies(client("GET", path))
        assert not list_cookies(client("GET", path, Authorization=f"Bearer {KEY}"))


@pytest.mark.parametrize(
    "kept",
    [
        "ss-id={0}",
        "ss-pid={0}",
        "ss-id={0}; ss-pid={0}",
        "ss-opt=perm; ss-pid={0}",
        'ss-id="{0}"',
        "ss-id={0}; ss-pid={0}; 22 Nov 2046 00:00:00 GMT=null",
        "ss-id=; ss-pid={0}; 01 Jan 1970 00:00:00 GMT=null",
        "  ss-id = {0} ;;=;x",
        "ss-id=stale; ss-id={0}",
        "ss-opt=temp; ss-id=stale; ss-pid={0}",
        "ss-opt=perm; ss-id={0}; ss-pid=stale",
        "a=b,c; ss-pid={0}; $Path=/",
    ],
)
def test_what_clients_make_of_them(app: Any, client: Client, kept: str) -> None:
    session = client.log_in()["sessionId"]
    assert Client(app).read_user(Cookie=kept.format(session)) == ADA


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_no_cookie_line_breaks_the_reader(line: str) -> None:
    assert list(calls.parse_cookies(line)) is not None
    assert len(list_session_ids(calls.Credentials(cookie=line + "; ss-id=x"))) <= 8


def test_a_session_named_by_a_header(app: Any, client: Client) -> None:
    session = client.log_in()["sessionId"]
    assert Client(app).read_user(X_ss_id=session) == ADA


def test_each_log_in_has_a_session_of_its_own_and_ends_the_one_before(app: Any, client: Client) -> None:
    fixed = client(
        "POST", "/auth", CREDENTIALS, Cookie="ss-id=chosen-by-an-attacker; ss-pid=chosen-by-an-attacker"
    ).json["sessionId"]
    assert fixed != "chosen-by-an-attacker"
    client.app.reset()
    first_id = client.log_in()["sessionId"]
    second_id = client.log_in()["sessionId"]
    assert first_id != second_id
    assert Client(app).read_user(Cookie=f"ss-id={first_id}") is None
    assert Client(app).read_user(Cookie=f"ss-id={second_id}") == ADA


def test_a_failed_log_in_leaves_the_session_alone(client: Client) -> None:
    client.log_in()
    assert client("POST", "/auth", {**CREDENTIALS, "password": "wrong"}).status_code == 401
    assert client.read_user() == ADA


# Who is signed in, and the end of it.


def test_who_one_is(client: Client) -> None:
    session = client.log_in()["sessionId"]
    status = client("GET", "/auth").json
    assert (status["sessionId"], status["userName"], status["roles"]) == (session, ADA, ["User"])
    assert "bearerToken" not in status
    by_key = client("GET", "/auth", Authorization=f"Bearer {KEY}").json
    assert (by_key["userName"], by_key.get("sessionId")) == (ADA, None)
    assert client("POST", "/auth/apikey", {}, Authorization=f"Bearer {KEY}").json["userName"] == ADA


@pytest.mark.parametrize("provider", ["bearer", "jwt", "apikey", "ApiKey"])
def test_a_token_or_key_in_the_body(client: Client, provider: str) -> None:
    response = client("POST", "/auth", {"provider": provider, "accessToken": KEY})
    assert (response.status_code, response.json["userName"]) == (200, ADA)
    assert not list_cookies(response)
    assert client("POST", f"/auth/{provider}", {"accessToken": "nope"}).status_code == 401
    assert client("POST", f"/auth/{provider}", {"userName": ADA, "password": PASSWORD}).status_code == 401


def test_basic_as_provider(client: Client) -> None:
    by_header = client("POST", "/auth/basic", {}, Authorization=make_basic(ADA, PASSWORD))
    assert by_header.json["userName"] == ADA
    assert client("POST", "/auth/basic", {"userName": ADA, "password": PASSWORD}).json["sessionId"]


def test_status_is_for_everybody(client: Client) -> None:
    assert client("GET", "/auth/status").json == {"isAuthenticated": False}
    assert client("GET", "/auth/status", Authorization="Bearer nope").json == {"isAuthenticated": False}
    status = client("GET", "/auth/status", Authorization=f"Bearer {KEY}").json
    assert (status["isAuthenticated"], status["emailAddress"], status["accountNames"]) == (True, ADA, ["Acme"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/auth/logout", None),
        ("POST", "/auth/logout", {}),
        ("DELETE", "/auth", None),
        ("POST", "/auth", {"provider": "logout"}),
        ("POST", "/api/Authenticate", {"provider": "logout"}),
        ("POST", "/json/reply/Authenticate", {"provider": "logout"}),
    ],
)
def test_logging_out_ends_the_session_on_the_server(
    app: Any, client: Client, method: str, path: str, body: Any
) -> None:
    session = client.log_in()["sessionId"]
    response = client(method, path, body)
    assert (response.status_code, response.json) == (200, {"responseStatus": {}})
    assert all("=; Path=/; Max-Age=0; HttpOnly" in line for line in list_cookies(response))
    assert len(list_cookies(response)) == 3
    other_client = Client(app)
    assert other_client.read_user(Cookie=f"ss-id={session}; ss-pid={session}; ss-opt=temp") is None
    assert other_client("GET", "/sessions", Cookie=f"ss-id={session}").status_code == 401
    assert not client.app.cookies


def test_logging_out_nobody(client: Client) -> None:
    assert client("GET", "/auth/logout").json == {"responseStatus": {}}


# Tokens and keys.


def test_a_token_and_its_refreshing(world: World, app: Any, client: Client) -> None:
    """A client that keeps one refresh token for a year, as ServiceStack's do."""
    login = client.log_in()
    other_client = Client(app)
    assert other_client.read_user(Authorization=f"Bearer {login['bearerToken']}") == ADA
    world.now += 14 * DAY
    stale = other_client("GET", "/sessions", Authorization=f"Bearer {login['bearerToken']}")
    assert (stale.status_code, stale.json["responseStatus"]["message"]) == (401, "Token has expired")
    for path in ("/access-token", "/json/reply/GetAccessToken", "/api/GetAccessToken"):
        response = other_client("POST", path, {"refreshToken": login["refreshToken"]})
        assert other_client.read_user(Authorization=f"Bearer {response.json['accessToken']}") == ADA
        assert not list_cookies(response)
        world.now += 100 * DAY


def test_a_client_that_only_sets_a_bearer_token_works_for_two_weeks(world: World, app: Any, client: Client) -> None:
    other_client, token = Client(app), client("POST", "/auth", CREDENTIALS).json["bearerToken"]
    for _ in range(27):
        assert other_client.read_user(Authorization=f"Bearer {token}") == ADA
        world.now += DAY / 2
    assert other_client.read_user(Authorization=f"Bearer {token}") == ADA
    world.now += DAY / 2
    assert other_client.read_user(Authorization=f"Bearer {token}") is None


def read_token_cookies(response: Any) -> dict[str, str]:
    pairs = (line.partition(";")[0].partition("=") for line in list_cookies(response))
    return {name: value for name, _, value in pairs if name in ("ss-tok", "ss-reftok")}


def test_token_cookies_are_set_for_those_who_ask(client: Client) -> None:
    for body in (CREDENTIALS, {**CREDENTIALS, "useTokenCookie": False}, {**CREDENTIALS, "rememberMe": True}):
        response = client("POST", "/auth", body)
        assert "ss-tok" not in str(list_cookies(response))
        assert "ss-reftok" not in str(list_cookies(response))
    response = client("POST", "/auth", {**CREDENTIALS, "useTokenCookie": True})
    assert [line.split("=")[0] for line in list_cookies(response)] == [
        "ss-id",
        "ss-pid",
        "ss-opt",
        "ss-tok",
        "ss-reftok",
    ]
    lasting = {line.split("=")[0]: re.findall(r"Max-Age=(\d+)", line) for line in list_cookies(response)}
    assert (lasting["ss-tok"], lasting["ss-reftok"]) == (["1209600"], ["31536000"])
    assert all("; HttpOnly; SameSite=Lax" in line and len(line) < 4096 for line in list_cookies(response))
    assert response.json["bearerToken"]
    assert "refreshToken" not in response.json, "it is for the jar alone"


def test_token_cookies_sign_in_and_are_renewed(world: World, app: Any, client: Client) -> None:
    jar = read_token_cookies(client("POST", "/auth", {**CREDENTIALS, "useTokenCookie": True}))
    other_client = Client(app)

    def format_cookies(*names: str) -> str:
        return "; ".join(f"{name}={jar[name]}" for name in names)

    assert other_client.read_user(Cookie=format_cookies("ss-tok")) == ADA
    assert other_client.read_user(Cookie=format_cookies("ss-reftok")) is None
    assert (
        other_client(
            "POST", "/sessions", {}, Cookie=format_cookies("ss-tok"), Origin="https://evil.example"
        ).status_code
        == 403
    )
    assert other_client("POST", "/sessions", {}, Cookie=format_cookies("ss-tok")).status_code == 200
    world.now += 14 * DAY
    assert other_client("GET", "/sessions", Cookie=format_cookies("ss-tok")).status_code == 401
    for body in (b"", {}, {"useTokenCookie": True}):
        response = other_client("POST", "/access-token", body or None, Cookie=format_cookies("ss-tok", "ss-reftok"))
        assert response.status_code == 200, response.text
        fresh = read_token_cookies(response)
        assert fresh.keys() == jar.keys()
        assert fresh["ss-reftok"] != jar["ss-reftok"]
        assert fresh["ss-tok"] == response.json["accessToken"]
        assert not {"ss-id", "ss-pid"} & {line.split("=")[0] for line in list_cookies(response)}
        jar = fresh
        other_client.app.reset()
        assert other_client.read_user(Cookie=format_cookies("ss-tok")) == ADA
    assert (
        other_client(
            "POST", "/access-token", {}, Cookie=format_cookies("ss-reftok"), Origin="https://evil.example"
        ).status_code
        == 403
    )


def test_a_new_token_is_kept_as_a_cookie_where_that_is_asked(client: Client) -> None:
    login = client.log_in()
    response = client("POST", "/access-token", {"refreshToken": login["refreshToken"], "useTokenCookie": True})
    assert read_token_cookies(response) == {"ss-tok": response.json["accessToken"]}


def test_a_session_becomes_tokens(world: World, app: Any, client: Client) -> None:
    assert client("POST", "/session-to-token", {}).status_code == 401
    session = client.log_in()["sessionId"]
    kept_response = client("POST", "/session-to-token", {"preserveSession": True})
    assert read_token_cookies(kept_response).keys() == {"ss-tok", "ss-reftok"}
    assert [line.split("=")[0] for line in list_cookies(kept_response)] == ["ss-tok", "ss-reftok"]
    assert Client(app).read_user(Cookie=f"ss-id={session}") == ADA
    turned = client("POST", "/session-to-token", {})
    assert turned.json["accessToken"] == read_token_cookies(turned)["ss-tok"]
    assert Client(app).read_user(Cookie=f"ss-id={session}") is None
    assert Client(app).read_user(Cookie=f"ss-tok={turned.json['accessToken']}") == ADA
    assert client.read_user() == ADA, "by the cookies of its jar"
    for credentials in ({"Authorization": f"Bearer {KEY}"}, {"Authorization": f"Bearer {turned.json['accessToken']}"}):
        assert Client(app)("POST", "/session-to-token", {}, **credentials).status_code == 403
    assert Client(app)("POST", "/session-to-token", {}, Authorization=make_basic(ADA, PASSWORD)).status_code == 200


def test_logging_out_ends_token_cookies_where_there_are_some(app: Any, client: Client) -> None:
    jar = read_token_cookies(client("POST", "/auth", {**CREDENTIALS, "useTokenCookie": True}))
    response = client("POST", "/auth/logout", {})
    assert read_token_cookies(response) == {"ss-tok": "", "ss-reftok": ""}
    assert not client.app.cookies
    assert Client(app).read_user(Cookie=f"ss-tok={jar['ss-tok']}") is None
    assert Client(app)("POST", "/access-token", {}, Cookie=f"ss-reftok={jar['ss-reftok']}").status_code == 401
    client.log_in()
    assert read_token_cookies(client("POST", "/auth/logout", {})) == {}


def test_logging_out_by_a_token(app: Any, client: Client) -> None:
    login = client.log_in()
    other_client = Client(app)
    assert other_client("POST", "/auth/logout", {}, Authorization=f"Bearer {login['bearerToken']}").status_code == 200
    assert client.read_user() is None
    assert other_client("GET", "/sessions", Authorization=f"Bearer {login['bearerToken']}").status_code == 401
    assert other_client("POST", "/access-token", {"refreshToken": login["refreshToken"]}).status_code == 401


def test_a_log_in_replaces_the_tokens_of_the_jar(client: Client) -> None:
    client("POST", "/auth", {**CREDENTIALS, "useTokenCookie": True})
    response = client("POST", "/auth", {**CREDENTIALS, "userName": EVE})
    assert read_token_cookies(response) == {"ss-tok": "", "ss-reftok": ""}
    assert client.read_user() == EVE


def test_tokens_outlive_a_change_of_the_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cheap: None) -> None:
    def build_app(secret: str, previous: str = "") -> Client:
        monkeypatch.setenv("GATEWAY_DATABASE_URL", f"sqlite:///{tmp_path}/rotated.db")
        monkeypatch.setenv("GATEWAY_BOOTSTRAP_EMAIL", ADA)
        monkeypatch.setenv("GATEWAY_BOOTSTRAP_PASSWORD", PASSWORD)
        monkeypatch.setenv("GATEWAY_SECRET", secret)
        monkeypatch.setenv("GATEWAY_SECRET_PREVIOUS", previous)
        settings = Settings.from_environment()
        database = wsgi.open_database(settings)
        first_user(database, settings)
        return Client(wsgi.build(settings, database))

    token = build_app(OLD).log_in()["bearerToken"]
    assert build_app(NEW, OLD).read_user(Authorization=f"Bearer {token}") == ADA
    assert build_app(NEW).read_user(Authorization=f"Bearer {token}") is None


def test_a_refresh_token_that_is_none(client: Client) -> None:
    response = client("POST", "/access-token", {"refreshToken": "a.b.c"})
    assert (response.status_code, response.json["responseStatus"]["errorCode"]) == (400, "ArgumentException")


def test_a_session_that_ended_refreshes_nothing(client: Client) -> None:
    login = client.log_in()
    client("GET", "/auth/logout")
    assert client("POST", "/access-token", {"refreshToken": login["refreshToken"]}).status_code == 401


def test_keys_are_not_taken_from_addresses(client: Client) -> None:
    for name in ("apikey", "api_key", "X-Api-Key", "access_token", "ss-id"):
        assert client("GET", f"/sessions?{name}={KEY}").status_code == 401
    token = client.log_in()["bearerToken"]
    client.app.reset()
    assert client("GET", f"/sessions?ss-tok={token}").status_code == 401


def test_a_key_that_expired_is_told_so(world: World, client: Client) -> None:
    key = world.administrator().add_key(ADA, days=1)
    world.now += 86_400
    response = client("GET", "/sessions", X_Api_Key=key)
    assert (response.status_code, response.json["responseStatus"]["message"]) == (403, "ApiKey has expired")


def test_wrong_credentials_do_not_stop_a_log_in(client: Client) -> None:
    assert client("POST", "/auth", CREDENTIALS, Authorization="Bearer stale").status_code == 200


def test_one_is_asked_for_credentials_before_ones_body_is_read(client: Client) -> None:
    response = client("POST", "/sessions", b"{", Content_Type="application/json")
    assert response.status_code == 401
    assert response.json["responseStatus"]["message"] == "Not Authenticated"
    assert client("POST", "/users", b"{", Authorization=f"Bearer {KEY}").status_code == 403


# Guessing.


def test_guesses_are_locked_out(client: Client) -> None:
    wrong_credentials = {**CREDENTIALS, "password": "wrong"}
    statuses = [client("POST", "/auth", wrong_credentials).status_code for _ in range(21)]
    assert statuses == [401] * 20 + [429]
    response = client("POST", "/auth", CREDENTIALS)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 600
    assert response.json["responseStatus"]["errorCode"] == "TooManyRequests"
    assert client("GET", "/sessions", Authorization=make_basic(ADA, PASSWORD)).status_code == 429
    assert client("GET", "/sessions", Authorization=f"Bearer {KEY}").status_code == 200


def test_guesses_by_basic_count_too(client: Client) -> None:
    for _ in range(20):
        assert client("GET", "/sessions", Authorization=make_basic(ADA, "wrong")).status_code == 401
    assert client("GET", "/auth/status", Authorization=make_basic(ADA, "wrong")).status_code == 429


# Other sites' pages.

ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8080"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site", "Origin": "http://localhost"},
]
HERE = [
    {},
    {"Origin": "http://localhost:80"},
    {"Origin": "https://LOCALHOST:80"},
    {"Sec_Fetch_Site": "same-origin"},
    {"Sec_Fetch_Site": "none"},
    {"Sec_Fetch_Mode": "cors"},
    {"Origin": ORIGIN, "Sec_Fetch_Site": "cross-site"},
]


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_pages_elsewhere_change_nothing_by_a_cookie(world: World, client: Client, headers: dict[str, str]) -> None:
    client.log_in()
    for method, path in (
        ("POST", "/sessions"),
        ("POST", "/json/reply/NewSession"),
        ("GET", "/json/reply/SendMessage?sessionId=x"),
        ("PUT", "/messages"),
        ("DELETE", "/sessions/x"),
    ):
        response = client(method, path, None if method == "GET" else {}, **headers)
        assert response.status_code == 403
    assert client("POST", "/sessions", {}, X_HTTP_Method_Override="PATCH", **headers).status_code in (403, 405)
    assert client("POST", "/sessions", b"displayName=x", Content_Type="text/plain", **headers).status_code == 403
    assert world.count("sessions") == 0
    assert client("GET", "/sessions", **headers).status_code == 200


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_pages_elsewhere_log_nobody_in_or_out(client: Client, headers: dict[str, str]) -> None:
    assert client("POST", "/auth", CREDENTIALS, **headers).status_code == 403
    client.log_in()
    assert client("POST", "/auth/logout", {}, **headers).status_code == 403
    assert client.read_user() == ADA


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_passwords_that_a_browser_sends_by_itself_are_like_cookies(client: Client, headers: dict[str, str]) -> None:
    assert client("POST", "/sessions", {}, Authorization=make_basic(ADA, PASSWORD), **headers).status_code == 403


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_what_no_browser_sends_by_itself_is_free(app: Any, client: Client, headers: dict[str, str]) -> None:
    login = client.log_in()
    other_client = Client(app)
    for credentials in ({"Authorization": f"Bearer {KEY}"}, {"X_Api_Key": KEY}, {"X_ss_id": login["sessionId"]}):
        assert other_client("POST", "/sessions", {}, **credentials, **headers).status_code == 200


@pytest.mark.parametrize("headers", HERE)
def test_pages_here_and_clients_that_are_no_browsers(client: Client, headers: dict[str, str]) -> None:
    client.log_in()
    assert client("POST", "/sessions", {}, **headers).status_code == 200
    assert client("POST", "/auth", CREDENTIALS, **headers).status_code == 200


# Headers.


@pytest.mark.parametrize(("realm", "header"), [("a b", 'Basic realm="a b"'), ('"\\', 'Basic realm="\\"\\\\"')])
def test_the_challenge_is_quoted(realm: str, header: str) -> None:
    assert auth.challenge(realm) == header


def test_cookie_lines_are_pure() -> None:
    lines = list(auth.cookie_lines([*make_session_cookies(LoginSession("abc", permanent=False))], secure=True))
    assert lines[0] == "ss-id=abc; Path=/; HttpOnly; SameSite=Lax; Secure"


def test_answers_with_secrets_are_nobodys_to_keep(client: Client) -> None:
    assert client("POST", "/auth", CREDENTIALS).headers["Cache-Control"] == "no-store"
    assert client("GET", "/auth").headers["Cache-Control"] == "no-store"


def test_managing_users_end_to_end(world: World, client: Client) -> None:
    client.log_in(userName=EVE)
    created = client(
        "POST", "/users", {"emailAddress": "new@example.org", "password": "new password", "firstName": "New"}
    )
    assert created.status_code == 200
    assert created.json["roles"] == ["User"]
    assert "argon2" not in created.text
    assert [user["emailAddress"] for user in client("GET", "/users").json["items"]] == ["new@example.org", EVE]
    token = client("GET", "/auth/token?userEmailAddress=new@example.org").json["authToken"]
    client.app.reset()
    assert client.read_user(Authorization=f"Bearer {token}") == "new@example.org"
    assert client.log_in(userName="new@example.org", password="new password")


WRITES_BY_ADDRESS = [
    "/json/reply/SendMessage?endpointId=e&toAddress=t&body=b",
    "/api/SendMessage.jsv?endpointId=e&toAddress=t&body=b",
]


@pytest.mark.parametrize(
    "headers",
    [{"User_Agent": "Mozilla/5.0", "Referer": "http://evil.example/"}, {"User_Agent": "Mozilla/5.0"}, *ELSEWHERE],
)
@pytest.mark.parametrize("path", WRITES_BY_ADDRESS)
def test_a_get_writes_nothing_by_what_browsers_send(
    world: World, client: Client, headers: dict[str, str], path: str
) -> None:
    client.log_in()
    assert client("GET", path, **headers).status_code == 403
    assert client("GET", path, Authorization=make_basic(ADA, PASSWORD), **headers).status_code == 403
    assert world.count("messages") == 0
    assert client("GET", path, Authorization=f"Bearer {KEY}", **headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"User_Agent": "ServiceStack .NET Client 5.8"},
        {"User_Agent": "Mozilla/5.0", "Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "http://localhost:80"},
        {"Origin": ORIGIN},
        {"Origin": ORIGIN, "Sec_Fetch_Site": "cross-site"},
    ],
)
def test_a_get_from_here_writes(client: Client, headers: dict[str, str]) -> None:
    client.log_in()
    for path in WRITES_BY_ADDRESS:
        assert client("GET", path, **headers).status_code == 200


def test_a_post_that_means_a_get_is_no_get(client: Client) -> None:
    client.log_in()
    assert client("POST", WRITES_BY_ADDRESS[0], X_HTTP_Method_Override="GET").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"User_Agent": "ServiceStack .NET Client 5.8"}, 200),
        ({"User_Agent": "Mozilla/5.0", "Referer": "http://localhost/app"}, 200),
        ({"User_Agent": "Mozilla/5.0", "Sec_Fetch_Site": "same-origin"}, 200),
        ({"User_Agent": "Mozilla/5.0"}, 403),
        ({"User_Agent": "Mozilla/5.0", "Referer": "http://localhost.evil.example/"}, 403),
        ({"User_Agent": "Mozilla/5.0", "Referer": "http://[oops"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
def test_who_logs_out_by_an_address(client: Client, headers: dict[str, str], status: int) -> None:
    client.log_in()
    assert client("GET", "/auth/logout", **headers).status_code == status
    assert client.read_user() == (None if status == 200 else ADA)


def test_head_never_writes(world: World, client: Client) -> None:
    client.log_in()
    for path, status in (
        *((path, 200) for path in WRITES_BY_ADDRESS),
        ("/auth/logout", 405),
        ("/json/reply/EndSession?sessionId=x", 405),
        ("/session-to-token", 405),
    ):
        response = client("HEAD", path, Authorization=f"Bearer {KEY}", Sec_Fetch_Site="same-origin")
        assert (response.status_code, list_cookies(response)) == (status, [])
    assert world.count("messages") == 0
    assert client.read_user() == ADA
