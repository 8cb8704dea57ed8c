"""A service whose contract is not the product's: every kind of type, wildcards, operations without a route, answers that are no DTO."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from gateway.calls import Method, Principal, authorize
from gateway.contract import fields
from gateway.contract.catalog import ANYONE, Access, Catalog
from gateway.contract.dto import Dto
from gateway.errors import NotAuthenticated, PermissionMissing
from gateway.http.app import Options, create_app
from gateway.users.authenticator import Authenticator
from models import connect
from models.engine import migrations
from serializers.registry import default_registry
from tests.contract import every_kind
from tests.databases import OWNERS

NAMESPACE = "Contracts.Tests"

FORMATS = [serializer for serializer in default_registry() if serializer.readable]


class Versioned(Dto):
    """Its version is none of a row"""

    id = fields.String()
    version = fields.String()
    number = fields.Integer()
    total_count = fields.String()


class ReadFile(Dto):
    path = fields.String()
    folder = fields.String()


class ReadOther(Dto):
    id = fields.String()
    rest = fields.String()


class NoRoute(Dto):
    name = fields.String()


class Hello(Dto):
    name = fields.String()


class Raw(Dto):
    pass


def catalog() -> Catalog:
    """Every kind, and more."""
    contract = every_kind.catalog()
    contract.operation("GET POST", "/versioned", returns=Versioned, access=ANYONE)(Versioned)
    contract.handles(Versioned)(lambda request, _: Versioned.new(id="1", version="1.0", number=2, total_count="é\n"))
    contract.operation(
        "GET POST", "/files/{Folder}/in/{Path*}", also=[("GET", "/files/{Path*}")], returns=str, access=ANYONE
    )(ReadFile)
    contract.handles(ReadFile)(lambda request, _: f"{request.folder}|{request.path}")
    contract.operation("GET", "/files/own/{Id}", also=[("PUT", "/{Rest*}")], returns=str, access=ANYONE)(ReadOther)
    contract.handles(ReadOther)(lambda request, _: f"own {request.id} {request.rest}")
    contract.operation("POST", returns=dict[str, int], access=ANYONE)(NoRoute)
    contract.handles(NoRoute)(lambda request, _: {request.name or "": 1})
    contract.operation("GET", "/hello/{Name}", returns=str, access=ANYONE)(Hello)
    contract.handles(Hello)(lambda request, _: f'Hello, "{request.name}"')
    contract.operation("GET", "/raw", returns=bytes, access=ANYONE)(Raw)
    contract.handles(Raw)(lambda *_: b"\x00\x01")
    return contract


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestApp]:
    """The service in this process."""
    folder: Path = tmp_path_factory.mktemp("contracts")
    database = connect(f"sqlite:///{folder}/service.db")
    migrations.apply(database, OWNERS)
    authenticator = Authenticator(database, ["s" * 40], clock=time.time)
    yield TestApp(
        create_app(catalog(), default_registry(), database, authenticator, Options(write_line=lambda _: None))
    )
    database.dispose()


@pytest.mark.parametrize("dto", every_kind.ECHOED)
@pytest.mark.parametrize("serializer", FORMATS, ids=lambda serializer: serializer.name)
def test_what_is_sent_comes_back(serializer: Any, dto: type[Dto], served: TestApp) -> None:
    operation = catalog().operations[dto.__name__]
    body = serializer.encode(every_kind.VALUES[dto], operation.response_shape)
    headers = {"Content-Type": serializer.media_types[0], "Accept": serializer.media_types[0]}
    for path in (f"/{dto.__name__.lower()}", f"/{serializer.name}/reply/{dto.__name__}"):
        response = served.post(path, body, headers=headers)
        assert response.headers["Content-Type"].startswith(serializer.media_types[0])
        assert serializer.decode(response.body, operation.response_shape) == serializer.decode(
            body, operation.response_shape
        )
        assert "ETag" not in response.headers


@pytest.mark.parametrize("dto", every_kind.ECHOED)
def test_pages_and_batches(dto: type[Dto], served: TestApp) -> None:
    operation = catalog().operations[dto.__name__]
    serializer = default_registry().by_name("json")
    assert serializer is not None
    body = serializer.encode(every_kind.VALUES[dto], operation.response_shape)
    page = served.post(f"/{dto.__name__.lower()}.html", body, headers={"Content-Type": "application/json"})
    assert page.content_type == "text/html"
    batch = served.post(f"/json/reply/{dto.__name__}[]", b"[%s,%s]" % (body, body))
    assert batch.json == [json.loads(body)] * 2 or dto is every_kind.Never
    for options in ("inv", "edv", "tei", "epcn", "elun"):
        assert served.post(f"/{dto.__name__.lower()}?jsconfig={options}", body).status_int == 200


@pytest.mark.parametrize("name", every_kind.RESPONSES)
@pytest.mark.parametrize("serializer", [*default_registry()], ids=lambda serializer: serializer.name)
def test_answers_that_are_no_dtos(serializer: Any, name: str, served: TestApp) -> None:
    response = served.get(f"/answers/{name.lower()}?format={serializer.name}")
    operation = catalog().operations[f"Get{name}"]
    assert response.headers["Content-Type"].startswith(serializer.media_types[0])
    assert response.body == serializer.encode(
        operation.dump(every_kind.RESPONSES[name][1]), operation.response_shape
    ) or serializer.name in ("html", "jsonl")


def test_every_document(served: TestApp) -> None:
    for operation in catalog():
        for name in ("json", "jsv", "xml", "csv"):
            assert served.get(f"/{name}/metadata?op={operation.name}&lang=typescript").status_int == 200
    for path in (
        "/metadata",
        "/openapi.json",
        "/openapi.json?version=2",
        "/explorer",
        "/types/metadata.json",
        "/metadata/app.json",
    ):
        assert served.get(path).status_int == 200
    for language in ("csharp", "zig", "commonjs", "swift4", "swift", "python", "mjs"):
        assert "BaseUrl: http" in served.get(f"/types/{language}").text
    assert served.get("/types/python").text.count("\n    decimal: Optional[") == 0


def test_a_field_called_version_is_a_field(served: TestApp) -> None:
    for name in ("json", "xml", "csv"):
        response = served.get(f"/versioned?format={name}")
        assert "ETag" not in response.headers
        assert "1.0" in response.text


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/files/a", "None|a"),
        ("/files/a/b/C d", "None|a/b/C d"),
        ("/FILES/A/b/", "None|A/b"),
        ("/files", "None|"),
        ("/files/Own/in/x/y", "Own|x/y"),
        ("/files/own/in", "own in None"),
        ("/files/OWN/7", "own 7 None"),
        ("/files/a%2Fb/c", "None|a/b/c"),
    ],
)
def test_wildcards(path: str, answer: str, served: TestApp) -> None:
    assert served.get(path, headers={"Accept": "application/json"}).json == answer


def test_wildcards_take_nothing_that_others_have(served: TestApp) -> None:
    assert served.put("/anything/at/all", b"").json == "own None anything/at/all"
    assert served.get("/hello/Ada").json == 'Hello, "Ada"'
    assert served.get("/anything/at/all", status="*").status_int == 405


def test_an_operation_without_a_route(served: TestApp) -> None:
    assert served.post("/api/NoRoute", b'{"name":"a"}').json == {"a": 1}
    assert served.post("/jsv/reply/NoRoute", b"{name:a}", headers={"Content-Type": "text/jsv"}).text == "{a:1}"
    assert served.post("/json/reply/NoRoute[]", b'[{"name":"a"},{"name":"b"}]').json == [{"a": 1}, {"b": 1}]
    assert "/api/NoRoute" in served.get("/metadata").text


@pytest.mark.parametrize("client", ["ServiceStack .NET Client 5.80", "Java/17.0.9", "python-requests/2.32.3"])
def test_some_clients_read_texts_and_bytes_as_they_are(served: TestApp, client: str) -> None:
    agent = {"User-Agent": client, "Accept": "application/json"}
    assert served.get("/hello/Ada", headers=agent).text == 'Hello, "Ada"'
    assert served.get("/raw", headers=agent).body == b"\x00\x01"
    assert served.get("/raw").json == "AAE="


def make_principal(method: Method = Method.TOKEN, *permissions: str) -> Principal:
    return Principal("1", "a@example.org", "A", frozenset(), (), method, permissions=frozenset(permissions))


def test_permissions() -> None:
    both = Access(permissions=("Read", "Write"))
    any_of = Access(any_permission=("Read", "Write"))
    authorize(make_principal(Method.TOKEN, "Read", "Write"), both)
    authorize(make_principal(Method.TOKEN, "Write"), any_of)
    for access, permissions in ((both, ["Read"]), (any_of, ["Fly"]), (any_of, [])):
        with pytest.raises(PermissionMissing, match="Invalid Permission"):
            authorize(make_principal(Method.TOKEN, *permissions), access)


def test_api_keys_that_are_demanded() -> None:
    authorize(make_principal(Method.KEY), Access(api_key=True))
    with pytest.raises(NotAuthenticated, match="API key"):
        authorize(make_principal(Method.TOKEN), Access(api_key=True))
    with pytest.raises(NotAuthenticated):
        authorize(None, Access(api_key=True))


@pytest.mark.parametrize(
    ("query", "member", "answer"),
    [
        ("color=sky-blue", "color", "sky-blue"),
        ("COLOR=7", "color", "sky-blue"),
        ("level=High", "level", 20),
        ("level=21", "level", 21),
        ("rights=Read,Write", "rights", 3),
        ("rights=3", "rights", 3),
        ("character=%7B", "character", "{"),
        ("character=%20", "character", " "),
        ("offset=2026-01-02T03:04:05%2B02:00", "offset", "2026-01-02T03:04:05.0000000+02:00"),
        ("day=2026-01-02", "day", "2026-01-02"),
        ("clock=09:30", "clock", "PT9H30M"),
        ("thing=%7Ba:1,b:[x,y]%7D", "thing", {"a": "1", "b": ["x", "y"]}),
        ("thing=plain", "thing", "plain"),
        ("uri=http://a/?b=c", "uri", "http://a/?b=c"),
        ("point=1,2", "point", "1,2"),
        ("bytes=AAE%3D", "bytes", "AAE="),
    ],
)
def test_values_in_a_query(query: str, member: str, answer: Any, served: TestApp) -> None:
    for method in (served.get, served.post):
        path = "/scalars/again" if method == served.get else "/scalars"
        assert method(f"{path}?{query}", headers={"Accept": "application/json"}).json == {member: answer}


@pytest.mark.parametrize(
    "query",
    ["color=blue", "level=99", "rights=Fly", "character=ab", "offset=x", "day=2026-13-01", "clock=24:00", "thing=%7Ba"],
)
def test_bad_values_in_a_query(query: str, served: TestApp) -> None:
    response = served.get(f"/scalars/again?{query}", headers={"Accept": "application/json"}, status=400)
    (failure,) = response.json["responseStatus"]["errors"]
    assert failure["fieldName"].lower() == query.partition("=")[0]


@pytest.mark.parametrize("depth", [60, 63, 70, 3000])
def test_deep_documents_of_types_that_hold_themselves(depth: int, served: TestApp) -> None:
    for body, kind in (
        (b'{"next":' * depth + b"{}" + b"}" * depth, "application/json"),
        (b"{next:" * depth + b"{}" + b"}" * depth, "application/jsv"),
        (b"<Node>" + b"<Next>" * depth + b"</Next>" * depth + b"</Node>", "application/xml"),
    ):
        for accept in ("application/json", "application/xml", "text/csv", "text/html"):
            response = served.post("/node", body, headers={"Content-Type": kind, "Accept": accept}, status="*")
            assert response.status_int in (200, 400), (kind, accept)
            assert depth < 70 or response.status_int == 400
