"""Lists in CSV: rows for people and spreadsheets, the envelope for ServiceStack's own client."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from webtest import TestApp

from gateway import wsgi
from gateway.settings import Settings
from models import Database
from serializers import jsv
from tests.http.conftest import API_KEY

#: As CsvServiceClient sends them.
CLIENT = {"User-Agent": "ServiceStack .NET Client 5.80", "Accept": "text/csv"}


def read_table(text: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(text))]


@pytest.fixture
def filled(client: TestApp) -> TestApp:
    for number in range(3):
        client.post_json("/sessions", {"displayName": f'number {number}, "quoted"'})
    return client


@pytest.mark.parametrize("path", ["/sessions", "/sessions.csv", "/csv/reply/ListSessions", "/sessions?all=true"])
@pytest.mark.parametrize(
    "headers", [CLIENT, {**CLIENT, "Accept": "text/csv, */*"}, {**CLIENT, "User-Agent": "servicestack x"}]
)
def test_the_client_gets_the_envelope(filled: TestApp, path: str, headers: dict[str, str]) -> None:
    response = filled.get(path, headers=headers)
    assert response.content_type == "text/csv"
    (row,) = read_table(response.text)
    assert row["TotalCount"] == "3"
    items: Any = jsv.loads(row["Items"])
    assert sorted(item["displayName"] for item in items) == [f'number {number}, "quoted"' for number in range(3)]
    assert {item["channel"] for item in items} == {"Voice"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "text/csv"},
        {"Accept": "text/csv", "User-Agent": "Mozilla/5.0"},
        {"Accept": "application/json, text/csv;q=0.5", "User-Agent": CLIENT["User-Agent"]},
    ],
)
@pytest.mark.parametrize("path", ["/sessions.csv", "/sessions.csv?all=true"])
def test_everybody_else_gets_rows(filled: TestApp, path: str, headers: dict[str, str]) -> None:
    rows = read_table(filled.get(path, headers=headers).text)
    assert len(rows) == 3
    assert {row["Channel"] for row in rows} == {"Voice"}


def test_an_empty_list_in_the_envelope(client: TestApp) -> None:
    (row,) = read_table(client.get("/sessions", headers=CLIENT).text)
    assert (row["Items"], row["TotalCount"]) == ("[]", "0")


def test_what_is_no_list_is_one_row_for_both(client: TestApp) -> None:
    session_id = client.post_json("/sessions", {"displayName": "one"}).json["id"]
    text = client.get(f"/sessions/{session_id}", headers=CLIENT).text
    assert text == client.get(f"/sessions/{session_id}.csv").text
    assert read_table(text)[0]["DisplayName"] == "one"


@pytest.mark.parametrize(("setting", "count"), [("rows", 3), ("envelope", 1)])
def test_the_setting_decides_for_everybody(
    filled: TestApp, database: Database, monkeypatch: pytest.MonkeyPatch, setting: str, count: int
) -> None:
    monkeypatch.setenv("GATEWAY_CSV", setting)
    app = TestApp(wsgi.build(Settings.from_environment(), database))
    app.authorization = ("Bearer", API_KEY)
    for headers in (CLIENT, {}):
        for path in ("/sessions.csv", "/sessions.csv?all=true"):
            assert len(read_table(app.get(path, headers=headers).text)) == count
