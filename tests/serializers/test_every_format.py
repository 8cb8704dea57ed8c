"""What every serializer promises, whatever its format."""

from __future__ import annotations

import enum
import re
import tracemalloc
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.contract.shapes import wire_shape
from gateway.sessions.dtos.sessions import NewSession
from serializers.base import Limits, Page, Serializer
from serializers.errors import DecodeError, EncodeError
from serializers.registry import FORMATS
from serializers.rows import BLOCK_ROWS
from serializers.shape import Boolean, Choice, Integer, ListOf, MapOf, Record, Reference, Text
from serializers.tally import REQUESTS
from tests.serializers.strategies import as_object, make_row_shapes, make_shapes, make_values, strip_nulls

ROW: Record = Record(
    "Row",
    {
        "id": Integer(),
        "displayName": Text(),
        "ok": Boolean(),
        "state": Choice({"On": 1, "Off": 2}),
        "tags": ListOf(Text()),
        "data": MapOf(Text()),
        "children": ListOf(Reference(lambda: ROW)),
    },
    attributes={"displayName": "display_name"},
)
ROWS = Record("Rows", {"total": Integer(), "items": ListOf(ROW), "more": Boolean()}, rows="items")
NESTED: Record = Record(
    "Nested",
    {
        "nested": Reference(lambda: NESTED),
        "data": MapOf(Text()),
        "tags": ListOf(Text()),
        "lists": ListOf(ListOf(Text())),
    },
)
_OTHER = Record("Nested", {"other": ListOf(MapOf(Text()))})
#: Values that are far beyond the limits, and their shapes.
HUGE: dict[str, tuple[Any, Record]] = {
    "list": ({"tags": ["x"] * 300_000}, NESTED),
    "lists": ({"lists": [["x"] * 30_000] * 10}, NESTED),
    "map": ({"data": {str(number): "x" for number in range(60_000)}}, NESTED),
    "unknown": ({"other": [{str(number): "x" for number in range(20_000)}] * 4}, _OTHER),
}
VALUE: dict[str, Any] = {
    "id": 7,
    "displayName": 'Zoë, "x"\r\n<b>&',
    "ok": False,
    "state": "Off",
    "tags": ["a", "b,c"],
    "data": {"k:2": "v"},
    "children": [{"id": 8}],
}
#: Formats that hold rows and nothing around them, that begin with what is known only at the end, and that begin with what many rows have.
ROWS_ONLY = {"csv", "jsonl"}
IN_ONE_BLOCK = {"msgpack"}
LOOKS_AHEAD = {"html"}
TABLES = {"csv"}


DOCUMENTS = [serializer for serializer in FORMATS if serializer.readable and serializer.name not in TABLES]


def list_formats_but(names: set[str]) -> list[Serializer]:
    """The formats whose names are none of these."""
    return [serializer for serializer in FORMATS if serializer.name not in names]


@pytest.fixture(params=FORMATS, ids=lambda serializer: serializer.name)
def serializer(request: pytest.FixtureRequest) -> Serializer:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(
    params=[serializer for serializer in FORMATS if serializer.readable], ids=lambda serializer: serializer.name
)
def readable(request: pytest.FixtureRequest) -> Serializer:
    return request.param  # type: ignore[no-any-return]


RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


class TestSerializer:
    def test_its_names_and_types_are_consistent(self, serializer: Serializer) -> None:
        assert re.fullmatch(r"[a-z]+", serializer.name)
        assert serializer.name in serializer.suffixes
        assert serializer.content_type.split(";")[0] == serializer.media_types[0]
        assert all(re.fullmatch(r"[a-z]+/[a-z.+-]+", media) for media in serializer.media_types)

    def test_it_reads_its_documents(self, readable: Serializer) -> None:
        assert strip_nulls(readable.decode(readable.encode(VALUE, ROW), ROW)) == VALUE

    def test_writes_objects_like_dicts(self, serializer: Serializer) -> None:
        assert serializer.writer(ROW)(as_object(VALUE, ROW)) == serializer.encode(VALUE, ROW)

    def test_streams_equal_encoded_documents(self, serializer: Serializer) -> None:
        rows = [{**VALUE, "id": number} for number in range(300)]
        blocks = list(serializer.stream(iter(rows), ListOf(ROW)))
        assert b"".join(blocks) == serializer.encode(rows, ListOf(ROW))
        assert len(blocks) > 3 or serializer.name in IN_ONE_BLOCK
        objects = b"".join(serializer.stream((as_object(row, ROW) for row in rows), ListOf(ROW)))
        assert objects == b"".join(blocks)

    @pytest.mark.parametrize("count", [0, 1, 2, 101])
    def test_streams_a_record_around_its_rows(self, serializer: Serializer, count: int) -> None:
        document = {"total": 3, "items": [VALUE] * count, "more": True}
        streamed = b"".join(serializer.stream({**document, "items": iter(document["items"])}, ROWS))  # type: ignore[call-overload]
        if not (serializer.name == "xml" and count == 0):
            assert streamed == serializer.encode(document, ROWS)
        rows = (as_object(row, ROW) for row in document["items"])  # type: ignore[attr-defined]
        assert b"".join(serializer.stream(SimpleNamespace(**{**document, "items": rows}), ROWS)) == streamed
        if serializer.readable:
            result = strip_nulls(serializer.decode(streamed, ROWS))
            assert result == ({"items": document["items"]} if serializer.name in ROWS_ONLY else document)

    @pytest.mark.parametrize("serializer", list_formats_but(IN_ONE_BLOCK), ids=lambda serializer: serializer.name)
    def test_first_block_leaves_with_the_first_row(self, serializer: Serializer) -> None:
        read_numbers: list[int] = []

        def rows() -> Any:
            for number in range(1000):
                read_numbers.append(number)
                yield VALUE

        stream = serializer.stream(rows(), ListOf(ROW))
        assert not read_numbers
        next(stream)
        assert read_numbers == list(range(BLOCK_ROWS if serializer.name in LOOKS_AHEAD else 1))

    @pytest.mark.parametrize(
        "serializer", list_formats_but(IN_ONE_BLOCK | ROWS_ONLY), ids=lambda serializer: serializer.name
    )
    def test_streams_only_rows(self, serializer: Serializer) -> None:
        with pytest.raises(EncodeError):
            list(serializer.stream(VALUE, ROW))

    def test_values_without_a_shape(self, serializer: Serializer) -> None:
        value = {"name": "a,b", "tags": ["x", "y"], "n": 1, "nothing": None, "inner": {"k": True}}
        data = serializer.encode(value)
        assert data
        if serializer.readable:
            assert serializer.decode(data)

    def test_page_is_for_people_only(self, serializer: Serializer) -> None:
        page = Page("Title", {"JSON": "/x.json"})
        assert (serializer.encode(VALUE, ROW, page=page) == serializer.encode(VALUE, ROW)) == (
            serializer.name != "html"
        )

    @pytest.mark.parametrize("value", [5, "text", [1], {"id": object()}, {"tags": "text"}, {"data": [1]}, {"id": {}}])
    def test_refuses_values_of_other_shapes(self, serializer: Serializer, value: Any) -> None:
        with pytest.raises(EncodeError):
            serializer.encode(value, ROW)

    def test_refuses_values_without_end(self, serializer: Serializer) -> None:
        value: dict[str, Any] = {"id": 1}
        value["children"] = [value]
        with pytest.raises(EncodeError):
            serializer.encode(value, ROW)
        with pytest.raises(EncodeError):
            serializer.encode(value)

    def test_limits(self, readable: Serializer) -> None:
        data = readable.encode([VALUE] * 50, ListOf(ROW))
        readable.decode(data, ListOf(ROW))
        with pytest.raises(DecodeError):
            readable.decode(data, ListOf(ROW), limits=Limits(bytes=len(data) - 1))
        with pytest.raises(DecodeError):
            readable.decode(data, ListOf(ROW), limits=Limits(items=20))

    def test_items_are_counted_across_lists(self, readable: Serializer) -> None:
        value = {"tags": ["x"] * 7, "children": [{"tags": ["x", "y"]}]}
        rows = readable.encode([value], ListOf(ROW))
        items = 7 + 1 + 2 + 1
        assert readable.decode(rows, ListOf(ROW), limits=Limits(items=items))
        with pytest.raises(DecodeError, match=f"more than {items - 1} items"):
            readable.decode(rows, ListOf(ROW), limits=Limits(items=items - 1))

    @pytest.mark.parametrize("readable", DOCUMENTS, ids=lambda serializer: serializer.name)
    def test_names_are_counted_across_objects(self, readable: Serializer) -> None:
        inner = {"data": {str(number): "x" for number in range(5)}}
        value = {"nested": {"nested": inner, "data": {"a": "b"}}, "data": {"c": "d"}}
        names = 1 + 1 + 5 + 1 + 1 + 1 + 1 + 1
        data = readable.encode(value, NESTED)
        if readable.name == "xml":
            # Nulls are elements too.
            names += data.count(b"i:nil")
        assert readable.decode(data, NESTED, limits=Limits(names=names))
        with pytest.raises(DecodeError, match=f"more than {names - 1} names"):
            readable.decode(data, NESTED, limits=Limits(names=names - 1))

    def test_each_request_of_a_batch_has_its_names(self, readable: Serializer) -> None:
        batch = readable.encode([{"id": 1, "displayName": "x", "ok": True}] * REQUESTS, ListOf(ROW))
        width = len(ROW.fields) if readable.name in TABLES | {"xml"} else 3
        assert len(readable.decode(batch, ListOf(ROW), limits=Limits(names=width))) == REQUESTS
        with pytest.raises(DecodeError, match=f"more than {width - 1} names"):
            readable.decode(batch, ListOf(ROW), limits=Limits(names=width - 1))
        twice = readable.encode([{"id": 1, "displayName": "x", "ok": True}] * REQUESTS * 2, ListOf(ROW))
        with pytest.raises(DecodeError, match="names in all"):
            readable.decode(twice, ListOf(ROW), limits=Limits(names=width))

    def test_unknown_names_count(self, readable: Serializer) -> None:
        many = Record("Nested", {f"x{number}": Text() for number in range(20)})
        data = readable.encode(dict.fromkeys(many.fields, "y") | {"data": {}}, many)
        if readable.name in TABLES:
            data = b"data," + data.replace(b"\r\n", b"\r\n,", 1)
        assert readable.decode(data, NESTED, limits=Limits(names=21)) is not None
        with pytest.raises(DecodeError, match="names"):
            readable.decode(data, NESTED, limits=Limits(names=19))

    def test_a_batch_of_a_thousand_requests_is_inside_the_limits(self, readable: Serializer) -> None:
        request = wire_shape(NewSession)
        value = {name: ["a@b.org"] * 9 if isinstance(field, ListOf) else "x" for name, field in request.fields.items()}
        data = readable.encode([value] * 1000, ListOf(request))
        assert len(readable.decode(data, ListOf(request))) == 1000
        with pytest.raises(DecodeError, match="more than 10000 items"):
            readable.decode(readable.encode([value] * 1001, ListOf(request)), ListOf(request))

    @pytest.mark.parametrize(
        ("readable", "kind"),
        [
            pytest.param(serializer, kind, id=f"{serializer.name}-{kind}")
            for serializer in FORMATS
            if serializer.readable
            for kind in ("list", "lists", "map", "unknown")
            # A table has columns in place of names.
            if serializer.name not in TABLES or kind in ("list", "lists")
        ],
    )
    def test_the_reader_stops_at_the_limit(self, readable: Serializer, kind: str) -> None:
        """What is read of a document that is far too long costs little memory."""
        data = readable.encode(*HUGE[kind])
        tracemalloc.start()
        try:
            with pytest.raises(DecodeError, match="more than"):
                readable.decode(data, NESTED)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < 4 * len(data) + 8_000_000

    def test_limit_of_depth(self, readable: Serializer) -> None:
        value: dict[str, Any] = {"id": 1}
        for _ in range(20):
            value = {"children": [value]}
        data = readable.encode(value, ROW)
        assert readable.decode(data, ROW)
        with pytest.raises(DecodeError, match="deep"):
            readable.decode(data, ROW, limits=Limits(depth=10))

    def test_an_empty_document_is_null(self, readable: Serializer) -> None:
        assert readable.decode(b"", ROW) is None

    def test_not_utf8(self, readable: Serializer) -> None:
        with pytest.raises(DecodeError):
            readable.decode(b'{"displayName":"\xff\xfe"}', ROW)

    def test_byte_order_mark(self, readable: Serializer) -> None:
        if readable.name != "msgpack":
            data = b"\xef\xbb\xbf" + readable.encode(VALUE, ROW)
            assert strip_nulls(readable.decode(data, ROW)) == VALUE

    def test_half_a_surrogate_pair_does_not_fail(self, serializer: Serializer) -> None:
        assert serializer.encode({"displayName": "a\ud83d"}, ROW)

    @RELAXED
    @given(data=st.data())
    def test_round_trips(self, readable: Serializer, data: st.DataObject) -> None:
        table = readable.name in TABLES
        shape = data.draw(make_row_shapes() if table else make_shapes())
        value = data.draw(
            make_values(shape, xml=readable.name == "xml").filter(lambda drawn: not table or _has_no_empty_cells(drawn))
        )
        encoded = readable.encode(value, shape)
        assert strip_nulls(readable.decode(encoded, shape)) == value
        assert readable.writer(shape)(as_object(value, shape)) == encoded


def _has_no_empty_cells(value: Any) -> bool:
    """Whether a table keeps the value: an empty text is an empty cell there, which is null."""
    rows = value if isinstance(value, list) else value.get("rows", [value]) if isinstance(value, dict) else [value]
    if isinstance(value, dict) and not value:
        return False
    return all("" not in [cell for cell in row.values() if isinstance(cell, str)] for row in rows)


class _Color(str, enum.Enum):  # noqa: UP042 - services have such enums
    DARK_RED = "dark red"


class _Shade(enum.StrEnum):
    DARK_RED = "dark: red"


@pytest.mark.parametrize("member", [_Color.DARK_RED, _Shade.DARK_RED])
@pytest.mark.parametrize("other", ["plain", 'a "special", <text>'])
@pytest.mark.parametrize("serializer", FORMATS, ids=lambda each: each.name)
def test_a_member_of_an_enum_in_a_text_is_its_name_whatever_the_other_texts_are(
    serializer: Serializer, other: str, member: Any
) -> None:
    shape = Record("Paint", {name: Text() for name in ("color", "brand", "shop", "note")})
    by_name, by_member = ({"color": color, "brand": other, "shop": "x", "note": ""} for color in ("DARK_RED", member))
    assert serializer.encode(by_member, shape) == serializer.encode(by_name, shape)
    assert serializer.writer(shape)(SimpleNamespace(**by_member)) == serializer.writer(shape)(
        SimpleNamespace(**by_name)
    )
