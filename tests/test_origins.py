"""Origins as operators and browsers write them."""

from __future__ import annotations

import pytest

from gateway import origins
from gateway.errors import ConfigurationError
from gateway.settings import Settings


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://app.example.org", "https://app.example.org"),
        ("HTTPS://App.Example.ORG/", "https://app.example.org"),
        ("https://app.example.org:443", "https://app.example.org"),
        ("http://app.example.org:80/", "http://app.example.org"),
        ("http://app.example.org:443", "http://app.example.org:443"),
        ("https://app.example.org:08443", "https://app.example.org:8443"),
        ("http://[2001:DB8:0::1]:8080", "http://[2001:db8::1]:8080"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("capacitor://localhost", "capacitor://localhost"),
        (" http://localhost:3000 ", "http://localhost:3000"),
        ("*", "*"),
    ],
)
def test_one_spelling(text: str, origin: str) -> None:
    assert origins.parse(text) == origin


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("https://app.example.org/app", "write 'https://app.example.org'"),
        ("https://App.example.org:443/?x=1", "write 'https://app.example.org'"),
        ("https://app.example.org#top", "write 'https://app.example.org'"),
        ("https://me:secret@app.example.org", "write 'https://app.example.org'"),
        ("app.example.org", "write 'https://app.example.org'"),
        ("app.example.org:8443/", "write 'https://app.example.org:8443'"),
        ("https://*.example.org", "name each origin"),
        ("https://a.example https://b.example", "by commas"),
        ("null", "serve the page"),
        ("file://", "serve the page"),
        ("https://app.example.org:99999", "out of range"),
        ("https://app.example.org:x", "not an origin"),
        ("https://", "no valid host"),
        ("https://-", "no valid host"),
        ("https://[::1", "not an origin"),
    ],
)
def test_what_would_be_right(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match="'") as raised:
        origins.parse(text)
    assert advice in str(raised.value)


def test_settings_normalise_origins_and_name_all_that_are_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")
    monkeypatch.setenv("GATEWAY_CORS_ORIGINS", "https://A.example/, https://a.example:443,,*")
    assert Settings.from_environment().cors_origins == ("https://a.example", "*")
    monkeypatch.setenv("GATEWAY_CORS_ORIGINS", "https://a.example/x,null,https://b.example")
    with pytest.raises(ConfigurationError, match=r"GATEWAY_CORS_ORIGINS: 'https://a.example/x' .* 'null' "):
        Settings.from_environment()


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("https://host", "host:443", True),
        ("https://host:443", "host", True),
        ("http://host", "host:80", True),
        ("https://HOST", "host", True),
        ("http://host:8000", "host:8000", True),
        ("https://[2001:db8::1]", "[2001:DB8::1]:443", True),
        ("http://host", "host:443", False),
        ("https://host:8443", "host", False),
        ("https://host", "host:8443", False),
        ("https://host.evil.example", "host", False),
        ("https://evil.example", "", False),
        ("null", "null", False),
        ("", "host", False),
    ],
)
def test_the_same_origin(origin: str, host: str, same: bool) -> None:
    assert origins.is_origin_of_host(origin, host) is same
