"""Names and values of a query string or form body, as the client sent them and decoded."""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

#: Names and values, percent-encoded; a name without ``=`` has no value.
RawPairs: TypeAlias = list[tuple[str, str | None]]

_STRAY = re.compile(rb"%(?![0-9a-fA-F]{2})")
#: Bytes from which percent-encoding is decoded by `percent_decoded`.
_LONG = 4096


def split_pairs(text: str) -> RawPairs:
    """Split a query string or form body into names and values, in order."""
    pairs: RawPairs = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        pairs.append((name, value if equals else None))
    return pairs


def unescaped(text: str, charset: str = "utf-8", errors: str = "strict") -> str:
    """Decode percent and plus in a text; a stray ``%`` stays. Its characters are bytes, as in WSGI.

    :raises UnicodeError: when the bytes are invalid in the charset, unless `errors` allows it.
    """
    if "%" not in text and "+" not in text and text.isascii():
        return text
    data = text.replace("+", " ").encode("latin-1", "replace")
    return (percent_decoded(data) if len(data) > _LONG else unquote_to_bytes(data)).decode(charset, errors)


def percent_decoded(data: bytes) -> bytes:
    """Decode percent-encoding in bytes; a stray ``%`` stays.

    PERF: quoted-printable is the same encoding with another escape character, and the standard library decodes it in C: a megabyte of
    escapes takes a tenth of the time, during which no other thread runs.
    """
    if _STRAY.search(data):
        return unquote_to_bytes(data)
    return a2b_qp(data.replace(b"=", b"=3D").replace(b"%", b"="))


def last_value(pairs: Iterable[tuple[str, str | None]], wanted: str) -> str:
    """Return the last value of a name, decoded; empty when there is none.

    :param wanted: the name in lower case; it matches in any letter case.
    """
    last: str | None = None
    for name, value in pairs:
        if unescaped(name, errors="replace").lower() == wanted:
            last = value
    return unescaped(last, errors="replace") if last else ""
