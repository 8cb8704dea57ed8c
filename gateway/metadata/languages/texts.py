"""Format lines, comments and names, as most languages have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_INDENTED = "    "
# The characters that end a line in any of the languages.
_BREAKS = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def split_lines(text: str) -> list[str]:
    """Return a text's lines, with any line ends, without blank lines."""
    return [line.strip() for line in _BREAKS.split(text) if line.strip()]


def escape(text: str) -> str:
    """Return a text with escapes for characters that a one-line literal can't contain."""
    return _NO_TEXT.sub(lambda match: _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}", text)


def indent(lines: Iterable[str], steps: int = 1) -> Iterator[str]:
    """Yield the lines, indented; blank lines stay empty."""
    for line in lines:
        yield _INDENTED * steps + line if line else line


def write_block_comment(lines: Iterable[str]) -> Iterator[str]:
    """Yield a comment as Java's tools read it, its lines starting with a star."""
    comment = list(lines)
    if comment:
        yield "/**"
        yield from (f"* {line}" for line in comment)
        yield "*/"


def snake_case(name: str) -> str:
    """Return a .NET or wire name in snake_case: ``CallSid`` is ``call_sid``."""
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])|([a-z\d])([A-Z])", lambda m: f"{m[1] or m[3]}_{m[2] or m[4]}", name)
    return spaced.lower()
