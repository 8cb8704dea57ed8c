"""Documents, and mutations of them that stay near enough to be half right."""

from __future__ import annotations

import random
from collections.abc import Iterator

from serializers.base import Serializer
from serializers.shape import (
    Binary,
    Boolean,
    Choice,
    Decimal,
    Duration,
    Guid,
    Instant,
    Integer,
    ListOf,
    MapOf,
    Number,
    Record,
    Reference,
    Shape,
    Text,
)

NODE: Record = Record(
    "Node",
    {
        "name": Text(),
        "count": Integer(),
        "ratio": Number(),
        "price": Decimal(),
        "ok": Boolean(),
        "when": Instant(),
        "span": Duration(),
        "id": Guid(),
        "data": Binary(),
        "state": Choice({"On": 1, "Off": 2}, name="State"),
        "rights": Choice({"None": 0, "Read": 1, "Write": 2}, flags=True, name="Rights"),
        "tags": ListOf(Text()),
        "numbers": ListOf(Integer()),
        "map": MapOf(Text()),
        "byNumber": MapOf(ListOf(Text()), key=Integer()),
        "nested": ListOf(ListOf(Text())),
        "child": Reference(lambda: NODE),
        "children": ListOf(Reference(lambda: NODE)),
    },
    namespace="urn:fuzz",
)
WIRE: Record = Record(
    "Wire", {"name": Text(), "tags": ListOf(Text()), "map": MapOf(Text()), "child": Reference(lambda: WIRE)}
)
SHAPES: list[Shape | None] = [NODE, ListOf(NODE), WIRE, MapOf(Text()), ListOf(Text()), ListOf(Integer()), Text(), None]

_TEXT = {
    "name": 'a, "b"',
    "count": "12",
    "ratio": "1.5E+20",
    "price": "19.90",
    "ok": "True",
    "when": "2026-01-02T03:04:05.678Z",
    "span": "P1DT2H",
    "id": "0123456789abcdef0123456789abcdef",
    "data": "AAEC",
    "state": "On",
    "rights": "3",
}
DOCUMENTS = [
    {"name": 'say "hi", ok', "tags": ["a", None, "", "x:y"], "map": {"k:1": "v", "": "[x]"}},
    {"name": "plain", "tags": ["a", "b"], "child": {"name": "c", "tags": []}},
    {"name": "line\r\nbreak", "nested": [["a", "b"], [], None, ["{x}"]]},
]
#: What each grammar is made of, for insertions.
MARKS = {
    "json": '{}[]:,"\\ \ttruefalsenull0123456789.eE+-\n',
    "jsonl": '{}[]:,"\\ 019\n\n',
    "jsv": '{}[]:,"" \t\r\nab01',
    "xml": "<>/=\"'&;:! ?[]CDATA-xmlnsabi",
    "csv": ',"\r\n[]{}:ab01',
    "msgpack": "\x80\x81\x90\x91\xa0\xa1\xc0\xc1\xc4\xcb\xd9\xdc\xdd\xde\xdf\xff\x00",
}


def make_seeds(serializer: Serializer) -> list[bytes]:
    """Documents of the format."""
    documents = []
    for document in DOCUMENTS:
        documents.append(serializer.encode(document))
        documents.append(serializer.encode(document, NODE))
        documents.append(serializer.encode([document, document], ListOf(NODE)))
    documents.append(serializer.encode(_TEXT))
    return documents


def mutations(serializer: Serializer, count: int, seed: int = 1) -> Iterator[tuple[bytes, Shape | None]]:
    """Mutated documents and the shapes to read them by."""
    choose = random.Random(seed)
    marks = MARKS[serializer.name].encode("latin-1")
    originals = make_seeds(serializer)
    for _ in range(count):
        data = bytearray(choose.choice(originals))
        for _ in range(choose.choice((1, 1, 1, 2, 3, 8))):
            _mutate(data, choose, marks)
        yield bytes(data), choose.choice(SHAPES)


def _mutate(data: bytearray, choose: random.Random, marks: bytes) -> None:
    at = choose.randrange(len(data) + 1)
    end = min(len(data), at + choose.randrange(1, 6))
    match choose.randrange(7):
        case 0:
            del data[at:end]
        case 1:
            data[at:at] = bytes([choose.choice(marks)])
        case 2:
            data[at:end] = bytes([choose.choice(marks)])
        case 3:
            data[at:at] = data[at:end] * choose.randrange(1, 4)
        case 4:
            del data[at:]
        case 5:
            data[at:at] = bytes([choose.randrange(256)])
        case _:
            other = choose.randrange(len(data) + 1)
            data[at:at] = data[other : other + choose.randrange(1, 30)]
