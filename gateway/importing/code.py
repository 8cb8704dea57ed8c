"""Python source as trees that break their lines as ruff and black do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

#: Maximum characters in a line.
WIDTH = 88
_STEP = "    "

Piece: TypeAlias = "str | Code"


@dataclass(frozen=True, slots=True)
class Code:
    """Items between brackets: a call, a list, a tuple, a dictionary.

    :ivar opening: the text before the items, such as ``fields.List(``.
    :ivar lonely_comma: one item has a comma behind it, as in a tuple.
    """

    opening: str
    items: tuple[Piece, ...]
    closing: str
    lonely_comma: bool = False

    @property
    def is_display(self) -> bool:
        """Return whether it is a list, tuple, dictionary or list of imported names: these have one line for each item, or one for all."""
        return self.lonely_comma or not self.opening.endswith("(") or self.opening.endswith(" (")

    def __str__(self) -> str:
        comma = "," if self.lonely_comma and len(self.items) == 1 else ""
        return f"{self.opening}{', '.join(map(str, self.items))}{comma}{self.closing}"


def make_call(name: str, *items: Piece | None, **keywords: Piece | None) -> Code:
    """Return a call; arguments that are None are omitted."""
    arguments = [item for item in items if item is not None]
    arguments += [add_prefix(f"{name}=", value) for name, value in keywords.items() if value is not None]
    return Code(f"{name}(", tuple(arguments), ")")


def add_prefix(before: str, piece: Piece) -> Piece:
    """Return a piece with a text in front of it."""
    if isinstance(piece, str):
        return before + piece
    return Code(before + piece.opening, piece.items, piece.closing, piece.lonely_comma)


def make_list(items: Iterable[Piece]) -> Code:
    """Return a list."""
    return Code("[", tuple(items), "]")


def make_tuple(items: Iterable[Piece]) -> Code:
    """Return a tuple."""
    return Code("(", tuple(items), ")", lonely_comma=True)


def write_lines(piece: Piece, indent: int = 0, after: str = "") -> Iterator[str]:
    """Yield the lines of a piece.

    :param indent: levels of indentation.
    :param after: a text that follows the piece, such as a comma.
    """
    margin = _STEP * indent
    flat = f"{margin}{piece}{after}"
    if isinstance(piece, str) or len(flat) <= WIDTH or not piece.items:
        yield flat
        return
    yield f"{margin}{piece.opening}"
    body = f"{margin}{_STEP}{', '.join(map(str, piece.items))}"
    if len(body) <= WIDTH and not piece.is_display:
        yield body
    else:
        for item in piece.items:
            yield from write_lines(item, indent + 1, ",")
    yield f"{margin}{piece.closing}{after}"


def quote(text: str) -> str:
    """Return a text as a literal, in double quotes unless these need more escapes."""
    literal = repr(text)
    if literal[0] == "'" and '"' not in text:
        literal = '"' + literal[1:-1].replace("\\'", "'") + '"'
    return literal


def write_docstring(text: str) -> str:
    """Return a text of one line as a docstring."""
    safe = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in _escape(text)
    )
    return f'"""{safe}"""'


def _escape(text: str) -> str:
    text = text.replace("\\", "\\\\")
    return text.replace('"', '\\"') if '"""' in text or text.endswith('"') else text


def write_literal(value: Any) -> Piece:
    """Return a JSON value as a Python literal."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Mapping):
        return Code(
            "{", tuple(add_prefix(f"{quote(str(name))}: ", write_literal(item)) for name, item in value.items()), "}"
        )
    if isinstance(value, list | tuple):
        return make_list(map(write_literal, value))
    return repr(value)
