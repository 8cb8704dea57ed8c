"""CSV: a table with a header, by RFC 4180; nested values are JSV in a cell.

The header is the shape's declared names, always all of them. A document is one row for a record, or the rows of a list,
or of a record that names its rows. Cells that begin with ``=``, ``+``, ``-`` or ``@`` are not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from serializers.base import DEFAULT_LIMITS, KEPT, STRICT, Limits, Page, Reading, Serializer
from serializers.csv.reader import loads
from serializers.csv.writer import compile_writer, stream, untyped
from serializers.dialect import DEFAULT, Dialect
from serializers.jsv import Jsv
from serializers.shape import Shape
from serializers.source import TextWriter
from serializers.text import from_bytes

__all__ = ["Csv", "dumps", "loads", "serializer"]


class Csv(Serializer):
    """The CSV serializer."""

    name = "csv"
    suffixes = ("csv",)
    media_types = ("text/csv", "application/csv")
    content_type = "text/csv"
    configurable = True
    sampled = True
    download = True
    tabular = True

    def __init__(self, dialect: Dialect = DEFAULT) -> None:
        super().__init__(dialect)
        self.keep(KEPT)

    def keep(self, kept: int) -> None:
        self._jsv = Jsv().spelled(self.dialect, kept=kept)
        self._compiled = lru_cache(maxsize=kept)(
            lambda shape, attributes: compile_writer(shape, self._jsv, attributes=attributes)
        )

    def compiled(self, shape: Shape, *, attributes: bool) -> TextWriter:
        """Return the function from a row (or, with `attributes`, an object) of a shape to its line. Compiled once."""
        return self._compiled(shape, attributes)

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        del page
        if shape is None:
            value, shape = untyped(value)
        return b"".join(stream(value, shape, self.compiled))

    def decode(
        self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, reading: Reading = STRICT
    ) -> Any:
        del reading
        return loads(from_bytes(data, limits), self.as_read(shape), limits=limits)

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        del page
        return stream(value, shape, self.compiled)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        return lambda value: b"".join(stream(value, shape, self.compiled, objects=True))


serializer = Csv()


def dumps(value: Any, shape: Shape | None = None) -> str:
    """Return a value as CSV. Raises EncodeError when it is not of the shape."""
    return serializer.encode(value, shape).decode()
