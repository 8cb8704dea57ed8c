"""Sample requests and answers, written by the real serializers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from gateway.contract.catalog import Operation
from gateway.contract.shapes import document_shape
from serializers import shape
from serializers.base import Serializer
from serializers.shape import Shape

#: Records that one sample has at most, and how deep they are inside of each other.
_MOST_RECORDS = 100
_DEEPEST = 8
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


def sample(expected: Shape) -> Any:
    """A value of a shape: each text its type's name, each list one item; what would hold itself is null.

    Types that hold many others are shown as far as a page has room for them.
    """
    return _Sampler().value(expected, ())


class _Sampler:
    """Makes one sample.

    :ivar left: records that the sample may still have.
    """

    def __init__(self) -> None:
        self.left = _MOST_RECORDS

    def value(self, expected: Shape, enclosing: tuple[shape.Record, ...]) -> Any:
        """A value inside of some records."""
        match expected:
            case shape.Reference():
                return self.value(expected.record, enclosing)
            case shape.Record():
                return self.record(expected, enclosing)
            case shape.ListOf():
                item = self.value(expected.item, enclosing)
                return [] if item is None else [item]
            case shape.MapOf():
                item = self.value(expected.value, enclosing)
                return {} if item is None else {self.value(expected.key, enclosing): item}
            case shape.Choice():
                return next(iter(expected.members), 0)
            case _:
                return _SCALARS[type(expected)]

    def record(self, expected: shape.Record, enclosing: tuple[shape.Record, ...]) -> Any:
        """A record, or null where it holds itself or there is no room for it."""
        if expected in enclosing or len(enclosing) == _DEEPEST or not self.left:
            return None
        self.left -= 1
        inside = (*enclosing, expected)
        return {name: self.value(each, inside) for name, each in expected.fields.items()}


def media_type(serializer: Serializer) -> str:
    """The media type that samples name."""
    return serializer.sample_type or serializer.media_types[0]


def request(operation: Operation, serializer: Serializer, host: str, root: str = "") -> str:
    """A sample request as it goes over the wire.

    :param root: the path under which the service is served.
    """
    return "\n".join(_request_lines(operation, serializer, host, root))


def _request_lines(operation: Operation, serializer: Serializer, host: str, root: str) -> Iterator[str]:
    route = operation.addresses[0]
    verb = route.verbs[0] if len(route.verbs) == 1 or not operation.writes else "POST"
    yield f"{verb} {root}{route.path} HTTP/1.1"
    yield f"Host: {host}"
    yield f"Accept: {media_type(serializer)}"
    if verb in ("POST", "PUT", "PATCH") and serializer.readable:
        yield from (f"Content-Type: {media_type(serializer)}", "Content-Length: length", "")
        expected = document_shape(operation.dto)
        yield serializer.sample(sample(expected), expected)


def answer(operation: Operation, serializer: Serializer) -> str:
    """A sample answer as it goes over the wire."""
    if operation.response_shape is None:
        return "HTTP/1.1 204 No Content"
    return "\n".join(
        (
            "HTTP/1.1 200 OK",
            f"Content-Type: {media_type(serializer)}",
            "Content-Length: length",
            "",
            serializer.sample(sample(operation.response_shape), operation.response_shape),
        )
    )
