"""The audit log: its documentation, its code and its lines say the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway import audit
from gateway.audit import Event
from models import Conflict, OutcomeUnknown, Unavailable, Unit
from tests.http.test_auth import CREDENTIALS, Client, app, client, make_basic
from tests.users.conftest import ADA, EVE, KEY, PASSWORD, World, cheap, store, world

__all__ = ["app", "cheap", "client", "store", "world"]

ROOT = Path(__file__).parents[2]
SOURCES = "\n".join(path.read_text() for path in (ROOT / "gateway").rglob("*.py") if path.name != "audit.py")
ROW = re.compile(r"^   \* - ``([^`]+)``\n     - (info|warning)\n", re.MULTILINE)


def test_the_page_lists_every_event_with_its_level() -> None:
    listed = dict(ROW.findall((ROOT / "docs" / "audit.rst").read_text()))
    assert listed == {event.value: "warning" if event in audit._WARNINGS else "info" for event in Event}


@pytest.mark.parametrize("event", Event)
def test_every_event_is_written_somewhere(event: Event) -> None:
    assert re.search(rf"\bEvent\.{event.name}\b", SOURCES)


def record_lines(client: Client, *calls: tuple[Any, ...], **headers: str) -> list[dict[str, Any]]:
    """The audit lines of some calls."""
    with capture_logs() as lines:
        for method, path, *body in calls:
            client(method, path, *body, X_Request_Id="the-request", **headers)
    return [{**line} for line in lines if line.get("logger") == audit.LOGGER]


def test_a_line_has_caller_address_time_and_target(client: Client, world: World) -> None:
    (line,) = record_lines(client, ("POST", "/auth", CREDENTIALS))
    assert line == {
        "event": "password verified",
        "log_level": "info",
        "logger": "gateway.audit",
        "request_id": "the-request",
        "address": line["address"],
        "user": line["target"],
        "target": client("GET", "/auth").json["userId"],
    }
    (failure,) = record_lines(client, ("POST", "/auth", {**CREDENTIALS, "password": "wrong"}))
    assert (failure["event"], failure["target"], failure["log_level"]) == ("log-in failed", line["target"], "warning")
    (ghost,) = record_lines(client, ("POST", "/auth", {**CREDENTIALS, "userName": "ghost@example.org"}))
    assert (ghost["event"], ghost["target"]) == ("log-in failed", None)


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Authorization": "Bearer nope"}, "key"),
        ({"X_Api_Key": "nope"}, "key"),
        ({"Authorization": make_basic("nope")}, "key"),
        ({"Authorization": "Bearer eyJ.a.b"}, "token"),
    ],
)
def test_wrong_keys_and_tokens(client: Client, headers: dict[str, str], kind: str) -> None:
    (line,) = record_lines(client, ("GET", "/sessions"), **headers)
    assert (line["event"], line["kind"], line["user"]) == ("credentials refused", kind, None)
    assert "nope" not in repr(line)


def test_an_expired_key_names_its_user(client: Client, world: World) -> None:
    key = world.administrator().add_key(ADA, days=1)
    world.now += 86_400
    (line,) = record_lines(client, ("GET", "/sessions"), X_Api_Key=key)
    assert (line["event"], line["reason"]) == ("credentials refused", "ApiKey has expired")
    assert line["target"]


def test_denied_access(client: Client) -> None:
    (line,) = record_lines(client, ("GET", "/users"), Authorization=f"Bearer {KEY}")
    assert (line["event"], line["operation"], line["reason"]) == ("access denied", "ListUsers", "Invalid Role")
    assert line["user"]
    client.log_in()
    (line,) = record_lines(client, ("POST", "/sessions", {}), Origin="https://evil.example")
    assert (line["event"], line["operation"]) == ("access denied", "NewSession")


def test_log_outs_and_refreshes(client: Client) -> None:
    login = client.log_in()
    user = login["userId"]
    (line,) = record_lines(client, ("POST", "/access-token", {"refreshToken": login["refreshToken"]}))
    assert (line["event"], line["user"], line["target"]) == ("token refreshed", user, user)
    (line,) = record_lines(client, ("POST", "/access-token", {"refreshToken": login["bearerToken"]}))
    assert line["event"] == "refresh refused"
    (line,) = record_lines(client, ("POST", "/auth/logout", {}))
    assert (line["event"], line["user"]) == ("logged out", user)
    assert record_lines(client, ("POST", "/auth/logout", {})) == []
    (line,) = record_lines(client, ("POST", "/access-token", {"refreshToken": login["refreshToken"]}))
    assert (line["event"], line["target"]) == ("refresh refused", user)


def test_changes_of_accounts_and_customers(client: Client, world: World) -> None:
    world.administrator().set_roles(EVE, ["SystemAdministrator"])
    eve = client.log_in(userName=EVE)["userId"]
    account = client("POST", "/accounts", {"name": "New"}).json["id"]
    lines = record_lines(
        client,
        ("POST", "/accounts", {"name": "Newer"}),
        ("PATCH", f"/accounts/{account}", {"name": "Newest"}),
        ("PATCH", f"/accounts/{account}", {}),
        ("POST", "/customers", {"name": "C", "accountId": account}),
    )
    assert [line["event"] for line in lines] == ["account added", "account changed", "customer added"]
    assert all(line["user"] == eve and line["target"] for line in lines)
    assert (lines[1]["target"], lines[1]["changed"], lines[2]["account"]) == (account, ["name"], account)


@pytest.mark.parametrize(
    ("failures", "status", "outcomes"),
    [
        ([Unavailable("lost against another", again=True)], 200, [None]),
        ([Conflict()], 409, []),
        ([OutcomeUnknown("lost")], 503, ["unknown"]),
    ],
)
def test_a_change_has_a_line_once_it_is_committed(
    client: Client,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    failures: list[Exception],
    status: int,
    outcomes: list[str | None],
) -> None:
    """One that is done again has one line, and one that is rolled back has none."""
    world.administrator().set_roles(EVE, ["SystemAdministrator"])
    client.log_in(userName=EVE)
    commit = Unit._commit

    def fail_once(unit: Unit) -> None:
        if unit.writes and failures:
            unit._roll_back()
            raise failures.pop()
        commit(unit)

    monkeypatch.setattr(Unit, "_commit", fail_once)
    with capture_logs() as lines:
        assert client("POST", "/accounts", {"name": "New"}).status_code == status
    assert failures == []
    assert [line.get("outcome") for line in lines if line["event"] == "account added"] == outcomes


def test_no_line_has_a_secret(client: Client, world: World) -> None:
    login = client.log_in()
    lines = record_lines(
        client,
        ("POST", "/auth", {**CREDENTIALS, "password": "wrong horse"}),
        ("POST", "/access-token", {"refreshToken": login["refreshToken"]}),
        ("POST", "/auth/logout", {}),
        Authorization=f"Bearer {login['bearerToken']}",
    )
    assert len(lines) >= 3
    for secret in (PASSWORD, "wrong horse", login["bearerToken"], login["refreshToken"], login["sessionId"]):
        assert secret not in repr(lines)
