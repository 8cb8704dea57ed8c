"""Calls that the explorer wrote, each language's made into a program and compiled or run against the generated types."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.metadata import compilers, dotnet, tools


@dataclass(frozen=True, slots=True)
class Call:
    """A call as code.

    :ivar name: which it is: letters, digits and underscores.
    """

    name: str
    code: str


def _write_program(calls: Sequence[Call], head: str, form: str, foot: str = "") -> str:
    """All calls in one file, each in a function of its own; ``NAME`` and ``CODE`` stand for them in the form."""
    return head + "".join(form.replace("NAME", call.name).replace("CODE", call.code) for call in calls) + foot


def _write_beside(types: Path, name: str, text: str) -> Path:
    path = types.parent / name
    path.write_text(text)
    return path


def _write_apart(types: Path, calls: Sequence[Call], suffix: str) -> list[Path]:
    """A file for each call, for those that bring their imports along."""
    return [_write_beside(types, f"{call.name}.{suffix}", call.code) for call in calls]


def _select_generated(types: Path, calls: Sequence[Call]) -> list[Call]:
    """The calls whose requests are generated; ServiceStack's own come with its client library."""
    generated = set(re.findall(r"\b(?:class|type) (\w+)", types.read_text(), re.IGNORECASE))
    generated_calls = [call for call in calls if call.name.partition("_")[0] in generated]
    assert len(generated_calls) > len(calls) // 2
    return generated_calls


def java(types: Path, calls: Sequence[Call]) -> None:
    """javac, with the client library."""
    head = "import java.util.*;\nimport net.servicestack.client.*;\nclass Calls {\n"
    program = _write_beside(types, "Calls.java", _write_program(calls, head, "static void NAME() {\nCODE\n}\n", "}\n"))
    tools.javac(types.parent, types, program)


def kotlin(types: Path, calls: Sequence[Call]) -> None:
    """kotlinc, with the client library."""
    text = _write_program(calls, "import net.servicestack.client.*\n", "fun NAME() {\nCODE\n}\n")
    files = [types, _write_beside(types, "calls.kt", text)]
    tools.kotlinc(types.parent, *files)


def csharp(types: Path, calls: Sequence[Call]) -> None:
    """Microsoft's csc, with a stub of the client."""
    spaces = dict.fromkeys(line.split()[1] for line in types.read_text().splitlines() if line.startswith("namespace "))
    head = "".join(f"using {namespace};\n" for namespace in ["System.Collections.Generic", "ServiceStack", *spaces])
    text = _write_program(
        _select_generated(types, calls), head + "class Calls {\n", "static void NAME() {\nCODE\n}\n", "}\n"
    )
    dotnet.compile_csharp(types, _write_beside(types, "calls.cs", text))


def vbnet(types: Path, calls: Sequence[Call]) -> None:
    """Microsoft's vbc, strictly, with a stub of the client."""
    lines = types.read_text().splitlines()
    spaces = dict.fromkeys(line.split()[1] for line in lines if line.startswith("    Namespace "))
    head = "".join(f"Imports {namespace}\n" for namespace in ["System.Collections.Generic", "ServiceStack", *spaces])
    head = f"Option Strict On\nOption Infer On\n{head}Module Calls\n"
    text = _write_program(_select_generated(types, calls), head, "Sub NAME()\nCODE\nEnd Sub\n", "End Module\n")
    dotnet.compile_vbnet(types, _write_beside(types, "calls.vb", text))


def fsharp(types: Path, calls: Sequence[Call]) -> None:
    """Microsoft's fsc, with a stub of the client."""
    space = next(line.split()[-1] for line in types.read_text().splitlines() if line.startswith("namespace "))
    head = f"module Calls\nopen System\nopen System.Collections.Generic\nopen ServiceStack\nopen {space}\n"
    inner = [Call(call.name, call.code.replace("\n", "\n    ")) for call in _select_generated(types, calls)]
    text = _write_program(inner, head, "let NAME () =\n    CODE\n    ()\n")
    dotnet.compile_fsharp(types, _write_beside(types, "calls.fs", text))


def typescript(types: Path, calls: Sequence[Call]) -> None:
    """tsc, strictly, with the client library."""
    folder = tools.make_npm_folder(types.parent)
    tsc = ["npx", "tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "esnext"]
    tools.run(*tsc, "--moduleResolution", "bundler", *_write_apart(types, calls, "ts"), cwd=folder)


def mjs(types: Path, calls: Sequence[Call]) -> None:
    """tsc, which reads the comments of the types, with the client library."""
    folder = tools.make_npm_folder(types.parent)
    tsc = ["npx", "tsc", "--noEmit", "--allowJs", "--checkJs", "--target", "es2022", "--module", "esnext"]
    tools.run(*tsc, "--moduleResolution", "bundler", *_write_apart(types, calls, "mjs"), cwd=folder)


def python(types: Path, calls: Sequence[Call]) -> None:
    """mypy, with the client library."""
    # The library brings this DTO along, and its class doesn't name the type of the response.
    typed = [call for call in calls if not call.name.startswith("UpdateEventSubscriber_")]
    tools.run(
        tools.install_python(),
        "-m",
        "mypy",
        "--follow-untyped-imports",
        *_write_apart(types, typed, "py"),
        cwd=types.parent,
    )


def php(types: Path, calls: Sequence[Call]) -> None:
    """PHP makes each request, with a stub of the client."""
    tools.needs("php")
    head = f"<?php namespace dtos;\nuse ServiceStack\\JsonServiceClient;\nrequire '{tools.CLIENTS}/php_stub.php';\n"
    text = _write_program(calls, head + "require 'dtos.php';\n", "(function () {\nCODE\n})();\n", "echo 'done';\n")
    assert tools.run("php", _write_beside(types, "calls.php", text), cwd=types.parent) == "done"


def ruby(types: Path, calls: Sequence[Call]) -> None:
    """Ruby makes each request, with a stub of the gem."""
    tools.needs("ruby")
    text = _write_program(calls, "require './dtos'\n", "lambda do\nCODE\nend.call\n", "puts :done\n")
    program = _write_beside(types, "calls.rb", text)
    assert tools.run("ruby", "-r", tools.CLIENTS / "ruby_stub.rb", program, cwd=types.parent) == "done\n"


def go(types: Path, calls: Sequence[Call]) -> None:
    """go vet, with a stub of the package."""
    tools.needs("go")
    folder = types.parent
    _write_beside(types, "go.mod", "module calls\n\ngo 1.21\n")
    for name, file in (("dtos", types), ("servicestack", tools.CLIENTS / "go_stub.go")):
        (folder / name).mkdir()
        shutil.copy(file, folder / name / f"{name}.go")
    types.unlink()
    head = (
        'package calls\n\nimport (\n"calls/dtos"\n"calls/servicestack"\n)\n'
        "func ptr[T any](value T) *T { return &value }\n"
    )
    answered = [Call(call.name, call.code + "\n_ = response" * ("response" in call.code)) for call in calls]
    _write_beside(types, "calls.go", _write_program(answered, head, "func NAME() error {\nCODE\nreturn err\n}\n"))
    tools.run("go", "vet", "./...", cwd=folder)


def rust(types: Path, calls: Sequence[Call]) -> None:
    """cargo check, with a stub of the crate."""
    form = "#[allow(unused)]\npub async fn NAME() -> std::result::Result<(), ()> {\nCODE\nOk(())\n}\n"
    types.write_text(_write_program(calls, types.read_text(), form))
    compilers.check_rust(types)


#: What a language's calls are tried with; Dart's and Swift's client libraries are for compilers that are not to be had.
TRIED: Mapping[str, Callable[[Path, Sequence[Call]], None]] = {
    compiler.__name__: compiler
    for compiler in (java, kotlin, csharp, vbnet, fsharp, typescript, mjs, python, php, ruby, go, rust)
}
