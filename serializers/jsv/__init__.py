"""JSV, the text format of ServiceStack: JSON's shape, CSV's quoting.

>>> from serializers import jsv
>>> jsv.dumps({"name": "a, b", "tags": ["x", "y"]})
'{name:"a, b",tags:[x,y]}'
>>> jsv.loads('{name:"a, b",tags:[x,y]}')
{'name': 'a, b', 'tags': ['x', 'y']}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from serializers.base import DEFAULT_LIMITS, KEPT, STRICT, Limits, Page, Reading, Serializer
from serializers.dialect import DEFAULT, Dialect
from serializers.errors import DecodeError
from serializers.jsv import quick, reader
from serializers.jsv.dump import dump as write_dump
from serializers.jsv.writer import JsvSyntax, compiled, dumps
from serializers.rows import bracketed, list_writer
from serializers.shape import Record, Shape, Text
from serializers.source import TextWriter
from serializers.syntax import compile_writer
from serializers.tally import Tally, measure
from serializers.text import REPLACING, from_bytes, to_bytes

__all__ = ["Jsv", "compiled", "dumps", "loads", "loads_member", "serializer"]


def loads(
    text: str,
    shape: Shape | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    reading: Reading = STRICT,
    tally: Tally | None = None,
) -> Any:
    """Return the value of a document; None for an empty one.

    :param shape: the expected shape; without it a value is a text, list or map by its first character.
    :param reading: how strictly the document is read.
    :param tally: the rest of the limits, for a document that is part of another one.
    :raises DecodeError: when the text is not JSV, a value is not of its shape, or a limit is exceeded.
    """
    if not text:
        return None
    if len(text) > limits.bytes:
        raise DecodeError(f"longer than {limits.bytes} bytes")
    try:
        # PERF: a text as short as this exceeds no limit.
        if tally is None and len(text) <= limits.items and len(text) <= limits.names:
            return quick.read(text, shape, limits)
        remaining = Tally(limits) if tally is None else tally
        return _read_quickly(text, shape, limits, remaining, part=tally is not None)
    except quick.Unsure:
        remaining = Tally(limits) if tally is None else tally
    if text[0] == "\ufeff" and text[1:2] in ("{", "["):
        text = text[1:]
    return reader.read(text, shape, limits, remaining, reading)


def _read_quickly(text: str, shape: Shape | None, limits: Limits, tally: Tally, *, part: bool) -> Any:
    """Read by the quick path. It counts nothing, so a text that might exceed a limit is measured first. Raises Unsure."""
    if not part and not tally.may_be_passed(text):
        return quick.read(text, shape, limits)
    advanced_tally = tally.copy()
    try:
        measure(text, reader.MARKS, advanced_tally, limits.depth)
    except DecodeError:
        raise quick.Unsure from None
    value = quick.read(text, shape, limits)
    tally.become(advanced_tally)
    return value


def loads_member(text: str, shape: Shape, *, limits: Limits = DEFAULT_LIMITS, tally: Tally | None = None) -> Any:
    """Return the value of one member of a query string or form, given percent-decoded.

    A text is returned raw (``"a"`` keeps its quotes); lists may have brackets or not (``a,b``, ``[a,b]``,
    ``["a", "b"]``), records and maps have braces; other values are as in a document. An empty value is None unless a text is
    expected. Join repeated names with commas for a list, or read each one and join the lists.

    :raises DecodeError: as `loads`.
    """
    if isinstance(shape, Text):
        return text
    return loads(text, shape, limits=limits, tally=tally)


class Jsv(Serializer):
    """The JSV serializer."""

    name = "jsv"
    suffixes = ("jsv",)
    media_types = ("application/jsv", "text/jsv", "text/x-jsv", "application/x-jsv")
    content_type = "application/jsv"
    begins = "{["
    configurable = True
    sampled = True
    # ServiceStack's pages show this media type.
    sample_type = "text/jsv"

    def __init__(self, dialect: Dialect = DEFAULT) -> None:
        super().__init__(dialect)
        self.keep(KEPT)

    def keep(self, kept: int) -> None:
        self.syntax = JsvSyntax(self.dialect)
        self._compiled = lru_cache(maxsize=kept)(
            lambda shape, attributes: compile_writer(shape, self.syntax, attributes=attributes)
        )

    def compiled(self, shape: Shape, *, attributes: bool) -> TextWriter:
        """Return the function from a value (or, with `attributes`, an object) of a shape to its text. Compiled once."""
        return self._compiled(shape, attributes)

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        del page
        if shape is None or value is None:
            return to_bytes(dumps(value))
        return to_bytes(self.compiled(shape, attributes=False)(value))

    def decode(
        self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, reading: Reading = STRICT
    ) -> Any:
        return loads(from_bytes(data, limits), self.as_read(shape), limits=limits, reading=reading)

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        del page
        return bracketed(value, shape, self.compiled, self.syntax)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        write = self.compiled(shape, attributes=True)
        # PERF: `to_bytes` inlined, to save a call.
        return lambda value: write(value).encode("utf-8", REPLACING)

    def list_writer(self, shape: Record, write_row: Callable[[Any], bytes]) -> Callable[[Any], bytes] | None:
        # A depth limit cuts off more of a row in a list than of a row by itself.
        return None if self.dialect.depth else list_writer(shape, write_row, self.compiled, self.syntax)

    def sample(self, value: Any, shape: Shape) -> str:
        return write_dump(value, shape, "\t", self.dialect)


serializer = Jsv()
