"""The quick path of reading JSV: well-formed compact documents of known shapes.

One call splits the document at its commas. Each part is a member or an item with the brackets that open before it and
close after it; the parts of a quoted text with commas are joined again. This path gives up on anything unclear, malformed
or merely rare, and the exact `reader` reads the document again from its start. It must never accept what that reader
refuses, nor return another value; the tests compare the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

from serializers import scalars
from serializers.base import Limits
from serializers.jsv.reader import LINE_BREAK_OUTSIDE_QUOTES, MAX_DEPTH
from serializers.shape import Anything, ListOf, MapOf, Record, Reference, Shape, Text, names_of

_marks = re.compile(r'["{}\[\]]').search
_QUOTED_NAME = re.compile(r'"([^"]*+(?:""[^"]*+)*+)":')
_STARTS = frozenset(("", " ", "\t", '"', "{", "["))


class Unsure(Exception):
    """Raised when the exact reader must read the document."""


class Plan:
    """The plan for reading a list, a map or a record.

    :ivar opening: the opening bracket.
    :ivar read: the function that reads the content.
    :ivar texts: wire names of a record's text members by each spelling.
    :ivar spelled: returns the wire name of such a spelling, or None.
    :ivar others: its other members: wire name, and a plan or the reader of a scalar.
    :ivar item: the plan or reader of a list's or map's items; None if they are texts.
    """

    __slots__ = ("item", "opening", "others", "read", "spelled", "texts")

    def __init__(self, opening: str, read: _Read) -> None:
        self.opening = opening
        self.read = read
        self.texts: dict[str, str] = {}
        self.spelled = self.texts.get
        self.others: dict[str, tuple[str, _Member]] = {}
        self.item: _Member | None = None


_Member: TypeAlias = Plan | Callable[[str], Any]
_Read: TypeAlias = Callable[[str, Plan, Iterator[str], int], tuple[Any, str]]


@lru_cache(maxsize=1024)
def plan_of(shape: Shape | None) -> Plan | None:
    """Return the plan of a list, map or record; None for any other shape."""
    plan = None if shape is None else _inside(shape, {})
    return plan if isinstance(plan, Plan) else None


def _inside(shape: Shape, records: dict[Record, Plan]) -> _Member | None:
    if isinstance(shape, Text):
        return None
    if isinstance(shape, Reference):
        shape = shape.record
    if isinstance(shape, Anything):
        # The text of such a value may be a list or a map.
        return _give_up
    if isinstance(shape, Record):
        return records.get(shape) or _record(shape, records)
    if isinstance(shape, ListOf):
        item = _inside(shape.item, records)
        plan = Plan("[", _read_texts if item is None else _read_list)
        plan.item = item
        return plan
    if isinstance(shape, MapOf):
        # Keys of other shapes are rare.
        read: _Read = _read_map if isinstance(shape.key, Text) else _give_up
        plan = Plan("{", read)
        plan.item = _inside(shape.value, records)
        return plan
    return scalars.reader(shape)


def _give_up(*_: object) -> tuple[Any, str]:
    raise Unsure


def _record(shape: Record, records: dict[Record, Plan]) -> Plan:
    plan = records[shape] = Plan("{", _read_record)
    members = {name: _inside(field, records) for name, field in shape.fields.items()}
    for spelling, name in names_of(shape).items():
        member = members[name]
        if member is None:
            plan.texts[spelling] = name
        else:
            plan.others[spelling] = (name, member)
    return plan


def read(text: str, shape: Shape | None, limits: Limits) -> Any:
    """Return the value of a document whose items and names are known to be within the limits. Raises Unsure."""
    plan = plan_of(shape)
    if plan is None or text[0] != plan.opening:
        raise Unsure
    if ("\n" in text or "\r" in text) and LINE_BREAK_OUTSIDE_QUOTES.match(text):
        raise Unsure
    parts = text.split(",")
    rest = iter(parts)
    try:
        value, tail = plan.read(next(rest)[1:], plan, rest, limits.depth if limits.depth < MAX_DEPTH else MAX_DEPTH)
    except (ValueError, StopIteration):
        raise Unsure from None
    if tail or next(rest, None) is not None:
        raise Unsure
    return value


# Each function below reads a value that begins in the part `first` and continues in `parts`. It returns the value and
# the tail of the part where the value ended: the closing brackets of the enclosing values, or nothing if a comma follows.
# When the parts end too early, `next` raises StopIteration, which `read` turns into Unsure.


def _read_record(first: str, plan: Plan, parts: Iterator[str], depth: int) -> tuple[dict[str, Any], str]:
    value: dict[str, Any] = {}
    if depth == 0:
        raise Unsure
    if first[:1] == "}":
        return value, first[1:]
    spelled = plan.spelled
    for part in chain((first,), parts):
        name, colon, raw = part.partition(":")
        key = spelled(name)
        if key is not None:
            # PERF: bare texts, inside a record and at its end, and quoted texts without quotes inside are read inline;
            # a set literal is a constant, `_STARTS` would be a look-up.
            mark = raw[:1]
            if mark not in {"", " ", "\t", '"', "{", "["}:
                if '"' in raw:
                    raise Unsure
                if "}" not in raw:
                    value[key] = raw
                    continue
                raw, _, tail = raw.partition("}")
                value[key] = raw or None
                return value, tail
            if mark == '"' and (body := raw[1:-1]) and '"' not in body and raw[-1] == '"':
                value[key] = body
                continue
            if not colon:
                raise Unsure
            value[key], tail = _text(raw, parts)
        else:
            key, member = plan.others.get(name) or _rare_name(name, plan)
            if not colon:
                raise Unsure
            if not isinstance(member, Plan):
                if raw and raw[0] != '"' and "}" not in raw and key:
                    value[key] = member(raw)
                    continue
                read, tail = _inside_of(member, raw, parts, depth)
            elif raw[:1] == member.opening:
                read, tail = member.read(raw[1:], member, parts, depth - 1)
            else:
                read, tail = _inside_of(member, raw, parts, depth)
            if key:
                value[key] = read
        if tail:
            if tail[0] != "}":
                raise Unsure
            return value, tail[1:]
    raise Unsure


def _read_map(first: str, plan: Plan, parts: Iterator[str], depth: int) -> tuple[dict[str, Any], str]:
    value: dict[str, Any] = {}
    if depth == 0:
        raise Unsure
    if first[:1] == "}":
        return value, first[1:]
    for part in chain((first,), parts):
        if part[:1] == '"':
            match = _QUOTED_NAME.match(part)
            if match is None:
                raise Unsure
            key, raw = match[1].replace('""', '"'), part[match.end() :]
        else:
            key, colon, raw = part.partition(":")
            if not colon or not key or _marks(key) or (key[0] in _STARTS and not key.strip(" \t")):
                raise Unsure
        if plan.item is not None:
            value[key], tail = _inside_of(plan.item, raw, parts, depth)
        elif raw[:1] not in _STARTS and "}" not in raw and '"' not in raw:
            value[key] = raw
            continue
        else:
            value[key], tail = _text(raw, parts)
        if tail:
            if tail[0] != "}":
                raise Unsure
            return value, tail[1:]
    raise Unsure


def _read_texts(first: str, _: Plan, parts: Iterator[str], depth: int) -> tuple[list[Any], str]:
    value: list[Any] = []
    if depth == 0:
        raise Unsure
    if first[:1] == "]":
        return value, first[1:]
    raw = first
    while True:
        # PERF: short searches cost less than one by a pattern.
        text, bracket, tail = raw.partition("]")
        if '"' in text or "{" in text or "}" in text or "[" in text:
            if raw[0] != '"':
                raise Unsure
            text, tail = _quoted(raw, parts)
            bracket, tail = tail[:1], tail[1:]
            if bracket not in ("", "]"):
                raise Unsure
            value.append(text)
        else:
            value.append(text or None)
        if bracket:
            return value, tail
        raw = next(parts)


def _read_list(first: str, plan: Plan, parts: Iterator[str], depth: int) -> tuple[list[Any], str]:
    value: list[Any] = []
    if depth == 0:
        raise Unsure
    if first[:1] == "]":
        return value, first[1:]
    item = plan.item
    assert item is not None
    raw = first
    while True:
        if not isinstance(item, Plan):
            text, tail = _item_text(raw, parts)
            value.append(None if text is None else item(text))
        elif raw[:1] == item.opening:
            read, tail = item.read(raw[1:], item, parts, depth - 1)
            value.append(read)
        else:
            raise Unsure
        if tail:
            if tail[0] != "]":
                raise Unsure
            return value, tail[1:]
        raw = next(parts)


def _inside_of(member: _Member, raw: str, parts: Iterator[str], depth: int) -> tuple[Any, str]:
    if isinstance(member, Plan):
        if raw[:1] == member.opening:
            return member.read(raw[1:], member, parts, depth - 1)
        if not raw or raw[0] == "}":
            return None, raw
        raise Unsure
    text, tail = _text(raw, parts)
    return (None if text is None else member(text)), tail


def _text(raw: str, parts: Iterator[str]) -> tuple[str | None, str]:
    """Return a text member of a record or map, and its tail."""
    if not raw:
        return None, ""
    if raw[0] in _STARTS:
        if raw[0] == '"':
            return _quoted(raw, parts)
        if raw.lstrip(" \t")[:1] in ("{", "["):
            raise Unsure
    if '"' in raw:
        raise Unsure
    end = raw.find("}")
    return (raw, "") if end < 0 else (raw[:end] or None, raw[end:])


def _item_text(raw: str, parts: Iterator[str]) -> tuple[str | None, str]:
    """Return a text in a list, and its tail."""
    if raw[:1] == '"':
        return _quoted(raw, parts)
    mark = _marks(raw)
    if mark is None:
        return raw or None, ""
    if mark[0] != "]" or (mark.start() and not raw[: mark.start()].strip(" \t")):
        raise Unsure
    return raw[: mark.start()] or None, raw[mark.start() :]


def _quoted(raw: str, parts: Iterator[str]) -> tuple[str, str]:
    """Return a text that begins with a quote, and its tail. A text with commas is joined from several parts."""
    if raw.count('"') & 1:
        pieces = [raw]
        for piece in parts:
            pieces.append(piece)
            if piece.count('"') & 1:
                break
        else:
            raise Unsure
        raw = ",".join(pieces)
    end = raw.rfind('"')
    body = raw[1:end]
    if '"' in body:
        if '"' in body.replace('""', ""):
            raise Unsure
        body = body.replace('""', '"')
    return body, raw[end + 1 :]


def _rare_name(name: str, plan: Plan) -> tuple[str, _Member]:
    """Return a member whose name is in another letter case, or is unknown; an unknown one's value is read as a text and dropped."""
    folded = name.casefold()
    if folded in plan.others:
        return plan.others[folded]
    if folded in plan.texts:
        return plan.texts[folded], str
    if not name or name != name.strip(" \t") or _marks(name):
        raise Unsure
    return "", str
