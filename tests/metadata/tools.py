"""What compilers and clients need beside them; it is installed once and kept between runs."""

from __future__ import annotations

import shutil
import subprocess
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gateway.contract.typeinfo import Contract
from gateway.metadata import types
from gateway.metadata.languages.options import Options
from tests import installed
from tests.metadata import BASE_URL

HERE = Path(__file__).parent
CLIENTS = HERE / "clients"
ROOT = HERE.parents[1]
INSTALLED = ROOT / "build" / "metadata"
#: PERF: compilers end before the second compiler of the JVM pays.
_JVM = ("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC")


def needs(*programs: str) -> None:
    """Skip where a program is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def find_program(program: str) -> str:
    """Where a program is."""
    needs(program)
    return str(shutil.which(program))


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """What a command prints; the test fails with it where the command does."""
    result = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
    )
    assert result.returncode == 0, f"{command}\n{result.stdout[-4000:]}{result.stderr[-4000:]}"
    return result.stdout


def keep_installed(name: str, fingerprint: str, install: Callable[[Path], None]) -> Path:
    """A folder with what is installed into it, anew where something else is wanted than the last time."""
    return installed.kept(INSTALLED / name, fingerprint, install)


def install_npm() -> Path:
    """The folder of the npm packages."""
    needs("node", "npm")
    source = CLIENTS / "npm"

    def install(folder: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder / name)
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)

    return keep_installed("npm", (source / "package-lock.json").read_text(), install)


def make_npm_folder(tmp_path: Path) -> Path:
    """An empty folder in which node finds the packages."""
    (tmp_path / "node_modules").symlink_to(install_npm() / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return tmp_path


def install_jars() -> str:
    """The class path of Maven's net.servicestack:client."""
    needs("java", "javac", "mvn")
    pom = ROOT / "tests" / "clients" / "java" / "pom.xml"

    def install(folder: Path) -> None:
        command = ["mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        run(*command, "-f", pom, cwd=folder)

    return ":".join(str(path) for path in sorted(keep_installed("java", pom.read_text(), install).glob("*.jar")))


def javac(folder: Path, *sources: Path) -> None:
    """Compile Java with the client library, into a folder."""
    run("javac", *_JVM, "-encoding", "UTF-8", "-nowarn", "-cp", install_jars(), "-d", folder, *sources, cwd=folder)


def kotlinc(folder: Path, *sources: Path) -> None:
    """Compile Kotlin with the client library, into the folder's ``classes``."""
    needs("kotlinc")
    run("kotlinc", *_JVM, "-nowarn", "-cp", install_jars(), "-d", folder / "classes", *sources, cwd=folder)


def install_python() -> Path:
    """A Python with PyPI's servicestack, mypy, and a parser of Swift."""
    requirements = [ROOT / "tests" / "clients" / "python" / "requirements.txt", CLIENTS / "python" / "requirements.txt"]

    def install(folder: Path) -> None:
        venv.create(folder, with_pip=True)
        listed = [part for requirement in requirements for part in ("-r", str(requirement))]
        run(folder / "bin" / "pip", "install", "--quiet", *listed, cwd=HERE)

    return (
        keep_installed("python", "".join(requirement.read_text() for requirement in requirements), install)
        / "bin"
        / "python"
    )


def write_types(language: str, contract: Contract, folder: Path, *options: tuple[str, str]) -> Path:
    """The file of a language's types."""
    generator = types.find_language(language)
    path = folder / f"dtos.{generator.suffix}"
    path.write_text(types.generate(language, contract, Options.of(options, BASE_URL, "2026-01-01 00:00:00")))
    return path
