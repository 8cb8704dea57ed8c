"""Sample requests and responses, encoded by the serializers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from gateway.contract.catalog import Operation, Route
from gateway.contract.shapes import document_shape
from gateway.metadata import constraints
from gateway.metadata.languages.texts import snake_case
from gateway.metadata.secret_fields import is_secret_name
from serializers import json, shape
from serializers.base import Serializer
from serializers.shape import Shape

#: Maximum number of records in one sample, and how deep they may be nested.
_MOST_RECORDS = 100
_DEEPEST = 8
#: Names of objects that must exist already.
_ID = re.compile(r"(?:^i|I)ds?$|Sid$")
#: Shapes of values that a URL can have.
_PLAIN = (shape.Text, shape.Integer, shape.Choice)
_SCALARS: Mapping[type[Any], Any] = {
    shape.Text: "String",
    shape.Character: "a",
    shape.Anything: {},
    shape.Boolean: False,
    shape.Integer: 0,
    shape.Number: 0.0,
    shape.Decimal: Decimal(0),
    shape.Instant: datetime(1, 1, 1, tzinfo=UTC),
    shape.OffsetInstant: datetime(1, 1, 1, tzinfo=UTC),
    shape.Day: date(1, 1, 1),
    shape.TimeOfDay: time(),
    shape.Duration: timedelta(),
    shape.Guid: UUID(int=0),
    shape.Binary: b"",
}


def make_sample(expected: Shape) -> Any:
    """Return a sample value of a shape: texts are their type's name, lists have one item, and recursive values are null.

    Types that contain many others are shown only up to the limits.
    """
    return _Sampler().make_value(expected, ())


class _Sampler:
    """Makes one sample.

    :ivar remaining: how many more records the sample may have.
    """

    def __init__(self) -> None:
        self.remaining = _MOST_RECORDS

    def make_value(self, expected: Shape, enclosing: tuple[shape.Record, ...]) -> Any:
        """Return a value inside the given records."""
        match expected:
            case shape.Reference():
                return self.make_value(expected.record, enclosing)
            case shape.Record():
                return self.make_record(expected, enclosing)
            case shape.ListOf():
                item = self.make_value(expected.item, enclosing)
                return [] if item is None else [item]
            case shape.MapOf():
                item = self.make_value(expected.value, enclosing)
                return {} if item is None else {self.make_value(expected.key, enclosing): item}
            case shape.Choice():
                return next(iter(expected.members), 0)
            case _:
                return _SCALARS[type(expected)]

    def make_record(self, expected: shape.Record, enclosing: tuple[shape.Record, ...]) -> Any:
        """Return a record, or null if it contains itself or exceeds the limits."""
        if expected in enclosing or len(enclosing) == _DEEPEST or not self.remaining:
            return None
        self.remaining -= 1
        inside = (*enclosing, expected)
        return {name: self.make_value(field_shape, inside) for name, field_shape in expected.fields.items()}


def get_media_type(serializer: Serializer) -> str:
    """Return the media type that samples show."""
    return serializer.sample_type or serializer.media_types[0]


def write_request(operation: Operation, serializer: Serializer, host: str, root: str = "") -> str:
    """Return a sample request as it is sent.

    :param root: the path under which the service is served.
    """
    return "\n".join(_write_request_lines(operation, serializer, host, root))


def _write_request_lines(operation: Operation, serializer: Serializer, host: str, root: str) -> Iterator[str]:
    route = operation.addresses[0]
    verb = route.verbs[0] if len(route.verbs) == 1 or not operation.writes else "POST"
    yield f"{verb} {root}{route.path} HTTP/1.1"
    yield f"Host: {host}"
    yield f"Accept: {get_media_type(serializer)}"
    if verb in ("POST", "PUT", "PATCH") and serializer.readable:
        yield from (f"Content-Type: {get_media_type(serializer)}", "Content-Length: length", "")
        expected = document_shape(operation.dto)
        yield serializer.sample(make_sample(expected), expected)


def write_curl(operation: Operation, serializer: Serializer, base_url: str) -> str:
    """Return a curl command with the operation's required fields, or with its first fields if none is required.

    Formats that requests can't have are used for the response only.
    """
    route = operation.addresses[0]
    verb = route.verbs[0] if len(route.verbs) == 1 or not operation.writes else "POST"
    values = _choose_values(operation, route)
    in_path = {_find_wire_name(operation, name): name for name in route.variables}
    path = re.sub(r"{([^{}*]+)\*?}", lambda match: snake_case(match[1]).upper(), route.path)
    rest = {wire: value for wire, value in values.items() if wire not in in_path}
    arguments = [f"-X {verb}"] if verb != "GET" else []
    if operation.access is not None and operation.access.signed_in:
        arguments.append("-H 'Authorization: Bearer YOUR_KEY'")
    arguments.append(f"-H 'Accept: {get_media_type(serializer)}'")
    query = ""
    if verb in ("POST", "PUT", "PATCH"):
        body = serializer if serializer.readable and serializer.sampled else json.serializer
        text = body.encode(rest, _select_fields(document_shape(operation.dto), rest)).decode().rstrip()
        arguments += [f"-H 'Content-Type: {get_media_type(body)}'", f"--data-binary {_quote(text)}"]
    elif rest:
        query = f"?{urlencode({wire: _format_plain(value) for wire, value in rest.items()}, safe=',:@')}"
    return " \\\n  ".join([f"curl {_quote(base_url + path + query)}", *arguments])


def _choose_values(operation: Operation, route: Route) -> dict[str, Any]:
    """Return values of a request's required fields, or of its first two plain fields."""
    expected, examples = document_shape(operation.dto), constraints.collect_examples(operation.dto)
    in_path = {_find_wire_name(operation, name) for name in route.variables}
    properties = {str(field.data_key): field for field in operation.dto.schema().fields.values()}
    required = [wire for wire in constraints.list_required(operation.dto) if wire not in in_path]
    plain = [
        wire
        for wire, field_shape in expected.fields.items()
        if isinstance(field_shape, _PLAIN) and wire not in in_path and not _ID.search(wire)
    ]
    if operation.verbs == ("DELETE",):
        plain = []
    secrets = {wire for wire in properties if is_secret_name(wire)}
    if operation.signs_in:
        required = required or [wire for wire in plain if wire in secrets or "name" in wire.lower()][:2]
    values = {
        wire: make_sample(expected.fields[wire])
        for wire in required or [name for name in plain if name not in secrets][:2]
    }
    values |= {wire: examples[wire] for wire in values if wire in examples}
    return {wire: "YOUR_PASSWORD" if wire in secrets else value for wire, value in values.items()}


def _find_wire_name(operation: Operation, variable: str) -> str:
    wires = {wire.lower(): wire for wire in document_shape(operation.dto).fields}
    wires |= {name.lower(): wire for name, wire in operation.dto.aliases.items()}
    return wires.get(variable.lower(), variable)


def _select_fields(record: shape.Record, values: Mapping[str, Any]) -> shape.Record:
    """Return the record with these fields only."""
    return replace(
        record, fields={wire: field_shape for wire, field_shape in record.fields.items() if wire in values}, rows=None
    )


def _format_plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _quote(text: str) -> str:
    """Return a text quoted for a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def write_response(operation: Operation, serializer: Serializer) -> str:
    """Return an encoded sample response."""
    if operation.response_shape is None:
        return "HTTP/1.1 204 No Content"
    return "\n".join(
        (
            "HTTP/1.1 200 OK",
            f"Content-Type: {get_media_type(serializer)}",
            "Content-Length: length",
            "",
            serializer.sample(make_sample(operation.response_shape), operation.response_shape),
        )
    )
