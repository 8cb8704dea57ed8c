"""What nobody foresaw: 500 in the asked format, with an id that is in the log too and no detail, unless somebody asked for details."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs
from webtest import TestApp

from gateway import wsgi
from gateway.http import binding, errors
from gateway.settings import Settings
from models import Database

from .conftest import API_KEY

DETAIL = "the wire is cut"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be bound any more."""

    def fail(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(DETAIL)

    monkeypatch.setattr(binding, "read_values", fail)


@pytest.mark.parametrize(
    ("accept", "beginning"),
    [
        ("application/json", '{"responseStatus":{"errorCode":"InternalServerError",'),
        ("text/jsv", "{responseStatus:{errorCode:InternalServerError,"),
        ("application/xml", '<?xml version="1.0" encoding="utf-8"?><ErrorResponse '),
        ("text/csv", "ResponseStatus\r\n"),
        ("text/html", "<!doctype html>"),
    ],
)
@pytest.mark.usefixtures("broken")
def test_an_id_and_no_detail(client: TestApp, accept: str, beginning: str) -> None:
    with capture_logs() as lines:
        response = client.get("/sessions", headers={"Accept": accept}, status=500)
    assert response.content_type == accept
    assert response.text.startswith(beginning)
    request_id = response.headers["X-Request-Id"]
    assert request_id in response.text
    assert DETAIL not in response.text
    (line,) = (line for line in lines if line["event"] == "unforeseen")
    assert line["request_id"] == request_id
    assert DETAIL in str(line["exc_info"])


@pytest.mark.usefixtures("broken")
def test_details_for_who_asked_for_them(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DEBUG", "true")
    app = TestApp(wsgi.build(Settings.from_environment(), database))
    app.authorization = ("Bearer", API_KEY)
    trace = app.get("/sessions", status=500).json["responseStatus"]["stackTrace"]
    assert trace.startswith("Traceback")
    assert DETAIL in trace


def test_an_error_that_its_format_cannot_say_is_said_in_json(client: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = errors.ErrorAnswers._encode

    def fail(self: errors.ErrorAnswers, serializer: Any, *arguments: Any) -> bytes:
        if serializer.name == "xml":
            raise RuntimeError(DETAIL)
        return encode(self, serializer, *arguments)

    monkeypatch.setattr(errors.ErrorAnswers, "_encode", fail)
    response = client.get("/sessions/nobody.xml", status=404)
    assert response.content_type == "application/json"
    assert response.json["responseStatus"]["errorCode"] == "NotFound"
    assert client.get("/sessions/nobody.jsv", status=404).content_type == "application/jsv"
