"""Contracts of other products (`tests.importing.contracts.OTHERS`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.importing.assembly import is_provided
from tests.commands.test_new import run
from tests.importing import contracts


@pytest.mark.parametrize("name", contracts.OTHERS)
def test_declarations_are_the_contract(name: str) -> None:
    read = contracts.read(contracts.OTHERS[name].read_text(), name)
    assert contracts.plain(contracts.declared(read.contract)) == contracts.plain(read.contract)
    assert any(is_provided(info) for info in read.contract.types.values())


@pytest.mark.parametrize("name", contracts.OTHERS)
def test_a_package_is_clean(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["import", str(contracts.OTHERS[name]), "--package", "gallery"])
    assert done.exit_code == 0, done.output
    run(tmp_path / "gallery", "ruff", "format", "--isolated", "--check", "gallery/dtos.py")
    run(tmp_path / "gallery", "ruff", "check", "--isolated", ".")
