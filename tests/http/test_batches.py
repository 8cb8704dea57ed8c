"""Batches: every format, every address, none, too many, and where the first failure ends them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from webtest import TestApp

from serializers.registry import default_registry

from .conftest import post

BODIES = {
    "application/json": '[{"displayName":"a"},{"DisplayName":"b"}]',
    "application/jsv": "[{displayName:a},{DisplayName:b}]",
    "application/xml": "<ArrayOfNewSession><NewSession><DisplayName>a</DisplayName></NewSession>"
    "<NewSession><DisplayName>b</DisplayName></NewSession></ArrayOfNewSession>",
    "text/csv": "DisplayName\r\na\r\nb\r\n",
    "application/jsonl": '{"displayName":"a"}\n{"displayName":"b"}\n',
}
BEGINNINGS = {
    "json": "[{",
    "jsv": "[{",
    "xml": '<?xml version="1.0" encoding="utf-8"?><ArrayOfSessionInfo ',
    "csv": "DialState,",
    "html": "<!doctype html>",
    "jsonl": "{",
}


def list_stored(client: TestApp) -> int:
    return int(client.get("/sessions.json").json["totalCount"])


@pytest.mark.parametrize("name", BEGINNINGS)
@pytest.mark.parametrize("content_type", BODIES)
def test_every_format_in_and_out(client: TestApp, content_type: str, name: str) -> None:
    response = post(client, f"/{name}/reply/NewSession[]", BODIES[content_type], content_type)
    assert (response.status_code, response.headers["X-AutoBatch-Completed"]) == (200, "2")
    assert response.text.startswith(BEGINNINGS[name])
    assert list_stored(client) == 2


@pytest.mark.parametrize(
    "address",
    [
        "/json/reply/NewSession[]",
        "/json/oneway/newsession%5B%5D",
        "/api/NewSession[]",
        "/API/NEWSESSION%5b%5d",
        "/api/NewSession[].json",
        "/api/NewSession%5B%5D.JSON/",
    ],
)
def test_every_address(client: TestApp, address: str) -> None:
    response = post(client, address, BODIES["application/json"], "application/json")
    assert [session["displayName"] for session in response.json] == ["a", "b"]


@pytest.mark.parametrize("content_type", BODIES)
def test_none_at_all(client: TestApp, content_type: str) -> None:
    serializer: Any = default_registry().by_media_type(content_type)
    empty = {"application/xml": "<ArrayOfNewSession/>", "text/csv": "DisplayName\r\n", "application/jsonl": ""}
    response = post(client, f"/{serializer.name}/reply/NewSession[]", empty.get(content_type, "[]"), content_type)
    assert (response.status_code, response.headers["X-AutoBatch-Completed"]) == (200, "0")
    assert post(client, "/api/NewSession[]", "", content_type, Accept="application/json").json == []
    assert list_stored(client) == 0


@pytest.mark.parametrize(("count", "status"), [(1000, 204), (1001, 413)])
def test_a_thousand_are_the_most(client: TestApp, count: int, status: int) -> None:
    session = client.post_json("/sessions", {}).json["id"]
    body = json.dumps([{"sessionId": session}] * count)
    response = post(client, "/xml/reply/EndSession[]", body, "application/json")
    assert response.status_code == status
    assert client.get(f"/sessions/{session}").json["ended"] is (status == 204)
    if status == 413:
        assert response.content_type == "application/xml"
        assert "<ErrorCode>RequestEntityTooLarge</ErrorCode>" in response.text


@pytest.mark.parametrize("name", ["json", "jsv", "xml", "csv"])
def test_the_first_failure_ends_it(client: TestApp, name: str) -> None:
    body = '[{"displayName":"a"},{"displayName":"b"},{"customerId":"nobody"},{"displayName":"c"},{"channel":"Pigeon"}]'
    response = post(client, f"/{name}/reply/NewSession[]", body, "application/json")
    assert (response.status_code, response.headers["X-AutoBatch-Completed"]) == (400, "2")
    text = response.text.replace('"', "")
    assert ("<d3p1:Value>2<" if name == "xml" else "AutoBatchIndex:2") in text
    assert "NotFound" in text
    assert "Pigeon" not in text
    assert list_stored(client) == 2


def test_what_cannot_be_read_is_refused_as_a_whole(client: TestApp) -> None:
    for body in ('[{"displayName":"a"},5]', '[{"displayName":"a"}', '"a"'):
        assert post(client, "/json/reply/NewSession[]", body, "application/json").status_code == 400
    assert list_stored(client) == 0


@pytest.mark.parametrize(
    ("path", "body"), [("/json/reply/Authenticate[]", "[]"), ("/api/GetAccessToken%5B%5D", "[{}]")]
)
def test_operations_that_sign_in_are_no_part_of_a_batch(client: TestApp, path: str, body: str) -> None:
    response = post(client, path, body, "application/json")
    assert (response.status_code, response.headers.getall("Set-Cookie")) == (400, [])
    status = response.json["responseStatus"]
    assert status["errorCode"] == "NotSupportedException"
    assert "can't be part of a batch" in status["message"]
