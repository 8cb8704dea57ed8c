"""Pages of other origins: whose may call, what browsers ask before, and what they show of the answers."""

from __future__ import annotations

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.settings import Settings
from models import Database

from .conftest import API_KEY, EMAIL, PASSWORD

OURS, OTHERS = "https://app.example.org", "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization, x-ss-id"}


@pytest.fixture
def open_app(database: Database, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> TestApp:
    """A service that pages of one other origin may call."""
    del settings
    monkeypatch.setenv("GATEWAY_CORS_ORIGINS", f"https://www.example.org,{OURS}")
    return TestApp(wsgi.build(Settings.from_environment(), database))


def read_grants(app: TestApp, method: str, path: str, **headers: str) -> dict[str, str]:
    """What an answer says about other origins."""
    response = app.request(path, method=method, headers=headers, status="*")
    assert "Origin" in response.headers["Vary"]
    return {name: value for name, value in response.headers.items() if name.startswith("Access-Control-")}


@pytest.mark.parametrize("path", ["/sessions/x", "/api/PatchSession", "/xml/reply/PatchSession[]"])
def test_what_browsers_ask_first_needs_no_credentials(open_app: TestApp, path: str) -> None:
    grants = read_grants(open_app, "OPTIONS", path, Origin=OURS, **PREFLIGHT)
    assert grants["Access-Control-Allow-Origin"] == OURS
    assert grants["Access-Control-Allow-Credentials"] == "true"
    assert "PATCH" in grants["Access-Control-Allow-Methods"].split(", ")
    assert grants["Access-Control-Allow-Headers"] == "authorization, x-ss-id"


@pytest.mark.parametrize("path", ["/sessions", "/sessions/x", "/nowhere", "/json/reply/Nothing", "/health"])
@pytest.mark.parametrize("key", [API_KEY, "wrong"])
def test_answers_are_shown_and_errors_too(open_app: TestApp, path: str, key: str) -> None:
    grants = read_grants(open_app, "GET", path, Origin=OURS, Authorization=f"Bearer {key}")
    assert grants["Access-Control-Allow-Origin"] == OURS
    assert {"ETag", "X-Request-Id", "X-Total-Count"} <= set(grants["Access-Control-Expose-Headers"].split(", "))


@pytest.mark.parametrize("origin", [OTHERS, "null", "http://app.example.org", f"{OURS}.evil.example", ""])
def test_others_are_granted_nothing(open_app: TestApp, origin: str) -> None:
    assert read_grants(open_app, "OPTIONS", "/sessions/x", Origin=origin, **PREFLIGHT) == {}
    assert read_grants(open_app, "GET", "/health", Origin=origin) == {}


def test_nobody_is_granted_anything_unless_somebody_says_so(anonymous: TestApp) -> None:
    response = anonymous.options("/sessions/x", headers={"Origin": OURS, **PREFLIGHT})
    assert not any(name.startswith("Access-Control-") for name in response.headers)


@pytest.fixture
def app_of_all(database: Database, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> TestApp:
    """A service that pages of every origin may call, and those of one with the browser's credentials."""
    del settings
    monkeypatch.setenv("GATEWAY_CORS_ORIGINS", f"*, {OURS.upper()}:443/")
    return TestApp(wsgi.build(Settings.from_environment(), database))


def test_every_origin_without_credentials(app_of_all: TestApp) -> None:
    grants = read_grants(app_of_all, "OPTIONS", "/sessions/x", Origin=OTHERS, **PREFLIGHT)
    assert grants["Access-Control-Allow-Origin"] == "*"
    assert "PATCH" in grants["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in grants
    assert read_grants(app_of_all, "GET", "/nowhere", Origin="null")["Access-Control-Allow-Origin"] == "*"


def test_a_listed_origin_with_credentials_beside_every_other(app_of_all: TestApp) -> None:
    grants = read_grants(app_of_all, "GET", "/sessions", Origin=OURS)
    assert grants["Access-Control-Allow-Origin"] == OURS
    assert grants["Access-Control-Allow-Credentials"] == "true"


def test_pages_of_every_origin_log_in_and_get_no_cookies(app_of_all: TestApp) -> None:
    body = {"userName": EMAIL, "password": PASSWORD}
    response = app_of_all.post_json("/auth", body, headers={"Origin": OTHERS, "Sec-Fetch-Site": "cross-site"})
    assert response.json["bearerToken"]
    assert "Set-Cookie" not in response.headers
    token = {"Origin": OTHERS, "Authorization": f"Bearer {response.json['bearerToken']}"}
    assert app_of_all.post_json("/sessions", {}, headers=token).status_int == 200
    assert "Set-Cookie" in app_of_all.post_json("/auth", body, headers={"Origin": OURS}).headers
    # The cookies that the browser has now are not for the others.
    assert app_of_all.post_json("/sessions", {}, headers={"Origin": OTHERS}, status="*").status_int == 403
