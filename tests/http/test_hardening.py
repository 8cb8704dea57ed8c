"""Headers that tell browsers what responses may do."""

from __future__ import annotations

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.settings import Settings
from models import Database

from .conftest import API_KEY

PAGES = [
    "/metadata",
    "/explorer",
    "/types",
    "/json/metadata?op=Nothing",
    "/nowhere.html",
    "/sessions.html",
    "/auth/status.html",
]
DATA = ["/sessions", "/sessions.csv", "/nowhere", "/health", "/types/csharp", "/openapi.json", "/types/klingon"]


@pytest.mark.parametrize("path", [*PAGES, *DATA])
@pytest.mark.parametrize("key", [API_KEY, "wrong"])
def test_no_response_is_taken_for_another_type(anonymous: TestApp, path: str, key: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        response = anonymous.request(path, method=method, headers={"Authorization": f"Bearer {key}"}, status="*")
        assert response.headers.getall("X-Content-Type-Options") == ["nosniff"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("key", [API_KEY, "wrong"])
def test_pages_load_nothing_and_are_framed_by_nobody(anonymous: TestApp, path: str, key: str) -> None:
    response = anonymous.get(path, headers={"Authorization": f"Bearer {key}"}, status="*")
    assert response.content_type == "text/html"
    (policy,) = response.headers.getall("Content-Security-Policy")
    for directive in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "script-src 'unsafe-inline'" not in policy
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", DATA)
def test_data_has_no_policy(client: TestApp, path: str) -> None:
    assert "Content-Security-Policy" not in client.get(path, status="*").headers


def test_https_stays_https(anonymous: TestApp) -> None:
    over = {"wsgi.url_scheme": "https"}
    for path in ("/health", "/nowhere", "/metadata"):
        response = anonymous.get(path, extra_environ=over, status="*")
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "Strict-Transport-Security" not in anonymous.get(path, status="*").headers


def test_https_stays_a_choice(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    del settings
    monkeypatch.setenv("GATEWAY_HSTS", "0")
    app = TestApp(wsgi.build(Settings.from_environment(), database))
    assert "Strict-Transport-Security" not in app.get("/health", extra_environ={"wsgi.url_scheme": "https"}).headers
