"""What the service says of itself, over HTTP."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.metadata import types
from gateway.metadata.library import Library
from gateway.places import Kind, Places, Share
from gateway.settings import Settings
from models import Database
from serializers.base import Serializer
from serializers.registry import default_registry
from tests.sessions_api import catalog

from .conftest import API_KEY

PAGES = ["/metadata", "/types", "/explorer", "/json/metadata?op=NewSession", "/jsv/metadata?lang=java&op=NewSession"]
DOCUMENTS = [
    "/types/metadata",
    "/types/metadata.json",
    "/operations/metadata",
    "/metadata/app.json",
    "/openapi.json",
]


@pytest.mark.parametrize("path", PAGES)
def test_pages(anonymous: TestApp, path: str) -> None:
    response = anonymous.get(path)
    assert response.content_type == "text/html"
    assert response.headers["ETag"].startswith('W/"')
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    revalidated = anonymous.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert revalidated.status_int == 304
    assert revalidated.body == b""
    assert anonymous.head(path).headers["ETag"] == response.headers["ETag"]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_data(anonymous: TestApp, path: str) -> None:
    response = anonymous.get(path)
    assert response.content_type == "application/json"
    assert json.loads(response.body)
    assert anonymous.get(path, headers={"If-None-Match": response.headers["ETag"]}).status_int == 304


def test_types(anonymous: TestApp) -> None:
    response = anonymous.get("/types/typescript?IncludeTypes=NewSession.*", headers={"Host": "api.example.org"})
    assert response.content_type == "text/plain"
    lines = response.text.splitlines()
    assert "BaseUrl: http://api.example.org" in lines
    assert "IncludeTypes: NewSession.*" in lines
    assert anonymous.get("/types/typescript.d").text.count("declare module dtos") == 1
    assert anonymous.get("/TYPES/Java").status_int == 200


def test_types_of_no_language(anonymous: TestApp) -> None:
    response = anonymous.get("/types/klingon", status=404)
    assert response.json["responseStatus"]["errorCode"] == "NotFound"


def test_an_operation_that_is_not_there(anonymous: TestApp) -> None:
    response = anonymous.get("/jsv/metadata?op=<b>Nope", status=404)
    assert response.content_type == "text/html"
    assert "&lt;b&gt;Nope" in response.text
    assert "<b>Nope" not in response.text


def test_an_operation_in_no_language(anonymous: TestApp) -> None:
    response = anonymous.get("/json/metadata?op=NewSession&lang=klingon", status=404)
    assert response.content_type == "text/html"
    assert "There are no types in &#39;klingon&#39;" in response.text


def test_parameters_in_any_order_and_case(anonymous: TestApp) -> None:
    first_response = anonymous.get("/jsv/metadata?op=NewSession&lang=java")
    assert anonymous.get("/jsv/metadata?LANG=Java&Op=newsession").body == first_response.body


def test_the_root(anonymous: TestApp) -> None:
    browser = anonymous.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (browser.status_int, browser.headers["Location"]) == (302, "/metadata")
    assert anonymous.get("/").json["types"].endswith("/types")


def test_operations_in_other_formats(anonymous: TestApp) -> None:
    assert anonymous.get("/operations/metadata.csv").text.splitlines()[0].startswith("name,")
    assert "<table>" in anonymous.get("/operations/metadata.html").text
    assert anonymous.get("/operations/metadata?format=jsv").text.startswith("[{name:")


@pytest.mark.parametrize("each", [*default_registry()], ids=lambda each: each.name)
def test_every_format_that_there_is(anonymous: TestApp, each: Serializer) -> None:
    assert anonymous.get(f"/{each.name}/metadata?op=NewSession").content_type == "text/html"
    response = anonymous.get(f"/operations/metadata?format={each.name}")
    assert response.content_type == each.media_types[0]
    assert b"NewSession" in response.body


def test_samples_of_bytes(anonymous: TestApp) -> None:
    page = anonymous.get("/msgpack/metadata?op=GetSession").text
    first_line = page[page.index("HTTP/1.1 200 OK") :].partition("\n\n")[2].splitlines()[0]
    assert first_line == "de 00 29 a9 64 69 61 6c 53 74 61 74 65 a4 4e 6f  ..).dialState.No"


def test_only_what_one_may_call(database: Database, monkeypatch: pytest.MonkeyPatch, client: TestApp) -> None:
    monkeypatch.setenv("GATEWAY_METADATA", "permitted")
    app = TestApp(wsgi.build(Settings.from_environment(), database))
    assert "NewSession" not in app.get("/metadata").text
    assert "Authenticate" in app.get("/metadata").text
    assert app.get("/json/metadata?op=NewSession", status="*").status_int == 404
    assert "NewSession" not in app.get("/openapi.json").text
    app.authorization = client.authorization
    assert "NewSession" in app.get("/metadata").text
    assert "NewSession" in app.get("/types/java").text
    for path in ("/metadata", "/types/java", "/json/metadata?op=NewSession", "/json/metadata?op=Nope", "/openapi.json"):
        vary = ", ".join(app.get(path, status="*").headers.getall("Vary"))
        assert "Authorization, Cookie" in vary, path


def test_documents_are_made_once(anonymous: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    generate, languages = types.generate, []

    def generate_and_count(name: str, *arguments: Any) -> str:
        languages.append(name)
        return generate(name, *arguments)

    monkeypatch.setattr(types, "generate", generate_and_count)
    document = anonymous.get("/types/java").body
    assert anonymous.get("/types/JAVA?nothing=1").body == document
    assert languages == ["java"]
    anonymous.get("/types/java", headers={"Host": "other.example.org"})
    anonymous.get("/types/java?Package=org.example")
    assert languages == ["java"] * 3


@pytest.mark.parametrize(
    "path", ["/types/java?Package=a", "/metadata", "/json/metadata?op=GetSession", "/openapi.json"]
)
def test_documents_are_made_few_at_a_time(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    places = Places(dict.fromkeys(Kind, Share(places=1, per_caller=1, waiting=0, patience=0.05)))
    monkeypatch.setattr("gateway.service.Places", lambda _: places)
    app = TestApp(wsgi.build(settings, database))
    app.get(path)
    with places.place(Kind.DOCUMENT, "address "):
        refused = app.get(path, status=429)
    assert refused.headers["Retry-After"] == "1"
    assert "1 documents about the service at once" in refused.text
    app.get(path)


def test_documents_count_as_calls_that_read(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_RATE", "read=3/h")
    app = TestApp(wsgi.build(Settings.from_environment(), database))
    for path in ("/metadata", "/types/java", "/openapi.json"):
        app.get(path)
    assert app.get("/types", status=429).headers["Retry-After"] == "1200"
    app.get("/health")


def test_nothing_is_made_at_the_start(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("made before anybody asked")

    monkeypatch.setattr(Library, "_make", refuse)
    wsgi.build(Settings.from_environment(), database)


def test_options_with_code_in_them(anonymous: TestApp) -> None:
    response = anonymous.get("/types/php", {"GlobalNamespace": "A;system('id');//", "AddReturnMarker": "x"}, status=400)
    status = response.json["responseStatus"]
    assert {error["fieldName"] for error in status["errors"]} == {"GlobalNamespace", "AddReturnMarker"}
    assert any("'GlobalNamespace' must be names separated by" in error["message"] for error in status["errors"])


def test_types_that_are_not_there(anonymous: TestApp) -> None:
    response = anonymous.get("/types/java?IncludeTypes=Nothing.*", status=400)
    assert response.json["responseStatus"]["errors"][0]["fieldName"] == "IncludeTypes"
    assert "//Note: nothing matches {none} of ExcludeTypes" in anonymous.get("/types/java?ExcludeTypes={none}").text


@pytest.mark.parametrize("key", ["", API_KEY])
def test_callers_learn_no_names_of_what_they_may_not_call(
    database: Database, monkeypatch: pytest.MonkeyPatch, settings: Settings, key: str
) -> None:
    """Neither by /api, nor by OPTIONS, nor by a wrong verb: for them there is no such operation."""
    del settings
    monkeypatch.setenv("GATEWAY_METADATA", "permitted")
    app = TestApp(wsgi.build(Settings.from_environment(), database))
    if key:
        app.authorization = ("Bearer", key)
    names = app.get("/api").json
    assert "Authenticate" in names
    assert ("NewUser" in names) is bool(key)
    for name in ("NewUser", "NewUser[]"):
        allowed = app.options(f"/json/reply/{name}").headers["Allow"]
        assert (allowed == app.options("/json/reply/Nothing").headers["Allow"]) is not bool(key)
        refused = app.request(f"/json/reply/{name}", method="DELETE", status=405 if key else 401)
        assert ("Delete(NewUser)" in refused.text) is bool(key)
    assert "Authorization" in ",".join(app.get("/api").headers.getall("Vary"))


def test_the_same_types_have_the_same_tag_whenever_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    dates = iter(["2026-01-01", "2026-01-02"])
    documents = []
    for date in dates:
        library = Library(catalog, default_registry(), "Sessions", "1")
        library.date = f"{date} 00:00:00"
        documents.append(library.render_types(None, "java", [], "http://host"))
    assert documents[0].body != documents[1].body
    assert documents[0].etag == documents[1].etag
    assert library.render_types(None, "java", [("Package", "a")], "http://host").etag != documents[1].etag
    assert library.render_types(None, "java", [], "http://other").etag != documents[1].etag


def test_types_have_the_date_of_their_newest_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate(sorted({operation.dto.__module__ for operation in catalog})):
        file = tmp_path / name
        file.touch()
        os.utime(file, (0, 1_700_000_000 + (60 if number == 1 else 0)))
        monkeypatch.setattr(sys.modules[name], "__file__", str(file))
    document = Library(catalog, default_registry(), "Sessions", "1").render_types(None, "java", [], "http://host")
    assert b"Date: 2023-11-14 22:14:20\n" in document.body


def test_swagger_for_those_who_ask_for_it(anonymous: TestApp) -> None:
    for path in ("/openapi?version=2", "/openapi.json?version=2.0"):
        document = anonymous.get(path, headers={"Host": "api.example.org"}).json
        assert (document["swagger"], document["host"], document["basePath"]) == ("2.0", "api.example.org", "/")
    assert anonymous.get("/openapi").json["openapi"].startswith("3.1")
    assert anonymous.get("/openapi?version=3").json["openapi"].startswith("3.1")
    refused = anonymous.get("/openapi?version=1.2", status=400).json["responseStatus"]
    assert refused["errors"][0]["fieldName"] == "version"


@pytest.mark.parametrize("path", ["/swagger-ui", "/swagger-ui/"])
def test_the_page_of_swagger_is_the_explorer(anonymous: TestApp, path: str) -> None:
    response = anonymous.get(path)
    assert response.status_int == 302
    assert response.headers["Location"].endswith("/explorer")
