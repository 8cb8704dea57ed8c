"""JSONP, where it is allowed: an answer as a call in a script."""

from __future__ import annotations

import zlib

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.settings import Settings
from models import Database

from .conftest import API_KEY, EMAIL, PASSWORD


@pytest.fixture
def allowing(database: Database, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> TestApp:
    """A service that allows it."""
    del settings
    monkeypatch.setenv("GATEWAY_JSONP", "true")
    app = TestApp(wsgi.build(Settings.from_environment(), database))
    app.authorization = ("Bearer", API_KEY)
    return app


@pytest.mark.parametrize(
    "address",
    [
        "/sessions?callback=fn",
        "/sessions?CallBack=fn",
        "/sessions.json?callback=fn",
        "/sessions?callback=fn&format=xml",
        "/jsv/reply/ListSessions?callback=fn",
        "/sessions?callback=old&callback=fn&all=true",
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/jsv"])
def test_it_comes_before_other_ways_to_name_a_format(allowing: TestApp, address: str, accept: str) -> None:
    allowing.post_json("/sessions", {"displayName": "Called"})
    response = allowing.get(address, headers={"Accept": accept})
    assert response.headers["Content-Type"] == "text/javascript"
    assert response.text.startswith('fn({"items":[{')
    assert response.text.endswith("})")


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/sessions.xml?callback=fn", "application/xml"),
        ("/sessions?callback=", "application/json"),
        ("/metadata?callback=fn", "text/html"),
        ("/types/csharp?callback=fn", "text/plain"),
    ],
)
def test_what_stays_as_it_is(allowing: TestApp, address: str, kind: str) -> None:
    response = allowing.get(address)
    assert response.content_type == kind
    assert "fn(" not in response.text


def test_errors_are_called_too_and_the_name_is_one(allowing: TestApp) -> None:
    response = allowing.get("/sessions/nobody?callback=a-b.c(alert)//", status=404)
    assert response.headers["Content-Type"] == "text/javascript"
    assert response.text.startswith('a_b.c_alert___({"responseStatus":{"errorCode":"NotFound"')


def test_compressed_with_the_call_around_it(allowing: TestApp) -> None:
    for number in range(5):
        allowing.post_json("/sessions", {"displayName": f"Called {number}"})
    headers = {"Accept-Encoding": "gzip", "Authorization": f"Bearer {API_KEY}"}
    for query in ("callback=fn", "callback=fn&all=true"):
        # WebTest's own client would inflate it.
        response = allowing.RequestClass.blank(f"/sessions?{query}", headers=headers).get_response(allowing.app)
        assert response.headers["Content-Encoding"] == "gzip"
        text = zlib.decompressobj(31).decompress(response.body)
        assert (text[:4], text[-2:]) == (b"fn({", b"})")


def test_it_is_not_allowed_unless_somebody_says_so(client: TestApp) -> None:
    response = client.get("/sessions?callback=fn")
    assert response.content_type == "application/json"
    assert response.text.startswith("{")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://localhost:80"}, 200),
    ],
)
def test_scripts_elsewhere_read_nothing_by_a_cookie(allowing: TestApp, headers: dict[str, str], status: int) -> None:
    allowing.authorization = None
    allowing.post_json("/auth", {"provider": "credentials", "userName": EMAIL, "password": PASSWORD})
    for path in ("/sessions", "/auth/status"):
        allowing.get(f"{path}?callback=fn", headers=headers, status=status)
        allowing.get(path, headers=headers, status=200)
    allowing.reset()
    allowing.get("/auth/status?callback=fn", headers=headers, status=200)
