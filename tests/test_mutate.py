"""The faults that ``make check-deep`` plants."""

from __future__ import annotations

import ast

import pytest

from tests import mutate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", "a <= b"),
        ("a >= b", "a > b"),
        ("a == b", "a != b"),
        ("a in b", "a not in b"),
        ("a is None", "a is not None"),
        ("a and b", "a or b"),
        ("not a", "a"),
        ("a + 1", "a - 1"),
        ("7", "8"),
        ("True", "False"),
        ("int | None", None),
        ("'a' + b", None),
        ("'text'", None),
    ],
)
def test_a_fault(text: str, expected: str | None) -> None:
    changed = mutate.mutated(ast.parse(text, mode="eval").body)
    assert (None if changed is None else ast.unparse(changed)) == expected


@pytest.mark.parametrize("package", mutate.PACKAGES)
def test_the_same_seed_chooses_the_same_faults(package: str) -> None:
    found = mutate.chosen(package, 5, seed=3)
    assert len(found) == 5
    assert found == mutate.chosen(package, 5, seed=3)
    for each in found:
        original = (mutate.ROOT / each.path).read_text()
        assert ast.dump(ast.parse(mutate.source_of(each))) != ast.dump(ast.parse(original))
