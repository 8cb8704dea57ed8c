"""Files of records: written and read record by record, so that their length does not matter.

jsonl and jsv have one record a line, csv has a header and a row a record; a line break within a text of jsv or csv stands in quotes. What
is null is left out, and in csv an empty cell; an empty text there is a pair of quotes, so that it comes back as what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any, Protocol

from gateway.contract.dto import Dto
from gateway.contract.shapes import document_shape, wire_shape
from gateway.errors import MalformedRequest
from serializers import json, jsv
from serializers.base import Limits
from serializers.csv import writer
from serializers.csv.reader import row_reader
from serializers.errors import DecodeError
from serializers.text import from_bytes, to_bytes

#: The limits of a record: sessions are exported completely, however long their logs are.
_LIMITS = Limits(bytes=1 << 28, items=1 << 24, names=1 << 24)


class RecordFormat(Protocol):
    """A file format of records."""

    def write(self, records: Sequence[Any], *, first: bool) -> bytes:
        """The bytes of some records; `first` where the file begins with them."""
        ...

    def read(self, file: IO[bytes]) -> Iterator[tuple[int, Any]]:
        """Number and value of each record, by wire name. Raises MalformedRequest that names the record."""
        ...


class Lines:
    """A record a line: jsonl and jsv."""

    def __init__(self, serializer: Any, dto: type[Dto], *, breaks_in_quotes: bool) -> None:
        self._serializer = serializer
        self._record = wire_shape(dto)
        self._breaks_in_quotes = breaks_in_quotes
        self._writer = serializer.writer(document_shape(dto))

    def write(self, records: Sequence[Any], *, first: bool) -> bytes:
        """A line for each record."""
        return b"".join(self._writer(each) + b"\n" for each in records)

    def read(self, file: IO[bytes]) -> Iterator[tuple[int, Any]]:
        """The records of all lines that are not blank."""
        for number, line in enumerate(_lines(file, breaks_in_quotes=self._breaks_in_quotes), 1):
            if line.strip():
                with _telling(number):
                    record = self._serializer.decode(line.rstrip(b"\r\n"), self._record, limits=_LIMITS)
                yield number, record


class Table:
    """A header and a row a record: csv, with nested values as JSV."""

    def __init__(self, dto: type[Dto]) -> None:
        self._record = wire_shape(dto)
        self._header = writer.header(document_shape(dto))
        self._line = writer.compiled(document_shape(dto), attributes=True, quote_empty=True)

    def write(self, records: Sequence[Any], *, first: bool) -> bytes:
        """A row for each record, after the header in the first block."""
        return to_bytes("".join((self._header if first else "", *map(self._line, records))))

    def read(self, file: IO[bytes]) -> Iterator[tuple[int, Any]]:
        """The records of all rows after the header."""
        lines = _lines(file, breaks_in_quotes=True)
        with _telling(0):
            read = row_reader(from_bytes(next(lines, b""), _LIMITS), self._record, limits=_LIMITS)
        number = 0
        for line in lines:
            with _telling(number + 1):
                found = list(read(line.decode()))
            for record in found:
                number += 1
                yield number, {name: value for name, value in record.items() if value is not None}


def _lines(file: IO[bytes], *, breaks_in_quotes: bool) -> Iterator[bytes]:
    """The lines of a file, which go on after a break that stands in quotes. Raises MalformedRequest for one that is far too long."""
    pending: list[bytes] = []
    size, open_text = 0, False
    while line := file.readline(_LIMITS.bytes + 1):
        pending.append(line)
        size += len(line)
        if size > _LIMITS.bytes:
            begin = pending[0][:80].decode(errors="replace")
            raise MalformedRequest(f"the record that begins with {begin!r} is longer than {_LIMITS.bytes} bytes")
        # Within a text every quote is doubled, so an odd number of them is a text that goes on.
        open_text ^= breaks_in_quotes and line.count(b'"') % 2 == 1
        if not open_text:
            yield b"".join(pending)
            pending.clear()
            size = 0
    if pending:
        yield b"".join(pending)


@contextmanager
def _telling(number: int) -> Iterator[None]:
    """Errors name the record; 0 is the header."""
    try:
        yield
    except (DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(f"{f'record {number}' if number else 'the header'} can't be read: {error}") from error


#: The formats that files of records may have: name to what makes it for a DTO.
FORMATS: Mapping[str, Callable[[type[Dto]], RecordFormat]] = {
    "jsonl": lambda dto: Lines(json.serializer, dto, breaks_in_quotes=False),
    "csv": Table,
    "jsv": lambda dto: Lines(jsv.serializer, dto, breaks_in_quotes=True),
}
