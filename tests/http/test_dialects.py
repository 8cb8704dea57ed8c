"""A service in the dialect of an old host: documents, errors, samples, OpenAPI, and what clients ask for by ``?jsconfig=``."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import auto
from typing import Any
from uuid import UUID

import pytest
from webtest import TestApp

from gateway.contract import fields, rules, scalars
from gateway.contract.catalog import ANYONE, Catalog
from gateway.contract.dto import Dto
from gateway.contract.fields import DtoEnum
from gateway.http.app import Options, create_app
from gateway.users.authenticator import Authenticator
from models import Database
from serializers.dialect import DEFAULT, Dialect
from serializers.registry import default_registry
from tests.contract import every_kind

NAMESPACE = "Acme"


class FlowChannels(DtoEnum):
    Voice = auto()
    Chat = auto()
    Fax = auto()


class Stay(Dto):
    call_sid = fields.String("The call", rules=[rules.not_empty()])
    started_at = scalars.DateTime()
    lasted = scalars.TimeSpan()
    key = scalars.Guid()
    channel = fields.Enum(FlowChannels)
    ended = fields.Boolean()
    left = fields.String()


BODY = {
    "callSid": "é",
    "startedAt": "/Date(1577836800000+0200)/",
    "lasted": "01:00:00",
    "key": str(UUID(int=10)),
    "channel": 1,
    "ended": False,
}
Make = Callable[[Dialect], TestApp]


@pytest.fixture
def make(database: Database) -> Make:
    """What makes a client of a service that answers its requests, in a dialect."""

    def make_client(dialect: Dialect) -> TestApp:
        catalog = Catalog()
        catalog.operation("ANY", "/stays", returns=Stay, access=ANYONE)(Stay)
        catalog.handles(Stay)(lambda request, _: request)
        authenticator = Authenticator(database, ["s" * 40])
        options = Options(dialect=dialect, write_line=lambda _: None)
        return TestApp(create_app(catalog, default_registry(), database, authenticator, options))

    return make_client


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (
            DEFAULT,
            '{"callSid":"\\u00e9","startedAt":"2020-01-01T02:00:00+02:00","lasted":"PT1H",'
            '"key":"0000000000000000000000000000000a","channel":"Chat","ended":false}',
        ),
        (
            Dialect.of("4.5"),
            '{"CallSid":"é","StartedAt":"\\/Date(1577836800000+0200)\\/","Lasted":"PT1H",'
            '"Key":"0000000000000000000000000000000a","Channel":"Chat","Ended":false}',
        ),
        (
            Dialect.of("8.1"),
            '{"callSid":"\\u00E9","startedAt":"2020-01-01T02:00:00+02:00","lasted":"PT1H",'
            '"key":"00000000-0000-0000-0000-00000000000a","channel":"Chat","ended":false}',
        ),
        (
            Dialect(names="pascal", dates="wcf", guids="dashes", nulls=True, enums="number", durations="standard"),
            '{"CallSid":"\\u00e9","StartedAt":"\\/Date(1577836800000+0200)\\/","Lasted":"01:00:00",'
            '"Key":"00000000-0000-0000-0000-00000000000a","Channel":1,"Ended":false,"Left":null}',
        ),
    ],
)
def test_a_document(make: Make, dialect: Dialect, expected: str) -> None:
    response = make(dialect).post_json("/stays", BODY)
    assert response.body.decode() == expected


def test_a_client_sends_back_what_it_got(make: Make) -> None:
    for dialect in (Dialect.of("4.5"), Dialect.of("8.1"), Dialect(names="pascal", dates="rfc1123", enums="number")):
        client = make(dialect)
        for suffix in (".json", ".jsv", ".csv"):
            first_response = client.post_json(f"/stays{suffix}", BODY)
            second_response = client.post(
                f"/stays{suffix}", first_response.body, content_type=first_response.content_type
            )
            assert second_response.body == first_response.body


def test_jsconfig_is_the_dialect_of_one_response(make: Make) -> None:
    client = make(Dialect.of("5.8"))
    plain = client.post_json("/stays", BODY).body
    spelled = client.post_json("/stays?jsconfig=dh:iso8601,teai,elun,edv", BODY).body.decode()
    assert spelled == (
        '{"call_sid":"é","started_at":"2020-01-01T02:00:00.0000000+02:00","lasted":"PT1H",'
        '"key":"0000000000000000000000000000000a","channel":1}'
    )
    assert client.post_json("/stays", BODY).body == plain
    assert client.post_json("/stays.jsv?jsconfig=elun", BODY).body.decode().startswith("{call_sid:é,started_at:")
    batch = client.post_json("/json/reply/Stay[]?jsconfig=elun", [BODY, BODY]).json
    assert [next(iter(document)) for document in batch] == ["call_sid", "call_sid"]


def test_names_in_the_query_are_read_in_any_case(make: Make) -> None:
    client = make(DEFAULT)
    for name in ("callSid", "CallSid", "CALLSID"):
        assert client.get(f"/stays?{name}=x").json == {"callSid": "x"}


def test_a_service_with_names_in_snake_case_reads_them(make: Make) -> None:
    client = make(Dialect(names="snake", dates="wcf"))
    expected = client.post_json("/stays", BODY).json
    assert list(expected)[:2] == ["call_sid", "started_at"]
    for suffix in (".json", ".jsv", ".msgpack"):
        first_response = client.post_json(f"/stays{suffix}", BODY)
        assert (
            client.post("/stays", first_response.body, content_type=first_response.content_type).body
            == first_response.body
        )
    assert client.get("/stays?call_sid=x&started_at=2020-01-01").json["call_sid"] == "x"
    assert client.get("/stays?callSid=x").json == {"call_sid": "x"}
    assert client.post_json("/json/reply/Stay[]", [expected]).json == [expected]


def test_names_in_snake_case_are_read_inside_records_in_every_place() -> None:
    catalog = every_kind.catalog()
    client = TestApp(
        create_app(
            catalog, default_registry(), None, None, Options(dialect=Dialect(names="snake"), write_line=lambda _: None)
        )
    )
    expected = {"name": "a", "next": {"by_name": {"k": {"name": "b"}}}}
    for suffix in (".json", ".jsv", ".csv", ".msgpack", ".xml"):
        first_response = client.post_json(f"/node{suffix}", expected)
        second_response = client.post(
            "/node", first_response.body, {"Accept": "application/json"}, content_type=first_response.content_type
        )
        assert second_response.json == expected
    for text in ("{by_name:{k:{name:b}}}", '{"by_name":{"k":{"name":"b"}}}', "{ByName:{k:{name:b}}}"):
        assert client.get("/node/again", {"name": "a", "next": text}).json == expected
        assert client.post("/node", {"name": "a", "next": text}).json == expected
    table = client.post("/node.json", "name,by_name\r\na,{k:{name:b}}\r\n", content_type="text/csv")
    assert table.json == {"name": "a", "by_name": {"k": {"name": "b"}}}


@pytest.mark.parametrize(("names", "field"), [("camel", "CallSid"), ("pascal", "CallSid"), ("snake", "call_sid")])
def test_names_in_errors(make: Make, names: Any, field: str) -> None:
    client = make(Dialect(names=names))
    status = next(iter(client.post_json("/stays", {"callSid": ""}, status=400).json.values()))
    errors = status.get("errors") or status["Errors"]
    assert [error.get("fieldName") or error.get("FieldName") or error["field_name"] for error in errors] == [field]


def test_an_error_is_configured_too(make: Make) -> None:
    response = make(DEFAULT).post_json("/stays?jsconfig=epcn", {"callSid": ""}, status=400).json
    assert response["ResponseStatus"]["ErrorCode"] == "NotEmpty"


def test_samples_and_openapi(make: Make) -> None:
    client = make(Dialect(names="pascal", dates="wcf", enums="number"))
    page = client.get("/json/metadata?op=Stay").text
    assert "&#34;CallSid&#34;" in page or "&quot;CallSid&quot;" in page
    document = client.get("/openapi.json").json
    schema = document["components"]["schemas"]["Stay"]
    assert list(schema["properties"]) == ["CallSid", "StartedAt", "Lasted", "Key", "Channel", "Ended", "Left"]
    assert schema["properties"]["StartedAt"]["type"] == ["string", "null"]
    assert "format" not in schema["properties"]["StartedAt"]
    assert schema["properties"]["Channel"]["enum"] == [0, 1, 2, None]
    example = document["paths"]["/stays"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert example["StartedAt"] == "/Date(-62135596800000)/"
    assert example["Channel"] == 0


def test_many_dialects_forget_no_writer_of_the_service(make: Make) -> None:
    client = make(DEFAULT)
    expected = client.post_json("/stays", BODY).body
    for depth in range(1, 60):
        assert client.post_json(f"/stays?jsconfig=md:{depth},inv,eu:{depth % 2}", BODY).json["callSid"] == "é"
    assert client.post_json("/stays", BODY).body == expected
    assert json.loads(expected)["lasted"] == "PT1H"
