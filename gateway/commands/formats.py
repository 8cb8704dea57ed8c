"""Files of records, written and read record by record, so that they may be of any length.

jsonl and jsv have one line for each record; csv has a header, and one row for each record. A line break within a text of jsv or csv is in
quotes. Null is omitted, or an empty cell in csv; an empty text in csv is a pair of quotes, so that it is not read as null.
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

#: The limits of a record: sessions are exported completely, with logs of any length.
_LIMITS = Limits(bytes=1 << 28, items=1 << 24, names=1 << 24)


class RecordFormat(Protocol):
    """A file format of records."""

    def write(self, records: Sequence[Any], *, first: bool) -> bytes:
        """Return the bytes of some records; `first` if they are at the beginning of the file."""
        ...

    def read(self, file: IO[bytes]) -> Iterator[tuple[int, Any]]:
        """Yield number and value, by wire name, of each record. Raises MalformedRequest, which names the record."""
        ...


class Lines:
    """One line for each record: jsonl and jsv."""

    def __init__(self, serializer: Any, dto: type[Dto], *, breaks_in_quotes: bool) -> None:
        self._serializer = serializer
        self._record = wire_shape(dto)
        self._breaks_in_quotes = breaks_in_quotes
        self._writer = serializer.writer(document_shape(dto))

    def write(self, records: Sequence[Any], *, first: bool) -> bytes:
        """Return a line for each record."""
        return b"".join(self._writer(record) + b"\n" for record in records)

    def read(self, file: IO[bytes]) -> Iterator[tuple[int, Any]]:
        """Yield the records of all lines that are not blank."""
        for number, line in enumerate(_read_lines(file, breaks_in_quotes=self._breaks_in_quotes), 1):
            if line.strip():
                with _name_record_in_errors(number):
                    record = self._serializer.decode(line.rstrip(b"\r\n"), self._record, limits=_LIMITS)
                yield number, record


class Table:
    """A header, and one row for each record: csv, with nested values as JSV."""

    def __init__(self, dto: type[Dto]) -> None:
        self._record = wire_shape(dto)
        self._header = writer.header(document_shape(dto))
        self._line = writer.compiled(document_shape(dto), attributes=True, quote_empty=True)

    def write(self, records: Sequence[Any], *, first: bool) -> bytes:
        """Return a row for each record, in the first block after the header."""
        return to_bytes("".join((self._header if first else "", *map(self._line, records))))

    def read(self, file: IO[bytes]) -> Iterator[tuple[int, Any]]:
        """Yield the records of all rows after the header."""
        lines = _read_lines(file, breaks_in_quotes=True)
        with _name_record_in_errors(0):
            read = row_reader(from_bytes(next(lines, b""), _LIMITS), self._record, limits=_LIMITS)
        number = 0
        for line in lines:
            with _name_record_in_errors(number + 1):
                records = list(read(line.decode()))
            for record in records:
                number += 1
                yield number, {name: value for name, value in record.items() if value is not None}


def _read_lines(file: IO[bytes], *, breaks_in_quotes: bool) -> Iterator[bytes]:
    """Yield the lines of a file; a line break in quotes does not end a line. Raises MalformedRequest for a line that is too long."""
    pending: list[bytes] = []
    size, open_text = 0, False
    while line := file.readline(_LIMITS.bytes + 1):
        pending.append(line)
        size += len(line)
        if size > _LIMITS.bytes:
            begin = pending[0][:80].decode(errors="replace")
            raise MalformedRequest(f"the record that begins with {begin!r} is longer than {_LIMITS.bytes} bytes")
        # Quotes within a text are doubled, so an odd number of quotes means that a text goes on in the next line.
        open_text ^= breaks_in_quotes and line.count(b'"') % 2 == 1
        if not open_text:
            yield b"".join(pending)
            pending.clear()
            size = 0
    if pending:
        yield b"".join(pending)


@contextmanager
def _name_record_in_errors(number: int) -> Iterator[None]:
    """Name the record in errors; 0 is the header."""
    try:
        yield
    except (DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(f"{f'record {number}' if number else 'the header'} can't be read: {error}") from error


#: The formats of files of records, by name: each function makes the format for a DTO.
FORMATS: Mapping[str, Callable[[type[Dto]], RecordFormat]] = {
    "jsonl": lambda dto: Lines(json.serializer, dto, breaks_in_quotes=False),
    "csv": Table,
    "jsv": lambda dto: Lines(jsv.serializer, dto, breaks_in_quotes=True),
}
