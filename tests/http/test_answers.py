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

NAMES = [each.name for each in default_registry()]


def made(client: TestApp, count: int = 1) -> list[str]:
    """The ids of so many new sessions."""
    return [client.post_json("/sessions", {"displayName": f"Session {number}"}).json["id"] for number in range(count)]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_204_without_a_type(client: TestApp, name: str) -> None:
    rest, reply, one_way, batch = made(client, 4)
    for answer in (
        client.delete(f"/sessions/{rest}?format={name}"),
        client.post_json(f"/{name}/reply/EndSession", {"sessionId": reply}),
        client.post_json(f"/{name}/reply/EndSession[]", [{"sessionId": batch}]),
    ):
        assert (answer.status_code, answer.body) == (204, b"")
        assert "Content-Type" not in answer.headers
    answer = client.post_json(f"/{name}/oneway/EndSession", {"sessionId": one_way})
    assert (answer.status_code, answer.body) == ((200, b"{}") if name == "json" else (204, b""))


@pytest.mark.parametrize("name", NAMES)
def test_one_way_calls_answer_as_others_do(client: TestApp, name: str) -> None:
    (session,) = made(client)
    reply, one_way = (client.get(f"/{name}/{way}/GetSession?SessionId={session}") for way in ("reply", "oneway"))
    assert one_way.status_code == 200
    assert one_way.headers["Content-Type"] == reply.headers["Content-Type"]
    # Pages link to themselves.
    assert one_way.body.replace(b"/oneway/", b"/reply/") == reply.body


def test_a_list_in_csv_has_its_totals_in_headers(client: TestApp) -> None:
    made(client, 3)
    answer = client.get("/sessions.csv?countPerPage=2")
    assert answer.headers["Content-Disposition"] == "attachment; filename=ListSessions.csv"
    assert (answer.headers["X-Total-Count"], answer.headers["X-Total-Pages"]) == ("3", "2")
    assert "X-Total-Count-Capped" not in answer.headers
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["DisplayName"] for row in rows] == ["Session 2", "Session 1"]


@pytest.mark.parametrize("name", NAMES)
def test_a_total_that_ends_at_its_bound_is_marked(client: TestApp, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_COUNTED", 2)
    made(client, 3)
    capped = client.get(f"/sessions?countPerPage=1&format={name}")
    assert capped.headers["X-Total-Count-Capped"] == "true"
    assert "X-Total-Count-Capped" not in client.get(f"/sessions?format={name}").headers


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", ["/sessions/{}", "/sessions/nobody", "/sessions"])
def test_no_answer_begins_with_a_mark_of_the_byte_order(client: TestApp, name: str, path: str) -> None:
    (session,) = made(client)
    answer = client.get(f"{path.format(session)}?format={name}", status="*")
    assert answer.body
    assert not answer.body.startswith(b"\xef\xbb\xbf")


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
    made(client, 5)
    headers = {"Authorization": f"Bearer {API_KEY}"} | ({} if asked is None else {"Accept-Encoding": asked})
    for path, long in (("/sessions", True), ("/sessions?all=true", True), ("/sessions/nobody", False)):
        # WebTest's own client would inflate it.
        answer = client.RequestClass.blank(path, headers=headers).get_response(client.app)
        assert answer.headers.get("Content-Encoding") == (coding if long else None)
        assert ("Accept-Encoding" in answer.headers["Vary"]) is long
        body = zlib.decompressobj(31).decompress(answer.body) if coding and long else answer.body
        assert body.startswith(b'{"items":[' if long else b'{"responseStatus":')


def test_what_has_no_version_is_nobodys_to_keep(client: TestApp) -> None:
    (session,) = made(client)
    assert client.get(f"/sessions/{session}").headers["Cache-Control"] == "private, no-cache"
    for path in ("/sessions", "/sessions?all=true", "/sessions/nobody", "/nowhere", "/health"):
        assert client.get(path, status="*").headers["Cache-Control"] == "no-store"
