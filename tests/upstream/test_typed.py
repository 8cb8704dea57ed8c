"""Typed forwarding: what the old host is asked, and what callers get in their formats."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from gateway import SIGNED_IN, Dto, Service, Upstream, errors, fields, rules
from gateway.http.app import App, create_app
from gateway.http.testing import Client
from serializers.registry import default_registry
from tests.contract import every_kind
from tests.servers import free_port
from tests.upstream.hosts import Host, hang_up, host, respond_document, respond_in_turn, respond_text, serving


class Customer(Dto):
    id = fields.String()
    name = fields.String()
    since = fields.DateTime()
    tags = fields.List(fields.String())


def shop(url: str, **options: Any) -> Service:
    service = Service("Shop")

    @service.get("/customers/{Id}", returns=Customer, also=[("GET", "/orders/{Order}/customer")], role="")
    class GetCustomer(Dto):
        id = fields.String()
        order = fields.String()
        with_orders = fields.Boolean()
        tags = fields.List(fields.String())

    @service.post("/customers", returns=Customer, access=SIGNED_IN)
    class NewCustomer(Dto):
        name = fields.String(rules=[rules.NotEmpty()])
        since = fields.DateTime()

    @service.operation("PUT PATCH", "/customers/{Id}", returns=Customer)
    class SetCustomer(Dto):
        id = fields.String()
        name = fields.String()

    @service.delete("/customers/{Id}")
    class DropCustomer(Dto):
        id = fields.String()

    @service.operation("POST GET", "/both", returns=str)
    class Both(Dto):
        pass

    @service.get("/files/{Path*}", returns=bytes)
    class GetFile(Dto):
        path = fields.String()

    @service.operation("GET", returns=Customer)
    class Unrouted(Dto):
        id = fields.String()

    service.use(Upstream(url, connect_timeout=1, read_timeout=5, **{"typed": True, **options}))
    return service


@pytest.fixture(scope="module")
def module_host() -> Iterator[Host]:
    with host() as running:
        yield running


@pytest.fixture
def old(module_host: Host) -> Host:
    module_host.reset()
    module_host.respond = respond_document(
        {"Id": "c/1", "NAME": "Ann", "since": "/Date(1767323045000)/", "tags": ["a,b", "c"]}
    )
    return module_host


@pytest.fixture(scope="module")
def client(module_host: Host) -> Iterator[Client]:
    with shop(module_host.url).client() as shop_client:
        yield shop_client


def test_the_response_comes_in_every_format(client: Client) -> None:
    documents = {
        "json": '{"id":"c/1","name":"Ann","since":"2026-01-02T03:04:05Z","tags":["a,b","c"]}',
        "jsv": '{id:c/1,name:Ann,since:2026-01-02T03:04:05Z,tags:["a,b",c]}',
        "xml": "<Name>Ann</Name>",
        "csv": "c/1,Ann,",
        "html": "Ann",
    }
    for name, text_of_format in documents.items():
        response = client.get(f"/customers/7.{name}")
        assert response.status_code == 200
        assert text_of_format in response.text, name


@pytest.fixture(autouse=True)
def answering(old: Host) -> None:
    """Every test begins with a host that answers."""


@pytest.mark.parametrize(
    ("method", "path", "body", "asked"),
    [
        (
            "GET",
            "/customers/c 7?withOrders=1&tags=a,b",
            None,
            "GET /customers/c%207?withOrders=true&tags=%5Ba%2Cb%5D",
        ),
        ("GET", "/orders/9/customer", None, "GET /orders/9/customer"),
        ("HEAD", "/customers/7", None, "GET /customers/7"),
        ("POST", "/json/reply/GetCustomer", b'{"Id":"7"}', "GET /customers/7"),
        ("GET", "/api/GetCustomer?id=7", None, "GET /customers/7"),
        (
            "POST",
            "/customers.jsv",
            b"{name:Ann,since:2026-01-02}",
            'POST /customers {"name":"Ann","since":"2026-01-02"}',
        ),
        ("POST", "/customers.xml", b"<NewCustomer><Name>Ann</Name></NewCustomer>", 'POST /customers {"name":"Ann"}'),
        ("PUT", "/customers/7", b'{"name":"Ann","unknown":1}', 'PUT /customers/7 {"name":"Ann"}'),
        ("PATCH", "/customers/7", b"{}", "PATCH /customers/7 {}"),
        ("DELETE", "/customers/7", None, "DELETE /customers/7"),
        ("POST", "/jsv/reply/Unrouted", b"{id:7}", 'POST /json/reply/Unrouted {"id":"7"}'),
        ("POST", "/api/DropCustomer", b"{}", "POST /json/reply/DropCustomer {}"),
        ("POST", "/api/DropCustomer", b'{"id":"a&b?"}', "DELETE /customers/a%26b%3F"),
    ],
)
def test_the_old_host_gets_requests_in_json(
    client: Client, old: Host, method: str, path: str, body: bytes | None, asked: str
) -> None:
    target_path, _, query = path.partition("?")
    kind = {} if body is None else {"Content-Type": "application/x-unknown"}
    response = client.request(method, target_path, query_string=query, body=body, headers=kind)
    assert response.status_code in (200, 204), response.text
    (request,) = old.received
    assert f"{request.method} {request.target} {request.body.decode()}".strip() == asked
    assert request.header("Accept") == "application/json"


def test_a_template_sets_verb_and_path_of_the_forwarded_request(old: Host) -> None:
    templates = {
        "GetCustomer": "GET /v1/people/{id}/card",
        "newcustomer": "PUT /v1/people",
        "DropCustomer": "POST /v1/people/{Id}/drop?by=x",
    }
    with shop(f"{old.url}/base", typed=templates).client() as client:
        client.get("/customers/7", params={"withOrders": "false"})
        client.post("/customers.jsv", body="{name:Ann}")
        client.delete("/customers/7")
        client.patch("/customers/7", body=b"{raw}")
    seen = [f"{request.method} {request.target} {request.body.decode()}".strip() for request in old.received]
    assert seen == [
        "GET /base/v1/people/7/card?withOrders=false",
        'PUT /base/v1/people {"name":"Ann"}',
        "POST /base/v1/people/7/drop?by=x {}",
        "PATCH /base/customers/7 {raw}",
    ]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"Nothing": ""}, "not an operation"),
        (["Nothing"], "not an operation"),
        ({"GetCustomer": "/v1/x"}, "write a verb and a path"),
        ({"GetCustomer": "GET v1"}, "write a verb and a path"),
        ({"GetCustomer": "GET /v1/{Nope}"}, "a field Nope"),
    ],
)
def test_a_wrong_template_is_refused(typed: Any, message: str) -> None:
    with pytest.raises(errors.CatalogError, match=message):
        shop("http://127.0.0.1:1", typed=typed).client()


def test_credentials_and_the_request_id_pass_and_headers_about_the_document_do_not(client: Client, old: Host) -> None:
    request_headers = {
        "Authorization": "Bearer t",
        "Cookie": "ss-id=1",
        "X-Api-Key": "k",
        "Accept-Language": "de",
        "X-Request-Id": "abc",
    }
    document_headers = {
        "Accept": "text/csv",
        "If-None-Match": '"1"',
        "Range": "bytes=0-1",
        "Accept-Encoding": "br",
        "Idempotency-Key": "i",
        "If-Match": 'W/"v1"',
    }
    client.post(
        "/customers", body="{}", headers={**request_headers, **document_headers, "Content-Type": "application/jsv"}
    )
    assert not old.received  # NotEmpty is refused here
    client.post("/customers.jsv", body="{name:x}", headers={**request_headers, **document_headers})
    (request,) = old.received
    for name, value in request_headers.items():
        assert request.header(name) == value
    assert (request.header("Idempotency-Key"), request.header("If-Match"), request.header("Content-Type")) == (
        "i",
        '"v1"',
        "application/json",
    )
    assert not {"if-none-match", "range", "accept-encoding"} & request.names()


def test_requests_that_the_contract_refuses_do_not_reach_the_old_host(client: Client, old: Host) -> None:
    response = client.post("/customers.jsv", body="{name:}")
    assert (response.status_code, len(old.received)) == (400, 0)
    assert "NotEmpty" in response.text
    assert client.post("/customers", body="{", headers={"Content-Type": "application/json"}).status_code == 400
    assert client.get("/customers/%2e%2e").status_code == 400
    assert not old.received


def test_headers_and_cookies_of_the_response_pass(client: Client, old: Host) -> None:
    body = json.dumps({"id": "1"})
    old.respond = respond_text(
        body,
        "201 Created",
        (
            "Content-Type: application/json",
            "Set-Cookie: a=1",
            "Set-Cookie: b=2",
            "Location: {own}/customers/1",
            "X-Total: 3",
            "Cache-Control: no-store",
            "Vary: X",
            "Server: old",
        ),
    )
    response = client.post("/customers.jsv", body="{name:x}")
    assert (response.status_code, response.text) == (201, "{id:1}")
    assert {*response.cookies} == {"a", "b"}
    assert response.headers["x-total"] == "3"
    assert response.headers["cache-control"] == "no-store"
    assert "Accept" in response.headers["vary"]
    assert "server" not in response.headers


def test_reads_are_conditional(client: Client, old: Host) -> None:
    first = client.get("/customers/7.jsv")
    tag = first.headers["etag"]
    again = client.get("/customers/7.jsv", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    old.respond = respond_document({"id": "1"}, "200 OK", 'ETag: "v7"')
    changed = client.get("/customers/7.jsv", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"]) == (200, 'W/"v7"')
    assert client.get("/customers/7.xml", headers={"If-None-Match": '"v7"'}).status_code == 304


def test_a_batch_forwards_each_of_its_requests(client: Client, old: Host) -> None:
    response = client.post("/jsv/reply/NewCustomer[]", body="[{name:a},{name:b}]", headers={"Idempotency-Key": "k"})
    assert response.status_code == 200
    assert response.headers["x-autobatch-completed"] == "2"
    assert [request.header("Idempotency-Key") for request in old.received] == ["k[0]", "k[1]"]
    old.respond = respond_in_turn(respond_document({"id": "1"}), respond_document({}, "409 Conflict"))
    assert client.post("/jsv/reply/NewCustomer[]", body="[{name:a},{name:b}]").headers["x-autobatch-completed"] == "1"


STATUS_DOCUMENT = {
    "responseStatus": {
        "errorCode": "Taken",
        "message": "Name is taken",
        "errors": [{"errorCode": "Taken", "fieldName": "Name", "message": "m"}],
        "meta": {"a": "b"},
    }
}


@pytest.mark.parametrize(
    ("responder", "status", "code", "message", "field"),
    [
        (respond_document(STATUS_DOCUMENT, "409 Taken"), 409, "Taken", "Name is taken", "Name"),
        (respond_document({"ResponseStatus": {"ErrorCode": "X", "Message": "y"}}, "500 X"), 500, "X", "y", None),
        (
            respond_document({"title": "Bad", "detail": "worse", "errors": {"name": ["is bad"]}}, "422 No"),
            422,
            "Bad",
            "worse",
            "name",
        ),
        (
            respond_document({"error": "invalid_grant", "error_description": "no"}, "401 No"),
            401,
            "invalid_grant",
            "no",
            None,
        ),
        (respond_document({"message": "plain"}, "404 No"), 404, "NotFound", "plain", None),
        (
            respond_document([1], "418 Tea"),
            418,
            "I'maTeapot",
            "The old host answered GetCustomer with 418 I'm a Teapot.",
            None,
        ),
        (
            respond_text("<html>oops", "403 No"),
            403,
            "Forbidden",
            "The old host answered GetCustomer with 403 Forbidden.",
            None,
        ),
    ],
)
def test_errors_of_the_old_host_come_in_the_callers_format(
    client: Client, old: Host, responder: Any, status: int, code: str, message: str, field: str | None
) -> None:
    old.respond = responder
    response = client.get("/customers/7")
    assert response.status_code == status
    response_status = response.json["responseStatus"]
    assert (response_status["errorCode"], response_status["message"]) == (code, message)
    assert [error["fieldName"] for error in response_status["errors"]] == ([field] if field else [])
    assert client.get("/customers/7.jsv").text.startswith("{responseStatus:{errorCode:")


@pytest.mark.parametrize(
    ("responder", "reason"),
    [
        (respond_document({"since": "never"}), "since"),
        (respond_document([1]), "object"),
        (respond_text("{", headers=("Content-Type: application/json",)), "JSON"),
        (respond_text(b'{"name":"\xff"}', headers=("Content-Type: application/json",)), "utf-8"),
    ],
)
def test_a_response_that_does_not_fit_the_contract_is_an_error(
    client: Client, old: Host, responder: Any, reason: str
) -> None:
    old.respond = responder
    response = client.get("/customers/7")
    assert response.status_code == 502
    assert response.json["responseStatus"]["errorCode"] == "BadGateway"
    assert response.json["responseStatus"]["message"].startswith(
        "The old host's answer does not fit the contract of GetCustomer: "
    )
    assert client.get("/customers/7.jsv").status_code == 502


def test_a_response_that_breaks_off_is_an_error(client: Client, old: Host) -> None:
    def half(_: Any, sock: Any) -> bool:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        return False

    old.respond = half
    assert client.get("/customers/7").status_code == 502


def test_other_types_than_json_pass_unchanged(client: Client, old: Host) -> None:
    old.respond = respond_text(
        b"\x89PNG", headers=("Content-Type: image/png", "Content-Disposition: inline; filename=a.png")
    )
    response = client.get("/files/a.png")
    assert (response.content, response.headers["content-type"]) == (b"\x89PNG", "image/png")
    assert response.headers["content-disposition"] == "inline; filename=a.png"


def test_redirects_and_empty_responses_pass(client: Client, old: Host) -> None:
    old.respond = respond_text("", "302 Found", (f"Location: {old.url}/customers/8",))
    with serving(client.app) as url, closing(http.client.HTTPConnection(url.removeprefix("http://"))) as connection:
        connection.request("GET", "/customers/7")
        response = connection.getresponse()
        assert (response.status, response.headers["location"], response.read()) == (302, "/customers/8", b"")
    old.respond = respond_text("", "204 No Content")
    assert client.get("/customers/7").status_code == 204


def test_the_rule_of_repetition_is_that_of_raw_forwarding(client: Client, old: Host) -> None:
    old.respond = respond_in_turn(respond_text("", "503 No"), respond_document({"id": "1"}))
    assert client.get("/customers/7").status_code == 200
    old.respond = hang_up
    del old.received[:]
    for method, path in (("POST", "/both"), ("GET", "/both"), ("DELETE", "/customers/7")):
        response = client.request(method, path)
        assert (response.status_code, response.json["responseStatus"]["errorCode"]) == (503, "OutcomeUnknown")
    assert len(old.received) == 3
    assert client.head("/both").status_code == 405
    assert len(old.received) == 3
    with shop(f"http://127.0.0.1:{free_port()}").client() as away:
        response = away.post("/customers.jsv", body="{name:x}")
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")
        assert response.text.startswith("{responseStatus:{errorCode:ServiceUnavailable,")


def test_pages_of_other_sites_change_nothing_with_a_visitors_cookies(client: Client, old: Host) -> None:
    headers = {
        "Cookie": "ss-id=1",
        "Origin": "http://elsewhere.example.org",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert client.post("/customers", body="name=x", headers=headers).status_code == 403
    assert not old.received


def _every_kind() -> App:
    return create_app(every_kind.catalog(), default_registry(), None, None)


@pytest.fixture(scope="module")
def kinds() -> Iterator[tuple[Client, Client]]:
    """The contract with every kind of type: asked directly, and through a front."""
    direct, fronted = Service("Same"), Service("Same")
    for service in (direct, fronted):
        kinds_catalog = every_kind.catalog()
        service.catalog.operations.update(kinds_catalog.operations)
        service.catalog._folded.update(kinds_catalog._folded)
    direct.catalog.handlers.update(every_kind.catalog().handlers)
    with serving(_every_kind()) as url:
        fronted.use(Upstream(url, typed=True))
        with direct.client() as direct_client, fronted.client() as front_client:
            yield direct_client, front_client


FORMATS = ("json", "jsv", "xml", "csv", "html", "msgpack", "jsonl")


@pytest.mark.parametrize("name", [operation.name for operation in every_kind.catalog()])
def test_responses_are_equal_in_every_format(kinds: tuple[Client, Client], name: str) -> None:
    body: Any = {}
    dto = every_kind.catalog().operations[name].dto
    if dto in every_kind.VALUES:
        operation = every_kind.catalog().operations[name]
        values = every_kind.VALUES[dto]
        body = default_registry().preferred.encode(values, operation.request_document)
    for suffix in FORMATS:
        direct_response, front_response = (
            client.post(f"/api/{name}.{suffix}", body=body or "{}", headers={"Content-Type": "application/json"})
            for client in kinds
        )
        assert (direct_response.status_code, direct_response.headers.get("content-type")) == (
            front_response.status_code,
            front_response.headers.get("content-type"),
        )
        assert direct_response.content == front_response.content, suffix
