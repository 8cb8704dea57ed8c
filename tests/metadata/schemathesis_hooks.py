"""What schemathesis has to be told of the service: its formats, and a session to ask for. It loads this module by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import schemathesis

from gateway.contract.responses import error_type
from gateway.contract.shapes import document_shape
from serializers.base import Limits, Serializer
from serializers.errors import SerializerError
from serializers.registry import default_registry
from serializers.shape import ListOf, Record
from tests.sessions_api import catalog

MEDIA_TYPES = ("application/json", "application/jsv", "application/xml", "text/csv")
#: A session that is there.
SESSION = os.environ["SESSION"]

_registry = default_registry()
_case_count = 0


def _find_serializer(media_type: str) -> Serializer:
    serializer = _registry.by_media_type(media_type.partition(";")[0])
    assert serializer is not None
    return serializer


def _make_writer(media_type: str) -> Callable[[Any, Any], bytes]:
    def write(_context: Any, value: Any) -> bytes:
        try:
            return _find_serializer(media_type).encode(value)
        except SerializerError:
            # What the format has no way to write is sent in another one: bodies that can't be read.
            return _find_serializer("application/json").encode(value)

    return write


def _read(context: Any, response: Any) -> Any:
    """A document of the answer that the operation gives, or of an error."""
    operation = catalog.operations[context.operation.definition.raw["operationId"].partition("_")[0]]
    shape = operation.response_shape
    if response.status_code >= 400:
        shape = document_shape(error_type(operation))
    media_type = response.headers["content-type"][0]
    # A list of failures may be longer than what a request may hold.
    most = max(len(response.content), 1)
    value = _find_serializer(media_type).decode(
        response.content, shape, limits=Limits(bytes=most, items=most, names=most)
    )
    if value is None and isinstance(shape, ListOf):
        # CSV writes a list without rows, and without known columns, as nothing.
        return []
    rows = shape.rows if isinstance(shape, Record) and media_type.startswith("text/csv") else None
    return value[rows] if rows else value


for media_type in ("application/jsv", "text/csv"):
    schemathesis.serializer(media_type)(_make_writer(media_type))
# XML is written by schemathesis itself, with the names that the document gives.
for media_type in MEDIA_TYPES[1:]:
    schemathesis.deserializer(media_type)(_read)


@schemathesis.hook
def map_path_parameters(_context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Every other request for a session names one that is there."""
    if path_parameters and len(str(path_parameters.get("SessionId", ""))) % 2:
        return {**path_parameters, "SessionId": SESSION}
    return path_parameters


@schemathesis.hook
def before_call(_context: Any, case: Any, _arguments: Any) -> None:
    """The formats of answers in turns."""
    global _case_count
    _case_count += 1
    case.headers = {**(case.headers or {}), "Accept": MEDIA_TYPES[_case_count % len(MEDIA_TYPES)]}
