"""What one request may use: seconds, rows and bytes, for a page, a batch and a streamed list."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.budget import STREAMED, Allowance, Budget
from gateway.errors import OutOfTime, ResponseTooLarge
from gateway.http import encoding
from gateway.settings import Settings
from models import Database
from models.sessions import session
from serializers import msgpack
from serializers.base import Page
from serializers.registry import default_registry
from serializers.shape import ListOf, Text
from tests.models.conftest import add

from .conftest import API_KEY, post

READABLE = [serializer.name for serializer in default_registry() if serializer.readable]


@pytest.fixture
def limited(settings: Settings, database: Database) -> Callable[..., TestApp]:
    """Make a client of a service with other settings."""

    def make(**changes: Any) -> TestApp:
        client = TestApp(wsgi.build(replace(settings, **changes), database))
        client.authorization = ("Bearer", API_KEY)
        return client

    return make


def fill(database: Database, count: int, log: int = 1, **values: Any) -> list[str]:
    with database.unit_of_work() as unit:
        return [add(unit, "ada", log=["x"] * log, **values).id for _ in range(count)]


def read_refusal(response: Any) -> tuple[int, str]:
    return response.status_code, response.json["responseStatus"]["errorCode"]


def test_a_page_of_more_rows_than_a_request_may_use_is_refused(
    limited: Callable[..., TestApp], database: Database
) -> None:
    fill(database, 120, log=20)
    client = limited(request_rows=1000)
    response = client.get("/sessions.json?countPerPage=1000", status="*")
    assert read_refusal(response) == (413, "RequestEntityTooLarge")
    assert "1,000 rows" in response.json["responseStatus"]["message"]
    assert len(client.get("/sessions.json?countPerPage=20").json["items"]) == 20


@pytest.mark.parametrize("text", ["x", "ä", "\N{GRINNING FACE}"])
def test_a_page_of_long_texts_is_refused_before_all_of_it_is_read(
    limited: Callable[..., TestApp], database: Database, text: str
) -> None:
    fill(database, 300, console_data=text * 5000)
    client = limited(request_bytes=300_000)
    response = client.get("/sessions.json?countPerPage=1000", status="*")
    assert read_refusal(response) == (413, "RequestEntityTooLarge")
    assert "300,000 bytes" in response.json["responseStatus"]["message"]


def test_everything_is_not_bound_by_what_a_page_may_use(limited: Callable[..., TestApp], database: Database) -> None:
    fill(database, 120, log=20)
    client = limited(request_rows=1000, request_bytes=64 * 1024)
    assert len(client.get("/sessions.json?all=true").json["items"]) == 120


def test_a_batch_has_one_budget_for_all_its_calls(limited: Callable[..., TestApp], database: Database) -> None:
    fill(database, 50)
    client = limited(request_rows=1000)
    response = post(client, "/json/reply/ListSessions[]", json.dumps([{}] * 100), "application/json")
    assert read_refusal(response) == (429, "TooManyRequests")
    completed = int(response.headers["X-AutoBatch-Completed"])
    assert 1 <= completed <= 7
    assert response.json["responseStatus"]["meta"]["AutoBatchIndex"] == str(completed)
    assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize("name", [*READABLE, "html"])
def test_a_batch_holds_no_more_than_its_response_may_have(
    limited: Callable[..., TestApp], database: Database, name: str
) -> None:
    (session_id,) = fill(database, 1, console_data="x" * 20_000)
    client = limited(request_bytes=200_000)
    response = post(
        client, f"/{name}/reply/GetSession[]", json.dumps([{"sessionId": session_id}] * 1000), "application/json"
    )
    assert response.status_code == 429
    assert 5 <= int(response.headers["X-AutoBatch-Completed"]) <= 20
    response = post(
        client, f"/{name}/reply/GetSession[]", json.dumps([{"sessionId": session_id}] * 5), "application/json"
    )
    assert (response.status_code, response.headers["X-AutoBatch-Completed"]) == (200, "5")


def test_options_of_the_format_do_not_lift_the_limit_of_a_batch(
    limited: Callable[..., TestApp], database: Database
) -> None:
    (session_id,) = fill(database, 1, console_data="x" * 20_000)
    client = limited(request_bytes=200_000)
    body = json.dumps([{"sessionId": session_id}] * 100)
    assert post(client, "/json/reply/GetSession[]?jsconfig=epcn", body, "application/json").status_code == 429


def test_what_a_batch_did_before_its_budget_was_used_up_stays_done(limited: Callable[..., TestApp]) -> None:
    client = limited(request_rows=1000)
    body = json.dumps([{"memberEmailAddresses": [f"{number}@example.org" for number in range(18)]}] * 100)
    response = post(client, "/json/reply/NewSession[]", body, "application/json")
    assert response.status_code == 429
    completed = int(response.headers["X-AutoBatch-Completed"])
    assert 0 < completed < 20
    assert client.get("/sessions.json?countPerPage=1").json["totalCount"] == completed


def test_a_first_call_that_needs_too_much_is_refused_as_by_itself(
    limited: Callable[..., TestApp], database: Database
) -> None:
    fill(database, 120, log=20)
    client = limited(request_rows=1000)
    response = post(client, "/json/reply/ListSessions[]", '[{"countPerPage":1000}]', "application/json")
    assert read_refusal(response) == (413, "RequestEntityTooLarge")
    assert response.headers["X-AutoBatch-Completed"] == "0"


def test_a_thousand_calls_are_within_the_budget(client: TestApp) -> None:
    body = json.dumps([{"memberEmailAddresses": ["bob@example.org", "eve@example.org"]}] * 1000)
    response = post(client, "/json/reply/NewSession[]", body, "application/json")
    assert (response.status_code, len(response.json)) == (200, 1000)


def test_a_batch_ends_when_its_time_is_over(
    limited: Callable[..., TestApp], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (session_id,) = fill(database, 1)
    get_session, calls = session.get, []

    def get_slowly(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            later = time.monotonic() + 10
            monkeypatch.setattr("gateway.budget.time.monotonic", lambda: later)
        return get_session(*arguments, **options)

    monkeypatch.setattr(session, "get", get_slowly)
    client = limited(request_seconds=5)
    response = post(
        client, "/json/reply/GetSession[]", json.dumps([{"sessionId": session_id}] * 50), "application/json"
    )
    assert read_refusal(response) == (429, "TooManyRequests")
    assert len(calls) == 3
    assert "5 seconds" in response.json["responseStatus"]["message"]


def test_a_batch_ends_when_its_client_has_left(client: TestApp) -> None:
    server_side, client_side = socket.socketpair()
    with server_side:
        environ = {"gunicorn.socket": server_side, "CONTENT_TYPE": "application/json", "REQUEST_METHOD": "POST"}
        body = b'[{"displayName":"a"},{"displayName":"b"}]'
        assert _send_batch(client, environ, body) == 200
        client_side.close()
        assert _send_batch(client, environ, body) == 499
    assert client.get("/sessions.json").json["totalCount"] == 2


def _send_batch(client: TestApp, environ: dict[str, Any], body: bytes) -> int:
    request = client.RequestClass.blank("/json/reply/NewSession[]", client._make_environ(environ), body=body)
    return int(client.do_request(request, status="*").status_code)


def test_a_single_call_that_takes_too_long_is_unavailable() -> None:
    budget = Budget(Allowance(seconds=0))
    time.sleep(0.01)
    with pytest.raises(OutOfTime) as caught:
        budget.spend(1)
    assert caught.value.retry_after


def test_a_streamed_list_ends_when_its_reader_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("gateway.http.encoding.time.monotonic", lambda: clock[0])
    block = b"x" * encoding.SLOWEST
    blocks = 0
    with pytest.raises(encoding.SlowReader):  # noqa: PT012
        for _ in encoding.paced(iter([block] * 100), Budget(STREAMED)):
            blocks += 1
            clock[0] += 2
    assert blocks == encoding.PATIENCE + 1
    for _ in encoding.paced(iter([block] * 100), Budget(STREAMED)):
        clock[0] += 1


def test_a_streamed_list_ends_when_its_budget_is_used_up() -> None:
    blocks = encoding.paced(iter([b"x" * 600] * 2), Budget(replace(STREAMED, bytes=1000)))
    assert next(blocks) == b"x" * 600
    with pytest.raises(ResponseTooLarge):
        next(blocks)


@pytest.mark.parametrize("name", ["json", "jsv", "xml", "csv", "html", "jsonl"])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_streamed_list_that_fails_is_raised_to_the_server_which_cuts_it(
    limited: Callable[..., TestApp], database: Database, name: str, coding: str
) -> None:
    fill(database, 400)
    client = limited(stream_bytes=64 * 1024)
    status: list[str] = []
    environ = client.RequestClass.blank(
        f"/sessions?all=true&format={name}",
        headers={"Authorization": f"Bearer {API_KEY}", "Accept-Encoding": coding},
    ).environ
    blocks = client.app(environ, lambda line, headers, *more: status.append(line))
    received = b""
    with pytest.raises(ResponseTooLarge):  # noqa: PT012
        for block in blocks:
            received += block
    blocks.close()
    assert status == ["200 OK"]
    assert received
    if coding == "gzip":
        with pytest.raises(EOFError):
            gzip.decompress(received)
    # The transaction is over: its connection serves others.
    assert client.get("/ready").status_code == 200


def test_a_streamed_list_that_is_kept_until_its_end_is_refused_as_a_whole(
    limited: Callable[..., TestApp], database: Database
) -> None:
    """MessagePack counts its items before the first: what is kept meanwhile, on the disk too, has the limit of what is sent."""
    fill(database, 400)
    numbers: list[int] = []
    client = limited(stream_bytes=64 * 1024)
    response = client.get("/sessions?all=true&format=msgpack", status=413)
    assert b"65,536 bytes" in response.body
    budget = Budget(replace(STREAMED, bytes=1000))
    rows = (numbers.append(number) or "x" * 100 for number in range(1000))  # type: ignore[func-returns-value]
    with pytest.raises(ResponseTooLarge):
        b"".join(msgpack.serializer.stream(rows, ListOf(Text()), page=Page(hold=budget.holder())))
    assert len(numbers) < 15
    assert client.get("/ready").status_code == 200


def test_a_list_over_http_1_0_is_no_stream(limited: Callable[..., TestApp], database: Database) -> None:
    fill(database, 400)
    client = limited(request_bytes=64 * 1024)
    # Servers name themselves; WebTest doesn't.
    response = client.get("/sessions.json?all=true", status="*", extra_environ={"SERVER_SOFTWARE": "a server"})
    assert read_refusal(response) == (413, "RequestEntityTooLarge")


def test_a_session_has_at_most_a_thousand_members(client: TestApp, database: Database) -> None:
    addresses = [f"{number}@example.org" for number in range(1000)]
    response = client.post_json("/sessions", {"memberEmailAddresses": addresses}, status=409)
    assert "1,000 members" in response.json["responseStatus"]["message"]
    session = client.post_json("/sessions", {"memberEmailAddresses": addresses[1:]}).json
    for path, body in (
        ("members", {"memberToAdd": "x@example.org"}),
        ("conference/members", {"destination": "+155512"}),
    ):
        response = client.post_json(f"/sessions/{session['id']}/{path}", body, status=409)
        assert response.json["responseStatus"]["errorCode"] == "Conflict"
        assert "1,000 members" in response.json["responseStatus"]["message"]
    invited = client.post_json(f"/sessions/{session['id']}/members", {"memberToAdd": "1@example.org"}).json
    assert len(invited["members"]) == 1000


def test_a_log_has_at_most_ten_thousand_lines_and_its_session_can_still_end(
    client: TestApp, database: Database
) -> None:
    (session_id,) = fill(database, 1, log=session.MOST_LINES - 1, account_id=None)
    path = f"/sessions/{session_id}"
    assert len(client.patch_json(path, {"queueState": "Queued"}).json["log"]) == 10_000
    response = client.patch_json(path, {"queueState": "Ringing"}, status=409)
    assert response.json["responseStatus"]["errorCode"] == "Conflict"
    assert "10,000 lines" in response.json["responseStatus"]["message"]
    client.delete(path, status=204)
    ended = client.get(path).json
    assert (ended["ended"], len(ended["log"])) == (True, 10_000)
