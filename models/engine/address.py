"""Database URLs: parsing, and messages about invalid ones.

    sqlite:///relative.db
    sqlite:////absolute/path.db
    mysql://user:password@host:3306/name?ssl_ca=/etc/ca.pem
    mysql://user:password@one,two:3307,[::1]/name

User, password, name and path are percent-encoded where they contain ``@ : / ? # %``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_PORT = 3306
_HIDDEN = "(hidden)"
_SCHEMES = ("sqlite", "mysql", "mariadb")
# The gateway's statements rely on these.
_RESERVED = re.compile(r"\b(sql_mode|names|charset|character_set\w*|collation\w*|autocommit)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    """An SQLite database's file."""

    path: str


@dataclass(frozen=True, slots=True)
class Host:
    """A server: its name or IP address, and its port."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class MysqlAddress:
    """A database of MySQL or MariaDB.

    :ivar hosts: the servers, in the order in which they are tried; several are replicas of each other, or nodes of a cluster.
    :ivar options: further options of the driver, by the driver's names.
    :ivar init_command: a statement for each new connection, or the empty text.
    """

    hosts: Sequence[Host]
    database: str
    user: str | None
    password: str = field(repr=False)
    options: Mapping[str, Any]
    init_command: str


def parse(url: str) -> SqliteAddress | MysqlAddress:
    """Parse a database URL.

    :raises ValueError: with one line that describes the fault, without the password.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return SqliteAddress(_parse_path(parts))
    if parts.scheme in _SCHEMES:
        return _parse_server(parts)
    raise ValueError(f"the scheme {parts.scheme!r} is none of {', '.join(_SCHEMES)}")


def find_sqlite_path(url: str) -> Path | None:
    """Return the file of an SQLite URL; None for a server's URL."""
    address = parse(url)
    return Path(address.path) if isinstance(address, SqliteAddress) else None


def hide_secrets(url: str) -> str:
    """Return a URL with all passwords hidden, including those in its query string."""
    head, at, rest = url.rpartition("@")
    if at and "://" in head:
        scheme, _, user = head.partition("://")
        name, colon, _ = user.partition(":")
        url = f"{scheme}://{name}{colon}{_HIDDEN if colon else ''}@{rest}"
    return re.sub(r"(?<=[?&])(\w*passw(?:or)?d=)[^&]*", rf"\1{_HIDDEN}", url)


def _parse_path(parts: SplitResult) -> str:
    path = unquote(parts.path.removeprefix("/"))
    if parts.netloc:
        raise ValueError(f"an SQLite database has no host: write sqlite:///{parts.netloc}{parts.path}")
    if path in ("", ":memory:"):
        raise ValueError("an SQLite database is a file: each connection would have a memory of its own")
    if parts.query or parts.fragment:
        raise ValueError("an SQLite database has no options; '?' and '#' in its path are written %3F and %23")
    if "\0" in path:
        raise ValueError("an SQLite database's path can't have a NUL")
    return path


def _parse_server(parts: SplitResult) -> MysqlAddress:
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    database = parts.path.removeprefix("/")
    if not database:
        raise ValueError("the URL names no database: mysql://USER:PASSWORD@HOST/NAME")
    if "/" in database or parts.fragment:
        raise ValueError("'/' and '#' in a user, password or database's name are written %2F and %23")
    options = _parse_options(parts.query)
    return MysqlAddress(
        hosts=tuple(_parse_host(host) for host in hosts.split(",")),
        database=unquote(database),
        user=unquote(user) or None,
        password=unquote(password),
        init_command=options.pop("init_command", ""),
        options=options,
    )


def _parse_host(text: str) -> Host:
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]*)(?::(.*))?", text)
    if match is None:
        raise ValueError(f"{text!r} is not a host; IPv6 addresses are written in brackets")
    name, port = match.groups()
    if port is not None and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536):
        # SECURITY: the message does not show it, because it may be a password if the host was forgotten.
        raise ValueError(f"the port of the host {name!r} is not a number from 1 to 65535")
    return Host(unquote(name.strip("[]")) or "localhost", int(port or _PORT))


def _parse_text(value: str) -> str:
    if not value:
        raise ValueError("is empty")
    return value


def _parse_flag(value: str) -> bool:
    flags = {"true": True, "1": True, "false": False, "0": False}
    if value.lower() not in flags:
        raise ValueError(f"is {value!r}, which is neither true nor false")
    return flags[value.lower()]


def _parse_number(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError(f"is {value!r}, which is not a number")
    return int(value)


def _parse_readable_path(value: str) -> str:
    try:
        Path(value).open("rb").close()
    except OSError as error:
        raise ValueError(f"names the file {value!r}: {error.strerror}") from error
    return value


def _parse_charset(value: str) -> str:
    if value.lower() != "utf8mb4":
        raise ValueError("is always utf8mb4 here")
    return "utf8mb4"


def _parse_command(value: str) -> str:
    if match := _RESERVED.search(value):
        raise ValueError(f"can't change {match[0]}, which the gateway sets")
    return _parse_text(value)


def _refuse_option(_: str) -> str:
    raise ValueError("can't be set, because the gateway sets it")


#: The options that a server's URL may have, and the function that reads each.
_OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "bind_address": _parse_text,
    "charset": _parse_charset,
    "init_command": _parse_command,
    "max_allowed_packet": _parse_number,
    "ssl_ca": _parse_readable_path,
    "ssl_cert": _parse_readable_path,
    "ssl_disabled": _parse_flag,
    "ssl_key": _parse_readable_path,
    "ssl_key_password": _parse_text,
    "ssl_verify_cert": _parse_flag,
    "ssl_verify_identity": _parse_flag,
    "unix_socket": _parse_text,
    **dict.fromkeys(
        ("autocommit", "collation", "connect_timeout", "read_timeout", "sql_mode", "write_timeout"), _refuse_option
    ),
}


def _parse_options(query: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parse_option = _OPTIONS.get(name)
        if parse_option is None:
            names = ", ".join(option for option, parser in _OPTIONS.items() if parser is not _refuse_option)
            raise ValueError(f"the option {name!r} is none of {names}")
        if name in options:
            raise ValueError(f"the option {name} is given twice")
        try:
            options[name] = parse_option(value)
        except ValueError as error:
            raise ValueError(f"the option {name} {error}") from error
    return options
