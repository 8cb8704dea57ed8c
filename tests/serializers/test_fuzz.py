"""Mutated documents: a value or a DecodeError, nothing else, in time that grows with the length.

The environment variable FUZZ_DOCUMENTS says how many documents a format is given (100000 for a thorough run).
"""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from serializers import jsv
from serializers.base import DEFAULT_LIMITS, Limits, Serializer
from serializers.errors import DecodeError
from serializers.jsv import quick, reader
from serializers.registry import FORMATS
from serializers.shape import ListOf, MapOf, Record, Text
from tests.serializers.fuzzing import SHAPES, mutations

DOCUMENTS = int(os.environ.get("FUZZ_DOCUMENTS", "3000"))
READABLE = [serializer for serializer in FORMATS if serializer.readable]
LENGTH = 1_000_000
#: Grows faster than any machine's noise, slower than anything quadratic: eight times the length.
GROWTH = 8
UNLIMITED = Limits(bytes=1 << 30, items=1 << 30, names=1 << 30)


@pytest.mark.parametrize("serializer", READABLE, ids=lambda serializer: serializer.name)
def test_only_decode_errors(serializer: Serializer) -> None:
    read_count = 0
    positions = []
    for data, shape in mutations(serializer, DOCUMENTS):
        try:
            serializer.decode(data, shape)
            read_count += 1
        except DecodeError as error:
            positions.append((error.line, error.column, error.position, str(error)))
    assert read_count
    assert positions
    assert all(line >= 1 and column >= 1 and position >= 0 and text for line, column, position, text in positions)


def test_quick_and_exact_reader_of_jsv_agree() -> None:
    sure_count = 0
    for data, shape in mutations(jsv.serializer, DOCUMENTS * 3, seed=2):
        text = data.decode("utf-8", "replace")
        if not text or shape is None or isinstance(shape, Text):
            continue
        try:
            result = quick.read(text, shape, DEFAULT_LIMITS)
        except quick.Unsure:
            continue
        sure_count += 1
        assert repr(result) == repr(reader.read(text, shape)), text
    assert sure_count > DOCUMENTS / 20


NODE = Record("N", {"a": Text(), "b": ListOf(Text()), "c": MapOf(Text())})
HOSTILE: dict[str, Callable[[int], str]] = {
    "braces": lambda n: "{" * n,
    "brackets": lambda n: "[" * n,
    "quotes": lambda n: '"' * n,
    "quotes, odd": lambda n: '{a:"' + '"' * (2 * (n // 2)),
    "commas": lambda n: "," * n,
    "commas in a list": lambda n: "[" + "," * n + "]",
    "colons": lambda n: ":" * n,
    "nested objects": lambda n: "{a:" * (n // 3),
    "nested JSON": lambda n: '{"a":' * (n // 5),
    "nested lists": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "nested in a text": lambda n: "{a:" + "[" * (n // 2) + "]" * (n // 2) + "}",
    "members": lambda n: "{" + "a:b," * (n // 4) + "a:b}",
    "members, cut": lambda n: "{" + "a:b," * (n // 4),
    "unknown members": lambda n: "{" + "x:{y:z}," * (n // 8) + "a:b}",
    "quoted members": lambda n: "{" + 'a:"b""c",' * (n // 9) + "a:b}",
    "one long text": lambda n: '{a:"' + "x,\n" * (n // 3) + '"}',
    "quoted, never closed": lambda n: "{" + 'a:"b,' * (n // 5),
    "dump form": lambda n: "{\n" + "a: b,\n" * (n // 6) + "a: b\n}",
    "blanks": lambda n: "{a:" + " " * n + "}",
    "blank lines": lambda n: "{a:\n" + "\n" * n + "}",
    "digits": lambda n: "1" * n,
    "elements": lambda n: "<a>" * (n // 3),
    "siblings": lambda n: "<N>" + "<a>b</a>" * (n // 8) + "</N>",
    "attributes": lambda n: "<N " + " ".join(f"a{i}='b'" for i in range(n // 9)) + "/>",
    "entities": lambda n: "<N>" + "&amp;" * (n // 5) + "</N>",
    "rows": lambda n: "a,b\n" + "x,y\n" * (n // 4),
    "cells": lambda n: "a" + ",b" * (n // 2) + "\n" + "x" + ",y" * (n // 2),
    "lines": lambda n: '{"a":"b"}\n' * (n // 10),
    "escapes": lambda n: '{"a":"' + "\\u00e9" * (n // 6) + '"}',
}
ONLY_XML = {"elements", "siblings", "attributes", "entities"}
ONLY_TABLES = {"rows", "cells", "lines"}
ANY = {"quotes", "commas", "blanks", "braces", "digits"}


def _find_stumbles(name: str, kind: str) -> bool:
    """Whether a kind of document says something about a format."""
    if kind in ONLY_XML:
        return name == "xml"
    if kind in ONLY_TABLES:
        return name in ("csv", "jsonl")
    return kind in ANY or name in ("json", "jsv")


CASES = [
    pytest.param(serializer, kind, id=f"{serializer.name}-{kind}")
    for serializer in READABLE
    for kind in HOSTILE
    if serializer.name != "msgpack" and _find_stumbles(serializer.name, kind)
]


@pytest.mark.parametrize(("serializer", "kind"), CASES)
def test_time_grows_with_the_length(serializer: Serializer, kind: str) -> None:
    for shape in (NODE, None):
        if _measure_seconds(serializer, HOSTILE[kind](LENGTH).encode(), shape) > 0.2:
            # A busy machine spoils a measure, not three of them.
            assert any(_measure_growth(serializer, kind, shape) < 2 * GROWTH for _ in range(3))


def _measure_growth(serializer: Serializer, kind: str, shape: Any) -> float:
    short = min(_measure_seconds(serializer, HOSTILE[kind](LENGTH // GROWTH).encode(), shape) for _ in range(3))
    return _measure_seconds(serializer, HOSTILE[kind](LENGTH).encode(), shape) / short


def _measure_seconds(serializer: Serializer, data: bytes, shape: Any) -> float:
    gc.disable()
    start = time.process_time()
    with contextlib.suppress(DecodeError):
        serializer.decode(data, shape, limits=UNLIMITED)
    spent = time.process_time() - start
    gc.enable()
    return spent


@pytest.mark.parametrize("serializer", READABLE, ids=lambda serializer: serializer.name)
def test_every_truncation(serializer: Serializer) -> None:
    data = serializer.encode({"a": 'x, "y"', "b": ["c", "d"], "c": {"e": "f"}}, NODE)
    for length in range(len(data)):
        for shape in (*SHAPES, NODE):
            try:
                serializer.decode(data[:length], shape)
            except DecodeError:
                continue
            assert (
                shape is None or isinstance(shape, Text) or length < 2 or serializer.name in ("csv", "jsonl", "msgpack")
            ), data[:length]
