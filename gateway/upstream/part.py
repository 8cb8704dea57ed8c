"""An old host as a part of a service: ``shop.use(Upstream("http://old-host"))``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from gateway.calls import Arrival, Forwarded, Standing, Way
from gateway.contract.catalog import Catalog, Operation
from gateway.errors import CatalogError, status
from gateway.rows import Rows
from gateway.service import Service
from gateway.tracing import Tracer
from gateway.upstream import address, headers, raw, recording, shadow
from gateway.upstream.callers import PassedOn
from gateway.upstream.host import Host
from gateway.upstream.limits import CONNECTIONS, REPORT, SWITCHES, Timeouts
from gateway.upstream.passing import Passing
from gateway.upstream.recording import Recorder
from gateway.upstream.report import Counts
from gateway.upstream.shadow import Shadows
from gateway.upstream.switches import NEW, SHADOW, State, Switches
from gateway.upstream.typed import Template, Typed
from serializers.registry import Registry


class Upstream:
    """An old host that handles the operations without a handler: ``shop.use(Upstream("http://old-host"))``.

    Requests of raw operations and their responses are forwarded unchanged, including headers, cookies, streams and errors. Those
    of typed operations are forwarded as JSON, and the responses are encoded by the contract in the caller's format.

    :param url: the host, for instance ``http://old-host:8080`` or ``https://old-host/path``.
    :param typed: names of the operations that are forwarded typed; True for all that neither sign in nor take files. A mapping has a verb
        and a path of the host for each name, ``{"GetCustomer": "GET /v1/customers/{Id}"}``; an empty text means the operation's route.
    :param switches: the file with the state of each operation (`gateway.upstream.switches`). If it does not exist, operations with a
        handler run here, and the others are forwarded.
    :param report: the file that counts shadow calls (`gateway.upstream.report`).
    :param masks: fields in which a shadow call may differ: paths as ``results.etag`` with ``*`` for any text, ``@ids`` or ``@times``, for
        all operations, or by operation. An operation that writes and has none has ``@ids`` and ``@times``.
    :param record: the file to which conversations are appended, without secrets (`gateway.upstream.recording`); None for none.
    :param everything: also forward requests for paths without an operation. Otherwise they get 404.
    :param pages: whether this server responds to ``/metadata``, ``/types`` and the other pages about the service; otherwise the old host
        does, if `everything` is set.
    :param connect_timeout: seconds to wait for a connection.
    :param read_timeout: seconds until the head of a response is complete, and seconds that the host may be silent in its body.
    :param connections: concurrent requests to the host in each process.
    :param ca_file: a file of certificates to trust instead of the system's.
    :raises CatalogError: when the URL is not that of a host, or a limit is not positive.
    """

    rows: Rows | None = None
    callers = PassedOn()

    def __init__(
        self,
        url: str,
        *,
        typed: bool | Iterable[str] | Mapping[str, str] = False,
        switches: str | Path = SWITCHES,
        report: str | Path = REPORT,
        masks: Iterable[str] | Mapping[str, Iterable[str]] = (),
        record: str | Path | None = None,
        everything: bool = False,
        pages: bool = True,
        connect_timeout: float = Timeouts.connect,
        read_timeout: float = Timeouts.read,
        connections: int = CONNECTIONS,
        ca_file: str = "",
    ) -> None:
        if min(connect_timeout, read_timeout, connections) <= 0:
            raise CatalogError("Upstream: timeouts and connections must be greater than 0")
        self._typed_option = (
            typed
            if isinstance(typed, bool)
            else dict(typed)
            if isinstance(typed, Mapping)
            else dict.fromkeys(typed, "")
        )
        self.switches = Switches(Path(switches).absolute())
        self.counts = Counts(Path(report).absolute())
        by_name = masks if isinstance(masks, Mapping) else {"": masks}
        self._masked_names = [*filter(None, by_name)]
        self._shadows = Shadows(self.counts, {name: tuple(fields) for name, fields in by_name.items()})
        self._recorder = None if record is None else Recorder(Path(record).absolute())
        self.everything = everything
        self.connections = connections
        self.patience = connect_timeout + read_timeout
        self.pages = pages
        self._address = address.parse(url)
        self._host = Host(self._address, Timeouts(connect_timeout, read_timeout), connections, ca_file)
        #: This front's name in Via. A request that arrives with it is in a loop.
        self._pseudonym = f"gateway-{secrets.token_hex(4)}"
        self._handled: frozenset[str] = frozenset()
        self._typed_names: frozenset[str] = frozenset()
        self._typed = Typed(self._host, self._pseudonym, {})

    def install(self, service: Service) -> None:
        """Forward the operations without a handler. Raises CatalogError when the service has another old host."""
        service.stand_before(lambda _settings, _catalog: self._begin(service))

    def _begin(self, service: Service) -> Upstream:
        self.switches.check()
        catalog = service.catalog
        self.switches.operations = {operation.name.lower(): operation.name for operation in catalog}
        self._handled = frozenset(catalog.handlers)
        for name in self._masked_names:
            find_operation(catalog, name, "masks")
        templates_by_name = self._typed_option
        if isinstance(templates_by_name, bool):
            templates_by_name = {
                operation.name: ""
                for operation in catalog
                if templates_by_name and not operation.signs_in and not operation.takes_files
            }
        templates = {
            operation.name: text
            for name, text in templates_by_name.items()
            if (operation := find_operation(catalog, name, "typed"))
        }
        self._typed_names = frozenset(templates)
        self._typed = Typed(
            self._host,
            self._pseudonym,
            {name: Template.parse(text, catalog.operations[name]) for name, text in templates.items() if text},
        )
        return self

    def close(self) -> None:
        """Close the idle connections to the old host."""
        self._shadows.finish()
        self._host.close()

    def standing(self, catalog: Catalog) -> list[Standing]:
        """Return the current state of each operation of a catalog."""
        return [self._describe_state(operation) for operation in sorted(catalog, key=lambda operation: operation.name)]

    def _describe_state(self, operation: Operation) -> Standing:
        old = f"old host, {'typed' if operation.name in self._typed_names else 'raw'}"
        if operation.name not in self._handled:
            return Standing(operation.name, "old", f"{old}; no handler here")
        state = self._get_state(operation)
        handlers = {"new": "here", "old": old, "shadow": f"{old}; the handler here runs beside it"}
        return Standing(
            operation.name, str(state), handlers.get(state.kind, f"here {state.percent} of 100 requests, else {old}")
        )

    def _get_state(self, operation: Operation) -> State:
        return self.switches.of(operation.name, NEW)

    def unknown(self, catalog: Catalog) -> list[str]:
        """Return the names in the file of switches that are not operations."""
        return self.switches.unknown()

    def typed(self, catalog: Catalog) -> Catalog:
        """Return the catalog with handlers that call the old host."""
        return self._typed.catalog(catalog)

    def way(self, operation: Operation, verb: str) -> Way:
        """Return the way of a request: here if there is a handler."""
        if operation.name in self._handled and self.switches.takes(operation.name, self._get_state(operation)):
            return Way.HERE
        if operation.name in self._typed_names:
            return Way.HERE if verb == "OPTIONS" else Way.TYPED
        return Way.RAW

    def witness(self, operation: Operation | None, way: Way, environment: dict[str, Any]) -> Passing | None:
        """Return an object that copies a request handled this way; None if no copy is needed."""
        done: list[Callable[[Passing], None]] = []
        if operation is not None and way is not Way.HERE and self._is_shadowed(operation, environment):
            done.append(partial(self._shadows.run, operation))
        if self._recorder is not None and (operation is not None or way is not Way.HERE):
            done.append(partial(self._recorder.keep, operation))
        if not done:
            return None
        most = shadow.LARGEST if self._recorder is None else recording.LARGEST

        def call_all(passing: Passing) -> None:
            for call in done:
                call(passing)

        return Passing(environment, most, call_all)

    def _is_shadowed(self, operation: Operation, environment: dict[str, Any]) -> bool:
        is_shadow = operation.name in self._handled and self._get_state(operation) == SHADOW
        return is_shadow and self._shadows.takes(operation, environment)

    def shadow_with(self, application: Callable[..., Iterable[bytes]], registry: Registry) -> None:
        """Run shadow calls in this application, which stores none of their changes."""
        self._shadows.application, self._shadows.registry = application, registry

    def trace_with(self, tracer: Tracer) -> None:
        """Make spans of the requests to the old host from now on."""
        self._host.tracer = tracer

    def call(self, environment: Mapping[str, Any], arrival: Arrival) -> AbstractContextManager[Forwarded]:
        """Let handlers that this thread calls within the context forward this request."""
        self._check_circle(environment)
        return self._typed.call(environment, arrival)

    def forward(
        self,
        operation: Operation | None,
        environment: Mapping[str, Any],
        arrival: Arrival,
        start_response: Callable[..., Any],
    ) -> Iterable[bytes]:
        """Forward a request unchanged, and return the response as it arrives. Raises ServiceError before the response has started."""
        self._check_circle(environment)
        reads = operation is None or not operation.writes
        outgoing = raw.build_outgoing(environment, arrival, self._address, self._pseudonym, reads=reads)
        if not self.everything:
            raw.check_path(outgoing.target)
        response = self._host.send(outgoing)
        response_headers = headers.build_response_headers(
            response.headers, arrival, self._address, self._pseudonym, response.version
        )
        try:
            start_response(raw.format_status_line(response), response_headers)
        except BaseException:
            response.close()
            raise
        return raw.Body(response)

    def _check_circle(self, environment: Mapping[str, Any]) -> None:
        if self._pseudonym in environment.get("HTTP_VIA", ""):
            words = "The request came back to this server: the old host's URL leads to the front itself."
            raise status(508, "LoopDetected", words)


def find_operation(catalog: Catalog, name: str, option: str) -> Operation:
    """Return the operation of a name in an option. Raises CatalogError."""
    operation = catalog.find(name)
    if operation is None:
        raise CatalogError(f"Upstream({option}=…) names {name}, which is not an operation")
    return operation
