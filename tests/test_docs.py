"""The documentation is read as it stands: every page is reStructuredText without a fault, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docutils.core import publish_doctree
from docutils.utils import Reporter

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.rst", ROOT / "CHANGES.rst", *sorted((ROOT / "docs").glob("*.rst"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page(page: Path) -> None:
    # Code is not highlighted: that would take another package.
    settings = {"halt_level": Reporter.WARNING_LEVEL, "syntax_highlight": "none", "file_insertion_enabled": False}
    publish_doctree(page.read_text(), source_path=str(page), settings_overrides=settings)
    for link in re.findall(r"`[^`<]+<([^`>]+)>`_", page.read_text()):
        assert "://" in link or (page.parent / link.partition("#")[0]).exists(), link


def test_the_readme_names_every_page() -> None:
    readme = (ROOT / "README.rst").read_text()
    assert [page.name for page in PAGES[2:] if f"docs/{page.name}" not in readme] == []
