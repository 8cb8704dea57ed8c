"""Forms as bodies: names and texts, percent-encoded or in parts.

The text of a form is in the charset that the form names: a part's own, that of the field ``_charset_``, that of the body's Content-Type,
or UTF-8. A value that its charset can't decode is `Undecodable`, and refused where a field takes it.
"""

from __future__ import annotations

import codecs
import encodings
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from encodings.aliases import aliases

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from gateway.errors import MalformedRequest, TooLarge
from gateway.http import bodies
from gateway.http.negotiation import media_type, parameters
from gateway.http.query import RawPairs, split_pairs, unescaped
from gateway.http.request import Request
from serializers.base import Limits


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A value that is not text in its charset.

    :ivar shown: the value as it was sent, for messages.
    :ivar charset: the charset that it was read as.
    """

    shown: str
    charset: str


#: What a name has: a text, nothing (a name without ``=``), or bytes that are not text.
Value = str | Undecodable | None
Pairs = list[tuple[str, Value]]

#: Fields of one form, whatever more its body's limits allow.
MOST_FIELDS = 10_000
#: Headers of one part; RFC 7578 knows three.
_MOST_HEADERS = 16
#: In any letter case, as HTML has it.
_CHARSET_FIELD = "_charset_"
#: Charsets of Python's that are no charsets of texts, or take time in proportion to the square of a text.
_NOT_READ = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7", "mbcs", "oem"})
_CODECS = aliases.keys() | {module.name for module in pkgutil.iter_modules(encodings.__path__)}
_WIDE = ("utf-16", "utf-32")
#: They mean that the part's bytes are as they are.
_IDENTITIES = frozenset({"", "7bit", "8bit", "binary"})
#: Characters of what was sent that a message repeats.
_LONGEST_SHOWN = 100


def form(request: Request, data: bytes, limits: Limits) -> Pairs | None:
    """Names and values of a body that is a form, in order; None of another one. Read once, and kept on the request.

    A form that begins like a document is a document: ``curl -d`` says of everything that it is a form.

    :raises MalformedRequest: when the form can't be read.
    :raises TooLarge: when it has more fields than `MOST_FIELDS` or the limits' items, or more names than the limits'.
    """
    kind = media_type(request.content_type)
    if request.form is None and kind in bodies.FORMS:
        if kind == bodies.MULTIPART and data:
            request.form = list(_counted(_parts(request, data, _most(limits)), limits))
        elif kind == bodies.FORM and not bodies.is_document(data):
            request.form = list(_counted(_pairs(request, data, _most(limits)), limits))
    return request.form


def query_pairs(pairs: RawPairs) -> Iterator[tuple[str, Value]]:
    """Names and values of a query, decoded as UTF-8. Raises MalformedRequest for a name that is not UTF-8."""
    for name, value in pairs:
        if name:
            yield _name(name, "utf-8", "query"), _value(value, "utf-8")


def _most(limits: Limits) -> int:
    return min(limits.items, MOST_FIELDS)


def _too_many(most: int, what: str) -> TooLarge:
    return TooLarge(f"The form has more than {most} {what}.")


def _counted(pairs: Iterator[tuple[str, Value]], limits: Limits) -> Iterator[tuple[str, Value]]:
    """The pairs, as long as their names are not too many. Items of one list (``x[0]``, ``x[1]``) have one name."""
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
        # Percent-encoding is of bytes, and these charsets have no single ones: the body is in it, what it encodes is UTF-8.
        data, charset = _decoded_whole(data, charset), "utf-8"
    # Counted before anything is split: a list of a million empty texts takes more memory than they do.
    if data.count(b"&") >= most:
        raise _too_many(most, "fields")
    fields = split_pairs(data.removeprefix(bodies.BOM).decode("latin-1"))
    named = _charset_field(value for name, value in fields if name.lower() == _CHARSET_FIELD and value)
    for name, value in fields:
        if name:
            yield _name(name, named or charset, "form"), _value(value, named or charset)
        elif value is not None:
            raise MalformedRequest("The form can't be read: a value has no name in front of its '='.")


def _charset_field(values: Iterator[str]) -> str:
    """The charset that the field ``_charset_`` names; empty where it says nothing, or a wide one, which it can't be in."""
    given = next(values, "")
    charset = _known(unescaped(given, "latin-1")) if given else ""
    return "" if charset.startswith(_WIDE) else charset


def _decoded_whole(data: bytes, charset: str) -> bytes:
    try:
        return data.decode(charset).encode("utf-8")
    except UnicodeError as error:
        raise MalformedRequest(f"The form can't be read: it is not {charset}.") from error


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
    """Python's name of a charset. Raises MalformedRequest for one that is not read here."""
    # Python remembers every name that it was ever asked for: it is asked only for those that it has, in one spelling.
    name = encodings.normalize_encoding(charset.strip().strip("\"'")[:_LONGEST_SHOWN]).lower()
    try:
        found = codecs.lookup(name).name if name in _CODECS else ""
        # The codecs that are no charsets (base64 and the like) say so here.
        "x".encode(found or "ascii")
    except (LookupError, ValueError):
        found = ""
    if not found or found in _NOT_READ:
        raise MalformedRequest(f"The form can't be read: its charset '{charset[:_LONGEST_SHOWN]}' is not known here.")
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """A part as it was sent: its name in bytes, its own charset where it names one."""

    name: bytes
    content: bytes
    charset: str
    is_file: bool


def _field_of(part: _Part) -> bytes:
    """The name of the part's field, in one letter case, without what stands in brackets behind it."""
    return part.name.lower().partition(b"[")[0]


def _parts(request: Request, data: bytes, most: int) -> Iterator[tuple[str, Value]]:
    """The parts' names and texts. A part that is a file counts by its content, and only where no field has its name."""
    boundary = parameters(request.content_type).get("boundary")
    if not boundary:
        raise _unreadable("its Content-Type names no boundary")
    parts = [*_read_parts(data, boundary, most)]
    named = _charset_field(
        part.content.decode("latin-1") for part in parts if part.name.lower() == _CHARSET_FIELD.encode()
    )
    charset = named or _known(parameters(request.content_type).get("charset") or "utf-8")
    texts = {_field_of(part) for part in parts if not part.is_file}
    for part in parts:
        if part.is_file and _field_of(part) in texts:
            continue
        # Names are in the form's charset where that can spell them; a wide one can't.
        name = _decoded(part.name, "utf-8" if charset.startswith(_WIDE) else charset)
        if isinstance(name, Undecodable):
            raise _unreadable(f"the name of a part is not {name.charset.upper()}")
        yield name, _decoded(part.content, _known(part.charset) if part.charset else charset)


def _read_parts(data: bytes, boundary: str, most: int) -> Iterator[_Part]:
    segment: MultipartSegment | None = None
    content: list[bytes] = []
    try:
        with PushMultipartParser(
            boundary.encode("latin-1", "replace"),
            max_segment_count=most,
            max_header_count=_MOST_HEADERS,
            header_charset="latin-1",
        ) as parser:
            for event in parser.parse(data):
                if isinstance(event, MultipartSegment):
                    segment, content = event, []
                elif event is not None:
                    content.append(event)
                elif segment is not None:
                    yield _part(segment, b"".join(content))
    except ParserLimitReached as error:
        if "count" in str(error) and "header" not in str(error):
            raise _too_many(most, "parts") from error
        raise _unreadable(str(error)) from error
    except MultipartError as error:
        raise _unreadable(str(error)) from error


def _part(segment: MultipartSegment, content: bytes) -> _Part:
    disposition = parameters(segment.header("Content-Disposition"))
    name = disposition.get("name")
    if not name:
        raise _unreadable("a part has no name")
    encoding = segment.header("Content-Transfer-Encoding", "").strip().lower()
    if encoding not in _IDENTITIES:
        raise _unreadable(
            f"the part '{name[:_LONGEST_SHOWN]}' is in the transfer encoding '{encoding[:_LONGEST_SHOWN]}'; send it as binary"
        )
    charset = parameters(segment.header("Content-Type")).get("charset", "")
    return _Part(name.encode("latin-1"), content, charset, "filename" in disposition or "filename*" in disposition)


def _unreadable(problem: str) -> MalformedRequest:
    return MalformedRequest(f"The multipart body can't be read: {problem}.")
