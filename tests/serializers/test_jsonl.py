"""JSON lines: where a mistake is, counted over the lines."""

from __future__ import annotations

import pytest

from serializers import jsonl
from serializers.base import COMPATIBLE, Limits
from serializers.errors import DecodeError
from serializers.shape import Integer, ListOf, Record


@pytest.mark.parametrize(
    ("text", "position", "line", "column"),
    [
        ("x", 0, 1, 1),
        ("\nx", 1, 2, 1),
        ("1\nx", 2, 2, 1),
        ('{"a":1}\n\n[1,\n', 12, 3, 4),
        ('"äö"\r\n  \r\n[1 x', 13, 3, 4),
    ],
)
def test_the_position_of_a_mistake(text: str, position: int, line: int, column: int) -> None:
    with pytest.raises(DecodeError) as caught:
        jsonl.loads(text)
    assert (caught.value.position, caught.value.line, caught.value.column) == (position, line, column)


@pytest.mark.parametrize(("text", "path"), [('{"a":1}\n\n{"a":"x"}', "[1].a"), ('{"a":"x"}', "[0].a")])
def test_the_path_of_a_mistake_counts_values_not_lines(text: str, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        jsonl.loads(text, ListOf(Record("Row", {"a": Integer()})))
    assert caught.value.path == path


def test_the_line_that_has_one_value_too_many() -> None:
    assert jsonl.loads("1\n2\n", limits=Limits(items=2)) == [1, 2]
    with pytest.raises(DecodeError) as caught:
        jsonl.loads("1\n2\n\n3\n", limits=Limits(items=2))
    assert (caught.value.position, caught.value.line) == (5, 4)


@pytest.mark.parametrize(("text", "line", "column"), [('{"a":1}{"a":2}', 1, 8), ('{"a":1}\n{"a":2} x\n{"a":3}', 2, 9)])
def test_a_line_has_one_document_in_relaxed_reading_too(text: str, line: int, column: int) -> None:
    for shape in (None, ListOf(Record("Row", {"a": Integer()}))):
        with pytest.raises(DecodeError) as caught:
            jsonl.loads(text, shape, reading=COMPATIBLE)
        assert (caught.value.line, caught.value.column) == (line, column)
