"""MessagePack, with the optional library: JSON's values in bytes.

Texts, booleans, whole numbers, floats and bytes are MessagePack's own; dates, durations, guids and decimals are texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import Any

import msgpack

from serializers import scalars
from serializers.base import DEFAULT_LIMITS, Limits, Page
from serializers.errors import DecodeError, EncodeError, Mismatch
from serializers.json.reader import RawNumber, converter
from serializers.plain import member_of, plain
from serializers.rows import BLOCK_BYTES, row_shape, rows_of
from serializers.shape import Record, Shape
from serializers.text import REPLACING

_NATIVE = (bool, int, float, str, bytes)
#: Bytes of packed rows that wait in memory; what is more waits in a file.
_KEPT = 1 << 20


def dumps(value: Any, shape: Shape | None = None) -> bytes:
    """A value as MessagePack. Raises EncodeError for a value that is not of the shape."""
    try:
        tree = _packable(value if shape is None else plain(value, shape))
        try:
            packed: bytes = msgpack.packb(tree)
        except UnicodeEncodeError:
            packed = msgpack.packb(tree, unicode_errors=REPLACING)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise EncodeError(f"the value cannot be packed: {error}") from error
    return packed


def loads(data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Any:
    """The value of a document, None where it is empty. Raises DecodeError."""
    if not data:
        return None
    if len(data) > limits.bytes:
        raise DecodeError(f"longer than {limits.bytes} bytes")
    try:
        value = msgpack.unpackb(
            data,
            strict_map_key=False,
            max_array_len=limits.items,
            max_map_len=limits.items,
            max_ext_len=0,
        )
    except RecursionError:
        raise DecodeError("nested too deeply") from None
    except Exception as error:  # the library's errors share no root
        raise DecodeError(f"not MessagePack: {error}") from None
    value = _readable(value, limits.depth, raw=shape is not None)
    try:
        return value if shape is None or value is None else converter(shape)(value)
    except Mismatch as error:
        raise DecodeError(error.message, path=error.path) from None


def _packable(value: Any) -> Any:
    if value is None or type(value) in _NATIVE:
        return value
    if isinstance(value, Mapping):
        return {_packable(key): _packable(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_packable(item) for item in value]
    return scalars.write_any(value)


def _readable(value: Any, depth: int, *, raw: bool) -> Any:
    """A value with the numbers and bytes as the shape's reader takes them, as their text."""
    if isinstance(value, (dict, list)):
        if depth == 0:
            raise DecodeError("nested too deeply")
        if isinstance(value, list):
            return [_readable(item, depth - 1, raw=raw) for item in value]
        return {_key(key): _readable(item, depth - 1, raw=raw) for key, item in value.items()}
    if not raw or value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float, bytes)):
        return RawNumber(scalars.write_any(value))
    raise DecodeError(f"a {type(value).__name__} is not a document's value")


def _key(key: Any) -> str:
    if isinstance(key, (str, int, float, bool, bytes)):
        return scalars.write_any(key)
    raise DecodeError("a map's key is not a scalar")


def _around(value: Any, shape: Record, member: str, rows: Iterable[bytes]) -> Iterator[bytes]:
    """A record, whose rows are packed already."""
    names = [name for name in shape.fields if member_of(value, shape, name) is not None]
    yield msgpack.Packer().pack_map_header(len(names))
    for name in names:
        yield dumps(name)
        if name == member:
            yield from rows
        else:
            yield dumps(member_of(value, shape, name), shape.fields[name])


class MessagePack:
    """The MessagePack serializer."""

    name = "msgpack"
    suffixes = ("msgpack",)
    media_types = ("application/x-msgpack", "application/msgpack")
    content_type = "application/x-msgpack"
    readable = True

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        del page
        return dumps(value, shape)

    def decode(self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Any:
        return loads(data, shape, limits=limits)

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        """A document in blocks, the first of which comes when all rows were read: an array's length stands before its items."""
        del page
        item, member = row_shape(shape)
        with SpooledTemporaryFile(_KEPT) as packed:
            count = 0
            for row in rows_of(value, shape, member):
                packed.write(dumps(row, item))
                count += 1
            packed.seek(0)
            head = msgpack.Packer().pack_array_header(count)
            rows = chain([head], iter(lambda: packed.read(BLOCK_BYTES), b""))
            if member is None:
                yield from rows
            else:
                assert isinstance(shape, Record)
                yield from _around(value, shape, member, rows)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        return lambda value: dumps(value, shape)


serializer = MessagePack()
