"""JSON lines: one JSON document per line, for lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from serializers import json
from serializers.base import DEFAULT_LIMITS, STRICT, Limits, Page, Reading, Serializer
from serializers.dialect import DEFAULT, Dialect
from serializers.errors import DecodeError, wire_path
from serializers.inline import COMMAS, Inline
from serializers.json import Json
from serializers.rows import blocks, row_shape, row_writer, rows_of
from serializers.shape import ListOf, Record, Shape
from serializers.tally import Tally
from serializers.text import from_bytes


def dumps(value: Any, shape: Shape | None = None) -> str:
    """Return the items of a list, or a record's rows, one per line; any other value is a single line. Raises EncodeError."""
    return serializer.encode(value, shape).decode("ascii")


def loads(
    text: str,
    shape: Shape | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    reading: Reading = STRICT,
    inline: Inline = COMMAS,
) -> Any:
    """Return the list of the lines' values (a record's rows; a record without rows is the first line). An empty document
    has no rows; it is None if the shape has no rows.

    :param inline: reads lists and writes objects that are one text.
    :raises DecodeError: when a line is not JSON, a value is not of its shape, or a limit is exceeded.
    """
    text = text.removeprefix("\ufeff")
    rows = isinstance(shape, ListOf) or (isinstance(shape, Record) and shape.rows is not None)
    if not rows and (not text or text.isspace()):
        return None
    if len(text) > limits.bytes:
        raise DecodeError(f"longer than {limits.bytes} bytes")
    if shape is not None and rows:
        item, member = row_shape(shape)
        values = list(_read_values(text, item, limits, reading, inline))
        return values if member is None else {member: values}
    if shape is None:
        return list(_read_values(text, None, limits, reading, inline))
    return next(_read_values(text, shape, limits, reading, inline))


def _read_values(text: str, shape: Shape | None, limits: Limits, reading: Reading, inline: Inline) -> Iterator[Any]:
    position = 0
    count = 0
    tally = Tally(limits)
    tally.begin_list()
    # JSON allows no bare line break inside a text. Other line separators (such as U+2028) may be inside a text, so they do not end a line.
    for number, line in enumerate(_split_lines(text), 1):
        if line.strip():
            problem = tally.add_item()
            if problem:
                raise DecodeError.at(problem, text, position)
            try:
                yield json.loads(line, shape, limits=limits, reading=reading, tally=tally, alone=True, inline=inline)
            except DecodeError as error:
                prefix = wire_path([count])
                path = f"{prefix}{'' if error.path.startswith('[') else '.'}{error.path}" if error.path else ""
                raise DecodeError(error.message, position + error.position, number, error.column, path) from None
            count += 1
        position += len(line) + 1


def _split_lines(text: str) -> Iterator[str]:
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


class JsonLines(Serializer):
    """The JSON lines serializer.

    :ivar json: writes the lines.
    """

    name = "jsonl"
    suffixes = ("jsonl", "ndjson")
    media_types = (
        "application/jsonl",
        "application/x-ndjson",
        "application/ndjson",
        "text/jsonl",
        "text/x-ndjson",
        "application/jsonlines",
        "application/x-jsonlines",
    )
    content_type = "application/jsonl"
    begins = "{["
    configurable = True

    def __init__(self, dialect: Dialect = DEFAULT, inline: Inline = COMMAS) -> None:
        super().__init__(dialect)
        self.json = Json(dialect, inline)

    def keep(self, kept: int) -> None:
        self.json = Json(self.dialect, self.json.inline, kept)

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        del page
        if shape is None:
            items = value if isinstance(value, (list, tuple)) else [value]
            return b"".join([self.json.encode(item) + b"\n" for item in items])
        return b"".join(self._split_lines(value, shape))

    def decode(
        self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, reading: Reading = STRICT
    ) -> Any:
        return loads(
            from_bytes(data, limits), self.as_read(shape), limits=limits, reading=reading, inline=self.json.inline
        )

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        del page
        return self._split_lines(value, shape)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        return lambda value: b"".join(self._split_lines(value, shape, objects=True))

    def _split_lines(self, value: Any, shape: Shape, *, objects: bool = False) -> Iterator[bytes]:
        """Return the lines in blocks."""
        if isinstance(shape, ListOf) or (isinstance(shape, Record) and shape.rows is not None):
            item, member = row_shape(shape)
            rows = rows_of(value, shape, member)
        else:
            item, rows = shape, (value,)
        write = row_writer(item, self.json.compiled, "null", objects=objects)
        return blocks("", rows, lambda row: write(row) + "\n", "", str)


serializer = JsonLines()
