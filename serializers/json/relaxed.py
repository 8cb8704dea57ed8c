"""Reading malformed but unambiguous JSON, as ServiceStack reads it.

Accepted are: commas after the last item or member, missing items (``[a,,b]``; they are null), line breaks and other control
characters in texts, escapes that JSON does not have (``\\d`` is ``d``), words and numbers without quotes as values, and any text
after the document. This module reads only documents that the strict scanner refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from serializers.base import Reading
from serializers.errors import DecodeError, wire_path

_BLANKS = re.compile(r"[ \t\r\n]*+")
_TEXT = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_BARE = re.compile(r"""[^\s,:{}\[\]"'\\]++""")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
#: The letters of escapes by number; readers differ in how they read malformed ones.
_NUMBERED = frozenset("ux")
_WORDS = {"true": True, "false": False, "null": None}
#: A comma outside of texts.
_COMMA = re.compile(r'(?:[^",]++|"(?:[^"\\]++|\\.)*+(?:"|\Z))*+,', re.DOTALL)
#: The value of a text whose escapes can't be read, and of a list that contains one.
_UNREADABLE = object()


class Relaxed:
    """A reader of one document that is known to be within the limits.

    :param number: returns the value of a number or word without quotes.
    """

    def __init__(self, text: str, reading: Reading, number: Callable[[str], Any]) -> None:
        self.text = text
        self.drop = reading.drop
        self.number = number
        self.path: list[str | int] = []
        self.broken = False

    def document(self) -> tuple[Any, int]:
        """Return the document's value and its end; text after it is ignored. Raises DecodeError."""
        start = self.skip(0)
        if self.text[start : start + 1] not in ("{", "["):
            self.fail("expecting value", start)
        value, end = self.value(start)
        if value is _UNREADABLE:
            self.fail("an escape that can't be read", start)
        return value, end

    def value(self, position: int) -> tuple[Any, int]:
        mark = self.text[position : position + 1]
        if mark == '"':
            return self.quoted(position, droppable=self.drop is not None)
        if mark == "{":
            return self.members(position)
        if mark == "[":
            return self.items(position)
        match = _BARE.match(self.text, position)
        if match is None:
            self.fail("expecting value", position)
        after = self.skip(match.end())
        if self.text[after : after + 1] not in (",", "}", "]"):
            self.fail("a text without quotes" if after < len(self.text) else "the document ends early", position)
        word = match[0]
        return (_WORDS[word] if word in _WORDS else self.number(word)), after

    def members(self, start: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        depth = len(self.path)
        position = self.skip(start + 1)
        while not self.broken and self.text[position : position + 1] != "}":
            try:
                position = self.member(members, position)
            except DecodeError:
                if self.drop is None:
                    raise
                path = self.path[: depth + 1]
                self.stop(wire_path(path))
                if path and _COMMA.match(self.text, position):
                    self.stop("")
        return members, position + 1

    def member(self, members: dict[str, Any], position: int) -> int:
        """Read a member and the comma after it. Return the position after them."""
        depth = len(self.path)
        name, position = self.quoted(position)
        self.path.append(name)
        position = self.skip(position)
        if self.text[position : position + 1] != ":":
            self.fail("expecting ':' delimiter", position)
        value, position = self.value(self.skip(position + 1))
        members.pop(name, None)
        if value is not _UNREADABLE:
            members[name] = value
        elif self.drop is not None:
            self.drop(wire_path(self.path))
        del self.path[depth:]
        return self.next(position, "}")

    def items(self, start: int) -> tuple[Any, int]:
        items: list[Any] = []
        position = self.skip(start + 1)
        while not self.broken and self.text[position : position + 1] != "]":
            if self.text[position : position + 1] == ",":
                items.append(None)
                position = self.skip(position + 1)
                continue
            self.path.append(len(items))
            value, position = self.value(position)
            self.path.pop()
            items.append(value)
            position = self.next(position, "]")
        return _UNREADABLE if _UNREADABLE in items else items, position + 1

    def next(self, position: int, closing: str) -> int:
        """Return the position of the next member or item, or of the closing bracket."""
        if self.broken:
            return position
        position = self.skip(position)
        mark = self.text[position : position + 1]
        if mark == ",":
            return self.skip(position + 1)
        if mark != closing:
            if not mark and self.drop is not None:
                self.stop("")
            else:
                self.fail(f"expecting ',' delimiter or '{closing}'", position)
        return position

    def stop(self, path: str) -> None:
        """Drop the rest of the document."""
        assert self.drop is not None
        self.drop(path)
        self.broken = True

    def quoted(self, position: int, *, droppable: bool = False) -> tuple[Any, int]:
        """Return a text and its end.

        :param droppable: return `_UNREADABLE` for a text whose escapes can't be read, instead of raising.
        """
        match = _TEXT.match(self.text, position)
        if match is None:
            unclosed = self.text[position : position + 1] == '"'
            self.fail("unterminated string" if unclosed else "expecting a name or text in double quotes", position)
        raw = match[1]
        if "\\" not in raw:
            return raw, match.end()

        def character(escape: re.Match[str]) -> str:
            code = escape[1]
            if len(code) > 1:
                return chr(int(code[1:], 16))
            if code in _NUMBERED:
                self.fail(f"an escape that can't be read: \\{code}", position + 1 + escape.start())
            return _ESCAPES.get(code, code)

        try:
            text = _ESCAPE.sub(character, raw)
        except DecodeError:
            if not droppable:
                raise
            return _UNREADABLE, match.end()
        # A pair of surrogates becomes one character.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"), match.end()

    def skip(self, position: int) -> int:
        return _BLANKS.match(self.text, position).end()  # type: ignore[union-attr]

    def fail(self, message: str, position: int) -> NoReturn:
        raise DecodeError.at(message, self.text, position)
