"""Responses to requests that never become a Falcon request: in the requested format, as far as their first bytes name one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from gateway.contract.responses import ErrorResponse
from gateway.contract.shapes import document_shape
from gateway.errors import ServiceError
from gateway.http import hardening
from gateway.http.errors import error_document, error_value
from gateway.http.negotiation import Negotiation, negotiate
from gateway.http.query import split_pairs
from serializers.base import Page
from serializers.registry import Registry

_CODES: Mapping[int, str] = {
    408: "RequestTimeout",
    414: "RequestUriTooLong",
    431: "RequestHeadersTooLarge",
    500: "InternalServerError",
}
_HEADER = re.compile(r"(accept|content-type)[ \t]*:[ \t]*(.*)", re.IGNORECASE)
_TARGET = re.compile(r"[ \t]*(\S+)[ \t]+(\S+)")


class _Head(NamedTuple):
    """The request line and headers in the first bytes of a request; empty if there are none."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


def refusal(
    status: int,
    message: str,
    request_id: str,
    head: bytes,
    registry: Registry,
    default_format: str = "json",
    *,
    retry_after: int = 0,
) -> bytes:
    """Return the bytes of a complete HTTP/1.1 response, after which the connection ends.

    :param head: the first bytes of the request: its request line and headers, or as much of them as was read. They may be anything.
    :param default_format: the name of the default response format.
    :param retry_after: seconds after which the client may try again; 0 for no such header.
    """
    read = _read(head)
    negotiation = negotiate(
        _decoded(read.path),
        split_pairs(read.query),
        read.headers.get("accept"),
        read.headers.get("content-type"),
        registry,
        raw_path=read.path,
        default=default_format,
    )
    phrase = HTTPStatus(status).phrase
    error = ServiceError(message, error_code=_CODES.get(status, phrase.replace(" ", "")))
    body = _document(error, negotiation)
    lines = (
        f"HTTP/1.1 {status} {phrase}",
        "Connection: close",
        f"X-Request-Id: {request_id}",
        f"Content-Type: {negotiation.content_type}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Vary: Accept",
        *([f"Retry-After: {retry_after}"] if retry_after else []),
        *(f"{name}: {value}" for name, value in hardening.headers(negotiation.content_type)),
    )
    return "\r\n".join((*lines, "", "")).encode("ascii") + (b"" if read.method == "HEAD" else body)


def _document(error: ServiceError, negotiation: Negotiation) -> bytes:
    serializer = negotiation.serializer
    if not serializer.paged:
        return error_document(error, serializer)
    value = ErrorResponse.schema().dump(error_value(error))
    return serializer.encode(value, document_shape(ErrorResponse), page=Page(error.code))


def _read(head: bytes) -> _Head:
    first, *lines = head.decode("latin-1").lstrip("\r\n").split("\n")
    match = _TARGET.match(first)
    method, target = match.groups() if match else ("", "")
    try:
        parts = urlsplit(target)
    except ValueError:
        return _Head(method, "", "", {})
    return _Head(method, parts.path, parts.query, dict(_headers(lines)))


def _headers(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        match = _HEADER.fullmatch(line.strip())
        if match:
            yield match[1].lower(), match[2]


def _decoded(path: str) -> str:
    return unquote(path, errors="replace")
