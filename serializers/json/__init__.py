"""JSON: compact ASCII when written; when read, strict and directed by the shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from serializers.base import DEFAULT_LIMITS, KEPT, STRICT, Limits, Page, Reading, Serializer
from serializers.dialect import DEFAULT, Dialect
from serializers.inline import COMMAS, Inline
from serializers.json.reader import loads
from serializers.json.writer import JsonSyntax, dumps
from serializers.rows import bracketed, list_writer
from serializers.shape import Record, Shape
from serializers.source import TextWriter
from serializers.syntax import compile_writer
from serializers.text import from_bytes, to_bytes

__all__ = ["Json", "dumps", "loads", "serializer"]


class Json(Serializer):
    """The JSON serializer.

    :ivar inline: reads lists and writes objects that are one text.
    """

    name = "json"
    suffixes = ("json",)
    media_types = ("application/json", "text/json")
    content_type = "application/json; charset=utf-8"
    begins = "{["
    configurable = True
    sampled = True
    javascript = True
    one_way = b"{}"

    def __init__(self, dialect: Dialect = DEFAULT, inline: Inline = COMMAS, kept: int = KEPT) -> None:
        super().__init__(dialect)
        self.inline = inline
        self.keep(kept)

    def keep(self, kept: int) -> None:
        self.syntax = JsonSyntax(self.dialect)
        self._compiled = lru_cache(maxsize=kept)(
            lambda shape, attributes: compile_writer(shape, self.syntax, attributes=attributes)
        )

    def compiled(self, shape: Shape, *, attributes: bool) -> TextWriter:
        """Return the function from a value (or, with `attributes`, an object) of a shape to its text. Compiled once."""
        return self._compiled(shape, attributes)

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        del page
        if shape is None or value is None:
            return dumps(value).encode("ascii")
        return to_bytes(self.compiled(shape, attributes=False)(value))

    def decode(
        self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, reading: Reading = STRICT
    ) -> Any:
        return loads(from_bytes(data, limits), self.as_read(shape), limits=limits, reading=reading, inline=self.inline)

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        del page
        return bracketed(value, shape, self.compiled, self.syntax)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        write = self.compiled(shape, attributes=True)
        return lambda value: to_bytes(write(value))

    def list_writer(self, shape: Record, write_row: Callable[[Any], bytes]) -> Callable[[Any], bytes] | None:
        # A depth limit cuts off more of a row in a list than of a row by itself.
        return None if self.dialect.depth else list_writer(shape, write_row, self.compiled, self.syntax)

    def sample(self, value: Any, shape: Shape) -> str:
        return json.dumps(json.loads(self.encode(value, shape)), indent="\t", ensure_ascii=False)


serializer = Json()
