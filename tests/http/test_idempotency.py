"""Idempotency-Key over HTTP: each operation that declares it is done once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from webtest import TestApp

from gateway.calls import Context
from gateway.contract import fields
from gateway.contract.catalog import ANYONE, SIGNED_IN, Catalog
from gateway.contract.dto import Dto, Instance
from gateway.errors import CatalogError
from gateway.http.app import Options, create_app
from gateway.settings import Settings
from gateway.users.authenticator import Authenticator
from gateway.users.idempotency import Keys
from models import Database
from models import OutcomeUnknown as UnknownCommit
from models.engine import database as databases
from serializers.registry import default_registry
from tests.sessions_api import catalog

from .conftest import API_KEY, post

NAMESPACE = "Tests"


@pytest.fixture
def session(client: TestApp) -> Any:
    return client.post_json("/sessions", {}).json


#: What each operation is called with, twice; `{id}` is a session's, `{user}`, `{account}` the caller's.
CALLS: dict[str, tuple[str, str, Any]] = {
    "NewSession": ("POST", "/sessions", {"displayName": "a"}),
    "PatchSession": ("PATCH", "/sessions/{id}", {"consoleData": "a"}),
    "EndSession": ("DELETE", "/sessions/{id}", None),
    "HoldSession": ("POST", "/sessions/{id}/hold", {}),
    "AddConferenceMember": ("POST", "/sessions/{id}/conference/members", {"destination": "+15551234567"}),
    "InviteChatMember": ("POST", "/sessions/{id}/members", {"memberToAdd": "bob@example.org"}),
    "DeleteChatMember": ("DELETE", "/sessions/{id}/members/bob@example.org", None),
    "NewOutgoingSession": (
        "POST",
        "/sessions/outgoing",
        {"flowId": "f", "numberToDial": "+15551234567", "callerId": "+15551234568"},
    ),
    "SendMessage": ("POST", "/sessions/{id}/messages", {"body": "a"}),
    "NewUser": ("POST", "/users", {"emailAddress": "new@example.org", "password": "a good long password"}),
    "PatchUser": ("PATCH", "/users/{user}", {"firstName": "New"}),
    "NewAccount": ("POST", "/accounts", {"name": "New"}),
    "PatchAccount": ("PATCH", "/accounts/{account}", {"name": "New"}),
    "NewCustomer": ("POST", "/customers", {"name": "New"}),
}


def test_every_operation_that_writes_declares_it() -> None:
    assert {operation.name for operation in catalog if operation.idempotent} == CALLS.keys()
    other_names = {
        operation.name
        for operation in catalog
        if operation.writes and not operation.idempotent and not operation.signs_in
    }
    # Channels that are added or removed twice are as after once.
    assert other_names == {"UpdateEventSubscriber"}


@pytest.mark.parametrize("name", CALLS)
def test_an_operation_is_done_once(client: TestApp, session: Any, name: str) -> None:
    verb, path, body = CALLS[name]
    if name == "DeleteChatMember":
        client.post_json(f"/sessions/{session['id']}/members", {"memberToAdd": "bob@example.org"})
    path = path.format(id=session["id"], user=session["createdBy"], account=session["accountId"])
    headers = {"Idempotency-Key": "k"}

    def send(body: Any) -> Any:
        if body is None:
            return client.delete(path, headers=headers, status="*")
        return getattr(client, f"{verb.lower()}_json")(path, body, headers=headers, status="*")

    first_response, repeated_response = send(body), send(body)
    assert first_response.status_code in (200, 204), first_response.text
    assert (repeated_response.status_code, repeated_response.body) == (first_response.status_code, first_response.body)
    assert repeated_response.headers.get("ETag") == first_response.headers.get("ETag")
    if body is None:
        path += "?memberToRemove=another" if name == "DeleteChatMember" else "?callSid=another"
    changed = send(None if body is None else {**body, next(iter(body), "callSid"): "another"})
    assert (changed.status_code, changed.json["responseStatus"]["errorCode"]) == (422, "IdempotencyKeyReused")
    stored_session = client.get("/sessions/" + session["id"]).json
    assert len(stored_session["log"]) <= len(session["log"]) + (2 if name == "DeleteChatMember" else 1)


def test_the_first_result_in_another_format(client: TestApp) -> None:
    headers = {"Idempotency-Key": "k"}
    session = client.post_json("/sessions", {"displayName": "a"}, headers=headers).json
    repeated_response = client.post_json("/sessions.xml", {"displayName": "a"}, headers=headers)
    assert f">{session['id']}</" in repeated_response.text


def test_each_request_of_a_batch_is_done_once(client: TestApp) -> None:
    bodies, headers = [{"displayName": "a"}, {"displayName": "b"}], {"Idempotency-Key": "k"}
    first_response = client.post_json("/json/reply/NewSession[]", bodies, headers=headers)
    repeated_response = client.post_json("/json/reply/NewSession[]", [*bodies, {"displayName": "c"}], headers=headers)
    assert repeated_response.json[:2] == first_response.json
    assert client.get("/sessions.json").json["totalCount"] == 3
    changed = client.post_json("/json/reply/NewSession[]", bodies[::-1], headers=headers, status=422)
    assert changed.json["responseStatus"]["meta"]["AutoBatchIndex"] == "0"


def test_a_failed_call_with_a_slow_part_may_be_repeated(client: TestApp) -> None:
    """A new user's password is hashed in the middle of the unit, part of which is committed by then."""
    client.post_json("/users", {"emailAddress": "taken@example.org"})
    body = {"emailAddress": "taken@example.org", "password": "a good long password"}
    for _ in range(2):
        response = client.post_json("/users", body, headers={"Idempotency-Key": "k"}, status="*")
        assert response.json["responseStatus"]["errorCode"] != "IdempotencyKeyInProgress"
    free = {**body, "emailAddress": "free@example.org"}
    assert client.post_json("/users", free, headers={"Idempotency-Key": "k"}).json["emailAddress"] == "free@example.org"


def test_no_key_is_a_key_of_its_own(client: TestApp) -> None:
    ids = {client.post_json("/sessions", {}, headers={"Idempotency-Key": ""}).json["id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_key_is_too_long(client: TestApp) -> None:
    response = client.post_json("/sessions", {}, headers={"Idempotency-Key": "k" * 256}, status=400)
    assert response.json["responseStatus"]["errorCode"] == "Length"
    client.post_json("/sessions", {}, headers={"Idempotency-Key": "k" * 255}, status=200)


def test_openapi_shows_the_header(client: TestApp) -> None:
    paths = client.get("/openapi.json").json["paths"]
    operation = paths["/sessions"]["post"]
    assert [parameter["in"] for parameter in operation["parameters"] if parameter["name"] == "Idempotency-Key"] == [
        "header"
    ]
    assert {"409", "422"} <= operation["responses"].keys()
    assert "422" not in paths["/sessions"]["get"]["responses"]
    assert "422" not in paths["/auth"]["post"]["responses"]


@pytest.mark.parametrize(
    ("verb", "more", "words"),
    [
        ("POST", {"access": ANYONE}, "anyone may call it"),
        ("GET", {"access": SIGNED_IN}, "changes nothing"),
        ("POST", {"access": SIGNED_IN, "signs_in": True}, "signs in or out"),
    ],
)
def test_what_can_not_be_idempotent_is_refused_at_start(verb: str, more: dict[str, Any], words: str) -> None:
    contract = Catalog()
    contract.operation(verb, "/x", idempotent=True, **more)(type("Thing", (Dto,), {"__module__": __name__}))
    contract.handlers["Thing"] = lambda request, context: None
    with pytest.raises(CatalogError, match=words):
        contract.check()


class Wait(Dto):
    """Wait for the test"""

    name = fields.String("Whose")


class Slow:
    """An operation that is in progress until the test lets it go."""

    def __init__(self) -> None:
        self.began, self.go = threading.Event(), threading.Event()
        self.calls = 0
        self.catalog = Catalog()
        self.catalog.operation("POST", "/wait", returns=Wait, access=SIGNED_IN, idempotent=True)(Wait)
        self.catalog.operation("GET", "/look", returns=Wait, access=SIGNED_IN)(
            type("Look", (Dto,), {"__module__": __name__})
        )
        self.catalog.handlers |= {"Wait": self.handle, "Look": self.handle}

    def handle(self, request: Instance, context: Context) -> Any:
        """The use case."""
        self.calls += 1
        self.began.set()
        assert self.go.wait(20)
        return Wait.new(name=f"call {self.calls}")


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def send(slow: Slow, database: Database, settings: Settings) -> Iterator[Callable[..., Any]]:
    app = create_app(
        slow.catalog,
        default_registry(),
        database,
        Authenticator(database, [settings.read_signing_secret()]),
        Options(once=Keys(database)),
    )

    def send(path: str = "/wait", key: str = "", body: bytes = b"{}") -> Any:
        client = TestApp(app)
        client.authorization = ("Bearer", API_KEY)
        if path == "/look":
            return client.get(path, status="*")
        return post(client, path, body, "application/json", **({"Idempotency-Key": key} if key else {}))

    yield send
    slow.go.set()


def test_a_key_in_progress(slow: Slow, send: Callable[..., Any]) -> None:
    with ThreadPoolExecutor(1) as pool:
        first_call = pool.submit(send, key="k")
        assert slow.began.wait(20)
        response = send(key="k")
        assert (response.status_code, response.json["responseStatus"]["errorCode"]) == (409, "IdempotencyKeyInProgress")
        slow.go.set()
        assert first_call.result().json == {"name": "call 1"}
    assert send(key="k").json == {"name": "call 1"}
    assert send(key="other").json == {"name": "call 2"}
    assert send().json == {"name": "call 3"}


@pytest.mark.parametrize(("path", "key", "retry"), [("/wait", "", None), ("/wait", "k", "2"), ("/look", "", "2")])
def test_a_commit_that_nobody_acknowledged(
    slow: Slow, send: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, path: str, key: str, retry: str | None
) -> None:
    commit = databases.Unit._commit

    def lose_commit(unit: databases.Unit) -> None:
        if not slow.began.is_set():
            commit(unit)
            return
        unit._roll_back()
        raise UnknownCommit("lost")

    slow.go.set()
    monkeypatch.setattr(databases.Unit, "_commit", lose_commit)
    response = send(path, key)
    assert (response.status_code, response.json["responseStatus"]["errorCode"]) == (503, "OutcomeUnknown")
    assert response.headers.get("Retry-After") == retry


class Order(Dto):
    """Order something"""

    how = fields.String("What the handler does")


def test_a_repeated_key_gets_status_and_headers_again(database: Database, settings: Settings) -> None:
    contract = Catalog()
    contract.operation("POST", "/orders", returns=Order, access=SIGNED_IN, idempotent=True)(Order)
    calls: list[str] = []

    @contract.handles(Order)
    def place_order(request: Instance, context: Context) -> Any:
        calls.append(request.how)
        if request.how == "content":
            return context.send(b"bytes")
        if request.how == "redirect":
            return context.redirect(f"/orders/{len(calls)}", 303)
        context.status = 201
        context.headers["Location"] = f"/orders/{len(calls)}"
        return Order.new(how=request.how)

    callers = Authenticator(database, [settings.read_signing_secret()])
    client = TestApp(create_app(contract, default_registry(), database, callers, Options(once=Keys(database))))
    client.authorization = ("Bearer", API_KEY)

    def call(how: str) -> Any:
        return client.post_json("/orders", {"how": how}, headers={"Idempotency-Key": how}, status="*")

    for how, status in (("set", 201), ("redirect", 303)):
        first_response, repeated_response = call(how), call(how)
        assert (repeated_response.status_code, repeated_response.body) == (
            first_response.status_code,
            first_response.body,
        )
        assert first_response.status_code == status
        assert repeated_response.headers["Location"] == first_response.headers["Location"]
    assert call("content").body == b"bytes"
    repeated_response = call("content")
    assert (repeated_response.status_code, repeated_response.json["responseStatus"]["errorCode"]) == (
        409,
        "IdempotentResultNotKept",
    )
    assert calls == ["set", "redirect", "content"]
