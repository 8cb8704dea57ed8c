"""CSV: a table with a header, by RFC 4180; nested values are JSV in a cell.

The header is the shape's declared names, always all of them. A document is one row of a record, or the rows of a list,
or of a record that names its rows. Cells that begin with ``=``, ``+``, ``-`` or ``@`` stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from serializers.base import DEFAULT_LIMITS, STRICT, Limits, Page, Reading
from serializers.csv.reader import loads
from serializers.csv.writer import dumps, encode, stream
from serializers.shape import Shape
from serializers.text import from_bytes

__all__ = ["Csv", "dumps", "loads", "serializer"]


class Csv:
    """The CSV serializer."""

    name = "csv"
    suffixes = ("csv",)
    media_types = ("text/csv", "application/csv")
    content_type = "text/csv"
    readable = True

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        del page
        return encode(value, shape)

    def decode(
        self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, reading: Reading = STRICT
    ) -> Any:
        del reading
        return loads(from_bytes(data, limits), shape, limits=limits)

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        del page
        return stream(value, shape)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        return lambda value: b"".join(stream(value, shape, objects=True))


serializer = Csv()
