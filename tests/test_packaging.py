"""What the distribution and its documents promise."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import metadata
from pathlib import Path

import pytest

from gateway.settings import Settings

ROOT = Path(__file__).parents[1]


def test_our_distribution_alone_owns_its_import_names() -> None:
    owners = metadata.packages_distributions()
    for name in ("gateway", "models", "serializers"):
        assert set(owners.get(name, ["sessions-gateway"])) == {"sessions-gateway"}


def _documented(page: str) -> dict[str, tuple[str, str]]:
    """The settings in a page's tables: variable, its default and its meaning."""
    rows = re.findall(r"^``(GATEWAY_[A-Z_]+)``  +(.+?)  +(.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert len({name for name, _, _ in rows}) == len(rows)
    return {name: (default, meaning) for name, default, meaning in rows}


def test_every_setting_is_documented() -> None:
    settings = _documented("docs/settings.rst")
    assert set(settings) == {field.metadata["variable"] for field in fields(Settings)}
    assert _documented("README.rst").items() <= settings.items()


def test_documented_defaults_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (field.metadata["variable"] for field in fields(Settings)):
        monkeypatch.delenv(name, raising=False)
    unset = Settings.from_environment()
    for name, (default, _) in _documented("docs/settings.rst").items():
        if default.startswith("``"):
            monkeypatch.setenv(name, default.strip("`"))
            assert Settings.from_environment() == unset, name


def test_the_command_explains_settings_as_their_page_does() -> None:
    documented = {name: meaning.replace("``", "") for name, (_, meaning) in _documented("docs/settings.rst").items()}
    assert documented == {field.metadata["variable"]: field.metadata["help"] for field in fields(Settings)}


def test_the_settings_of_a_service_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (ROOT / "deploy" / "env.example").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert set(variables) <= {field.metadata["variable"] for field in fields(Settings)}
    for name, value in {**variables, "GATEWAY_SECRET": "secret-of-these-tests-0123456789abcdef"}.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_environment().log == variables["GATEWAY_LOG"]


def test_the_changes_name_this_version() -> None:
    assert metadata.version("sessions-gateway") in (ROOT / "CHANGES.rst").read_text()
