"""Files of records: written and read record by record, so that their length does not matter.

jsonl and jsv have one record a line (a line break within a JSV text stands in quotes), csv has a header and a row a record. What is
null is left out, and in csv an empty cell, so an empty text in csv comes back as null.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, Protocol

from gateway.contract.dto import Dto
from gateway.contract.shapes import document_shape, wire_shape
from gateway.errors import MalformedRequest
from serializers import csv as csv_format
from serializers import json, jsv
from serializers.errors import DecodeError
from serializers.shape import ListOf, Reference, Shape, Text


class RecordFormat(Protocol):
    """How records stand in a file."""

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
        for number, line in enumerate(self._lines(file), 1):
            if line.strip():
                yield number, self._decode(line, number)

    def _lines(self, file: IO[bytes]) -> Iterator[bytes]:
        pending: list[bytes] = []
        open_text = False
        for line in file:
            pending.append(line)
            # Within a JSV text every quote is doubled, so an odd number of them is a text that goes on.
            open_text ^= self._breaks_in_quotes and line.count(b'"') % 2 == 1
            if not open_text:
                yield b"".join(pending)
                pending.clear()
        yield b"".join(pending)

    def _decode(self, line: bytes, number: int) -> Any:
        try:
            return self._serializer.decode(line.rstrip(b"\r\n"), self._record)
        except DecodeError as error:
            raise _unreadable(number, error) from error


class Table:
    """A header and a row a record: csv, with nested values as JSV."""

    def __init__(self, dto: type[Dto]) -> None:
        self._record = wire_shape(dto)
        self._writer = csv_format.serializer.writer(ListOf(document_shape(dto)))

    def write(self, records: Sequence[Any], *, first: bool) -> bytes:
        """A row for each record, after the header in the first block."""
        document: bytes = self._writer(records)
        return document if first else document.partition(b"\r\n")[2]

    def read(self, file: IO[bytes]) -> Iterator[tuple[int, Any]]:
        """The records of all rows after the header."""
        csv.field_size_limit(1 << 30)
        text = io.TextIOWrapper(file, "utf-8-sig", newline="")
        rows = csv.reader(text, strict=True)
        by_header = {self._record.declared_name(wire).lower(): wire for wire in self._record.fields}
        try:
            columns = [by_header.get(title.lower(), "") for title in next(rows, [])]
            for number, row in enumerate(rows, 1):
                if row:
                    yield number, self._record_of(dict(zip(columns, row, strict=False)), number)
        except (csv.Error, UnicodeDecodeError) as error:
            raise MalformedRequest(f"line {rows.line_num} can't be read: {error}") from error
        finally:
            # The wrapper would close the file that it was given.
            text.detach()

    def _record_of(self, cells: dict[str, str], number: int) -> dict[str, Any]:
        try:
            fields = self._record.fields
            return {wire: _cell(text, fields[wire]) for wire, text in cells.items() if wire and text}
        except DecodeError as error:
            raise _unreadable(number, error) from error


def _cell(text: str, expected: Shape | Reference) -> Any:
    assert not isinstance(expected, Reference)
    return text if isinstance(expected, Text) else jsv.loads(text, expected)


def _unreadable(number: int, error: DecodeError) -> MalformedRequest:
    return MalformedRequest(f"record {number} can't be read: {error}")


#: The formats that files of records may have: name to what makes it for a DTO.
FORMATS: Mapping[str, Callable[[type[Dto]], RecordFormat]] = {
    "jsonl": lambda dto: Lines(json.serializer, dto, breaks_in_quotes=False),
    "csv": Table,
    "jsv": lambda dto: Lines(jsv.serializer, dto, breaks_in_quotes=True),
}
