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
from serializers.compiler import Compiler, Dialect, TextWriter, rows
from serializers.errors import EncodeError
from serializers.shape import Shape

_special = re.compile(r'["\:,{}\[\]\r\n]').search
_NAMES: dict[str, str] = {}
_NAMES_KEPT = 4096


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
    namespace = {"special": _special, "text": _text, "empty": _text, "rows": rows}
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

    def inline(self, shape: Shape, variable: str, writer: str) -> str:
        if isinstance(shape, shapes.Text):
            return f"({variable} if {variable}.__class__ is str and {variable} and not special({variable}) else text({variable}))"
        if isinstance(shape, shapes.Boolean):
            return f"('True' if {variable} is True else 'False' if {variable} is False else {writer}({variable}))"
        return f"{writer}({variable})"

    def fields(self, texts: list[str]) -> tuple[str, Mapping[str, str]] | None:
        # PERF: one search over all texts of a record costs a third of one search a text.
        if len(texts) < 3:
            return None
        joined = ", ".join(f"{variable} or ''" for variable in texts)
        return f"not special(''.join(({joined})))", {v: f"{v} or empty({v})" for v in texts}


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
    members = []
    append = members.append
    for key, item in value.items():
        if item is None:
            continue
        name = _NAMES.get(key) or _name(key)
        kind = item.__class__
        if kind is str:
            append(name + (item if item and not _special(item) else quote(item)))
        elif kind is bool:
            append(name + ("True" if item else "False"))
        else:
            append(name + _write(item))
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
