"""Raw forwarding, in this process: what passes, what does not, and what is sent again."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from gateway import ANYONE, SIGNED_IN, Dto, Service, Upstream, errors, fields
from gateway.http.testing import Client
from gateway.upstream import arriving
from tests.servers import free_port
from tests.upstream.hosts import Host, Received, Respond, hang_up, host, respond_document, respond_in_turn, respond_text


def shop(url: str, **options: object) -> Service:
    service = Service("Shop")

    @service.get("/orders/{Id}", returns=str, access=SIGNED_IN)
    class GetOrder(Dto):
        id = fields.String()

    @service.post("/orders", returns=str)
    class NewOrder(Dto):
        name = fields.String()

    @service.operation("POST GET", "/both", returns=str)
    class Both(Dto):
        pass

    @service.get("/files/{Path*}", returns=bytes)
    class GetFile(Dto):
        path = fields.String()

    @service.get("/here/{Name}", returns=str, access=ANYONE)
    class Here(Dto):
        name = fields.String()

    @service.handles(Here)
    def here(request: Here, _: object) -> str:
        return f"here {request.name}"

    service.use(Upstream(url, connect_timeout=1, read_timeout=1, **options))  # type: ignore[arg-type]
    return service


@pytest.fixture(scope="module")
def module_host() -> Iterator[Host]:
    with host() as running:
        yield running


@pytest.fixture
def old(module_host: Host) -> Host:
    module_host.reset()
    return module_host


@pytest.fixture(scope="module")
def client(module_host: Host) -> Iterator[Client]:
    with shop(module_host.url).client() as shop_client:
        yield shop_client


def test_operations_with_a_handler_are_handled_here_and_others_are_forwarded(client: Client, old: Host) -> None:
    assert client.get("/here/Ada").json == "here Ada"
    assert not old.received
    response = client.get("/orders/3")
    assert (response.status_code, response.text) == (200, "/orders/3")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/orders/3.jsv"),
        ("GET", "/ORDERS/3?format=xml&a=%2f%2F&b="),
        ("GET", "/orders/3/"),
        ("HEAD", "/orders/3"),
        ("OPTIONS", "/orders"),
        ("POST", "/orders.csv"),
        ("POST", "/json/reply/NewOrder"),
        ("POST", "/xml/oneway/NewOrder"),
        ("POST", "/api/NewOrder"),
        ("POST", "/json/reply/NewOrder[]"),
        ("GET", "/json/reply/GetOrder?Id=3"),
        ("GET", "/files/a/b%20c.txt"),
        ("GET", "/files"),
    ],
)
def test_every_path_of_an_operation_is_forwarded_unchanged(client: Client, old: Host, method: str, path: str) -> None:
    response = client.request(
        method, path.partition("?")[0], query_string=path.partition("?")[2], extras={"RAW_URI": path}
    )
    assert response.status_code == 200
    assert [(request.method, request.target) for request in old.received] == [(method, path)]


def test_a_path_of_no_operation_is_not_forwarded(client: Client, old: Host) -> None:
    assert client.get("/admin").status_code == 404
    assert client.delete("/orders").status_code == 405
    assert client.get("/metadata", headers={"Accept": "text/html"}).status_code == 200
    assert not old.received


def test_everything_is_forwarded_with_the_option(old: Host) -> None:
    with shop(old.url, everything=True).client() as client:
        assert client.get("/admin/../x", extras={"RAW_URI": "/admin/../x"}).text == "/admin/../x"
        assert client.delete("/orders").status_code == 200
        assert "GetOrder" in client.get("/metadata", headers={"Accept": "text/html"}).text
    with shop(old.url, everything=True, pages=False).client() as client:
        assert client.get("/metadata").text == "/metadata"
        assert client.get("/health").text != "/health"


@pytest.mark.parametrize(
    "path",
    [
        "/files/../admin",
        "/files/a/%2e%2E/b",
        "/files/..%2fadmin",
        "/files/..%5cadmin",
        "/files/%252e%252e/admin",
        "/files/..;x=1/admin",
        "/orders/..",
        "/orders/%2e",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(client: Client, old: Host, path: str) -> None:
    response = client.get("/files/x", extras={"RAW_URI": path})
    assert response.status_code == 400
    assert "'.' or '..'" in response.json["responseStatus"]["message"]
    assert not old.received


def test_the_path_of_the_hosts_url_is_a_prefix(old: Host) -> None:
    with shop(f"{old.url}/base/").client() as client:
        client.get("/orders/3", query_string="a=1")
    assert old.received[0].target == "/base/orders/3?a=1"


def test_headers_of_the_caller_pass_and_those_of_the_connection_do_not(client: Client, old: Host) -> None:
    request_headers = {
        "Authorization": "Bearer t",
        "X-Api-Key": "k",
        "X-ss-id": "s",
        "Cookie": "ss-id=1; other=2",
        "Accept": "text/csv;q=0.5, */*",
        "Accept-Encoding": "br",
        "If-None-Match": '"1"',
        "Range": "bytes=0-1",
        "X-Custom": "Zo\u00eb",
        "Origin": "http://elsewhere",
        "Connection": "close, X-Private",
        "X-Private": "1",
        "Keep-Alive": "timeout=5",
        "TE": "trailers",
        "Upgrade": "h2c",
        "Proxy-Authorization": "Basic x",
        "Proxy-Connection": "keep-alive",
        "Expect": "100-continue",
        "X-Real-IP": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
    }
    client.get("/orders/3", headers=request_headers)
    request = old.received[0]
    for name in (
        "Authorization",
        "X-Api-Key",
        "X-ss-id",
        "Cookie",
        "Accept",
        "Accept-Encoding",
        "If-None-Match",
        "Range",
        "Origin",
    ):
        assert request.header(name) == request_headers[name]
    assert request.header("X-Custom") == "Zo\xeb"
    hidden = {
        "x-private",
        "keep-alive",
        "te",
        "upgrade",
        "proxy-authorization",
        "proxy-connection",
        "expect",
        "x-real-ip",
        "forwarded",
    }
    assert not hidden & request.names()
    assert request.header("Host") == old.url.removeprefix("http://")


def test_nothing_is_added_but_how_the_client_called(client: Client, old: Host) -> None:
    client.get(
        "/orders/3", headers={"Host": "shop.example.org", "X-Request-Id": "abc"}, extras={"REMOTE_ADDR": "127.0.0.1"}
    )
    request = old.received[0]
    added = {"host", "via", "traceparent", "x-request-id", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
    assert request.names() - {"user-agent"} == added
    assert "python" not in (request.header("User-Agent") or "").lower()
    assert request.header("X-Request-Id") == "abc"
    assert request.header("X-Forwarded-For") == "127.0.0.1"
    assert request.header("X-Forwarded-Proto") == "http"
    assert request.header("X-Forwarded-Host") == "shop.example.org"
    version, trace, span, flags = (request.header("traceparent") or "").split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")


def test_forwarding_headers_pass_from_a_trusted_proxy_and_not_from_another_peer(client: Client, old: Host) -> None:
    headers = {
        "X-Forwarded-For": "9.9.9.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.example.org",
        "X-Forwarded-Prefix": "/shop",
    }
    for peer in ("127.0.0.1", "8.8.8.8"):
        client.get("/orders/3", headers=headers, extras={"REMOTE_ADDR": peer})
    from_proxy, from_peer = old.received
    assert from_proxy.header("X-Forwarded-For") == "9.9.9.9, 127.0.0.1"
    assert from_proxy.header("X-Forwarded-Proto") == "https"
    assert from_proxy.header("X-Forwarded-Host") == "shop.example.org"
    assert from_proxy.header("X-Forwarded-Prefix") == "/shop"
    assert from_peer.header("X-Forwarded-For") == "8.8.8.8"
    assert from_peer.header("X-Forwarded-Proto") == "http"
    assert from_peer.header("X-Forwarded-Prefix") is None


def test_a_trace_goes_on(client: Client, old: Host) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    client.get("/orders/3", headers={"traceparent": trace, "tracestate": "a=b"})
    client.get("/orders/3", headers={"traceparent": "nonsense", "tracestate": "a=b"})
    assert old.received[0].header("traceparent") == trace
    assert old.received[0].header("tracestate") == "a=b"
    assert old.received[1].header("traceparent") != "nonsense"
    assert old.received[1].header("tracestate") is None


def test_the_response_passes_unchanged(client: Client, old: Host) -> None:
    old.respond = respond_text(
        b"\xff\x00{",
        "402 Kein Geld",
        (
            "Content-Type: application/x-own",
            "Set-Cookie: a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT",
            "Set-Cookie: b=2; Path=/x",
            "Content-Encoding: own",
            'ETag: "1"',
            "Vary: Origin",
            "X-Request-Id: theirs",
            "Connection: keep-alive, X-Hop",
            "X-Hop: 1",
            "Keep-Alive: timeout=5",
        ),
    )
    response = client.get("/orders/3")
    assert response.status == "402 Kein Geld"
    assert response.content == b"\xff\x00{"
    assert response.headers["content-type"] == "application/x-own"
    assert response.headers["content-encoding"] == "own"
    assert response.headers["etag"] == '"1"'
    assert response.headers["vary"] == "Origin"
    assert response.headers["x-request-id"] == "theirs"
    assert not {"x-hop", "keep-alive", "connection", "x-content-type-options"} & {*response.headers}
    assert response.cookies["a"].value == "1"
    assert response.cookies["b"].path == "/x"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{own}/orders/4?x=1", "/orders/4?x=1"),
        ("{own}", "/"),
        ("/orders/4", "/orders/4"),
        ("http://other.example.org/orders/4", "http://other.example.org/orders/4"),
    ],
)
def test_a_redirect_is_not_followed_and_stays_at_the_front(
    client: Client, old: Host, given: str, expected: str
) -> None:
    old.respond = respond_text("", "302 Found", (f"Location: {given.format(own=old.url)}",))
    response = client.get("/orders/3")
    assert response.status_code == 302
    assert response.headers["location"] == expected
    assert len(old.received) == 1


def test_bodies_pass_in_both_framings(client: Client, old: Host) -> None:
    client.post("/orders", body="x" * 200_000)
    assert old.received[0].header("Content-Length") == "200000"
    assert old.received[0].size == 200_000
    client.post("/orders", body="abc", headers={"Transfer-Encoding": "chunked"}, extras={"wsgi.input_terminated": True})
    assert old.received[1].header("Transfer-Encoding") == "chunked"
    assert old.received[1].body == b"abc"
    client.post("/orders", body="")
    assert old.received[2].header("Content-Length") == "0"


def test_a_body_that_is_cut_off_does_not_arrive_as_a_complete_one(client: Client, old: Host) -> None:
    response = client.post("/orders", body="abc", extras={"CONTENT_LENGTH": "10"})
    assert response.status_code == 400
    assert "ends after 3 of the 10 bytes" in response.json["responseStatus"]["message"]
    assert not old.received


def test_connections_are_used_again(client: Client, old: Host) -> None:
    for _ in range(5):
        assert client.get("/orders/3").status_code == 200
        assert client.post("/orders", body="x").status_code == 200
    assert old.connected <= 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_read_that_the_host_could_not_do_is_sent_again(client: Client, old: Host, status: int) -> None:
    old.respond = respond_in_turn(respond_text("", f"{status} No"), respond_text("yes"))
    assert client.get("/orders/3").text == "yes"
    assert len(old.received) == 2


@pytest.mark.parametrize(("method", "path"), [("POST", "/orders"), ("GET", "/both"), ("POST", "/api/GetOrder")])
def test_a_possible_write_is_never_sent_twice(client: Client, old: Host, method: str, path: str) -> None:
    old.respond = respond_in_turn(respond_text("no", "503 No", ("Retry-After: 7",)), respond_text("yes"))
    response = client.request(method, path)
    assert (response.status_code, response.text, response.headers["retry-after"]) == (503, "no", "7")
    old.respond = hang_up
    response = client.request(method, path)
    assert response.status_code == 503
    assert response.json["responseStatus"]["errorCode"] == "OutcomeUnknown"
    assert "retry-after" not in response.headers
    assert len(old.received) == 2


def test_the_last_response_to_a_read_passes(client: Client, old: Host) -> None:
    old.respond = respond_text("busy", "503 No")
    response = client.get("/orders/3")
    assert (response.status_code, response.text) == (503, "busy")
    assert len(old.received) == 3


def test_a_read_is_sent_again_when_its_connection_was_lost(client: Client, old: Host) -> None:
    old.respond = respond_in_turn(hang_up, respond_text("yes"))
    assert client.get("/orders/3").text == "yes"


@pytest.mark.parametrize(
    ("suffix", "content_type", "beginning"),
    [
        (".json", "application/json", "{"),
        (".jsv", "application/jsv", "{responseStatus:"),
        (".xml", "application/xml", "<"),
        (".csv", "text/csv", ""),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unreachable_host_is_reported_in_the_callers_format(
    method: str, suffix: str, content_type: str, beginning: str
) -> None:
    with shop(f"http://127.0.0.1:{free_port()}").client() as client:
        response = client.request(method, f"/both{suffix}")
        assert response.status_code == 503
        assert response.headers["retry-after"] == "2"
        assert response.headers["content-type"].startswith(content_type)
        assert response.text.startswith(beginning)
        assert "The old host can't be reached." in response.text.replace("&#39;", "'")


def test_a_host_that_restarts_is_reached_again(old: Host) -> None:
    port = free_port()
    with shop(f"http://127.0.0.1:{port}").client() as client:
        assert client.post("/orders").status_code == 503
        with host(port=port):
            assert client.post("/orders").status_code == 200
        assert client.get("/orders/3").status_code == 503
        with host(port=port):
            assert client.get("/orders/3").status_code == 200


def test_a_silent_host_times_out(client: Client, old: Host) -> None:
    given_up = threading.Event()

    def silent(_: Received, sock: socket.socket) -> bool:
        assert given_up.wait(60)
        return False

    old.respond = silent
    read, write = client.get("/orders/3"), client.post("/orders")
    given_up.set()
    assert read.status_code == write.status_code == 503
    assert read.json["responseStatus"]["message"] == "The old host did not respond within 1 s."
    assert read.headers["retry-after"] == "2"
    assert write.json["responseStatus"]["errorCode"] == "OutcomeUnknown"
    assert len(old.received) == 2


def respond_byte_by_byte(response: bytes, at_once: int = 0) -> Respond:
    """Write a response byte by byte, each well within the time that a host may be silent, for up to ten times as long."""

    def respond(_: Received, sock: socket.socket) -> bool:
        sock.sendall(response[:at_once])
        for byte in response[at_once:]:
            try:
                sock.sendall(bytes([byte]))
            except OSError:
                break
            time.sleep(0.1)
        return False

    return respond


def test_a_head_that_arrives_byte_by_byte_times_out(client: Client, old: Host) -> None:
    old.respond = respond_byte_by_byte(b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 70 + b"\r\nContent-Length: 0\r\n\r\n")
    response = client.get("/orders/3")
    assert response.json["responseStatus"]["message"] == "The old host did not respond within 1 s."
    assert client.post("/orders").json["responseStatus"]["errorCode"] == "OutcomeUnknown"


@pytest.mark.parametrize("frame", [b"Content-Length: 80\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_a_body_that_arrives_byte_by_byte_times_out(
    client: Client, old: Host, frame: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "STREAMED", 1.0)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n" + frame
    old.respond = respond_byte_by_byte(head + b"0" * 80, len(head))
    with pytest.raises(ConnectionAbortedError, match="TimeoutError"):
        client.get("/orders/3")


def test_events_may_come_slowly(client: Client, old: Host) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"
    old.respond = respond_byte_by_byte(head + b"data: slow\n\n", len(head))
    assert client.get("/orders/3").text == "data: slow\n\n"


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 100\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
    ],
)
def test_a_response_that_breaks_off_does_not_look_complete(client: Client, old: Host, response: bytes) -> None:
    def half(_: Received, sock: socket.socket) -> bool:
        sock.sendall(response)
        sock.shutdown(socket.SHUT_WR)
        return False

    old.respond = half
    with pytest.raises(ConnectionAbortedError):
        client.get("/orders/3")
    old.respond = respond_text("whole")
    assert client.get("/orders/3").text == "whole"


@pytest.mark.parametrize(
    "response", [b"nonsense\r\n\r\n", b"HTTP/1.1 999999 x\r\n\r\n", b"", b"HTTP/1.1 101 Switching\r\n\r\n"]
)
def test_an_invalid_response_is_an_error(client: Client, old: Host, response: bytes) -> None:
    def respond(_: Received, sock: socket.socket) -> bool:
        sock.sendall(response)
        return False

    old.respond = respond
    assert client.get("/orders/3").status_code == 503
    assert client.post("/orders").status_code == 503


def test_a_host_may_refuse_a_body_before_it_has_all_of_it(client: Client, old: Host) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(
                    b"HTTP/1.1 413 Too Large\r\nContent-Type: a/b\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
                )
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        with shop(f"http://127.0.0.1:{listener.getsockname()[1]}").client() as other:
            response = other.post("/orders", body="x" * 5_000_000)
        thread.join()
    assert (response.status_code, response.text) == (413, "no")


def test_a_request_that_comes_back_is_refused(client: Client, old: Host) -> None:
    client.get("/orders/3")
    via = old.received[0].header("Via") or ""
    assert via.startswith("1.1 gateway-")
    response = client.get("/orders/3", headers={"Via": f"1.0 x, {via}"})
    assert response.status_code == 508
    assert response.json["responseStatus"]["errorCode"] == "LoopDetected"
    assert len(old.received) == 1


@pytest.mark.parametrize(
    "url", ["old-host", "ftp://old-host", "http://", "http://u:p@old-host", "http://old-host?x", "http://h:99999"]
)
def test_an_invalid_url_of_a_host_is_refused(url: str) -> None:
    with pytest.raises(errors.CatalogError):
        Upstream(url)


def test_one_old_host_is_enough(old: Host) -> None:
    service = shop(old.url)
    with pytest.raises(errors.CatalogError, match="two old hosts"):
        service.use(Upstream(old.url))


def test_json_passes_unchanged(client: Client, old: Host) -> None:
    old.respond = respond_document({"a": [1, None]})
    assert json.loads(client.get("/orders/3").text) == {"a": [1, None]}
