"""Errors as ServiceStack's clients know them: names of fields as the DTO declares them, reason phrases that are error codes."""

from __future__ import annotations

from typing import Any

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.contract import fields
from gateway.contract.dto import Dto
from gateway.contract.shapes import declared_path, wire_shape
from gateway.errors import Conflict, NotFound, ServiceError, TooLarge
from gateway.http.errors import reason_phrase
from gateway.settings import Settings
from models import Database

from .conftest import API_KEY, post

NAMESPACE = "Test"


class Item(Dto):
    ai_role = fields.String(name="AIRole")
    items = fields.List(fields.Nested(lambda: Item()))


class Order(Item):
    first_item = fields.Nested(Item)


@pytest.mark.parametrize(
    ("path", "declared"),
    [
        ("aiRole", "AIRole"),
        ("items[0].aiRole", "Items[0].AIRole"),
        ("firstItem.items[3].items[12].aiRole", "FirstItem.Items[3].Items[12].AIRole"),
        ("nowhere[1].aiRole", "nowhere[1].aiRole"),
        ("aiRole.aiRole", "AIRole.aiRole"),
        ("", ""),
    ],
)
def test_paths_are_spelled_as_declared(path: str, declared: str) -> None:
    assert declared_path(wire_shape(Order), path) == declared


def list_failures(response: Any) -> list[tuple[str, str]]:
    return [(error["fieldName"], error["message"]) for error in response.json["responseStatus"]["errors"]]


def test_what_does_not_bind_in_a_query_or_form_is_named_as_the_client_spelled_it(client: TestApp) -> None:
    form = post(client, "/sessions", "CHANNEL=Pigeon", "application/x-www-form-urlencoded")
    assert list_failures(form) == [("CHANNEL", "'Pigeon' is an Invalid value for 'CHANNEL'")]
    query = client.get("/sessions?countPerPage=abc&Page=x", status=400)
    assert list_failures(query) == [
        ("Page", "'x' is an Invalid value for 'Page'"),
        ("countPerPage", "'abc' is an Invalid value for 'countPerPage'"),
    ]


def test_what_does_not_bind_in_a_body_is_named_as_declared(client: TestApp) -> None:
    response = post(client, "/sessions", '{"channel":"Pigeon"}', "application/json")
    assert list_failures(response) == [("Channel", "'Pigeon' is an Invalid value for 'Channel'")]


def test_what_only_storage_knows_is_named_as_declared(client: TestApp) -> None:
    response = post(client, "/sessions", '{"withAddress":"user:nobody"}', "application/json")
    assert [name for name, _ in list_failures(response)] == ["WithAddress"]
    assert response.status == "400 NotFound"


@pytest.mark.parametrize(
    ("path", "phrase"),
    [
        ("/sessions/nobody", "404 NotFound"),
        ("/nowhere", "404 Not Found"),
        ("/sessions?page=x", "400 Bad Request"),
        ("/sessions?page=0", "400 GreaterThanOrEqual"),
        ("/json/reply/Nothing", "405 Method Not Allowed"),
        ("/sessions?page=1", "200 OK"),
    ],
)
def test_reason_phrases(client: TestApp, path: str, phrase: str) -> None:
    assert client.get(path, status="*").status == phrase


def test_reason_phrases_of_missing_and_wrong_credentials(anonymous: TestApp) -> None:
    assert anonymous.get("/sessions", status=401).status == "401 Unauthorized"
    anonymous.authorization = ("Basic", ("ada@example.org", "wrong"))
    assert anonymous.get("/sessions", status=401).status == "401 Invalid Username or Password"


@pytest.mark.parametrize(
    ("status", "error", "phrase"),
    [
        (409, Conflict("m", error_code="Teapot"), "Teapot"),
        (404, NotFound("m", error_code="A\r\nSet-Cookie: x=1"), "Not Found"),
        (404, NotFound("m", error_code="é"), "Not Found"),
        (413, TooLarge("m"), "Request Entity Too Large"),
        (500, ServiceError("m"), "Internal Server Error"),
        (499, NotFound("m"), "NotFound"),
    ],
)
def test_reason_phrases_are_safe_words(status: int, error: ServiceError, phrase: str) -> None:
    assert reason_phrase(status, error) == phrase


def test_plain_errors(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_ERRORS", "plain")
    app = TestApp(wsgi.build(Settings.from_environment(), database))
    app.authorization = ("Bearer", API_KEY)
    assert app.get("/sessions/nobody", status=404).status == "404 Not Found"
    response = app.get("/sessions?PAGE=x", status=400)
    assert list_failures(response) == [("page", "'x' is an Invalid value for 'page'")]
