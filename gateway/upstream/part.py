"""An old host as a part of a service: ``shop.use(Upstream("http://old-host"))``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.calls import Arrival, Way
from gateway.contract.catalog import Operation
from gateway.errors import CatalogError, status
from gateway.rows import Rows
from gateway.service import Service
from gateway.upstream import address, headers, raw
from gateway.upstream.host import Host
from gateway.upstream.limits import CONNECTIONS, Timeouts


class Upstream:
    """An old host that answers the operations without a handler: ``shop.use(Upstream("http://old-host"))``.

    Requests are forwarded as they came, and responses are returned as they are: headers, cookies, streams and errors too.

    :param url: the host, for instance ``http://old-host:8080`` or ``https://old-host/path``.
    :param everything: forward requests to paths that no operation has, too. Otherwise they are 404.
    :param pages: whether ``/metadata``, ``/types`` and the other pages about the service are those of this server; otherwise the old
        host's, if `everything` is set.
    :param connect_timeout: seconds until a connection is made.
    :param read_timeout: seconds that the host may be silent, before its response and in the middle of it.
    :param connections: requests that each process has with the host at once.
    :param ca_file: a file of certificates that are trusted in place of the system's.
    :raises CatalogError: when the URL is not one of a host, or a limit is not positive.
    """

    rows: Rows | None = None

    def __init__(
        self,
        url: str,
        *,
        everything: bool = False,
        pages: bool = True,
        connect_timeout: float = Timeouts.connect,
        read_timeout: float = Timeouts.read,
        connections: int = CONNECTIONS,
        ca_file: str = "",
    ) -> None:
        if min(connect_timeout, read_timeout, connections) <= 0:
            raise CatalogError("timeouts and connections of an Upstream must be more than 0")
        self.everything = everything
        self.pages = pages
        self._address = address.parse(url)
        self._host = Host(self._address, Timeouts(connect_timeout, read_timeout), connections, ca_file)
        #: This front in Via. A request that comes back with it goes in a circle.
        self._pseudonym = f"gateway-{secrets.token_hex(4)}"
        self._handled: frozenset[str] = frozenset()

    def install(self, service: Service) -> None:
        """Forward what the service has no handler for. Raises CatalogError when another old host is there."""
        service.stand_before(lambda _settings, _catalog: self._begin(service))

    def _begin(self, service: Service) -> Upstream:
        self._handled = frozenset(service.catalog.handlers)
        return self

    def close(self) -> None:
        """Close the connections to the old host that rest."""
        self._host.close()

    def way(self, operation: Operation) -> Way:
        """Here, if there is a handler."""
        return Way.HERE if operation.name in self._handled else Way.RAW

    def forward(
        self,
        operation: Operation | None,
        environment: Mapping[str, Any],
        arrival: Arrival,
        start_response: Callable[..., Any],
    ) -> Iterable[bytes]:
        """Forward a request as it came, and return the response as it comes. Raises ServiceError before the response has started."""
        if self._pseudonym in environment.get("HTTP_VIA", ""):
            raise status(
                508,
                "LoopDetected",
                "The request came back to this server: the old host's URL leads to the front itself.",
            )
        reads = operation is None or not operation.writes
        outgoing = raw.outgoing(environment, arrival, self._address, self._pseudonym, reads=reads)
        if not self.everything:
            raw.check_path(outgoing.target)
        answer = self._host.send(outgoing)
        passed = headers.response_headers(
            answer.headers.iteritems(), arrival, self._address, self._pseudonym, answer.version
        )
        try:
            start_response(raw.status_line(answer), passed)
        except BaseException:
            answer.close()
            raise
        return raw.Body(answer)
