"""Contracts of other products (`tests.importing.contracts.OTHERS`)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.importing import loading
from gateway.importing.assembly import is_provided
from gateway.service import Service
from gateway.users.part import Users
from tests.commands.test_new import run
from tests.importing import contracts
from tests.importing.test_users import add_handlers


@pytest.mark.parametrize("name", contracts.OTHERS)
def test_declarations_are_the_contract(name: str) -> None:
    read = contracts.read(contracts.OTHERS[name].read_text(), name)
    assert contracts.make_comparable(contracts.declare(read.contract)) == contracts.make_comparable(read.contract)
    assert any(is_provided(info) for info in read.contract.types.values())


@pytest.mark.parametrize("name", contracts.OTHERS)
def test_a_package_is_clean(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["import", str(contracts.OTHERS[name]), "--package", "gallery"])
    assert result.exit_code == 0, result.output
    run(tmp_path / "gallery", "ruff", "format", "--isolated", "--check", "gallery/dtos.py")
    run(tmp_path / "gallery", "ruff", "check", "--isolated", ".")


@pytest.mark.parametrize("name", contracts.OTHERS)
def test_opaque_data_comes_back(name: str) -> None:
    document = json.loads(contracts.OTHERS[name].read_text())
    theirs = document.get("api", document)["operations"]
    read = contracts.read(contracts.OTHERS[name].read_text(), name)
    ours = {
        operation["request"]["name"]: operation
        for operation in contracts.build_metadata(contracts.declare(read.contract))["operations"]
    }
    for operation in theirs:
        our_operation = ours[operation["request"]["name"]]
        for key in ("ui", "viewModel", "dataModel"):
            assert our_operation.get(key) == operation.get(key)
        assert {key: our_operation["request"].get(key) for key in ("icon", "notes")} == {
            key: operation["request"].get(key) for key in ("icon", "notes")
        }
        members = {field["name"]: field for field in our_operation["request"].get("properties", ())}
        for member in operation["request"].get("properties", ()):
            assert members[member["name"]].get("input") == member.get("input")
            assert members[member["name"]].get("ref") == member.get("ref")
    assert not any("a type" in kind and "argument" in kind for kind in read.losses.positions)


@pytest.mark.parametrize("name", contracts.OTHERS)
def test_a_contract_lives_together_with_users(name: str) -> None:
    read = contracts.read(contracts.OTHERS[name].read_text(), name)
    service = Service("Shop", roles=loading.list_roles(read.contract))
    service.use(Users())
    loading.execute(contracts.write_module(read.contract), "written", service)
    add_handlers(service).catalog.check()
    assert read.contract.by_name.keys() <= service.catalog.operations.keys()
