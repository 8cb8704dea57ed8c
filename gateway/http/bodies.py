"""The body of a request: its bytes, under a limit, and its format."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any

import brotli

from gateway.errors import MalformedRequest, RequestTimeout, TooLarge, UnsupportedMedia
from gateway.http.negotiation import media_type
from gateway.http.request import Request
from serializers.base import Serializer
from serializers.registry import Registry

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
FORMS = frozenset({FORM, MULTIPART})

#: Maximum number of encodings of one body.
MOST_ENCODINGS = 4

#: An inflater: it gets bytes and the maximum size of the result.
_Inflate = Callable[[bytes, int], bytes]

_BLOCK = 64 * 1024
BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
#: The first bytes of JSON, JSV and XML; no form begins like this.
_DOCUMENTS = (b"{", b"[", b"<")


def receive(request: Request, most: int) -> None:
    """Receive the body, or the first `most` bytes of a body of unknown length, before the request takes a place: a slow client then holds
    none. Nothing is inflated or decoded. `read` reads longer bodies: the number of places limits its memory.

    Raises the errors of the stream that `read` raises, and UnsupportedMedia.
    """
    env = request.env
    length = request.content_length
    if request.body is not None or (length is not None and length > most):
        return
    if header := env.get("HTTP_CONTENT_ENCODING"):
        _encodings(header)
    is_ended = length is None and env.get("wsgi.input_terminated")
    request.begun = b"".join(_blocks(request.stream if is_ended else request.bounded_stream, most))


def read(request: Request, limit: int) -> bytes:
    """Return the complete body, inflated. It is read once and stored on the request.

    :param limit: maximum bytes of the body as sent, and of the inflated body.
    Raises TooLarge, UnsupportedMedia (an unknown encoding), RequestTimeout, MalformedRequest (truncated, or invalid in its encoding).
    """
    if request.body is None:
        env = request.env
        if "CONTENT_LENGTH" not in env and "HTTP_TRANSFER_ENCODING" not in env:
            request.body = b""
            return b""
        header = env.get("HTTP_CONTENT_ENCODING")
        inflaters = _encodings(header) if header else ()
        length = request.content_length
        if length is not None and length > limit:
            raise too_large(limit)
        # Chunked: the server ends the stream itself, and Falcon's bounded stream would be empty.
        is_bounded = length is not None or env.get("wsgi.input_terminated")
        stream = request.stream if is_bounded else request.bounded_stream
        most = limit + 1 if length is None else length
        # PERF: most bodies are one block.
        data = request.begun or _block(stream, most)
        if len(data) != length:
            data = _rest_of(stream, data, most, length, limit)
        for inflate in reversed(inflaters) if data else ():
            data = inflate(data, limit)
        request.body = data
    elif len(request.body) > limit:
        raise too_large(limit)
    return request.body


def read_blocks(request: Request, limit: int) -> Iterator[bytes]:
    """Yield the body in blocks; only a compressed body is in memory completely.

    :param limit: maximum bytes of the body as sent, and of the inflated body.
    Raises what `read` raises.
    """
    env = request.env
    if request.body is not None or env.get("HTTP_CONTENT_ENCODING"):
        yield read(request, limit)
        return
    length = request.content_length
    if length is not None and length > limit:
        raise too_large(limit)
    is_ended = length is None and env.get("wsgi.input_terminated")
    size = 0
    rest = _blocks(request.stream if is_ended else request.bounded_stream, limit + 1 - len(request.begun))
    for block in chain(filter(None, [request.begun]), rest):
        size += len(block)
        if size > limit:
            raise too_large(limit)
        yield block
    if length is not None and size < length:
        raise _cut_off(size, length)


def _rest_of(stream: Any, data: bytes, most: int, length: int | None, limit: int) -> bytes:
    """Return the body, whose beginning has been read already. Raises TooLarge, MalformedRequest, RequestTimeout."""
    data += b"".join(_blocks(stream, most - len(data)))
    if len(data) > limit:
        raise too_large(limit)
    if length is not None and len(data) < length:
        raise _cut_off(len(data), length)
    return data


def _cut_off(size: int, length: int) -> MalformedRequest:
    return MalformedRequest(f"The body ends after {size} of the {length} bytes that Content-Length names.")


def _blocks(stream: Any, most: int) -> Iterator[bytes]:
    """Yield blocks of a stream, up to a number of bytes. Raises MalformedRequest, RequestTimeout."""
    while most > 0 and (block := _block(stream, most)):
        most -= len(block)
        yield block


def _block(stream: Any, most: int) -> bytes:
    try:
        block: bytes = stream.read(min(_BLOCK, most))
    except TimeoutError as error:
        raise RequestTimeout("The body of the request did not arrive in time.") from error
    except Exception as error:
        # Each server has its own errors for invalid chunks and for clients that left.
        raise MalformedRequest(f"The body can't be read: {error}") from error
    return block


def too_large(limit: int) -> TooLarge:
    """Return the error of a body with more bytes than the limit."""
    return TooLarge(f"The body has more than the {limit} bytes that a request may have.")


def _encodings(header: str) -> list[_Inflate]:
    """Return an inflater for each encoding, in the order in which the client applied them. Raises UnsupportedMedia."""
    names = [name for part in header.split(",") if (name := part.strip().lower()) and name != "identity"]
    if len(names) > MOST_ENCODINGS:
        raise UnsupportedMedia(f"The body has {len(names)} encodings; at most {MOST_ENCODINGS} are allowed.")
    unknown = next((name for name in names if name not in _INFLATERS), None)
    if unknown is not None:
        raise UnsupportedMedia(
            f"The Content-Encoding '{unknown[:100]}' is not read here: {', '.join(_INFLATERS)} are.",
        )
    return [_INFLATERS[name] for name in names]


def _zlib(name: str, *windows: int) -> _Inflate:
    """Return an inflater that tries zlib's windows one after the other."""

    def inflate(data: bytes, limit: int) -> bytes:
        problem = ""
        for window in windows:
            inflater = zlib.decompressobj(window)
            try:
                inflated = inflater.decompress(data, limit + 1)
            except zlib.error as error:
                problem = str(error)
                continue
            if len(inflated) > limit:
                raise too_large(limit)
            if inflater.eof and not inflater.unused_data:
                return inflated
            problem = "it ends early" if not inflater.eof else "something follows it"
        raise MalformedRequest(f"The body is not valid {name}: {problem}.")

    return inflate


def _brotli(data: bytes, limit: int) -> bytes:
    inflater = brotli.Decompressor()
    try:
        inflated: bytes = inflater.process(data, output_buffer_limit=limit + 1)
    except brotli.error as error:
        raise MalformedRequest("The body is not valid br.") from error
    if len(inflated) > limit:
        raise too_large(limit)
    if not inflater.is_finished():
        raise MalformedRequest("The body is not valid br: it ends early.")
    return inflated


_INFLATERS: Mapping[str, _Inflate] = {
    "gzip": _zlib("gzip", 31),
    "x-gzip": _zlib("x-gzip", 31),
    # With zlib's header, as in RFC 9110, or raw, as .NET sends it.
    "deflate": _zlib("deflate", 15, -15),
    "br": _brotli,
}


def serializer_of(request: Request, data: bytes, registry: Registry) -> Serializer:
    """Return the serializer that reads the body. Raises UnsupportedMedia with the list of formats."""
    declared = _declared(request.content_type, registry)
    if declared is not None:
        return declared
    negotiation = request.negotiation
    if negotiation.chosen and negotiation.serializer.readable and _may_be(negotiation.serializer, data, registry):
        return negotiation.serializer
    of_api = registry.preferred if negotiation.path.lower().startswith("/api/") else None
    serializer = registry.beginning_like(data) or of_api
    if serializer is None:
        known = ", ".join(_readable(registry))
        kind = media_type(request.content_type) or "none"
        raise UnsupportedMedia(f"A body of type '{kind}' is not read here. Read are: {known}, {FORM}, {MULTIPART}.")
    return serializer


@lru_cache(maxsize=512)
def _declared(content_type: str | None, registry: Registry) -> Serializer | None:
    """Return the serializer of a Content-Type if it reads bodies, else None."""
    serializer = registry.by_media_type(media_type(content_type))
    return serializer if serializer is not None and serializer.readable else None


def is_document(data: bytes) -> bool:
    """Return whether a body begins like a document. Its Content-Type does not matter: ``curl -d '{…}'`` sends that of a form."""
    return data.removeprefix(BOM).lstrip(_BLANK).startswith(_DOCUMENTS)


def _may_be(serializer: Serializer, data: bytes, registry: Registry) -> bool:
    """Return whether a body can be in the format of the URL: ``curl -d '{…}' host/sessions.xml`` sends JSON, and wants XML back."""
    likely = registry.beginning_like(data)
    return likely is None or bool(set(likely.begins) & set(serializer.begins))


def _readable(registry: Registry) -> Iterator[str]:
    for serializer in registry:
        if serializer.readable:
            yield serializer.media_types[0]
