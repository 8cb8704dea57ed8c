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
from tests.upstream.hosts import Host, document, hang_up, host, in_turn, serving, text


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
    module_host.respond = document({"Id": "c/1", "NAME": "Ann", "since": "/Date(1767323045000)/", "tags": ["a,b", "c"]})
    return module_host


@pytest.fixture(scope="module")
def client(module_host: Host) -> Iterator[Client]:
    with shop(module_host.url).client() as made:
        yield made


def test_the_answer_comes_in_every_format(client: Client) -> None:
    wanted = {
        "json": '{"id":"c/1","name":"Ann","since":"2026-01-02T03:04:05Z","tags":["a,b","c"]}',
        "jsv": '{id:c/1,name:Ann,since:2026-01-02T03:04:05Z,tags:["a,b",c]}',
        "xml": "<Name>Ann</Name>",
        "csv": "c/1,Ann,",
        "html": "Ann",
    }
    for name, expected in wanted.items():
        answer = client.get(f"/customers/7.{name}")
        assert answer.status_code == 200
        assert expected in answer.text, name


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
def test_the_old_host_is_asked_in_json(
    client: Client, old: Host, method: str, path: str, body: bytes | None, asked: str
) -> None:
    where, _, query = path.partition("?")
    kind = {} if body is None else {"Content-Type": "application/x-unknown"}
    answer = client.request(method, where, query_string=query, body=body, headers=kind)
    assert answer.status_code in (200, 204), answer.text
    (got,) = old.received
    assert f"{got.method} {got.target} {got.body.decode()}".strip() == asked
    assert got.header("Accept") == "application/json"


def test_a_template_says_how_the_backend_is_asked(old: Host) -> None:
    wanted = {
        "GetCustomer": "GET /v1/people/{id}/card",
        "newcustomer": "PUT /v1/people",
        "DropCustomer": "POST /v1/people/{Id}/drop?by=x",
    }
    with shop(f"{old.url}/base", typed=wanted).client() as client:
        client.get("/customers/7", params={"withOrders": "false"})
        client.post("/customers.jsv", body="{name:Ann}")
        client.delete("/customers/7")
        client.patch("/customers/7", body=b"{raw}")
    seen = [f"{each.method} {each.target} {each.body.decode()}".strip() for each in old.received]
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


def test_credentials_and_the_way_of_the_request_pass_and_what_is_of_the_document_does_not(
    client: Client, old: Host
) -> None:
    sent = {
        "Authorization": "Bearer t",
        "Cookie": "ss-id=1",
        "X-Api-Key": "k",
        "Accept-Language": "de",
        "X-Request-Id": "abc",
    }
    document_own = {
        "Accept": "text/csv",
        "If-None-Match": '"1"',
        "Range": "bytes=0-1",
        "Accept-Encoding": "br",
        "Idempotency-Key": "i",
        "If-Match": 'W/"v1"',
    }
    client.post("/customers", body="{}", headers={**sent, **document_own, "Content-Type": "application/jsv"})
    assert not old.received  # NotEmpty is refused here
    client.post("/customers.jsv", body="{name:x}", headers={**sent, **document_own})
    (got,) = old.received
    for name, value in sent.items():
        assert got.header(name) == value
    assert (got.header("Idempotency-Key"), got.header("If-Match"), got.header("Content-Type")) == (
        "i",
        '"v1"',
        "application/json",
    )
    assert not {"if-none-match", "range", "accept-encoding"} & got.names()


def test_what_the_contract_refuses_does_not_reach_the_old_host(client: Client, old: Host) -> None:
    answer = client.post("/customers.jsv", body="{name:}")
    assert (answer.status_code, len(old.received)) == (400, 0)
    assert "NotEmpty" in answer.text
    assert client.post("/customers", body="{", headers={"Content-Type": "application/json"}).status_code == 400
    assert client.get("/customers/%2e%2e").status_code == 400
    assert not old.received


def test_headers_and_cookies_of_the_answer_pass(client: Client, old: Host) -> None:
    body = json.dumps({"id": "1"})
    old.respond = text(
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
    answer = client.post("/customers.jsv", body="{name:x}")
    assert (answer.status_code, answer.text) == (201, "{id:1}")
    assert {*answer.cookies} == {"a", "b"}
    assert answer.headers["x-total"] == "3"
    assert answer.headers["cache-control"] == "no-store"
    assert "Accept" in answer.headers["vary"]
    assert "server" not in answer.headers


def test_reads_are_conditional(client: Client, old: Host) -> None:
    first = client.get("/customers/7.jsv")
    tag = first.headers["etag"]
    again = client.get("/customers/7.jsv", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    old.respond = document({"id": "1"}, "200 OK", 'ETag: "v7"')
    changed = client.get("/customers/7.jsv", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"]) == (200, 'W/"v7"')
    assert client.get("/customers/7.xml", headers={"If-None-Match": '"v7"'}).status_code == 304


def test_a_batch_asks_for_each_of_its_requests(client: Client, old: Host) -> None:
    answer = client.post("/jsv/reply/NewCustomer[]", body="[{name:a},{name:b}]", headers={"Idempotency-Key": "k"})
    assert answer.status_code == 200
    assert answer.headers["x-autobatch-completed"] == "2"
    assert [each.header("Idempotency-Key") for each in old.received] == ["k[0]", "k[1]"]
    old.respond = in_turn(document({"id": "1"}), document({}, "409 Conflict"))
    assert client.post("/jsv/reply/NewCustomer[]", body="[{name:a},{name:b}]").headers["x-autobatch-completed"] == "1"


STATED = {
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
        (document(STATED, "409 Taken"), 409, "Taken", "Name is taken", "Name"),
        (document({"ResponseStatus": {"ErrorCode": "X", "Message": "y"}}, "500 X"), 500, "X", "y", None),
        (
            document({"title": "Bad", "detail": "worse", "errors": {"name": ["is bad"]}}, "422 No"),
            422,
            "Bad",
            "worse",
            "name",
        ),
        (document({"error": "invalid_grant", "error_description": "no"}, "401 No"), 401, "invalid_grant", "no", None),
        (document({"message": "plain"}, "404 No"), 404, "NotFound", "plain", None),
        (document([1], "418 Tea"), 418, "I'maTeapot", "The old host answered GetCustomer with 418 I'm a Teapot.", None),
        (text("<html>oops", "403 No"), 403, "Forbidden", "The old host answered GetCustomer with 403 Forbidden.", None),
    ],
)
def test_errors_of_the_old_host_come_in_the_callers_format(
    client: Client, old: Host, responder: Any, status: int, code: str, message: str, field: str | None
) -> None:
    old.respond = responder
    answer = client.get("/customers/7")
    assert answer.status_code == status
    stated = answer.json["responseStatus"]
    assert (stated["errorCode"], stated["message"]) == (code, message)
    assert [each["fieldName"] for each in stated["errors"]] == ([field] if field else [])
    assert client.get("/customers/7.jsv").text.startswith("{responseStatus:{errorCode:")


@pytest.mark.parametrize(
    ("responder", "reason"),
    [
        (document({"since": "never"}), "since"),
        (document([1]), "object"),
        (text("{", headers=("Content-Type: application/json",)), "JSON"),
        (text(b'{"name":"\xff"}', headers=("Content-Type: application/json",)), "utf-8"),
    ],
)
def test_an_answer_that_does_not_fit_the_contract_is_told(
    client: Client, old: Host, responder: Any, reason: str
) -> None:
    old.respond = responder
    answer = client.get("/customers/7")
    assert answer.status_code == 502
    assert answer.json["responseStatus"]["errorCode"] == "BadGateway"
    assert answer.json["responseStatus"]["message"].startswith(
        "The old host's answer does not fit the contract of GetCustomer: "
    )
    assert client.get("/customers/7.jsv").status_code == 502


def test_an_answer_that_breaks_off_is_told(client: Client, old: Host) -> None:
    def half(_: Any, sock: Any) -> bool:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        return False

    old.respond = half
    assert client.get("/customers/7").status_code == 502


def test_what_is_not_json_passes_as_it_is(client: Client, old: Host) -> None:
    old.respond = text(b"\x89PNG", headers=("Content-Type: image/png", "Content-Disposition: inline; filename=a.png"))
    answer = client.get("/files/a.png")
    assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG", "image/png")
    assert answer.headers["content-disposition"] == "inline; filename=a.png"


def test_redirects_and_empty_answers_pass(client: Client, old: Host) -> None:
    old.respond = text("", "302 Found", (f"Location: {old.url}/customers/8",))
    with serving(client.app) as url, closing(http.client.HTTPConnection(url.removeprefix("http://"))) as connection:
        connection.request("GET", "/customers/7")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["location"], answer.read()) == (302, "/customers/8", b"")
    old.respond = text("", "204 No Content")
    assert client.get("/customers/7").status_code == 204


def test_the_rule_of_repetition_is_that_of_raw_forwarding(client: Client, old: Host) -> None:
    old.respond = in_turn(text("", "503 No"), document({"id": "1"}))
    assert client.get("/customers/7").status_code == 200
    old.respond = hang_up
    del old.received[:]
    for method, path in (("POST", "/both"), ("GET", "/both"), ("DELETE", "/customers/7")):
        answer = client.request(method, path)
        assert (answer.status_code, answer.json["responseStatus"]["errorCode"]) == (503, "OutcomeUnknown")
    assert len(old.received) == 3
    assert client.head("/both").status_code == 405
    assert len(old.received) == 3
    with shop(f"http://127.0.0.1:{free_port()}").client() as away:
        answer = away.post("/customers.jsv", body="{name:x}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.text.startswith("{responseStatus:{errorCode:ServiceUnavailable,")


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
        made = every_kind.catalog()
        service.catalog.operations.update(made.operations)
        service.catalog._folded.update(made._folded)
    direct.catalog.handlers.update(every_kind.catalog().handlers)
    with serving(_every_kind()) as url:
        fronted.use(Upstream(url, typed=True))
        with direct.client() as one, fronted.client() as other:
            yield one, other


FORMATS = ("json", "jsv", "xml", "csv", "html", "msgpack", "jsonl")


@pytest.mark.parametrize("name", [each.name for each in every_kind.catalog()])
def test_answers_are_alike_in_every_format(kinds: tuple[Client, Client], name: str) -> None:
    body: Any = {}
    dto = every_kind.catalog().operations[name].dto
    if dto in every_kind.VALUES:
        operation = every_kind.catalog().operations[name]
        made = every_kind.VALUES[dto]
        body = default_registry().preferred.encode(made, operation.request_document)
    for suffix in FORMATS:
        one, other = (
            each.post(f"/api/{name}.{suffix}", body=body or "{}", headers={"Content-Type": "application/json"})
            for each in kinds
        )
        assert (one.status_code, one.headers.get("content-type")) == (
            other.status_code,
            other.headers.get("content-type"),
        )
        assert one.content == other.content, suffix
