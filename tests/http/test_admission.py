"""Which requests run at once, and how often a caller may call."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.http.admission import LARGE
from gateway.places import Place
from gateway.settings import Settings
from models import Database
from tests.models.conftest import add

from .conftest import API_KEY, post

MakeClient = Callable[..., TestApp]


@pytest.fixture
def limited(settings: Settings, database: Database) -> MakeClient:
    """Make a client of a service with other settings."""

    def make(**changes: Any) -> TestApp:
        client = TestApp(wsgi.build(replace(settings, **changes), database))
        client.authorization = ("Bearer", API_KEY)
        return client

    return make


def open_stream(client: TestApp, path: str = "/sessions.json?all=true") -> tuple[int, Any]:
    """The status of a streamed list, and its blocks, of which none was read."""
    status: list[str] = []
    environ = client.RequestClass.blank(path, headers={"Authorization": f"Bearer {API_KEY}"}).environ
    blocks = client.app(environ, lambda line, headers, *more: status.append(line))
    return int(status[0].split()[0]), blocks


def test_a_caller_has_a_part_of_the_streams_and_gets_it_back(limited: MakeClient) -> None:
    client = limited(stream_places=2, caller_streams=1)
    status, blocks = open_stream(client)
    assert status == 200
    response = client.get("/sessions?all=true&format=xml", status=429)
    assert int(response.headers["Retry-After"]) >= 1
    assert "<ErrorCode>TooManyRequests</ErrorCode>" in response.text
    # Other requests of the same caller go on.
    client.get("/sessions.json", status=200)
    client.get("/health", status=200)
    blocks.close()
    client.get("/sessions?all=true", status=200)


def test_a_large_response_keeps_its_place_until_it_is_sent(limited: MakeClient, database: Database) -> None:
    with database.unit_of_work() as unit:
        for _ in range(2):
            add(unit, "ada", console_data="x" * LARGE)
    client = limited(list_places=1)
    status, blocks = open_stream(client, "/sessions.json")
    assert status == 200
    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(client.get, "/sessions.json", status="*")
        assert not second.done()
        blocks.close()
        assert second.result(30).status_code == 200


class Awaited(io.BytesIO):
    """A body whose client sends nothing of it until it may go on. As a server's, it gives what is asked for, or waits."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.waited_for = threading.Event()
        self.goes_on = threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        self.waited_for.set()
        assert self.goes_on.wait(30)
        return super().read(size)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/sessions", "/json/reply/NewSession[]"])
def test_a_body_that_is_awaited_has_no_place(limited: MakeClient, path: str, chunked: bool) -> None:
    """Others write while slow clients, as many as there are places, send their bodies."""
    client = limited(threads=1, connections=1)
    document: Any = {"displayName": "slow", "consoleData": "x" * 20_000}
    body = json.dumps([document] if path.endswith("[]") else document).encode()

    def send(awaited: Awaited) -> int:
        request = client.RequestClass.blank(path, method="POST", headers={"Authorization": f"Bearer {API_KEY}"})
        request.environ |= {"CONTENT_TYPE": "application/json", "wsgi.input": awaited}
        if chunked:
            request.environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
            request.environ.pop("CONTENT_LENGTH", None)
        else:
            request.environ["CONTENT_LENGTH"] = str(len(body))
        # WebTest would read the body itself, to copy it.
        status: list[str] = []
        b"".join(client.app(request.environ, lambda line, headers, *more: status.append(line)))
        return int(status[0].split()[0])

    slow = [Awaited(body) for _ in range(3)]
    with ThreadPoolExecutor(len(slow)) as threads:
        results = [threads.submit(send, awaited) for awaited in slow]
        try:
            assert all(awaited.waited_for.wait(30) for awaited in slow)
            client.post_json("/sessions", {"displayName": "honest"}, status=200)
            client.post_json("/json/reply/NewSession[]", [{"displayName": "honest"}], status=200)
        finally:
            for awaited in slow:
                awaited.goes_on.set()
        assert [result.result(30) for result in results] == [200] * len(slow)


def test_a_rate_is_kept_for_each_class_and_said_in_the_asked_format(limited: MakeClient) -> None:
    client = limited(rate="write=3/h,list=2/h")
    session_ids = [client.post_json("/sessions", {}, status=200).json["id"] for _ in range(3)]
    response = client.post("/sessions.jsv", "{}", status=429)
    assert response.text.startswith("{responseStatus:{errorCode:TooManyRequests,")
    assert int(response.headers["Retry-After"]) == 1200
    for _ in range(5):
        client.get(f"/sessions/{session_ids[0]}", status=200)
    client.get("/sessions", status=200)
    client.get("/sessions?all=true", status=200)
    client.get("/sessions", status=429)
    client.get("/health", status=200)
    client.get("/ready", status=200)


def test_each_call_of_a_batch_counts(limited: MakeClient) -> None:
    client = limited(rate="write=5/h")
    response = post(client, "/json/reply/NewSession[]", json.dumps([{}] * 8), "application/json")
    assert (response.status_code, response.headers["X-AutoBatch-Completed"]) == (429, "5")
    assert client.get("/sessions.json").json["totalCount"] == 5


def test_log_ins_count_by_address(limited: MakeClient) -> None:
    client = limited(rate="login=2/h")
    client.authorization = None

    def log_in(address: str) -> int:
        body = {"userName": "nobody@example.org", "password": "wrong"}
        environ = {"REMOTE_ADDR": address}
        return int(client.post_json("/auth/credentials", body, extra_environ=environ, status="*").status_code)

    assert [log_in("2001:db8::1"), log_in("2001:db8::2"), log_in("2001:db8::3")] == [401, 401, 429]
    assert log_in("2001:db8:0:1::1") == 401


@pytest.mark.parametrize(
    ("method", "path", "media_type", "body"),
    [
        ("PATCH", "/sessions/S1", "application/json", "{}"),
        ("PATCH", "/sessions/other?SessionId=s1", "application/json", "{}"),
        ("PATCH", "/json/reply/PatchSession", "application/json", '{"sessionId": "s1"}'),
        ("POST", "/api/PatchSession?sessionId=s1", "application/json", "{}"),
        ("POST", "/jsv/oneway/PatchSession", "text/jsv", "{SessionId:s1}"),
        ("POST", "/xml/reply/EndSession", "application/x-www-form-urlencoded", "sessionid=S1"),
        ("POST", "/messages", "application/json", '{"sessionId": "s1", "text": "x"}'),
        ("GET", "/json/reply/SendMessage?sessionId=s1&text=x", "application/json", ""),
        ("PATCH", "/json/reply/PatchUser", "application/json", '{"userId": "s1"}'),
        ("DELETE", "/sessions/s1/members/m1", "application/json", ""),
    ],
)
def test_a_request_names_what_it_changes_wherever_the_client_says_it(
    limited: MakeClient, monkeypatch: pytest.MonkeyPatch, method: str, path: str, media_type: str, body: str
) -> None:
    """Requests that wait for one row's lock must not take all places, whatever address they use."""
    changed: list[str] = []
    monkeypatch.setattr(Place, "change", lambda place, resource: changed.append(resource))
    limited().request(path, method=method, body=body.encode(), content_type=media_type, status="*")
    assert changed == ["s1"]


def test_what_reads_or_makes_something_new_waits_for_nothing_that_others_change(
    limited: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: list[str] = []
    monkeypatch.setattr(Place, "change", lambda place, resource: changed.append(resource))
    client = limited()
    client.post_json("/sessions", {}, status=200)
    client.get("/sessions/s1", status=404)
    client.post_json("/json/reply/GetSession", {"sessionId": "s1"}, status=404)
    assert changed == []
