"""What handlers decide of their responses: status, headers, cookies, content that is sent as it is, and redirects."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs
from webtest import TestApp

from gateway import ANYONE, SIGNED_IN, Context, Cookie, Credentials, Dto, Instance, Principal, Service, fields
from gateway.settings import Settings
from gateway.users.idempotency import Keys
from serializers.registry import default_registry

NAMESPACE = "Replies.Tests"
FORMATS = [serializer.name for serializer in default_registry()]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))

#: The body of a handler.
Handler = Callable[[Context], Any]


class Greeting(Dto):
    """A result"""

    text = fields.String()


def make_app(handler: Handler, returns: Any = Greeting, verbs: str = "ANY") -> TestApp:
    """A service with one operation, at /do."""
    service = Service("Replies")

    class Do(Dto):
        name = fields.String()

    service.operation(verbs, "/do", returns=returns, access=ANYONE)(Do)

    @service.handles(Do)
    def do(request: Instance, context: Context) -> Any:
        return handler(context)

    return TestApp(service.application(Settings.from_environment()))


def make_created(context: Context) -> Any:
    """A result with everything that a handler may set."""
    context.status = 201
    context.headers["X-Total"] = "3"
    context.headers["location"] = "/orders/3"
    context.set_cookie("cart", "c1", 60)
    return Greeting.new(text="hello")


@pytest.mark.parametrize("name", FORMATS)
def test_status_headers_and_cookies_go_with_every_format(name: str) -> None:
    response = make_app(make_created).post(f"/do?format={name}")
    assert response.status_code == 201
    assert (response.headers["X-Total"], response.headers["Location"]) == ("3", "/orders/3")
    assert response.headers.getall("Set-Cookie") == ["cart=c1; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"]
    assert b"hello" in response.body


@pytest.mark.parametrize("path", ["/json/reply/Do", "/json/oneway/Do", "/api/Do"])
def test_predefined_routes_have_them_too(path: str) -> None:
    response = make_app(make_created).post(path)
    assert (response.status_code, response.headers["X-Total"]) == (201, "3")


def test_a_head_has_the_status_and_headers_but_no_cookie_of_what_was_not_done() -> None:
    response = make_app(make_created, verbs="GET POST").head("/do")
    assert (response.status_code, response.headers["X-Total"], response.body) == (201, "3", b"")
    assert "Set-Cookie" not in response.headers


def test_a_batch_has_the_cookies_of_its_calls_but_no_status_or_headers() -> None:
    numbers = iter("12")

    def handler(context: Context) -> Any:
        context.set_cookie(f"c{next(numbers)}", "x")
        context.status = 201
        context.headers["X-Total"] = "3"
        return Greeting.new(text="hello")

    response = make_app(handler).post_json("/json/reply/Do[]", [{}, {}])
    assert (response.status_code, response.json) == (200, [{"text": "hello"}] * 2)
    assert "X-Total" not in response.headers
    assert [line.partition("=")[0] for line in response.headers.getall("Set-Cookie")] == ["c1", "c2"]


@pytest.mark.parametrize("status", [204, 205, 304])
def test_statuses_without_a_body_have_none(status: int) -> None:
    def handler(context: Context) -> Any:
        context.status = status
        return Greeting.new(text="hello")

    response = make_app(handler).get("/do", status=status)
    assert response.body == b""
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize("returns", [None, Greeting])
def test_no_result_has_the_status_too(returns: Any) -> None:
    def handler(context: Context) -> None:
        context.status = 202

    response = make_app(handler, returns).post("/do")
    assert (response.status_code, response.body) == (202, b"")


def test_vary_is_added_to_the_formats() -> None:
    def handler(context: Context) -> Any:
        context.headers["Vary"] = "Accept-Language"
        return Greeting.new(text="hello")

    assert make_app(handler).get("/do").headers["Vary"] == "Accept, Accept-Language"


def test_cache_control_is_the_handlers() -> None:
    def handler(context: Context) -> Any:
        context.headers["cache-control"] = "max-age=60"
        return Greeting.new(text="hello")

    assert make_app(handler).get("/do").headers.getall("Cache-Control") == ["max-age=60"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "a\r\nSet-Cookie: b=c"),
        ("X-A", "a\0"),
        ("X-A", "a\x7f"),
        ("X-A", "\u20ac"),
        ("X A", "a"),
        ("", "a"),
        ("X-\u00e4", "a"),
        ("X-A:", "a"),
    ],
)
def test_headers_that_http_can_not_carry_are_refused(name: str, value: str) -> None:
    def handler(context: Context) -> Any:
        context.headers[name] = value

    response = make_app(handler).post("/do", status=400)
    assert response.json["responseStatus"]["errorCode"] == "ArgumentException"
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Content-Length", "the server writes it"),
        ("TRANSFER-ENCODING", "the server writes it"),
        ("x-request-id", "the server writes it"),
        ("Content-Type", "context.send"),
        ("Set-Cookie", "context.set_cookie"),
        ("Access-Control-Allow-Origin", "GATEWAY_CORS_ORIGINS"),
    ],
)
def test_headers_of_the_server_are_refused_with_what_to_do(name: str, words: str) -> None:
    def handler(context: Context) -> Any:
        context.headers[name] = "1"

    with capture_logs() as lines:
        make_app(handler).post("/do", status=500)
    (logged,) = [line for line in lines if line["event"] == "unforeseen"]
    assert isinstance(logged["exc_info"], RuntimeError)
    assert words in str(logged["exc_info"])


@pytest.mark.parametrize("status", [0, 100, 199, 600, True])
def test_statuses_of_no_response_are_refused(status: int) -> None:
    def handler(context: Context) -> Any:
        context.status = status

    assert "200 to 599" in make_app(handler).post("/do", status=400).json["responseStatus"]["message"]


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("a b", "c", ""),
        ("", "c", ""),
        ("a", "b;c", ""),
        ("a", 'b"', ""),
        ("a", "b\n", ""),
        ("a", "\u00e4", ""),
        ("a", "b", "/;x"),
    ],
)
def test_cookies_that_are_none_are_refused(name: str, value: str, path: str) -> None:
    def handler(context: Context) -> Any:
        context.set_cookie(name, value, path=path)

    response = make_app(handler).post("/do", status=400)
    assert "Set-Cookie" not in response.headers


def test_cookies_have_what_was_asked_for() -> None:
    def handler(context: Context) -> Any:
        context.set_cookie("theme", "dark", path="/shop", http_only=False, same_site="None")
        context.set_cookie("old", "", 0)

    response = make_app(handler).post("/do", extra_environ={"wsgi.url_scheme": "https"})
    assert response.headers.getall("Set-Cookie") == [
        "theme=dark; Path=/shop; SameSite=None; Secure",
        "old=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure",
    ]


class Source(io.BytesIO):
    """A file that is read in blocks."""


def yield_blocks(*parts: bytes) -> Iterator[bytes]:
    """Some blocks."""
    yield from parts


@pytest.mark.parametrize("returns", [None, bytes, Greeting])
@pytest.mark.parametrize(
    "data",
    [lambda: PNG, lambda: bytearray(PNG), lambda: Source(PNG), lambda: yield_blocks(PNG[:9], b"", PNG[9:])],
    ids=["bytes", "bytearray", "file", "blocks"],
)
def test_content_is_sent_as_it_is_in_every_format(returns: Any, data: Callable[[], Any]) -> None:
    client = make_app(lambda context: context.send(data(), content_type="image/png"), returns)
    for name in FORMATS:
        response = client.get(f"/do?format={name}")
        assert (response.status_code, response.headers["Content-Type"], response.body) == (200, "image/png", PNG)
        assert "Content-Disposition" not in response.headers


@pytest.mark.parametrize("data", [lambda: PNG, lambda: Source(PNG)], ids=["bytes", "file"])
def test_content_of_a_head_has_headers_alone(data: Callable[[], Any]) -> None:
    source = data()
    response = make_app(lambda context: context.send(source, file_name="a.png")).head("/do")
    assert (response.body, response.headers["Content-Type"]) == (b"", "image/png")
    assert response.headers["Content-Disposition"] == 'attachment; filename="a.png"'
    assert getattr(source, "closed", True)


@pytest.mark.parametrize(("kind", "coding"), [("image/png", None), ("text/plain", "gzip"), ("image/svg+xml", "gzip")])
def test_content_is_compressed_unless_it_is_already(kind: str, coding: str | None) -> None:
    client = make_app(lambda context: context.send(b"a" * 5000, content_type=kind))
    # WebTest's own client would inflate it.
    response = TestApp.RequestClass.blank("/do", headers={"Accept-Encoding": "gzip"}).get_response(client.app)
    assert response.headers.get("Content-Encoding") == coding


def test_files_are_closed_when_they_are_sent() -> None:
    source = Source(PNG)
    assert make_app(lambda context: context.send(source)).get("/do").body == PNG
    assert source.closed


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", 'attachment; filename="a.txt"'),
        ("../b/a.txt", 'attachment; filename="a.txt"'),
        ("C:\\b\\a.txt", 'attachment; filename="a.txt"'),
        ("\u00e4 b.txt", "attachment; filename=\"_ b.txt\"; filename*=UTF-8''%C3%A4%20b.txt"),
        ('a"b.txt', "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        ("50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"),
    ],
)
def test_file_names_are_written_for_old_clients_and_in_full(name: str, expected: str) -> None:
    response = make_app(lambda context: context.send(b"x", file_name=name)).get("/do")
    assert response.headers["Content-Disposition"] == expected
    assert response.headers["Content-Type"] == "text/plain"


def test_content_may_be_shown_inline_with_a_status_of_its_own() -> None:
    def handler(context: Context) -> Any:
        context.status = 203
        return context.send(b"x", file_name="a.unknown", inline=True)

    response = make_app(handler).get("/do")
    assert response.status_code == 203
    assert response.headers["Content-Disposition"] == 'inline; filename="a.unknown"'
    assert response.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(("kind", "name"), [("image", ""), ("a/b\r\nX: y", ""), ("", "a\nb")])
def test_content_that_has_no_such_headers_is_refused(kind: str, name: str) -> None:
    make_app(lambda context: context.send(b"x", content_type=kind, file_name=name)).get("/do", status=400)


@pytest.mark.parametrize("data", ["text", 3, None])
def test_content_is_bytes(data: Any) -> None:
    with capture_logs() as lines:
        make_app(lambda context: context.send(data)).get("/do", status=500)
    assert "it sends bytes" in str(lines[0]["exc_info"])


@pytest.mark.parametrize(("block", "status"), [("text", 500), (b"", 200)])
def test_blocks_are_bytes(block: Any, status: int) -> None:
    make_app(lambda context: context.send(iter([block]))).get("/do", status=status)


def test_a_value_error_of_the_first_block_is_an_argument_exception() -> None:
    def failing() -> Iterator[bytes]:
        yield str(int("odd")).encode()

    response = make_app(lambda context: context.send(failing())).get("/do", status=400)
    assert response.json["responseStatus"]["message"].endswith("'odd'")


@pytest.mark.parametrize("data", [lambda: b"x" * 70_000, lambda: yield_blocks(b"x" * 70_000)], ids=["bytes", "blocks"])
def test_content_is_bounded_as_lists_are(data: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_REQUEST_BYTES", "65536")
    monkeypatch.setenv("GATEWAY_STREAM_BYTES", "65536")
    response = make_app(lambda context: context.send(data())).get("/do", status=413)
    assert response.json["responseStatus"]["errorCode"] == "RequestEntityTooLarge"


@pytest.mark.parametrize("returned", [True, False])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_have_no_body(returned: bool, status: int) -> None:
    def handler(context: Context) -> Any:
        to = context.redirect("/orders/3?a=b%20c#\u00e4", status)
        return to if returned else None

    client = make_app(handler)
    for name in FORMATS:
        response = client.get(f"/do?format={name}", status=status)
        assert (response.headers["Location"], response.body) == ("/orders/3?a=b%20c#%C3%A4", b"")
        assert "Content-Type" not in response.headers


@pytest.mark.parametrize(("url", "status"), [("", 302), ("/a\r\nX: y", 302), ("/a", 200), ("/a", 304)])
def test_redirects_to_nowhere_are_refused(url: str, status: int) -> None:
    response = make_app(lambda context: context.redirect(url, status)).get("/do", status=400)
    assert "Location" not in response.headers


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (lambda context: context.send(b"x"), "sends a file"),
        (lambda context: context.send(yield_blocks(b"x")), "sends a file"),
        (lambda context: context.redirect("/a"), "redirects"),
        (lambda context: context.redirect("/a") and None, "redirects"),
    ],
    ids=["bytes", "blocks", "redirect", "redirect that is not returned"],
)
def test_content_and_redirects_can_not_be_part_of_a_batch(handler: Handler, words: str) -> None:
    response = make_app(handler).post_json("/json/reply/Do[]", [{}, {}], status=400)
    status = response.json["responseStatus"]
    assert status["errorCode"] == "NotSupportedException"
    assert f"Do {words} and can't be part of a batch" in status["message"]
    assert response.headers["X-AutoBatch-Completed"] == "0"


class Renewing:
    """Callers whose cookies last anew with each call."""

    def authenticate(self, credentials: Credentials) -> Principal:
        """Everybody is Ada."""
        return replace(Principal.of("ada"), renewed=True)

    def renewal(self, caller: Principal) -> list[Cookie]:
        """Two cookies."""
        return [Cookie("ss-id", "renewed"), Cookie("cart", "renewed")]


def test_cookies_of_a_handler_go_beside_those_that_are_renewed() -> None:
    service = Service("Replies")

    @service.post("/do", access=SIGNED_IN)
    class Do(Dto):
        pass

    @service.handles(Do)
    def do(request: Instance, context: Context) -> None:
        context.set_cookie("cart", "c1")

    service.sign_in(lambda *_: Renewing(), lambda database: Keys(database))
    response = TestApp(service.application(Settings.from_environment())).post("/do")
    assert [line.partition(";")[0] for line in response.headers.getall("Set-Cookie")] == ["cart=c1", "ss-id=renewed"]
