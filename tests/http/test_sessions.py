"""The main job, end to end: POST /sessions in every format, and what comes of it."""

import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from webtest import TestApp

from gateway.contract.shapes import document_shape
from gateway.sessions import session_lists
from gateway.sessions.dtos.sessions import NewSession
from serializers import jsv
from serializers.registry import default_registry

from .conftest import API_KEY, EMAIL, PASSWORD, post

NAME = 'A "quoted", {braced} [name]:\r\nsecond line \N{GRINNING FACE} ü'

JSON_BODY = json.dumps({"displayName": NAME, "channel": "Chat"})
BODIES = {
    "application/json": JSON_BODY,
    "application/jsv": jsv.dumps({"displayName": NAME, "channel": "Chat"}),
    "text/jsv": jsv.dumps({"DisplayName": NAME, "Channel": "chat"}),
    "application/xml": f"<NewSession><DisplayName>{NAME}</DisplayName><Channel>Chat</Channel></NewSession>".replace(
        "\r", "&#xD;"
    ),
    "text/csv": 'DisplayName,Channel\r\n"{}",Chat\r\n'.format(NAME.replace('"', '""')),
}


def read_name(response: Any) -> str:
    """The display name as a client of the answer's format reads it."""
    kind = response.content_type
    if kind in ("application/json", "text/json"):
        return str(response.json["displayName"])
    if kind.endswith("jsv"):
        return str(jsv.loads(response.body.decode(), document_shape(NewSession))["displayName"])
    if kind.endswith("xml"):
        element = next(
            element for element in ElementTree.fromstring(response.body).iter() if element.tag.endswith("}DisplayName")
        )
        return element.text or ""
    header, row = list(csv.reader(io.StringIO(response.body.decode(), newline="")))
    return dict(zip(header, row, strict=True))["DisplayName"]


WAYS = [
    pytest.param(path, headers, id=f"{way}-{name}")
    for name, kind in (
        ("json", "application/json"),
        ("jsv", "text/jsv"),
        ("xml", "application/xml"),
        ("csv", "text/csv"),
    )
    for way, path, headers in (
        ("suffix", f"/sessions.{name}", {}),
        ("query", f"/sessions?format={name}", {}),
        ("accept", "/sessions", {"Accept": kind}),
        ("reply", f"/{name}/reply/NewSession", {}),
    )
]


@pytest.mark.parametrize(("path", "headers"), WAYS)
@pytest.mark.parametrize("content_type", BODIES)
def test_every_body_format_with_every_way_to_choose_the_answers(
    client: TestApp, content_type: str, path: str, headers: dict[str, str]
) -> None:
    response = post(client, path, BODIES[content_type], content_type, **headers)
    assert response.status_code == 200
    assert read_name(response) == NAME


def test_what_is_created_is_what_is_stored(client: TestApp) -> None:
    created = post(
        client, "/sessions", '{"displayName":"Hi","memberEmailAddresses":["b@example.org"]}', "application/json"
    ).json
    assert client.get(f"/sessions/{created['id']}").json == created
    assert created["direction"] == "Outgoing"
    assert created["callState"] == "Connected"
    assert created["fromAddress"] == EMAIL
    assert created["channel"] == "Voice"
    assert created["dialState"] == "None"
    assert created["queueState"] == "None"
    assert created["ended"] is False
    assert created["wasMissed"] is False
    assert [member["isOriginalMember"] for member in created["members"]] == [True, False]
    assert created["members"][0]["role"] == "Agent"
    assert len(created["log"]) == 1


@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded", "text/plain"])
@pytest.mark.parametrize(
    ("body", "path"), [("{displayName:Hi,channel:Chat}", "/sessions?format=jsv"), (JSON_BODY, "/sessions")]
)
def test_curl_without_a_content_type(client: TestApp, content_type: str | None, body: str, path: str) -> None:
    response = post(client, path, body, content_type)
    assert response.status_code == 200
    assert "Chat" in response.text


def test_a_form(client: TestApp) -> None:
    fields = "displayName=A+%26+B&memberEmailAddresses=b@example.org,c@example.org&startSession=true"
    created = post(client, "/sessions", fields, "application/x-www-form-urlencoded").json
    assert created["displayName"] == "A & B"
    assert [member["displayName"] for member in created["members"][1:]] == ["b@example.org", "c@example.org"]
    assert created["dialState"] == "Active"


REFUSED = [
    pytest.param("application/json", '{"channel":"Pigeon"}', "SerializationException", id="enum"),
    pytest.param("application/json", '{"displayName":"x', "SerializationException", id="cut json"),
    pytest.param("text/jsv", '{displayName:"x', "SerializationException", id="cut jsv"),
    pytest.param("application/xml", "<NewSession><DisplayName>", "SerializationException", id="cut xml"),
    pytest.param("application/xml", '<!DOCTYPE x [<!ENTITY e "v">]><NewSession/>', "SerializationException", id="dtd"),
    pytest.param("text/csv", 'DisplayName\r\n"x', "SerializationException", id="cut csv"),
    pytest.param("application/json", '{"memberEmailAddresses":["nobody"]}', "Email", id="e-mail"),
    pytest.param("application/json", '{"withAddress":"nonsense"}', "RegularExpression", id="address"),
    pytest.param("application/json", json.dumps({"displayName": "x" * 256}), "Length", id="length"),
    pytest.param("application/json", '{"customerId":"nobody"}', "NotFound", id="customer"),
]


@pytest.mark.parametrize("format_name", ["json", "jsv", "xml", "csv", "html"])
@pytest.mark.parametrize(("content_type", "body", "code"), REFUSED)
def test_what_is_refused_is_said_in_the_asked_format_and_not_stored(
    client: TestApp, content_type: str, body: str, code: str, format_name: str
) -> None:
    response = post(client, f"/sessions?format={format_name}", body, content_type)
    assert response.status_code == 400
    serializer = default_registry().by_name(format_name)
    assert serializer is not None
    assert response.content_type in serializer.media_types
    assert code in response.text
    assert client.get("/sessions.json").json["totalCount"] == 0


def test_all_failures_at_once(client: TestApp) -> None:
    body = {
        "channel": "Pigeon",
        "startSession": "maybe",
        "withAddress": "x",
        "memberEmailAddresses": ["a@b.org", "nobody"],
    }
    status = post(client, "/sessions", json.dumps(body), "application/json").json["responseStatus"]
    assert status["errorCode"] == "SerializationException"
    assert [(error["fieldName"], error["errorCode"]) for error in status["errors"]] == [
        ("Channel", "SerializationException"),
        ("WithAddress", "RegularExpression"),
        ("MemberEmailAddresses[1]", "Email"),
        ("StartSession", "SerializationException"),
    ]


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/nowhere", "GET", 404, "NotFound"),
        ("/sessions/nobody", "GET", 404, "NotFound"),
        ("/sessions", "PUT", 405, "MethodNotAllowed"),
        ("/json/reply/Nothing", "POST", 405, "NotImplementedException"),
        ("/json/reply/NewSession", "PUT", 405, "NotImplementedException"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/jsv", "application/xml", "text/csv", "text/html"])
def test_errors_speak_the_asked_format(
    client: TestApp, path: str, method: str, status: int, code: str, accept: str
) -> None:
    query = "" if "/reply/" not in path else "?format=" + accept.split("/")[1]
    response = client.request(path + query, method=method, headers={"Accept": accept}, status="*")
    assert response.status_code == status
    assert response.content_type == accept
    assert code in response.text
    assert response.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("credentials", "status"),
    [
        (None, 401),
        (("Bearer", "wrong"), 401),
        (("Basic", (EMAIL, "wrong")), 401),
        (("Basic", (EMAIL, PASSWORD)), 200),
        (("Basic", (API_KEY, "")), 200),
        (("Bearer", API_KEY), 200),
    ],
)
def test_credentials(anonymous: TestApp, credentials: Any, status: int) -> None:
    if credentials:
        anonymous.authorization = credentials
    response = post(anonymous, "/sessions.jsv", "{displayName:Hi}", "text/jsv")
    assert response.status_code == status
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith('Basic realm="')
        assert response.text.startswith("{responseStatus:{errorCode:Unauthorized,")


def test_probes_need_no_credentials(anonymous: TestApp) -> None:
    assert anonymous.get("/health").json == {"status": "ok"}
    assert anonymous.get("/ready").json == {"status": "ready"}


def test_letter_case_trailing_slash_and_verbs(client: TestApp) -> None:
    created = post(client, "/Sessions/", '{"displayName":"Hi"}', "application/json").json
    assert client.get(f"/SESSIONS/{created['id']}/").json["id"] == created["id"]
    head = client.head(f"/sessions/{created['id']}")
    assert (head.status_code, head.body) == (200, b"")
    options = client.options("/sessions")
    assert options.status_code == 200
    assert "POST" in options.headers["Allow"]


def test_an_etag_saves_the_body(client: TestApp) -> None:
    created = post(client, "/sessions", '{"displayName":"Hi"}', "application/json").json
    first_response = client.get(f"/sessions/{created['id']}")
    revalidated = client.get(
        f"/sessions/{created['id']}", headers={"If-None-Match": first_response.headers["ETag"]}, status=304
    )
    assert revalidated.body == b""


def test_a_batch(client: TestApp) -> None:
    response = post(client, "/jsv/reply/NewSession[]", "[{displayName:a},{displayName:b}]", "text/jsv")
    assert response.headers["X-AutoBatch-Completed"] == "2"
    assert response.text.startswith("[{dialState:None,")
    failed = post(
        client, "/json/reply/NewSession[]", '[{"displayName":"c"},{"channel":"Pigeon"},{}]', "application/json"
    )
    assert failed.status_code == 400
    assert failed.json["responseStatus"]["meta"]["AutoBatchIndex"] == "1"
    assert failed.headers["X-AutoBatch-Completed"] == "1"
    assert client.get("/sessions.json").json["totalCount"] == 3
    assert post(client, "/json/reply/NewSession[]", "[]", "application/json").json == []


def test_curl_sends_json_and_asks_for_another_format(client: TestApp) -> None:
    for name in ("xml", "csv", "json", "html"):
        response = post(client, f"/sessions.{name}", JSON_BODY, "application/x-www-form-urlencoded")
        assert response.status_code == 200
        assert "Chat" in response.text


def test_the_pages_own_sample_is_read(client: TestApp) -> None:
    page = (Path(__file__).parents[1] / "corpora" / "newsession-page.txt").read_text()
    sample = page[page.index("{\ndisplayName: String") : page.index("HTTP/1.1 200 OK")]
    parent = post(client, "/sessions", "{}", "application/json").json
    customer = client.post_json("/customers", {"name": "A customer"}).json
    for name, value in {
        "parentSessionId: String": f"parentSessionId: {parent['id']}",
        "customerId: String": f"customerId: {customer['id']}",
        "withAddress: String": f"withAddress: user:{parent['createdBy']}",
        "[\nString\n]": "[\nbob@example.org\n]",
    }.items():
        assert name in sample
        sample = sample.replace(name, value)
    created = post(client, "/sessions", sample, "text/jsv", Accept="application/json").json
    assert created["displayName"] == created["fromAddress"] == created["destination"] == "String"
    assert (created["direction"], created["callState"], created["dialState"]) == ("Incoming", "Disconnected", "None")
    assert created["customerName"] == "A customer"
    assert [member["identity"] for member in created["members"]] == [EMAIL, "bob@example.org"]
    assert created["members"][0]["role"] == "Caller"


@pytest.mark.parametrize("way", ["header", "query", "form"])
def test_a_post_that_means_another_verb(client: TestApp, way: str) -> None:
    created = post(client, "/sessions", "{}", "application/json").json
    path, body, kind, headers = f"/sessions/{created['id']}", '{"consoleData":"x"}', "application/json", {}
    if way == "header":
        headers = {"x-http-method-OVERRIDE": "patch"}
    elif way == "query":
        path += "?X-Http-Method-Override=PATCH"
    else:
        body, kind = "X-HTTP-Method-Override=PATCH&consoleData=x", "application/x-www-form-urlencoded"
    assert post(client, path, body, kind, **headers).json["consoleData"] == "x"


@pytest.mark.parametrize("name", ["json", "jsv", "xml", "csv"])
def test_what_is_asked_for_again_is_the_same_document_until_it_changes(client: TestApp, name: str) -> None:
    path = f"/sessions/{client.post_json('/sessions', {'displayName': 'First'}).json['id']}"
    first_response = client.get(f"{path}.{name}")
    assert client.get(f"{path}.{name}").body == first_response.body
    client.patch_json(path, {"consoleData": "Second"})
    changed = client.get(f"{path}.{name}")
    assert b"Second" in changed.body
    assert changed.headers["ETag"] != first_response.headers["ETag"]
    assert b"call_state" in client.get(f"{path}.json?jsconfig=elun").body


@pytest.mark.parametrize("asked", ["json", "jsv", "xml", "csv", "html", "jsonl"])
def test_ones_sessions_are_the_same_document_held_or_streamed(
    client: TestApp, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    for number in range(4):
        post(client, "/sessions", f'{{"displayName":"number {number}"}}', "application/json")
    complete = client.get(f"/sessions/my.{asked}")
    monkeypatch.setattr(session_lists, "MOST_OF_MINE", 2)
    streamed = client.get(f"/sessions/my.{asked}")
    assert streamed.body == complete.body
    assert streamed.content_type == complete.content_type
    assert "X-Total-Count" not in streamed.headers
    assert all(f"number {number}" in streamed.text for number in range(4))


def test_the_log_names_the_session_that_was_made_or_asked_for(
    client: TestApp, capsys: pytest.CaptureFixture[str]
) -> None:
    session_id = client.post_json("/sessions", {}).json["id"]
    assert json.loads(capsys.readouterr().err)["session_id"] == session_id
    client.get(f"/sessions/{session_id}")
    assert json.loads(capsys.readouterr().err)["session_id"] == session_id
