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
from tests.serializers.vectors import TYPES, UNSUPPORTED, load, read_shape, read_value

#: The library's first member, or zero, where a member that is no null is absent.
DEFAULTS = {next(iter(enum["members"])) for enum in TYPES["enums"].values()} | {"0"}


def are_equal(actual: Any, expected: Any, shape: Shape, *, member: bool = False) -> bool:
    """Equal, where an absent member is .NET's default of its type."""
    if isinstance(shape, shapes.Record) and isinstance(actual, dict) and isinstance(expected, dict):
        fields = {
            name: field.record if isinstance(field, shapes.Reference) else field for name, field in shape.fields.items()
        }
        return all(
            are_equal(actual.get(name), expected.get(name), field, member=True) for name, field in fields.items()
        )
    if isinstance(shape, shapes.ListOf) and isinstance(actual, list) and isinstance(expected, list):
        return len(actual) == len(expected) and all(
            are_equal(actual_item, expected_item, shape.item)
            for actual_item, expected_item in zip(actual, expected, strict=True)
        )
    if isinstance(shape, shapes.MapOf) and isinstance(actual, dict) and isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(
            are_equal(actual[key], expected[key], shape.value) for key in actual
        )
    if isinstance(actual, datetime) and isinstance(expected, datetime):
        if actual.utcoffset():
            # The library shifts the clock of /Date(ms+0200)/ by the offset, which it then forgets; for a DateTimeOffset it takes the
            # milliseconds for its clock's, which later versions do not.
            clock = (
                actual.astimezone(expected.tzinfo).replace(tzinfo=expected.tzinfo) if expected.utcoffset() else actual
            )
            return expected in (
                actual,
                actual.replace(tzinfo=expected.tzinfo),
                clock - (expected.utcoffset() or timedelta(0)),
            )
        return actual.replace(tzinfo=actual.tzinfo or expected.tzinfo) == expected
    if isinstance(actual, float) and isinstance(expected, float):
        return (
            actual == expected
            or (actual != actual and expected != expected)
            or are_equal_floats(actual, expected, shape)
        )
    if actual is None and not isinstance(shape, (shapes.Text, shapes.Record, shapes.ListOf, shapes.MapOf)):
        return expected is None or not expected or expected in DEFAULTS or is_default(expected)
    return bool(actual == expected)


def is_default(expected: Any) -> bool:
    return (isinstance(expected, datetime) and expected.year == 1) or str(expected).replace("-", "").strip("0") == ""


def are_equal_floats(actual: float, expected: float, shape: Shape) -> bool:
    """The recorded values have 15 digits, 7 for 32 bits."""
    digits = 6 if isinstance(shape, shapes.Number) and shape.bits == 32 else 14
    return abs(actual - expected) <= abs(expected) * 10**-digits or abs(expected) < 1e-44


def write_vector(vector: dict[str, Any]) -> tuple[str, str]:
    shape = read_shape(vector["type"])
    return jsv.dumps(read_value(vector["value"], shape), shape), vector["jsv"]


#: What our values cannot hold, and what the promise excludes: DateTimeOffset's own spelling, the seventh digit of a second.
NOT_OURS = re.compile(r"DateTimeOffset")
SEVENTH_DIGIT = re.compile(r"\.\d{6}[1-9]")
UNZONED = re.compile(r'"kind": "(Local|Unspecified)"')


def encode_vectors() -> list[dict[str, Any]]:
    return [v for v in load("encode") if "jsv" in v and v["value"] is not None and not UNSUPPORTED.search(v["type"])]


class TestEncode:
    def test_texts_byte_for_byte(self) -> None:
        differences = []
        count = Counter[str]()
        for vector in encode_vectors():
            if (
                NOT_OURS.search(vector["type"])
                or SEVENTH_DIGIT.search(vector["jsv"])
                or "922337203685" in vector["jsv"]
            ):
                continue
            actual, expected = write_vector(vector)
            count[vector["cat"]] += 1
            if actual != expected and not self.is_equal_by_value(vector, actual, expected):
                differences.append((vector["id"], vector["type"], actual, expected))
        assert differences == []
        assert count.total() > 1300

    def is_equal_by_value(self, vector: dict[str, Any], actual: str, expected: str) -> bool:
        if "$date" in str(vector["value"]):
            # A value of no known zone is written by the writer's own; ours are UTC.
            return re.sub(r"(?:(\.\d*?)0*)?\+00:00", r"\1Z", expected).replace(".Z", "Z") == actual
        shape = read_shape(vector["type"])
        return re.search("double|float", vector["type"]) is not None and are_equal(
            jsv.loads(actual, shape), jsv.loads(expected, shape), shape
        )

    @pytest.mark.parametrize("attributes", [False, True])
    def test_compiled_like_untyped(self, attributes: bool) -> None:
        for vector in encode_vectors():
            if vector["type"] in ("Pair", "ListHolder", "NewSession"):
                shape = read_shape(vector["type"])
                value = read_value(vector["value"], shape)
                source = type("Row", (), value)() if attributes else value
                assert jsv.compiled(shape, attributes=attributes)(source) == vector["jsv"]

    def test_csv(self) -> None:
        differences: list[tuple[Any, ...]] = []
        for vector in load("encode"):
            if "csv" in vector and vector["value"] is not None and vector["type"] in ("List<Holder>", "List<Row>"):
                shape = read_shape(vector["type"])
                actual = csv.dumps(read_value(vector["value"], shape), shape)
                if actual != vector["csv"].replace("\ud83d", "\ufffd").replace("\ude00", "\ufffd"):
                    differences.append((vector["id"], actual, vector["csv"]))
        assert differences == []


#: Types whose reader is not a list's in the library (arrays), or drops items (sets), or checks more than a text (addresses).
OTHER_READERS = re.compile(r"(?<!byte)\[\]|HashSet|Uri")


class TestDecode:
    def test_same_value_or_an_error(self) -> None:
        differences: list[tuple[Any, ...]] = []
        count = Counter[str]()
        for vector in load("decode"):
            if UNSUPPORTED.search(vector["type"]) or vector.get("api") or vector["jsv"] in ("", ","):
                continue
            if OTHER_READERS.search(vector["type"]) and not vector["cat"].startswith("roundtrip:null"):
                continue
            shape = read_shape(vector["type"])
            round_trip = vector["cat"].startswith("roundtrip:") and "value" in vector
            try:
                result = jsv.loads(vector["jsv"], shape)
            except DecodeError as error:
                count["refused" if error.line and error.column else "nowhere"] += 1
                if round_trip and not has_undefined_member(vector):
                    differences.append((vector["id"], vector["type"], vector["jsv"][:80], str(error)))
                continue
            count["read"] += 1
            if round_trip or vector.get("stable", True):
                if "value" not in vector:
                    is_right = is_lenient(vector["jsv"])
                else:
                    is_right = are_equal(result, read_value(vector["value"], shape), shape) or (
                        not round_trip and is_lenient(vector["jsv"])
                    )
                if not is_right and not (
                    has_null_of_value_type(vector) or (is_lenient(vector["jsv"]) and not round_trip)
                ):
                    differences.append(
                        (
                            vector["id"],
                            vector["cat"],
                            vector["type"],
                            vector["jsv"][:80],
                            result,
                            vector.get("value", "error"),
                        )
                    )
        assert differences == []
        assert count["read"] > 2000
        assert count["refused"] > 500
        assert not count["nowhere"]


def has_undefined_member(vector: dict[str, Any]) -> bool:
    return "Color" in vector["type"] and bool(re.search(r"\d", vector["jsv"]))


def is_lenient(text: str) -> bool:
    """What we read beyond ServiceStack: blanks and line breaks around structure, quoted names, a BOM."""
    return bool(re.search(r"\s|^\ufeff", text) or re.search(r'[{,]"', text))


def has_null_of_value_type(vector: dict[str, Any]) -> bool:
    """Our shapes do not say whether a number may be null; ServiceStack refuses an empty one, or drops it."""
    return bool(
        re.search(r"(int|long)(>|\[\])", vector["type"]) and re.search(r"(^|[\[,:])(?=[,\]}]|$)", vector["jsv"])
    )


class TestQueryString:
    def test_members_as_they_are_bound(self) -> None:
        differences = []
        for vector in load("decode"):
            if vector.get("api") != "binder" or vector["type"] not in TYPES["records"]:
                continue
            shape = read_shape(vector["type"])
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
                    actual = jsv.loads_member(unquote_plus(text), field)
                except DecodeError:
                    continue
                expected = read_value(vector["value"], shape)[wire_name] if "value" in vector else "an error"
                if isinstance(field, shapes.Text) and not text:
                    continue
                if not are_equal(actual, expected, field, member=True) and not is_lenient(unquote_plus(text)):
                    differences.append((vector["id"], vector["jsv"], actual, expected))
        assert differences == []

    def test_encoded_query_strings_are_read(self) -> None:
        count = Counter[str]()
        for vector in load("querystring_encode"):
            if vector["type"] != "ListHolder":
                continue
            items = next((pair[6:] for pair in vector["qs"].split("&") if pair.startswith("items=")), None)
            if items is None:
                continue
            try:
                actual = jsv.loads_member(unquote_plus(items), shapes.ListOf(shapes.Text()))
            except DecodeError:
                count["refused"] += 1
                continue
            count["read"] += 1
            # ServiceStack writes some texts of a list as it would not read them itself: "[1,2]",z.
            assert actual == vector["value"]["items"] or set('"[]{}\ufffd') & set(unquote_plus(items)), vector
        assert count["read"] > 50
