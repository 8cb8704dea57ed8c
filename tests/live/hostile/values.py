"""Texts that readers of values stumble over, and names that they know."""

from __future__ import annotations

import json
from random import Random
from urllib.parse import quote, quote_from_bytes

from tests.sessions_api import catalog

OPERATIONS = sorted(catalog.operations)
SHAPES = {name: operation.request_shape.fields for name, operation in catalog.operations.items()}
CALLS = [
    (name, route.path, verb)
    for name, operation in catalog.operations.items()
    for route in operation.routes
    for verb in route.verbs
]
FIELDS = sorted({name for operation in catalog.operations.values() for name in operation.request_shape.fields})
ROUTES = sorted({route.path for operation in catalog.operations.values() for route in operation.routes})
FORMATS = ("json", "jsv", "xml", "csv", "html", "jsonl", "msgpack")

TEXTS = (
    "",
    " ",
    "0",
    "-1",
    "1",
    "50",
    "1000",
    "1001",
    "2147483648",
    "99999999999999999999",
    "9" * 400,
    "9" * 5000,
    "1e999",
    "-1e-999",
    "NaN",
    "Infinity",
    "0x10",
    "1_000",
    "٣",
    "½",
    "true",
    "False",
    "maybe",
    "null",
    "None",
    "undefined",
    "Chat",
    "chat,Voice",
    "Ascend",
    "displayName",
    "dateCreated",
    "members",
    "__class__",
    "id; DROP TABLE session",
    "' OR '1'='1",
    "%",
    "_",
    "\\",
    '"',
    "'",
    "`",
    "{",
    "}",
    "[",
    "[]",
    "{}",
    "[[[[",
    "{a:{b:{c:",
    "[a,b",
    '["a","b"]',
    "{Id:1,Name:x}",
    ",",
    ",,,,",
    ":",
    "<",
    "<a>",
    "]]>",
    "&amp;",
    "&bomb;",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "../../../../etc/passwd",
    "..%2f..%2f",
    "%00",
    "\x00",
    "a\x00b",
    "\x01\x1f\x7f",
    "\r\nSet-Cookie: a=b",
    "\r",
    "\n",
    "\t",
    "\ufeff",
    "\u2028",
    "\u202e",
    "\ufffe\uffff",
    "\ud800",
    "\udfff\ud800",
    "\U0001f600",
    "\U0010ffff",
    "é",
    "e\u0301" * 50,
    "ﷺ" * 100,
    "İı",
    "ß",
    "a" * 255,
    "a" * 256,
    "a" * 4000,
    "a" * 70_000,
    "é" * 3000,
    "a@example.org",
    "a@b",
    "@",
    "a" * 300 + "@example.org",
    "user:",
    "user:nobody",
    "team:x",
    "user:user:user:",
    "+4412345678",
    "2026-11-23",
    "2026-02-30",
    "0000-00-00",
    "10000-01-01",
    "2026-11-23T25:61:61Z",
    "2026-11-23T00:00:00+99:99",
    "/Date(1)/",
    "/Date(99999999999999999)/",
    "PT1H",
    "P99999999999D",
    "01a206fc30dc7c9186dd3f3272903247",
    "00000000-0000-0000-0000-000000000000",
    "credentials",
    "logout",
    "my",
    "outgoing",
)


def text(random: Random) -> str:
    """A text that readers stumble over, now and then two of them."""
    choice = random.choice(TEXTS)
    return choice + random.choice(TEXTS) if random.random() < 0.1 else choice


def field(random: Random) -> str:
    """A field's name as clients spell it, or what nobody knows."""
    name = random.choice(FIELDS)
    spellings = (
        name,
        name,
        name.upper(),
        name[:1].upper() + name[1:],
        f"{name}[]",
        f"{name}[0]",
        f"{name}.x",
        f"{name}[a][b]",
    )
    return random.choice((*spellings, text(random)[:50], "format", "callback", "jsconfig", "X-HTTP-Method-Override"))


def octets(random: Random, most: int = 60) -> bytes:
    """Any bytes."""
    return random.randbytes(random.randrange(most))


def encoded(text: str) -> bytes:
    """UTF-8, halves of surrogate pairs as if they were characters."""
    return text.encode("utf-8", "surrogatepass")


#: Percent-encoding that decoders stumble over: cut off, not hexadecimal, overlong, surrogates, beyond Unicode.
ESCAPES = (
    "%",
    "%2",
    "%zz",
    "%%",
    "%u0041",
    "%00",
    "%0d%0a",
    "%c0%af",
    "%e0%80%af",
    "%ed%a0%80",
    "%f5%80%80%80",
    "%ff%fe",
    "%25%32%46",
)


def escaped(random: Random, value: str) -> str:
    """A text for an address: percent-encoded rightly, doubly, wrongly or not at all where it could stand so."""
    kind = random.random()
    if kind < 0.7:
        return quote_from_bytes(encoded(value), safe="")
    if kind < 0.8:
        return quote(quote_from_bytes(encoded(value), safe=""), safe="")
    if kind < 0.9:
        return random.choice(ESCAPES) + quote_from_bytes(encoded(value[:20]))
    return "".join(character for character in value if "!" <= character <= "~") + random.choice(("", *ESCAPES))


def tree(random: Random, depth: int = 3) -> object:
    """A document's value, made of what stumbles."""
    kind = random.random()
    if depth == 0 or kind < 0.5:
        return random.choice(
            (text(random), random.randrange(-(2**70), 2**70), random.random(), True, None, float("inf"))
        )
    if kind < 0.7:
        return [tree(random, depth - 1) for _ in range(random.randrange(4))]
    return {field(random): tree(random, depth - 1) for _ in range(random.randrange(5))}


def as_json(value: object) -> str:
    """JSON, now and then with what JSON does not have."""
    return json.dumps(value)
