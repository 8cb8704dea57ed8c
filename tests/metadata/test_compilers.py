"""Generated types in the hands of the languages' own compilers."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.contract.typeinfo import Contract
from tests.metadata import awkward, compilers, recorded, tools
from tests.metadata.tools import write_types

#: Options that change what a document is made of, for the languages that have them.
GIVEN = [
    ("IncludeTypes", "ListSessions.*,EndSession.*,Authenticate.*,Voice.Api.Accounts/*"),
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


@pytest.mark.parametrize("language", compilers.CHECKS)
def test_the_api(language: str, contract: Contract, tmp_path: Path) -> None:
    compilers.CHECKS[language](write_types(language, contract, tmp_path))


@pytest.mark.parametrize("language", compilers.CHECKS)
def test_selected_types_with_options(language: str, contract: Contract, tmp_path: Path) -> None:
    compilers.CHECKS[language](write_types(language, contract, tmp_path, *GIVEN))


@pytest.mark.parametrize("language", compilers.CHECKS)
def test_values_that_are_never_null(language: str, tmp_path: Path) -> None:
    options = [
        ("MakePropertiesOptional", "False"),
        ("InitializeCollections", "True"),
        ("TreatTypesAsStrings", "FlowChannels"),
        ("AddGeneratedCodeAttributes", "True"),
        ("AddDataContractAttributes", "True"),
    ]
    compilers.CHECKS[language](write_types(language, recorded.contract(), tmp_path, *options))


@pytest.mark.parametrize("language", compilers.CHECKS)
def test_awkward_names_and_texts(language: str, tmp_path: Path) -> None:
    compilers.CHECKS[language](write_types(language, awkward.contract(), tmp_path))


@pytest.mark.parametrize("language", ["typescript", "mjs", "python", "swift"])
def test_types_as_a_later_version_writes_them(language: str, tmp_path: Path) -> None:
    compilers.CHECKS[language](write_types(language, recorded.contract(), tmp_path, ("version", "10.1")))


def test_gofmt(contract: Contract, tmp_path: Path) -> None:
    tools.needs("gofmt")
    assert tools.run("gofmt", "-l", write_types("go", contract, tmp_path), cwd=tmp_path) == ""
