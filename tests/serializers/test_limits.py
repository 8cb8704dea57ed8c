"""What a reader accepts, to the last byte, level, item and name, in every format."""

from __future__ import annotations

from typing import Any

import pytest

from serializers.base import Limits
from serializers.errors import DecodeError
from serializers.registry import default_registry
from serializers.rows import BLOCK_BYTES, blocks
from serializers.shape import ListOf, Record, Shape, Text

NUMBERS = ListOf(Text())
REGISTRY = default_registry()


def accepts(name: str, document: str, shape: Shape | None, **limits: int) -> bool:
    serializer = REGISTRY.by_name(name)
    assert serializer is not None
    try:
        serializer.decode(document.encode(), shape, limits=Limits(**limits))
    except DecodeError:
        return False
    return True


def xml(items: int) -> str:
    return "<ArrayOfstring>" + "<string>x</string>" * items + "</ArrayOfstring>"


TEXTS: dict[str, Any] = {
    "json": lambda items: "[" + ",".join(['"x"'] * items) + "]",
    "jsv": lambda items: "[" + ",".join(["x"] * items) + "]",
    "xml": xml,
}


@pytest.mark.parametrize("name", TEXTS)
def test_items(name: str) -> None:
    assert accepts(name, TEXTS[name](10), NUMBERS, items=10)
    assert not accepts(name, TEXTS[name](11), NUMBERS, items=10)


@pytest.mark.parametrize("text", ['["a,b,c","d"]', '["a,b,c",d]'])
def test_commas_in_quotes_are_no_items(text: str) -> None:
    assert accepts("jsv", text, NUMBERS, items=2)
    assert not accepts("jsv", text, NUMBERS, items=1)


@pytest.mark.parametrize("name", TEXTS)
def test_bytes(name: str) -> None:
    document = TEXTS[name](3)
    assert accepts(name, document, NUMBERS, bytes=len(document))
    assert not accepts(name, document, NUMBERS, bytes=len(document) - 1)


@pytest.mark.parametrize(
    ("name", "opening", "closing"), [("json", "[", "]"), ("jsv", "[", "]"), ("xml", "<a>", "</a>")]
)
def test_depth(name: str, opening: str, closing: str) -> None:
    levels = [accepts(name, opening * depth + closing * depth, None, depth=8) for depth in range(1, 12)]
    # One level is the last one.
    assert levels == sorted(levels, reverse=True)
    assert levels.count(True) in (8, 9)


def test_depth_of_xml() -> None:
    shape = Record("A", {"b": Record("B", {"c": Text()})})
    document = "<A><b><c>x</c></b></A>"
    assert accepts("xml", document, shape, depth=2)
    assert not accepts("xml", document, shape, depth=1)


def measure_blocks(lengths: list[int]) -> list[int]:
    """How many bytes each block of a document with rows of so many bytes has."""
    return [len(block) for block in blocks("[", lengths, lambda length: "x" * length, ",", lambda: "]")]


def test_a_block_of_a_stream_ends_at_its_bytes() -> None:
    assert BLOCK_BYTES == 64 * 1024
    # The first block is as short as it can be; later ones end with the row that fills them.
    assert measure_blocks([1] * 3)[0] < 8
    half = BLOCK_BYTES // 2
    sizes = measure_blocks([1, half, half, half, half, 1])
    assert max(sizes) <= BLOCK_BYTES + 4
    assert measure_blocks([1, BLOCK_BYTES, BLOCK_BYTES])[1:3] == [BLOCK_BYTES + 1, BLOCK_BYTES + 1]
