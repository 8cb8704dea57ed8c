"""Writing JSV: values and objects to text.

The rules (docs/serializers.rst, "JSV in one page"): there are nine special characters; a text that contains one is quoted;
quotes are doubled and nothing is escaped; the empty text is ``""``; null is empty; names of record members are not quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from serializers import scalars
from serializers import shape as shapes
from serializers.dialect import DEFAULT, Dialect
from serializers.errors import EncodeError
from serializers.shape import Shape
from serializers.source import TextWriter, literal
from serializers.syntax import Syntax, compile_writer

_SPECIAL = '":,{}[]\r\n'
_special = re.compile(f"[{re.escape(_SPECIAL)}]").search
_NAMES_KEPT = 4096
_NAME_LENGTH = 64
_CONSTANTS = {"empty": "", "quote": '"', "quotes": '""'}

#: For dicts of more members, one search for special characters covers all texts.
_FEW = 4


def _clean(text: str) -> bool:
    """Return whether a long text has none of the nine special characters."""
    return not (
        '"' in text
        or ":" in text
        or "," in text
        or "\n" in text
        or "{" in text
        or "[" in text
        or "}" in text
        or "]" in text
        or "\r" in text
    )


def quote(text: str) -> str:
    """Return a text as written in a document: quoted if necessary, otherwise bare."""
    if not text:
        return '""'
    if _special(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def dumps(value: Any, shape: Shape | None = None, *, indent: int | str | None = None) -> str:
    """Return a value as JSV.

    :param shape: the value's shape; without one each value is written by its own type.
    :param indent: blanks (or a text) of one level: writes the dump form, for people. A text with blanks at its ends is
        quoted there, because a reader of that form would drop the blanks.
    :raises EncodeError: when the value is not of the shape.
    """
    if indent is not None:
        from serializers.jsv.dump import dump

        return dump(value, shape, " " * indent if isinstance(indent, int) else indent)
    if value is None:
        return ""
    if shape is not None:
        return compiled(shape, attributes=False)(value)
    try:
        return _write(value)
    except RecursionError:
        raise EncodeError("the value is nested too deeply") from None


@lru_cache(maxsize=1024)
def compiled(shape: Shape, *, attributes: bool) -> TextWriter:
    """Return the function from a value (or, with `attributes`, an object) of a shape to its text. Compiled once."""
    return compile_writer(shape, JsvSyntax(DEFAULT), attributes=attributes)


class JsvSyntax(Syntax):
    """JSV's punctuation and scalars."""

    format_name = "jsv"
    null_item = ""
    null_record = "{}"

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect.in_jsv)
        self.objects = {"special": _special, "text": _text, **_CONSTANTS}

    def name(self, name: str) -> str:
        return f"{name}:"

    def scalar(self, shape: Shape) -> TextWriter:
        if isinstance(shape, shapes.Anything):
            return _write
        if isinstance(shape, (shapes.Text, shapes.Character)):
            return _text
        write = scalars.jsv_writer(shape, self.dialect)
        if isinstance(shape, shapes.Choice) and shape.texts:
            return lambda value: quote(write(value))
        return write

    def key(self, shape: Shape) -> TextWriter:
        if isinstance(shape, shapes.Text):
            return _NAMES.__getitem__
        write = scalars.writer(shape, self.dialect)
        return lambda key: quote(write(key)) + ":"

    def inline(self, shape: Shape, variable: str, writer: str, prefix: str = "") -> str:
        if isinstance(shape, shapes.Text):
            before, begin = literal(prefix), f"{prefix}{chr(34)}"
            doubled = f"{begin!r} + {variable}.replace(quote, quotes) + quote"
            quoted = f"(f'{before}\"{{{variable}}}\"' if quote not in {variable} else {doubled})"
            # A false value may be of another type than text, such as 0.
            bare = f"f'{before}{{{variable}}}' if {variable} else {prefix!r} + text({variable})"
            text = f"{quoted} if special({variable} or empty) else {bare}"
            return f"(({text}) if {variable}.__class__ is str else {prefix!r} + text({variable}))"
        if isinstance(shape, shapes.Boolean):
            other = f"{prefix!r} + {writer}({variable})"
            return f"({prefix + 'True'!r} if {variable} is True else {prefix + 'False'!r} if {variable} is False else {other})"
        return super().inline(shape, variable, writer, prefix)

    def plain(self, joined: str) -> str | None:
        # PERF: looking for eight characters in all texts of a record costs less than one search per text. Dates contain colons.
        return " and ".join(f"{character!r} not in {joined}" for character in _SPECIAL if character != ":")

    def plain_text(self, variable: str, prefix: str) -> str:
        before = literal(prefix)
        text = f"f'{before}\"{{{variable}}}\"' if ':' in {variable} else f'{before}{{{variable}}}'"
        # An enum's member may be a text, but is written as its name.
        return f"({text}) if {variable} and {variable}.__class__ is str else {prefix!r} + text({variable})"


def _text(value: Any) -> str:
    return quote(value if value.__class__ is str else scalars.write_any(value))


class _Names(dict[Any, str]):
    """Keys as written before their values. Short ones are cached, up to a maximum."""

    def __missing__(self, key: Any) -> str:
        name = quote(scalars.write_any(key)) + ":"
        if len(self) < _NAMES_KEPT and key.__class__ is str and len(key) < _NAME_LENGTH:
            self[key] = name
        return name


class _Writers(dict[type, TextWriter]):
    """The writers of values by type."""

    def __missing__(self, kind: type) -> TextWriter:
        if issubclass(kind, Mapping):
            return _write_dict
        if issubclass(kind, (list, tuple)):
            return _write_list
        # Only texts are quoted: a date with colons is not.
        return _text if issubclass(kind, str) else scalars.write_any


def _write(value: Any) -> str:
    return _WRITERS[value.__class__](value)


def _write_dict(value: Mapping[Any, Any]) -> str:
    if len(value) > _FEW and _clean("".join([item for item in value.values() if item.__class__ is str])):
        members = [
            _NAMES[key] + (item or '""' if item.__class__ is str else _WRITERS[item.__class__](item))
            for key, item in value.items()
            if item is not None
        ]
    else:
        members = [
            _NAMES[key]
            + (
                ('"' + item.replace('"', '""') + '"' if _special(item) else item or '""')
                if item.__class__ is str
                else _WRITERS[item.__class__](item)
            )
            for key, item in value.items()
            if item is not None
        ]
    return "{" + ",".join(members) + "}"


def _write_list(value: list[Any] | tuple[Any, ...]) -> str:
    if None in value:
        null = "{}" if any(isinstance(item, Mapping) for item in value) else ""
        return "[" + ",".join([null if item is None else _write(item) for item in value]) + "]"
    return "[" + ",".join([_WRITERS[item.__class__](item) for item in value]) + "]"


_NAMES = _Names()
_WRITERS = _Writers(
    {
        str: quote,
        dict: _write_dict,
        list: _write_list,
        tuple: _write_list,
        bool: {True: "True", False: "False"}.__getitem__,
        int: int.__repr__,
    }
)
