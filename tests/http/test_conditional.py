"""Conditional requests: who has seen what, and what is done only to what was seen."""

from __future__ import annotations

from typing import Any

import pytest
from webtest import TestApp

from models.engine.caches import Recent


@pytest.fixture
def session(client: TestApp) -> dict[str, Any]:
    created: dict[str, Any] = client.post_json("/sessions", {"displayName": "Seen"}).json
    return created


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ('W/"{id}-1"', 304),
        ('"{id}-1"', 304),
        ('"another-1" , W/"{id}-1"', 304),
        ("*", 304),
        ('W/"{id}-10"', 200),
        ('"another-1"', 200),
        ("{id}-1", 200),
    ],
)
def test_if_none_match(client: TestApp, session: dict[str, Any], header: str, status: int) -> None:
    headers = {"If-None-Match": header.format(id=session["id"])}
    for ask in (client.get, client.head):
        response = ask(f"/sessions/{session['id']}", headers=headers)
        assert response.status_code == status
        assert response.headers["ETag"] == f'W/"{session["id"]}-1"'


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ('W/"{id}-1"', 200),
        ('"another-7", "{id}-1"', 200),
        ("*", 200),
        ('W/"{id}-2"', 412),
        ('"another-1"', 412),
        ("{id}-1", 412),
        ("", 412),
    ],
)
@pytest.mark.parametrize("verb", ["PATCH", "DELETE"])
def test_if_match(client: TestApp, session: dict[str, Any], verb: str, header: str, status: int) -> None:
    headers = {"If-Match": header.format(id=session["id"])}
    response = client.request(f"/sessions/{session['id']}", method=verb, headers=headers, status="*")
    assert response.status_code == (204 if (verb, status) == ("DELETE", 200) else status)
    if status == 412:
        assert response.json["responseStatus"]["errorCode"] == "PreconditionFailed"
        assert client.get(f"/sessions/{session['id']}").json == session


def test_documents_of_writing_units_are_not_kept(client: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a writing unit writes may be rolled back, so its document is never kept under the session's version."""
    documents: list[str] = []
    keep = Recent.keep

    def note_and_keep(self: Recent[Any, Any], key: Any, value: Any) -> None:
        if isinstance(value, tuple) and isinstance(value[-1], bytes):
            documents.append(value[-1].decode())
        keep(self, key, value)

    monkeypatch.setattr(Recent, "keep", note_and_keep)
    session_id = client.post_json("/sessions", {"displayName": "one"}).json["id"]
    for name in ("two", "three"):
        client.patch_json(f"/sessions/{session_id}", {"consoleData": name})
    assert documents == []
    client.get(f"/sessions/{session_id}")
    assert len(documents) == 1
