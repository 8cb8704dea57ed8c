"""Sloppy requests in the three modes of GATEWAY_READING, beside the recorded responses of a ServiceStack host."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.contract import fields
from gateway.contract.catalog import ANYONE, Catalog
from gateway.contract.dto import Dto
from gateway.http.app import Options, create_app
from gateway.settings import READINGS, Settings
from models import Database
from serializers.registry import default_registry

from .conftest import API_KEY, post

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
JSV = "text/jsv"
CORPUS = Path(__file__).parent.parent / "corpora" / "sloppy.jsonl.gz"
#: Where the compatible mode responds otherwise than the host, and why.
DIFFERENCES: Mapping[str, str] = {
    **dict.fromkeys(("json single quotes", "json unquoted both", "jsv open"), "the host loses values"),
    **dict.fromkeys(
        ("json bad enum", "json enum two", "json bool yes", "json bool 2", "jsv bad enum"), "it drops values"
    ),
    "json email upper": "identities are e-mail addresses in lower case",
    "form list idx": "places of items are read",
    "jsv pretty": "blanks of the layout are skipped",
    "xml no ns": "namespaces do not matter",
    "xml camel": "names are read in any letter case",
}

Client = Callable[[str], TestApp]


@pytest.fixture
def reading(settings: Settings, database: Database) -> Client:
    """Makes clients of services with a mode."""

    def make(mode: str) -> TestApp:
        client = TestApp(wsgi.build(dataclasses.replace(settings, reading=mode), database))
        client.authorization = ("Bearer", API_KEY)
        return client

    return make


def load_vectors() -> list[dict[str, Any]]:
    with gzip.open(CORPUS, "rt", encoding="ascii") as lines:
        all_vectors = [json.loads(line) for line in lines]
    return [
        vector
        for vector in all_vectors
        if vector["request"]["method"] == "POST" and vector["request"].get("body") is not None
    ]


def read_kept(session: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says of a session."""
    names = ("displayName", "channel", "dialState", "direction", "parentSessionId", "customerId")
    values = {name: session.get(name) or None for name in names}
    return {**values, "members": [member["identity"] for member in session["members"]][1:]}


@pytest.mark.parametrize("vector", load_vectors(), ids=lambda vector: vector["name"])
def test_compatible_reads_as_the_recorded_host(reading: Client, vector: Any) -> None:
    request, response = vector["request"], vector["response"]
    headers = dict(request["headers"])
    own_response = post(reading("compatible"), request["path"], request["body"], headers.pop("Content-Type"), **headers)
    assert own_response.status_code < 500
    is_accepted = response["status"] == 200
    if vector["name"] not in DIFFERENCES:
        assert (own_response.status_code == 200) == is_accepted
    if own_response.status_code == 200 and is_accepted and vector["name"] not in DIFFERENCES:
        assert read_kept(own_response.json) == read_kept(json.loads(response["body"]))


#: Each case: media type, body, and what strict, compatible and lenient keep of it; None where they refuse it. In the lenient mode
#: the values of X-Ignored-Values stand behind what is kept.
CASES: list[tuple[str, str, dict[str, Any] | None, dict[str, Any] | None, dict[str, Any] | None, str]] = [
    (JSON, '{"displayName":"x",}', None, {"displayName": "x"}, {"displayName": "x"}, ""),
    (JSON, '{"displayName":"a\nb\tc"}', None, {"displayName": "a\nb\tc"}, {"displayName": "a\nb\tc"}, ""),
    (JSON, r'{"displayName":"C:\dir"}', None, {"displayName": "C:dir"}, {"displayName": "C:dir"}, ""),
    (JSON, '{"displayName":{"a":[1,"b c"]}}', None, {"displayName": "{a:[1,b c]}"}, {"displayName": "{a:[1,b c]}"}, ""),
    (JSON, '{"displayName":["a","b"]}', None, {"displayName": "[a,b]"}, {"displayName": "[a,b]"}, ""),
    (JSON, '{"displayName":"x"} {"displayName":"y"}', None, {"displayName": "x"}, {"displayName": "x"}, ""),
    (JSON, '{"displayName":0x10}', None, {"displayName": "0x10"}, {"displayName": "0x10"}, ""),
    (JSON, '{"displayName":"x","startSession":"Y"}', None, {"dialState": "Active"}, {"dialState": "Active"}, ""),
    (JSON, '{"displayName":"x","startSession":"t"}', None, {"dialState": "Active"}, {"dialState": "Active"}, ""),
    (JSON, '{"displayName":"x","startSession":True}', None, {"dialState": "Active"}, {"dialState": "Active"}, ""),
    (JSON, '{"startSession":"off"}', None, {"dialState": "None"}, {"dialState": "None"}, ""),
    (JSON, '{"startSession":"on"}', {"dialState": "Active"}, {"dialState": "Active"}, {"dialState": "Active"}, ""),
    (JSON, '{"memberEmailAddresses":["a@b.org",]}', None, {"members": ["a@b.org"]}, {"members": ["a@b.org"]}, ""),
    (JSV, '{displayName:a "b" c}', None, {"displayName": 'a "b" c'}, {"displayName": 'a "b" c'}, ""),
    (JSV, "{displayName:x};more", None, {"displayName": "x"}, {"displayName": "x"}, ""),
    (JSV, "{displayName:x,startSession:T}", None, {"dialState": "Active"}, {"dialState": "Active"}, ""),
    (FORM, "displayName=a&displayName=b", {"displayName": "b"}, {"displayName": "a,b"}, {"displayName": "a,b"}, ""),
    (FORM, "displayName=x&startSession=y", None, {"dialState": "Active"}, {"dialState": "Active"}, ""),
    # What would lose data.
    (JSON, '{"displayName":"x","channel":"Pigeon"}', None, None, {"displayName": "x", "channel": "Voice"}, "channel"),
    (JSON, '{"displayName":"x","channel":"Chat,Fax"}', None, None, {"displayName": "x", "channel": "Voice"}, "channel"),
    (JSON, '{"channel":7,"startSession":"yes"}', None, None, {"channel": "Voice"}, "channel, startSession"),
    (JSON, '{"displayName":"x","channel":"Ch', None, None, {"displayName": "x", "channel": "Voice"}, "channel"),
    (JSON, '{"displayName":"x"', None, None, {"displayName": "x"}, "body"),
    (JSON, "{'displayName':'x'}", None, None, {"displayName": None}, "body"),
    (JSON, r'{"displayName":"C:\users"}', None, None, {"displayName": None}, "displayName"),
    (JSV, "{displayName:x", None, None, {"displayName": "x"}, "body"),
    (JSV, '{displayName:"x', None, None, {"displayName": None}, "displayName"),
    (JSV, "{displayName:x,channel:Pigeon}", None, None, {"displayName": "x", "channel": "Voice"}, "channel"),
    (JSV, "{displayName:x,memberEmailAddresses:{a:1}}", None, None, {"displayName": "x"}, "memberEmailAddresses"),
    # Values are named that are dropped with another, and others are kept.
    (
        JSON,
        r'{"displayName":"C:\users","channel":"Chat"}',
        None,
        None,
        {"displayName": None, "channel": "Chat"},
        "displayName",
    ),
    (
        JSON,
        r'{"memberEmailAddresses":["a@b.org","C:\x"],"channel":"Chat"}',
        None,
        None,
        {"channel": "Chat"},
        "memberEmailAddresses",
    ),
    (JSON, '{"memberEmailAddresses":["a@b.org","c', None, None, {"members": []}, "memberEmailAddresses, body"),
    (JSON, '{"displayName":a b,"channel":"Chat"}', None, None, {"displayName": None}, "displayName, body"),
    (JSON, '{"displayName":a b}', None, None, {"displayName": None}, "displayName"),
    # What no mode reads.
    (JSON, "null", None, None, None, ""),
    (JSON, '"x"', None, None, None, ""),
    (JSON, '[{"displayName":"x"}]', None, None, None, ""),
    (FORM, "displayName=x&channel=Pigeon", None, None, None, ""),
    (FORM, "startSession=true&startSession=false", {"dialState": "None"}, None, None, ""),
    (JSON, '{"memberEmailAddresses":["nobody"]}', None, None, None, ""),
]


@pytest.mark.parametrize(
    ("content_type", "body", "strict", "compatible", "lenient", "ignored"), CASES, ids=[case[1] for case in CASES]
)
def test_what_each_mode_keeps(
    reading: Client, content_type: str, body: str, strict: Any, compatible: Any, lenient: Any, ignored: str
) -> None:
    for mode, expected in zip(("strict", "compatible", "lenient"), (strict, compatible, lenient), strict=True):
        response = post(reading(mode), "/sessions.json", body, content_type)
        assert response.status_code == (400 if expected is None else 200), mode
        if expected is not None:
            assert {name: read_kept(response.json)[name] for name in expected} == expected
            assert response.headers.get("X-Ignored-Values", "") == (ignored if mode == "lenient" else ""), mode


@pytest.mark.parametrize("rest", ['{"displayName":"y"}', ',{"displayName":"y"}', " []"])
@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_what_follows_a_lone_object_of_a_batch_is_not_lost_in_silence(reading: Client, name: str, rest: str) -> None:
    path, body = f"/{name}/reply/NewSession[]", '{"displayName":"x"}' + rest
    assert post(reading("strict"), path, body, f"application/{name}").status_code == 400
    assert post(reading("compatible"), path, body, f"application/{name}").status_code == 400
    response = post(reading("lenient"), path, body, f"application/{name}")
    assert (response.status_code, response.headers["X-Ignored-Values"]) == (200, "body")


@pytest.mark.parametrize("mode", READINGS)
def test_a_lone_object_is_a_batch_of_one(reading: Client, mode: str) -> None:
    response = post(reading(mode), "/json/reply/NewSession[]", '{"displayName":"x"}', JSON)
    if mode == "strict":
        assert response.status_code == 400
    else:
        assert [session["displayName"] for session in response.json] == ["x"]


def test_lenient_names_what_a_batch_lost(reading: Client) -> None:
    body = '[{"channel":"Chat"},{"channel":"Pigeon"},{"startSession":2}]'
    response = post(reading("lenient"), "/json/reply/NewSession[]", body, JSON)
    assert response.headers["X-Ignored-Values"] == "[1].channel, [2].startSession"
    assert [session["channel"] for session in response.json] == ["Chat", "Voice", "Voice"]


def test_the_header_holds_no_more_than_headers_may(reading: Client) -> None:
    body = "{" + '"Zo\u00eb\\r\\nX-Evil: 1":"x'
    response = post(reading("lenient"), "/sessions.json", body, JSON)
    assert response.headers["X-Ignored-Values"] == "Zo???X-Evil:?1"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('[abc,"y]', 200),
        ('["a","zz,\\"y"]', 200),
        ('["a"x,b]', 200),
        ('["a', 400),
    ],
)
def test_quotes_in_lists_of_a_query(reading: Client, query: str, found: int) -> None:
    for mode, status in (("compatible", found), ("strict", 400)):
        client = reading(mode)
        assert client.get("/sessions", params={"specificIds": query}, status="*").status_code == status


def test_repeated_names_of_a_query_are_joined(reading: Client) -> None:
    session = reading("compatible").post("/sessions?displayName=a&DisplayName=b").json
    assert session["displayName"] == "a,b"
    assert reading("strict").post("/sessions?displayName=a&DisplayName=b").json["displayName"] == "b"
    assert reading("compatible").get("/sessions?page=1&page=2", status=400)


def test_wrong_values_are_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_READING", "sloppy")
    with pytest.raises(Exception, match="GATEWAY_READING"):
        Settings.from_environment()


class Switches(Dto):
    on = fields.Boolean()
    all_ = fields.List(fields.Boolean())
    rows = fields.List(fields.List(fields.Boolean()))
    by_name = fields.Map(values=fields.Boolean())
    inner = fields.Map(values=fields.Nested("Switches"))


@pytest.mark.parametrize("mode", READINGS)
def test_booleans_are_read_alike_at_any_depth(mode: str) -> None:
    catalog = Catalog()
    catalog.operation("POST GET", "/switches", returns=Switches, access=ANYONE)(Switches)
    catalog.handles(Switches)(lambda request, context: request)
    options = Options(reading=mode, write_line=lambda _: None)
    client = TestApp(create_app(catalog, default_registry(), None, None, options))
    status = 400 if mode == "strict" else 200
    expected = {
        "on": True,
        "all": [True, False],
        "rows": [[False], []],
        "byName": {"a": True},
        "inner": {"k": {"all": [False]}},
    }
    sloppy = {
        "on": "t",
        "all": ["Y", " n "],
        "rows": [["off"], []],
        "byName": {"a": "T"},
        "inner": {"k": {"all": ["f"]}},
    }
    response = client.post_json("/switches", sloppy, status=status)
    for name, text in {"all": "[Y, n ]", "rows": "[[off],[]]", "byName": "a:T", "inner": "{k:{all:[f]}}"}.items():
        by_query = client.get("/switches", {name: text}, status=status)
        assert status == 400 or by_query.json == {name: expected[name]}
    if status == 200:
        assert response.json == expected
        assert client.post("/switches.json", "{byName:{a:y}}", content_type=JSV).json == {"byName": {"a": True}}
