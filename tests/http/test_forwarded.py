"""A gateway behind proxies: what they tell is believed from trusted ones only, and everything that names an address follows it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.addresses import parse_network
from gateway.http import forwarded
from gateway.settings import Settings
from models import Database

from .conftest import API_KEY, EMAIL, PASSWORD

PROXIES = (parse_network("127.0.0.1"), parse_network("10.1.0.0/16"), parse_network("2001:db8:1::/48"))
PREFIXED = {"X-Forwarded-Prefix": "/gateway/", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example.org"}
BASE = "https://api.example.org/gateway"
PAGES = ["/metadata", "/types", "/explorer", "/json/metadata?op=NewSession", "/json/metadata?op=Nothing"]


def make_environment(peer: str, **headers: str) -> dict[str, Any]:
    """What a request looks like behind these proxies."""
    environment: dict[str, Any] = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "HTTP_HOST": "inner:8000"}
    environment |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    forwarded.apply(environment, PROXIES)
    return environment


@pytest.mark.parametrize(
    ("peer", "header", "address"),
    [
        ("203.0.113.9", "192.0.2.1", "203.0.113.9"),
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "made-up, 192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "192.0.2.1, 127.0.0.1", "192.0.2.1"),
        ("127.0.0.1", "192.0.2.1, 192.0.2.2", "192.0.2.2"),
        ("", "192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", " , ", "127.0.0.1"),
        ("10.1.2.3", "192.0.2.1", "192.0.2.1"),
        ("10.2.2.3", "192.0.2.1", "10.2.2.3"),
        ("127.0.0.1", "198.51.100.7:51234", "198.51.100.7"),
        ("127.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("127.0.0.1", '"[2001:db8::1]:443"', "2001:db8::1"),
        ("127.0.0.1", "198.51.100.7:1, 10.1.0.1:2", "198.51.100.7"),
        ("127.0.0.1", "198.51.100.7, [2001:db8:1::5]:9", "198.51.100.7"),
        ("::ffff:127.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "198.51.100.7, unknown", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1, 10.1.0.1", "127.0.0.1"),
    ],
)
def test_the_address_of_a_client(peer: str, header: str, address: str) -> None:
    assert make_environment(peer, X_Forwarded_For=header)["REMOTE_ADDR"] == address


def test_a_mapped_address_without_a_proxy_is_ipv4() -> None:
    assert make_environment("::ffff:198.51.100.7")["REMOTE_ADDR"] == "198.51.100.7"


@pytest.mark.parametrize(
    ("header", "scheme"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("https, http", "https"),
        ("https,http", "https"),
        ("http, https", "http"),
        ("wss", "https"),
        ("ftp", "http"),
        ("", "http"),
    ],
)
def test_the_scheme(header: str, scheme: str) -> None:
    assert make_environment("127.0.0.1", X_Forwarded_Proto=header)["wsgi.url_scheme"] == scheme
    assert (
        make_environment("127.0.0.1", X_Forwarded_Proto=header, X_Forwarded_For="192.0.2.1")["wsgi.url_scheme"]
        == scheme
    )
    assert make_environment("203.0.113.9", X_Forwarded_Proto=header)["wsgi.url_scheme"] == "http"


def test_lists_of_one_length_are_read_hop_by_hop() -> None:
    """A client can put values in front of a proxy's own: they belong to hops that are not believed."""
    made_up = make_environment(
        "127.0.0.1",
        X_Forwarded_For="10.9.9.9, 192.0.2.1, 10.1.0.1",
        X_Forwarded_Proto="https, http, http",
        X_Forwarded_Host="evil.example, api.example.org, inner",
    )
    assert made_up["REMOTE_ADDR"] == "192.0.2.1"
    assert made_up["wsgi.url_scheme"] == "http"
    assert made_up["HTTP_HOST"] == "api.example.org"


@pytest.mark.parametrize("header", ["X_Forwarded_Protocol", "X_Forwarded_Scheme", "X_Forwarded_Ssl"])
def test_other_names_of_the_scheme(header: str) -> None:
    value = "on" if header.endswith("Ssl") else "https"
    assert make_environment("127.0.0.1", **{header: value})["wsgi.url_scheme"] == "https"


@pytest.mark.parametrize(
    ("header", "address", "scheme", "host"),
    [
        ("for=192.0.2.1", "192.0.2.1", "http", "inner:8000"),
        ("For=192.0.2.1;Proto=HTTPS;host=api.example.org", "192.0.2.1", "https", "api.example.org"),
        ('for="[2001:db8::1]:4711" ; proto=https', "2001:db8::1", "https", "inner:8000"),
        ("for=192.0.2.1:99;proto=https, for=10.1.0.1;proto=http;by=127.0.0.1", "192.0.2.1", "https", "inner:8000"),
        ("for=evil;host=evil.example, for=192.0.2.1;host=api.example.org", "192.0.2.1", "http", "api.example.org"),
        ('proto=https;host="api.example.org:8443"', "127.0.0.1", "https", "api.example.org:8443"),
        ('host="a\\pi.example.org"', "127.0.0.1", "http", "api.example.org"),
        ("for=_hidden;proto=https", "127.0.0.1", "https", "inner:8000"),
        ('for="192.0.2.1', "127.0.0.1", "http", "inner:8000"),
        ("for=192.0.2.1;for=192.0.2.2", "127.0.0.1", "http", "inner:8000"),
        ("nonsense", "127.0.0.1", "http", "inner:8000"),
        ('host="a/b"', "127.0.0.1", "http", "inner:8000"),
    ],
)
def test_forwarded(header: str, address: str, scheme: str, host: str) -> None:
    environment = make_environment("127.0.0.1", Forwarded=header)
    assert (environment["REMOTE_ADDR"], environment["wsgi.url_scheme"], environment["HTTP_HOST"]) == (
        address,
        scheme,
        host,
    )
    stranger = make_environment("203.0.113.9", Forwarded=header)
    assert (stranger["REMOTE_ADDR"], stranger["wsgi.url_scheme"]) == ("203.0.113.9", "http")


def test_forwarded_is_ignored_where_a_proxy_writes_the_older_headers() -> None:
    environment = make_environment(
        "127.0.0.1", Forwarded="for=192.0.2.66;host=evil.example", X_Forwarded_For="192.0.2.1"
    )
    assert (environment["REMOTE_ADDR"], environment["HTTP_HOST"]) == ("192.0.2.1", "inner:8000")


@pytest.mark.parametrize(
    ("header", "prefix"),
    [
        ("/gateway", "/gateway"),
        ("/gateway/", "/gateway"),
        ("gateway", "/gateway"),
        ("/a, /b/", "/a/b"),
        ("/a/b.c~d", "/a/b.c~d"),
        ("/", ""),
        ("", ""),
        ("/a//b", ""),
        ("/a/../b", ""),
        ("/%2e%2E/b", ""),
        ("/a%2f%2fb", ""),
        ("/a;Domain=evil", ""),
        ('/a"b', ""),
        ("/a b", ""),
        ("/<a>", ""),
        ("/" + "a" * 300, ""),
    ],
)
def test_the_prefix(header: str, prefix: str) -> None:
    assert make_environment("127.0.0.1", X_Forwarded_Prefix=header).get(forwarded.PREFIX, "") == prefix
    assert forwarded.PREFIX not in make_environment("203.0.113.9", X_Forwarded_Prefix=header)


@pytest.fixture
def behind(anonymous: TestApp) -> TestApp:
    """A client behind a trusted proxy."""
    anonymous.extra_environ["REMOTE_ADDR"] = "127.0.0.1"
    return anonymous


@pytest.mark.parametrize("path", PAGES)
def test_pages_link_within_the_prefix(behind: TestApp, path: str) -> None:
    page = behind.get(path, headers=PREFIXED, status="*")
    links = re.findall(r'(?:href|action|src)="([^"]*)"', page.text)
    assert links
    assert [link for link in links if not link.startswith(("/gateway/", "#", "data:"))] == []
    assert ".invalid" not in page.text
    assert "path-of-service" not in page.text
    assert "/gateway" not in behind.get(path, status="*").text


def test_the_explorer_calls_within_the_prefix(behind: TestApp) -> None:
    text = behind.get("/explorer", headers=PREFIXED).text
    match = re.search(r'<script type="application/json" id="api">(.*?)</script>', text, re.DOTALL)
    assert match is not None
    assert json.loads(match[1])["root"] == "/gateway"
    assert "fetch(api.root + made.url" in text


def test_documents_name_the_prefix(behind: TestApp) -> None:
    def get_document(path: str) -> Any:
        return json.loads(behind.get(path, headers=PREFIXED).body)

    assert get_document("/openapi.json")["servers"] == [{"url": BASE}]
    assert get_document("/types/metadata.json")["config"]["baseUrl"] == BASE
    assert get_document("/metadata/app.json")["app"]["baseUrl"] == BASE
    assert get_document("/")["metadata"] == f"{BASE}/metadata"
    assert f"BaseUrl: {BASE}\n" in behind.get("/types/csharp", headers=PREFIXED).text
    sample = behind.get("/json/metadata?op=NewSession", headers=PREFIXED).text
    assert "POST /gateway/sessions HTTP/1.1\nHost: api.example.org\n" in sample


def test_a_document_of_another_address_is_another_version(behind: TestApp) -> None:
    tags = {
        behind.get("/openapi.json", headers=headers).headers["ETag"]
        for headers in ({}, PREFIXED, {"Host": "a.example"})
    }
    assert len(tags) == 3


def test_redirects_and_links_to_formats(behind: TestApp) -> None:
    root = behind.get("/", headers={**PREFIXED, "Accept": "text/html"})
    assert root.status_int == 302
    assert root.headers["Location"].endswith("/gateway/metadata")
    page = behind.get("/auth/status.html", headers={**PREFIXED, "Authorization": f"Bearer {API_KEY}"}).text
    assert 'href="/gateway/auth/status?format=json"' in page


def test_cookies_are_of_the_prefix_and_secure(behind: TestApp) -> None:
    credentials = {"userName": EMAIL, "password": PASSWORD}
    lines = behind.post_json("/auth", credentials, headers=PREFIXED).headers.getall("Set-Cookie")
    assert lines
    assert all("; Path=/gateway;" in line and line.endswith("; Secure") for line in lines)
    expired = behind.post_json("/auth/logout", {}, headers=PREFIXED).headers.getall("Set-Cookie")
    assert all("; Path=/gateway;" in line for line in expired)


def test_strangers_change_nothing(anonymous: TestApp) -> None:
    anonymous.extra_environ["REMOTE_ADDR"] = "203.0.113.9"
    headers = {**PREFIXED, "Forwarded": "for=192.0.2.1;host=evil.example;proto=https"}
    document = json.loads(anonymous.get("/openapi.json", headers=headers).body)
    assert document["servers"] == [{"url": "http://localhost"}]
    credentials = {"userName": EMAIL, "password": PASSWORD}
    for line in anonymous.post_json("/auth", credentials, headers=PREFIXED).headers.getall("Set-Cookie"):
        assert "Path=/;" in line
        assert "Secure" not in line


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("host:80", "http://host"),
        ("host:8000", "http://host:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("HOST", "http://host"),
        ("a/b", "http://localhost"),
        ("a'b", "http://localhost"),
    ],
)
def test_the_base_url(behind: TestApp, host: str, url: str) -> None:
    assert json.loads(behind.get("/openapi.json", headers={"Host": host}).body)["servers"] == [{"url": url}]


@pytest.mark.parametrize(
    ("origin", "headers", "status"),
    [
        ("https://localhost", {"Host": "localhost:443"}, 200),
        ("https://api.example.org", {"X-Forwarded-Host": "api.example.org", "X-Forwarded-Proto": "https"}, 200),
        ("https://evil.example", {"Host": "localhost:443"}, 403),
    ],
)
def test_pages_of_the_own_origin(behind: TestApp, origin: str, headers: dict[str, str], status: int) -> None:
    credentials = {"userName": EMAIL, "password": PASSWORD}
    response = behind.post_json("/auth", credentials, headers={"Origin": origin, **headers}, status="*")
    assert response.status_int == status


def test_guesses_are_counted_for_the_clients_address(database: Database, settings: Settings) -> None:
    """Whatever port a proxy writes behind it."""
    few = replace(settings, login_attempts=3)
    app = TestApp(wsgi.build(few, database), extra_environ={"REMOTE_ADDR": "127.0.0.1"})

    def guess(address: str) -> int:
        credentials = {"userName": "nobody@example.org", "password": "wrong password"}
        status = app.post_json("/auth", credentials, headers={"X-Forwarded-For": address}, status="*").status_int
        return int(status)

    statuses = [guess(f"198.51.100.7:{40_000 + number}") for number in range(4)]
    assert statuses == [401] * 3 + [429]
    assert guess("::ffff:198.51.100.7") == 429
    assert guess("198.51.100.8:40000") == 401
