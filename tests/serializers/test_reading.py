"""Relaxed reading: the same value as strict reading wherever that reads one, and never anything but a value or a DecodeError."""

from __future__ import annotations

from typing import Any

import pytest

from serializers import json, jsonl, jsv
from serializers.base import COMPATIBLE, Limits, Reading, Serializer
from serializers.errors import DecodeError
from serializers.shape import ListOf, MapOf, Record, Reference, Text
from tests.serializers.fuzzing import mutations

PAIR: Record = Record(
    "Pair",
    {
        "first": Text(),
        "tags": ListOf(Text()),
        "pair": Reference(lambda: PAIR),
        "pairs": ListOf(Reference(lambda: PAIR)),
        "map": MapOf(Text()),
    },
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"first":"a",}', {"first": "a"}),
        ('{"tags":["a",,"b",]}', {"tags": ["a", None, "b"]}),
        ('{"pairs":[{},],}', {"pairs": [{}]}),
        ('{"first":"a\r\n\tb"}', {"first": "a\r\n\tb"}),
        (r'{"first":"\d\\\"\u00e9\ud83d\ude00\ud83d\'"}', {"first": "d\\\"\u00e9\U0001f600\ud83d'"}),
        ('{"first":{"a":[true,null,"x,y"],"b":1.10}}', {"first": '{a:[true,,"x,y"],b:1.10}'}),
        ('{"map":{"k":["a"]}}', {"map": {"k": "[a]"}}),
        ('{"tags":{"a":1}}', {"tags": ["{a:1}"]}),
        ('{"pairs":{"first":"a"}}', {"pairs": [{"first": "a"}]}),
        ('{"first":"a"}}}', {"first": "a"}),
        ('{"first":a-b,"tags":[True,0x1]}', {"first": "a-b", "tags": ["True", "0x1"]}),
        ('{"first":"a","FIRST":"b",}', {"first": "b"}),
        ('{"FIRST":"b","first":"a"} x', {"first": "a"}),
    ],
)
def test_json(text: str, value: Any) -> None:
    assert json.loads(text, PAIR, reading=COMPATIBLE, inline=jsv) == value
    with pytest.raises(DecodeError):
        json.loads(text, PAIR)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{first:a "b" c,tags:[a"b]}', {"first": 'a "b" c', "tags": ['a"b']}),
        ('{first:5" pipe,tags:[x]}', {"first": '5" pipe', "tags": ["x"]}),
        ("{first:a} and more", {"first": "a"}),
        ("{}{first:a}", {}),
    ],
)
def test_jsv(text: str, value: Any) -> None:
    assert jsv.loads(text, PAIR, reading=COMPATIBLE) == value
    with pytest.raises(DecodeError):
        jsv.loads(text, PAIR)


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (json, '{"first":"a'),
        (json, '{"first":"a"'),
        (json, '{"first":"a" "b"}'),
        (json, "{first:a}"),
        (json, "{'first':'a'}"),
        (json, '{"first":a b}'),
        (json, '{"first":"a",,"tags":[]}'),
        (json, r'{"first":"\x41"}'),
        (json, r'{"first":"\u41"}'),
        (json, '{"pair":"a"}'),
        (json, '{/* no */"first":"a"}'),
        (jsv, '{first:5" pipe,tags:["x"]}'),
        (jsv, "{first:a,}"),
        (jsv, "{first:a"),
        (jsv, '{first:"a'),
        (jsv, "[a}"),
    ],
)
def test_documents_that_would_lose_data_are_refused(module: Any, text: str) -> None:
    with pytest.raises(DecodeError):
        module.loads(text, PAIR, reading=COMPATIBLE)


@pytest.mark.parametrize(
    ("module", "text", "value", "dropped"),
    [
        (json, '{"first":"a","pair":{"first":"b","tags":["c', {"first": "a", "pair": {"first": "b"}}, ["pair.tags"]),
        (
            json,
            '{"pair":5,"pairs":[{"pair":[]}],"first":"a"}',
            {"first": "a", "pairs": [{}]},
            ["pair", "pairs[0].pair"],
        ),
        (json, '{"first":"a"', {"first": "a"}, [""]),
        (jsv, "{first:a,pair:{first:b", {"first": "a", "pair": {"first": "b"}}, [""]),
        (jsv, "{first:a,pair:b,tags:[c]}", {"first": "a", "pair": None, "tags": ["c"]}, ["pair"]),
        (jsv, '{first:a,tags:[b,"c', {"first": "a"}, ["tags"]),
    ],
)
def test_dropping(module: Any, text: str, value: Any, dropped: list[str]) -> None:
    dropped_paths: list[str] = []
    result = module.loads(text, PAIR, reading=Reading(relaxed=True, drop=dropped_paths.append))
    assert (result, [path.replace("tags[1]", "tags") for path in dropped_paths]) == (value, dropped)


@pytest.mark.parametrize("module", [json, jsv])
def test_limits_are_never_dropped(module: Any) -> None:
    text = '{"first":"a","tags":["b","b","b"]'
    for limits in (Limits(items=2), Limits(names=1), Limits(depth=1)):
        with pytest.raises(DecodeError):
            module.loads(text, PAIR, limits=limits, reading=Reading(relaxed=True, drop=lambda path: None))


@pytest.mark.parametrize(
    "serializer", [json.serializer, jsv.serializer, jsonl.serializer], ids=lambda serializer: serializer.name
)
def test_documents_of_strict_reading_are_read_equally_in_every_mode(serializer: Serializer) -> None:
    read_count = relaxed_count = 0
    for data, shape in mutations(serializer, 4000, seed=5):
        try:
            strict = serializer.decode(data, shape)
        except DecodeError:
            for reading in (COMPATIBLE, Reading(relaxed=True, drop=lambda path: None)):
                try:
                    serializer.decode(data, shape, reading=reading)
                    relaxed_count += 1
                except DecodeError:
                    pass
            continue
        read_count += 1
        assert repr(serializer.decode(data, shape, reading=COMPATIBLE)) == repr(strict)
    assert read_count > 100
    assert relaxed_count > 100
