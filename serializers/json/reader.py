"""Reading JSON: the standard library's scanner, then one walk directed by the shape.

The scanner returns numbers as their raw text, so that ``1.10`` keeps its spelling where a text or a decimal is expected.
The scanner has no limits, so a document that might exceed one is measured first, up to the limit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from serializers import scalars
from serializers import shape as shapes
from serializers.base import DEFAULT_LIMITS, STRICT, Limits, Reading
from serializers.errors import DecodeError, EncodeError, Mismatch
from serializers.inline import COMMAS, Inline
from serializers.json.relaxed import Relaxed
from serializers.shape import Anything, ListOf, MapOf, Record, Reference, Shape, Text, names_of
from serializers.tally import Tally, marks_outside, measure

_BLANKS = re.compile(r"[ \t\r\n]*+")
_TEXT = r'"(?:[^"\\]++|\\.)*+(?:"|\Z)'
_MARKS = marks_outside(_TEXT)
_CONSTANTS = re.compile(rf"{_TEXT}|-?Infinity|NaN", re.DOTALL)

#: Indexes of items at the end of a path: the whole list is dropped.
_LAST_INDEXES = re.compile(r"(?:\[\d+\])+\Z")

Reader = Callable[[Any], Any]


class RawNumber(str):
    """A number as spelled in the document."""

    __slots__ = ()


class _FoldedDuplicate(Exception):
    """Two spellings of one name in an object, whose order a dict does not have."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _keep_last(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        members.pop(name, None)
        members[name] = value
    return members


_RAW = json.JSONDecoder(parse_int=RawNumber, parse_float=RawNumber, parse_constant=_refuse_constant)
_RAW_IN_ORDER = json.JSONDecoder(
    parse_int=RawNumber, parse_float=RawNumber, parse_constant=_refuse_constant, object_pairs_hook=_keep_last
)
_PLAIN = json.JSONDecoder(parse_constant=_refuse_constant)
#: The relaxed decoders allow control characters in texts.
_RELAXED = json.JSONDecoder(strict=False, parse_int=RawNumber, parse_float=RawNumber, parse_constant=_refuse_constant)
_RELAXED_IN_ORDER = json.JSONDecoder(
    strict=False,
    parse_int=RawNumber,
    parse_float=RawNumber,
    parse_constant=_refuse_constant,
    object_pairs_hook=_keep_last,
)


def loads(
    text: str,
    shape: Shape | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    reading: Reading = STRICT,
    tally: Tally | None = None,
    alone: bool = False,
    inline: Inline = COMMAS,
) -> Any:
    """Return the value of a document; None for an empty one.

    Names are read in any letter case, unknown names are skipped, the last of duplicate names counts.

    :param reading: how strictly a document of a known shape is read.
    :param tally: the rest of the limits, for a document that is part of another one.
    :param inline: reads lists and writes objects that are one text.
    :param alone: even relaxed reading refuses text after the document, or reports it as dropped.
    :raises DecodeError: when the text is not JSON, a value is not of its shape, or a limit is exceeded.
    """
    text = text.removeprefix("\ufeff")
    if not text or text.isspace():
        return None
    if len(text) > limits.bytes:
        raise DecodeError(f"longer than {limits.bytes} bytes")
    _measure(text, limits, tally)
    if shape is None:
        return _scan(_PLAIN, text)
    if reading.relaxed:
        return _load_relaxed(text, shape, reading, inline, alone=alone)
    value = _scan(_RAW, text)
    if value is None:
        return value
    try:
        try:
            return make_converter(shape, inline=inline)(value)
        except _FoldedDuplicate:
            return make_converter(shape, inline=inline, ordered=True)(_scan(_RAW_IN_ORDER, text))
    except Mismatch as error:
        raise DecodeError.at(error.message, text, _locate(text, error.keys), error.path) from None


def _load_relaxed(text: str, shape: Shape, reading: Reading, inline: Inline, *, alone: bool) -> Any:
    begin, in_order = _skip(text, 0), False
    try:
        # PERF: most documents are well-formed. Text after the document is not parsed.
        value, end = _RELAXED.raw_decode(text, begin)
    except (ValueError, RecursionError):
        (value, end), in_order = Relaxed(text, reading, RawNumber).document(), True
    position = _skip(text, end)
    if position < len(text) and (alone or (isinstance(shape, ListOf) and value.__class__ is dict)):
        # The text after an object may be the next object of a list without brackets.
        if reading.drop is None:
            raise DecodeError.at("something behind the object", text, position)
        reading.drop("")
    if value is None:
        return value
    while True:
        try:
            return make_converter(shape, inline=inline, ordered=in_order, relaxed=True)(value)
        except _FoldedDuplicate:
            (value, _), in_order = _RELAXED_IN_ORDER.raw_decode(text, begin), True
        except Mismatch as error:
            if reading.drop is None or not error.keys:
                raise DecodeError.at(error.message, text, _locate_relaxed(text, error.keys), error.path) from None
            _leave_out(value, error.keys)
            reading.drop(_LAST_INDEXES.sub("", error.path) or error.path)


def _locate_relaxed(text: str, keys: list[str | int]) -> int:
    try:
        return _locate(text, keys)
    except (ValueError, IndexError):
        return 0


def _leave_out(value: Any, keys: list[str | int]) -> None:
    """Remove the value at the end of a path from its object; if it is an item of a list, remove the whole list."""
    while isinstance(keys[-1], int) and len(keys) > 1:
        keys = keys[:-1]
    for key in keys[:-1]:
        value = value[key]
    if isinstance(keys[-1], int):
        value[keys[-1]] = None
    else:
        del value[keys[-1]]


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
    """Return the position of the value at the end of a path, whose names are spelled as in the document."""
    position = _skip(text, 0)
    for key in keys:
        position = (
            _find_item_position(text, position, key)
            if isinstance(key, int)
            else _find_member_position(text, position, key)
        )
    return position


def _find_item_position(text: str, position: int, index: int) -> int:
    position = _skip(text, position + 1)
    for _ in range(index):
        _, position = _RAW.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
    return position


def _find_member_position(text: str, position: int, key: str) -> int:
    member_start = position
    position = _skip(text, position + 1)
    while text[position] != "}":
        name, position = _RAW.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
        if name == key:
            member_start = position
        _, position = _RAW.raw_decode(text, position)
        position = _skip(text, position)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return member_start


def _skip(text: str, position: int) -> int:
    return _BLANKS.match(text, position).end()  # type: ignore[union-attr]


@lru_cache(maxsize=1024)
def make_converter(shape: Shape, *, inline: Inline = COMMAS, ordered: bool = False, relaxed: bool = False) -> Reader:
    """Return the function from the scanner's value to one of the shape. It raises Mismatch.

    :param inline: reads lists and writes objects that are one text.
    :param ordered: names are in the order of the document, so that the last of two spellings of one name counts.
    :param relaxed: an object or list in place of a text is written inline, and an object in place of a list of objects is its only item.
    """
    return _make_converter(shape, _Mode(ordered, relaxed, inline), {})


class _Mode(NamedTuple):
    ordered: bool
    relaxed: bool
    inline: Inline


def _make_converter(shape: Shape, mode: _Mode, records: dict[Record, Reader]) -> Reader:
    if isinstance(shape, Reference):
        shape = shape.record
    if isinstance(shape, Record):
        return records.get(shape) or _make_record_reader(shape, mode, records)
    if isinstance(shape, ListOf):
        return _make_list_reader(shape, _make_converter(shape.item, mode, records), mode)
    if isinstance(shape, MapOf):
        return _make_map_reader(shape, _make_converter(shape.value, mode, records))
    if isinstance(shape, Anything):
        return _read_anything
    if isinstance(shape, Text):
        return _make_text_reader(mode.inline) if mode.relaxed else _read_text
    return _make_scalar_reader(shape)


def _make_record_reader(shape: Record, mode: _Mode, records: dict[Record, Reader]) -> Reader:
    names = names_of(shape)
    readers: dict[str, Reader] = {}

    def read(value: Any) -> dict[str, Any]:
        if value.__class__ is not dict:
            raise Mismatch("expected an object")
        result: dict[str, Any] = {}
        known_count = 0
        for key, item in value.items():
            name = names.get(key) or names.get(key.casefold())
            if name is None:
                continue
            known_count += 1
            if item is None:
                result[name] = None
                continue
            try:
                result[name] = readers[name](item)
            except Mismatch as error:
                raise error.inside(name, key) from None
        if known_count != len(result) and not mode.ordered:
            raise _FoldedDuplicate
        return result

    records[shape] = read
    readers.update({name: _make_converter(field, mode, records) for name, field in shape.fields.items()})
    return read


def _make_list_reader(shape: ListOf, read_item: Reader, mode: _Mode) -> Reader:
    def read(value: Any) -> Any:
        if value.__class__ is not list:
            return (
                [read_item(value)]
                if mode.relaxed and value.__class__ is dict
                else _read_single(shape, value, mode.inline)
            )
        items = []
        for number, item in enumerate(value):
            try:
                items.append(None if item is None else read_item(item))
            except Mismatch as error:
                raise error.inside(number, number) from None
        return items

    return read


def _read_single(shape: ListOf, value: Any, inline: Inline) -> Any:
    """Return a list that is one text: its items are split at commas, as in a query string."""
    if value.__class__ is dict:
        raise Mismatch("expected a list")
    try:
        return inline.loads_member(_read_text(value), shape)
    except DecodeError as error:
        raise Mismatch(error.message) from None


def _make_map_reader(shape: MapOf, read_item: Reader) -> Reader:
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


def _read_text(value: Any) -> str:
    if value.__class__ is str:
        return str(value)
    if value.__class__ is RawNumber:
        return str.__str__(value)
    if value is True:
        return "true"
    if value is False:
        return "false"
    raise Mismatch("expected a text")


def _make_text_reader(inline: Inline) -> Reader:
    def read(value: Any) -> str:
        if value.__class__ is not dict and value.__class__ is not list:
            return _read_text(value)
        try:
            return inline.dumps(_write_scalars(value))
        except EncodeError:
            raise Mismatch("expected a text") from None

    return read


def _write_scalars(value: Any) -> Any:
    """Return the value with scalars as texts, and JSON's words for booleans."""
    if isinstance(value, dict):
        return {key: _write_scalars(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_write_scalars(item) for item in value]
    return value if value is None else _read_text(value)


def _read_anything(value: Any) -> Any:
    if value.__class__ is RawNumber:
        text = str.__str__(value)
        return int(text) if scalars.INTEGER.fullmatch(text) else float(text)
    if value.__class__ is dict:
        return {key: None if item is None else _read_anything(item) for key, item in value.items()}
    if value.__class__ is list:
        return [None if item is None else _read_anything(item) for item in value]
    return value


def _make_scalar_reader(shape: shapes.Shape) -> Reader:
    read = scalars.reader(shape)

    def read_scalar(value: Any) -> Any:
        if value.__class__ is dict or value.__class__ is list:
            raise Mismatch("expected a single value")
        try:
            return read(_read_text(value))
        except ValueError as error:
            raise Mismatch(str(error)) from None

    return read_scalar
