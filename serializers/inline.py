"""Lists, records and maps that are one text in a document of another format: ``{"ids": "a,b"}``.

In ServiceStack such a text is JSV. A registry passes JSV to the formats that may read such a text; without it they read only lists of
single values.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn, Protocol

from serializers import scalars
from serializers.errors import DecodeError, EncodeError
from serializers.shape import ListOf, MapOf, Record, Reference, Shape

#: An item in quotes, or one without quotes.
_ITEM = re.compile(r'[ \t]*"((?:[^"]|"")*)"[ \t]*|([^",\[\]{}]*)')


class Inline(Protocol):
    """A format whose documents may be texts in other documents. The module `serializers.jsv` is one."""

    def __hash__(self) -> int:
        """Return the hash: compiled readers are cached by format."""
        ...

    def loads_member(self, text: str, shape: Shape, /) -> Any:
        """Return the value of a text. Raises DecodeError."""
        ...

    def dumps(self, value: Any, /) -> str:
        """Return the text of lists, maps and texts. Raises EncodeError."""
        ...


class Commas:
    """A format of lists of single values only, separated by commas, with or without brackets and quotes."""

    def loads_member(self, text: str, shape: Shape, /) -> Any:
        if not isinstance(shape, ListOf) or isinstance(shape.item, (ListOf, MapOf, Record, Reference)):
            raise DecodeError("expected a list" if isinstance(shape, ListOf) else "expected an object")
        if not text:
            return None
        inside = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        return [_read(item, shape.item) for item in _items(inside)] if inside else []

    def dumps(self, value: Any, /) -> NoReturn:
        raise EncodeError(f"a {type(value).__name__} is not a text")


COMMAS = Commas()


def _items(text: str) -> list[str | None]:
    items: list[str | None] = []
    position = 0
    while True:
        match = _ITEM.match(text, position)
        assert match is not None
        items.append(match[1].replace('""', '"') if match[1] is not None else match[2] or None)
        position = match.end()
        if position == len(text):
            return items
        if text[position] != ",":
            raise DecodeError("expected a list", position)
        position += 1


def _read(item: str | None, shape: Shape) -> Any:
    try:
        return None if item is None else scalars.reader(shape)(item)
    except ValueError as error:
        raise DecodeError(str(error)) from None
