"""Contracts of running hosts: found by what the host has, under limits, without credentials."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.importing import sources, web
from gateway.importing.drafts import ImportFailed
from gateway.sessions.service import service
from tests.importing import contracts
from tests.importing.test_metadata_json import document, operation, prop

#: What a host has at a path: a status, headers and a body.
Answer = tuple[int, dict[str, str], bytes]
TEXT = json.dumps(document(operation("Ask", prop("Name", "String")))).encode()
LOGIN = b"<!doctype html><html><head><title>Log in</title></head><body><form></form></body></html>"


@pytest.fixture
def host() -> Iterator[Callable[[dict[str, Answer]], str]]:
    """Serves some paths; the requests are kept in ``asked``."""
    servers = []

    def serve(responses: dict[str, Answer]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = responses.get(self.path, (404, {}, b"not here"))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for running_server in servers:
        running_server.shutdown()
        running_server.server_close()


def test_a_host(host: Callable[[dict[str, Answer]], str]) -> None:
    url = host({"/types/metadata.json": (200, {}, TEXT)})
    assert [*sources.import_from(url).contract.by_name] == ["Ask"]
    assert sources.import_from(f"{url}/").source == f"{url}/types/metadata.json"
    app = json.dumps({"app": {"serviceName": "Old"}, "api": json.loads(TEXT)}).encode()
    url = host({"/types/metadata.json": (200, {}, LOGIN), "/old/metadata/app.json": (200, {}, app)})
    assert sources.import_from(f"{url}/old").title == "Old"
    url = host(
        {"/types/csharp": (200, {}, b'namespace A { [Route("/b")] public class B { public int C { get; set; } } }')}
    )
    assert [*sources.import_from(url).contract.by_name] == ["B"]


def test_metadata_pages(host: Callable[[dict[str, Answer]], str]) -> None:
    paths = ["/metadata", *(f"/json/metadata?op={name}&lang=csharp" for name in ("NewSession", "GetSession"))]
    with service.client() as client:
        bodies = {path: client.get(path).content for path in paths}
    index = b'<html><body><a href="/json/metadata?op=NewSession">x</a><a href="/xml/metadata?x=1&amp;op=GetSession">y</a></body></html>'
    url = host({**{path: (200, {}, body) for path, body in bodies.items()}, "/metadata": (200, {}, index)})
    imported = sources.import_from(url)
    assert [*imported.contract.by_name] == ["NewSession", "GetSession"]
    assert imported.contract.by_name["GetSession"].routes[0].path == "/sessions/{SessionId}"
    assert contracts.make_comparable(contracts.declare(imported.contract)) == contracts.make_comparable(
        imported.contract
    )


def test_a_document_of_a_host(host: Callable[[dict[str, Answer]], str]) -> None:
    url = host({"/x/contract.json": (200, {}, TEXT), "/moved": (302, {"Location": "/x/contract.json"}, b"")})
    assert [*sources.import_from(f"{url}/x/contract.json").contract.by_name] == ["Ask"]
    assert web.fetch(f"{url}/moved", 1000) == TEXT


def test_hosts_that_cannot_be_read(host: Callable[[dict[str, Answer]], str], monkeypatch: pytest.MonkeyPatch) -> None:
    url = host(
        {
            "/loop": (302, {"Location": "/loop"}, b""),
            "/file": (302, {"Location": "file:///etc/passwd"}, b""),
            "/ftp": (302, {"Location": "ftp://127.0.0.1/x"}, b""),
            "/secret": (401, {}, b""),
            "/short": (200, {"Content-Length": "1000"}, b"abc"),
            "/login.json": (200, {}, LOGIN),
        }
    )
    for path, message in {
        "/loop": "redirect",
        "/file": "not allowed",
        "/ftp": "not an http or https URL",
        "/secret": "401 .* credentials, which are not sent",
        "/short": "997 bytes early",
        "/nothing": "404",
    }.items():
        with pytest.raises(ImportFailed, match=message):
            web.fetch(url + path, 10_000)
    with pytest.raises(ImportFailed, match="longer than the limit of 10 bytes"):
        web.fetch(f"{url}/login.json", 10)
    with pytest.raises(ImportFailed, match="a log-in page"):
        sources.import_from(f"{url}/login.json")
    with pytest.raises(
        ImportFailed, match=r"has no contract that can be imported(.|\n)*metadata.json: 404(.|\n)*csharp: 404"
    ):
        sources.import_from(url)
    monkeypatch.setattr(web, "PATIENCE", -1)
    with pytest.raises(ImportFailed, match="takes longer"):
        web.fetch(f"{url}/login.json", 1000)


@pytest.mark.parametrize(
    "url", ["http://", "https:///x", "http://ada:secret@127.0.0.1:1/types/metadata.json", "http://127.0.0.1:1/"]
)
def test_urls_that_are_not_fetched(url: str) -> None:
    with pytest.raises(ImportFailed) as failure:
        sources.import_from(url)
    assert "secret" not in str(failure.value)


def test_types_from_a_contract(host: Callable[[dict[str, Answer]], str]) -> None:
    url = host({"/types/metadata.json": (200, {}, TEXT)})
    result = CliRunner().invoke(main, ["types", "rust", "--from", url])
    assert result.exit_code == 0, result.output
    assert "pub struct Ask" in result.output
    result = CliRunner().invoke(main, ["types", "csharp", "--from", "-", "--include", "Ask"], input=TEXT.decode())
    assert "public partial class Ask" in result.output
