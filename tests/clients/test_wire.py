"""Requests that real client libraries sent, byte for byte but for names and ids, on connections kept open as theirs are.

``corpora/wire.jsonl.gz`` was recorded from PyPI's servicestack, npm's @servicestack/client (2.1, 1.2, 1.0) and cli, and Maven's
net.servicestack:client. Each line has a request and the status that its sender counts on.
"""

from __future__ import annotations

import gzip
import http.client
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.servers import API_KEY, EMAIL, PASSWORD, Gateway

CORPUS = Path(__file__).parents[1] / "corpora" / "wire.jsonl.gz"
PEER_WITHOUT_ROLE = "norole@example.org"

Row = dict[str, Any]


def _family(row: Row) -> str:
    """Whose requests belong to one conversation: a client in one version."""
    version, dot, _ = row["check"].partition(".")
    return f"{row['client']} {version}" if dot else str(row["client"])


def _families() -> dict[str, list[Row]]:
    families: dict[str, list[Row]] = {}
    for line in gzip.decompress(CORPUS.read_bytes()).decode().splitlines():
        row = json.loads(line)
        families.setdefault(_family(row), []).append(row)
    return families


FAMILIES = _families()


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


CREDENTIALS = {
    "{{basic:user}}": _basic(EMAIL, PASSWORD),
    "{{basic:user:wrong}}": _basic(EMAIL, "wrong"),
    "{{basic:norole}}": _basic(PEER_WITHOUT_ROLE, PASSWORD),
    "{{bearer:apikey}}": f"Bearer {API_KEY}",
}


@dataclass(frozen=True)
class Response:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header that is spelled just so."""
        return next((value for header_name, value in self.headers if header_name == name), None)

    def document(self) -> Any:
        """The body as a JSON client reads it."""
        assert self.header("Content-Type") == "application/json; charset=utf-8"
        return json.loads(self.body.decode("ascii"))


@dataclass
class Peer:
    """Sends requests as a client did, and keeps what later ones refer to."""

    gateway: Gateway
    connection: http.client.HTTPConnection
    customer_id: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    logged_in: bool = False

    def send(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Response:
        """One request, its headers in this order and spelling."""
        self.connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            self.connection.putheader(name, value)
        self.connection.endheaders(body)
        with self.connection.getresponse() as response:
            read = response.read()
            if response.getheader("Content-Encoding") == "gzip":
                read = gzip.decompress(read)
            return Response(response.status, response.getheaders(), read)

    def call(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """An operation, for what a recorded request needs to be there."""
        data = json.dumps(body).encode()
        headers = {"Host": "x", "Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}
        response = self.send("POST", path, [*headers.items(), ("Content-Length", str(len(data)))], data)
        assert response.status == 200, response
        return dict(response.document())

    def log_in(self) -> None:
        """Cookies for requests that were recorded after a log-in."""
        self._answer(
            {
                "method": "POST",
                "path": "/api/Authenticate",
                "headers": [["Host", "{{host}}"], ["Content-Type", "application/json"], ["Content-Length", "0"]],
                "body": json.dumps({"provider": "credentials", "userName": "user", "password": "pass"}),
            }
        )

    def replay(self, row: Row) -> Response:
        """The recorded request, with what is here in place of what was there."""
        if "{{ss-" in json.dumps(row["headers"]) and row["status"] != 401 and not self.logged_in:
            self.log_in()
        return self._answer(row)

    def _answer(self, row: Row) -> Response:
        placeholders = {"{{host}}": self.gateway.address, "cust-1": self.customer_id, **CREDENTIALS, **self.cookies}
        if "{{session_id_1}}" in row["path"] + row["body"]:
            placeholders["{{session_id_1}}"] = self.call("/sessions", {"displayName": "recorded"})["id"]
        body = _fill(row["body"], placeholders)
        authenticates = row["path"].endswith("/Authenticate")
        if authenticates:
            body = re.sub(r'("userName":\s*)"user"', rf'\1"{EMAIL}"', body)
            body = re.sub(r'("password":\s*)"pass"', rf'\1"{PASSWORD}"', body)
        data = body.encode()
        headers = [(name, _fill(value, placeholders)) for name, value in row["headers"]]
        headers = [(name, str(len(data)) if name.lower() == "content-length" else value) for name, value in headers]
        response = self.send(row["method"], _fill(row["path"], placeholders), headers, data)
        if authenticates and response.status == 200:
            self._keep_cookies(response)
        return response

    def _keep_cookies(self, response: Response) -> None:
        cookies = [value.partition(";")[0] for name, value in response.headers if name == "Set-Cookie"]
        values = dict(cookie.split("=", 1) for cookie in cookies)
        self.logged_in = bool(values["ss-id"])
        if self.logged_in:
            self.cookies = {f"{{{{{name}}}}}": value for name, value in values.items()}


def _fill(text: str, values: Mapping[str, str]) -> str:
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    assert "{{" not in text
    return text


@pytest.fixture
def peer(gateway: Gateway) -> Iterator[Peer]:
    """A client of a gateway with the users and the customer of the recording."""
    gateway.command("user", "add", PEER_WITHOUT_ROLE, "--role", "Customer", "--password", PASSWORD)
    host, _, port = gateway.address.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    peer_of_recording = Peer(gateway, connection)
    account_id = peer_of_recording.call("/sessions", {})["accountId"]
    peer_of_recording.customer_id = peer_of_recording.call("/customers", {"accountId": account_id, "name": "Recorded"})[
        "id"
    ]
    yield peer_of_recording
    connection.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_recorded_requests(peer: Peer, family: str, subtests: pytest.Subtests) -> None:
    for number, row in enumerate(FAMILIES[family]):
        with subtests.test(row["check"], number=number):
            response = peer.replay(row)
            assert response.status == row["status"], response.body
            assert response.header("X-Request-Id")
            _check_as_its_sender_reads_it(row, response)


def _check_as_its_sender_reads_it(row: Row, response: Response) -> None:
    if row["path"].startswith("/types/"):
        assert (response.header("Content-Type") or "").startswith("text/plain")
        assert b"BaseUrl: " in response.body
    elif response.status == 204:
        assert response.body == b""
        assert response.header("Content-Type") is None
    elif response.status >= 400:
        _check_error(row, response)
    elif "Session" in row["path"] or row["path"].startswith("/sessions"):
        _check_sessions(row, response.document())
    else:
        assert isinstance(response.document(), dict)


def _check_error(row: Row, response: Response) -> None:
    status = response.document()["responseStatus"]
    assert status["errorCode"]
    assert status["message"]
    assert isinstance(status["errors"], list)
    if response.status == 401:
        # Scripts and log-ins that failed are not challenged: browsers would open a dialog of their own.
        is_script = any(name.lower() == "sec-fetch-mode" for name, _ in row["headers"])
        challenged = not is_script and not (row["method"] == "POST" and "auth" in row["path"].lower())
        assert (response.header("WWW-Authenticate") or "").startswith('Basic realm="') == challenged
    if response.status == 400:
        error_codes = {error["fieldName"]: error["errorCode"] for error in status["errors"]}
        assert error_codes == {"WithAddress": "RegularExpression", "MemberEmailAddresses[0]": "Email"}
        if row["body"].startswith("["):
            assert status["meta"]["AutoBatchIndex"] == "1"


def _check_sessions(row: Row, document: Any) -> None:
    if "ListSessions" in row["path"] or "?page=" in row["path"]:
        assert len(document["items"]) <= 2
        return
    request = json.loads(row["body"]) if row["body"][:1] in ("{", "[") else {}
    if isinstance(request, list):
        assert [row["displayName"] for row in document] == [row["displayName"] for row in request]
        return
    assert document["id"]
    for name in ("displayName", "channel", "direction", "callState", "fromAddress", "consoleData"):
        if request.get(name) is not None:
            assert document[name] == request[name]
