"""Bodies out: what every format says of nothing, of lists and of itself, when it is compressed, and what is kept."""

from __future__ import annotations

import csv
import io
import zlib

import pytest
from webtest import TestApp

from gateway import lists
from serializers.registry import default_registry

from .conftest import API_KEY

NAMES = [serializer.name for serializer in default_registry()]


def create_sessions(client: TestApp, count: int = 1) -> list[str]:
    """The ids of so many new sessions."""
    return [client.post_json("/sessions", {"displayName": f"Session {number}"}).json["id"] for number in range(count)]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_204_without_a_type(client: TestApp, name: str) -> None:
    by_route, reply, one_way, batch = create_sessions(client, 4)
    for response in (
        client.delete(f"/sessions/{by_route}?format={name}"),
        client.post_json(f"/{name}/reply/EndSession", {"sessionId": reply}),
        client.post_json(f"/{name}/reply/EndSession[]", [{"sessionId": batch}]),
    ):
        assert (response.status_code, response.body) == (204, b"")
        assert "Content-Type" not in response.headers
    response = client.post_json(f"/{name}/oneway/EndSession", {"sessionId": one_way})
    assert (response.status_code, response.body) == ((200, b"{}") if name == "json" else (204, b""))


@pytest.mark.parametrize("name", NAMES)
def test_one_way_calls_answer_as_others_do(client: TestApp, name: str) -> None:
    (session,) = create_sessions(client)
    reply, one_way = (client.get(f"/{name}/{way}/GetSession?SessionId={session}") for way in ("reply", "oneway"))
    assert one_way.status_code == 200
    assert one_way.headers["Content-Type"] == reply.headers["Content-Type"]
    # Pages link to themselves.
    assert one_way.body.replace(b"/oneway/", b"/reply/") == reply.body


def test_a_list_in_csv_has_its_totals_in_headers(client: TestApp) -> None:
    create_sessions(client, 3)
    response = client.get("/sessions.csv?countPerPage=2")
    assert response.headers["Content-Disposition"] == "attachment; filename=ListSessions.csv"
    assert (response.headers["X-Total-Count"], response.headers["X-Total-Pages"]) == ("3", "2")
    assert "X-Total-Count-Capped" not in response.headers
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert [row["DisplayName"] for row in rows] == ["Session 2", "Session 1"]


@pytest.mark.parametrize("name", NAMES)
def test_a_total_that_ends_at_its_bound_is_marked(client: TestApp, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_COUNTED", 2)
    create_sessions(client, 3)
    capped = client.get(f"/sessions?countPerPage=1&format={name}")
    assert capped.headers["X-Total-Count-Capped"] == "true"
    assert "X-Total-Count-Capped" not in client.get(f"/sessions?format={name}").headers


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", ["/sessions/{}", "/sessions/nobody", "/sessions"])
def test_no_answer_begins_with_a_mark_of_the_byte_order(client: TestApp, name: str, path: str) -> None:
    (session,) = create_sessions(client)
    response = client.get(f"{path.format(session)}?format={name}", status="*")
    assert response.body
    assert not response.body.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("asked", "coding"),
    [
        ("gzip", "gzip"),
        ("br, GZIP;q=0.5", "gzip"),
        ("x-gzip", "gzip"),
        (None, None),
        ("", None),
        ("identity", None),
        ("*", None),
        ("br", None),
        ("gzip;q=0", None),
        ("gzip; q=0.00", None),
    ],
)
def test_compressed_only_for_who_asks(client: TestApp, asked: str | None, coding: str | None) -> None:
    create_sessions(client, 5)
    headers = {"Authorization": f"Bearer {API_KEY}"} | ({} if asked is None else {"Accept-Encoding": asked})
    for path, long in (("/sessions", True), ("/sessions?all=true", True), ("/sessions/nobody", False)):
        # WebTest's own client would inflate it.
        response = client.RequestClass.blank(path, headers=headers).get_response(client.app)
        assert response.headers.get("Content-Encoding") == (coding if long else None)
        assert ("Accept-Encoding" in response.headers["Vary"]) is long
        body = zlib.decompressobj(31).decompress(response.body) if coding and long else response.body
        assert body.startswith(b'{"items":[' if long else b'{"responseStatus":')


def test_what_has_no_version_is_nobodys_to_keep(client: TestApp) -> None:
    (session,) = create_sessions(client)
    assert client.get(f"/sessions/{session}").headers["Cache-Control"] == "private, no-cache"
    for path in ("/sessions", "/sessions?all=true", "/sessions/nobody", "/nowhere", "/health"):
        assert client.get(path, status="*").headers["Cache-Control"] == "no-store"
