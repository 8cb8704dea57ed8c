"""JSON's own: strictness, raw numbers, places of errors."""

from __future__ import annotations

import decimal
import json as standard
from typing import Any

import pytest

from serializers import json
from serializers.base import Limits
from serializers.errors import DecodeError
from serializers.shape import Boolean, Choice, Decimal, Integer, ListOf, MapOf, Number, Record, Reference, Text

ROW: Record = Record(
    "Row",
    {
        "name": Text(),
        "count": Integer(),
        "price": Decimal(),
        "ok": Boolean(),
        "ratio": Number(),
        "state": Choice({"On": 1, "Off": 2}),
        "tags": ListOf(Text()),
        "map": MapOf(Text()),
        "child": Reference(lambda: ROW),
        "rows": ListOf(Reference(lambda: ROW)),
    },
    names={"ratio": "Quotient"},
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"name":1.10}', {"name": "1.10"}),
        ('{"name":true,"ok":"on"}', {"name": "true", "ok": True}),
        ('{"NAME":"a","Quotient":2}', {"name": "a", "ratio": 2.0}),
        ('{"name":"a","name":"b"}', {"name": "b"}),
        ('{"name":1,"Name":2,"name":3}', {"name": "3"}),
        ('{"Name":1,"name":2,"NAME":null}', {"name": None}),
        ('{"price":1.10,"count":"7","ok":0}', {"price": decimal.Decimal("1.10"), "count": 7, "ok": False}),
        ('{"state":"oN"}', {"state": "On"}),
        ('{"state":2}', {"state": "Off"}),
        ('{"tags":"a,b"}', {"tags": ["a", "b"]}),
        ('{"tags":"[a]","map":{"k":1}}', {"tags": ["a"], "map": {"k": "1"}}),
        ('{"tags":[1,null,"x"]}', {"tags": ["1", None, "x"]}),
        ('{"unknown":{"deep":[1,{}]},"name":"\\u00e9"}', {"name": "é"}),
        (' \r\n{"child":{"rows":[{}]}}\t', {"child": {"rows": [{}]}}),
        ("null", None),
        ("  ", None),
    ],
)
def test_reads(text: str, value: Any) -> None:
    assert json.loads(text, ROW) == value


@pytest.mark.parametrize(
    ("text", "position", "path"),
    [
        ('{"name":{}}', 8, "name"),
        ('{"name": [1]}', 9, "name"),
        ('{"NAME":{}}', 8, "name"),
        ('{"x":{"a":[1,2]}, "rows":[{},{"count":"x"}]}', 38, "rows[1].count"),
        ('{"name":1,"child":{"count":1.5,"count":2.5}}', 39, "child.count"),
        ('{"map":{"k":[]}}', 12, "map.k"),
        ('{"ok":"yes"}', 6, "ok"),
        ('{"child":[]}', 9, "child"),
        ('{"tags":{}}', 8, "tags"),
        ('{"state":3}', 9, "state"),
        ("[]", 0, ""),
        ('{"name":NaN}', 8, ""),
        ('{"name":"NaN","ratio":-Infinity}', 22, ""),
        ('{"name":"a",}', 12, ""),
        ("{'name':1}", 1, ""),
        ('{"name":"a\nb"}', 10, ""),
        ('{"name":01}', 9, ""),
        ('{"name":1} x', 11, ""),
        ('{"name":"\\x"}', 9, ""),
        ('{"rows":' + "[" * 64, 71, ""),
    ],
)
def test_refuses(text: str, position: int, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        json.loads(text, ROW)
    if caught.value.message != "nested too deeply" and not caught.value.message.startswith("expecting"):
        assert (caught.value.position, caught.value.path) == (position, path)


def test_depth_and_items_are_counted_outside_texts() -> None:
    text = standard.dumps({"name": "[{," * 1000, "tags": ["[" * 100, "\\", '",'], "x": "\\\\"})
    assert json.loads(text, ROW, limits=Limits(depth=2, items=3, names=3))
    for limits, message in ((Limits(items=2), "items"), (Limits(names=2), "names"), (Limits(depth=1), "deep")):
        with pytest.raises(DecodeError, match=message):
            json.loads(text, ROW, limits=limits)


def test_writes_compact_ascii_without_nulls() -> None:
    value = {
        "name": 'é"\u2028😀',
        "count": None,
        "price": decimal.Decimal("1.10"),
        "ratio": float("nan"),
        "map": {"é": "x"},
    }
    text = json.dumps(value, ROW)
    assert text == '{"name":"\\u00e9\\"\\u2028\\ud83d\\ude00","price":1.10,"ratio":"NaN","map":{"\\u00e9":"x"}}'
    assert json.dumps({"a": None, "b": [None, 1.5, True], "c": decimal.Decimal(1)}) == '{"b":[null,1.5,true],"c":1}'


def test_numbers_without_a_shape() -> None:
    assert json.loads('{"a":[1,1.5,"x",true,null]}') == {"a": [1, 1.5, "x", True, None]}
    with pytest.raises(DecodeError):
        json.loads("1" * 5000)
