"""The tutorial is true: its files are written, its commands are run, and they print what the page shows."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.commands.new import create
from tests.servers import end, free_port, needs, wait_until

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorial.rst").read_text()
_BLOCK = re.compile(r"^\.\. code-block:: (python|console)\n\n((?:    .*\n|\n)+)", re.MULTILINE)
#: Files that the page shows as ``gateway new`` writes them.
_WRITTEN = ("models.py", "migrations/m0001_first.py", "service.py", "customers.py")


def list_blocks() -> Iterator[tuple[str, str]]:
    """Kind and text of each block of the page."""
    for kind, text in _BLOCK.findall(PAGE):
        yield kind, textwrap.dedent(text).strip("\n") + "\n"


def list_commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console's block, and what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed.rstrip("\n")


@dataclass
class Reader:
    """Somebody who follows the page in a folder."""

    folder: Path
    environment: Mapping[str, str]
    port: int
    server: subprocess.Popen[bytes] | None = None
    names: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        name, _, content = text.partition("\n")
        path = self.folder / name.removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        self.names.append(name)

    def run(self, command: str) -> str:
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
            return ""
        if command.startswith("gateway serve "):
            self.serve(command)
            return ""
        process = subprocess.run(
            ["bash", "-c", command.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}").replace("curl ", "curl -sS ")],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert process.returncode == 0, f"{command}\n{process.stdout}{process.stderr}"
        return process.stdout

    def serve(self, command: str) -> None:
        self.stop()
        with (self.folder / "output.txt").open("wb") as output:
            self.server = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_until(self._is_up, command, self.server)

    def _is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        if self.server is not None:
            assert end(self.server) == 0
            self.server = None


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """In an empty folder, with the programs that an installation has."""
    needs("curl", "bash")
    programs, folder, port = tmp_path / "bin", tmp_path / "empty", free_port()
    programs.mkdir()
    folder.mkdir()
    for name, arguments in (("gateway", "gateway"), ("pytest", "pytest -p gateway.fixtures -p no:cacheprovider")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m {arguments} "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GATEWAY_BIND": f"127.0.0.1:{port}",
        "GATEWAY_WORKERS": "1",
    }
    reader = Reader(folder, environment, port)
    yield reader
    if reader.server is not None:
        end(reader.server)


def matches(expected: str, printed: str) -> bool:
    """Whether the page shows what was printed; ``…`` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in expected.split("…"))
    return re.fullmatch(pattern, printed.replace("\r\n", "\n").rstrip("\n"), re.DOTALL) is not None


def test_the_page(reader: Reader, tmp_path: Path) -> None:
    problems: list[str] = []
    for kind, text in list_blocks():
        if kind == "python":
            reader.write(text)
            continue
        for command, expected in list_commands(text):
            printed = reader.run(command)
            assert matches(expected, printed), f"$ {command}\n{printed}\nThe page shows:\n{expected}"
        if "hello:hello" in text:
            files = {path.name for path in reader.folder.iterdir()}
            assert files - {"__pycache__", "output.txt"} == {"hello.py"}, "a service without tables writes no file"
    reader.stop()
    assert not problems, "\n".join(problems)
    assert {name.removeprefix("# ") for name in reader.names} >= {"hello.py", "shop.py", "test_shop.py"}


def test_the_page_shows_the_package_as_it_is_written(tmp_path: Path) -> None:
    texts = {text.partition("\n")[0].removeprefix("# "): text.partition("\n")[2] for kind, text in list_blocks()}
    folder = create("acme", tmp_path)
    for name in _WRITTEN:
        assert texts[f"acme/{name}"] == (folder / "acme" / name).read_text(), name


def test_the_files_of_the_page_are_tidy(tmp_path: Path) -> None:
    for kind, text in list_blocks():
        if kind == "python":
            path = tmp_path / text.partition("\n")[0].removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.partition("\n")[2])
    process = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "."], cwd=tmp_path, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stdout
