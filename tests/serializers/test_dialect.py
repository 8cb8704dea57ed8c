"""Dialects: recorded documents of ServiceStack.Text to the byte, own vectors with the rule of each, and every reader."""

from __future__ import annotations

import itertools
import json as standard_json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from serializers import csv, html, json, jsonl, jsv, scalars, xml
from serializers.base import Serializer
from serializers.dialect import DEFAULT, Dialect
from serializers.registry import default_registry
from serializers.scalars.reading import READ_UTC
from serializers.shape import (
    Boolean,
    Choice,
    Duration,
    Guid,
    Instant,
    Integer,
    ListOf,
    MapOf,
    Record,
    Reference,
    Shape,
    Text,
)
from tests.serializers.vectors import CORPORA, UNSUPPORTED, load, read_shape, read_value

COLOR = Choice({"Red": 0, "Green": 1}, name="Color")
RECORD = Record(
    "Sample",
    {
        "isBYOA": Boolean(),
        "callSid": Text(),
        "aiTag": Text(),
        "count": Integer(),
        "color": COLOR,
        "map": MapOf(Text()),
    },
    names={"aiTag": "AITag"},
)
SHAPES: dict[str, Shape] = {
    "Instant": Instant(),
    "Guid": Guid(),
    "Duration": Duration(),
    "Color": COLOR,
    "Record": RECORD,
    "Text": Text(),
}
VECTORS = standard_json.loads((CORPORA / "dialects.json").read_text())
#: Of 100 ns, which are less than Python has.
SEVENTH_DIGIT = re.compile(r"\.\d{6}[1-9]")
NOON = datetime(2020, 1, 2, 12, tzinfo=UTC)


def decode_value(kind: str, value: Any) -> Any:
    """A vector's value in Python."""
    if kind == "Instant":
        text, utc, _ = value.partition("+UTC")
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if utc else datetime.fromisoformat(text)
    if kind == "Duration":
        return timedelta(seconds=value)
    return UUID(value) if kind == "Guid" else value


@pytest.mark.parametrize(
    "vector", VECTORS, ids=lambda vector: f"{vector['jsconfig'] or vector['dialect']} {vector['rule']}"[:80]
)
def test_a_vector(vector: dict[str, Any]) -> None:
    dialect = Dialect(**vector["dialect"]).changed_by(vector["jsconfig"])
    value, shape = decode_value(vector["shape"], vector["value"]), SHAPES[vector["shape"]]
    assert json.serializer.spelled(dialect).encode(value, shape).decode() == vector["json"]
    if "jsv" in vector:
        assert jsv.serializer.spelled(dialect).encode(value, shape).decode() == vector["jsv"]


def decode_kind(raw: Any) -> Any:
    """A recorded value whose dates have the kind that .NET knew."""
    if isinstance(raw, dict) and "$date" in raw:
        zone = {"Utc": UTC, "Local": READ_UTC}.get(raw["kind"])
        return datetime.fromisoformat(raw["$date"][:26]).replace(tzinfo=zone)
    if isinstance(raw, dict):
        return {name: decode_kind(item) for name, item in raw.items()}
    return [decode_kind(item) for item in raw] if isinstance(raw, list) else raw


def is_compatible(vector: dict[str, Any]) -> bool:
    """Whether a recorded document is not one of those where we decide otherwise: floats of 15 digits, ticks, halves of surrogate pairs, NaN
    without quotes, nothing for a null list, the clock of a DateTimeOffset in place of UTC's."""
    text = standard_json.dumps([vector["value"], vector["json"]])
    lossy = ("double", "float", "$ticks", "$num", "\\ud83d", "\\ude00", "DateTimeOffset", "9999-12-31")
    return (
        not any(text_part in text or text_part in vector["type"] for text_part in lossy) and ",]" not in vector["json"]
    )


def test_recorded_json_to_the_byte() -> None:
    format_of_host = json.Json(Dialect.of("4.5", names="camel"))
    differences, count = [], 0
    for vector in load("encode"):
        if (
            vector.get("json") is None
            or vector["value"] is None
            or UNSUPPORTED.search(vector["type"])
            or not is_compatible(vector)
        ):
            continue
        count += 1
        shape = read_shape(vector["type"])
        text = format_of_host.encode(read_value(decode_kind(vector["value"]), shape), shape).decode()
        if text != vector["json"]:
            differences.append((vector["id"], vector["type"], text, vector["json"]))
    assert differences == []
    assert count > 1000


def test_recorded_local_times_in_jsv() -> None:
    writer = jsv.serializer.spelled(Dialect.of("5.8"))
    times = [
        vector
        for vector in load("encode")
        if vector["type"] == "DateTime" and not SEVENTH_DIGIT.search(str(vector["value"]))
    ]
    assert len(times) > 10
    for vector in times:
        assert writer.encode(decode_kind(vector["value"]), Instant()).decode() == vector["jsv"], vector["id"]


@pytest.mark.parametrize(
    ("version", "names", "dates", "guids"),
    [
        ("4.0", "declared", "wcf", "plain"),
        ("4.5.14", "declared", "wcf", "plain"),
        ("5", "camel", "wcf", "plain"),
        ("5.8", "camel", "wcf", "plain"),
        ("6", "camel", "wcf", "plain"),
        ("8.0", "camel", "wcf", "plain"),
        ("8.1", "camel", "iso", "dashes"),
        ("8.10", "camel", "iso", "dashes"),
        ("10.4.2", "camel", "iso", "dashes"),
    ],
)
def test_hosts(version: str, names: str, dates: str, guids: str) -> None:
    dialect = Dialect.of(version)
    assert (dialect.names, dialect.dates, dialect.guids) == (names, dates, guids)


@pytest.mark.parametrize("version", ["", "3.9", "x", "5.8-beta", "-5", "5.8.1.2.3"])
def test_invalid_versions(version: str) -> None:
    with pytest.raises(ValueError, match="is not a version of ServiceStack"):
        Dialect.of(version)


def test_invalid_options() -> None:
    with pytest.raises(ValueError, match="dates='wfc' is not known; known are short, iso"):
        Dialect(dates="wfc")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="depth"):
        Dialect(depth=-1)


@pytest.mark.parametrize("serializer", [*default_registry()], ids=lambda serializer: serializer.name)
def test_the_default_dialect_is_the_same_object(serializer: Serializer) -> None:
    assert serializer.spelled(DEFAULT) is serializer
    other = serializer.spelled(Dialect.of("5.8"))
    assert type(other) is type(serializer)
    assert serializer.dialect == DEFAULT


def test_changes_of_a_dialect_in_other_formats() -> None:
    dialect = Dialect(names="pascal", dates="wcf", guids="dashes", enums="number", durations="standard")
    shape = Record("Row", {"callSid": Text(), "at": Instant(), "id": Guid(), "color": COLOR, "inner": RECORD})
    value = {"callSid": "a", "at": NOON, "id": UUID(int=1), "color": "Green", "inner": {"callSid": "b", "color": "Red"}}
    row = "a,2020-01-02T12:00:00Z,00000000-0000-0000-0000-000000000001,1,"
    document = csv.serializer.spelled(dialect).encode(value, shape).decode()
    assert document == f'CallSid,At,Id,Color,Inner\r\n{row}"{{CallSid:b,Color:0}}"\r\n'
    assert jsonl.serializer.spelled(dialect).encode([value], ListOf(shape)).startswith(b'{"CallSid":"a","At":"\\/Date(')
    page = html.serializer.spelled(dialect).encode(value, shape).decode()
    assert ">CallSid<" in page
    assert ">00000000-0000-0000-0000-000000000001<" in page
    assert xml.Xml(dialect).encode(value, shape) == xml.serializer.encode(value, shape)


def test_a_stream_is_written_like_a_complete_document() -> None:
    shape = Record("Page", {"firstOnes": Text(), "items": ListOf(RECORD), "lastOnes": Text()}, rows="items")
    value = {"firstOnes": "a", "items": [{"callSid": str(number)} for number in range(300)], "lastOnes": None}
    for serializer, options in itertools.product((json.serializer, jsv.serializer), ("elun", "tc:pc,inv", "edv")):
        spelled_serializer = serializer.spelled(DEFAULT.changed_by(options))
        assert b"".join(spelled_serializer.stream(value, shape)) == spelled_serializer.encode(value, shape)


TIMES = {
    "/Date(1577836800000)/": datetime(2020, 1, 1, tzinfo=UTC),
    "/Date(1577836800000+0200)/": datetime(2020, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
    "/Date(1577836800000-0530)/": datetime(2019, 12, 31, 18, 30, tzinfo=timezone(-timedelta(hours=5, minutes=30))),
    "/Date(-62135596800000-0000)/": datetime(1, 1, 1, tzinfo=UTC),
    "2020-01-01T00:00:00Z": datetime(2020, 1, 1, tzinfo=UTC),
    **{f"2020-01-01T00:00:00.{'1' * n}Z": datetime(2020, 1, 1, 0, 0, 0, int(("1" * n)[:6].ljust(6, "0")), UTC) for n in range(1, 8)},
    "2020-01-01 00:00:00": datetime(2020, 1, 1),
    "Wed, 01 Jan 2020 00:00:00 GMT": datetime(2020, 1, 1, tzinfo=UTC),
}  # fmt: skip
GUID = UUID("01234567-89ab-cdef-0123-456789abcdef")
DURATIONS = {
    "PT1H": timedelta(hours=1),
    "P1DT2H3M4.5S": timedelta(1, 7384.5),
    "1.02:03:04.5": timedelta(1, 7384.5),
    "-00:00:01": -timedelta(seconds=1),
    "01:30": timedelta(minutes=90),
}
SPELLINGS: list[tuple[Shape, str, Any]] = [
    *((Instant(), text, value) for text, value in TIMES.items()),
    *(
        (Guid(), text, GUID)
        for text in (GUID.hex, str(GUID), str(GUID).upper(), f"{{{GUID}}}", f"({GUID})", f"{{{GUID.hex}}}")
    ),
    *((COLOR, text, "Green") for text in ("Green", "green", "GREEN", "1")),
    *((Duration(), text, value) for text, value in DURATIONS.items()),
]


@pytest.mark.parametrize(("shape", "text", "value"), SPELLINGS, ids=lambda argument: str(argument)[:40])
def test_every_spelling_is_read_in_every_format(shape: Shape, text: str, value: Any) -> None:
    holder = Record("Holder", {"callSid": shape})
    quoted = text.replace("/", "\\/")
    bare = f'"{text}"' if text[0] in "{" or "," in text else text
    documents = [
        (json.serializer, f'{{"callSid":"{quoted}"}}'),
        (json.serializer, f'{{"CALLSID":"{text}"}}'),
        (jsv.serializer, f"{{callSid:{bare}}}"),
        (jsonl.serializer, f'{{"CallSid":"{text}"}}'),
        (xml.serializer, f"<Holder><CallSid>{text}</CallSid></Holder>"),
        (csv.serializer, f'CallSid\r\n"{text}"\r\n'),
    ]
    for serializer, document in documents:
        result = serializer.decode(document.encode(), holder)
        if isinstance(result, list):
            (result,) = result
        assert result == {"callSid": value}, document


@pytest.mark.parametrize(
    "text", ["/Date(1+)/", "/Date(1+02:00)/", "/Date(1+9999)/", "Wed, 99 Jan 2020 00:00:00 GMT", "/Date(x)/"]
)
def test_invalid_times(text: str) -> None:
    with pytest.raises(ValueError, match="expected a date"):
        scalars.reader(Instant())(text)


@pytest.mark.parametrize(
    "options", ["dh:iso8601", "dh:iso8601dt", "dh:to", "dh:rfc1123", "tsh:sf", "teai", "tc:pc", "tc:d", "edv,inv"]
)
def test_written_values_are_read_back(options: str) -> None:
    shape = Record("Row", {"startedAt": Instant(), "tookSoLong": Duration(), "color": COLOR})
    value = {"startedAt": NOON, "tookSoLong": timedelta(1, 2, 3), "color": "Green"}
    for serializer in (json.serializer, jsv.serializer):
        result = serializer.decode(serializer.spelled(DEFAULT.changed_by(options)).encode(value, shape), shape)
        assert result | {"startedAt": result["startedAt"].replace(tzinfo=UTC)} == value


def test_a_shape_that_holds_itself_ends_at_the_depth() -> None:
    node = Record("Node", {"name": Text(), "child": Reference(lambda: node), "all": ListOf(Reference(lambda: node))})
    value = {
        "name": "a",
        "child": {"name": "b", "child": {"name": "c"}},
        "all": [{"name": "d", "child": {"name": "e"}}],
    }
    documents = [
        json.serializer.spelled(DEFAULT.changed_by(f"md:{depth}")).encode(value, node) for depth in (1, 2, 3, 99)
    ]
    assert documents[0] == b'{"name":"a"}'
    assert documents[1] == b'{"name":"a","child":{"name":"b"},"all":[{"name":"d"}]}'
    assert documents[3] == json.serializer.encode(value, node)


def test_tracebacks_show_the_lines_of_generated_writers() -> None:
    import traceback

    class Broken:
        @property
        def callSid(self) -> str:
            raise ZeroDivisionError

    try:
        json.serializer.writer(Record("Broken", {"callSid": Text()}))(Broken())
    except ZeroDivisionError:
        traceback_text = traceback.format_exc()
    assert "json of Broken" in traceback_text
    assert "v0 = o.callSid" in traceback_text


def test_names_in_snake_case_are_read_at_any_depth() -> None:
    node: Record = Record("Node", {"callSid": Text(), "firstChild": Reference(lambda: node)})
    document = '{"call_sid":"a","first_child":{"call_sid":"b","firstChild":{"CallSid":"c"}}}'
    expected = {"callSid": "a", "firstChild": {"callSid": "b", "firstChild": {"callSid": "c"}}}
    dialect = Dialect(names="snake")
    assert json.serializer.spelled(dialect).decode(document.encode(), node) == expected
    assert jsv.serializer.spelled(dialect).decode(document.replace('"', "").encode(), node) == expected
    assert json.serializer.decode(b'{"call_sid":"a"}', node) == {}


def test_a_struct_of_defaults_is_a_default() -> None:
    """.NET's own pair is a struct; a record is null by default, and items of lists are never left out."""
    fields: dict[str, Shape | Reference] = {"key": Text(), "value": Integer()}
    pair, record = Record("Pair", fields, is_value=True), Record("Record", fields)
    shape = Record("Holder", {"pair": pair, "far": Reference(lambda: pair), "record": record, "list": ListOf(pair)})
    edv = DEFAULT.changed_by("edv")
    bare = {"key": None, "value": 0}
    value = {"pair": bare, "far": bare, "record": bare, "list": [bare]}
    assert json.serializer.spelled(edv).encode(value, shape) == b'{"record":{},"list":[{}]}'
    assert jsv.serializer.spelled(edv).encode(value, shape) == b"{record:{},list:[{}]}"
    assert json.serializer.encode({"pair": bare}, shape) == b'{"pair":{"value":0}}'
    value = {"pair": {"key": "", "value": 0}, "far": {"key": None, "value": 1}}
    assert json.serializer.spelled(edv).encode(value, shape) == b'{"pair":{"key":""},"far":{"value":1}}'
