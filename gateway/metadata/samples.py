"""Sample requests and answers, written by the real serializers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from gateway.contract.catalog import Operation
from gateway.contract.shapes import document_shape
from serializers import shape
from serializers.base import Serializer
from serializers.jsv import dump
from serializers.shape import Shape

_INDENT = "\t"
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
    """The media type that samples name: for JSV the one that ServiceStack's pages show."""
    return "text/jsv" if serializer.name == "jsv" else serializer.media_types[0]


def document(serializer: Serializer, expected: Shape, value: Any) -> str:
    """The document of a value of a shape, laid out for people."""
    if serializer.name == "jsv":
        return dump.dump(value, expected, _INDENT)
    return _LAYOUTS.get(serializer.name, bytes.decode)(serializer.encode(value, expected)).rstrip()


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
        yield document(serializer, expected, sample(expected))


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
            document(serializer, operation.response_shape, sample(operation.response_shape)),
        )
    )


def _spread_json(body: bytes) -> str:
    return json.dumps(json.loads(body), indent=_INDENT, ensure_ascii=False)


def _spread_xml(body: bytes) -> str:
    """XML with an element a line; samples have no text in which that would matter."""
    depth = 0
    lines = []
    for part in re.sub(r">\s*<", ">\n<", body.decode()).split("\n"):
        depth -= part.startswith("</")
        lines.append(_INDENT * depth + part)
        opens = part.startswith("<") and not part.startswith(("</", "<?"))
        depth += opens and "</" not in part and not part.endswith("/>")
    return "\n".join(lines)


def _hexadecimal(body: bytes) -> str:
    """Bytes that are no text, sixteen a line, with the letters among them."""
    rows = (body[start : start + 16] for start in range(0, len(body), 16))
    return "\n".join(f"{row.hex(' '):48} {re.sub(rb'[^ -~]', b'.', row).decode()}" for row in rows)


#: How formats that are not already so are laid out for people.
_LAYOUTS: Mapping[str, Callable[[bytes], str]] = {"json": _spread_json, "xml": _spread_xml, "msgpack": _hexadecimal}
