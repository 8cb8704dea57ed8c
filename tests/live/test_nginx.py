"""The gateway behind the shipped nginx configuration."""

from __future__ import annotations

import html
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.events.reading import Stream
from tests.servers import API_KEY, EMAIL, FIRST_USER, PASSWORD, Gateway, GatewayFactory, end, free_port, wait_until

NGINX = Path(__file__).parents[2] / "deploy" / "nginx"
CONFIGURATION = NGINX / "gateway.conf"

AROUND = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/gateway.conf;
}}
"""

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(frozen=True)
class Proxy:
    """A running nginx.

    :ivar folder: its folder, with its error log.
    """

    port: int
    folder: Path

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send one request with the API key, on a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        all_headers = {"Authorization": f"Bearer {API_KEY}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        connection.request(method, path, body, {name: value for name, value in all_headers.items() if value})
        with connection.getresponse() as response:
            response_copy = Answer(response.status, response.headers, response.read())
        connection.close()
        return response_copy

    def send(self, data: bytes) -> Answer:
        """Send these bytes on a new connection; return the response."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(data)
            with http.client.HTTPResponse(connection) as response:
                response.begin()
                return Answer(response.status, response.headers, response.read())

    def answers(self) -> bool:
        """Return whether nginx responds."""
        try:
            self.ask("GET", "/health")
        except OSError:
            return False
        return True


ProxyFactory = Callable[..., Proxy]


@pytest.fixture
def make_proxy(tmp_path: Path) -> Iterator[ProxyFactory]:
    """Start nginx in front of servers at these addresses, in the form of nginx's `upstream`."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    processes: list[subprocess.Popen[bytes]] = []

    def make(*upstreams: str, tls: str = "", more: str = "", events: str = "") -> Proxy:
        servers = " ".join(f"server {upstream} max_fails=0;" for upstream in upstreams)
        folder, port = tmp_path / f"nginx-{len(processes)}", free_port()
        folder.mkdir()
        text = CONFIGURATION.read_text()
        for default, replacement in (
            ("server 127.0.0.1:8000 max_fails=0;", servers),
            ("listen 80;", f"listen 127.0.0.1:{port};"),
        ):
            assert text.count(default) == 1
            text = text.replace(default, replacement)
        if events:
            events_text = (NGINX / "gateway-events.conf").read_text()
            assert events_text.count("server 127.0.0.1:8001 ") == 1
            (folder / "gateway-events.conf").write_text(events_text.replace("127.0.0.1:8001", events))
        assert text.count("    location / {") == 1
        text = text.replace("    location / {", f"{more}\n    location / {{")
        (folder / "gateway.conf").write_text(text)
        if tls:
            (folder / "gateway-tls.conf").write_text(tls)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        processes.append(process)
        proxy = Proxy(port, folder)
        wait_until(proxy.answers, "nginx", process)
        return proxy

    yield make
    for process in processes:
        end(process)


@pytest.fixture
def gateway(lasting_gateway: Gateway) -> Gateway:
    """One gateway for all tests of this module."""
    return lasting_gateway


@pytest.fixture
def proxy(gateway: Gateway, make_proxy: ProxyFactory) -> Proxy:
    """nginx in front of a gateway."""
    return make_proxy(gateway.address)


def test_sessions_through_nginx(proxy: Proxy) -> None:
    response = proxy.ask("POST", "/Sessions.jsv", b"{displayName:Hi}", Content_Type="text/jsv")
    assert response.headers["Content-Type"] == "text/jsv"
    assert b"displayName:Hi" in response.body


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """A stack that closes what a test opens."""
    with ExitStack() as stack:
        yield stack


def listen(proxy: Proxy, stack: ExitStack) -> Stream:
    """Open the event stream of a new subscriber through nginx."""
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=30))
    # HTTP/1.0, so that responses are not chunked.
    lines = [
        "GET /event-stream?channels=home HTTP/1.0",
        "Host: example.org",
        f"Authorization: Bearer {API_KEY}",
        "",
        "",
    ]
    connection.sendall("\r\n".join(lines).encode())
    return Stream(connection, has_head=True)


def test_server_events_pass_at_once(proxy: Proxy, stack: ExitStack) -> None:
    stream = listen(proxy, stack)
    assert stream.next().body["heartbeatUrl"].startswith("http://example.org/event-heartbeat?id=")
    for name in ("one", "two"):
        proxy.ask("POST", "/sessions", json.dumps({"displayName": name}).encode(), Content_Type="application/json")
        assert stream.events(1)[0].body["displayName"] == name


def test_server_events_of_a_process_of_their_own(
    make_gateway: GatewayFactory, make_proxy: ProxyFactory, stack: ExitStack
) -> None:
    """With granian for requests, which would need a thread for each stream: it has two places, and there are hundreds of streams."""
    pytest.importorskip("granian", reason="granian is not installed")
    bind = f"127.0.0.1:{free_port()}"
    requests = make_gateway(
        **FIRST_USER, GATEWAY_SERVER="granian", GATEWAY_WORKERS="1", GATEWAY_THREADS="2", GATEWAY_EVENTS_BIND=bind
    )
    requests.start()
    events = replace(requests, url=f"http://{bind}", output=requests.folder / "events.txt", process=None)
    events.start("gateway", "events")
    stack.callback(events.stop)
    proxy = make_proxy(requests.address, events=bind)
    streams = [listen(proxy, stack) for _ in range(100)]
    firsts = [stream.next().body for stream in streams]
    proxy.ask("POST", "/sessions", b'{"displayName":"one"}', Content_Type="application/json")
    for stream in streams:
        assert stream.events(1)[0].body["displayName"] == "one"
    path = firsts[0]["heartbeatUrl"].partition("example.org")[2]
    assert proxy.ask("POST", path).status == 200
    assert streams[0].until("cmd.onHeartbeat")
    # The other process changes and ends it through the database.
    body = b'{"subscribeChannels":["news"]}'
    assert (
        proxy.ask("POST", f"/event-subscribers/{firsts[0]['id']}", body, Content_Type="application/json").status == 200
    )
    assert streams[0].until("cmd.onUpdate").body["channels"] == "home,news"
    with urllib.request.urlopen(f"{events.url}/metrics", timeout=30) as response:
        assert b'gateway_event_subscribers{worker="0"} 100' in response.read()
    assert events.process is not None
    events.process.send_signal(signal.SIGHUP)
    assert streams[0].until("cmd.onGoodbye")
    assert streams[0].ends()
    wait_until(lambda: b"cmd.onConnect" in listen(proxy, stack).connection.recv(65536), "the new worker listens")
    assert events.stop() == 0


def test_through_a_socket(make_gateway: GatewayFactory, make_proxy: ProxyFactory) -> None:
    gateway = make_gateway(**{**FIRST_USER, "GATEWAY_BIND": "unix:gateway.socket"})
    path = gateway.folder / "gateway.socket"
    gateway.healthy = path.exists  # type: ignore[method-assign]
    gateway.start()
    proxy = make_proxy(f"unix:{path}")
    wait_until(lambda: proxy.ask("GET", "/health").status == 200, "the gateway at its socket", gateway.process)
    assert b"displayName:Hi" in proxy.ask("POST", "/sessions.jsv", b"{displayName:Hi}").body


@pytest.mark.parametrize("path", ["/sessions/x%2Exml", "/sessions/x%2exml"])
def test_an_encoded_dot_survives(proxy: Proxy, path: str) -> None:
    response = proxy.ask("GET", path)
    assert response.status == 404
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "x.xml" in json.loads(response.body)["responseStatus"]["message"]


def test_brackets_of_batches_survive(proxy: Proxy) -> None:
    for name in ("NewSession[]", "NewSession%5B%5D"):
        response = proxy.ask("POST", f"/json/reply/{name}", b'[{"displayName":"a"},{"displayName":"b"}]')
        assert response.status == 200, response.body
        assert [session["displayName"] for session in json.loads(response.body)] == ["a", "b"]


def test_a_query_of_8_kilobytes(proxy: Proxy) -> None:
    assert proxy.ask("GET", f"/json/reply/GetSession?SessionId=x&filler={'y' * 8000}").status == 404


def test_the_request_id_is_the_callers_where_it_is_a_plain_one(proxy: Proxy, gateway: Gateway) -> None:
    assert proxy.ask("GET", "/health", X_Request_Id="abc-126").headers["X-Request-Id"] == "abc-126"
    request_id = proxy.ask("GET", "/health", X_Request_Id="not a plain one").headers["X-Request-Id"]
    assert len(request_id) == 32
    wait_until(lambda: request_id in gateway.printed(), "the log line")


def test_the_gateway_uses_the_scheme_that_nginx_sends(make_gateway: GatewayFactory, make_proxy: ProxyFactory) -> None:
    """Behind nginx on plain HTTP, cookies are not Secure; a header of the client changes nothing."""
    gateway = make_gateway(**FIRST_USER)
    gateway.start()
    proxy = make_proxy(gateway.address)
    body = json.dumps({"userName": EMAIL, "password": PASSWORD}).encode()
    headers = {"Authorization": "", "Content_Type": "application/json", "X_Forwarded_Proto": "https"}
    response = proxy.ask("POST", "/auth/credentials", body, **headers)
    cookies = response.headers.get_all("Set-Cookie") or []
    assert response.status == 200
    assert cookies
    assert not any("Secure" in cookie for cookie in cookies)


def test_log_ins_are_limited_and_nothing_else_is(proxy: Proxy) -> None:
    wrong_log_in = b'{"userName":"nobody","password":"wrong"}'
    responses = [
        proxy.ask("POST", "/auth/credentials.jsv", b"{}", Authorization="", Content_Type="text/jsv") for _ in range(40)
    ]
    refusals = [response for response in responses if b"The proxy refused" in response.body]
    assert refusals
    assert {response.status for response in refusals} == {429}
    assert refusals[0].headers["Content-Type"] == "application/jsv"
    assert refusals[0].headers["Retry-After"]
    assert proxy.ask("POST", "/json/reply/Authenticate%5B%5D", wrong_log_in, Authorization="").status == 429
    assert all(proxy.ask("GET", "/auth").status == 200 for _ in range(30))
    assert proxy.ask("POST", "/sessions", b"{}").status == 200


def test_too_much_is_refused_in_the_callers_format(proxy: Proxy) -> None:
    """The gateway refuses bodies slightly over its limit, nginx those far over it."""
    for size in (10 * MEGABYTE + 1, 12 * MEGABYTE):
        response = proxy.ask("POST", "/sessions.xml", b"x" * size, Content_Type="application/xml")
        assert (response.status, response.headers["Content-Type"]) == (413, "application/xml")
        assert b"<ErrorCode>RequestEntityTooLarge</ErrorCode>" in response.body


@pytest.mark.parametrize(
    ("path", "accept", "content_type", "body"),
    [
        ("/sessions", "", "application/json; charset=utf-8", b'{"responseStatus":{"errorCode":"ServiceUnavailable",'),
        (
            "/sessions",
            "*/*",
            "application/json; charset=utf-8",
            b'{"responseStatus":{"errorCode":"ServiceUnavailable",',
        ),
        ("/sessions", "text/jsv", "text/jsv", b"{responseStatus:{errorCode:ServiceUnavailable,"),
        ("/sessions", "application/jsv, */*", "application/jsv", b"{responseStatus:{errorCode:ServiceUnavailable,"),
        ("/sessions?format=jsv", "", "application/jsv", b"{responseStatus:{errorCode:ServiceUnavailable,"),
        ("/jsv/reply/NewSession", "", "application/jsv", b"{responseStatus:{errorCode:ServiceUnavailable,"),
        ("/sessions.xml", "", "application/xml", b'<?xml version="1.0" encoding="utf-8"?><ErrorResponse xmlns='),
        ("/sessions", "application/xml", "application/xml", b'<?xml version="1.0" encoding="utf-8"?><ErrorResponse'),
    ],
)
def test_a_gateway_that_is_away(
    make_proxy: ProxyFactory, path: str, accept: str, content_type: str, body: bytes
) -> None:
    response = make_proxy(f"127.0.0.1:{free_port()}").ask("POST", path, b"{}", Accept=accept, X_Request_Id="abc-127")
    assert response.status == 502
    assert response.headers.get_all("Content-Type") == [content_type]
    assert response.headers["X-Request-Id"] == "abc-127"
    assert response.headers["Retry-After"]
    assert response.body.startswith(body)


def test_a_client_that_reads_answers_of_errors_by_nginx(make_proxy: ProxyFactory) -> None:
    """The gateway's own serializers can read nginx's errors."""
    from serializers.registry import default_registry

    registry = default_registry()
    proxy = make_proxy(f"127.0.0.1:{free_port()}")
    for name in ("json", "jsv", "xml", "csv"):
        serializer = registry.by_name(name)
        assert serializer is not None
        assert "ServiceUnavailable" in repr(serializer.decode(proxy.ask("GET", f"/sessions.{name}").body))


HOST = b"\r\nHost: x\r\n\r\n"
LONG = b"y" * 17_000
#: Requests that nginx itself refuses, with status and format.
REFUSALS: list[tuple[bytes, int, str]] = [
    (b"GET /sessions.jsv?x=" + LONG + b" HTTP/1.1" + HOST, 414, "jsv"),
    (b"GET /sessions?format=xml&x=" + LONG + b" HTTP/1.1" + HOST, 414, "xml"),
    (b"GET /sessions/100% HTTP/1.1" + HOST, 400, "json"),
    (b"GET /sessions/100%.jsv HTTP/1.1" + HOST, 400, "jsv"),
    (b"GET /sessions/%00 HTTP/1.1" + HOST, 400, "json"),
    (b"GET /xml/reply/%00 HTTP/1.1" + HOST, 400, "xml"),
    (b"GET /../../x.csv HTTP/1.1" + HOST, 400, "csv"),
    (b"get /sessions.xml HTTP/1.1" + HOST, 400, "xml"),
    (b"get /sessions HTTP/1.1" + HOST, 400, "json"),
    (b"CONNECT host:443 HTTP/1.1" + HOST, 400, "json"),
    (b"CONNECT /sessions.jsv HTTP/1.1" + HOST, 405, "jsv"),
    (b"TRACE /sessions.jsv HTTP/1.1" + HOST, 405, "jsv"),
    (b"OPTIONS * HTTP/1.1" + HOST, 400, "json"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "json"),
    (b"GET\r\n\r\n", 400, "json"),
    (b"junk\r\n\r\n", 400, "json"),
    (b"\x00\xff\xfe\r\n\r\n", 400, "json"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), 400, "json"),
    (b"GET /sessions.jsv HTTP/2.5" + HOST, 505, "jsv"),
    (b"GET /sessions.jsv HTTP/1.1\r\n\r\n", 400, "jsv"),
    (b"GET /sessions HTTP/1.1\r\nAccept: text/jsv\r\n\r\n", 400, "jsv"),
    (b"GET /sessions HTTP/1.1\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9\r\n\r\n", 400, "html"),
    (b"GET /sessions HTTP/1.1\r\nAccept: application/json, text/html\r\n\r\n", 400, "json"),
    (b"GET /sessions.html?format=jsv HTTP/1.1\r\n\r\n", 400, "html"),
    (b"GET /sessions HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "json"),
    (b"GET /sessions.jsv HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "jsv"),
    (b"GET /sessions.jsv HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400, "jsv"),
    (b"GET /sessions.jsv HTTP/1.1\r\nHost: x\r\nA: " + LONG + b"\r\n\r\n", 431, "jsv"),
    (b"POST /sessions.xml HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n", 400, "xml"),
    (b"POST /sessions.jsv HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "jsv"),
    (b"POST /sessions.jsv HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 413, "jsv"),
    (b"POST /sessions.jsv HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "jsv"),
    (b"GET /gateway-refused HTTP/1.1" + HOST, 404, "json"),
]
STARTS = {
    "json": b'{"responseStatus":{"errorCode":"',
    "jsv": b"{responseStatus:{errorCode:",
    "xml": b'<?xml version="1.0" encoding="utf-8"?><ErrorResponse',
    "csv": b"ResponseStatus\n",
    "html": b"<!doctype html><html lang=",
}


@pytest.mark.parametrize(
    ("data", "status", "format_name"), REFUSALS, ids=[f"{index}" for index in range(len(REFUSALS))]
)
def test_requests_that_nginx_refuses_get_the_requested_format(
    proxy: Proxy, data: bytes, status: int, format_name: str
) -> None:
    response = proxy.send(data)
    assert response.status == status
    assert format_name in response.headers["Content-Type"]
    assert response.body.startswith(STARTS[format_name])
    assert len(response.headers["X-Request-Id"]) == 32
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert ("Content-Security-Policy" in response.headers) is (format_name == "html")


def test_log_ins_by_basic_are_limited(make_proxy: ProxyFactory) -> None:
    """The limit holds for every path; other requests go on."""
    proxy = make_proxy(f"127.0.0.1:{free_port()}")
    statuses = Counter(proxy.ask("GET", "/sessions", Authorization="Basic YTpi").status for _ in range(200))
    assert statuses[429] > 20
    assert statuses[502] > 100
    assert proxy.ask("GET", "/sessions").status == 502


def test_forwarding_headers_of_a_client_end_at_nginx(proxy: Proxy) -> None:
    headers: dict[str, Any] = {
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Prefix": "/evil",
        "Forwarded": "host=evil.example",
    }
    document = proxy.ask("GET", "/openapi.json", **headers).body
    assert b"evil" not in document


def test_under_a_path(gateway: Gateway, make_proxy: ProxyFactory) -> None:
    """As documented: every link works, and cookies are sent back."""
    page = (NGINX.parents[1] / "docs" / "deployment.rst").read_text()
    match = re.search(r"\n    location /gateway/ \{.*?\n    \}\n", page, re.DOTALL)
    assert match is not None
    proxy = make_proxy(gateway.address, more=match[0])
    redirect = proxy.ask("GET", "/gateway/", Accept="text/html")
    assert (redirect.status, redirect.headers["Location"]) == (302, "/gateway/metadata")
    seen, waiting = set[str](), {"/gateway/metadata", "/gateway/auth/status.html"}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        response = proxy.ask("GET", path)
        assert response.status == 200, path
        if response.headers["Content-Type"].startswith("text/html"):
            links = {
                html.unescape(link).partition("#")[0]
                for link in re.findall(r'href="([^"#][^"]*)"', response.body.decode())
            }
            assert all(link.startswith(("/gateway/", "data:")) for link in links), path
            # One operation's pages are enough.
            followed_links = {link for link in links if link.startswith("/")}
            waiting |= {link for link in followed_links if "op=" not in link or "op=GetSession&lang=" in link} - seen
    assert len(seen) > 20
    credentials = json.dumps({"userName": EMAIL, "password": PASSWORD}).encode()
    response = proxy.ask("POST", "/gateway/auth", credentials, Authorization="", Content_Type="application/json")
    assert all("; Path=/gateway;" in cookie for cookie in response.headers.get_all("Set-Cookie") or [""])


def test_tls(gateway: Gateway, make_proxy: ProxyFactory, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, certificate, port = tmp_path / "gateway.key", tmp_path / "gateway.pem", free_port()
    subprocess.run(
        (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
            f"-addext subjectAltName=DNS:localhost -keyout {key} -out {certificate}"
        ).split(),
        check=True,
        capture_output=True,
    )
    text = (NGINX / "gateway-tls.conf").read_text()
    for default, replacement in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/nginx/tls/gateway.pem", str(certificate)),
        ("/etc/nginx/tls/gateway.key", str(key)),
    ):
        assert text.count(default) == 1
        text = text.replace(default, replacement)
    proxy = make_proxy(gateway.address, tls=text)
    redirect = proxy.ask("POST", "/sessions?format=jsv", b"{}", Host="localhost")
    assert (redirect.status, redirect.headers["Location"]) == (308, "https://localhost/sessions?format=jsv")
    context = ssl.create_default_context(cafile=str(certificate))
    credentials = json.dumps({"userName": EMAIL, "password": PASSWORD}).encode()
    responses = []
    for method, path, body in (
        ("POST", "/auth", credentials),
        ("GET", "/types/metadata.json", None),
        ("GET", "/%00", None),
    ):
        connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=60)
        connection.request(method, path, body, {"Content-Type": "application/json", "Host": "localhost:443"})
        with connection.getresponse() as response:
            responses.append(Answer(response.status, response.headers, response.read()))
        connection.close()
    assert [response.status for response in responses] == [200, 200, 400]
    assert all(response.headers["Strict-Transport-Security"] == "max-age=31536000" for response in responses)
    assert all(cookie.endswith("; Secure") for cookie in responses[0].headers.get_all("Set-Cookie") or [""])
    assert json.loads(responses[1].body)["config"]["baseUrl"] == "https://localhost"
    with pytest.raises(ssl.SSLError):
        ssl.create_default_context().wrap_socket(
            socket.create_connection(("127.0.0.1", port)), server_hostname="localhost"
        )
    assert Proxy(port, tmp_path).send(b"GET /sessions.jsv HTTP/1.1" + HOST).status == 308


@dataclass
class Load:
    """Clients that create and list sessions without a pause.

    :ivar statuses: how often each status occurred; 0 for a broken connection.
    :ivar stored: the ids of the acknowledged sessions.
    """

    proxy: Proxy
    statuses: Counter[int] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    stored: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(4)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            for method, body in (("POST", b"{}"), ("GET", None)):
                try:
                    response = self.proxy.ask(method, "/sessions?countPerPage=1", body, Content_Type="application/json")
                except (OSError, http.client.HTTPException):
                    self.statuses[0] += 1
                    continue
                self.statuses[response.status] += 1
                self.types[response.headers["Content-Type"]] += 1
                if method == "POST" and response.status == 200:
                    self.stored.append(json.loads(response.body)["id"])


@pytest.fixture
def nodes(make_gateway: GatewayFactory) -> tuple[Gateway, Gateway]:
    """Two running nodes on one database."""
    first_node = make_gateway(**FIRST_USER)
    first_node.start()
    second_node = make_gateway(**FIRST_USER, GATEWAY_DATABASE_URL=f"sqlite:///{first_node.folder}/gateway.db")
    second_node.start()
    return first_node, second_node


def restart_gateway(gateway: Gateway) -> None:
    gateway.stop()
    gateway.start()


def test_nodes_that_restart_one_after_the_other_lose_nothing(
    nodes: tuple[Gateway, Gateway], make_proxy: ProxyFactory
) -> None:
    proxy = make_proxy(*(node.address for node in nodes))
    with Load(proxy) as load:
        for node in nodes:
            time.sleep(1)
            restart_gateway(node)
        time.sleep(1)
    total = load.statuses.total()
    assert total > 200
    assert total - load.statuses[200] <= max(1, total // 10_000), [
        line for line in (proxy.folder / "error.log").read_text().splitlines() if "Connection refused" not in line
    ][:5]
    assert all(
        proxy.ask("GET", f"/sessions/{session_id}").status == 200 for session_id in load.stored[:: max(1, total // 200)]
    )


def test_nodes_that_restart_at_once_are_missed_in_the_requested_format(
    nodes: tuple[Gateway, Gateway], make_proxy: ProxyFactory
) -> None:
    proxy = make_proxy(*(node.address for node in nodes))
    with Load(proxy) as load:
        time.sleep(1)
        threads = [threading.Thread(target=restart_gateway, args=(node,)) for node in nodes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        began = time.monotonic()
        assert proxy.ask("POST", "/sessions", b"{}").status == 200
        assert time.monotonic() - began < 10
        time.sleep(1)
    assert set(load.statuses) <= {200, 502, 503}
    assert set(load.types) == {"application/json; charset=utf-8"}
    assert all(proxy.ask("GET", f"/sessions/{session_id}").status == 200 for session_id in load.stored[::20])
