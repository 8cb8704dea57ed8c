"""JSON: compact and ASCII on the way out, strict and directed by the shape on the way in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from serializers.base import DEFAULT_LIMITS, STRICT, Limits, Page, Reading
from serializers.json.reader import loads
from serializers.json.writer import compiled, dumps
from serializers.rows import bracketed
from serializers.shape import Shape
from serializers.text import from_bytes, to_bytes

__all__ = ["Json", "dumps", "loads", "serializer"]


class Json:
    """The JSON serializer."""

    name = "json"
    suffixes = ("json",)
    media_types = ("application/json", "text/json")
    content_type = "application/json; charset=utf-8"
    readable = True

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        del page
        return dumps(value, shape).encode("ascii")

    def decode(
        self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, reading: Reading = STRICT
    ) -> Any:
        return loads(from_bytes(data, limits), shape, limits=limits, reading=reading)

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        del page
        return bracketed(value, shape, compiled, '"{}":'.format, ("null", "null"))

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        write = compiled(shape, attributes=True)
        return lambda value: to_bytes(write(value))


serializer = Json()
