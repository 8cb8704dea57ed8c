"""Headers that pass from the client to an old host and back, and headers that the front sets (RFC 9110, 7.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from random import getrandbits
from typing import Any

from gateway.calls import Arrival
from gateway.upstream.address import Address

Pairs = list[tuple[str, str]]

#: Headers of one connection.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
#: Request headers that are replaced, or that only a trusted proxy may set.
_SET = frozenset(
    {
        "content-length",
        "expect",
        "forwarded",
        "host",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-prefix",
        "x-forwarded-proto",
        "x-forwarded-protocol",
        "x-forwarded-scheme",
        "x-forwarded-ssl",
        "x-real-ip",
        "x-request-id",
    }
)
#: Response headers that this server writes itself.
_SERVER_HEADERS = frozenset({"date", "server"})
_NOT_RETURNED = HOP_BY_HOP | _SERVER_HEADERS
#: Response headers that contain a URL of the host.
_ADDRESSES = frozenset({"location", "content-location"})
_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TRACEPARENT = "HTTP_TRACEPARENT"


class _Names(dict[str, str]):
    """Maps WSGI's names to names of headers; empty for variables that are not headers."""

    def __missing__(self, key: str) -> str:
        name = key[5:].replace("_", "-").title() if key.startswith("HTTP_") else ""
        if len(self) < 1000:
            self[key] = name
        return name


_NAMES = _Names()
#: Request headers that do not pass unchanged.
_NOT_PASSED = HOP_BY_HOP | _SET


def get_name(key: str) -> str:
    """Return the name of a header from WSGI's name; empty if the variable is not a header."""
    return _NAMES[key]


def parse_connection_names(value: str) -> frozenset[str]:
    """Return the names that a Connection header lists, in lower case."""
    return frozenset(name.strip().lower() for name in value.split(",")) if value else frozenset()


def build_request_headers(
    environment: Mapping[str, Any],
    arrival: Arrival,
    address: Address,
    pseudonym: str,
    dropped: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Return the headers of a forwarded request, without those that frame its body.

    :param pseudonym: the front's name in Via.
    :param dropped: names of further headers that do not pass, in lower case.
    """
    headers = {"Host": address.authority}
    hidden = _NOT_PASSED | dropped | parse_connection_names(environment.get("HTTP_CONNECTION", ""))
    for key, value in environment.items():
        name = _NAMES[key]
        if name and name.lower() not in hidden:
            headers[name] = value
    if (kind := environment.get("CONTENT_TYPE")) and "content-type" not in dropped:
        headers["Content-Type"] = kind
    _describe_arrival(headers, environment, arrival)
    protocol = str(environment.get("SERVER_PROTOCOL", "HTTP/1.1")).partition("/")[2]
    headers["Via"] = ", ".join(filter(None, [environment.get("HTTP_VIA"), f"{protocol} {pseudonym}"]))
    if not _TRACE.fullmatch(environment.get(_TRACEPARENT, "")):
        trace = (
            arrival.request_id
            if re.fullmatch("(?!0{32})[0-9a-f]{32}", arrival.request_id)
            else f"{getrandbits(127) + 1:032x}"
        )
        headers["Traceparent"] = f"00-{trace}-{getrandbits(63) + 1:016x}-01"
        headers.pop("Tracestate", None)
    return headers


def _describe_arrival(headers: dict[str, str], environment: Mapping[str, Any], arrival: Arrival) -> None:
    """Add the client's address, the scheme and the host that it used, and the request's id."""
    headers["X-Request-Id"] = arrival.request_id
    if chain := ", ".join(filter(None, [arrival.forwarded_for, arrival.peer])):
        headers["X-Forwarded-For"] = chain
    headers["X-Forwarded-Proto"] = environment.get("wsgi.url_scheme", "http")
    if host := environment.get("HTTP_HOST", ""):
        headers["X-Forwarded-Host"] = host
    if arrival.prefix:
        headers["X-Forwarded-Prefix"] = arrival.prefix


def build_response_headers(
    headers: Pairs, arrival: Arrival, address: Address, pseudonym: str, version: int = 11
) -> Pairs:
    """Return the headers of a forwarded response, in order; repeated ones stay separate.

    :param version: HTTP's version of the response: 10 or 11.
    """
    hidden = _NOT_RETURNED | parse_connection_names(
        ",".join([value for name, value in headers if name.lower() == "connection"])
    )
    returned_headers = [*_filter_headers(headers, hidden, arrival, address)]
    returned_headers.append(("Via", f"{version / 10:.1f} {pseudonym}"))
    if not any(name.lower() == "x-request-id" for name, _ in returned_headers):
        returned_headers.append(("X-Request-Id", arrival.request_id))
    return returned_headers


def _filter_headers(
    headers: Pairs, hidden: frozenset[str], arrival: Arrival, address: Address
) -> Iterator[tuple[str, str]]:
    for name, text in headers:
        lowered = name.lower()
        value = _FOLD.sub(" ", text) if "\n" in text or "\r" in text else text
        if lowered in hidden or _CONTROLS.search(value):
            continue
        if lowered in _ADDRESSES and (path := address.strip_origin(value)) is not None:
            # A client that follows the redirect must stay with the front.
            value = f"{arrival.prefix}{path}"
        yield name, value
