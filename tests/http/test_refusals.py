"""Responses to requests that the server could not read."""

from __future__ import annotations

import pytest

from gateway.http.refusals import refusal
from serializers.registry import default_registry

REGISTRY = default_registry()
JSON = "application/json; charset=utf-8"


def make_refusal(head: bytes, default: str = "json", status: int = 400) -> tuple[dict[str, str], bytes]:
    """Headers and body."""
    text, _, body = refusal(status, "It is wrong.", "abc-1", head, REGISTRY, default).partition(b"\r\n\r\n")
    lines = text.decode().split("\r\n")
    assert lines[0].startswith(f"HTTP/1.1 {status} ")
    return dict(line.split(": ", 1) for line in lines[1:]), body


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        (b"", JSON),
        (b"GET /sessions HTTP/1.1\r\n", JSON),
        (b"get /sessions.jsv HTTP/1.1\r\n", "application/jsv"),
        (b"GET /sessions.xml?x=1 HTTP/9.9\r\n", "application/xml"),
        (b"GET http://host/sessions.csv HTTP/1.1\r\n", "text/csv"),
        (b"GET /sessions?format=jsv", "application/jsv"),
        (b"GET /sessions?format=xml&filler=" + b"y" * 20_000, "application/xml"),
        (b"POST /jsv/reply/NewSession HTTP/1.1\r\nbad header\r\n", "application/jsv"),
        (b"\r\nGET /sessions HTTP/1.1\r\nHost: x\r\nACCEPT : text/jsv\r\nx y\r\n\r\n", "text/jsv"),
        (b"POST /sessions HTTP/1.1\r\nContent-Type: application/xml\r\n", "application/xml"),
        (b"GET /sessions.html HTTP/1.1\r\n", "text/html; charset=utf-8"),
        (b"GET //[ HTTP/1.1\r\nAccept: text/jsv\r\n", JSON),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", JSON),
        (b"\xff\xfe \x00 \n\n\n", JSON),
    ],
)
def test_the_format(head: bytes, content_type: str) -> None:
    headers, body = make_refusal(head)
    assert headers["Content-Type"] == content_type
    assert int(headers["Content-Length"]) == len(body)
    assert b"BadRequest" in body
    assert b"It is wrong." in body


def test_the_default_format() -> None:
    assert make_refusal(b"junk", "xml")[0]["Content-Type"] == "application/xml"


def test_headers() -> None:
    headers, _ = make_refusal(b"GET /sessions.html HTTP/1.1\r\n", status=431)
    assert headers["Connection"] == "close"
    assert headers["X-Request-Id"] == "abc-1"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_head_has_no_body() -> None:
    headers, body = make_refusal(b"HEAD /sessions HTTP/1.1\r\n")
    assert int(headers["Content-Length"]) > 0
    assert body == b""


@pytest.mark.parametrize(("status", "code"), [(414, b"RequestUriTooLong"), (431, b"RequestHeadersTooLarge")])
def test_codes(status: int, code: bytes) -> None:
    assert code in make_refusal(b"", status=status)[1]
