"""Bodies and paths in the odd spellings that clients send, as the recorded host reads them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from webtest import TestApp

from tests.http.conftest import API_KEY, EMAIL, post


@pytest.mark.parametrize("body", ["null", " null\n"])
def test_null_is_no_request(client: TestApp, body: str) -> None:
    response = post(client, "/sessions", body, "application/json")
    assert response.status_code == 400
    assert "null where something was expected" in response.json["responseStatus"]["message"]


def test_null_is_no_request_of_a_batch(client: TestApp) -> None:
    response = post(client, "/json/reply/NewSession[]", '[{"displayName":"a"},null]', "application/json")
    assert response.status_code == 400
    assert "number 1 is null" in response.json["responseStatus"]["message"]
    assert client.get("/sessions.json").json["totalCount"] == 0


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ("<NewSession><DisplayName>D</DisplayName></NewSession>", 200),
        ("<newsession xmlns='http://x'><displayName>D</displayName></newsession>", 200),
        ("<PatchSession><DisplayName>D</DisplayName></PatchSession>", 400),
        ("<html><body/></html>", 400),
    ],
)
def test_the_root_names_the_operation(client: TestApp, document: str, status: int) -> None:
    response = post(client, "/sessions.json", document, "application/xml")
    assert response.status_code == status
    if status == 400:
        assert "where <NewSession> was expected" in response.json["responseStatus"]["message"]


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ("<ArrayOfNewSession><NewSession/><NewSession/></ArrayOfNewSession>", 200),
        ("<arrayofnewsession xmlns='http://x'><a:NewSession xmlns:a='y'/><NewSession/></arrayofnewsession>", 200),
        ("<NewSession><DisplayName>D</DisplayName><Destination/></NewSession>", 400),
        ("<ArrayOfPatchSession><PatchSession/></ArrayOfPatchSession>", 400),
    ],
)
def test_the_root_of_a_batch_names_the_operation(client: TestApp, document: str, status: int) -> None:
    response = post(client, "/json/reply/NewSession[]", document, "application/xml")
    assert response.status_code == status
    if status == 400:
        assert "where <ArrayOfNewSession> was expected" in response.json["responseStatus"]["message"]
    assert client.get("/sessions.json").json["totalCount"] == (2 if status == 200 else 0)


FORM = "application/x-www-form-urlencoded"


def make_parts(*fields: tuple[str, str]) -> tuple[str, str]:
    """A multipart body and its Content-Type; the last field is a file."""
    lines = []
    for name, text in fields:
        file = f'; filename="{name}.txt"\r\nContent-Type: text/plain' if (name, text) == fields[-1] else ""
        lines.append(f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{text}\r\n')
    return "".join(lines) + "--x--\r\n", "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("\ufeffdisplayName=A+B&destination=c", FORM),
        ("DISPLAYNAME=A%20B", FORM),
        ("\ufeff{displayName:A B}", "text/jsv"),
        ("\ufeffDisplayName\r\nA B\r\n", "text/csv"),
        (
            "\ufeff<?xml version='1.0' encoding='utf-16'?><NewSession><DisplayName>A B</DisplayName></NewSession>",
            "text/xml",
        ),
        make_parts(("destination", "c"), ("displayName", "A B")),
    ],
)
def test_a_mark_of_the_byte_order_and_files_as_fields(client: TestApp, body: str, content_type: str) -> None:
    assert post(client, "/sessions.json", body, content_type).json["displayName"] == "A B"


def test_a_form_in_parts_may_mean_another_verb(client: TestApp) -> None:
    session = client.post_json("/sessions", {}).json
    body, content_type = make_parts(("X-HTTP-METHOD-override", "patch"), ("consoleData", "in parts"))
    response = post(client, f"/sessions/{session['id']}", body, content_type)
    assert response.json["consoleData"] == "in parts"
    assert post(client, f"/sessions/{session['id']}", "--x", content_type).status_code == 400
    assert post(client, "/sessions", "--x", content_type).status_code == 400


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", "gzip, gzip"])
def test_nothing_stays_nothing_when_it_is_inflated(client: TestApp, encoding: str) -> None:
    response = post(client, "/sessions", "", "application/json", **{"Content-Encoding": encoding})
    assert response.status_code == 200


def test_the_meta_of_a_failure_ends_with_the_value(client: TestApp) -> None:
    response = post(client, "/sessions", '{"withAddress":"nonsense"}', "application/json")
    meta = response.json["responseStatus"]["errors"][0]["meta"]
    assert list(meta)[-2:] == ["PropertyName", "PropertyValue"]


def test_xml_leaves_out_the_meta_that_a_failure_lacks(client: TestApp) -> None:
    response = post(client, "/sessions.xml", '{"channel":"Pigeon"}', "application/json")
    assert response.status_code == 400
    failure = response.text.partition("<ResponseError>")[2].partition("</ResponseError>")[0]
    assert "<FieldName>Channel</FieldName>" in failure
    assert "Meta" not in failure
    assert "Meta" in response.text


def get_raw(client: TestApp, target: str) -> Any:
    """A GET of a target as it stands in the request line."""
    path = target.partition("?")[0]
    request = client.RequestClass.blank(path, client._make_environ({"RAW_URI": target}))
    return client.do_request(request, status="*")


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("/sessions/a+b", "a b"),
        ("/sessions/a%2Bb", "a+b"),
        ("/sessions/a%2Fb", "a%2Fb"),
        ("/sessions/a%2fb.json", "a%2fb"),
        ("//sessions///a%20b", "a b"),
        ("/sessions/%C3%AB/", "ë"),
    ],
)
def test_paths_are_decoded_as_the_recorded_host_does(client: TestApp, target: str, named: str) -> None:
    response = get_raw(client, target)
    assert response.status_code == 404
    assert f"'{named}'" in response.json["responseStatus"]["message"]


def test_a_prefix_of_the_server_is_no_part_of_the_path(client: TestApp) -> None:
    request = client.RequestClass.blank(
        "/sessions/a b", client._make_environ({"RAW_URI": "/gate/sessions/a+b", "SCRIPT_NAME": "/gate"})
    )
    request.environ["SCRIPT_NAME"] = "/gate"
    response = client.do_request(request, status="*")
    assert "'a b'" in response.json["responseStatus"]["message"]


def test_basic_credentials_without_a_colon_are_none(anonymous: TestApp) -> None:
    for name in (API_KEY, EMAIL):
        header = "Basic " + base64.b64encode(name.encode()).decode()
        response = anonymous.get("/sessions", headers={"Authorization": header}, status=401)
        assert response.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("Name;Number\r\nx;1\r\n", ("'Name', 'Number'", "'DisplayName', 'Channel'")),
        ("sep=,\r\nName,Number\r\nx,1\r\n", ("'Name', 'Number'", "'DisplayName'")),
    ],
)
def test_a_table_that_would_store_nothing(client: TestApp, body: str, columns: tuple[str, ...]) -> None:
    response = post(client, "/sessions.json", body, "text/csv")
    assert response.status_code == 400
    assert all(column in response.json["responseStatus"]["message"] for column in columns)
    assert client.get("/sessions").json["totalCount"] == 0


@pytest.mark.parametrize(
    "body",
    [
        "sep=;\r\nDisplayName;Channel\r\nHi;Chat\r\n",
        "DisplayName\tChannel\nHi\tChat\n",
        "Channel, DisplayName\nChat,Hi\n",
        'DisplayName;Channel\n"Hi"; "Chat"\n',
    ],
)
def test_tables_as_spreadsheets_write_them(client: TestApp, body: str) -> None:
    session = post(client, "/sessions.json", body, "text/csv").json
    assert (session["displayName"], session["channel"]) == ("Hi", "Chat")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", '{"x":[' + "1," * 2_000_000 + "1]}"),
        ("application/json", '{"meta":{' + ",".join(f'"{number}":1' for number in range(700_000)) + "}}"),
        ("text/jsv", "{displayName:" + "[" * 9_000_000),
        ("application/xml", "<NewSession>" + "<a/>" * 1_000_000 + "</NewSession>"),
        ("application/x-www-form-urlencoded", "memberEmailAddresses=" + "a," * 2_000_000),
    ],
)
def test_what_has_far_too_much(client: TestApp, content_type: str, body: str) -> None:
    response = post(client, "/sessions.json", body, content_type)
    assert response.status_code == 400
    assert response.json["responseStatus"]["errorCode"] == "SerializationException"
