"""Bodies in: which of several places counts, what a value may look like, and how a body may be packed."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from gateway.contract.shapes import document_shape
from gateway.http.app import BODY_LIMIT
from gateway.metadata import samples
from serializers import jsv
from tests.sessions_api import catalog

from .conftest import post

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def read_error(response: Any) -> str:
    """Which session an answer could not find."""
    assert response.status_code == 404
    return str(response.json["responseStatus"]["message"]).split("'")[1]


@pytest.mark.parametrize(
    ("address", "body", "content_type", "counts"),
    [
        ("/sessions/path", '{"sessionId":"body"}', JSON, "path"),
        ("/sessions/path?sessionId=query", '{"sessionId":"body"}', JSON, "query"),
        ("/sessions/path?sessionId=query", "sessionId=form", FORM, "form"),
        ("/sessions/path?sessionId=one&SESSIONID=two", "", JSON, "one,two"),
        ("/api/PatchSession?sessionId=query", '{"sessionId":"body"}', JSON, "body"),
        ("/json/reply/PatchSession?sessionId=query", "{}", JSON, "query"),
        ("/json/reply/PatchSession?sessionId=query", "sessionId=form", FORM, "form"),
        ("/json/oneway/PatchSession", '{"sessionId":"one","SessionId":"two"}', JSON, "two"),
    ],
)
def test_one_value_from_several_places(
    client: TestApp, address: str, body: str, content_type: str, counts: str
) -> None:
    assert read_error(post(client, address, body, content_type, **{"X-HTTP-Method-Override": "PATCH"})) == counts


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
    session = client.post_json("/sessions", body).json
    assert (session["displayName"], session["destination"]) == ("5", "true")
    assert [member["displayName"] for member in session["members"][1:]] == ["a@b.org", "c@d.org"]


def deflate_raw(data: bytes) -> bytes:
    """Deflated without zlib's header, as .NET does it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "X-GZip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": deflate_raw,
}


@pytest.mark.parametrize("encoding", PACKERS)
def test_packed_bodies(client: TestApp, encoding: str) -> None:
    pack = PACKERS[encoding]
    headers = {"Content-Encoding": encoding, "Accept": "text/jsv"}
    assert "displayName:Packed" in post(client, "/sessions", pack(b'{"displayName":"Packed"}'), JSON, **headers).text
    for broken in (pack(b'{"displayName":"Packed"}')[:-5], pack(b"{}") + b"more", b"{}"):
        response = post(client, "/sessions", broken, JSON, **headers)
        assert (response.status_code, response.content_type) == (400, "text/jsv")
        assert "SerializationException" in response.text


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_body_that_is_too_large_when_it_is_inflated(client: TestApp, encoding: str) -> None:
    bomb = PACKERS[encoding](json.dumps({"displayName": "x" * BODY_LIMIT}).encode())
    assert len(bomb) < BODY_LIMIT // 100
    response = post(client, "/sessions.xml", bomb, JSON, **{"Content-Encoding": encoding})
    assert (response.status_code, response.content_type) == (413, "application/xml")
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
    response = post(client, "/sessions.json", body, content_type)
    assert response.status_code == 400
    assert response.json["responseStatus"]["errorCode"] == "SerializationException"


BLANKS = [
    ("text/jsv", "{displayName: Hi ,channel: Chat ,startSession:\ttrue}"),
    (JSON, '{"displayName":" Hi ","channel":" Chat ","startSession":"\\n true\\n"}'),
    (
        "application/xml",
        "<NewSession><DisplayName> Hi </DisplayName><Channel>\n Chat </Channel>"
        "<StartSession>\n true\n</StartSession></NewSession>",
    ),
    ("text/csv", "DisplayName,Channel,StartSession\n Hi , Chat , true \n"),
    (FORM, "displayName=+Hi+&channel=+Chat%0d%0a&startSession=%09true"),
]


@pytest.mark.parametrize(("content_type", "body"), BLANKS, ids=[content_type for content_type, _ in BLANKS])
def test_blanks_around_typed_values_mean_nothing_and_texts_keep_theirs(
    client: TestApp, content_type: str, body: str
) -> None:
    session = post(client, "/sessions.json", body, content_type).json
    assert (session["displayName"], session["channel"], session["dialState"]) == (" Hi ", "Chat", "Active")


@pytest.mark.parametrize(
    "query", ["page=%201&countPerPage=5%20", "searchArchive=+false", "startDate=+2020-01-01+", "page=+&all=%09"]
)
def test_blanks_around_typed_values_of_a_query(client: TestApp, query: str) -> None:
    client.post_json("/sessions", {})
    assert client.get(f"/sessions?{query}").json["totalCount"] == 1


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/sessions?startDate=2020-W01-1", "startDate"),
        ("/sessions?endDate=20200101%20%20", "endDate"),
        ("/messages?afterDate=2026-11-26X21:29:02", "afterDate"),
        ("/conversations?afterDate=20261126", "afterDate"),
    ],
)
def test_days_and_times_in_other_forms(client: TestApp, address: str, field: str) -> None:
    status = client.get(address, status=400).json["responseStatus"]
    assert [(error["fieldName"].lower(), error["errorCode"]) for error in status["errors"]] == [
        (field.lower(), "RegularExpression")
    ]
    assert "YYYY-MM-DD" in status["message"]


def test_the_sample_of_the_metadata_page_as_curl_sends_it(client: TestApp) -> None:
    """``curl -d @file`` drops the line breaks of a file."""
    expected = document_shape(catalog.operations["NewSession"].dto)
    sample = jsv.serializer.sample(samples.make_sample(expected), expected)
    sample = re.sub(r"\t(?:parentSessionId|customerId|withAddress): String,\n", "", sample)
    sample = sample.replace("\t\tString\n", "\t\tbob@example.org\n")
    laid_out = post(client, "/sessions?format=jsv", sample, FORM).text
    flat = post(client, "/sessions?format=jsv", sample.replace("\n", ""), FORM)
    assert flat.status_code == 200
    assert strip_new(flat.text) == strip_new(laid_out)
    assert ",displayName:String,log:" in flat.text
    assert ",{identity:bob@example.org," in flat.text


def strip_new(text: str) -> str:
    """A session's document without what is new in each."""
    return re.sub(r"\b(id|date\w*):[^,}]*", "", text)
