"""Streaming of lists: from rows to blocks of bytes.

The first block is sent with the first row; later ones grow to about 100 rows or 64 KB, which keeps memory flat and the
number of writes small. Rows are dicts, or objects that compiled writers read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Protocol

from serializers.errors import EncodeError
from serializers.shape import ListOf, Record, Shape
from serializers.source import TextWriter
from serializers.syntax import Syntax
from serializers.text import to_bytes

BLOCK_ROWS = 100
BLOCK_BYTES = 64 * 1024


class Compiled(Protocol):
    """Returns a format's compiled writer of dicts, or of objects."""

    def __call__(self, shape: Shape, /, *, attributes: bool) -> TextWriter: ...


def row_shape(shape: Shape) -> tuple[Shape, str | None]:
    """Return the shape of a document's rows and the wire name of the member that holds them (None if the document is the list)."""
    if isinstance(shape, ListOf):
        return shape.item, None
    if isinstance(shape, Record) and shape.rows is not None:
        rows = shape.fields[shape.rows]
        if isinstance(rows, ListOf):
            return rows.item, shape.rows
    raise EncodeError("only lists, and records that name their rows, can be streamed")


def rows_of(value: Any, shape: Shape, member: str | None) -> Iterable[Any]:
    """Return the rows of a document's value."""
    if member is None:
        rows = value
    elif isinstance(value, Mapping):
        rows = value.get(member)
    else:
        assert isinstance(shape, Record)
        rows = getattr(value, shape.attributes.get(member, member))
    if rows is None:
        return ()
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
        raise EncodeError(f"a {type(rows).__name__} is not a sequence of rows")
    return rows


def row_writer(shape: Shape, compiled: Compiled, null: str, *, objects: bool = False) -> TextWriter:
    """Return the writer of a row that is a dict, an object or null.

    :param objects: records inside rows that are not records are objects.
    """
    write_item = compiled(shape, attributes=objects and not isinstance(shape, Record))
    if not isinstance(shape, Record):
        return lambda row: null if row is None else write_item(row)
    write_object = compiled(shape, attributes=True)

    def write(row: Any) -> str:
        if row is None:
            return null
        return write_item(row) if isinstance(row, Mapping) else write_object(row)

    return write


def blocks(
    opening: str, rows: Iterable[Any], write: TextWriter, separator: str, closing: Callable[[], str]
) -> Iterator[bytes]:
    """Yield a document of rows: `opening`, the rows' texts with `separator` between them, then the result of `closing`."""
    texts: list[str] = [opening]
    size, room = 0, 2
    between = ""
    for row in rows:
        text = write(row)
        texts += (between, text)
        between = separator
        size += len(text)
        if len(texts) >= room or size >= BLOCK_BYTES:
            yield to_bytes("".join(texts))
            texts, size, room = [], 0, min(room * 4, 2 * BLOCK_ROWS)
    texts.append(closing())
    yield to_bytes("".join(texts))


def bracketed(value: Any, shape: Shape, compiled: Compiled, syntax: Syntax) -> Iterator[bytes]:
    """Return the blocks of a document of JSON or JSV: a list of rows, or a record that contains one."""
    item, member = row_shape(shape)
    write = row_writer(item, compiled, syntax.null_record if isinstance(item, Record) else syntax.null_item)
    rows = rows_of(value, shape, member)
    if member is None:
        return blocks("[", rows, write, ",", lambda: "]")
    opening, closing = _around(shape, compiled, syntax, attributes=not isinstance(value, Mapping))
    return blocks(opening(value), rows, write, ",", lambda: closing(value))


def list_writer(
    shape: Record, write_row: Callable[[Any], bytes], compiled: Compiled, syntax: Syntax
) -> Callable[[Any], bytes]:
    """Return the writer of an object that contains rows. `write_row` writes each row that is not null."""
    item, member = row_shape(shape)
    assert member is not None
    attribute = shape.attributes.get(member, member)
    opening, closing = _around(shape, compiled, syntax, attributes=True)
    write = compiled(shape, attributes=True)
    null = to_bytes(syntax.null_record if isinstance(item, Record) else syntax.null_item)

    def write_list(value: Any) -> bytes:
        rows = getattr(value, attribute, None)
        if type(rows) is not list:
            return to_bytes(write(value))
        documents = b",".join([null if row is None else write_row(row) for row in rows])
        return b"".join((to_bytes(opening(value)), documents, to_bytes(closing(value))))

    return write_list


def _around(shape: Shape, compiled: Compiled, syntax: Syntax, *, attributes: bool) -> tuple[TextWriter, TextWriter]:
    """Return the writers of the text before the rows of a record, and of the text after them."""
    assert isinstance(shape, Record)
    assert shape.rows is not None
    write_before, write_after = (compiled(half, attributes=attributes) for half in halves(shape))
    name = syntax.member_name(shape, shape.rows)

    def opening(value: Any) -> str:
        text = write_before(value)
        return f"{text[:-1]}{',' if len(text) > 2 else ''}{name}["

    def closing(value: Any) -> str:
        text = write_after(value)
        return f"]{',' if len(text) > 2 else ''}{text[1:]}"

    return opening, closing


@lru_cache(maxsize=256)
def halves(shape: Record) -> tuple[Record, Record]:
    """Return a record of the fields before the rows, and one of the fields after them."""
    names = list(shape.fields)
    at = names.index(shape.rows or "")
    before = {name: shape.fields[name] for name in names[:at]}
    after = {name: shape.fields[name] for name in names[at + 1 :]}
    return replace(shape, fields=before, rows=None), replace(shape, fields=after, rows=None)
