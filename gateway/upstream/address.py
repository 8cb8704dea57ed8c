"""The URL of an old host."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from gateway.errors import CatalogError

_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """The parsed URL of an old host.

    :ivar scheme: ``http`` or ``https``.
    :ivar authority: host and port as in the Host header, without the scheme's default port.
    :ivar path: the path below which the host serves, without a trailing slash; empty for the root.
    """

    scheme: str
    host: str
    port: int
    authority: str
    path: str

    @property
    def url(self) -> str:
        """Return the URL, without a trailing slash."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def strip_origin(self, location: str) -> str | None:
        """Return the path and query of a URL of this host, as clients of the front see it; None for a URL of another host."""
        parts = urlsplit(location)
        if not parts.scheme or not parts.netloc:
            return None
        try:
            origin = parts.scheme.lower(), (parts.hostname or ""), parts.port or _PORTS.get(parts.scheme.lower())
        except ValueError:
            return None
        if origin != (self.scheme, self.host, self.port):
            return None
        rest = location.partition("://")[2]
        path = rest[len(parts.netloc) :]
        below = path.removeprefix(self.path)
        if self.path and (len(below) == len(path) or below[:1] not in ("", "/", "?", "#")):
            return None
        return below if below.startswith("/") else f"/{below}"


def parse(url: str) -> Address:
    """Parse the URL of an old host. Raises CatalogError when it is invalid."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise CatalogError(f"'{url}' is not the URL of a host: {error}") from None
    if parts.username is not None or parts.password is not None:
        raise CatalogError(
            f"the URL of {host} has a user name or password; callers send their own, and passwords do not belong in URLs"
        )
    if parts.scheme not in _PORTS or not host or parts.query or parts.fragment:
        raise CatalogError(
            f"'{url}' is not the URL of a host: write it as http://old-host:8080 or https://old-host/path"
        )
    default_port = _PORTS[parts.scheme]
    bracketed_host = f"[{host}]" if ":" in host else host
    authority = bracketed_host if port in (None, default_port) else f"{bracketed_host}:{port}"
    return Address(parts.scheme, host, port or default_port, authority, parts.path.rstrip("/"))
