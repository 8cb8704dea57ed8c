"""The gateway behind the nginx configuration that is shipped."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import API_KEY, EMAIL, FIRST_USER, PASSWORD, Gateway, GatewayFactory, end, free_port, wait_until

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx" / "gateway.conf"

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
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    port: int

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request with the API key, over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Authorization": f"Bearer {API_KEY}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        connection.request(method, path, body, {name: value for name, value in sent.items() if value})
        with connection.getresponse() as response:
            answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    def answers(self) -> bool:
        """Whether anything answers."""
        try:
            self.ask("GET", "/health")
        except OSError:
            return False
        return True


ProxyFactory = Callable[[str], Proxy]


@pytest.fixture
def make_proxy(tmp_path: Path) -> Iterator[ProxyFactory]:
    """Start nginx in front of what listens at an address, as `upstream` names it."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    started: list[subprocess.Popen[bytes]] = []

    def make(upstream: str) -> Proxy:
        folder, port = tmp_path / f"nginx-{len(started)}", free_port()
        folder.mkdir()
        text = CONFIGURATION.read_text()
        for shipped, ours in (
            ("server 127.0.0.1:8000;", f"server {upstream};"),
            ("listen 80;", f"listen 127.0.0.1:{port};"),
        ):
            assert text.count(shipped) == 1
            text = text.replace(shipped, ours)
        (folder / "gateway.conf").write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        proxy = Proxy(port)
        wait_until(proxy.answers, "nginx", process)
        return proxy

    yield make
    for process in started:
        end(process)


@pytest.fixture
def gateway(lasting_gateway: Gateway) -> Gateway:
    """One for all tests of this module."""
    return lasting_gateway


@pytest.fixture
def proxy(gateway: Gateway, make_proxy: ProxyFactory) -> Proxy:
    """nginx in front of a gateway."""
    return make_proxy(gateway.address)


def test_sessions_through_nginx(proxy: Proxy) -> None:
    answer = proxy.ask("POST", "/Sessions.jsv", b"{displayName:Hi}", Content_Type="text/jsv")
    assert answer.headers["Content-Type"] == "text/jsv"
    assert b"displayName:Hi" in answer.body


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
        assert [each["displayName"] for each in json.loads(answer.body)] == ["a", "b"]


def test_a_query_of_8_kilobytes(proxy: Proxy) -> None:
    assert proxy.ask("GET", f"/json/reply/GetSession?SessionId=x&filler={'y' * 8000}").status == 404


def test_the_request_id_is_the_callers_where_it_is_a_plain_one(proxy: Proxy, gateway: Gateway) -> None:
    assert proxy.ask("GET", "/health", X_Request_Id="abc-126").headers["X-Request-Id"] == "abc-126"
    made = proxy.ask("GET", "/health", X_Request_Id="not a plain one").headers["X-Request-Id"]
    assert len(made) == 32
    wait_until(lambda: made in gateway.printed(), "the log line")


def test_the_gateway_knows_the_scheme_that_nginx_tells(make_gateway: GatewayFactory, make_proxy: ProxyFactory) -> None:
    """Behind nginx on plain HTTP cookies are not Secure; a client's own claim changes nothing."""
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
    """A little over the limit is the gateway's to refuse, far over it nginx's."""
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
    """The texts of nginx are documents: the gateway's own serializers read them."""
    from serializers.registry import default_registry

    registry = default_registry()
    proxy = make_proxy(f"127.0.0.1:{free_port()}")
    for name in ("json", "jsv", "xml"):
        serializer = registry.by_name(name)
        assert serializer is not None
        assert "ServiceUnavailable" in repr(serializer.decode(proxy.ask("GET", f"/sessions.{name}").body))
