"""URLs of Redis servers.

    redis://host
    redis://user:password@host:6379/2
    rediss://:password@host?ssl_ca=/etc/ca.pem

User and password are percent-encoded where they contain ``@ : / ? # %``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

_PORT = 6379
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]+)(?::(.*))?")
_FILES = ("ssl_ca", "ssl_cert", "ssl_key")


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A Redis server.

    :ivar tls: whether connections are encrypted.
    :ivar files: the paths of certificates and keys, by the options ``ssl_ca``, ``ssl_cert`` and ``ssl_key``.
    """

    host: str
    port: int = _PORT
    database: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    files: Mapping[str, str] = field(default_factory=dict)


def parse(url: str) -> RedisAddress:
    """Return the address of a URL.

    :raises ValueError: with one line that describes the fault, without the password.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss"):
        raise ValueError(f"the scheme {parts.scheme!r} is none of redis, rediss")
    login, at, server = parts.netloc.rpartition("@")
    user, colon, password = login.partition(":")
    if at and not colon:
        # SECURITY: a password in the place of the user would be printed.
        raise ValueError("a user or password is written as USER:PASSWORD@ or :PASSWORD@")
    host, port = _parse_host(server)
    path = parts.path.removeprefix("/")
    if not re.fullmatch(r"[0-9]{0,5}", path) or parts.fragment:
        raise ValueError("behind the host is the number of a database, as in redis://HOST:6379/0")
    tls = parts.scheme == "rediss"
    return RedisAddress(
        host, port, int(path or 0), unquote(user), unquote(password), tls, _parse_files(parts.query, tls=tls)
    )


def _parse_host(text: str) -> tuple[str, int]:
    matched = _HOST.fullmatch(text)
    if matched is None:
        raise ValueError("the URL names no host, or an IPv6 address without brackets: redis://HOST:6379/0")
    name, port = matched.groups()
    if port is not None and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65_536):
        # SECURITY: what looks like a port may be a password, if the host was forgotten.
        raise ValueError(f"the port of the host {name!r} is not a number from 1 to 65535")
    return unquote(name.strip("[]")), int(port or _PORT)


def _parse_files(query: str, *, tls: bool) -> Mapping[str, str]:
    files: dict[str, str] = {}
    for name, path in parse_qsl(query, keep_blank_values=True):
        if name not in _FILES:
            raise ValueError(f"the option {name!r} is none of {', '.join(_FILES)}")
        if name in files:
            raise ValueError(f"the option {name} is given twice")
        if not tls:
            raise ValueError(f"the option {name} needs rediss://")
        try:
            Path(path).open("rb").close()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not a path"
            raise ValueError(f"the option {name} names the file {path!r}: {reason}") from error
        files[name] = path
    return files
