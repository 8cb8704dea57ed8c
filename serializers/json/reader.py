"""Reading JSON: the standard library's scanner, then one walk directed by the shape.

Numbers come out of the scanner as their raw text, so that ``1.10`` is still that where a text or a decimal is expected.
The scanner knows no limits, so a document that might pass one is measured first, up to the limit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NoReturn

from serializers import scalars
from serializers import shape as shapes
from serializers.base import DEFAULT_LIMITS, Limits
from serializers.errors import DecodeError, Mismatch
from serializers.jsv import loads_member
from serializers.shape import ListOf, MapOf, Record, Reference, Shape, Text, names_of
from serializers.tally import Tally, marks_outside, measure

_BLANKS = re.compile(r"[ \t\r\n]*+")
_TEXT = r'"(?:[^"\\]++|\\.)*+(?:"|\Z)'
_MARKS = marks_outside(_TEXT)
_CONSTANTS = re.compile(rf"{_TEXT}|-?Infinity|NaN", re.DOTALL)

Reader = Callable[[Any], Any]


class RawNumber(str):
    """A number as it stands in the document."""

    __slots__ = ()


class _FoldedDuplicate(Exception):
    """Two spellings of one name: which came last, a dict does not say."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _last_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        members.pop(name, None)
        members[name] = value
    return members


_RAW = json.JSONDecoder(parse_int=RawNumber, parse_float=RawNumber, parse_constant=_refuse_constant)
_RAW_IN_ORDER = json.JSONDecoder(
    parse_int=RawNumber, parse_float=RawNumber, parse_constant=_refuse_constant, object_pairs_hook=_last_wins
)
_PLAIN = json.JSONDecoder(parse_constant=_refuse_constant)


def loads(text: str, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, tally: Tally | None = None) -> Any:
    """The value of a document, None where it is empty.

    Names are read in any letter case, unknown ones skipped, of duplicates the last counts.

    :param tally: what is left of the limits, where the document is part of another one.
    :raises DecodeError: where the text is not JSON, a value is not of its shape, or a limit is passed.
    """
    text = text.removeprefix("\ufeff")
    if not text or text.isspace():
        return None
    if len(text) > limits.bytes:
        raise DecodeError(f"longer than {limits.bytes} bytes")
    _measure(text, limits, tally)
    value = _scan(_PLAIN if shape is None else _RAW, text)
    if shape is None or value is None:
        return value
    try:
        try:
            return converter(shape)(value)
        except _FoldedDuplicate:
            return _converter(shape, ordered=True)(_scan(_RAW_IN_ORDER, text))
    except Mismatch as error:
        raise DecodeError.at(error.message, text, _locate(text, error.keys), error.path) from None


def _measure(text: str, limits: Limits, tally: Tally | None) -> None:
    if tally is not None:
        measure(text, _MARKS, tally, limits.depth)
    elif text.count("{") + text.count("[") > limits.depth or Tally(limits).may_be_passed(text):
        measure(text, _MARKS, Tally(limits), limits.depth)


def _scan(decoder: json.JSONDecoder, text: str) -> Any:
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        raise DecodeError.at(error.msg[:1].lower() + error.msg[1:], text, error.pos) from None
    except RecursionError:
        raise DecodeError("nested too deeply") from None
    except ValueError as error:
        position = next((match.start() for match in _CONSTANTS.finditer(text) if match[0][-1] in "yN"), 0)
        raise DecodeError.at(f"not a number: {error}", text, position) from None


def _locate(text: str, keys: list[str | int]) -> int:
    """The position of the value at the end of a path, names as they stand in the document."""
    position = _skip(text, 0)
    for key in keys:
        position = (
            _item_position(text, position, key) if isinstance(key, int) else _member_position(text, position, key)
        )
    return position


def _item_position(text: str, position: int, index: int) -> int:
    position = _skip(text, position + 1)
    for _ in range(index):
        _, position = _RAW.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
    return position


def _member_position(text: str, position: int, key: str) -> int:
    found = position
    position = _skip(text, position + 1)
    while text[position] != "}":
        name, position = _RAW.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
        if name == key:
            found = position
        _, position = _RAW.raw_decode(text, position)
        position = _skip(text, position)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return found


def _skip(text: str, position: int) -> int:
    return _BLANKS.match(text, position).end()  # type: ignore[union-attr]


@lru_cache(maxsize=1024)
def converter(shape: Shape) -> Reader:
    """The function from the scanner's value to one of the shape. It raises Mismatch."""
    return _converter(shape, ordered=False)


def _converter(shape: Shape, *, ordered: bool, enclosing: Mapping[str, Callable[[], Reader]] | None = None) -> Reader:
    enclosing = enclosing or {}
    if isinstance(shape, Reference):
        return _later(enclosing[shape.name])
    if isinstance(shape, Record):
        return _record(shape, ordered, enclosing)
    if isinstance(shape, ListOf):
        return _list(shape, _converter(shape.item, ordered=ordered, enclosing=enclosing))
    if isinstance(shape, MapOf):
        return _map(shape, _converter(shape.value, ordered=ordered, enclosing=enclosing))
    return _text if isinstance(shape, Text) else _scalar(shape)


def _later(reader: Callable[[], Reader]) -> Reader:
    def read(value: Any) -> Any:
        return reader()(value)

    return read


def _record(shape: Record, ordered: bool, enclosing: Mapping[str, Callable[[], Reader]]) -> Reader:
    names = names_of(shape)
    readers: dict[str, Reader] = {}

    def read(value: Any) -> dict[str, Any]:
        if value.__class__ is not dict:
            raise Mismatch("expected an object")
        result: dict[str, Any] = {}
        known = 0
        for key, item in value.items():
            name = names.get(key) or names.get(key.casefold())
            if name is None:
                continue
            known += 1
            if item is None:
                result[name] = None
                continue
            try:
                result[name] = readers[name](item)
            except Mismatch as error:
                raise error.inside(name, key) from None
        if known != len(result) and not ordered:
            raise _FoldedDuplicate
        return result

    inner = {**enclosing, shape.name: lambda: read}
    readers.update({name: _converter(field, ordered=ordered, enclosing=inner) for name, field in shape.fields.items()})
    return read


def _list(shape: ListOf, read_item: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value.__class__ is not list:
            return _single(shape, value)
        items = []
        for number, item in enumerate(value):
            try:
                items.append(None if item is None else read_item(item))
            except Mismatch as error:
                raise error.inside(number, number) from None
        return items

    return read


def _single(shape: ListOf, value: Any) -> Any:
    """A list given as one text: its items are split at commas, as in a query string."""
    if value.__class__ is dict:
        raise Mismatch("expected a list")
    try:
        return loads_member(_text(value), shape)
    except DecodeError as error:
        raise Mismatch(error.message) from None


def _map(shape: MapOf, read_item: Reader) -> Reader:
    read_key = scalars.reader(shape.key)

    def read(value: Any) -> dict[Any, Any]:
        if value.__class__ is not dict:
            raise Mismatch("expected an object")
        result = {}
        for key, item in value.items():
            try:
                result[read_key(key)] = None if item is None else read_item(item)
            except Mismatch as error:
                raise error.inside(key, key) from None
            except ValueError as error:
                raise Mismatch(str(error)).inside(key, key) from None
        return result

    return read


def _text(value: Any) -> str:
    if value.__class__ is str:
        return str(value)
    if value.__class__ is RawNumber:
        return str.__str__(value)
    if value is True:
        return "true"
    if value is False:
        return "false"
    raise Mismatch("expected a text")


def _scalar(shape: shapes.Shape) -> Reader:
    read = scalars.reader(shape)

    def read_scalar(value: Any) -> Any:
        if value.__class__ is dict or value.__class__ is list:
            raise Mismatch("expected a single value")
        try:
            return read(_text(value))
        except ValueError as error:
            raise Mismatch(str(error)) from None

    return read_scalar
