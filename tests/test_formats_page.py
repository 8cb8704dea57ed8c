"""The commands of docs/formats.rst print what the page shows."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from serializers.registry import default_registry

PAGE = (Path(__file__).parents[1] / "docs" / "formats.rst").read_text()


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^\.\. code-block:: console\n\n((?:    .*\n|\n)+)", PAGE, re.MULTILINE)
    commands = re.split(r"^\$ ", textwrap.dedent(block).strip(), flags=re.MULTILINE)[1:]
    for text in commands:
        command, _, expected = text.partition("\n")
        words = shlex.split(command)
        if words[0] == "echo":
            Path(words[-1]).write_text(words[1])
            continue
        result = CliRunner().invoke(main, words[1:])
        pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
        assert re.fullmatch(pattern, result.stdout.replace("\r\n", "\n").strip(), re.DOTALL), result.output
    assert len(commands) == 4


def test_the_table_has_every_format_with_its_names() -> None:
    lines = [line for line in PAGE.splitlines() if line.count("``") >= 4]
    for serializer in default_registry():
        (line,) = (line for line in lines if f"``.{serializer.name}``" in line)
        assert any(f"``{name}``" in line for name in serializer.media_types)
