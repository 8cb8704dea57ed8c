"""The documentation is read as it stands: every page is reStructuredText without a fault, and its links lead somewhere."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

import pytest
from docutils.core import publish_doctree
from docutils.utils import Reporter

import gateway
from gateway import Access, Service, rows, wsgi
from gateway.http.testing import Client

ROOT = Path(__file__).parents[1]
_REFERENCE = (ROOT / "docs" / "reference.rst").read_text()
#: What a test calls of a client: its own methods, and Falcon's by verb.
_CLIENT = {"acting_as", "call", "close", "delete", "get", "patch", "post", "put", "request", "unit"}
_FRONT = [ROOT / name for name in ("README.rst", "CHANGES.rst", "CONTRIBUTING.rst", "SECURITY.rst")]
PAGES = [*_FRONT, *sorted((ROOT / "docs").glob("*.rst"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page(page: Path) -> None:
    # Code is not highlighted: that would take another package.
    settings = {"halt_level": Reporter.WARNING_LEVEL, "syntax_highlight": "none", "file_insertion_enabled": False}
    publish_doctree(page.read_text(), source_path=str(page), settings_overrides=settings)
    for link in re.findall(r"`[^`<]+<([^`>]+)>`_", page.read_text()):
        assert "://" in link or (page.parent / link.partition("#")[0]).exists(), link


def test_the_readme_names_every_page() -> None:
    readme = (ROOT / "README.rst").read_text()
    assert [page.name for page in PAGES[len(_FRONT) :] if f"docs/{page.name}" not in readme] == []


def _names_of_section(page: str, title: str) -> set[str]:
    """The names in the first column of a section's table, those of a cell over several lines too."""
    section = re.split(rf"^{re.escape(title)}\n-+\n", page, flags=re.MULTILINE)[1]
    section = re.split(r"^\S.*\n-+\n", section, flags=re.MULTILINE)[0]
    table = [line for line in section.splitlines() if line.startswith("``")]
    return {name for line in table for name in re.findall(r"``(\w+)``", re.split(r"  (?! )", line)[0])}


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("gateway", set(gateway.__all__)),
        ("gateway.rows", set(rows.__all__)),
        ("Service", {name for name, value in vars(Service).items() if callable(value) and not name.startswith("_")}),
        ("Client", _CLIENT),
    ],
)
def test_the_reference_lists_the_public_names(title: str, names: set[str]) -> None:
    assert _names_of_section(_REFERENCE, title) == names


def test_public_names_have_docstrings() -> None:
    documented = [getattr(gateway, name) for name in gateway.__all__ if not isinstance(getattr(gateway, name), Access)]
    documented += [getattr(Service, name) for name in _names_of_section(_REFERENCE, "Service")]
    documented += [getattr(Client, name) for name in _CLIENT]
    assert [value for value in documented if not value.__doc__] == []


def test_the_example_of_the_readme_is_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"here ``hello.py``::\n\n((?:    .*\n|\n)+)", (ROOT / "README.rst").read_text())
    (tmp_path / "hello_of_readme.py").write_text(textwrap.dedent(block))
    monkeypatch.syspath_prepend(tmp_path)
    with wsgi.load("hello_of_readme:hello").client() as client:
        assert client.get("/hello/Ada").json == "Hello, Ada!"
    del sys.modules["hello_of_readme"]
