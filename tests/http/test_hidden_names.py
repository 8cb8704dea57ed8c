"""GATEWAY_METADATA=permitted: callers can't tell an operation that they may not call from a name that is no operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product

import pytest
from structlog.testing import capture_logs
from webtest import TestApp

from gateway import wsgi
from gateway.settings import Settings
from models import Database
from tests import sessions_api
from tests.http.conftest import API_KEY, EMAIL, PASSWORD

#: A name of the same length as the hidden one, so that lengths of documents can be compared.
HIDDEN, UNKNOWN = "PatchUser", "FetchUser"
USER_KEY = "key-of-bob-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
CALLERS: Mapping[str, Mapping[str, str]] = {
    "nobody": {},
    "wrong key": {"Authorization": "Bearer not-a-key"},
    "wrong token": {"Authorization": "Bearer a.b.c"},
    "revoked key": {"X-Api-Key": f"{USER_KEY}-revoked"},
    "stale cookie": {"Cookie": "ss-id=gone; ss-pid=gone"},
    "user": {"Authorization": f"Bearer {USER_KEY}"},
    "user with a browser": {"Authorization": f"Bearer {USER_KEY}", "User-Agent": "Mozilla/5.0"},
    "foreign page": {"Authorization": f"Bearer {USER_KEY}", "Sec-Fetch-Site": "cross-site"},
}
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
#: Address, further headers and body.
WAYS: Mapping[str, tuple[str, Mapping[str, str], bytes]] = {
    "json": ("/json/reply/{}", {}, b"{}"),
    "jsv": ("/jsv/oneway/{}", {}, b"{}"),
    "xml": ("/xml/reply/{}", {}, b"<{}/>"),
    "csv": ("/csv/reply/{}", {"Content-Type": "text/csv"}, b"UserId\r\nx\r\n"),
    "html": ("/html/reply/{}", {"Accept": "text/html"}, b""),
    "api": ("/api/{}", {"Content-Type": "application/json"}, b"{}"),
    "api as xml": ("/api/{}.xml", {}, b""),
    "any case": ("/JSON/Reply/{}", {}, b"{}"),
    "batch": ("/json/reply/{}[]", {}, b"[{},{}]"),
    "xml batch": ("/xml/reply/{}%5B%5D", {}, b"<ArrayOf{}/>"),
    "jsonp": ("/json/reply/{}?callback=fn", {}, b""),
    "form": ("/json/reply/{}", FORM, b"userId=x"),
    "form with a verb": ("/json/reply/{}", FORM, b"X-Http-Method-Override=PATCH&userId=x"),
    "header with a verb": ("/json/reply/{}", {"X-Http-Method-Override": "PATCH"}, b"{}"),
    "large body": ("/json/reply/{}", {"Content-Type": "application/json"}, b"[" * 70_000),
    "broken body": ("/json/reply/{}", {"Content-Type": "application/json"}, b"{"),
    "unknown encoding": ("/json/reply/{}", {"Content-Encoding": "rot13"}, b"{}"),
}


@pytest.fixture
def app(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> TestApp:
    del settings
    monkeypatch.setenv("GATEWAY_METADATA", "permitted")
    monkeypatch.setenv("GATEWAY_JSONP", "true")
    administrator = sessions_api.administrator(database)
    administrator.add_user("bob@example.org", account_name="Main", roles=["User"], api_key=USER_KEY)
    administrator.add_key("bob@example.org", f"{USER_KEY}-revoked")
    administrator.revoke_keys("bob@example.org", "oked")
    return TestApp(wsgi.build(Settings.from_environment(), database))


def request_operation(
    app: TestApp, name: str, way: str, verb: str, headers: Mapping[str, str]
) -> tuple[int, object, str]:
    """Status, headers and body, without the name, lengths and what differs each time."""
    path, more, body = WAYS[way]
    request = app.RequestClass.blank(
        path.format(name),
        app._make_environ(),
        method=verb,
        headers={**more, **headers},
        body=body.replace(b"{}", name.encode()) if way.startswith("xml") else body,
    )
    request.environ["CONTENT_TYPE"] = more.get("Content-Type", "")
    response = app.do_request(request, status="*")
    volatile_headers = ("x-request-id", "date")
    listed = sorted(
        (key.lower(), value.replace(name, "X"))
        for key, value in response.headers.items()
        if key.lower() not in volatile_headers
    )
    text = re.sub("[0-9a-f]{32}", "ID", response.text.replace(name, "X"))
    return response.status_int, listed, text


@pytest.mark.parametrize("caller", CALLERS)
def test_a_hidden_operation_is_a_name_like_any_other(app: TestApp, caller: str) -> None:
    headers = CALLERS[caller]
    for way, verb in product(WAYS, VERBS):
        hidden = request_operation(app, HIDDEN, way, verb, headers)
        assert hidden == request_operation(app, UNKNOWN, way, verb, headers), (way, verb)
        assert "Response>" not in hidden[2].replace("<ErrorResponse", "").replace("</ErrorResponse>", "")
        if verb != "OPTIONS":
            assert hidden[0] in (302, 401, 403, 405, 429)


def test_without_a_log_in_verbs_tell_nothing(app: TestApp) -> None:
    for name, caller in product((HIDDEN, UNKNOWN), ("nobody", "wrong key", "stale cookie")):
        statuses = {request_operation(app, name, "json", verb, CALLERS[caller])[0] for verb in VERBS[:5]}
        assert statuses == {401}


def test_refusals_at_routes_are_of_no_operations_type(app: TestApp) -> None:
    calls = ("/users.xml", "GET"), ("/users.xml", "POST"), ("/users/1.xml", "PATCH"), ("/auth/token.xml", "GET")
    for (address, verb), (caller, status) in product(calls, (("nobody", 401), ("user", 403))):
        refused = app.request(address, method=verb, headers=dict(CALLERS[caller]), status="*")
        assert refused.status_int == status
        assert "<ErrorResponse" in refused.text


def test_who_may_call_it_knows_it(app: TestApp) -> None:
    administrator = {"Authorization": f"Bearer {API_KEY}"}
    assert request_operation(app, HIDDEN, "json", "OPTIONS", administrator) != request_operation(
        app, UNKNOWN, "json", "OPTIONS", administrator
    )
    refusal = app.request(f"/json/reply/{HIDDEN}", method="DELETE", headers=administrator, status=405)
    assert "Could not find method named Delete(PatchUser)" in refusal.text
    assert app.post_json(f"/json/reply/{HIDDEN}", {}, headers=administrator, status="*").status_int in (400, 404)
    signed_in = app.post_json("/json/reply/Authenticate", {"userName": EMAIL, "password": PASSWORD})
    assert signed_in.json["userName"] == EMAIL


def test_a_denied_call_of_a_hidden_operation_has_its_audit_line(
    app: TestApp,
) -> None:
    with capture_logs() as lines:
        request_operation(app, HIDDEN, "json", "PATCH", CALLERS["user"])
    assert "access denied" in [line["event"] for line in lines]
    assert HIDDEN in str(lines)


def test_names_are_shown_where_metadata_is_for_all(anonymous: TestApp) -> None:
    assert anonymous.get(f"/json/reply/{HIDDEN}", status="*").status_int == 405
    assert anonymous.post_json(f"/json/reply/{HIDDEN}", {}, status="*").status_int == 401
    assert anonymous.post_json(f"/json/reply/{UNKNOWN}", {}, status="*").status_int == 405
