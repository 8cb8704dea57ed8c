"""Encoding of responses by compiled writers, one for each shape and format."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, TypeAlias

from gateway.budget import Budget
from gateway.contract.catalog import Operation
from gateway.http import jsconfig
from gateway.http.request import Request
from gateway.http.surroundings import Surroundings
from gateway.http.tables import Tables, table_shape
from models.engine.caches import Recent
from serializers import json, shape
from serializers.base import Page, Serializer
from serializers.rows import BLOCK_ROWS
from serializers.text import to_bytes

#: Maximum number of cached documents in all formats, and of bytes of one: clients request the same sessions repeatedly.
_MOST_KEPT = 1000
_LONGEST_KEPT = 16 * 1024

#: Minimum bytes per second that the client of a streamed list must read, and the seconds that it may stall in addition.
SLOWEST = 16 * 1024
PATIENCE = 10.0


#: Beginnings of the User-Agent of ServiceStack's clients that read texts and bytes unencoded: .NET's, Java's, Android's, Python's.
RAW_READERS = ("ServiceStack .NET Client", "Java/", "Dalvik/", "python-requests/")


Writer: TypeAlias = Callable[[Any], bytes]
#: Documents with the rows that they were written from, by their writer and the row's id.
Documents: TypeAlias = Recent[tuple[Writer, str], tuple[Any, bytes]]


class StoredWriter:
    """Writes rows, and caches the documents of stored rows: tuples with an id and a version.

    Only the tuple that was written has the cached document. Callers may be shown different attributes of one version, and equal tuples may
    have different texts: 1.0 equals 1.00.

    :param documents: the cache, which the writers of all formats share.
    """

    def __init__(self, write: Writer, documents: Documents) -> None:
        self._write = write
        self._documents = documents

    def __call__(self, row: Any) -> bytes:
        """Return the document of a row."""
        # An object may be changed in place, a tuple is not.
        if not isinstance(row, tuple) or not isinstance(getattr(row, "version", None), int) or not hasattr(row, "id"):
            return self._write(row)
        key = (self._write, row.id)
        kept = self._documents.get(key)
        if kept is not None and kept[0] is row:
            return kept[1]
        document = self._write(row)
        if len(document) <= _LONGEST_KEPT:
            self._documents.keep(key, (row, document))
        return document


class Encoder:
    """Writes results in the negotiated format.

    :ivar surroundings: makes what surrounds documents on pages for people.
    """

    def __init__(self, surroundings: Surroundings, tables: Tables = "auto") -> None:
        self.surroundings = surroundings
        self._tables = tables
        self._writer = lru_cache(maxsize=None)(self._make_writer)
        self._documents: Documents = Recent(_MOST_KEPT)

    def _make_writer(self, serializer: Serializer, expected: shape.Shape, reads: bool) -> Writer:
        """Return the writer of a shape.

        :param reads: whether the operation only reads, so that no part of a result can be rolled back.
        """
        write = serializer.writer(expected)
        if not reads or not isinstance(expected, shape.Record):
            return write
        rows = expected.fields[expected.rows] if expected.rows else None
        if isinstance(rows, shape.ListOf):
            return serializer.list_writer(expected, self._writer(serializer, rows.item, True)) or write
        # A declared field is not the version of a stored row.
        declares_version = "version" in {expected.attributes.get(name, name) for name in expected.fields}
        return write if declares_version else StoredWriter(write, self._documents)

    def expected(self, operation: Operation, request: Request) -> shape.Shape:
        """Return the shape for encoding a response."""
        assert operation.response_shape is not None
        return table_shape(operation.response_shape, request, self._tables)

    def encode(self, operation: Operation, result: Any, request: Request, budget: Budget) -> bytes:
        """Return the document of one result.

        :raises EncodeError: when the result can't be written in the format.
        :raises ResponseTooLarge: when the document has more bytes than the budget allows.
        """
        expected, serializer = operation.response_shape, request.negotiation.serializer
        assert expected is not None
        if operation.is_readable_raw and _reads_raw(request):
            document = result if isinstance(result, bytes) else to_bytes(str(result))
            budget.write(len(document))
            return document
        if request.query_string:
            serializer = jsconfig.serializer_of(request)
        if operation.lists:
            expected = table_shape(expected, request, self._tables)
            if _is_long(operation, result) and serializer.streams:
                # A long page is written in blocks, and other requests go first between them.
                return joined(serializer.stream(result, expected, page=Page(hold=budget.holder())), budget)
        if serializer.paged:
            around = self.surroundings.page(operation, request, result)
            document = serializer.encode(operation.dump(result), expected, page=around)
        elif serializer is not request.negotiation.serializer:
            # A dialect that a client requested; it is evicted sooner than the writers here.
            document = serializer.writer(expected)(result)
        else:
            document = self._writer(serializer, expected, not operation.writes)(result)
        budget.write(len(document))
        return document

    def encode_batch(self, operation: Operation, results: Iterator[Any], request: Request, budget: Budget) -> bytes:
        """Return the document of a batch's results. Each is written as it comes, so that only the document is in memory.

        :raises EncodeError: when a result can't be written in the format.
        :raises ResponseTooLarge: when the document has more bytes than the budget allows.
        """
        expected, serializer = _list_of(operation), jsconfig.serializer_of(request)
        if not serializer.streams:
            # Results are counted before they are written.
            around = self.surroundings.plain(operation.name, request) if serializer.paged else None
            return b"".join(serializer.stream(_measured(results, expected.item, budget), expected, page=around))
        return joined(serializer.stream(results, expected, page=Page(hold=budget.holder())), budget)


def _reads_raw(request: Request) -> bool:
    """Return whether a ServiceStack client sends the request that reads texts and bytes unencoded in every format."""
    return str(request.env.get("HTTP_USER_AGENT", "")).startswith(RAW_READERS)


def _is_long(operation: Operation, result: Any) -> bool:
    rows = operation.returns.rows if operation.lists and operation.returns is not None else None
    return rows is not None and len(getattr(result, rows) or ()) > BLOCK_ROWS


def joined(blocks: Iterator[bytes], budget: Budget) -> bytes:
    """Return the document that the blocks form. Raises ResponseTooLarge."""
    written = []
    for block in blocks:
        budget.write(len(block))
        written.append(block)
    return b"".join(written)


def _measured(results: Iterator[Any], expected: shape.Shape, budget: Budget) -> Iterator[Any]:
    """Yield the results, each counted by its size in plain JSON."""
    write = json.serializer.writer(expected)
    for result in results:
        budget.write(len(write(result)))
        yield result


@cache
def _list_of(operation: Operation) -> shape.ListOf:
    assert operation.response_shape is not None
    return shape.ListOf(operation.response_shape)


def gathered(response: Any, rows: shape.Record, budget: Budget) -> Any:
    """Return the response of a streamed list with all its rows, each counted by its size: an envelope has them in one cell.

    :param rows: the shape that names the rows.
    """
    assert rows.rows is not None
    attribute = rows.attributes.get(rows.rows, rows.rows)
    listed = rows.fields[rows.rows]
    assert isinstance(listed, shape.ListOf)
    setattr(response, attribute, [*_measured(getattr(response, attribute), listed.item, budget)])
    return response


def headers(operation: Operation, result: Any, serializer: Serializer, tag: str | None = None) -> Mapping[str, str]:
    """Return the headers of a response: its ETag, whether more rows exist than its totals count, and those of the format. A document that
    clients store as a file has no other place for a list's totals.
    """
    fields = {"ETag": tag} if tag else {}
    if operation.lists and getattr(result, "is_count_capped", False):
        fields["X-Total-Count-Capped"] = "true"
    if not serializer.download:
        return fields
    fields["Content-Disposition"] = f"attachment; filename={operation.name}.{serializer.suffixes[0]}"
    for name, attribute in (("X-Total-Count", "total_count"), ("X-Total-Pages", "total_pages")):
        total = getattr(result, attribute, None)
        if isinstance(total, int):
            fields[name] = str(total)
    return fields


class SlowReader(BrokenPipeError):
    """The client of a streamed list reads less than `SLOWEST` bytes a second. Servers treat it as a client that has left."""

    def __init__(self) -> None:
        super().__init__(errno.EPIPE, f"the reader of a list takes less than {SLOWEST} bytes a second")


def paced(blocks: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    """Yield the blocks of a streamed list, while its budget lasts and its client reads fast enough.

    A list is read from one snapshot of the database; until it ends, the database keeps every change that others make.

    :raises SlowReader: when the client reads less than `SLOWEST` bytes a second, after `PATIENCE` seconds.
    :raises OutOfTime, ResponseTooLarge: when the budget is used up. The truncated response can't look complete: the connection is closed
        in the middle of the chunked body.
    """
    waited, allowed = 0.0, PATIENCE
    for block in blocks:
        budget.write(len(block))
        began = time.monotonic()
        yield block
        waited += time.monotonic() - began
        allowed += len(block) / SLOWEST
        if waited > allowed:
            raise SlowReader


class Stream:
    """The blocks of a streamed response. The first one is encoded at once, so that an early failure is still an error response."""

    def __init__(self, blocks: Generator[bytes, None, None]) -> None:
        self._blocks = blocks
        self._first = next(blocks, b"")
        self._last = b""

    def surround(self, opening: bytes, closing: bytes) -> None:
        """Add bytes before and after a stream."""
        self._first = opening + self._first
        self._last += closing

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        yield from self._blocks
        if self._last:
            yield self._last

    def close(self) -> None:
        """End the unit of work that the blocks are read from, for instance because the client has left."""
        self._blocks.close()
