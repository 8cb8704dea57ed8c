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
from gateway.upstream.host import HostResponse, Outgoing

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


def build_host_target(environment: Mapping[str, Any], address: Address) -> str:
    """Return path and query of a request to the host, below the host's path."""
    return f"{address.path}{read_target(environment)}"


def read_target(environment: Mapping[str, Any]) -> str:
    """Return path and query of a request as the client sent them."""
    target = environment.get("RAW_URI") or environment.get("REQUEST_URI")
    if target:
        target = _SCHEME.sub("", str(target)) if not target.startswith("/") else str(target)
        target = target.removeprefix(environment.get("SCRIPT_NAME", "")).partition("#")[0]
        if "?" not in target and environment.get("QUERY_STRING"):
            target = f"{target}?{environment['QUERY_STRING']}"
    else:
        path = quote(
            environment.get("PATH_INFO", "/"),
            safe=_OF_TARGETS.replace("%", "").replace("?", "").replace("#", ""),
            encoding="latin-1",
        )
        query = environment.get("QUERY_STRING", "")
        target = f"{path}?{query}" if query else path
    if not target.startswith("/"):
        target = f"/{target}"
    if not target.isascii() or " " in target:
        target = quote(target, safe=_OF_TARGETS, encoding="latin-1")
    return target


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


def build_outgoing(
    environment: Mapping[str, Any], arrival: Arrival, address: Address, pseudonym: str, *, reads: bool
) -> Outgoing:
    """Return the request to the old host.

    :param reads: the operation is known to change nothing.
    """
    method = environment["REQUEST_METHOD"]
    passed_headers = headers.build_request_headers(environment, arrival, address, pseudonym)
    body, length = None, environment.get("CONTENT_LENGTH") or ("" if method in _BODILESS else "0")
    is_chunked = "HTTP_TRANSFER_ENCODING" in environment
    if is_chunked:
        passed_headers["Transfer-Encoding"] = "chunked"
        body = read_chunks(environment["wsgi.input"])
    elif length:
        passed_headers["Content-Length"] = length
        if int(length):
            body = read_blocks(environment["wsgi.input"], int(length))
    repeatable = reads and method in SAFE and body is None
    return Outgoing(
        method, build_host_target(environment, address), passed_headers.items(), body, repeatable, is_chunked
    )


def read_blocks(stream: Any, length: int) -> Iterator[bytes]:
    """Read a body of this length. Raises RequestTimeout, MalformedRequest."""
    remaining = length
    while remaining > 0:
        block = _read(stream, min(_BLOCK, remaining))
        if not block:
            raise MalformedRequest(
                f"The body ends after {length - remaining} of the {length} bytes that Content-Length names."
            )
        remaining -= len(block)
        yield block


def read_chunks(stream: Any) -> Iterator[bytes]:
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


def format_status_line(response: HostResponse) -> str:
    """Return the status and the reason phrase."""
    phrase = re.sub(r"[^\t -~\xa0-\xff]", "", response.reason).strip()
    return f"{response.status} {phrase or responses.get(response.status, 'Unknown')}"


class Body:
    """The body of a forwarded response."""

    def __init__(self, response: HostResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.blocks()

    def close(self) -> None:
        """Release the connection to the old host, also when the client has left."""
        self._response.close()
