"""``/metrics``: the metrics of the node, for operators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import falcon

from gateway import addresses
from gateway.http.request import Request
from gateway.metrics import CONTENT_TYPE, Meter

#: The route.
ROUTE = "/metrics"


class MetricsResource:
    """The metrics, for clients in some networks. Others get 404.

    :param networks: the networks of the clients, whose addresses trusted proxies report.
    """

    def __init__(self, meter: Meter, networks: Sequence[addresses.Network]) -> None:
        self._meter = meter
        self._networks = networks

    def on_get(self, request: Request, response: falcon.Response) -> None:
        """Respond with Prometheus' text."""
        if not addresses.contains(self._networks, request.env.get("REMOTE_ADDR", "")):
            raise falcon.HTTPNotFound
        response.content_type = CONTENT_TYPE
        response.data = self._meter.text()

    on_head = on_get


def application(meter: Meter) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """Return the WSGI application of an address for metrics only."""

    def respond(env: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_metrics = env.get("PATH_INFO", "").rstrip("/") == ROUTE and env["REQUEST_METHOD"] in ("GET", "HEAD")
        body = meter.text() if is_metrics else b"Metrics are at /metrics.\n"
        headers = [
            ("Content-Type", CONTENT_TYPE if is_metrics else "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        ]
        start_response("200 OK" if is_metrics else "404 Not Found", headers)
        return [] if env["REQUEST_METHOD"] == "HEAD" else [body]

    return respond
