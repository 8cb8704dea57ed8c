"""Bodies in: which of several places counts, what a value may look like, and how a body may be packed."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from webtest import TestApp

from gateway.http.app import BODY_LIMIT

from .conftest import post

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def named(answer: Any) -> str:
    """Which session an answer could not find."""
    assert answer.status_code == 404
    return str(answer.json["responseStatus"]["message"]).split("'")[1]


@pytest.mark.parametrize(
    ("address", "body", "content_type", "counts"),
    [
        ("/sessions/path", '{"sessionId":"body"}', JSON, "path"),
        ("/sessions/path?sessionId=query", '{"sessionId":"body"}', JSON, "query"),
        ("/sessions/path?sessionId=query", "sessionId=form", FORM, "form"),
        ("/sessions/path?sessionId=one&SESSIONID=two", "", JSON, "two"),
        ("/api/PatchSession?sessionId=query", '{"sessionId":"body"}', JSON, "body"),
        ("/json/reply/PatchSession?sessionId=query", "{}", JSON, "query"),
        ("/json/reply/PatchSession?sessionId=query", "sessionId=form", FORM, "form"),
        ("/json/oneway/PatchSession", '{"sessionId":"one","SessionId":"two"}', JSON, "two"),
    ],
)
def test_one_value_from_several_places(
    client: TestApp, address: str, body: str, content_type: str, counts: str
) -> None:
    assert named(post(client, address, body, content_type, **{"X-HTTP-Method-Override": "PATCH"})) == counts


@pytest.mark.parametrize("given", ["a,b", "[a,b]", '["a","b"]', '["a", "b"]', "a&accountIds=b", "[a]&AccountIds[]=b"])
def test_lists_in_a_query(client: TestApp, given: str) -> None:
    account = client.post_json("/sessions", {}).json["accountId"]
    assert client.get(f"/sessions?accountIds={given}").json["totalCount"] == 0
    assert client.get(f"/sessions?accountIds={given.replace('b', account)}").json["totalCount"] == 1


@pytest.mark.parametrize("given", ["accountIds", "accountIds=", "page=", "searchArchive", "nothing=we&know=of"])
def test_what_is_empty_or_unknown_is_not_given(client: TestApp, given: str) -> None:
    client.post_json("/sessions", {})
    assert client.get(f"/sessions?{given}").json["totalCount"] == 1


@pytest.mark.parametrize("given", [True, "true", "TRUE", "on", 1, "1"], ids=repr)
def test_what_is_true(client: TestApp, given: Any) -> None:
    assert client.post_json("/sessions", {"startSession": given}).json["dialState"] == "Active"
    assert post(client, "/sessions", f"startSession={given}", FORM).json["dialState"] == "Active"


@pytest.mark.parametrize("given", ["Chat", "CHAT", "chat"])
def test_members_of_an_enum(client: TestApp, given: str) -> None:
    assert client.post_json("/sessions", {"channel": given}).json["channel"] == "Chat"


def test_names_in_any_case_and_unknown_ones_at_every_depth(client: TestApp) -> None:
    body = {
        "DISPLAYNAME": 5,
        "destination": True,
        "unknown": {"deep": [{"er": None}]},
        "memberEmailAddresses": "a@b.org,c@d.org",
    }
    made = client.post_json("/sessions", body).json
    assert (made["displayName"], made["destination"]) == ("5", "true")
    assert [member["displayName"] for member in made["members"][1:]] == ["a@b.org", "c@d.org"]


def raw(data: bytes) -> bytes:
    """Deflated without zlib's header, as .NET does it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {"gzip": gzip.compress, "X-GZip": gzip.compress, "deflate": zlib.compress, "Deflate": raw}


@pytest.mark.parametrize("encoding", PACKERS)
def test_packed_bodies(client: TestApp, encoding: str) -> None:
    pack = PACKERS[encoding]
    headers = {"Content-Encoding": encoding, "Accept": "text/jsv"}
    assert "displayName:Packed" in post(client, "/sessions", pack(b'{"displayName":"Packed"}'), JSON, **headers).text
    for broken in (pack(b'{"displayName":"Packed"}')[:-5], pack(b"{}") + b"more", b"{}"):
        answer = post(client, "/sessions", broken, JSON, **headers)
        assert (answer.status_code, answer.content_type) == (400, "text/jsv")
        assert "SerializationException" in answer.text


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_body_that_is_too_large_when_it_is_inflated(client: TestApp, encoding: str) -> None:
    bomb = PACKERS[encoding](json.dumps({"displayName": "x" * BODY_LIMIT}).encode())
    assert len(bomb) < BODY_LIMIT // 100
    answer = post(client, "/sessions.xml", bomb, JSON, **{"Content-Encoding": encoding})
    assert (answer.status_code, answer.content_type) == (413, "application/xml")
    twice = post(client, "/sessions", gzip.compress(bomb), JSON, **{"Content-Encoding": f"{encoding}, gzip"})
    assert twice.status_code == 413


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, '{"x":' * 100 + "1" + "}" * 100),
        (JSON, "[" * 100_000),
        ("application/xml", "<NewSession>" + "<a>" * 100 + "</a>" * 100 + "</NewSession>"),
        ("text/jsv", "{memberEmailAddresses:" + "[" * 100_000),
    ],
)
def test_nested_too_deeply(client: TestApp, content_type: str, body: str) -> None:
    answer = post(client, "/sessions.json", body, content_type)
    assert answer.status_code == 400
    assert answer.json["responseStatus"]["errorCode"] == "SerializationException"
