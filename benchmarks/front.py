"""Compare the front with nginx's proxy_pass, before the same old host: seconds per request, and ratios.

    python benchmarks/front.py [--rounds N] [--requests N]

One client sends requests over one keep-alive connection. Cases are interleaved, each round in the opposite order of the one before; a
ratio is the median of the rounds' ratios. The old host is `gateway serve` with a small service.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SHOP = """
from gateway import ANYONE, Dto, Service, fields

shop = Service("Shop")

class Thing(Dto):
    id = fields.String()
    name = fields.String()
    tags = fields.List(fields.String())

@shop.get("/things/{Id}", returns=Thing, access=ANYONE)
class GetThing(Dto):
    id = fields.String()

@shop.post("/things", returns=Thing, access=ANYONE)
class NewThing(Dto):
    name = fields.String()
    tags = fields.List(fields.String())

def handle(request, context):
    return Thing.new(id="7", name=getattr(request, "name", "Ann"), tags=["a", "b", "c"])
"""
OLD = f"{SHOP}\nshop.handles(GetThing)(handle)\nshop.handles(NewThing)(handle)\n"
NGINX = """
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream old {{ server 127.0.0.1:{old}; keepalive 8; keepalive_requests 10000000; }}
  keepalive_requests 10000000;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://old; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""
BODY = b'{"name":"Ann","tags":["a","b","c"]}'
REQUESTS = {
    "GET": b"GET /things/7 HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n",
    "POST": b"POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
    % (len(BODY), BODY),
}


def find_free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def run_server(folder: Path, port: int, *command: str) -> Iterator[None]:
    """Run a server as long as the block."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}:{Path(__file__).parents[1]}",
        "GATEWAY_BIND": f"127.0.0.1:{port}",
        "GATEWAY_WORKERS": "1",
        "GATEWAY_LOG": "json",
    }
    with (
        (folder / f"{port}.log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            else:
                raise SystemExit((folder / f"{port}.log").read_text())
            yield
        finally:
            process.terminate()


class Client:
    """A client with one keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _receive(self) -> bytes:
        block = self._socket.recv(65536)
        if not block:
            raise SystemExit("a server ended the connection")
        return block

    def send(self, request: bytes) -> None:
        """Send a request, and read the whole response."""
        self._socket.sendall(request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._receive()
        head = data[:end].lower()
        if not data.startswith(b"HTTP/1.1 200"):
            raise SystemExit(data.decode("latin-1"))
        if b"content-length:" not in head:
            while not data.endswith(b"0\r\n\r\n"):
                data += self._receive()
            return
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(data) < end + 4 + length:
            data += self._receive()


def measure_seconds(client: Client, request: bytes, count: int) -> float:
    """Return the seconds per request, measured over a number of requests in a row."""
    began = time.perf_counter()
    for _ in range(count):
        client.send(request)
    return (time.perf_counter() - began) / count


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=300)
    options = parser.parse_args()
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        raise SystemExit("nginx is not installed")
    ports = {name: find_free_port() for name in ("old host", "nginx", "raw", "typed")}
    with tempfile.TemporaryDirectory() as folder_name, contextlib.ExitStack() as servers:
        folder = Path(folder_name)
        (folder / "old_shop.py").write_text(OLD)
        (folder / "front_shop.py").write_text(SHOP)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, old=ports["old host"], port=ports["nginx"]))
        gateway, url = (sys.executable, "-m", "gateway"), f"http://127.0.0.1:{ports['old host']}"
        commands = {
            "old host": (*gateway, "serve", "old_shop:shop"),
            "nginx": (nginx, "-p", folder_name, "-c", f"{folder_name}/nginx.conf", "-g", "daemon off;"),
            "raw": (*gateway, "front", url, "front_shop:shop"),
            "typed": (*gateway, "front", url, "--typed", "all", "front_shop:shop"),
        }
        for name, command in commands.items():
            servers.enter_context(run_server(folder, ports[name], *command))
        clients = {name: Client(port) for name, port in ports.items()}
        for method, request in REQUESTS.items():
            report(method, measure(clients, request, options.rounds, options.requests))


def measure(clients: dict[str, Client], request: bytes, rounds: int, count: int) -> dict[str, list[float]]:
    """Return the seconds per request by case, one figure per round."""
    figures: dict[str, list[float]] = {name: [] for name in clients}
    for client in clients.values():
        measure_seconds(client, request, 50)
    for turn in range(rounds):
        for name in list(clients)[:: 1 if turn % 2 else -1]:
            figures[name].append(measure_seconds(clients[name], request, count))
    return figures


def report(method: str, figures: dict[str, list[float]]) -> None:
    """Print milliseconds per request, and ratios to nginx."""
    for name, seconds in figures.items():
        ratio = statistics.median(own / nginx for own, nginx in zip(seconds, figures["nginx"], strict=True))
        print(f"{method:5} {name:9} {statistics.median(seconds) * 1000:7.3f} ms   {ratio:5.2f} x nginx")


if __name__ == "__main__":
    main()
