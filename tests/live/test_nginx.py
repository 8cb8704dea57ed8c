"""The gateway behind the nginx configuration that is shipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import API_KEY, Gateway, end, free_port, wait_until

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


@pytest.fixture
def proxied(gateway: Gateway, tmp_path: Path) -> Iterator[str]:
    """The address of nginx in front of a gateway."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    port = free_port()
    shipped = CONFIGURATION.read_text()
    assert "127.0.0.1:8000" in shipped
    assert "listen 80;" in shipped
    ours = shipped.replace("127.0.0.1:8000", gateway.address).replace("listen 80;", f"listen 127.0.0.1:{port};")
    (tmp_path / "gateway.conf").write_text(ours)
    (tmp_path / "nginx.conf").write_text(AROUND.format(folder=tmp_path, user="user root;" if os.geteuid() == 0 else ""))
    process = subprocess.Popen(
        [nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")], stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _status(f"{url}/health") == 200, "nginx", process)
        yield url
    finally:
        end(process)


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_sessions_through_nginx(proxied: str) -> None:
    request = urllib.request.Request(
        f"{proxied}/Sessions.jsv",
        b"{displayName:Hi}",
        {"Authorization": f"Bearer {API_KEY}", "Content-Type": "text/jsv"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/jsv"
        assert answer.headers["X-Request-Id"]
        assert b"displayName:Hi" in answer.read()


def test_an_encoded_dot_survives(proxied: str) -> None:
    request = urllib.request.Request(f"{proxied}/sessions/x%2Exml", headers={"Authorization": f"Bearer {API_KEY}"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    with refused.value as answer:
        assert answer.code == 404
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_too_much_is_refused_in_the_callers_format(proxied: str) -> None:
    request = urllib.request.Request(
        f"{proxied}/sessions.xml",
        b"x" * (10 * 1024 * 1024 + 1),
        {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/xml"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    with refused.value as answer:
        assert (answer.code, answer.headers["Content-Type"]) == (413, "application/xml")
