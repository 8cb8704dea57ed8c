"""Bytes to text and back: what all text formats share."""

from __future__ import annotations

import re

from serializers.base import Limits
from serializers.errors import DecodeError

_BOM = b"\xef\xbb\xbf"
_SURROGATES = re.compile("[\ud800-\udfff]")


def to_bytes(text: str) -> bytes:
    """UTF-8. Half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD as .NET writes it."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text).encode()


def from_bytes(data: bytes, limits: Limits) -> str:
    """The text of a document, a BOM in front skipped. Raises DecodeError where it is too long or not UTF-8."""
    if len(data) > limits.bytes:
        raise DecodeError(f"longer than {limits.bytes} bytes")
    try:
        return data.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode()
        raise DecodeError.at("the bytes are not UTF-8", before, len(before)) from None
