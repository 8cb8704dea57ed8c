"""Typed forwarding: the request is sent as JSON, and the response is decoded by the contract and encoded in the caller's format.

Thus an old host, or any backend that uses JSON, gains the other formats, pages, OpenAPI, typed clients, conditional requests, and errors by
field.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from gateway.calls import Arrival, Context
from gateway.contract.catalog import SIGNED_IN, Catalog, Handler, Operation, Route
from gateway.errors import CatalogError, NotSupported, StatusError, ValidationFailed, status
from gateway.replies import REDIRECTS, Content
from gateway.upstream import headers, problems, raw
from gateway.upstream.headers import Pairs
from gateway.upstream.host import Host, HostResponse, Outgoing
from gateway.upstream.passing import find_header
from serializers import json, jsv
from serializers.base import Limits
from serializers.errors import DecodeError

#: Maximum bytes of a document of the old host; larger ones need raw forwarding, which streams.
LARGEST = 32 * 1024 * 1024
_LIMITS = Limits(bytes=LARGEST, items=1_000_000, names=10_000)

#: Request headers that describe the caller's document, or that are handled here.
_REPLACED = frozenset(
    {
        "accept",
        "accept-encoding",
        "content-encoding",
        "content-language",
        "content-type",
        "idempotency-key",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "range",
        "x-http-method-override",
    }
)
#: Response headers that describe the old host's document.
_OF_DOCUMENTS = frozenset(
    {
        "accept-ranges",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-md5",
        "content-type",
        "digest",
        "etag",
        "last-modified",
        "vary",
        "via",
        "x-content-type-options",
        "x-request-id",
    }
)
_JSON = re.compile(r"(application|text)/([\w.+-]+\+)?json", re.IGNORECASE)
_VARIABLE = re.compile(r"{([^{}*]+)(\*?)}")


@dataclass(frozen=True, slots=True)
class Template:
    """The form of a request to the old host: a verb and a path with fields of the request as ``{Name}``.

    :ivar verb: empty for the caller's own.
    """

    verb: str
    path: str

    @classmethod
    def parse(cls, text: str, operation: Operation) -> Template:
        """Read ``GET /v1/customers/{Id}``. Raises CatalogError."""
        verb, _, path = text.strip().partition(" ")
        path = path.strip()
        if not verb.isalpha() or not path.startswith("/"):
            raise CatalogError(
                f"{operation.name} is asked by '{text}'; write a verb and a path, as GET /customers/{{Id}}"
            )
        template = cls(verb.upper(), path)
        names = {field.lower() for field in operation.request_shape.fields}
        for name in template.variables:
            if name.lower() not in names:
                raise CatalogError(f"'{text}' needs a field {name}, which {operation.name} does not have")
        return template

    @property
    def variables(self) -> list[str]:
        """Return the names of the path's variables."""
        return [name for name, _ in _VARIABLE.findall(self.path)]


@dataclass(slots=True)
class Call:
    """The request that this thread forwards.

    :ivar passed: headers of the old host's response for the caller.
    """

    environment: Mapping[str, Any]
    arrival: Arrival
    passed: Pairs = field(default_factory=list)


class _Current(threading.local):
    """The request that this thread forwards; None between requests."""

    call: Call | None = None


class Typed:
    """Forwards operations to an old host as JSON.

    :param templates: verb and path by operation; operations without one use their routes.
    """

    def __init__(self, host: Host, pseudonym: str, templates: Mapping[str, Template]) -> None:
        self._host = host
        self._pseudonym = pseudonym
        self._templates = templates
        self._current = _Current()

    @contextmanager
    def call(self, environment: Mapping[str, Any], arrival: Arrival) -> Iterator[Call]:
        """Forward the calls within the context as a part of this request."""
        call = self._current.call = Call(environment, arrival)
        try:
            yield call
        finally:
            self._current.call = None

    def catalog(self, catalog: Catalog) -> Catalog:
        """Return a catalog whose handlers call the old host, which checks access."""
        operations = {
            # Callers are distinguished by any credentials (`gateway.upstream.callers`).
            name: replace(operation, access=SIGNED_IN, idempotent=False, signs_in=False, takes_files=False)
            for name, operation in catalog.operations.items()
        }
        catalog_of_calls = Catalog(
            operations=operations, _folded={name.lower(): operation for name, operation in operations.items()}
        )
        catalog_of_calls.handlers.update(
            {name: self._make_handler(operation) for name, operation in operations.items()}
        )
        return catalog_of_calls

    def _make_handler(self, operation: Operation) -> Handler:
        def ask(request: Any, context: Context) -> Any:
            return self._ask(operation, request, context)

        return ask

    def _ask(self, operation: Operation, request: Any, context: Context) -> Any:
        call = self._current.call
        assert call is not None
        if context.verb == "HEAD" and operation.writes:
            raise NotSupported(
                f"HEAD is not allowed for {operation.name}, which may change something. Use POST.", operation.verbs
            )
        outgoing = self._build_outgoing(operation, operation.dump_request(request), context, call)
        response = self._host.send(outgoing)
        try:
            return self._read_result(operation, response, context, call)
        except BaseException:
            response.close()
            raise

    def _build_outgoing(self, operation: Operation, values: dict[str, Any], context: Context, call: Call) -> Outgoing:
        verb, path, rest = self._fill_template(operation, context.verb, values)
        request_headers = headers.build_request_headers(
            call.environment, call.arrival, self._host.address, self._pseudonym, dropped=_REPLACED
        )
        request_headers["Accept"] = "application/json"
        if context.idempotency_key:
            request_headers["Idempotency-Key"] = context.idempotency_key
        if (expected := call.environment.get("HTTP_IF_MATCH")) is not None:
            # Callers get weak tags, because one version has several formats; but If-Match never holds for a weak tag.
            request_headers["If-Match"] = re.sub(r'\bW/(?=")', "", expected)
        body = None
        if verb in ("GET", "HEAD", "DELETE"):
            if rest:
                path += ("&" if "?" in path else "?") + urlencode([*_list_pairs(operation, rest)])
        else:
            body = json.serializer.encode(rest, operation.request_document)
            request_headers["Content-Type"] = "application/json"
            request_headers["Content-Length"] = str(len(body))
        reads = not operation.writes and verb == "GET"
        return Outgoing(verb, f"{self._host.address.path}{path}", request_headers.items(), body, repeatable=reads)

    def _fill_template(
        self, operation: Operation, verb: str, values: dict[str, Any]
    ) -> tuple[str, str, dict[str, Any]]:
        """Return verb and path of a call, and the values that are not in the path."""
        template = self._templates.get(operation.name) or choose_route(operation, verb, values)
        by_name = {name.lower(): name for name in values}
        remaining_values = dict(values)

        def write_variable(match: re.Match[str]) -> str:
            name = by_name.get(match[1].lower())
            value = "" if name is None else _format_value(operation, name, remaining_values.pop(name, values[name]))
            if not value and not match[2]:
                raise status(
                    400, "ArgumentException", f"'{match[1]}' must not be empty: it is a part of the old host's path."
                )
            # Here and on ServiceStack's hosts, a percent-encoded slash in a path stays encoded.
            return quote(value, safe="/" if match[2] else "").replace("%252F", "%2F").replace("%252f", "%2F")

        path = _VARIABLE.sub(write_variable, template.path)
        raw.check_path(path)
        return template.verb, path, remaining_values

    def _read_result(self, operation: Operation, response: HostResponse, context: Context, call: Call) -> Any:
        self._pass_headers(response, call)
        kind = find_header(response.headers, "content-type")
        is_json = _JSON.fullmatch(kind.partition(";")[0].strip()) is not None
        if response.status >= 400:
            raise problems.make_error(response, _read(response, operation) if is_json else b"", operation)
        if response.status != 200:
            context.status = response.status
        if response.status in REDIRECTS or response.status in (204, 205, 304):
            response.close()
            return None
        if not is_json and kind:
            if disposition := find_header(response.headers, "content-disposition"):
                call.passed.append(("Content-Disposition", disposition))
            return Content(raw.Body(response), kind)
        return read(operation, _read(response, operation))

    def _pass_headers(self, response: HostResponse, call: Call) -> None:
        response_headers = headers.build_response_headers(
            response.headers, call.arrival, self._host.address, self._pseudonym, response.version
        )
        for name, value in response_headers:
            lowered = name.lower()
            if lowered == "etag":
                call.passed.append((name, value if value.startswith("W/") else f"W/{value}"))
            elif lowered not in _OF_DOCUMENTS and lowered != "content-disposition":
                call.passed.append((name, value))


def choose_route(operation: Operation, verb: str, values: Mapping[str, Any]) -> Template:
    """Return the route by which an operation is called: of the routes for the verb whose variables all have values, the one with the most
    variables. An operation without such a route is called by its name, as ServiceStack's hosts allow."""
    wanted_verb = "GET" if verb == "HEAD" else verb
    given_names = {name.lower() for name, value in values.items() if value not in ("", None)}

    def fits(route: Route) -> bool:
        needed = [name.lower() for name, wild in _VARIABLE.findall(route.path) if not wild]
        return given_names.issuperset(needed)

    usable = sorted(
        filter(fits, operation.routes), key=lambda route: (wanted_verb in route.verbs, len(route.variables))
    )
    if not usable:
        return Template("POST", f"/json/reply/{operation.name}")
    best = usable[-1]
    return Template(wanted_verb if wanted_verb in best.verbs else best.verbs[0], best.path)


def _list_pairs(operation: Operation, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        yield name, _format_value(operation, name, value)


def _format_value(operation: Operation, name: str, value: Any) -> str:
    """Return the text of a value in a path or query: JSV, except for strings."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    expected = operation.request_document.fields[name]
    return jsv.serializer.encode(value, expected).decode()


def _read(response: HostResponse, operation: Operation) -> bytes:
    """Return a document. Raises StatusError when it is too large or cut off."""
    blocks, size = [], 0
    response.hasten()
    try:
        for block in response.blocks():
            size += len(block)
            if size > LARGEST:
                response.close()
                words = f"The old host's answer to {operation.name} has more than {LARGEST >> 20} MiB. Forward the operation raw."
                raise status(502, "BadGateway", words)
            blocks.append(block)
    except OSError as error:
        raise status(502, "BadGateway", "The old host's response ended early.") from error
    return b"".join(blocks)


def read(operation: Operation, data: bytes) -> Any:
    """Return the result in a JSON document of the old host. Raises StatusError when it does not fit the contract."""
    if operation.wire_response_shape is None or not data or data.isspace():
        return None
    try:
        values = json.loads(data.decode(), operation.wire_response_shape, limits=_LIMITS)
        return None if values is None else operation.bind_response(values)
    except (DecodeError, UnicodeDecodeError) as error:
        raise _make_contract_error(operation, str(error)) from error
    except ValidationFailed as error:
        first = error.errors[0]
        raise _make_contract_error(
            operation, f"{first.field_name}: {first.message}" if first.field_name else first.message
        ) from error


def _make_contract_error(operation: Operation, reason: str) -> StatusError:
    return status(502, "BadGateway", f"The old host's answer does not fit the contract of {operation.name}: {reason}")
