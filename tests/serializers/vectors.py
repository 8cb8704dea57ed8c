"""The recorded answers of ServiceStack.Text: their types as shapes, their values as ours."""

from __future__ import annotations

import base64
import decimal
import gzip
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

from serializers import shape as shapes
from serializers.shape import Shape

CORPORA = Path(__file__).parent.parent / "corpora"
TYPES = json.loads((CORPORA / "vector_types.json").read_text())
SCALARS: dict[str, Shape] = {
    "string": shapes.Text(),
    "Uri": shapes.Text(),
    "bool": shapes.Boolean(),
    "byte": shapes.Integer(8, signed=False),
    "sbyte": shapes.Integer(8),
    "short": shapes.Integer(16),
    "ushort": shapes.Integer(16, signed=False),
    "int": shapes.Integer(32),
    "uint": shapes.Integer(32, signed=False),
    "long": shapes.Integer(64),
    "ulong": shapes.Integer(64, signed=False),
    "float": shapes.Number(32),
    "double": shapes.Number(64),
    "decimal": shapes.Decimal(),
    "DateTime": shapes.Instant(),
    "DateTimeOffset": shapes.Instant(),
    "TimeSpan": shapes.Duration(),
    "Guid": shapes.Guid(),
    "byte[]": shapes.Binary(),
}
#: Types without a shape, and members of them.
UNSUPPORTED = re.compile(r"object|char|ObjHolder")


def load(name: str) -> Iterator[dict[str, Any]]:
    """The vectors of a file."""
    with gzip.open(CORPORA / f"{name}.jsonl.gz", "rt", encoding="ascii") as lines:
        for line in lines:
            yield json.loads(line)


_SHAPES: dict[str, Shape] = {}
_RECORDS: dict[str, shapes.Record] = {}


def read_shape(name: str, enclosing: frozenset[str] = frozenset()) -> Shape:
    """The shape of a vector's type; a type that holds itself does so by reference."""
    name = name.strip().removesuffix("?")
    if name in SCALARS:
        return SCALARS[name]
    if name in enclosing:
        return shapes.Reference(lambda: _RECORDS[name])
    if not enclosing and name in _SHAPES:
        return _SHAPES[name]
    shape = _read_compound(name, enclosing)
    if not enclosing:
        _SHAPES[name] = shape
    return shape


def _read_compound(name: str, enclosing: frozenset[str]) -> Shape:
    if name in TYPES["enums"]:
        return shapes.Choice(TYPES["enums"][name]["members"], flags=TYPES["enums"][name]["flags"], name=name)
    if name.endswith("[]"):
        return shapes.ListOf(read_shape(name[:-2], enclosing))
    if match := re.fullmatch(r"(?:List|HashSet)<(.+)>", name):
        return shapes.ListOf(read_shape(match[1], enclosing))
    if match := re.fullmatch(r"Dictionary<([^,<]+),(.+)>", name):
        return shapes.MapOf(read_shape(match[2], enclosing), key=read_shape(match[1]))
    if match := re.fullmatch(r"KeyValuePair<([^,<]+),(.+)>", name):
        return shapes.Record(name, {"key": read_shape(match[1]), "value": read_shape(match[2])})
    fields = {
        field: read_shape(kind, enclosing | {name})
        for field, kind in TYPES["records"][name].items()
        if not UNSUPPORTED.search(kind)
    }
    record = _RECORDS[name] = shapes.Record(name, fields)
    return record


def read_value(raw: Any, shape: Shape) -> Any:
    """A vector's value as `loads` gives it. Instants of no known zone are UTC; 100 ns are cut."""
    if raw is None:
        return None
    if isinstance(raw, dict) and "$map" in raw:
        assert isinstance(shape, shapes.MapOf)
        return {key: read_value(item, shape.value) for key, item in raw["$map"]}
    if isinstance(raw, dict) and "$nodes" in raw:
        return _read_nodes(raw)
    if isinstance(shape, shapes.Record):
        return {name: read_value(raw.get(name), _read_field(field)) for name, field in shape.fields.items()}
    if isinstance(shape, shapes.MapOf):
        return {key: read_value(item, shape.value) for key, item in raw.items()}
    if isinstance(shape, shapes.ListOf):
        return [read_value(item, shape.item) for item in raw]
    return _read_scalar(raw, shape)


def _read_field(field: Shape) -> Shape:
    return field.record if isinstance(field, shapes.Reference) else field


def _read_nodes(raw: dict[str, Any]) -> Any:
    node: dict[str, Any] = {"child": None, "v": raw.get("v")}
    for _ in range(raw["$nodes"] - 1):
        node = {"child": node, "v": None}
    return node


def _read_scalar(raw: Any, shape: Shape) -> Any:
    if isinstance(raw, dict):
        (kind, text), *_ = raw.items()
        return _TAGGED[kind](text, shape)
    if isinstance(shape, shapes.Guid):
        return UUID(raw)
    if isinstance(shape, shapes.Choice) and shape.flags:
        if re.fullmatch(r"-?\d+", raw):
            return int(raw)
        return sum(shape.members[name] for name in raw.split(", "))
    return float(raw) if isinstance(shape, shapes.Number) else raw


def _read_date(text: str, _: Shape) -> datetime:
    return datetime.fromisoformat(text[:26]).replace(tzinfo=timezone.utc)  # noqa: UP017


def _read_offset(text: str, _: Shape) -> datetime:
    return datetime.fromisoformat(text[:26] + text[27:])


_TAGGED: dict[str, Any] = {
    "$date": _read_date,
    "$dto": _read_offset,
    "$ticks": lambda text, _: timedelta(microseconds=int(int(text) / 10)) if abs(int(text)) < 10**18 else None,
    "$dec": lambda text, _: decimal.Decimal(text),
    "$num": lambda text, shape: int(text) if isinstance(shape, shapes.Integer) else float(text),
    "$b64": lambda text, _: base64.b64decode(text),
}
