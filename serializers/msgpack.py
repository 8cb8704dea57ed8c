"""MessagePack, a binary form of JSON's values. It needs the optional library.

Texts, booleans, whole numbers, floats and bytes have MessagePack's types; dates, durations, guids and decimals are texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import Any

import msgpack

from serializers import scalars
from serializers.base import DEFAULT_LIMITS, STRICT, Limits, Page, Reading, Serializer
from serializers.dialect import DEFAULT, Dialect
from serializers.errors import DecodeError, EncodeError, Mismatch
from serializers.inline import COMMAS, Inline
from serializers.json.reader import RawNumber, make_converter
from serializers.plain import member_of, plain
from serializers.rows import BLOCK_BYTES, row_shape, rows_of
from serializers.shape import Record, Shape
from serializers.tally import Tally
from serializers.text import REPLACING

_NATIVE = (bool, int, float, str, bytes)
_NOT_LETTERS = re.compile(rb"[^ -~]")
#: Maximum bytes of packed rows in memory; more are kept in a file.
_SPOOL_SIZE = 1 << 20


def dumps(value: Any, shape: Shape | None = None, dialect: Dialect = DEFAULT) -> bytes:
    """Return a value as MessagePack. Raises EncodeError when it is not of the shape."""
    try:
        tree = _make_packable(value if shape is None else plain(value, shape, dialect))
        try:
            packed: bytes = msgpack.packb(tree)
        except UnicodeEncodeError:
            packed = msgpack.packb(tree, unicode_errors=REPLACING)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise EncodeError(f"the value cannot be packed: {error}") from error
    return packed


def loads(
    data: bytes,
    shape: Shape | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    reading: Reading = STRICT,
    inline: Inline = COMMAS,
) -> Any:
    """Return the value of a document; None for an empty one. Raises DecodeError.

    :param inline: reads lists and writes objects that are one text.
    """
    if not data:
        return None
    if len(data) > limits.bytes:
        raise DecodeError(f"longer than {limits.bytes} bytes")
    value = _Reader(data, limits, raw=shape is not None).document()
    try:
        return (
            value
            if shape is None or value is None
            else make_converter(shape, inline=inline, ordered=True, relaxed=reading.relaxed)(value)
        )
    except Mismatch as error:
        raise DecodeError(error.message, path=error.path) from None


#: The first bytes of lists and maps.
_KINDS: dict[int, type] = {
    **dict.fromkeys((*range(0x90, 0xA0), 0xDC, 0xDD), list),
    **dict.fromkeys((*range(0x80, 0x90), 0xDE, 0xDF), dict),
}


class _Reader:
    """Reads a document value by value. A list or map that is too long is refused by its length, before any item is read.

    :param raw: numbers and bytes become texts, as the shape's reader expects them.
    """

    def __init__(self, data: bytes, limits: Limits, *, raw: bool) -> None:
        self.data = data
        self.depth = limits.depth
        self.raw = raw
        self.tally = Tally(limits)
        longest = (1 << 32) - 1
        self.unpacker = msgpack.Unpacker(
            None,
            strict_map_key=False,
            max_buffer_size=len(data),
            max_array_len=longest,
            max_map_len=longest,
            max_ext_len=0,
        )
        self.unpacker.feed(data)

    def document(self) -> Any:
        try:
            value = self.value(self.depth)
        except DecodeError:
            raise
        except Exception as error:  # the library's errors share no root
            raise self.error(f"not MessagePack: {error or 'it ends early'}") from None
        if self.unpacker.tell() < len(self.data):
            raise self.error("bytes after the end of the document")
        return value

    def value(self, depth: int) -> Any:
        kind = self.kind()
        if kind is None:
            return self.readable(self.unpacker.unpack())
        if depth == 0:
            raise self.error("nested too deeply")
        return self.items(depth - 1) if kind is list else self.members(depth - 1)

    def kind(self) -> type | None:
        """Return the type of the next value: list, dict, or None for a scalar or at the end."""
        position = self.unpacker.tell()
        return _KINDS.get(self.data[position]) if position < len(self.data) else None

    def items(self, depth: int) -> list[Any]:
        self.tally.begin_list()
        values = []
        for _ in range(self.unpacker.read_array_header()):
            self.refuse(self.tally.add_item())
            values.append(self.value(depth))
        self.tally.end_list()
        return values

    def members(self, depth: int) -> dict[str, Any]:
        values = {}
        for _ in range(self.unpacker.read_map_header()):
            self.refuse(self.tally.add_name())
            if self.kind() is not None:
                raise self.error("a map's key is not a scalar")
            key = _write_key(self.unpacker.unpack())
            values[key] = self.value(depth)
        return values

    def readable(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, (int, float, bytes)):
            return RawNumber(scalars.write_any(value)) if self.raw else value
        raise self.error(f"a {type(value).__name__} is not a document's value")

    def refuse(self, problem: str) -> None:
        if problem:
            raise self.error(problem)

    def error(self, message: str) -> DecodeError:
        position = self.unpacker.tell()
        return DecodeError(message, position, column=position + 1)


def _make_packable(value: Any) -> Any:
    if value is None or type(value) in _NATIVE:
        return value
    if isinstance(value, Mapping):
        return {_make_packable(key): _make_packable(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_make_packable(item) for item in value]
    return scalars.write_any(value)


def _write_key(key: Any) -> str:
    if isinstance(key, (str, int, float, bool, bytes)):
        return scalars.write_any(key)
    raise DecodeError("a map's key is not a scalar")


def _stream_around(value: Any, shape: Record, member: str, rows: Iterable[bytes], dialect: Dialect) -> Iterator[bytes]:
    """Yield a record whose rows are already packed."""
    names = [name for name in shape.fields if member_of(value, shape, name) is not None]
    yield msgpack.Packer().pack_map_header(len(names))
    spell = dialect.speller(shape)
    for name in names:
        yield dumps(spell(name))
        if name == member:
            yield from rows
        else:
            yield dumps(member_of(value, shape, name), shape.fields[name], dialect)


class MessagePack(Serializer):
    """The MessagePack serializer.

    :ivar inline: reads lists and writes objects that are one text.
    """

    name = "msgpack"
    suffixes = ("msgpack", "x-msgpack")
    media_types = ("application/x-msgpack", "application/msgpack", "application/vnd.msgpack")
    content_type = "application/x-msgpack"
    streams = False

    def __init__(self, dialect: Dialect = DEFAULT, inline: Inline = COMMAS) -> None:
        super().__init__(dialect)
        self.inline = inline

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        del page
        return dumps(value, shape, self.dialect)

    def decode(
        self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, reading: Reading = STRICT
    ) -> Any:
        return loads(data, self.as_read(shape), limits=limits, reading=reading, inline=self.inline)

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        """Yield a document in blocks. The first one comes after all rows were read, as an array's length precedes its items."""
        item, member = row_shape(shape)
        hold = page.hold if page else None
        with SpooledTemporaryFile(_SPOOL_SIZE) as packed:
            count = 0
            for row in rows_of(value, shape, member):
                data = dumps(row, item, self.dialect)
                if hold:
                    hold(len(data))
                packed.write(data)
                count += 1
            packed.seek(0)
            head = msgpack.Packer().pack_array_header(count)
            rows = chain([head], iter(lambda: packed.read(BLOCK_BYTES), b""))
            if member is None:
                yield from rows
            else:
                assert isinstance(shape, Record)
                yield from _stream_around(value, shape, member, rows, self.dialect)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        return lambda value: dumps(value, shape, self.dialect)

    def sample(self, value: Any, shape: Shape) -> str:
        """Return a hex dump: sixteen bytes per line, followed by their ASCII characters."""
        body = self.encode(value, shape)
        rows = (body[start : start + 16] for start in range(0, len(body), 16))
        return "\n".join(f"{row.hex(' '):48} {_NOT_LETTERS.sub(b'.', row).decode()}" for row in rows).rstrip()


serializer = MessagePack()
