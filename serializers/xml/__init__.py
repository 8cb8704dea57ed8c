"""XML as DataContract clients write and read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from serializers.base import DEFAULT_LIMITS, STRICT, Limits, Page, Reading
from serializers.shape import Shape
from serializers.text import from_bytes, to_bytes
from serializers.xml.names import generic_name
from serializers.xml.reader import loads
from serializers.xml.stream import stream
from serializers.xml.writer import compiled, dumps

__all__ = ["Xml", "dumps", "generic_name", "loads", "serializer"]


class Xml:
    """The XML serializer."""

    name = "xml"
    suffixes = ("xml",)
    media_types = ("application/xml", "text/xml")
    content_type = "application/xml"
    readable = True

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        del page
        return to_bytes(dumps(value, shape))

    def decode(
        self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, reading: Reading = STRICT
    ) -> Any:
        del reading
        return loads(from_bytes(data, limits), shape, limits=limits)

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        del page
        return stream(value, shape)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        write = compiled(shape, attributes=True)
        return lambda value: to_bytes(write(value))


serializer = Xml()
