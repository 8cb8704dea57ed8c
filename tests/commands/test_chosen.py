"""The service that a command is about: MODULE:ATTRIBUTE on the command line, wherever it is, or GATEWAY_SERVICE."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main

MODULE = """
from gateway import ANYONE, Dto, Service

{name} = Service("{name} of a test", roles=["Clerk"])

@{name}.get("/{name}", returns=str, access=ANYONE)
class {name}Operation(Dto):
    pass

{name}.handles({name}Operation)(lambda request, context: "")
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chosen_services.py").write_text(MODULE.format(name="One") + MODULE.format(name="Two"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    # What a command sets is undone with it.
    monkeypatch.setenv("GATEWAY_SERVICE", "chosen_services:Two")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("routes", "chosen_services:One"),
        ("types", "chosen_services:One", "python"),
        ("types", "python", "chosen_services:One"),
        ("types", "python", "--base-url", "http://x", "chosen_services:One"),
        ("types", "python", "chosen_services:One", "--base-url", "http://x"),
        ("openapi", "--base-url=http://x", "chosen_services:One"),
    ],
)
def test_on_the_command_line(arguments: tuple[str, ...]) -> None:
    output = run(*arguments).stdout
    assert "OneOperation" in output
    assert "TwoOperation" not in output


def test_of_the_environment() -> None:
    assert "TwoOperation" in run("routes").stdout


def test_the_value_of_an_option_is_not_a_service() -> None:
    done = run("openapi", "--base-url", "chosen_services:One")
    assert done.exit_code == 0, done.output
    assert "chosen_services:One" in done.stdout
    assert "TwoOperation" in done.stdout


def test_the_field_of_a_mask_is_not_a_service() -> None:
    done = run("front", "http://127.0.0.1:1", "--mask", "chosen_services:One", "--typed", "Absent")
    assert "TwoOperation" in run("routes").stdout
    assert "names chosen_services, which is not an operation" in done.stderr


def test_a_front_takes_it_between_the_url_and_options() -> None:
    done = run("front", "http://127.0.0.1:1", "chosen_services:One", "--typed", "TwoOperation")
    assert "OneOperation" in run("routes").stdout
    assert "TwoOperation" in done.stderr


def test_a_password_is_not_a_service() -> None:
    done = run("user", "add", "bob@example.org", "--password", "chosen_services:One")
    assert "Two of a test has no users" in done.stderr


@pytest.mark.parametrize("command", ["serve", "check", "migrate", "types", "user", "convert", "check-config"])
def test_help_names_it(command: str) -> None:
    assert f" {command} [MODULE:ATTRIBUTE] [OPTIONS]" in run(command, "--help").stdout
    assert "MODULE:ATTRIBUTE" in run("--help").stdout
