"""Generated types in the hands of the languages' own compilers, and of unmodified clients."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gateway.contract.typeinfo import Contract
from gateway.metadata import types
from gateway.metadata.languages.options import Options
from tests.metadata import awkward, compilers, recorded, tools
from tests.metadata.conftest import BASE_URL
from tests.servers import API_KEY, Gateway

#: Options that change what a document is made of, for the languages that have them.
GIVEN = [
    ("IncludeTypes", "ListSessions.*,EndSession.*,Authenticate.*"),
    ("AddResponseStatus", "True"),
    ("AddImplicitVersion", "3"),
    ("AddDescriptionAsComments", "False"),
    ("AddDataContractAttributes", "True"),
    ("AddIndexesToDataMembers", "True"),
    ("MakeDataContractsExtensible", "True"),
    ("InitializeCollections", "False"),
    ("MakePropertiesOptional", "True"),
    ("MakePartial", "False"),
    ("MakeVirtual", "False"),
    ("SettersReturnThis", "False"),
]


def written(language: str, contract: Contract, folder: Path, *given: tuple[str, str]) -> Path:
    """The file of a language's types."""
    known = types.language(language)
    path = folder / f"dtos.{known.suffix}"
    path.write_text(types.generate(language, contract, Options.of(given, BASE_URL, "2026-01-01 00:00:00")))
    return path


@pytest.mark.parametrize("language", compilers.CHECKS)
def test_the_api(language: str, contract: Contract, tmp_path: Path) -> None:
    compilers.CHECKS[language](written(language, contract, tmp_path))


@pytest.mark.parametrize("language", compilers.CHECKS)
def test_part_of_it_with_options(language: str, contract: Contract, tmp_path: Path) -> None:
    compilers.CHECKS[language](written(language, contract, tmp_path, *GIVEN))


@pytest.mark.parametrize("language", compilers.CHECKS)
def test_values_that_are_never_null(language: str, tmp_path: Path) -> None:
    given = [
        ("MakePropertiesOptional", "False"),
        ("InitializeCollections", "True"),
        ("TreatTypesAsStrings", "FlowChannels"),
        ("AddGeneratedCodeAttributes", "True"),
        ("AddDataContractAttributes", "True"),
    ]
    compilers.CHECKS[language](written(language, recorded.contract(), tmp_path, *given))


@pytest.mark.parametrize("language", compilers.CHECKS)
def test_awkward_names_and_texts(language: str, tmp_path: Path) -> None:
    compilers.CHECKS[language](written(language, awkward.contract(), tmp_path))


def test_gofmt(contract: Contract, tmp_path: Path) -> None:
    tools.needs("gofmt")
    assert tools.run("gofmt", "-l", written("go", contract, tmp_path), cwd=tmp_path) == ""


def environment(gateway: Gateway) -> dict[str, str]:
    return {**os.environ, "URL": gateway.url, "KEY": API_KEY}


def test_a_round_trip_in_java(lasting_gateway: Gateway, contract: Contract, tmp_path: Path) -> None:
    libraries = tools.jars()
    sources = [written("java", contract, tmp_path), tools.CLIENTS / "java" / "RoundTrip.java"]
    tools.run("javac", "-encoding", "UTF-8", "-nowarn", "-cp", libraries, "-d", tmp_path, *sources, cwd=tmp_path)
    command = ["java", "-cp", f"{tmp_path}:{libraries}", "RoundTrip"]
    told = tools.run(*command, cwd=tmp_path, env=environment(lasting_gateway))
    assert told.splitlines()[-1] == "From Java Chat false true Agent"


def test_a_round_trip_in_typescript(lasting_gateway: Gateway, contract: Contract, tmp_path: Path) -> None:
    folder = tools.npm_folder(tmp_path)
    written("typescript", contract, folder)
    shutil.copy(tools.CLIENTS / "npm" / "roundtrip.ts", folder)
    tsc = ["npx", "tsc", "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"]
    tools.run(*tsc, "roundtrip.ts", cwd=folder)
    told = tools.run("node", "roundtrip.js", cwd=folder, env=environment(lasting_gateway))
    assert told.splitlines()[-1] == "From TypeScript Chat false true Agent"


def test_a_round_trip_in_python(lasting_gateway: Gateway, contract: Contract, tmp_path: Path) -> None:
    interpreter = tools.python()
    written("python", contract, tmp_path)
    shutil.copy(tools.CLIENTS / "python" / "roundtrip.py", tmp_path)
    told = tools.run(interpreter, "roundtrip.py", cwd=tmp_path, env=environment(lasting_gateway))
    assert told.splitlines()[-1] == "From Python Chat False True Agent"


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
    command = tools.npm() / "node_modules" / ".bin" / tool
    quiet = {**os.environ, "SERVICESTACK_TELEMETRY_OPTOUT": "1"}
    tools.run(command, lasting_gateway.url, cwd=tmp_path, env=quiet)
    file = tmp_path / REFERENCES[tool]
    if not file.exists():
        file = next(tmp_path.iterdir())
    whole = file.read_text()
    assert f"BaseUrl: {lasting_gateway.url}" in whole
    assert "ListSessions" in whole
    if tool == "fsharp-ref":
        # To update a file the tool looks for the end of a C comment, which F# does not have; it sends the whole file along.
        return
    off = "''" if tool == "vbnet-ref" else "//"
    file.write_text(whole.replace(f"{off}IncludeTypes:", "IncludeTypes: NewSession.*"))
    tools.run(command, file.name, cwd=tmp_path, env=quiet)
    part = file.read_text()
    assert "IncludeTypes: NewSession.*" in part
    assert "SessionMemberInfo" in part
    assert "ListSessions" not in part
