"""Errors that say what would be right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.http.nearest import Nearest
from gateway.settings import Settings
from models import Database

from .conftest import API_KEY, post

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
CHANNELS = "Voice, Chat, Fax"


def read_status(response: Any) -> Any:
    return response.json["responseStatus"]


@pytest.fixture
def signed_in(database: Database, settings: Settings) -> Callable[..., TestApp]:
    """Makes a client of other settings."""

    def make(**changes: Any) -> TestApp:
        app = TestApp(wsgi.build(replace(settings, **changes), database))
        app.authorization = ("Bearer", API_KEY)
        return app

    return make


@pytest.mark.parametrize(
    ("body", "hinted"),
    [
        ("{displayName:Hi,channel:Chat}", True),
        (" [ { displayName : Hi } ]", True),
        ('{displayName:"Hi"', True),
        ('{"displayName":Hi there}', False),
        ('{"displayName":"Hi"', False),
        ("[1,2", False),
    ],
)
def test_jsv_that_is_read_as_json(client: TestApp, body: str, hinted: bool) -> None:
    for content_type in (JSON, FORM, None):
        response = post(client, "/sessions", body, content_type)
        assert response.status_int == 400
        message = read_status(response)["message"]
        assert ("for JSV use ?format=jsv or Content-Type: text/jsv" in message) is hinted
        assert message.endswith("in place of application/json") is (hinted and content_type == JSON)


@pytest.mark.parametrize("body", ["{displayName:Hi,channel:Chat}", "{displayName:Hi"])
def test_what_is_read_as_jsv_has_no_such_hint(client: TestApp, body: str) -> None:
    response = post(client, "/sessions?format=jsv", body, FORM)
    assert "for JSV use" not in response.text


def test_a_value_that_is_no_member_of_an_enum(client: TestApp) -> None:
    status = read_status(post(client, "/sessions", '{"channel":"Pigeon","direction":"Up"}', JSON))
    assert status["errors"][0] == {
        "errorCode": "SerializationException",
        "fieldName": "Channel",
        "message": "'Pigeon' is an Invalid value for 'Channel'",
    }
    assert status["meta"]["AllowedValues"].startswith(f"Channel: {CHANNELS}; Direction: ")
    batch = post(client, "/json/reply/NewSession[]", '[{},{"channel":"Pigeon"}]', JSON)
    assert read_status(batch)["meta"] == {"AllowedValues": f"Channel: {CHANNELS}", "AutoBatchIndex": "1"}
    # What is no boolean has no list.
    assert "meta" not in read_status(post(client, "/sessions", '{"startSession":"maybe"}', JSON))


@pytest.mark.parametrize(
    ("path", "body"),
    [("/json/reply/NewSession?channel=Pigeon", ""), ("/sessions?channel=Pigeon", ""), ("/sessions", "channel=Pigeon")],
)
def test_queries_and_forms_have_the_errors_of_the_replaced_host(client: TestApp, path: str, body: str) -> None:
    status = read_status(post(client, path, body, FORM))
    (failure,) = status["errors"]
    assert "meta" not in status
    assert failure == {
        "errorCode": "SerializationException",
        "fieldName": "channel",
        "message": "'Pigeon' is an Invalid value for 'channel'",
    }


def test_plain_errors_list_the_names(signed_in: Callable[..., TestApp]) -> None:
    plain = signed_in(errors="plain")
    for response in (
        post(plain, "/sessions?channel=Pigeon", "", FORM),
        post(plain, "/sessions", '{"channel":"Pigeon"}', JSON),
    ):
        (failure,) = read_status(response)["errors"]
        assert failure["message"] == f"'Pigeon' is an Invalid value for 'channel'; allowed: {CHANNELS}"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/sesions", "Did you mean /sessions?"),
        ("/Session", "Did you mean /sessions?"),
        ("/sesions/01a2", "Did you mean /sessions/{SessionId}?"),
        ("/metdata", "Did you mean /metadata?"),
        ("/helth", "Did you mean /health?"),
        ("/logn", "Did you mean /login?"),
        ("/apii/NewSession", "Did you mean /api/{Operation}?"),
        ("/nothing/at/all", "Every operation is documented at /metadata."),
        ("/" + "s" * 3000, "Every operation is documented at /metadata."),
        ("/%00", "Every operation is documented at /metadata."),
    ],
)
def test_an_unknown_path(client: TestApp, path: str, sentence: str) -> None:
    response = client.get(path, status=404)
    assert read_status(response)["message"] == f"There is nothing at this address. {sentence}"


def test_an_unknown_path_names_no_hidden_operation(signed_in: Callable[..., TestApp]) -> None:
    app = signed_in(metadata="permitted")
    assert "sessions" not in read_message(app, "/sesions")
    assert "Did you mean /auth?" in read_message(app, "/atuh")


def read_message(app: TestApp, path: str) -> str:
    return str(read_status(app.get(path, status=404))["message"])


def test_nearest_of_nothing() -> None:
    assert Nearest([])("/x") == "Every operation is documented at /metadata."


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [("PUT", "/sessions", "GET, POST"), ("DELETE", "/metadata", "GET"), ("PATCH", "/health", "GET")],
)
def test_a_verb_that_is_not_allowed(client: TestApp, verb: str, path: str, allowed: str) -> None:
    response = client.request(path, method=verb, status=405)
    assert read_status(response)["message"] == f"{verb} is not allowed here; allowed: {allowed}."
    assert set(allowed.split(", ")) <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize("value", [API_KEY, f"  {API_KEY} ", "abc.def.ghi"])
def test_a_key_without_a_scheme(anonymous: TestApp, value: str) -> None:
    response = anonymous.get("/sessions", headers={"Authorization": value}, status=401)
    message = read_status(response)["message"]
    assert message.startswith("Not Authenticated. The Authorization header has no scheme")
    assert "'Authorization: Bearer KEY'" in message
    assert value.strip() not in response.text


@pytest.mark.parametrize("value", [None, "", "Bearer", "basic", "Bearer nope", "Token abc"])
def test_other_credentials_have_the_usual_error(anonymous: TestApp, value: str | None) -> None:
    headers = {} if value is None else {"Authorization": value}
    response = anonymous.get("/sessions", headers=headers, status=401)
    assert read_status(response)["message"] == "Not Authenticated"


def test_a_key_without_a_scheme_is_passed_over_for_good_credentials(anonymous: TestApp) -> None:
    headers = {"Authorization": "nonsense", "X-Api-Key": API_KEY}
    assert anonymous.get("/sessions", headers=headers).status_int == 200
    assert anonymous.get("/auth", headers={"Authorization": "nonsense"}, status="*").status_int in (200, 401)


@pytest.mark.parametrize(
    ("path", "body", "content_type", "count"),
    [
        ("/sessions", '{"displayName":"Hi"}', JSON, 0),
        ("/sessions", '{"DISPLAYNAME":"Hi","displayNme":"x","foo":{"a":1}}', JSON, 2),
        ("/sessions", "{displayName:Hi,foo:1}", "text/jsv", 1),
        ("/sessions", "<NewSession><DisplayName>x</DisplayName><Foo>1</Foo></NewSession>", "application/xml", 1),
        ("/sessions", "displayName=Hi&foo=1&bar=2", FORM, 2),
        ("/sessions?format=json&foo=1", "", JSON, 1),
        ("/json/reply/NewSession[]", '[{"foo":1},{"foo":2,"bar":3}]', JSON, 2),
        ("/sessions", '{"foo":1', JSON, 0),
    ],
)
def test_unknown_members_are_counted_in_debug(
    signed_in: Callable[..., TestApp], path: str, body: str, content_type: str, count: int
) -> None:
    response = post(signed_in(debug=True), path, body, content_type)
    assert response.headers["X-Unknown-Members"] == str(count)


def test_unknown_members_are_not_counted_otherwise(client: TestApp, signed_in: Callable[..., TestApp]) -> None:
    assert "X-Unknown-Members" not in post(client, "/sessions", '{"foo":1}', JSON).headers
    assert "X-Unknown-Members" not in signed_in(debug=True).get("/metadata").headers
