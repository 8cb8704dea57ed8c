"""docs/asvs.rst points to tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "asvs.rst"
ROW = re.compile(r"^   \* - (.+)\n((?:     (?:-|  ).*\n?)+)", re.MULTILINE)
STATES = ("Met", "**Not met**", "Does not apply")


def list_rows() -> list[tuple[str, list[str]]]:
    """The number of each row, and its further cells."""
    table = []
    for number, text in ROW.findall(PAGE.read_text()):
        cells = [" ".join(cell.split()) for cell in re.split(r"^     -", text, flags=re.MULTILINE)[1:]]
        if number != "Number":
            table.append((number, cells))
    return table


def test_every_chapter_has_rows() -> None:
    chapters = {number.partition(".")[0] for number, _ in list_rows()}
    assert chapters == {str(chapter) for chapter in (*range(1, 11), *range(12, 17))}


@pytest.mark.parametrize(("number", "cells"), list_rows(), ids=[number for number, _ in list_rows()])
def test_a_row_points_to_what_is_there(number: str, cells: list[str]) -> None:
    _, state, how, evidence = cells
    assert state in STATES
    assert how
    references = re.findall(r"``([^`]+)``", evidence)
    assert bool(references) == (state == "Met") or state == "**Not met**"
    for reference in references:
        path, _, name = reference.partition("::")
        file = ROOT / path if path.startswith("docs/") else ROOT / "tests" / path
        assert file.is_file(), reference
        assert not name or re.search(rf"def {name}\(", file.read_text()), reference
