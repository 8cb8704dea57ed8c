"""Forms as bodies: names and texts, percent-encoded or in parts.

The text of a form is in the charset that the form names: a part's own, that of the field ``_charset_``, that of the body's Content-Type,
or UTF-8. A value that its charset can't decode is `Undecodable`, and refused if a field takes it.
"""

from __future__ import annotations

import codecs
import encodings
import pkgutil
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from encodings.aliases import aliases
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast
from urllib.parse import unquote_to_bytes

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from gateway.calls import UploadedFile
from gateway.errors import MalformedRequest, TooLarge, Unavailable
from gateway.http import bodies
from gateway.http.negotiation import media_type, parameters
from gateway.http.query import RawPairs, split_pairs, unescaped
from gateway.http.request import Request
from gateway.replies import base_name
from serializers.base import Limits


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A value that is not text in its charset.

    :ivar shown: the value as it was sent, for messages.
    :ivar charset: the charset that it was read as.
    """

    shown: str
    charset: str


class JsonText(str):
    """The text of a part whose Content-Type is JSON."""

    __slots__ = ()


#: The value of a name: a text, None (a name without ``=``), or bytes that are not text.
Value = str | Undecodable | None
Pairs = list[tuple[str, Value]]

#: Maximum number of fields of one form, even if its body's limits allow more.
MOST_FIELDS = 10_000
#: Maximum number of headers of one part; RFC 7578 defines three.
_MOST_HEADERS = 16
#: Maximum bytes of an uploaded file that is kept in memory.
IN_MEMORY = 64 * 1024
_JSON = "application/json"
#: Case-insensitive, as in HTML.
_CHARSET_FIELD = "_charset_"
#: Codecs of Python that are not charsets, or take quadratic time.
_NOT_READ = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7", "mbcs", "oem"})
_CODECS = aliases.keys() | {module.name for module in pkgutil.iter_modules(encodings.__path__)}
_WIDE = ("utf-16", "utf-32")
#: Encodings that leave the part's bytes unchanged.
_IDENTITIES = frozenset({"", "7bit", "8bit", "binary"})
#: Maximum number of characters of the input that a message repeats.
_LONGEST_SHOWN = 100


def form(request: Request, data: bytes, limits: Limits) -> Pairs | None:
    """Return the names and values of a body that is a form, in order; None for another body. It is read once and stored on the request.

    A form that begins like a document is a document, because ``curl -d`` labels everything a form.

    :raises MalformedRequest: when the form can't be read.
    :raises TooLarge: when it has more fields than `MOST_FIELDS` or the limits' items, or more names than the limits'.
    """
    kind = media_type(request.content_type)
    if request.form is None and kind in bodies.FORMS:
        if kind == bodies.MULTIPART and data:
            request.form = list(_counted(_parts(request, _read_parts(request, [data], limits)), limits))
        elif kind == bodies.FORM and not bodies.is_document(data):
            request.form = list(_counted(_pairs(request, data, _most(limits)), limits))
    return request.form


def query_pairs(pairs: RawPairs) -> Iterator[tuple[str, Value]]:
    """Yield the names and values of a query, decoded as UTF-8. Raises MalformedRequest for a name that is not UTF-8."""
    for name, value in pairs:
        if name:
            yield _name(name, "utf-8", "query"), _value(value, "utf-8")


def _most(limits: Limits) -> int:
    return min(limits.items, MOST_FIELDS)


def _too_many(most: int, what: str) -> TooLarge:
    return TooLarge(f"The form has more than {most} {what}.")


def _counted(pairs: Iterator[tuple[str, Value]], limits: Limits) -> Iterator[tuple[str, Value]]:
    """Yield the pairs. Raises TooLarge when they have too many names. Items of one list (``x[0]``, ``x[1]``) have one name."""
    names: set[str] = set()
    for name, value in pairs:
        list_name, _, place = name.partition("[")
        names.add(list_name if place[:-1].isdecimal() else name)
        if len(names) > limits.names:
            raise _too_many(limits.names, "names")
        yield name, value


def _pairs(request: Request, data: bytes, most: int) -> Iterator[tuple[str, Value]]:
    charset = _known(parameters(request.content_type).get("charset") or "utf-8")
    if charset.startswith(_WIDE):
        # Percent-encoding needs single bytes, which these charsets do not have: the body is in the charset, the encoded text in UTF-8.
        data, charset = _decoded_whole(data, charset), "utf-8"
    # Counted before anything is split: a list of a million empty texts takes more memory than the texts.
    if data.count(b"&") >= most:
        raise _too_many(most, "fields")
    fields = split_pairs(data.removeprefix(bodies.BOM).decode("latin-1"))
    named = _charset_field(value for name, value in fields if name.lower() == _CHARSET_FIELD and value)
    for name, value in fields:
        if name:
            yield _name(name, named or charset, "form"), _value(value, named or charset)
        elif value is not None:
            raise MalformedRequest("The form can't be read: a value has no name before its '='.")


def _charset_field(values: Iterator[str]) -> str:
    """Return the charset in the field ``_charset_``; empty if it is missing or wide, as such a form could not be parsed."""
    given = next(values, "")
    charset = _known(unescaped(given, "latin-1")) if given else ""
    return "" if charset.startswith(_WIDE) else charset


def _decoded_whole(data: bytes, charset: str) -> bytes:
    problem = f"The form can't be read: it is not {charset}."
    # In a wide charset, the separators between names and values contain a zero byte: a body without one would become unknown names.
    if data and 0 not in data:
        raise MalformedRequest(problem)
    try:
        return data.decode(charset).encode("utf-8")
    except UnicodeError as error:
        raise MalformedRequest(problem) from error


def _name(text: str, charset: str, what: str) -> str:
    try:
        return unescaped(text, charset)
    except UnicodeError:
        shown = text[:_LONGEST_SHOWN]
        raise MalformedRequest(f"The {what} can't be read: the name '{shown}' is not {charset.upper()}.") from None


def _value(text: str | None, charset: str) -> Value:
    try:
        return None if text is None else unescaped(text, charset)
    except UnicodeError:
        return Undecodable(text or "", charset)


def _decoded(raw: bytes, charset: str) -> str | Undecodable:
    try:
        return raw.decode(charset)
    except UnicodeError:
        return Undecodable(raw[:_LONGEST_SHOWN].decode("ascii", "backslashreplace"), charset)


def _known(charset: str) -> str:
    """Return Python's name of a charset. Raises MalformedRequest for an unsupported one."""
    # Python caches every name that is looked up: only names that it has are looked up, in one spelling.
    name = encodings.normalize_encoding(charset.strip().strip("\"'")[:_LONGEST_SHOWN]).lower()
    try:
        codec = codecs.lookup(name).name if name in _CODECS else ""
        # Codecs that are not charsets (base64 and the like) fail here.
        "x".encode(codec or "ascii")
    except (LookupError, ValueError):
        codec = ""
    if not codec or codec in _NOT_READ:
        raise MalformedRequest(f"The form can't be read: its charset '{charset[:_LONGEST_SHOWN]}' is not supported.")
    return codec


@dataclass(frozen=True, slots=True)
class _Part:
    """A part as it was sent: its name in bytes, and its charset if it names one.

    :ivar stream: the content of an uploaded file; `content` is then empty.
    """

    name: bytes
    content: bytes
    charset: str
    is_file: bool
    file_name: str = ""
    type: str = ""
    stream: BinaryIO | None = None


def _field_of(part: _Part) -> bytes:
    """Return the field name of a part, in lower case, without the text in brackets after it."""
    return part.name.lower().partition(b"[")[0]


def read_files(request: Request, limits: Limits) -> None:
    """Read the fields and files of a multipart body once, and store them on the request. Ignore other bodies.

    A file of more than `IN_MEMORY` bytes is on disk without a name, so that closing it deletes it.

    :raises MalformedRequest: when the form can't be read.
    :raises TooLarge: when the body has more bytes, fields or names than it may have.
    :raises Unavailable: when a file can't be stored.
    """
    if media_type(request.content_type) != bodies.MULTIPART:
        return
    if request.form is not None:
        if sum(file.size for file in request.files) > limits.bytes:
            close(request.files)
            raise bodies.too_large(limits.bytes)
        return
    opened: list[BinaryIO] = []
    try:
        blocks = bodies.read_blocks(request, limits.bytes)
        parts = [*_read_parts(request, blocks, limits, opened)]
        request.form = list(_counted(_parts(request, [part for part in parts if part.stream is None]), limits))
        request.files = [_uploaded(part, part.stream) for part in parts if part.stream is not None]
    except BaseException as error:
        for stream in opened:
            stream.close()
        if isinstance(error, OSError):
            raise Unavailable("Uploaded files can't be stored at the moment.") from error
        raise
    # What follows must not read the body again.
    request.body = b""


def close(files: Iterable[UploadedFile]) -> None:
    """Close uploaded files, which deletes them."""
    for file in files:
        file.stream.close()


def _uploaded(part: _Part, stream: BinaryIO) -> UploadedFile:
    size = stream.tell()
    stream.seek(0)
    name = _decoded(part.name, "utf-8")
    if isinstance(name, Undecodable):
        raise _unreadable("the name of a part is not UTF-8")
    return UploadedFile(name, part.file_name, part.type, size, stream)


def _parts(request: Request, given: Iterable[_Part]) -> Iterator[tuple[str, Value]]:
    """Yield the parts' names and texts. The text of a file is its content; a file is omitted if a field has the same name."""
    parts = [*given]
    named = _charset_field(
        part.content.decode("latin-1") for part in parts if part.name.lower() == _CHARSET_FIELD.encode()
    )
    charset = named or _known(parameters(request.content_type).get("charset") or "utf-8")
    texts = {_field_of(part) for part in parts if not part.is_file}
    for part in parts:
        if part.is_file and _field_of(part) in texts:
            continue
        # Names are in the form's charset, unless that is a wide one.
        name = _decoded(part.name, "utf-8" if charset.startswith(_WIDE) else charset)
        if isinstance(name, Undecodable):
            raise _unreadable(f"the name of a part is not {name.charset.upper()}")
        text = _decoded(part.content, _known(part.charset) if part.charset else charset)
        is_json = isinstance(text, str) and media_type(part.type) == _JSON
        yield name, JsonText(text) if is_json else text


def _read_parts(
    request: Request, blocks: Iterable[bytes], limits: Limits, opened: list[BinaryIO] | None = None
) -> Iterator[_Part]:
    """Yield the parts of a body.

    :param opened: gets the streams of the parts that are files; None if their content is stored like that of fields.
    """
    boundary, most = parameters(request.content_type).get("boundary"), _most(limits)
    if not boundary:
        raise _unreadable("its Content-Type names no boundary")
    part: _Part | None = None
    content: list[bytes] = []
    try:
        with PushMultipartParser(
            boundary.encode("latin-1", "replace"),
            max_segment_count=most,
            max_header_count=_MOST_HEADERS,
            header_charset="latin-1",
        ) as parser:
            for event in (event for block in blocks for event in parser.parse(block)):
                if isinstance(event, MultipartSegment):
                    part, content = _part(event, opened), []
                elif event is None:
                    if part is not None:
                        yield replace(part, content=b"".join(content))
                elif part is not None and part.stream is not None:
                    part.stream.write(event)
                else:
                    content.append(event)
    except ParserLimitReached as error:
        if "count" in str(error) and "header" not in str(error):
            raise _too_many(most, "parts") from error
        raise _unreadable(str(error)) from error
    except MultipartError as error:
        raise _unreadable(str(error)) from error


def _part(segment: MultipartSegment, opened: list[BinaryIO] | None) -> _Part:
    """Return a part whose content follows."""
    disposition = parameters(segment.header("Content-Disposition"))
    name = disposition.get("name")
    if not name:
        raise _unreadable("a part has no name")
    encoding = segment.header("Content-Transfer-Encoding", "").strip().lower()
    if encoding not in _IDENTITIES:
        raise _unreadable(
            f"the part '{name[:_LONGEST_SHOWN]}' is in the transfer encoding '{encoding[:_LONGEST_SHOWN]}'; send it as binary"
        )
    kind = segment.header("Content-Type", "")
    is_file = "filename" in disposition or "filename*" in disposition
    part = _Part(name.encode("latin-1"), b"", parameters(kind).get("charset", ""), is_file, type=kind)
    if not is_file or opened is None:
        return part
    stream = cast("BinaryIO", SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - open until the call ends
    opened.append(stream)
    return replace(part, file_name=_file_name(disposition), stream=stream)


def _file_name(disposition: Mapping[str, str]) -> str:
    """Return the name of an uploaded file, without folders and control characters: the extended name (RFC 8187) if there is one."""
    charset, _, extended = disposition.get("filename*", "").partition("'")
    encoded = extended.partition("'")[2]
    if encoded:
        name = unquote_to_bytes(encoded).decode("latin-1" if charset.lower() == "iso-8859-1" else "utf-8", "replace")
    else:
        name = disposition.get("filename", "").encode("latin-1").decode("utf-8", "replace")
    return "".join(character for character in base_name(name) if unicodedata.category(character) != "Cc")


def _unreadable(problem: str) -> MalformedRequest:
    return MalformedRequest(f"The multipart body can't be read: {problem}.")
