"""Writing JSON: compact; unless the dialect differs, in ASCII and without nulls of records and maps."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any

from serializers import scalars
from serializers import shape as shapes
from serializers.dialect import DEFAULT, Dialect
from serializers.errors import EncodeError
from serializers.json.texts import encoder
from serializers.scalars import INTEGER
from serializers.shape import Shape
from serializers.source import TextWriter
from serializers.syntax import Syntax, compile_writer

#: Scalars that may hold any character.
_ENCODED = (shapes.Text, shapes.Character)
_NONFINITE = frozenset({"NaN", "Infinity", "-Infinity"})


def dumps(value: Any, shape: Shape | None = None) -> str:
    """Return a value as JSON. Raises EncodeError when it is not of the shape."""
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
    """Return the function from a value (or, with `attributes`, an object) of a shape to its text. Compiled once."""
    return compile_writer(shape, JsonSyntax(DEFAULT), attributes=attributes)


class JsonSyntax(Syntax):
    """JSON's punctuation and scalars."""

    format_name = "json"
    null_item = "null"

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        self.encode = encoder(dialect)
        self.null_record = "{}" if dialect.empty_nulls else "null"
        self.objects = {"encode": self.encode}

    def name(self, name: str) -> str:
        return self.encode(name) + ":"

    def scalar(self, shape: Shape) -> TextWriter:
        write, encode = scalars.writer(shape, self.dialect), self.encode
        if isinstance(shape, shapes.Boolean):
            return lambda value: write(value).lower()
        if isinstance(shape, shapes.Number):
            return lambda value: _number(write(value))
        if isinstance(shape, shapes.Anything):
            return _write
        if isinstance(shape, (shapes.Integer, shapes.Decimal)):
            return write
        if isinstance(shape, shapes.Choice):
            return (
                _number_or_text(write, encode)
                if shape.flags or shape.numbered or self.dialect.enums == "number"
                else _make_quoting(write, encode)
            )
        if isinstance(shape, shapes.OffsetInstant) and self.dialect.dates not in _OFFSET_TEXTS:
            return _escape_slashes(write, encode)
        if isinstance(shape, shapes.Instant) and self.dialect.dates in _DATES:
            return _DATES[self.dialect.dates](write, encode)
        return _make_quoting(write, encode) if isinstance(shape, _ENCODED) else _make_plain_quoting(write, encode)

    def key(self, shape: Shape) -> TextWriter:
        write, encode = scalars.writer(shape, self.dialect), self.encode
        return lambda key: encode(write(key)) + ":"

    def inline(self, shape: Shape, variable: str, writer: str, prefix: str = "") -> str:
        if isinstance(shape, shapes.Text):
            text = f"(encode({variable}) if {variable}.__class__ is str else {writer}({variable}))"
            return f"{prefix!r} + {text}" if prefix else text
        if isinstance(shape, shapes.Boolean):
            other = f"{prefix!r} + {writer}({variable})"
            return f"({prefix + 'true'!r} if {variable} is True else {prefix + 'false'!r} if {variable} is False else {other})"
        return super().inline(shape, variable, writer, prefix)


def _make_quoting(write: TextWriter, encode: TextWriter) -> TextWriter:
    return lambda value: encode(write(value))


def _make_plain_quoting(write: TextWriter, encode: TextWriter) -> TextWriter:
    """Return a writer of scalars that need no escapes, although ``web`` escapes a ``+`` in texts; a value that is a text is escaped."""
    return lambda value: encode(value) if isinstance(value, str) else f'"{write(value)}"'


def _number_or_text(write: TextWriter, encode: TextWriter) -> TextWriter:
    """Return a writer that writes numbers bare, and anything else quoted."""

    def write_number(value: Any) -> str:
        text = write(value)
        return text if INTEGER.fullmatch(text) else encode(text)

    return write_number


def _escape_slashes(write: TextWriter, _: TextWriter) -> TextWriter:
    # Clients look for the backslash in front of the slash.
    return lambda value: '"' + write(value).replace("/", "\\/") + '"'


#: The `dates` in which points in time with an offset are texts; in others they are ``\\/Date(ms)\\/``.
_OFFSET_TEXTS = frozenset({"short", "roundtrip", "iso", "rfc1123"})
#: The writers of points in time for the `dates` in which they are not texts.
_DATES: Mapping[str, Callable[[TextWriter, TextWriter], TextWriter]] = {
    "wcf": _escape_slashes,
    "dcjs": _escape_slashes,
    "unix": _number_or_text,
    "unix_ms": _number_or_text,
}


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
        members = [f"{_make_key_writer(key)}:{_write(item)}" for key, item in value.items() if item is not None]
        return "{" + ",".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_write(item) for item in value]) + "]"
    text = scalars.write_any(value)
    if value.__class__ is bool:
        return text.lower()
    if value.__class__ in (int, float) or isinstance(value, decimal.Decimal):
        return _number(text)
    return encode_basestring_ascii(text)


def _make_key_writer(key: Any) -> str:
    return encode_basestring_ascii(key if key.__class__ is str else scalars.write_any(key))
