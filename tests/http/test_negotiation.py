"""Negotiation: which format answers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webtest import TestApp

from gateway.http.negotiation import Negotiation, media_type, negotiate
from gateway.http.query import split_pairs
from serializers.registry import default_registry

REGISTRY = default_registry()

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

#: What Java's HttpURLConnection asks for where nobody says anything else.
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


def choose(
    path: str = "/sessions", query: str = "", accept: str | None = None, body: str | None = None, **more: Any
) -> Negotiation:
    return negotiate(path, split_pairs(query), accept, body, REGISTRY, **more)


@pytest.mark.parametrize(
    ("path", "stem", "name"),
    [
        ("/sessions.jsv", "/sessions", "jsv"),
        ("/sessions.JSV", "/sessions", "jsv"),
        ("/sessions/12.xml", "/sessions/12", "xml"),
        ("/sessions.csv/", "/sessions", "csv"),
        ("/api/NewSession.json", "/api/NewSession", "json"),
        ("/sessions/a.b", "/sessions/a.b", "json"),
        ("/sessions/.jsv", "/sessions/.jsv", "json"),
        ("/a.jsv/b", "/a.jsv/b", "json"),
    ],
)
def test_a_registered_suffix_names_the_format_and_is_cut_off(path: str, stem: str, name: str) -> None:
    negotiated = choose(path)
    assert (negotiated.path, negotiated.serializer.name) == (stem, name)


def test_an_encoded_dot_belongs_to_the_value() -> None:
    negotiated = choose("/sessions/x.xml", raw_path="/sessions/x%2Exml")
    assert (negotiated.path, negotiated.serializer.name) == ("/sessions/x.xml", "json")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("format=jsv", "jsv"),
        ("FORMAT=Jsv", "jsv"),
        ("format=xml.foo", "xml"),
        ("format=text/csv", "csv"),
        ("format=application%2Fjson", "json"),
        ("format=jsv&format=xml", "xml"),
        ("format=", "csv"),
        ("format=nonsense", "csv"),
        ("informat=jsv", "csv"),
        ("format=application/xml; charset=utf-8", "xml"),
        ("format=application/xml;charset=utf-8", "xml"),
        ("format=Text%2FJSV%3B+q%3D1", "jsv"),
        ("format=x-msgpack", "msgpack"),
        ("format=application/vnd.msgpack", "msgpack"),
        ("format=x-jsv.more", "jsv"),
        ("format=ndjson", "jsonl"),
    ],
)
def test_the_query_names_a_format_or_a_media_type(query: str, name: str) -> None:
    assert choose(query=query, accept="text/csv").serializer.name == name


def test_the_order_of_the_ways() -> None:
    requested = {"query": "format=csv", "accept": "application/xml", "body": "text/html"}
    assert choose("/json/reply/X.jsv", **requested).serializer.name == "jsv"
    assert choose("/json/reply/X", **requested).serializer.name == "csv"
    assert choose("/json/reply/X", accept="application/xml").serializer.name == "json"
    assert choose("/x", accept="application/xml", body="text/jsv").serializer.name == "xml"
    assert choose("/x", body="text/jsv").serializer.name == "jsv"
    assert choose("/x").serializer.name == "json"


@pytest.mark.parametrize(
    ("accept", "body", "content_type"),
    [
        ("application/jsv", None, "application/jsv"),
        ("text/jsv", None, "text/jsv"),
        ("text/x-jsv", None, "text/x-jsv"),
        ("text/json", None, "text/json; charset=utf-8"),
        ("application/jsv; charset=utf-8", None, "application/jsv"),
        ("APPLICATION/JSON", None, "application/json; charset=utf-8"),
        ("text/xml, application/json;q=0.5", None, "text/xml"),
        ("application/json;q=0.5, application/xml", None, "application/xml"),
        ("application/jsv, */*", None, "application/jsv"),
        ("*/*, application/jsv", None, "application/jsv"),
        ("text/csv, application/json", None, "application/json; charset=utf-8"),
        ("text/csv, application/json", "text/csv", "text/csv"),
        ("application/json;q=0, */*", None, "application/jsv"),
        ("text/*", None, "text/json; charset=utf-8"),
        ("image/png", None, "application/json; charset=utf-8"),
        ("image/png", "application/xml", "application/xml"),
        ("*/*", "text/jsv", "text/jsv"),
        ("garbage;;;=,", None, "application/json; charset=utf-8"),
        ("text/csv;q=abc", None, "text/csv"),
        (BROWSER, None, "text/html; charset=utf-8"),
        (BROWSER, "application/json", "text/html; charset=utf-8"),
        (JAVA, "application/json", "application/json; charset=utf-8"),
        (JAVA, "application/jsv; charset=utf-8", "application/jsv"),
        (JAVA, None, "text/html; charset=utf-8"),
        (JAVA, "application/x-www-form-urlencoded", "text/html; charset=utf-8"),
        ("text/html", "application/json", "text/html; charset=utf-8"),
        ("*", "text/jsv", "text/jsv"),
        ("text/jsonl", None, "text/jsonl"),
        ("application/x-ndjson", "application/json", "application/x-ndjson"),
        ("application/ndjson;q=0.9, */*;q=0.1", None, "application/ndjson"),
        ("application/vnd.msgpack", None, "application/vnd.msgpack"),
        (None, "application/x-www-form-urlencoded", "application/json; charset=utf-8"),
        ("", "text/html", "application/json; charset=utf-8"),
    ],
)
def test_the_accept_header(accept: str | None, body: str | None, content_type: str) -> None:
    assert choose(accept=accept, body=body).content_type == content_type


def test_a_format_from_the_address_is_spelled_as_accept_spells_it() -> None:
    assert choose("/sessions.jsv", accept="text/jsv").content_type == "text/jsv"
    assert choose("/sessions.jsv", accept="text/csv").content_type == "application/jsv"


def test_another_default() -> None:
    assert choose(default="html").serializer.name == "html"


def test_media_types_have_no_parameters() -> None:
    assert media_type(" Text/JSV ; charset=utf-8") == "text/jsv"
    assert media_type(None) == ""


@given(
    path=st.text().map(lambda text: "/" + text),
    query=st.text(),
    accept=st.none()
    | st.text()
    | st.lists(st.sampled_from(["*/*", "text/*", "text/jsv;q=0.1", ";q=nan", "a/b;q=-1", ","])).map(",".join),
    body=st.none() | st.text(),
)
def test_it_never_fails_and_always_gives_a_format(path: str, query: str, accept: str | None, body: str | None) -> None:
    negotiated = choose(path, query, accept, body, raw_path=path)
    assert negotiated.serializer in list(REGISTRY)
    assert negotiated.content_type.isascii()
    assert path.startswith(negotiated.path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/x-msgpack/reply/GetAuthStatus", "msgpack"),
        ("/application/x-msgpack/reply/GetAuthStatus", "msgpack"),
        ("/Text/CSV/oneway/GetAuthStatus", "csv"),
        ("/x-jsv/reply/GetAuthStatus", "jsv"),
        ("/application/nothing/reply/GetAuthStatus", None),
        ("/nothing/reply/GetAuthStatus", None),
    ],
)
def test_pre_defined_paths_by_every_name_of_a_format(anonymous: TestApp, path: str, name: str | None) -> None:
    response = anonymous.get(path, status="*")
    assert response.status_code == (200 if name else 404)
    if name is not None:
        serializer = REGISTRY.by_media_type(response.content_type)
        assert serializer is not None
        assert serializer.name == name
