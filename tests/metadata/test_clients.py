"""Generated types in the hands of unmodified clients: sessions made and read, and ServiceStack's tool from npm."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gateway.contract.typeinfo import Contract
from tests.metadata import tools
from tests.metadata.tools import write_types
from tests.servers import API_KEY, Gateway


def build_environment(gateway: Gateway) -> dict[str, str]:
    return {**os.environ, "URL": gateway.url, "KEY": API_KEY}


def test_a_round_trip_in_java(lasting_gateway: Gateway, contract: Contract, tmp_path: Path) -> None:
    libraries = tools.install_jars()
    sources = [write_types("java", contract, tmp_path), tools.CLIENTS / "java" / "RoundTrip.java"]
    tools.javac(tmp_path, *sources)
    command = ["java", "-cp", f"{tmp_path}:{libraries}", "RoundTrip"]
    output = tools.run(*command, cwd=tmp_path, env=build_environment(lasting_gateway))
    assert output.splitlines()[-1] == "From Java Chat false true Agent 1 true"


def test_a_round_trip_in_typescript(lasting_gateway: Gateway, contract: Contract, tmp_path: Path) -> None:
    folder = tools.make_npm_folder(tmp_path)
    write_types("typescript", contract, folder)
    shutil.copy(tools.CLIENTS / "npm" / "roundtrip.ts", folder)
    tsc = ["npx", "tsc", "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"]
    tools.run(*tsc, "roundtrip.ts", cwd=folder)
    output = tools.run("node", "roundtrip.js", cwd=folder, env=build_environment(lasting_gateway))
    assert output.splitlines()[-1] == "From TypeScript Chat false true Agent 1 true"


def test_a_round_trip_in_python(lasting_gateway: Gateway, contract: Contract, tmp_path: Path) -> None:
    interpreter = tools.install_python()
    write_types("python", contract, tmp_path)
    shutil.copy(tools.CLIENTS / "python" / "roundtrip.py", tmp_path)
    output = tools.run(interpreter, "roundtrip.py", cwd=tmp_path, env=build_environment(lasting_gateway))
    assert output.splitlines()[-1] == "From Python Chat False True Agent 1 True"


REFERENCES = {
    "typescript-ref": "dtos.ts",
    "typescriptd-ref": "dtos.d.ts",
    "csharp-ref": "dtos.cs",
    "java-ref": "dtos.java",
    "kotlin-ref": "dtos.kt",
    "swift-ref": "dtos.swift",
    "dart-ref": "dtos.dart",
    "fsharp-ref": "dtos.fs",
    "vbnet-ref": "dtos.vb",
}


@pytest.mark.parametrize("tool", REFERENCES)
def test_servicestack_cli_adds_and_updates_a_client(lasting_gateway: Gateway, tool: str, tmp_path: Path) -> None:
    command = tools.install_npm() / "node_modules" / ".bin" / tool
    quiet = {**os.environ, "SERVICESTACK_TELEMETRY_OPTOUT": "1"}
    tools.run(command, lasting_gateway.url, cwd=tmp_path, env=quiet)
    file = tmp_path / REFERENCES[tool]
    if not file.exists():
        file = next(tmp_path.iterdir())
    full_text = file.read_text()
    assert f"BaseUrl: {lasting_gateway.url}" in full_text
    assert "ListSessions" in full_text
    if tool == "fsharp-ref":
        # To update a file the tool looks for the end of a C comment, which F# does not have; it sends the whole file along.
        return
    off = "''" if tool == "vbnet-ref" else "//"
    file.write_text(full_text.replace(f"{off}IncludeTypes:", "IncludeTypes: NewSession.*"))
    tools.run(command, file.name, cwd=tmp_path, env=quiet)
    part = file.read_text()
    assert "IncludeTypes: NewSession.*" in part
    assert "SessionMemberInfo" in part
    assert "ListSessions" not in part
