"""Lists whose rows are written one by one, as documents that may be known already."""

from __future__ import annotations

from collections import namedtuple
from types import SimpleNamespace
from typing import Any

import pytest

from serializers import json, jsv
from serializers.base import Serializer
from serializers.dialect import Dialect
from serializers.registry import default_registry
from serializers.shape import Integer, ListOf, Record, Text

ROW = Record("Row", {"id": Text(), "note": Text(), "tags": ListOf(Text())})
LIST = Record("List", {"first": Text(), "items": ListOf(ROW), "total": Integer()}, rows="items")
BARE = Record("Bare", {"items": ListOf(ROW)}, rows="items")
Row = namedtuple("Row", ["id", "note", "tags"])

ROWS: list[Any] = [
    Row("a", 'quoted "and", with: marks', ["x", "y,z"]),
    None,
    Row("b", None, []),
    Row("", "\ud800", None),
]
VALUES = [
    SimpleNamespace(first="f", items=ROWS, total=3),
    SimpleNamespace(first=None, items=ROWS[:1], total=None),
    SimpleNamespace(first="f", items=[], total=0),
    SimpleNamespace(first="f", items=None, total=0),
    SimpleNamespace(first=None, items=tuple(ROWS), total=None),
]
DIALECTS = [
    Dialect(),
    Dialect.of("4.5"),
    Dialect(nulls=True),
    Dialect(names="snake", defaults=False),
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("serializer", [json.serializer, jsv.serializer])
@pytest.mark.parametrize("shape", [LIST, BARE])
def test_a_list_of_written_rows_is_the_same_document(serializer: Serializer, dialect: Dialect, shape: Record) -> None:
    serializer_of_dialect = serializer.spelled(dialect)
    write_list = serializer_of_dialect.list_writer(shape, serializer_of_dialect.writer(ROW))
    assert write_list is not None
    write = serializer_of_dialect.writer(shape)
    for value in VALUES:
        assert write_list(value) == write(value)


@pytest.mark.parametrize("serializer", [json.serializer, jsv.serializer])
def test_rows_are_written_by_the_given_function(serializer: Serializer) -> None:
    write_list = serializer.list_writer(BARE, lambda row: f"<{row.id}>".encode())
    assert write_list is not None
    document = write_list(SimpleNamespace(items=[ROWS[0], ROWS[2]]))
    assert document in {b'{"items":[<a>,<b>]}', b"{items:[<a>,<b>]}"}


@pytest.mark.parametrize("serializer", [json.serializer, jsv.serializer])
def test_a_depth_limit_cuts_off_rows_of_lists_earlier(serializer: Serializer) -> None:
    serializer_of_dialect = serializer.spelled(Dialect(depth=2))
    assert serializer_of_dialect.list_writer(LIST, serializer_of_dialect.writer(ROW)) is None


def test_other_formats_write_lists_at_once() -> None:
    names = [
        serializer.name
        for serializer in default_registry()
        if serializer.list_writer(LIST, serializer.writer(ROW)) is not None
    ]
    assert names == ["json", "jsv"]
