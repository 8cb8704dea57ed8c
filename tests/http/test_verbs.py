"""HEAD and OPTIONS of every kind of address, and verbs that are not taken."""

from __future__ import annotations

import pytest
from webtest import TestApp

READ = [
    "/sessions",
    "/sessions?all=true",
    "/api",
    "/api.xml",
    "/api/ListSessions",
    "/json/reply/ListSessions",
    "/jsv/oneway/ListSessions",
    "/metadata",
    "/types/csharp",
    "/openapi.json",
    "/health",
    "/ready",
]


@pytest.mark.parametrize("path", READ)
def test_head_answers_like_get_without_a_body(client: TestApp, path: str) -> None:
    get_response, head_response = client.get(path), client.head(path)
    assert (head_response.status_code, head_response.body) == (200, b"")
    assert head_response.headers.getall("Content-Type") == get_response.headers.getall("Content-Type")
    assert "all=true" in path or head_response.headers["Content-Length"] == str(len(get_response.body))


@pytest.mark.parametrize(
    ("path", "verbs"),
    [
        ("/sessions", {"GET", "HEAD", "POST"}),
        ("/SESSIONS/x/", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("/api/GetSession", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/xml/reply/EndSession", {"DELETE", "POST", "OPTIONS"}),
        ("/jsv/oneway/PatchSession[]", {"PATCH", "POST", "OPTIONS"}),
        ("/json/reply/Nothing", {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}),
        ("/health", {"GET", "HEAD"}),
    ],
)
def test_options_names_the_verbs(anonymous: TestApp, path: str, verbs: set[str]) -> None:
    response = anonymous.options(path)
    assert (response.status_code, response.body) == (200, b"")
    assert "Content-Type" not in response.headers
    assert set(response.headers["Allow"].split(", ")) == verbs


def test_a_verb_that_an_operation_lacks(client: TestApp) -> None:
    response = client.put("/json/reply/GetSession", status=405)
    assert response.headers["Allow"] == "GET, POST"
    assert client.delete("/sessions", status=405).headers["Allow"] == "GET, HEAD, POST, OPTIONS"
