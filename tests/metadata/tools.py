"""Compilers and interpreters, each with what it needs beside it. Installed things are kept between runs."""

from __future__ import annotations

import shutil
import subprocess
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CLIENTS = HERE / "clients"
ROOT = HERE.parents[1]
INSTALLED = ROOT / "build" / "metadata"


def needs(*programs: str) -> None:
    """Skip where a program is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def found(program: str) -> str:
    """Where a program is."""
    needs(program)
    return str(shutil.which(program))


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """What a command prints; the test fails with it where the command does."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def npm() -> Path:
    """The folder of the npm packages."""
    needs("node", "npm")
    source, folder = CLIENTS / "npm", INSTALLED / "npm"
    lock = (source / "package-lock.json").read_bytes()
    if not (folder / "installed").exists() or (folder / "installed").read_bytes() != lock:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder / name)
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)
        (folder / "installed").write_bytes(lock)
    return folder


def npm_folder(tmp_path: Path) -> Path:
    """An empty folder in which node finds the packages."""
    (tmp_path / "node_modules").symlink_to(npm() / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return tmp_path


def jars() -> str:
    """The class path of Maven's net.servicestack:client."""
    needs("java", "javac", "mvn")
    folder = INSTALLED / "java"
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        pom = ROOT / "tests" / "clients" / "java" / "pom.xml"
        command = ["mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        run(*command, "-f", pom, cwd=folder)
        (folder / "installed").touch()
    return ":".join(str(each) for each in sorted(folder.glob("*.jar")))


def python() -> Path:
    """A Python with PyPI's servicestack and mypy."""
    folder = INSTALLED / "python"
    requirements = ROOT / "tests" / "clients" / "python" / "requirements.txt"
    if not (folder / "installed").exists():
        venv.create(folder, with_pip=True, clear=True)
        run(folder / "bin" / "pip", "install", "--quiet", "-r", requirements, "mypy>=2.4,<3", cwd=HERE)
        (folder / "installed").touch()
    return folder / "bin" / "python"


def compile_java(source: Path) -> None:
    """javac, with the client library."""
    run("javac", "-encoding", "UTF-8", "-nowarn", "-cp", jars(), "-d", source.parent, source, cwd=source.parent)


def compile_kotlin(source: Path) -> None:
    """kotlinc, with the client library."""
    needs("kotlinc")
    run("kotlinc", "-nowarn", "-cp", jars(), "-d", source.parent / "classes", source, cwd=source.parent)


def compile_csharp(source: Path) -> None:
    """Mono's mcs, with stubs for the attributes."""
    needs("mcs")
    run("mcs", "-target:library", "-out:dtos.dll", source, CLIENTS / "csharp" / "Stubs.cs", cwd=source.parent)


def compile_typescript(source: Path) -> None:
    """tsc, strictly; and once more with its checks of the file itself on, but for members that the constructor sets."""
    folder = npm_folder(source.parent)
    tsc = ["npx", "tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"]
    run(*tsc, source, cwd=folder)
    checked = folder / f"checked-{source.name}"
    checked.write_text(source.read_text().replace("// @ts-nocheck", ""))
    run(*tsc, "--strictPropertyInitialization", "false", checked, cwd=folder)


def check_javascript(source: Path) -> None:
    """Node loads the module; tsc reads its comments."""
    folder = npm_folder(source.parent)
    run("node", "--input-type=module", "-e", f"await import('{source}')", cwd=folder)
    run("npx", "tsc", "--noEmit", "--allowJs", "--checkJs", "--target", "es2022", source, cwd=folder)


def check_python(source: Path) -> None:
    """Python imports it without a warning; mypy, with the client library's own annotations, finds nothing."""
    interpreter = python()
    run(interpreter, "-W", "error", "-c", "import dtos", cwd=source.parent)
    run(interpreter, "-m", "mypy", "--follow-untyped-imports", source, cwd=source.parent)


def check_php(source: Path) -> None:
    """php -l."""
    needs("php")
    run("php", "-l", source, cwd=source.parent)


def check_ruby(source: Path) -> None:
    """ruby -c, with warnings; and it is loaded, with a stub in place of the gem."""
    needs("ruby")
    assert "warn" not in run("ruby", "-w", "-c", source, cwd=source.parent)
    run("ruby", "-w", "-r", CLIENTS / "ruby_stub.rb", source, cwd=source.parent)


def check_go(source: Path) -> None:
    """go vet."""
    needs("go")
    (source.parent / "go.mod").write_text("module dtos\n\ngo 1.18\n")
    run("go", "vet", "./...", cwd=source.parent)


def check_rust(source: Path) -> None:
    """cargo check, with serde."""
    needs("cargo")
    shutil.copy(CLIENTS / "rust" / "Cargo.toml", source.parent / "Cargo.toml")
    run("cargo", "check", "--quiet", "--target-dir", INSTALLED / "rust", cwd=source.parent)


#: Languages with a compiler or interpreter at hand: what reads the document.
CHECKS: Mapping[str, Callable[[Path], None]] = {
    "java": compile_java,
    "kotlin": compile_kotlin,
    "csharp": compile_csharp,
    "typescript": compile_typescript,
    "typescript.d": compile_typescript,
    "mjs": check_javascript,
    "python": check_python,
    "php": check_php,
    "ruby": check_ruby,
    "go": check_go,
    "rust": check_rust,
}
