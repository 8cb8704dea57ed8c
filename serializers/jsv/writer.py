"""Writing JSV: values and objects to text.

The rules (docs/serializers.rst, "JSV in one page"): nine special characters; a text that holds one is quoted, quotes are
doubled and nothing is escaped; the empty text is ``""``; null writes nothing; names of record members stand bare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from serializers import scalars
from serializers import shape as shapes
from serializers.compiler import Compiler, Dialect, TextWriter, literal, rows
from serializers.errors import EncodeError
from serializers.shape import Shape

_special = re.compile(r'["\:,{}\[\]\r\n]').search
_NAMES: dict[str, str] = {}
_NAMES_KEPT = 4096
_CONSTANTS = {"empty": "", "quote": '"', "quotes": '""'}
_BOOLEANS = {True: "True", False: "False"}

#: Dicts of more members look for special characters in all texts together.
_FEW = 4


def _clean(text: str) -> bool:
    """Whether a long text holds none of the nine characters."""
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
    """A text as it stands in a document: bare where it can, in quotes where it must."""
    if not text:
        return '""'
    if _special(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def dumps(value: Any, shape: Shape | None = None, *, indent: int | str | None = None) -> str:
    """A value as JSV.

    :param shape: the value's shape; without one each value is written by its own type.
    :param indent: blanks (or a text) of one level: writes the dump form, for people. A text with blanks at its ends is
        quoted there, since such blanks are layout to a reader of that form.
    :raises EncodeError: for a value that is not of the shape.
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
    """The function from a value (or, with `attributes`, an object) of a shape to its text. Compiled once."""
    namespace = {"clean": _clean, "special": _special, "text": _text, "rows": rows} | _CONSTANTS
    return Compiler(JsvDialect(), attributes=attributes, namespace=namespace).compile(shape)


class JsvDialect(Dialect):
    """JSV's punctuation and scalars."""

    null_item = ""
    null_record = "{}"

    def name(self, name: str) -> str:
        return f"{name}:"

    def scalar(self, shape: Shape) -> TextWriter:
        return _text if isinstance(shape, shapes.Text) else scalars.writer(shape)

    def key(self, shape: Shape) -> TextWriter:
        write = scalars.writer(shape)
        return lambda key: quote(write(key)) + ":"

    def inline(self, shape: Shape, variable: str, writer: str, prefix: str = "") -> str:
        if isinstance(shape, shapes.Text):
            text = self.text(variable, prefix, clean=False)
            return f"(({text}) if {variable}.__class__ is str else {prefix!r} + text({variable}))"
        if isinstance(shape, shapes.Boolean):
            other = f"{prefix!r} + {writer}({variable})"
            return f"({prefix + 'True'!r} if {variable} is True else {prefix + 'False'!r} if {variable} is False else {other})"
        return super().inline(shape, variable, writer, prefix)

    def texts(self, joined: str) -> str | None:
        # PERF: looking for nine characters in all texts of a record together costs less than one search a text.
        return f"clean({joined})"

    def text(self, variable: str, prefix: str, *, clean: bool) -> str:
        before = literal(prefix)
        # What is false may be a value that is no text, such as 0.
        bare = f"f'{before}{{{variable}}}' if {variable} else {prefix!r} + text({variable})"
        if clean:
            return bare
        doubled = f"{prefix + chr(34)!r} + {variable}.replace(quote, quotes) + quote"
        quoted = f"(f'{before}\"{{{variable}}}\"' if quote not in {variable} else {doubled})"
        return f"{quoted} if special({variable} or empty) else {bare}"


def _text(value: Any) -> str:
    return quote(value if value.__class__ is str else scalars.write_any(value))


def _write(value: Any) -> str:
    kind = value.__class__
    if kind is str:
        return quote(value)
    if kind is dict:
        return _write_dict(value)
    if kind is list or kind is tuple:
        return _write_list(value)
    if isinstance(value, Mapping):
        return _write_dict(value)
    return _scalar(value)


def _scalar(value: Any) -> str:
    """A scalar that is known by its type alone. Only texts are quoted: a date's colons stand bare."""
    text = scalars.write_any(value)
    return quote(text) if isinstance(value, str) else text


def _write_dict(value: Mapping[Any, Any]) -> str:
    members: list[str] = []
    append = members.append
    clean = len(value) > _FEW and _clean("".join([item for item in value.values() if item.__class__ is str]))
    for key, item in value.items():
        kind = item.__class__
        if kind is str:
            if clean or not _special(item):
                append((_NAMES.get(key) or _name(key)) + (item or '""'))
            else:
                append((_NAMES.get(key) or _name(key)) + '"' + item.replace('"', '""') + '"')
        elif item is not None:
            append((_NAMES.get(key) or _name(key)) + (_BOOLEANS[item] if kind is bool else _write(item)))
    return "{" + ",".join(members) + "}"


def _write_list(value: list[Any] | tuple[Any, ...]) -> str:
    records = any(item.__class__ is dict for item in value)
    null = "{}" if records else ""
    return "[" + ",".join([null if item is None else _write(item) for item in value]) + "]"


def _name(key: Any) -> str:
    name = quote(key if isinstance(key, str) else scalars.write_any(key)) + ":"
    if len(_NAMES) < _NAMES_KEPT and isinstance(key, str):
        _NAMES[key] = name
    return name
