"""Headers of trusted proxies: the client's address, the scheme and host that it used, and the path prefix.

``X-Forwarded-For``, ``-Proto``, ``-Host`` and ``-Prefix``, or ``Forwarded`` (RFC 7239) if none of the first three is present. Hops are
checked from the gateway back to the client: a hop's report is believed if a trusted proxy sent it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from gateway import addresses, origins
from gateway.addresses import Network

#: In the WSGI environment: the path under which a trusted proxy serves the gateway, without a trailing slash.
PREFIX = "gateway.prefix"

_FOR, _HOST, _PREFIX, _FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_FORWARDED",
)
#: Headers in which proxies send the scheme; the first one present counts.
_SCHEMES = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_PROTOCOL", "HTTP_X_FORWARDED_SCHEME", "HTTP_X_FORWARDED_SSL")
#: The headers, as WSGI names them.
HEADERS = (_FOR, _HOST, _PREFIX, _FORWARDED, *_SCHEMES)
#: The values of these headers; other values are ignored.
_SCHEME_OF: Mapping[str, str] = {
    "https": "https",
    "wss": "https",
    "ssl": "https",
    "on": "https",
    "http": "http",
    "ws": "http",
    "off": "http",
}

#: One ``name=value`` of Forwarded; a value with a colon should be quoted, but not every proxy does so.
_PAIR = re.compile(r"""[ \t]*([!#$%&'*+.^_`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))[ \t]*([;,]|$)""", re.ASCII)
_ESCAPED = re.compile(r"\\(.)")
# SECURITY: a prefix goes into links, cookies and documents, so it has no double slash (another host's URL) and nothing to quote.
_PREFIX_PATH = re.compile(r"(/[A-Za-z0-9._~@+=%-]+)+")
_LONGEST_PREFIX = 255


class Hop(NamedTuple):
    """The report of one proxy: the address of its client, the scheme and the host. Empty if unknown."""

    address: str
    scheme: str
    host: str


class _Seen(NamedTuple):
    address: str
    scheme: str
    host: str
    prefix: str


def apply(environment: MutableMapping[str, Any], proxies: Collection[Network]) -> None:
    """Rewrite a WSGI environment as if the client had called the gateway directly.

    REMOTE_ADDR, wsgi.url_scheme, HTTP_HOST and PREFIX are set from the headers of trusted proxies. Headers of other peers are ignored.

    :param proxies: the networks of trusted proxies. The peer of a Unix socket, which has no address, is always one.
    """
    peer = environment.get("REMOTE_ADDR", "")
    given = tuple(map(environment.get, HEADERS))
    if not any(given):
        if ":" in peer:
            environment["REMOTE_ADDR"] = addresses.format_canonical(peer)
        return
    seen = _seen(peer, given, tuple(proxies))
    environment["REMOTE_ADDR"] = seen.address
    if seen.scheme:
        environment["wsgi.url_scheme"] = seen.scheme
    if seen.host:
        environment["HTTP_HOST"] = seen.host
    if seen.prefix:
        environment[PREFIX] = seen.prefix


# PERF: the addresses of the same clients and proxies are repeated.
@lru_cache(maxsize=1024)
def _seen(peer: str, given: tuple[str | None, ...], proxies: tuple[Network, ...]) -> _Seen:
    address, scheme, host = addresses.format_canonical(peer), "", ""
    if not is_trusted(address, proxies):
        return _Seen(address, "", "", "")
    headers = dict(zip(HEADERS, given, strict=True))
    for hop in reversed(hops(headers)):
        scheme, host = hop.scheme or scheme, hop.host or host
        hop_address = addresses.parse(hop.address)
        if hop_address is None:
            break
        address = str(hop_address)
        if not is_trusted(address, proxies):
            break
    return _Seen(address, scheme, host, prefix_path(headers[_PREFIX] or ""))


def is_trusted(address: str, proxies: tuple[Network, ...]) -> bool:
    """Return whether an address is that of a trusted proxy. The peer of a Unix socket, which has none, is one."""
    return not address or addresses.contains(proxies, address)


def hops(headers: Mapping[str, str | None]) -> list[Hop]:
    """Return the hops in the headers, the client's first.

    :param headers: values by WSGI name; None for a missing header.
    """
    callers, hosts = _items(headers[_FOR]), _items(headers[_HOST])
    schemes = next((values for name in _SCHEMES if (values := _items(headers[name]))), [])
    if not (callers or hosts or schemes):
        return list(_elements(headers[_FORWARDED] or ""))
    count = max(len(callers), 1)
    return [
        Hop(
            callers[index] if callers else "",
            _SCHEME_OF.get(_of_hop(schemes, index, count).lower(), ""),
            _host(_of_hop(hosts, index, count)),
        )
        for index in range(count)
    ]


def _of_hop(values: list[str], index: int, hop_count: int) -> str:
    """Return a hop's value. Lists of equal length were written by the same proxies; in any other list the first value is the client's."""
    return values[index if len(values) == hop_count else 0] if values else ""


def _items(header: str | None) -> list[str]:
    return [item for part in (header or "").split(",") if (item := part.strip(" \t").strip('"'))]


def _elements(header: str) -> Iterator[Hop]:
    """Yield the hops of a Forwarded header; none if it breaks RFC 7239's grammar."""
    elements: list[dict[str, str]] = [{}]
    position = 0
    while position < len(header):
        pair = _PAIR.match(header, position)
        if pair is None:
            return
        name, quoted, token, separator = pair.groups()
        value = token if quoted is None else _ESCAPED.sub(r"\1", quoted)
        if elements[-1].setdefault(name.lower(), value) != value:
            return
        if separator == ",":
            elements.append({})
        position = pair.end()
    for element in elements:
        if element:
            scheme = _SCHEME_OF.get(element.get("proto", "").lower(), "")
            yield Hop(element.get("for", ""), scheme, _host(element.get("host", "")))


def _host(text: str) -> str:
    return text if text and origins.host_and_port(text) else ""


def prefix_path(header: str) -> str:
    """Return the path of an X-Forwarded-Prefix header without a trailing slash; empty if it is not a path.

    Several values are joined to one path: each proxy removed one of them.
    """
    path = "".join("/" + part.strip("/") for part in _items(header) if part != "/")
    plain = _PREFIX_PATH.fullmatch(path) and len(path) <= _LONGEST_PREFIX
    dots = any(unquote(segment) in (".", "..") or "/" in unquote(segment) for segment in path[1:].split("/"))
    return path if plain and not dots else ""
