"""The programs of docs/clients.rst do what the page says. Those in C# and PHP are not run."""

from __future__ import annotations

import re
import subprocess
import textwrap
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.clients.test_clients import HERE, INSTALLED, java, needs, python, run, typescript
from tests.servers import EMAIL, PASSWORD, Gateway

PAGE = (HERE.parents[1] / "docs" / "clients.rst").read_text()
OUTPUT = textwrap.dedent(re.findall(r"program prints::\n\n((?:    .*\n)+)", PAGE)[0])

#: Runs a program in a folder of its own.
Runner = Callable[[Gateway, str, Path], Sequence[str | Path]]


def program(language: str, url: str) -> str:
    """The page's program in a language, for this gateway."""
    (block,) = re.findall(rf"^\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", PAGE, re.MULTILINE)
    assert "ann@example.org" in block
    text = textwrap.dedent(block).replace("https://api.example.org", url)
    text = text.replace("ann@example.org", EMAIL).replace("PASSWORD", PASSWORD)
    return re.sub(r"(?<=[\"'=])ann(?=[\"'&])", EMAIL.partition("@")[0], text)


def types(gateway: Gateway, language: str, path: Path) -> None:
    with urllib.request.urlopen(f"{gateway.url}/types/{language}", timeout=30) as response:
        path.write_bytes(response.read())


def with_curl(gateway: Gateway, text: str, folder: Path) -> Sequence[str | Path]:
    needs("curl", "bash", "python3")
    return ["bash", "-euc", text]


def with_python(gateway: Gateway, text: str, folder: Path) -> Sequence[str | Path]:
    interpreter, _ = python()
    types(gateway, "python", folder / "dtos.py")
    (folder / "client.py").write_text(text)
    return [interpreter, "client.py"]


def with_typescript(gateway: Gateway, text: str, folder: Path) -> Sequence[str | Path]:
    """Without its types the program is JavaScript, and has none of its own."""
    typescript("2")
    (folder / "node_modules").symlink_to(INSTALLED / "typescript2" / "node_modules")
    types(gateway, "mjs", folder / "dtos.mjs")
    (folder / "client.mjs").write_text(text.replace('"./dtos"', '"./dtos.mjs"'))
    return ["node", "client.mjs"]


def with_java(gateway: Gateway, text: str, folder: Path) -> Sequence[str | Path]:
    java()
    libraries = INSTALLED / "java" / "libraries"
    types(gateway, "java", folder / "dtos.java")
    (folder / "Client.java").write_text(text)
    run("javac", "-encoding", "UTF-8", "-nowarn", "-cp", f"{libraries}/*", "dtos.java", "Client.java", cwd=folder)
    return ["java", "-cp", f".:{libraries}/*", "Client"]


@pytest.mark.parametrize(
    ("language", "runner"),
    [("bash", with_curl), ("python", with_python), ("typescript", with_typescript), ("java", with_java)],
    ids=["curl", "python", "typescript", "java"],
)
def test_a_program_of_the_page(gateway: Gateway, language: str, runner: Runner, tmp_path: Path) -> None:
    command = runner(gateway, program(language, gateway.url), tmp_path)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.stdout == OUTPUT, done.stderr[-3000:]


@pytest.mark.parametrize("language", ["csharp", "php"])
def test_the_other_programs_do_the_same_steps(language: str) -> None:
    text = program(language, "https://api.example.org")
    for step in ("Authenticate", "NewSession", "ListSessions", "PatchSession", "EndSession", "WebServiceException"):
        assert step in text
