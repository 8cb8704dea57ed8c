"""Signing in and out with a browser, and what a browser is told that has not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.login import local_path
from tests.users.conftest import ADA, PASSWORD, cheap, store, world

from .test_auth import CREDENTIALS, ELSEWHERE, Client, app, client, list_cookies, make_basic

__all__ = ["app", "cheap", "client", "store", "world"]

BROWSER = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Sec_Fetch_Mode": "navigate",
    "Sec_Fetch_Site": "none",
}
FORM = "application/x-www-form-urlencoded"


def send(client: Client, path: str, fields: Mapping[str, str], **headers: str) -> Any:
    """A form as a browser sends it."""
    request_headers = {**BROWSER, "Sec_Fetch_Site": "same-origin", "Content_Type": FORM, **headers}
    return client("POST", path, urlencode(fields).encode(), **request_headers)


def log_in(client: Client, goal: str, **more: str) -> Any:
    return send(client, "/auth/credentials", {"userName": ADA, "password": PASSWORD, "continue": goal, **more})


def read_continue(page: Any) -> str:
    match = re.search(r'<input type="hidden" name="continue" value="([^"]*)">', page.text)
    assert match
    return match[1].replace("&amp;", "&")


# The challenge.


@pytest.mark.parametrize(
    ("mode", "challenged"),
    [(None, True), ("navigate", False), ("cors", False), ("no-cors", False), ("same-origin", False)],
)
def test_browsers_open_no_dialog_for_what_pages_send(client: Client, mode: str | None, challenged: bool) -> None:
    headers = {} if mode is None else {"Sec_Fetch_Mode": mode}
    for credentials in ({}, {"Authorization": make_basic(ADA, "wrong")}, {"Authorization": "Bearer nope"}):
        response = client("GET", "/sessions", **headers, **credentials)
        assert response.status_code == 401
        assert (response.headers.get("WWW-Authenticate") == 'Basic realm="gateway"') == challenged


@pytest.mark.parametrize("mode", [None, "cors", "navigate"])
def test_a_failed_log_in_is_not_challenged(client: Client, mode: str | None) -> None:
    headers = {} if mode is None else {"Sec_Fetch_Mode": mode, "Sec_Fetch_Site": "same-origin"}
    for path in ("/auth", "/auth/credentials", "/json/reply/Authenticate"):
        response = client("POST", path, {**CREDENTIALS, "password": "wrong"}, **headers)
        assert response.status_code == 401
        assert "WWW-Authenticate" not in response.headers


def test_one_who_shows_nothing_yet_is_challenged(client: Client) -> None:
    """.NET's clients send no password before they are asked."""
    for method, path in (("GET", "/auth"), ("POST", "/auth/basic")):
        assert (
            client(method, path, None if method == "GET" else {}).headers["WWW-Authenticate"] == 'Basic realm="gateway"'
        )


# Documents.


@pytest.mark.parametrize(
    "path", ["/sessions", "/sessions?from=a%26b&page=2", "/users.html", "/html/reply/ListSessions"]
)
def test_documents_are_led_to_the_log_in_and_back(client: Client, path: str) -> None:
    response = client("GET", path, **BROWSER)
    assert response.status_code == 302
    assert "WWW-Authenticate" not in response.headers
    location = urlsplit(response.headers["Location"])
    assert (location.scheme, location.netloc, location.path) == ("", "", "/login")
    assert parse_qs(location.query) == {"redirect": [path]}
    page = client("GET", response.headers["Location"], **BROWSER)
    assert (page.status_code, page.content_type) == (200, "text/html")
    assert read_continue(page) == path
    response = log_in(client, read_continue(page))
    assert (response.status_code, response.headers["Location"]) == (302, path)
    assert client.read_user() == ADA


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept": "text/html"},
        {"Accept": "application/json", "Sec_Fetch_Mode": "navigate"},
        {**BROWSER, "Sec_Fetch_Mode": "cors"},
    ],
)
def test_nothing_else_is_led_anywhere(client: Client, headers: dict[str, str]) -> None:
    response = client("GET", "/sessions", **headers)
    assert response.status_code == 401
    assert "Location" not in response.headers


def test_a_form_without_a_log_in_is_not_led_anywhere(client: Client) -> None:
    assert send(client, "/sessions", {"displayName": "x"}).status_code == 401


# The pages.


def test_the_page_works_without_scripts_under_a_strict_policy(client: Client) -> None:
    for path in ("/login", "/logout"):
        page = client("GET", path)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script" not in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert not list_cookies(page)
    assert client("HEAD", "/login").status_code == 200
    labels = re.findall(r'<label for="(\w+)">', client("GET", "/login").text)
    assert labels == ["user", "password", "remember"]
    assert 'type="password" autocomplete="current-password"' in client("GET", "/login").text


def test_one_stays_signed_in_who_wants_to(client: Client) -> None:
    response = log_in(client, "/x", rememberMe="true")
    assert all("Max-Age=2419200" in line for line in list_cookies(response))


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"userName": ADA, "password": "wrong"}, 401, "Invalid Username or Password"),
        ({"userName": '"><b>', "password": "wrong"}, 401, "Invalid Username or Password"),
        ({"userName": ADA, "password": ""}, 400, "must not be empty"),
    ],
)
def test_a_log_in_that_fails_shows_the_form_again(
    client: Client, fields: dict[str, str], status: int, words: str
) -> None:
    page = send(client, "/auth/credentials", {**fields, "continue": "/sessions?page=2&x=1"})
    assert (page.status_code, page.content_type) == (status, "text/html")
    assert words in page.text
    assert 'role="alert"' in page.text
    assert read_continue(page) == "/sessions?page=2&x=1"
    assert "<b>" not in page.text
    assert fields["userName"] == '"><b>' or f'value="{ADA}"' in page.text
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert not list_cookies(page)


def test_pages_elsewhere_sign_nobody_in_by_the_form(client: Client) -> None:
    for headers in ELSEWHERE:
        fields = {"userName": ADA, "password": PASSWORD, "continue": "/"}
        assert send(client, "/auth/credentials", fields, **{"Sec_Fetch_Site": "", **headers}).status_code == 403
    assert client.read_user() is None


def test_signing_out(client: Client) -> None:
    client.log_in()
    page = client("GET", "/logout", **BROWSER)
    assert client.read_user() == ADA, "a link elsewhere signs nobody out"
    response = send(client, "/auth/logout", {"continue": read_continue(page)})
    assert (response.status_code, response.headers["Location"]) == (302, "/login")
    assert client.read_user() is None


def test_clients_of_other_formats_go_nowhere(client: Client) -> None:
    for path in ("/auth", "/auth/logout"):
        response = client(
            "POST", path, {**CREDENTIALS, "continue": "/x", **({"provider": "logout"} if "out" in path else {})}
        )
        assert response.status_code == 200
        assert "Location" not in response.headers


def test_the_link_to_the_log_in_leads_back(client: Client) -> None:
    base_url = "http://localhost:80"
    for referer, target in (
        (f"{base_url}/sessions?page=2", "/sessions?page=2"),
        (f"{base_url}/login?redirect=%2Fx", "/"),
        (f"{base_url}/logout", "/"),
        ("https://elsewhere.example/x", "/"),
        ("", "/"),
    ):
        page = client("GET", "/login", **BROWSER, Host="localhost:80", Referer=referer)
        assert read_continue(page) == target, referer
    page = client("GET", "/login?redirect=%2Fy", **BROWSER, Host="localhost:80", Referer=f"{base_url}/x")
    assert read_continue(page) == "/y"


# Where one goes on to.

HERE = {
    "/": "/",
    "/sessions?page=2#top": "/sessions?page=2#top",
    "/a//b": "/a//b",
    "/%C3%BC?q=%2F%2Fevil.example": "/%C3%BC?q=%2F%2Fevil.example",
    "/ü": "/%C3%BC",
    "/login?redirect=%2Fx": "/login?redirect=%2Fx",
    "http://localhost:80/x?y=1": "/x?y=1",
    "https://localhost:80": "/",
}
NOT_HERE = [
    "",
    "sessions",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\n/evil.example",
    "/x\r\nSet-Cookie: a=b",
    "/%2fevil.example",
    "/%2F%2Fevil.example",
    "/%5Cevil.example",
    "/%09/evil.example",
    "/%252Fevil.example",
    "/%0d%0aSet-Cookie:%20a=b",
    "https://evil.example/",
    "https:evil.example",
    "http:///evil.example",
    "http://localhost:80//evil.example",
    "http://localhost:80@evil.example/",
    "http://evil.example\\@localhost:80/",
    "http://localhost:8080/",
    "http://localhost.evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://[::1",
    "/" + "x" * 5000,
    "/\x00",
    "/\x85x",
]


@pytest.mark.parametrize("text", HERE)
def test_paths_of_this_host(client: Client, text: str) -> None:
    assert local_path(text, "localhost:80") == HERE[text]
    for name in ("continue", "redirect", "Continue"):
        response = send(client, "/auth/credentials", {"userName": ADA, "password": PASSWORD, name: text})
        assert (response.status_code, response.headers["Location"]) == (302, HERE[text])


@pytest.mark.parametrize("text", NOT_HERE)
def test_other_places_are_the_first_page(client: Client, text: str) -> None:
    assert local_path(text, "localhost:80") == ""
    assert read_continue(client("GET", f"/login?{urlencode({'redirect': text})}")) == "/"
    if text:
        response = log_in(client, text)
        assert (response.status_code, response.headers["Location"]) == (302, "/")


@given(st.text(alphabet=st.sampled_from("/\\%25cCfF09ad.:@?#ehtps \t\nxü")))
def test_no_text_leads_away(text: str) -> None:
    path = local_path(text, "localhost")
    assert path == "" or (path.startswith("/") and path[1:2] not in ("/", "\\") and path.isascii())
    assert not set(path) & set(" \t\n\\")
