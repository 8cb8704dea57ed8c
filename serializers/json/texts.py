"""Quoted texts of JSON. The dialect determines which characters are escaped, and how."""

from __future__ import annotations

import re
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from typing import TypeAlias

from serializers.dialect import Dialect

Encoder: TypeAlias = Callable[[str], str]

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\\": "\\\\"}
_CONTROLS = re.compile('["\\\\\x00-\x1f\x7f-\x9f]')
#: What System.Text.Json's default encoder escapes: all except ASCII letters, digits and signs without meaning in HTML.
_NOT_WEB = re.compile("[^ !#-%(-*,-;=?-_a-~]|[\\\\]")
_HTML = re.compile("[<>&=']")


def encoder(dialect: Dialect) -> Encoder:
    """Return the function that quotes a text."""
    encode = _ENCODERS[dialect.escapes]
    if not dialect.html:
        return encode
    return lambda text: _HTML.sub(_escape_small, encode(text))


def _escape_small(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character == '"':
        return '\\"'
    return _SHORT.get(character) or f"\\u{ord(character):04X}"


def _escape_web(match: re.Match[str]) -> str:
    character = match[0]
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04X}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04X}\\u{0xDC00 + (code & 0x3FF):04X}"


def _encode_controls(text: str) -> str:
    return f'"{_CONTROLS.sub(_escape, text)}"'


def _encode_web(text: str) -> str:
    return f'"{_NOT_WEB.sub(_escape_web, text)}"'


_ENCODERS: dict[str, Encoder] = {
    "ascii": encode_basestring_ascii,
    "controls": _encode_controls,
    "web": _encode_web,
}
