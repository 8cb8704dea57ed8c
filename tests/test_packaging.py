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


def test_the_readme_has_every_setting_and_no_other() -> None:
    documented = re.findall(r"^``(GATEWAY_[A-Z_]+)``", (ROOT / "README.rst").read_text(), re.MULTILINE)
    assert documented == [each.metadata["variable"] for each in fields(Settings)]


def test_the_settings_of_a_service_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (ROOT / "deploy" / "env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert set(given) <= {each.metadata["variable"] for each in fields(Settings)}
    for name, value in {**given, "GATEWAY_SECRET": "secret-of-these-tests-0123456789abcdef"}.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_environment().log == given["GATEWAY_LOG"]


def test_the_changes_name_this_version() -> None:
    assert metadata.version("sessions-gateway") in (ROOT / "CHANGES.rst").read_text()
