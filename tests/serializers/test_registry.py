"""Formats that other distributions bring, by entry points."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from serializers import jsv
from serializers.base import DEFAULT_LIMITS, STRICT, Limits, Page, Reading, Serializer
from serializers.registry import FORMATS, GROUP, Registry, RegistryError, default_registry, installed
from serializers.shape import Record, Shape, Text

MODULE = """
from serializers.json import Json

class Shouted(Json):
    name = "shouted"
    suffixes = ("shout",)
    media_types = ("application/x-shout",)
    content_type = "application/x-shout"
    begins = ""
    javascript = False

    def writer(self, shape):
        write = super().writer(shape)
        return lambda value: write(value).upper()
"""


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed distribution that brings a format."""
    (tmp_path / "acme_shout.py").write_text(MODULE)
    metadata = tmp_path / "acme_shout-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-shout\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\nshouted = acme_shout:Shouted\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("acme_shout", None)


@pytest.mark.usefixtures("distribution")
def test_an_installed_format() -> None:
    registry = default_registry()
    assert len(registry) == len(FORMATS) + 1
    shout = registry.by_media_type("application/x-shout")
    assert shout is not None
    assert shout is registry.by_suffix("shout") is registry.by_name("SHOUTED")
    record = Record("Row", {"name": Text()})

    class Row:
        name = "a"

    assert shout.writer(record)(Row()) == b'{"NAME":"A"}'


class Same(Serializer):
    name = "jsv"
    suffixes = ("other",)
    media_types = ("application/x-other",)
    content_type = "application/x-other"

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        raise NotImplementedError

    def decode(
        self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, reading: Reading = STRICT
    ) -> Any:
        raise NotImplementedError

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        raise NotImplementedError

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        raise NotImplementedError


def test_a_name_that_another_format_has() -> None:
    with pytest.raises(RegistryError, match="the formats jsv and jsv have the same name: jsv"):
        Registry([jsv.serializer, Same()])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("acme_nowhere:Format", "can't be loaded: No module named 'acme_nowhere'"),
        ("serializers.jsv:Nothing", "can't be loaded"),
        ("builtins:dict", "is a dict, not a Serializer"),
    ],
)
def test_an_entry_point_that_is_no_format(value: str, message: str) -> None:
    with pytest.raises(RegistryError, match=message):
        installed([EntryPoint("broken", value, GROUP)])


def test_no_module_compares_the_name_of_a_format() -> None:
    """What a format can do is data on it."""
    import re

    root = Path(__file__).parents[2]
    comparison = re.compile(r"(?:serializer|best\[5\])\.name\s*(?:==|!=|in\b|not in\b)")
    offenders = [
        str(path)
        for folder in ("gateway", "serializers")
        for path in (root / folder).rglob("*.py")
        if comparison.search(path.read_text())
    ]
    assert offenders == []


def test_json_and_xml_do_not_know_jsv() -> None:
    root = Path(__file__).parents[2] / "serializers"
    modules = [*(root / "json").glob("*.py"), *(root / "xml").glob("*.py"), root / "jsonl.py", root / "msgpack.py"]
    assert [
        path.name for path in modules if "import jsv" in path.read_text() or "serializers.jsv" in path.read_text()
    ] == []
