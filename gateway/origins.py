"""Web origins (RFC 6454): scheme, host and port, in the spelling that browsers send."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import SplitResult, urlsplit

#: In a list of origins: pages of every origin may call, without the browser's credentials.
ANY = "*"

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]{1,253})(?::(\d{0,5}))?")


def parse(text: str) -> str:
    """Return an origin as browsers send it: in lower case, without the scheme's default port, without a trailing slash.

    ``*`` stays. International names become ASCII.

    :raises ValueError: when the text is not an origin; the message is one sentence, with the right spelling if there is one.
    """
    text = text.strip()
    if text == ANY:
        return ANY
    if text.lower() in ("null", "file://"):
        raise ValueError(f"{text!r} is the origin of every page without one; serve the page over http or https")
    if "://" not in text:
        raise ValueError(f"{text!r} has no scheme; write {'https://' + text.strip('/')!r}")
    if any(character.isspace() for character in text):
        raise ValueError(f"{text!r} has a blank in it; separate origins by commas")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is not an origin: {error}") from None
    scheme, host = parts.scheme, _host(text, parts)
    if not _SCHEME.fullmatch(scheme) or port == 0:
        raise ValueError(
            f"{text!r} is not an origin; write scheme, host and port, such as 'https://app.example.org:8443'"
        )
    origin = f"{scheme}://{host}" if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{scheme}://{host}:{port}"
    if (
        parts.path.strip("/")
        or parts.query
        or parts.fragment
        or "?" in text
        or "#" in text
        or parts.username is not None
    ):
        raise ValueError(f"{text!r} has more than scheme, host and port; write {origin!r}")
    return origin


def _host(text: str, parts: SplitResult) -> str:
    name = parts.hostname or ""
    if "*" in name:
        raise ValueError(f"{text!r} has a wildcard; name each origin, or write '*' for all of them")
    if ":" in name:
        try:
            return f"[{IPv6Address(name).compressed}]"
        except AddressValueError:
            raise ValueError(f"{text!r} has no valid IPv6 address") from None
    try:
        ascii_name = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        ascii_name = ""
    if not _NAME.fullmatch(ascii_name):
        raise ValueError(f"{text!r} has no valid host; write it as in 'https://app.example.org'")
    return ascii_name


def host_and_port(header: str) -> tuple[str, str] | None:
    """Return the host, in lower case, and the port of a Host header; the port is empty if it has none. None for an invalid header."""
    match = _HOST.fullmatch(header.strip())
    return None if match is None else (match[1].lower(), match[2] or "")


def without_default_port(scheme: str, header: str) -> str:
    """Return the host of a Host header for a URL of that scheme; empty for an invalid header."""
    parts = host_and_port(header)
    if parts is None:
        return ""
    host, port = parts
    return host if port in ("", str(_DEFAULT_PORTS.get(scheme))) else f"{host}:{int(port)}"


def is_origin_of_host(origin: str, header: str) -> bool:
    """Return whether an Origin header names the host of a Host header. The Origin's scheme determines the default port of both:
    the gateway's own scheme does not count, because TLS may end at a proxy."""
    scheme, separator, netloc = origin.lower().partition("://")
    host = without_default_port(scheme, header)
    return bool(separator and host) and without_default_port(scheme, netloc) == host
