"""Shapes and values of them, for hypothesis; and what each format is known to lose, by name."""

from __future__ import annotations

import decimal
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from serializers import shape as shapes
from serializers.shape import Shape

MEMBERS = {"None": 0, "Read": 1, "Write": 2, "Exec": 4}
SCALARS: list[Shape] = [
    shapes.Text(),
    shapes.Boolean(),
    shapes.Integer(8),
    shapes.Integer(64),
    shapes.Integer(16, signed=False),
    shapes.Number(),
    shapes.Decimal(),
    shapes.Instant(),
    shapes.OffsetInstant(),
    shapes.Day(),
    shapes.TimeOfDay(),
    shapes.Duration(),
    shapes.Guid(),
    shapes.Binary(),
    shapes.Character(),
    shapes.Choice({"Low": 10, "High": 20}, name="Level", numbered=True),
    shapes.Choice({"Sky": 0, "Sea": 5}, name="Color", texts={"Sky": "sky-blue", "Sea": "a, b"}),
    shapes.Choice({"Voice": 0, "Chat": 1, "Fax": 2}, name="Channel", namespace="urn:channels"),
    shapes.Choice(MEMBERS, flags=True, name="Rights"),
]
KEYS: list[Shape] = [shapes.Text(), shapes.Text(), shapes.Text(), shapes.Integer(32), shapes.Guid()]
NAMES = st.sampled_from(
    ["id", "name", "displayName", "callState", "items", "Zeta", "alpha", "member_2", "über", "from", "class", "x1"]
)

#: Texts that formats stumble over, beside random ones.
HARD_TEXTS = [
    "",
    " ",
    "null",
    "true",
    "0",
    "1.10",
    "{}",
    "[]",
    "{a:1}",
    "[a,b]",
    '"',
    '""',
    "a,b",
    "a:b",
    "a\r\nb",
    "\n",
    "\t",
    " a ",
    "]]>",
    "<a>&amp;",
    "=1+1",
    "\\u0041",
    "é😀",
    "\u2028",
    "_x0041_",
    "a\ufeffb",
]


def make_texts(*, xml: bool = False) -> st.SearchStrategy[str]:
    """Texts; for XML without what XML 1.0 cannot hold, and none with a BOM in front, which bytes would lose."""
    characters = st.characters(exclude_categories=["Cs"])
    if xml:
        characters = st.characters(
            exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
        )
    random = st.text(characters, max_size=8) | st.text(st.sampled_from('"{}[]:,\r\n ab'), max_size=8)
    return (st.sampled_from(HARD_TEXTS) | random).filter(lambda text: not text.startswith("\ufeff"))


@st.composite
def _make_records(draw: st.DrawFn, inner: st.SearchStrategy[Shape]) -> Shape:
    fields = draw(st.dictionaries(NAMES, inner, max_size=5))
    if draw(st.booleans()) and fields:
        fields["children"] = shapes.ListOf(shapes.Reference(lambda: record))
    inherited = draw(st.dictionaries(st.sampled_from(["createdBy", "Date"]), inner, max_size=2))
    base = shapes.Record("Entity", inherited, namespace="urn:base") if inherited else None
    record = shapes.Record(
        "Node",
        {**fields, **inherited},
        base=base,
        namespace=draw(st.sampled_from(["", "urn:a", "urn:b"])),
        ordered=draw(st.booleans()),
    )
    return record


def make_shapes() -> st.SearchStrategy[Shape]:
    """Shapes of every kind, a few levels deep."""
    return st.recursive(
        st.sampled_from(SCALARS),
        lambda inner: (
            st.builds(shapes.ListOf, inner)
            | st.builds(shapes.MapOf, inner, st.sampled_from(KEYS))
            | _make_records(inner)
        ),
        max_leaves=6,
    )


def make_row_shapes() -> st.SearchStrategy[Shape]:
    """Records, lists of them, and records around such a list."""
    record = _make_records(make_shapes()).filter(
        lambda shape: isinstance(shape, shapes.Record) and len(shape.fields) > 1
    )
    page = record.map(lambda row: shapes.Record("Page", {"rows": shapes.ListOf(row)}, rows="rows"))
    return record | st.builds(shapes.ListOf, record) | page


def make_scalars(shape: Shape, *, xml: bool) -> st.SearchStrategy[Any]:
    if isinstance(shape, shapes.Text):
        return make_texts(xml=xml)
    if isinstance(shape, shapes.Integer):
        low, high = (-(1 << shape.bits - 1), (1 << shape.bits - 1) - 1) if shape.signed else (0, (1 << shape.bits) - 1)
        return st.integers(low, high)
    if isinstance(shape, shapes.Choice):
        return st.integers(0, 7) if shape.flags else st.sampled_from([*map(shape.text_of, shape.members)])
    if isinstance(shape, shapes.Character):
        return st.characters(
            exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff", max_codepoint=0xFFFD
        )
    return _PLAIN[type(shape)]


_DECIMALS = st.builds(
    lambda digits, scale: decimal.Decimal(digits).scaleb(-scale), st.integers(-(2**63), 2**63), st.integers(0, 8)
)
_OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)) if minutes else UTC)
_PLAIN: dict[type, st.SearchStrategy[Any]] = {
    shapes.Boolean: st.booleans(),
    shapes.Number: st.floats(allow_nan=False),
    shapes.Decimal: _DECIMALS,
    shapes.Instant: st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC) | _OFFSETS),
    shapes.OffsetInstant: st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC) | _OFFSETS),
    shapes.Day: st.dates(),
    shapes.TimeOfDay: st.times(),
    shapes.Duration: st.timedeltas(),
    shapes.Guid: st.uuids(),
    # An empty value reads back as null in JSV and CSV.
    shapes.Binary: st.binary(min_size=1, max_size=6),
}


def make_values(shape: Shape, *, xml: bool = False, depth: int = 3) -> st.SearchStrategy[Any]:
    """Values of a shape without the losses of any text format: nulls of maps, nulls in lists of records, a list of
    one null. A record's nulls are absent."""
    if isinstance(shape, shapes.Reference):
        shape = shape.record
    if isinstance(shape, shapes.Record):
        fields = {
            name: make_values(field, xml=xml, depth=depth - 1)
            for name, field in shape.fields.items()
            if depth > 0 or not isinstance(field, (shapes.ListOf, shapes.MapOf, shapes.Record))
        }
        return st.fixed_dictionaries({}, optional=fields)
    if isinstance(shape, shapes.ListOf):
        item = make_values(shape.item, xml=xml, depth=depth - 1)
        if not isinstance(shape.item, (shapes.Record, shapes.Reference)):
            item = item | st.none()
        return st.lists(item, max_size=4).filter(lambda items: items != [None])
    if isinstance(shape, shapes.MapOf):
        item = make_values(shape.value, xml=xml, depth=depth - 1)
        return st.dictionaries(make_scalars(shape.key, xml=xml), item, max_size=3)
    return make_scalars(shape, xml=xml)


def strip_nulls(value: Any) -> Any:
    """The value without the nulls of its dicts."""
    if isinstance(value, dict):
        return {key: strip_nulls(item) for key, item in value.items() if item is not None}
    return [strip_nulls(item) for item in value] if isinstance(value, list) else value


def as_object(value: Any, shape: Shape) -> Any:
    """The value with objects for its records, as compiled writers read them."""
    if isinstance(shape, shapes.Reference):
        shape = shape.record
    if value is None:
        return None
    if isinstance(shape, shapes.Record):
        row = type("Row", (), {})()
        for name, field in shape.fields.items():
            setattr(row, shape.attributes.get(name, name), as_object(value.get(name), field))
        return row
    if isinstance(shape, shapes.ListOf):
        return [as_object(item, shape.item) for item in value]
    if isinstance(shape, shapes.MapOf):
        return {key: as_object(item, shape.value) for key, item in value.items()}
    return value
