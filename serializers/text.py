"""Conversion between bytes and text, for all text formats."""

from __future__ import annotations

import codecs

from serializers.base import Limits
from serializers.errors import DecodeError

_BOM = b"\xef\xbb\xbf"

#: The error handler that writes half a surrogate pair, which UTF-8 cannot hold, as U+FFFD, as .NET does.
REPLACING = "serializers.replacing"


def _replace(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return b"\xef\xbf\xbd" * (error.end - error.start), error.end


codecs.register_error(REPLACING, _replace)


def to_bytes(text: str) -> bytes:
    """Encode a text as UTF-8. Half a surrogate pair becomes U+FFFD."""
    return text.encode("utf-8", REPLACING)


def from_bytes(data: bytes, limits: Limits) -> str:
    """Return the text of a document without its BOM. Raises DecodeError when it is too long or not UTF-8."""
    if len(data) > limits.bytes:
        raise DecodeError(f"longer than {limits.bytes} bytes")
    try:
        return data.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode()
        raise DecodeError.at("the bytes are not UTF-8", before, len(before)) from None
