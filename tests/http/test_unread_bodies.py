"""Nothing of a body is read before the access rule is decided, and little of it where anybody may call."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
from webtest import TestApp

from gateway.http import bodies
from gateway.http.app import BODY_LIMIT
from gateway.http.pipeline import OPEN_LIMITS

from .conftest import API_KEY, post

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
JSON = "application/json"
TOO_LONG = BODY_LIMIT + 1


class Untouched(io.BytesIO):
    """A body that may not be read. What is refused is taken off the connection afterwards, unless it is long."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")


def request_status(client: TestApp, path: str, content_type: str, method: str = "POST", **headers: str) -> int:
    """The status of a request whose body nobody reads."""
    request = client.RequestClass.blank(path, client._make_environ(), method=method, headers=headers)
    request.environ |= {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(TOO_LONG), "wsgi.input": Untouched()}
    return int(client.do_request(request, status="*").status_code)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/sessions/a/b/c", 404),
        ("/health", 405),
        ("/metadata", 405),
        ("/json/reply/Nothing", 405),
        ("/sessions", 401),
        ("/sessions/x/hold", 401),
        ("/json/reply/NewSession", 401),
        ("/api/NewSession[]", 401),
        ("/sessions?X-HTTP-Method-Override=GET", 401),
    ],
)
def test_an_address_and_its_access_come_first(anonymous: TestApp, path: str, status: int) -> None:
    for content_type in (FORM, MULTIPART, JSON, "image/png"):
        for encoding in ("identity", "gzip", "zstd", "gzip," * 9):
            assert request_status(anonymous, path, content_type, **{"Content-Encoding": encoding}) == status


def test_a_form_is_asked_for_its_verb_after_the_caller_for_credentials(anonymous: TestApp) -> None:
    assert request_status(anonymous, "/sessions/x", FORM) == 401
    assert request_status(anonymous, "/sessions/x", JSON) == 405
    assert request_status(anonymous, "/accounts", MULTIPART) == 401


def test_a_caller_without_the_role_is_refused_before_a_form_is_read(client: TestApp) -> None:
    user = {"emailAddress": "eve@example.org", "password": "a good long password"}
    client.post_json("/users", user)
    client.authorization = ("Basic", ("eve@example.org", "a good long password"))
    assert request_status(client, "/json/reply/NewAccount", FORM) == 403
    assert request_status(client, "/sessions", FORM) == 413


@pytest.mark.parametrize("verb", ["PATCH", "patch", "DELETE"])
def test_a_form_decides_between_the_operations_of_its_address(client: TestApp, verb: str) -> None:
    session = client.post_json("/sessions", {}).json
    response = post(client, f"/sessions/{session['id']}", f"x-http-method-override={verb}&consoleData=c", FORM)
    assert response.status_code == (200 if verb.lower() == "patch" else 204)
    assert client.get("/sessions/" + session["id"]).json["ended"] is (verb == "DELETE")


def test_a_form_that_means_a_verb_that_its_address_lacks(client: TestApp) -> None:
    response = post(client, "/sessions", "X-HTTP-Method-Override=PATCH", FORM)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert post(client, "/json/reply/GetSession", "X-HTTP-Method-Override=PATCH", FORM).status_code == 405
    assert client.post("/sessions/x", "a=b", status=405).headers["Allow"] == "DELETE, GET, HEAD, PATCH, OPTIONS"
    assert client.get("/sessions.json").json["totalCount"] == 0


def test_a_form_that_means_a_get(client: TestApp) -> None:
    client.post_json("/sessions", {})
    response = post(client, "/sessions", "X-HTTP-Method-Override=GET&countPerPage=1", FORM)
    assert response.json["totalCount"] == 1
    response = post(client, "/api/ListSessions", "X-HTTP-Method-Override=GET&countPerPage=1", FORM)
    assert response.json["totalCount"] == 1


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "br, gzip": lambda data: gzip.compress(brotli.compress(data)),
    "gzip, gzip, gzip, gzip": lambda data: gzip.compress(gzip.compress(gzip.compress(gzip.compress(data)))),
}


@pytest.mark.parametrize("encoding", PACKERS)
@pytest.mark.parametrize(("kind", "start", "end"), [(FORM, b"unknown=", b""), (JSON, b'{"unknown":"', b'"}')])
def test_where_anybody_may_call_a_body_has_64_kb(
    anonymous: TestApp, encoding: str, kind: str, start: bytes, end: bytes
) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    for address, status in (("/auth", 401), ("/json/reply/Authenticate", 401), ("/access-token", 400)):
        body = start + b"x" * (OPEN_LIMITS.bytes - len(start) - len(end)) + end
        assert post(anonymous, address, PACKERS[encoding](body), kind, **headers).status_code == status
        longer = start + b"x" + body[len(start) :]
        assert post(anonymous, address, PACKERS[encoding](longer), kind, **headers).status_code == 413


def test_a_signed_in_caller_has_no_more_there(client: TestApp) -> None:
    assert post(client, "/auth", b'{"userName":"' + b"x" * OPEN_LIMITS.bytes + b'"}', JSON).status_code == 413
    assert post(client, "/auth", b"userName=" + b"x" * OPEN_LIMITS.bytes, FORM).status_code == 413
    assert post(client, "/sessions", b"unknown=" + b"x" * OPEN_LIMITS.bytes, FORM).status_code == 200


def test_a_form_has_a_thousand_names_there(anonymous: TestApp) -> None:
    def join_names(count: int) -> str:
        return "&".join(f"n{number}=" for number in range(count))

    assert post(anonymous, "/auth", join_names(OPEN_LIMITS.names), FORM).status_code == 401
    assert post(anonymous, "/auth", join_names(OPEN_LIMITS.names + 1), FORM).status_code == 413
    items = "&".join(f"x[{number}]=" for number in range(OPEN_LIMITS.names + 1))
    assert post(anonymous, "/auth", items, FORM).status_code == 401
    assert post(anonymous, "/auth", items.replace("[", "[n"), FORM).status_code == 413


def test_what_packs_well_is_never_inflated_beyond_the_limit(anonymous: TestApp) -> None:
    bomb = gzip.compress(b"a&" * 5_000_000)
    assert len(bomb) < OPEN_LIMITS.bytes
    for address, status in (("/auth", 413), ("/sessions", 401), ("/nothing", 404), ("/health", 405)):
        response = post(anonymous, address, bomb, FORM, **{"Content-Encoding": "gzip"})
        assert response.status_code == status


@pytest.mark.parametrize("broken", [brotli.compress(b"{}" * 99)[:-3], brotli.compress(b"{}") + b"more", b"{}"])
def test_brotli_that_is_none(client: TestApp, broken: bytes) -> None:
    response = post(client, "/sessions", broken, JSON, **{"Content-Encoding": "br"})
    assert (response.status_code, response.json["responseStatus"]["errorCode"]) == (400, "SerializationException")


def test_a_body_has_four_encodings_at_most(client: TestApp) -> None:
    body = b'{"displayName":"a"}'
    for _ in range(bodies.MOST_ENCODINGS):
        body = gzip.compress(body)
    several = ",".join(["gzip"] * bodies.MOST_ENCODINGS)
    assert post(client, "/sessions.json", body, JSON, **{"Content-Encoding": several}).json["displayName"] == "a"
    response = post(client, "/sessions", gzip.compress(body), JSON, **{"Content-Encoding": several + ",gzip"})
    assert response.status_code == 415
    assert API_KEY not in response.text
