"""The parts of a response that a handler sets besides the result: status, headers, and content that is sent unchanged."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import quote

from gateway.errors import InvalidArgument

#: Statuses of responses that have no body.
BODILESS = frozenset({204, 205, 304})
#: Statuses of `gateway.Context.redirect`.
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Latin-1 without its control characters.
_VALUE = re.compile(r"[ -~\xa0-\xff]*")
_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(\s*;[ -~]*)?", re.ASCII)
_BLOCK = 64 * 1024
_UNKNOWN_TYPE = "application/octet-stream"
#: Characters that stay unchanged in a URL: the client's percent-encoding is kept, other non-ASCII characters are encoded.
_OF_URLS = "%:/?#[]@!$&'()*+,;=~"

#: Headers that the server sets, and what a handler should use instead.
_RESERVED = dict.fromkeys(
    (
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "keep-alive",
        "server",
        "strict-transport-security",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-autobatch-completed",
        "x-content-type-options",
        "x-request-id",
    ),
    "the server writes it",
) | {
    "content-type": "the format of the result decides it; return context.send(data, content_type=...)",
    "set-cookie": "use context.set_cookie(name, value)",
}
_RESERVED_PREFIX = "access-control-"


class Headers(MutableMapping[str, str]):
    """Headers of one response, by name in any letter case.

    Setting one raises ValueError for a name or value that HTTP can't carry, and RuntimeError for a header that the server writes.
    """

    def __init__(self) -> None:
        self._headers: dict[str, tuple[str, str]] = {}

    def __setitem__(self, name: str, value: str | int) -> None:
        text = str(value) if isinstance(value, int) else value
        if not isinstance(name, str) or not isinstance(text, str):
            raise TypeError(f"the header {name!r} is set to {value!r}; names and values of headers are texts")
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a header: names have ASCII letters, digits and hyphens")
        reason = _RESERVED.get(name.lower())
        if name.lower().startswith(_RESERVED_PREFIX):
            reason = "GATEWAY_CORS_ORIGINS decides it"
        if reason is not None:
            raise RuntimeError(f"context.headers can't set {name}: {reason}")
        if not _VALUE.fullmatch(text):
            raise ValueError(f"The value of the header {name} has a control character, or one beyond Latin-1.")
        self._headers[name.lower()] = name, text.strip()

    def __getitem__(self, name: str) -> str:
        return self._headers[name.lower()][1]

    def __delitem__(self, name: str) -> None:
        del self._headers[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._headers.values())

    def __len__(self) -> int:
        return len(self._headers)


@dataclass(slots=True)
class Reply:
    """The values that a handler set for its response.

    :ivar status: the HTTP status; None for 200, or 204 without a result.
    """

    status: int | None = None
    headers: Headers = field(default_factory=Headers)

    @property
    def redirects(self) -> bool:
        """Return whether the response redirects to another URL."""
        return self.status in REDIRECTS


@dataclass(frozen=True, slots=True)
class Content:
    """A response body that is sent unchanged in every format: `Context.send` makes it, and a handler returns it.

    :ivar data: the bytes, or blocks of them, or a file that is open for reading bytes. Blocks and files are read while they are sent, after
        the transaction has ended, and then closed.
    :ivar content_type: empty for no header.
    :ivar file_name: the name under which clients store the content; empty for none.
    :ivar inline: whether browsers show it instead of storing it.
    """

    data: bytes | Iterable[bytes] | BinaryIO
    content_type: str = ""
    file_name: str = ""
    inline: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Return Content-Disposition (RFC 6266) if there is a file name."""
        return {"Content-Disposition": disposition(self.file_name, inline=self.inline)} if self.file_name else {}

    def blocks(self) -> Iterator[bytes]:
        """Yield the data in non-empty blocks.

        :raises InvalidArgument: when reading raises ValueError.
        :raises TypeError: when a block is not bytes.
        """
        try:
            for block in self._source():
                if not isinstance(block, bytes | bytearray | memoryview):
                    raise TypeError(f"context.send got a block of {type(block).__name__}; blocks are bytes")
                if block:
                    yield bytes(block)
        except ValueError as error:
            raise InvalidArgument(error) from error

    def _source(self) -> Iterator[bytes]:
        read = getattr(self.data, "read", None)
        return iter(self.data) if read is None else iter(lambda: read(_BLOCK), b"")  # type: ignore[arg-type]

    def close(self) -> None:
        """Close the data if it has a ``close`` method."""
        close = getattr(self.data, "close", None)
        if close is not None:
            close()


def content(
    data: bytes | bytearray | memoryview | Iterable[bytes] | BinaryIO,
    content_type: str,
    file_name: str,
    *,
    inline: bool,
) -> Content:
    """Return checked content.

    :raises ValueError: when the content type is invalid, or the file name has control characters.
    :raises TypeError: when the data is a text, or cannot be read.
    """
    if isinstance(data, bytearray | memoryview):
        data = bytes(data)
    if not _is_readable(data):
        raise TypeError(f"context.send got {type(data).__name__}; it sends bytes, blocks of bytes, or a file")
    if content_type and not _MEDIA_TYPE.fullmatch(content_type):
        raise ValueError(f"{content_type!r} is not a content type such as 'image/png'.")
    if _CONTROLS.search(file_name):
        raise ValueError(f"The file name {file_name!r} has a control character.")
    name = base_name(file_name)
    return Content(data, content_type or mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE, name, inline)


def _is_readable(data: object) -> bool:
    return not isinstance(data, str) and (isinstance(data, Iterable) or hasattr(data, "read"))


def base_name(path: str) -> str:
    """Return the last component of a path of any operating system; empty for one that names a folder."""
    name = path.replace("\\", "/").rpartition("/")[2]
    return "" if name in (".", "..") else name


def disposition(file_name: str, *, inline: bool = False) -> str:
    """Return the value of Content-Disposition (RFC 6266): the name in ASCII, and in UTF-8 where that differs."""
    ascii_name = re.sub(r'[^ -~]|["\\%]', "_", file_name)
    extended = "" if ascii_name == file_name else f"; filename*=UTF-8''{quote(file_name, safe='', errors='replace')}"
    return f'{"inline" if inline else "attachment"}; filename="{ascii_name}"{extended}'


def check_status(status: int) -> int:
    """Return the status as a number. Raises ValueError for one that no response has."""
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError(f"{status!r} is not the status of a response: those are 200 to 599.")
    return int(status)


def check_cookie(name: str, value: str) -> None:
    """Raise ValueError for a cookie with an invalid name, value or path."""
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a cookie: names have ASCII letters, digits and hyphens.")
    if not _COOKIE_VALUE.fullmatch(value):
        raise ValueError(
            f"The value of the cookie {name} has a character that cookies can't hold: percent-encode blanks, quotes, commas, semicolons, "
            "backslashes and everything that is not ASCII."
        )


def check_cookie_path(path: str) -> None:
    """Raise ValueError for an invalid path of a cookie."""
    if path and (not path.startswith("/") or ";" in path or not _VALUE.fullmatch(path)):
        raise ValueError(f"{path!r} is not the path of a cookie: it begins with a slash and has no semicolons.")


def location(url: str) -> str:
    """Return a URL as the Location header holds it: in ASCII. Raises ValueError for an empty one and for control characters."""
    if not url or _CONTROLS.search(url):
        raise ValueError(f"{url!r} is not a URL to redirect to: it is empty, or has a control character.")
    return quote(url, safe=_OF_URLS, errors="replace")
