"""What operations take: their fields, with values that mean no good, in every format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from urllib.parse import quote_from_bytes
from xml.sax.saxutils import escape

from serializers.shape import Choice, ListOf, Shape
from tests.live.hostile import values
from tests.live.hostile.documents import Body


def _cell(random: Random, expected: Shape) -> object:
    """A field's value, of its kind now and then."""
    if isinstance(expected, ListOf):
        return (
            [values.text(random) for _ in range(random.randrange(4))] if random.random() < 0.7 else values.tree(random)
        )
    if isinstance(expected, Choice) and random.random() < 0.6:
        return random.choice((*expected.members, 0, 1, "2", -1))
    return values.text(random) if random.random() < 0.8 else values.tree(random, 2)


def fields_of(random: Random, operation: str) -> dict[str, object]:
    """Values for fields that the operation has."""
    shapes = values.SHAPES[operation]
    chosen = random.sample(sorted(shapes), random.randrange(min(6, len(shapes)) + 1))
    return {name: _cell(random, shapes[name]) for name in chosen}


def fitting(random: Random, operation: str) -> Body:
    """A body of what an operation has, with values that mean no good, in any format."""
    record = fields_of(random, operation)
    kind = random.choice(("application/json", "application/json", "text/jsv", "application/xml", "text/csv", _FORM))
    data = values.encoded(_WRITERS[kind](operation, record))
    return kind, data


def _as_jsv(_: str, record: dict[str, object]) -> str:
    return "{" + ",".join(f"{name}:{_jsv_text(value)}" for name, value in record.items()) + "}"


def _jsv_text(value: object) -> str:
    if isinstance(value, dict):
        return _as_jsv("", value)
    if isinstance(value, list):
        return "[" + ",".join(_jsv_text(item) for item in value) + "]"
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',{}[]:"\r\n') else text


def _as_xml(name: str, value: object) -> str:
    if isinstance(value, dict):
        inner = "".join(_as_xml(key if key.isalnum() else "x", item) for key, item in value.items())
    elif isinstance(value, list):
        inner = "".join(_as_xml("string", item) for item in value)
    else:
        inner = escape("".join(character for character in str(value) if character >= " "))
    name = name[:1].upper() + name[1:]
    return f"<{name}>{inner}</{name}>"


def _as_csv(_: str, record: dict[str, object]) -> str:
    cells = ('"' + _jsv_text(value).replace('"', '""') + '"' for value in record.values())
    return ",".join(record) + "\r\n" + ",".join(cells) + "\r\n"


def as_form(_: str, record: dict[str, object]) -> str:
    """Pairs of fields, lists once a name each and once in brackets."""
    pairs = []
    for name, value in record.items():
        for item in value if isinstance(value, list) and len(value) > 1 else [value]:
            pairs.append(f"{name}={quote_from_bytes(values.encoded(_jsv_text(item)), safe='')}")
    return "&".join(pairs)


_FORM = "application/x-www-form-urlencoded"
_WRITERS: Mapping[str, Callable[[str, dict[str, object]], str]] = {
    "application/json": lambda _, record: values.as_json(record),
    "text/jsv": _as_jsv,
    "application/xml": _as_xml,
    "text/csv": _as_csv,
    _FORM: as_form,
}
