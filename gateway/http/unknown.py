"""Debug mode: count the members of a request whose names the operation does not know. They are ignored, as by ServiceStack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import falcon
import structlog

from gateway.contract.catalog import Operation
from gateway.errors import ServiceError
from gateway.http import binding, bodies
from gateway.http.negotiation import media_type
from gateway.http.request import Request
from serializers import shape
from serializers.errors import SerializerError
from serializers.page import COLUMNS
from serializers.registry import Registry

HEADER = "X-Unknown-Members"

#: Query parameters that are not members, in lower case.
_OF_HTTP = frozenset({"callback", "format", "jsconfig", "x-http-method-override", COLUMNS})
_MOST_NAMED = 20

log = structlog.get_logger("gateway")


class CountingUnknown:
    """Middleware that sets `HEADER` to their number, and names them in the log. It reads each body a second time."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def process_response(self, request: Request, response: falcon.Response, resource: Any, req_succeeded: bool) -> None:
        """Add the header to the response of an operation."""
        if request.operation is None:
            return
        names = sorted(set(self._names(request, request.operation)))
        response.set_header(HEADER, str(len(names)))
        if names:
            log.info("unknown members", operation=request.operation.name, names=names[:_MOST_NAMED])

    def _names(self, request: Request, operation: Operation) -> Iterator[str]:
        known = binding.members_of(operation, self._registry.dialect.names)
        pairs = [name for name, _ in request.pairs if name.lower() not in _OF_HTTP]
        pairs += [name for name, _ in request.form or ()]
        yield from (name for name in pairs if name.partition("[")[0].lower() not in known)
        body = request.body
        if body and request.form is None and media_type(request.content_type) != bodies.MULTIPART:
            # A body that can't be parsed has its own error.
            with suppress(ServiceError, SerializerError):
                document = bodies.serializer_of(request, body, self._registry).decode(body, None)
                yield from _unknown(document, known)


def _unknown(document: Any, known: Mapping[str, tuple[str, shape.Shape]], path: str = "") -> Iterator[str]:
    """Yield the paths of the members that a document has and a record does not."""
    for item in document if isinstance(document, list) else [document]:
        if not isinstance(item, dict):
            continue
        for name, value in item.items():
            member = known.get(str(name).lower())
            if member is None:
                yield f"{path}{name}"
                continue
            record = member[1].item if isinstance(member[1], shape.ListOf) else member[1]
            record = record.record if isinstance(record, shape.Reference) else record
            if isinstance(record, shape.Record):
                inner = {wire.lower(): (wire, expected) for wire, expected in record.fields.items()}
                yield from _unknown(value, inner, f"{path}{name}.")
