"""Raw forwarding: request and response are passed on unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http.client import responses
from typing import Any
from urllib.parse import quote, unquote

from gateway.calls import Arrival
from gateway.errors import MalformedRequest, RequestTimeout
from gateway.upstream import headers
from gateway.upstream.address import Address
from gateway.upstream.host import Answer, Outgoing

#: Safe methods.
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: Methods whose requests need no Content-Length if they have no body (RFC 9110, 8.6).
_BODILESS = SAFE | {"DELETE", "CONNECT"}

_BLOCK = 64 * 1024
#: Characters that stay unchanged in a request target.
_OF_TARGETS = "%!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~"
_SCHEME = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
#: Maximum times that a path may be decoded on its way, for example by a server in front of the old host.
_DECODED = 3


def target(environment: Mapping[str, Any], address: Address) -> str:
    """Return path and query of a request to the host, below the host's path."""
    return f"{address.path}{own_target(environment)}"


def own_target(environment: Mapping[str, Any]) -> str:
    """Return path and query of a request as the client sent them."""
    sent = environment.get("RAW_URI") or environment.get("REQUEST_URI")
    if sent:
        sent = _SCHEME.sub("", str(sent)) if not sent.startswith("/") else str(sent)
        sent = sent.removeprefix(environment.get("SCRIPT_NAME", "")).partition("#")[0]
        if "?" not in sent and environment.get("QUERY_STRING"):
            sent = f"{sent}?{environment['QUERY_STRING']}"
    else:
        path = quote(
            environment.get("PATH_INFO", "/"),
            safe=_OF_TARGETS.replace("%", "").replace("?", "").replace("#", ""),
            encoding="latin-1",
        )
        query = environment.get("QUERY_STRING", "")
        sent = f"{path}?{query}" if query else path
    if not sent.startswith("/"):
        sent = f"/{sent}"
    if not sent.isascii() or " " in sent:
        sent = quote(sent, safe=_OF_TARGETS, encoding="latin-1")
    return sent


def check_path(target: str) -> None:
    """Refuse a path that the old host could read differently than the front.

    SECURITY: ``/files/../admin`` is a path below /files here, but /admin for a host that resolves it.

    :raises MalformedRequest: when it has a dot segment, however it is encoded.
    """
    path = target.partition("?")[0]
    for _ in range(_DECODED):
        for segment in re.split(r"[/\\]", path):
            if segment.partition(";")[0] in (".", "..") or "\x00" in segment:
                raise MalformedRequest(
                    "The path has a segment '.' or '..'. Send the path without it.", error_code="BadRequest"
                )
        if "%" not in path:
            break
        path = unquote(path, errors="replace")


def outgoing(
    environment: Mapping[str, Any], arrival: Arrival, address: Address, pseudonym: str, *, reads: bool
) -> Outgoing:
    """Return the request to the old host.

    :param reads: the operation is known to change nothing.
    """
    method = environment["REQUEST_METHOD"]
    passed = headers.request_headers(environment, arrival, address, pseudonym)
    body, length = None, environment.get("CONTENT_LENGTH") or ("" if method in _BODILESS else "0")
    is_chunked = "HTTP_TRANSFER_ENCODING" in environment
    if is_chunked:
        passed["Transfer-Encoding"] = "chunked"
        body = chunks(environment["wsgi.input"])
    elif length:
        passed["Content-Length"] = length
        if int(length):
            body = blocks(environment["wsgi.input"], int(length))
    repeatable = reads and method in SAFE and body is None
    return Outgoing(method, target(environment, address), passed.items(), body, repeatable, is_chunked)


def blocks(stream: Any, length: int) -> Iterator[bytes]:
    """Read a body of this length. Raises RequestTimeout, MalformedRequest."""
    left = length
    while left > 0:
        block = _read(stream, min(_BLOCK, left))
        if not block:
            raise MalformedRequest(
                f"The body ends after {length - left} of the {length} bytes that Content-Length names."
            )
        left -= len(block)
        yield block


def chunks(stream: Any) -> Iterator[bytes]:
    """Read a body to its end. Raises RequestTimeout, MalformedRequest."""
    while block := _read(stream, _BLOCK):
        yield block


def _read(stream: Any, most: int) -> bytes:
    # NOTE: an error of the client's connection must not look like one of the old host's connection.
    try:
        block: bytes = stream.read(most)
    except TimeoutError as error:
        raise RequestTimeout("The body of the request did not arrive in time.") from error
    except Exception as error:
        raise MalformedRequest(f"The body can't be read: {error}") from error
    return block


def status_line(answer: Answer) -> str:
    """Return the status and the reason phrase."""
    phrase = re.sub(r"[^\t -~\xa0-\xff]", "", answer.reason).strip()
    return f"{answer.status} {phrase or responses.get(answer.status, 'Unknown')}"


class Body:
    """The body of a forwarded response."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.blocks()

    def close(self) -> None:
        """Release the connection to the old host, also when the client has left."""
        self._answer.close()
