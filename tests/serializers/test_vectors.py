"""JSV against the recorded answers of ServiceStack.Text: what is written byte for byte, what is read never otherwise."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

import pytest

from serializers import csv, jsv
from serializers import shape as shapes
from serializers.errors import DecodeError
from serializers.shape import Shape
from tests.serializers.vectors import TYPES, UNSUPPORTED, load, shape_of, value_of

#: The library's first member, or zero, where a member that is no null is absent.
DEFAULTS = {next(iter(enum["members"])) for enum in TYPES["enums"].values()} | {"0"}


def same(got: Any, want: Any, shape: Shape, *, member: bool = False) -> bool:
    """Equal, where an absent member is .NET's default of its type."""
    if isinstance(shape, shapes.Record) and isinstance(got, dict) and isinstance(want, dict):
        fields = {
            name: field.record if isinstance(field, shapes.Reference) else field for name, field in shape.fields.items()
        }
        return all(same(got.get(name), want.get(name), field, member=True) for name, field in fields.items())
    if isinstance(shape, shapes.ListOf) and isinstance(got, list) and isinstance(want, list):
        return len(got) == len(want) and all(same(g, w, shape.item) for g, w in zip(got, want, strict=True))
    if isinstance(shape, shapes.MapOf) and isinstance(got, dict) and isinstance(want, dict):
        return got.keys() == want.keys() and all(same(got[key], want[key], shape.value) for key in got)
    if isinstance(got, datetime) and isinstance(want, datetime):
        if got.utcoffset():
            # The library shifts the clock of /Date(ms+0200)/ by the offset, which it then forgets; for a DateTimeOffset it takes the
            # milliseconds for its clock's, which later versions do not.
            clock = got.astimezone(want.tzinfo).replace(tzinfo=want.tzinfo) if want.utcoffset() else got
            return want in (got, got.replace(tzinfo=want.tzinfo), clock - (want.utcoffset() or timedelta(0)))
        return got.replace(tzinfo=got.tzinfo or want.tzinfo) == want
    if isinstance(got, float) and isinstance(want, float):
        return got == want or (got != got and want != want) or same_float(got, want, shape)
    if got is None and not isinstance(shape, (shapes.Text, shapes.Record, shapes.ListOf, shapes.MapOf)):
        return want is None or not want or want in DEFAULTS or is_default(want)
    return bool(got == want)


def is_default(want: Any) -> bool:
    return (isinstance(want, datetime) and want.year == 1) or str(want).replace("-", "").strip("0") == ""


def same_float(got: float, want: float, shape: Shape) -> bool:
    """The recorded values have 15 digits, 7 for 32 bits."""
    digits = 6 if isinstance(shape, shapes.Number) and shape.bits == 32 else 14
    return abs(got - want) <= abs(want) * 10**-digits or abs(want) < 1e-44


def written(vector: dict[str, Any]) -> tuple[str, str]:
    shape = shape_of(vector["type"])
    return jsv.dumps(value_of(vector["value"], shape), shape), vector["jsv"]


#: What our values cannot hold, and what the promise excludes: DateTimeOffset's own spelling, the seventh digit of a second.
NOT_OURS = re.compile(r"DateTimeOffset")
SEVENTH_DIGIT = re.compile(r"\.\d{6}[1-9]")
UNZONED = re.compile(r'"kind": "(Local|Unspecified)"')


def encode_vectors() -> list[dict[str, Any]]:
    return [v for v in load("encode") if "jsv" in v and v["value"] is not None and not UNSUPPORTED.search(v["type"])]


class TestEncode:
    def test_texts_byte_for_byte(self) -> None:
        bad = []
        count = Counter[str]()
        for vector in encode_vectors():
            if (
                NOT_OURS.search(vector["type"])
                or SEVENTH_DIGIT.search(vector["jsv"])
                or "922337203685" in vector["jsv"]
            ):
                continue
            got, want = written(vector)
            count[vector["cat"]] += 1
            if got != want and not self.equal_by_value(vector, got, want):
                bad.append((vector["id"], vector["type"], got, want))
        assert bad == []
        assert count.total() > 1300

    def equal_by_value(self, vector: dict[str, Any], got: str, want: str) -> bool:
        if "$date" in str(vector["value"]):
            # A value of no known zone is written by the writer's own; ours are UTC.
            return re.sub(r"(?:(\.\d*?)0*)?\+00:00", r"\1Z", want).replace(".Z", "Z") == got
        shape = shape_of(vector["type"])
        return re.search("double|float", vector["type"]) is not None and same(
            jsv.loads(got, shape), jsv.loads(want, shape), shape
        )

    @pytest.mark.parametrize("attributes", [False, True])
    def test_compiled_like_untyped(self, attributes: bool) -> None:
        for vector in encode_vectors():
            if vector["type"] in ("Pair", "ListHolder", "NewSession"):
                shape = shape_of(vector["type"])
                value = value_of(vector["value"], shape)
                source = type("Row", (), value)() if attributes else value
                assert jsv.compiled(shape, attributes=attributes)(source) == vector["jsv"]

    def test_csv(self) -> None:
        bad: list[tuple[Any, ...]] = []
        for vector in load("encode"):
            if "csv" in vector and vector["value"] is not None and vector["type"] in ("List<Holder>", "List<Row>"):
                shape = shape_of(vector["type"])
                got = csv.dumps(value_of(vector["value"], shape), shape)
                if got != vector["csv"].replace("\ud83d", "\ufffd").replace("\ude00", "\ufffd"):
                    bad.append((vector["id"], got, vector["csv"]))
        assert bad == []


#: Types whose reader is not a list's in the library (arrays), or drops items (sets), or checks more than a text (addresses).
OTHER_READERS = re.compile(r"(?<!byte)\[\]|HashSet|Uri")


class TestDecode:
    def test_same_value_or_an_error(self) -> None:
        bad: list[tuple[Any, ...]] = []
        count = Counter[str]()
        for vector in load("decode"):
            if UNSUPPORTED.search(vector["type"]) or vector.get("api") or vector["jsv"] in ("", ","):
                continue
            if OTHER_READERS.search(vector["type"]) and not vector["cat"].startswith("roundtrip:null"):
                continue
            shape = shape_of(vector["type"])
            round_trip = vector["cat"].startswith("roundtrip:") and "value" in vector
            try:
                got = jsv.loads(vector["jsv"], shape)
            except DecodeError as error:
                count["refused" if error.line and error.column else "nowhere"] += 1
                if round_trip and not undefined_member(vector):
                    bad.append((vector["id"], vector["type"], vector["jsv"][:80], str(error)))
                continue
            count["read"] += 1
            if round_trip or vector.get("stable", True):
                if "value" not in vector:
                    right = lenient(vector["jsv"])
                else:
                    right = same(got, value_of(vector["value"], shape), shape) or (
                        not round_trip and lenient(vector["jsv"])
                    )
                if not right and not (no_null_of_value_types(vector) or (lenient(vector["jsv"]) and not round_trip)):
                    bad.append(
                        (
                            vector["id"],
                            vector["cat"],
                            vector["type"],
                            vector["jsv"][:80],
                            got,
                            vector.get("value", "error"),
                        )
                    )
        assert bad == []
        assert count["read"] > 2000
        assert count["refused"] > 500
        assert not count["nowhere"]


def undefined_member(vector: dict[str, Any]) -> bool:
    return "Color" in vector["type"] and bool(re.search(r"\d", vector["jsv"]))


def lenient(text: str) -> bool:
    """What we read beyond ServiceStack: blanks and line breaks around structure, quoted names, a BOM."""
    return bool(re.search(r"\s|^\ufeff", text) or re.search(r'[{,]"', text))


def no_null_of_value_types(vector: dict[str, Any]) -> bool:
    """Our shapes do not say whether a number may be null; ServiceStack refuses an empty one, or drops it."""
    return bool(
        re.search(r"(int|long)(>|\[\])", vector["type"]) and re.search(r"(^|[\[,:])(?=[,\]}]|$)", vector["jsv"])
    )


class TestQueryString:
    def test_members_as_they_are_bound(self) -> None:
        bad = []
        for vector in load("decode"):
            if vector.get("api") != "binder" or vector["type"] not in TYPES["records"]:
                continue
            shape = shape_of(vector["type"])
            assert isinstance(shape, shapes.Record)
            members = [pair.partition("=") for pair in vector["jsv"].removeprefix("?").split("&") if pair]
            if len({name for name, _, _ in members}) < len(members):
                continue  # repeated names are joined by who splits the query
            for name, _, text in members:
                wire_name = shapes.names_of(shape).get(unquote_plus(name).casefold())
                if wire_name is None:
                    continue
                field = shape.fields[wire_name]
                try:
                    got = jsv.loads_member(unquote_plus(text), field)
                except DecodeError:
                    continue
                want = value_of(vector["value"], shape)[wire_name] if "value" in vector else "an error"
                if isinstance(field, shapes.Text) and not text:
                    continue
                if not same(got, want, field, member=True) and not lenient(unquote_plus(text)):
                    bad.append((vector["id"], vector["jsv"], got, want))
        assert bad == []

    def test_encoded_query_strings_are_read(self) -> None:
        count = Counter[str]()
        for vector in load("querystring_encode"):
            if vector["type"] != "ListHolder":
                continue
            items = next((pair[6:] for pair in vector["qs"].split("&") if pair.startswith("items=")), None)
            if items is None:
                continue
            try:
                got = jsv.loads_member(unquote_plus(items), shapes.ListOf(shapes.Text()))
            except DecodeError:
                count["refused"] += 1
                continue
            count["read"] += 1
            # ServiceStack writes some texts of a list as it would not read them itself: "[1,2]",z.
            assert got == vector["value"]["items"] or set('"[]{}\ufffd') & set(unquote_plus(items)), vector
        assert count["read"] > 50
