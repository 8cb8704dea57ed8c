"""The grammar of JSV, and the errors that say where it is broken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serializers import jsv
from serializers.base import Limits
from serializers.errors import DecodeError, EncodeError
from serializers.jsv import dump
from serializers.shape import (
    Binary,
    Boolean,
    Choice,
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
from tests.serializers.strategies import make_shapes, make_values, strip_nulls
from tests.serializers.vectors import CORPORA

PAIR: Record = Record(
    "Pair", {"first": Text(), "second": Text(), "list": ListOf(Text()), "pair": Reference(lambda: PAIR), "n": Integer()}
)
TEXTS = ListOf(Text())
MAP = MapOf(Text())
COLORS = Choice({"Red": 1, "Green": 2})


@pytest.mark.parametrize(
    ("text", "shape", "value"),
    [
        ("{first:a,second:b}", PAIR, {"first": "a", "second": "b"}),
        ("{FIRST:a,fIRst:b}", PAIR, {"first": "b"}),
        ("{first:,second:b}", PAIR, {"first": None, "second": "b"}),
        ('{first:"",second: b }', PAIR, {"first": "", "second": " b "}),
        ("{first:null,n:-0}", PAIR, {"first": "null", "n": 0}),
        ("{first:a]b[c{d:e}", PAIR, {"first": "a]b[c{d:e"}),
        ('{first:{a:"}"},second:[x,[y]]}', PAIR, {"first": '{a:"}"}', "second": "[x,[y]]"}),
        ('{x:{y:"}"},z:[1,"]"],__type:"A, b",first:a}', PAIR, {"first": "a"}),
        ('{ first :"a" , "second" :"b" }', PAIR, {"first": "a", "second": "b"}),
        ("{pair:{pair:{}},list:[]}", PAIR, {"pair": {"pair": {}}, "list": []}),
        ("{pair:,list:}", PAIR, {"pair": None, "list": None}),
        ('{list:[a,,"",b]}', PAIR, {"list": ["a", None, "", "b"]}),
        ("{list:a}", PAIR, {"list": ["a"]}),
        ("{ }", PAIR, {}),
        ("[a,b]", TEXTS, ["a", "b"]),
        ("a,b", TEXTS, ["a", "b"]),
        ("[a,]", TEXTS, ["a", None]),
        ("[,]", TEXTS, [None, None]),
        ("[ ]", TEXTS, [" "]),
        ('["a", "b"]', TEXTS, ["a", "b"]),
        ("[[a,b],{c:d}]", TEXTS, ["[a,b]", "{c:d}"]),
        ("[{},{first:a}]", ListOf(PAIR), [{}, {"first": "a"}]),
        ("{first:a},{}", ListOf(PAIR), [{"first": "a"}, {}]),
        ("[[1],[],]", ListOf(ListOf(Integer())), [[1], [], None]),
        ("{ a:v,A:w}", MAP, {" a": "v", "A": "w"}),
        ('{"":v,"a:b":"c,d",e:}', MAP, {"": "v", "a:b": "c,d", "e": None}),
        ("{1:a,-2:b}", MapOf(Text(), key=Integer()), {1: "a", -2: "b"}),
        ("tRUE", Boolean(), True),
        ("0", Boolean(), False),
        ("red", COLORS, "Red"),
        ("2", COLORS, "Green"),
        ("{01234567-89ab-cdef-0123-456789abcdef}", Guid(), None),
        ("2026-01-02", Instant(), datetime(2026, 1, 2, tzinfo=UTC)),
        ("/Date(1000)/", Instant(), datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        ("1.02:03:04.5", Duration(), timedelta(days=1, hours=2, minutes=3, seconds=4, microseconds=500000)),
        (" 2026-01-02 ", Instant(), datetime(2026, 1, 2, tzinfo=UTC)),
        ("{n: 7\t}", PAIR, {"n": 7}),
        (" PT1S ", Duration(), timedelta(seconds=1)),
        (" AAA= ", Binary(), b"\0\0"),
        (" 0123456789abcdef0123456789abcdef ", Guid(), UUID("0123456789abcdef0123456789abcdef")),
        ("a,b:c", Text(), "a,b:c"),
        ('"a""b"', Text(), 'a"b'),
        ("\ufeff{first:a}", PAIR, {"first": "a"}),
        ("", PAIR, None),
        ("{a:[b,{c:d}]}", None, {"a": ["b", {"c": "d"}]}),
        ("text", None, "text"),
    ],
)
def test_reads(text: str, shape: Shape | None, value: Any) -> None:
    result = jsv.loads(text, shape)
    assert result == value or value is None
    assert jsv.serializer.decode(text.encode(), shape) == result


@pytest.mark.parametrize(
    ("text", "shape", "position", "path"),
    [
        ('{first:"a', PAIR, 7, ""),
        ("{first:a", PAIR, 0, ""),
        ("{first:{a", PAIR, 7, ""),
        ("{first:a,}", PAIR, 9, ""),
        ("{first:a}}", PAIR, 9, ""),
        ("{first:a} x", PAIR, 10, ""),
        ('{first:"a"b}', PAIR, 10, ""),
        ('{first:a"b}', PAIR, 8, ""),
        ("{first}", PAIR, 6, ""),
        ("{:a}", PAIR, 1, ""),
        ("{n:1.5}", PAIR, 3, "n"),
        ("{pair:{n:x}}", PAIR, 9, "pair.n"),
        ("{pair:x}", PAIR, 6, "pair"),
        ("[{n:1},{n:x}]", ListOf(PAIR), 10, "[1].n"),
        ("[{},]", ListOf(PAIR), 3, ""),
        ("[a{b]", TEXTS, 2, ""),
        ('[a"b]', TEXTS, 2, ""),
        ("[a", TEXTS, 0, ""),
        ('["]', TEXTS, 1, ""),
        ("a]", TEXTS, 1, ""),
        ("{:a}", MAP, 1, ""),
        ("{a}", MAP, 2, ""),
        ("{x:a}", MapOf(Text(), key=Integer()), 3, "x"),
        ("2147483648", Integer(32), 0, ""),
        ("yes", Boolean(), 0, ""),
        ("Blue", COLORS, 0, ""),
        ("3", COLORS, 0, ""),
        ("2026-13-01", Instant(), 0, ""),
        ("2026-11-26X21:29:02", Instant(), 0, ""),
        ("20260102", Instant(), 0, ""),
        ("/Date(1000+9900)/", Instant(), 0, ""),
        ("/Date(1000+1)/", Instant(), 0, ""),
        ("24:00:00", Duration(), 0, ""),
        ("P1Y", Duration(), 0, ""),
        ("AAA", Binary(), 0, ""),
        ("1e999", Number(), 0, ""),
        ("{" * 65, None, 1, ""),
        ("{a:" * 65 + "}" * 65, None, 192, ""),
    ],
)
def test_refuses(text: str, shape: Shape | None, position: int, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        jsv.loads(text, shape)
    assert (caught.value.position, caught.value.path) == (position, path)
    assert (caught.value.line, caught.value.column) == (1, position + 1)


def test_position_of_an_error_in_lines() -> None:
    with pytest.raises(DecodeError) as caught:
        jsv.loads("{\n  first: a,\n  n: x\n}", PAIR)
    assert (caught.value.line, caught.value.column, caught.value.path) == (3, 6, "n")
    assert str(caught.value) == "expected a whole number (line 3, column 6)"


@pytest.mark.parametrize("depth", [3, 300, 100_000])
def test_depth(depth: int) -> None:
    text = "{pair:" * depth + "}" * depth
    if depth < 64:
        jsv.loads(text, PAIR)
    else:
        with pytest.raises(DecodeError, match="too deep"):
            jsv.loads(text, PAIR)
        with pytest.raises(DecodeError, match="too deep"):
            jsv.loads(text, PAIR, limits=Limits(depth=10**6))


class TestDumpForm:
    SAMPLE = (
        "{\n    first: a b,\n    list:\n    [\n        x,\n        y\n    ],\n    pair:\n    {\n        n: 1\n    }\n}"
    )
    VALUE = {"first": "a b", "list": ["x", "y"], "pair": {"n": 1}}

    def test_written(self) -> None:
        assert jsv.dumps(self.VALUE, PAIR, indent=4) == self.SAMPLE

    @pytest.mark.parametrize("line_break", ["\n", "\r\n"])
    def test_read(self, line_break: str) -> None:
        assert jsv.loads(self.SAMPLE.replace("\n", line_break), PAIR) == self.VALUE
        assert jsv.loads(f"\n{self.SAMPLE}\n".replace("\n", line_break), PAIR) == self.VALUE

    def test_read_without_its_line_breaks(self) -> None:
        flat = dump.dump(self.VALUE, PAIR, "\t").replace("\n", "")
        assert flat == "{\tfirst: a b,\tlist:\t[\t\tx,\t\ty\t],\tpair:\t{\t\tn: 1\t}}"
        assert jsv.loads(flat, PAIR) == self.VALUE
        assert jsv.loads(f"[{flat},{flat}]", ListOf(PAIR)) == [self.VALUE, self.VALUE]
        assert jsv.loads(f"[ {flat} ]", ListOf(PAIR)) == [self.VALUE]
        assert jsv.loads("{ first: a , second : b }", PAIR) == {"first": "a", "second": "b"}
        assert jsv.loads("{first: a , second : b }", PAIR) == {"first": " a ", "second": " b "}

    def test_sample_of_the_metadata_page(self) -> None:
        page = (CORPORA / "newsession-page.txt").read_text()
        start = page.index("{\ndisplayName")
        sample = page[start : page.index("}\n", start) + 1]
        read = jsv.loads(
            sample,
            Record("NewSession", {"displayName": Text(), "memberEmailAddresses": TEXTS, "startSession": Boolean()}),
        )
        assert read == {"displayName": "String", "memberEmailAddresses": ["String"], "startSession": False}
        assert jsv.dumps(jsv.loads(sample), indent=0) == sample

    @settings(max_examples=80, deadline=None)
    @given(data=st.data())
    def test_round_trips(self, data: st.DataObject) -> None:
        shape = data.draw(make_shapes())
        value = data.draw(make_values(shape))
        text = jsv.dumps(value, shape, indent=2)
        assert strip_nulls(jsv.loads(text, shape)) == value


class TestMembersOfQueries:
    @pytest.mark.parametrize("text", ["a,b", "[a,b]", '["a","b"]', '["a", "b"]'])
    def test_lists(self, text: str) -> None:
        assert jsv.loads_member(text, TEXTS) == ["a", "b"]

    def test_texts_are_raw(self) -> None:
        assert jsv.loads_member('"a"', Text()) == '"a"'
        assert jsv.loads_member("", Text()) == ""

    def test_records(self) -> None:
        assert jsv.loads_member("{First:x,N:1}", PAIR) == {"first": "x", "n": 1}
        with pytest.raises(DecodeError):
            jsv.loads_member("first:x", PAIR)

    def test_nothing(self) -> None:
        assert jsv.loads_member("", Integer()) is None


class TestTexts:
    @given(text=st.text())
    def test_every_text_of_a_record_is_kept(self, text: str) -> None:
        shape = Record("R", {"a": Text(), "b": Text(), "c": Text(), "d": Text()})
        for value in ({"a": text}, {"a": "x", "b": text, "c": "", "d": text}):
            assert jsv.loads(jsv.dumps(value, shape), shape) == value
            assert jsv.dumps(value) == jsv.dumps(value, shape)

    @pytest.mark.parametrize("value", [0, 5, True, False, 1.5])
    def test_other_scalars_become_texts(self, value: Any) -> None:
        shape = Record("R", {"a": Text(), "b": Text(), "c": Text()})
        for rest in ({}, {"b": "x:y", "c": "z"}):
            assert jsv.loads(jsv.dumps({"a": value, **rest}, shape), shape)["a"] == jsv.dumps(value)

    @pytest.mark.parametrize("value", [{}, [], {"a": 1}, [1], object()])
    def test_other_values_do_not(self, value: Any) -> None:
        shape = Record("R", {"a": Text(), "b": Text(), "c": Text()})
        for rest in ({}, {"b": "x:y", "c": "z"}):
            with pytest.raises(EncodeError):
                jsv.dumps({"a": value, **rest}, shape)
