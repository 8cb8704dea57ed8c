"""docs/asvs.rst points to tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "asvs.rst"
ROW = re.compile(r"^   \* - (.+)\n((?:     (?:-|  ).*\n?)+)", re.MULTILINE)
STATES = ("Met", "**Not met**", "Does not apply")


def rows() -> list[tuple[str, list[str]]]:
    """The number of each row, and its further cells."""
    found = []
    for number, rest in ROW.findall(PAGE.read_text()):
        cells = [" ".join(each.split()) for each in re.split(r"^     -", rest, flags=re.MULTILINE)[1:]]
        if number != "Number":
            found.append((number, cells))
    return found


def test_every_chapter_has_rows() -> None:
    chapters = {number.partition(".")[0] for number, _ in rows()}
    assert chapters == {str(each) for each in (*range(1, 11), *range(12, 17))}


@pytest.mark.parametrize(("number", "cells"), rows(), ids=[number for number, _ in rows()])
def test_a_row_points_to_what_is_there(number: str, cells: list[str]) -> None:
    _, state, how, evidence = cells
    assert state in STATES
    assert how
    named = re.findall(r"``([^`]+)``", evidence)
    assert bool(named) == (state == "Met") or state == "**Not met**"
    for each in named:
        path, _, name = each.partition("::")
        file = ROOT / path if path.startswith("docs/") else ROOT / "tests" / path
        assert file.is_file(), each
        assert not name or re.search(rf"def {name}\(", file.read_text()), each
