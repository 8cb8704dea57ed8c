"""Writing JSON: compact, in ASCII, nulls of records and maps left out."""

from __future__ import annotations

import decimal
from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any

from serializers import scalars
from serializers import shape as shapes
from serializers.compiler import Compiler, Dialect, TextWriter, rows
from serializers.errors import EncodeError
from serializers.shape import Shape

_NONFINITE = frozenset({"NaN", "Infinity", "-Infinity"})


def dumps(value: Any, shape: Shape | None = None) -> str:
    """A value as JSON. Raises EncodeError for a value that is not of the shape."""
    if value is None:
        return "null"
    if shape is not None:
        return compiled(shape, attributes=False)(value)
    try:
        return _write(value)
    except RecursionError:
        raise EncodeError("the value is nested too deeply") from None


@lru_cache(maxsize=1024)
def compiled(shape: Shape, *, attributes: bool) -> TextWriter:
    """The function from a value (or, with `attributes`, an object) of a shape to its text. Compiled once."""
    namespace = {"encode": encode_basestring_ascii, "rows": rows}
    return Compiler(JsonDialect(), attributes=attributes, namespace=namespace).compile(shape)


class JsonDialect(Dialect):
    """JSON's punctuation and scalars."""

    null_item = "null"
    null_record = "null"

    def name(self, name: str) -> str:
        return encode_basestring_ascii(name) + ":"

    def scalar(self, shape: Shape) -> TextWriter:
        write = scalars.writer(shape)
        if isinstance(shape, shapes.Boolean):
            return lambda value: write(value).lower()
        if isinstance(shape, shapes.Number):
            return lambda value: _number(write(value))
        if isinstance(shape, shapes.Anything):
            return _write
        if isinstance(shape, (shapes.Integer, shapes.Decimal)):
            return write
        if isinstance(shape, shapes.Choice) and (shape.flags or shape.numbered):
            return write
        return lambda value: encode_basestring_ascii(write(value))

    def key(self, shape: Shape) -> TextWriter:
        write = scalars.writer(shape)
        return lambda key: encode_basestring_ascii(write(key)) + ":"

    def inline(self, shape: Shape, variable: str, writer: str, prefix: str = "") -> str:
        if isinstance(shape, shapes.Text):
            text = f"(encode({variable}) if {variable}.__class__ is str else {writer}({variable}))"
            return f"{prefix!r} + {text}" if prefix else text
        if isinstance(shape, shapes.Boolean):
            other = f"{prefix!r} + {writer}({variable})"
            return f"({prefix + 'true'!r} if {variable} is True else {prefix + 'false'!r} if {variable} is False else {other})"
        return super().inline(shape, variable, writer, prefix)


def _number(text: str) -> str:
    return f'"{text}"' if text in _NONFINITE else text


def _write(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return (
            encode_basestring_ascii(value)
            if value.__class__ is str
            else encode_basestring_ascii(scalars.write_any(value))
        )
    if isinstance(value, Mapping):
        members = [f"{_key(key)}:{_write(item)}" for key, item in value.items() if item is not None]
        return "{" + ",".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_write(item) for item in value]) + "]"
    text = scalars.write_any(value)
    if value.__class__ is bool:
        return text.lower()
    if value.__class__ in (int, float) or isinstance(value, decimal.Decimal):
        return _number(text)
    return encode_basestring_ascii(text)


def _key(key: Any) -> str:
    return encode_basestring_ascii(key if key.__class__ is str else scalars.write_any(key))
