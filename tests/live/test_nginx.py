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
        sent = {"Authorization": f"Bearer {API_KEY}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        connection.request(method, path, body, {name: value for name, value in sent.items() if value})
        with connection.getresponse() as response:
            answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

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
    started: list[subprocess.Popen[bytes]] = []

    def make(*upstreams: str, tls: str = "", more: str = "", events: str = "") -> Proxy:
        servers = " ".join(f"server {each} max_fails=0;" for each in upstreams)
        folder, port = tmp_path / f"nginx-{len(started)}", free_port()
        folder.mkdir()
        text = CONFIGURATION.read_text()
        for shipped, ours in (
            ("server 127.0.0.1:8000 max_fails=0;", servers),
            ("listen 80;", f"listen 127.0.0.1:{port};"),
        ):
            assert text.count(shipped) == 1
            text = text.replace(shipped, ours)
        if events:
            shipped = (NGINX / "gateway-events.conf").read_text()
            assert shipped.count("server 127.0.0.1:8001 ") == 1
            (folder / "gateway-events.conf").write_text(shipped.replace("127.0.0.1:8001", events))
        assert text.count("    location / {") == 1
        text = text.replace("    location / {", f"{more}\n    location / {{")
        (folder / "gateway.conf").write_text(text)
        if tls:
            (folder / "gateway-tls.conf").write_text(tls)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        proxy = Proxy(port, folder)
        wait_until(proxy.answers, "nginx", process)
        return proxy

    yield make
    for process in started:
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
    answer = proxy.ask("POST", "/Sessions.jsv", b"{displayName:Hi}", Content_Type="text/jsv")
    assert answer.headers["Content-Type"] == "text/jsv"
    assert b"displayName:Hi" in answer.body


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """A stack that closes what a test opens."""
    with ExitStack() as stack:
        yield stack


def listen(proxy: Proxy, opened: ExitStack) -> Stream:
    """Open the event stream of a new subscriber through nginx."""
    connection = opened.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=30))
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


def test_server_events_pass_at_once(proxy: Proxy, opened: ExitStack) -> None:
    stream = listen(proxy, opened)
    assert stream.next().body["heartbeatUrl"].startswith("http://example.org/event-heartbeat?id=")
    for name in ("one", "two"):
        proxy.ask("POST", "/sessions", json.dumps({"displayName": name}).encode(), Content_Type="application/json")
        assert stream.events(1)[0].body["displayName"] == name


def test_server_events_of_a_process_of_their_own(
    make_gateway: GatewayFactory, make_proxy: ProxyFactory, opened: ExitStack
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
    opened.callback(events.stop)
    proxy = make_proxy(requests.address, events=bind)
    made = [listen(proxy, opened) for _ in range(100)]
    firsts = [each.next().body for each in made]
    proxy.ask("POST", "/sessions", b'{"displayName":"one"}', Content_Type="application/json")
    for each in made:
        assert each.events(1)[0].body["displayName"] == "one"
    path = firsts[0]["heartbeatUrl"].partition("example.org")[2]
    assert proxy.ask("POST", path).status == 200
    assert made[0].until("cmd.onHeartbeat")
    # The other process changes and ends it through the database.
    body = b'{"subscribeChannels":["news"]}'
    assert (
        proxy.ask("POST", f"/event-subscribers/{firsts[0]['id']}", body, Content_Type="application/json").status == 200
    )
    assert made[0].until("cmd.onUpdate").body["channels"] == "home,news"
    with urllib.request.urlopen(f"{events.url}/metrics", timeout=30) as answer:
        assert b'gateway_event_subscribers{worker="0"} 100' in answer.read()
    assert events.process is not None
    events.process.send_signal(signal.SIGHUP)
    assert made[0].until("cmd.onGoodbye")
    assert made[0].ends()
    wait_until(lambda: b"cmd.onConnect" in listen(proxy, opened).connection.recv(65536), "the new worker listens")
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
    answer = proxy.ask("GET", path)
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "x.xml" in json.loads(answer.body)["responseStatus"]["message"]


def test_brackets_of_batches_survive(proxy: Proxy) -> None:
    for name in ("NewSession[]", "NewSession%5B%5D"):
        answer = proxy.ask("POST", f"/json/reply/{name}", b'[{"displayName":"a"},{"displayName":"b"}]')
        assert answer.status == 200, answer.body
        assert [each["displayName"] for each in json.loads(answer.body)] == ["a", "b"]


def test_a_query_of_8_kilobytes(proxy: Proxy) -> None:
    assert proxy.ask("GET", f"/json/reply/GetSession?SessionId=x&filler={'y' * 8000}").status == 404


def test_the_request_id_is_the_callers_where_it_is_a_plain_one(proxy: Proxy, gateway: Gateway) -> None:
    assert proxy.ask("GET", "/health", X_Request_Id="abc-126").headers["X-Request-Id"] == "abc-126"
    made = proxy.ask("GET", "/health", X_Request_Id="not a plain one").headers["X-Request-Id"]
    assert len(made) == 32
    wait_until(lambda: made in gateway.printed(), "the log line")


def test_the_gateway_knows_the_scheme_that_nginx_tells(make_gateway: GatewayFactory, make_proxy: ProxyFactory) -> None:
    """Behind nginx on plain HTTP, cookies are not Secure; a header of the client changes nothing."""
    gateway = make_gateway(**FIRST_USER)
    gateway.start()
    proxy = make_proxy(gateway.address)
    body = json.dumps({"userName": EMAIL, "password": PASSWORD}).encode()
    headers = {"Authorization": "", "Content_Type": "application/json", "X_Forwarded_Proto": "https"}
    answer = proxy.ask("POST", "/auth/credentials", body, **headers)
    cookies = answer.headers.get_all("Set-Cookie") or []
    assert answer.status == 200
    assert cookies
    assert not any("Secure" in each for each in cookies)


def test_log_ins_are_limited_and_nothing_else_is(proxy: Proxy) -> None:
    wrong = b'{"userName":"nobody","password":"wrong"}'
    statuses = [
        proxy.ask("POST", "/auth/credentials.jsv", b"{}", Authorization="", Content_Type="text/jsv") for _ in range(40)
    ]
    limited = [each for each in statuses if b"The proxy refused" in each.body]
    assert limited
    assert {each.status for each in limited} == {429}
    assert limited[0].headers["Content-Type"] == "application/jsv"
    assert limited[0].headers["Retry-After"]
    assert proxy.ask("POST", "/json/reply/Authenticate%5B%5D", wrong, Authorization="").status == 429
    assert all(proxy.ask("GET", "/auth").status == 200 for _ in range(30))
    assert proxy.ask("POST", "/sessions", b"{}").status == 200


def test_too_much_is_refused_in_the_callers_format(proxy: Proxy) -> None:
    """The gateway refuses bodies slightly over its limit, nginx those far over it."""
    for size in (10 * MEGABYTE + 1, 12 * MEGABYTE):
        answer = proxy.ask("POST", "/sessions.xml", b"x" * size, Content_Type="application/xml")
        assert (answer.status, answer.headers["Content-Type"]) == (413, "application/xml")
        assert b"<ErrorCode>RequestEntityTooLarge</ErrorCode>" in answer.body


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
    answer = make_proxy(f"127.0.0.1:{free_port()}").ask("POST", path, b"{}", Accept=accept, X_Request_Id="abc-127")
    assert answer.status == 502
    assert answer.headers.get_all("Content-Type") == [content_type]
    assert answer.headers["X-Request-Id"] == "abc-127"
    assert answer.headers["Retry-After"]
    assert answer.body.startswith(body)


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
REFUSED: list[tuple[bytes, int, str]] = [
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


@pytest.mark.parametrize(("data", "status", "format_name"), REFUSED, ids=[f"{index}" for index in range(len(REFUSED))])
def test_what_nginx_refuses_is_answered_in_the_requested_format(
    proxy: Proxy, data: bytes, status: int, format_name: str
) -> None:
    answer = proxy.send(data)
    assert answer.status == status
    assert format_name in answer.headers["Content-Type"]
    assert answer.body.startswith(STARTS[format_name])
    assert len(answer.headers["X-Request-Id"]) == 32
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ("Content-Security-Policy" in answer.headers) is (format_name == "html")


def test_log_ins_by_basic_are_limited(make_proxy: ProxyFactory) -> None:
    """The limit holds for every path; other requests go on."""
    proxy = make_proxy(f"127.0.0.1:{free_port()}")
    statuses = Counter(proxy.ask("GET", "/sessions", Authorization="Basic YTpi").status for _ in range(200))
    assert statuses[429] > 20
    assert statuses[502] > 100
    assert proxy.ask("GET", "/sessions").status == 502


def test_what_a_client_says_of_its_way_ends_at_nginx(proxy: Proxy) -> None:
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
    found = re.search(r"\n    location /gateway/ \{.*?\n    \}\n", page, re.DOTALL)
    assert found is not None
    proxy = make_proxy(gateway.address, more=found[0])
    moved = proxy.ask("GET", "/gateway/", Accept="text/html")
    assert (moved.status, moved.headers["Location"]) == (302, "/gateway/metadata")
    seen, waiting = set[str](), {"/gateway/metadata", "/gateway/auth/status.html"}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = proxy.ask("GET", path)
        assert answer.status == 200, path
        if answer.headers["Content-Type"].startswith("text/html"):
            links = {
                html.unescape(each).partition("#")[0]
                for each in re.findall(r'href="([^"#][^"]*)"', answer.body.decode())
            }
            assert all(each.startswith(("/gateway/", "data:")) for each in links), path
            # One operation's pages are enough.
            followed = {each for each in links if each.startswith("/")}
            waiting |= {each for each in followed if "op=" not in each or "op=GetSession&lang=" in each} - seen
    assert len(seen) > 20
    credentials = json.dumps({"userName": EMAIL, "password": PASSWORD}).encode()
    answer = proxy.ask("POST", "/gateway/auth", credentials, Authorization="", Content_Type="application/json")
    assert all("; Path=/gateway;" in each for each in answer.headers.get_all("Set-Cookie") or [""])


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
    for shipped, ours in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/nginx/tls/gateway.pem", str(certificate)),
        ("/etc/nginx/tls/gateway.key", str(key)),
    ):
        assert text.count(shipped) == 1
        text = text.replace(shipped, ours)
    proxy = make_proxy(gateway.address, tls=text)
    moved = proxy.ask("POST", "/sessions?format=jsv", b"{}", Host="localhost")
    assert (moved.status, moved.headers["Location"]) == (308, "https://localhost/sessions?format=jsv")
    trusting = ssl.create_default_context(cafile=str(certificate))
    credentials = json.dumps({"userName": EMAIL, "password": PASSWORD}).encode()
    answers = []
    for method, path, body in (
        ("POST", "/auth", credentials),
        ("GET", "/types/metadata.json", None),
        ("GET", "/%00", None),
    ):
        connection = http.client.HTTPSConnection("localhost", port, context=trusting, timeout=60)
        connection.request(method, path, body, {"Content-Type": "application/json", "Host": "localhost:443"})
        with connection.getresponse() as response:
            answers.append(Answer(response.status, response.headers, response.read()))
        connection.close()
    assert [each.status for each in answers] == [200, 200, 400]
    assert all(each.headers["Strict-Transport-Security"] == "max-age=31536000" for each in answers)
    assert all(each.endswith("; Secure") for each in answers[0].headers.get_all("Set-Cookie") or [""])
    assert json.loads(answers[1].body)["config"]["baseUrl"] == "https://localhost"
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
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for each in self._threads:
            each.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            for method, body in (("POST", b"{}"), ("GET", None)):
                try:
                    answer = self.proxy.ask(method, "/sessions?countPerPage=1", body, Content_Type="application/json")
                except (OSError, http.client.HTTPException):
                    self.statuses[0] += 1
                    continue
                self.statuses[answer.status] += 1
                self.types[answer.headers["Content-Type"]] += 1
                if method == "POST" and answer.status == 200:
                    self.stored.append(json.loads(answer.body)["id"])


@pytest.fixture
def nodes(make_gateway: GatewayFactory) -> tuple[Gateway, Gateway]:
    """Two running nodes on one database."""
    one = make_gateway(**FIRST_USER)
    one.start()
    two = make_gateway(**FIRST_USER, GATEWAY_DATABASE_URL=f"sqlite:///{one.folder}/gateway.db")
    two.start()
    return one, two


def restart(gateway: Gateway) -> None:
    gateway.stop()
    gateway.start()


def test_nodes_that_restart_one_after_the_other_lose_nothing(
    nodes: tuple[Gateway, Gateway], make_proxy: ProxyFactory
) -> None:
    proxy = make_proxy(*(each.address for each in nodes))
    with Load(proxy) as load:
        for each in nodes:
            time.sleep(1)
            restart(each)
        time.sleep(1)
    total = load.statuses.total()
    assert total > 200
    assert total - load.statuses[200] <= max(1, total // 10_000), [
        line for line in (proxy.folder / "error.log").read_text().splitlines() if "Connection refused" not in line
    ][:5]
    assert all(proxy.ask("GET", f"/sessions/{each}").status == 200 for each in load.stored[:: max(1, total // 200)])


def test_nodes_that_restart_at_once_are_missed_in_the_requested_format(
    nodes: tuple[Gateway, Gateway], make_proxy: ProxyFactory
) -> None:
    proxy = make_proxy(*(each.address for each in nodes))
    with Load(proxy) as load:
        time.sleep(1)
        threads = [threading.Thread(target=restart, args=(each,)) for each in nodes]
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
    assert all(proxy.ask("GET", f"/sessions/{each}").status == 200 for each in load.stored[::20])
