"""Which secrets can be guessed."""

from __future__ import annotations

import secrets

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.errors import ConfigurationError
from gateway.settings import Settings
from gateway.strength import PASSWORD, SECRET, is_guessable


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "Password123!",
        "12345678",
        "qwertyuiop",
        "letmein1",
        "p@55w0rd",
        "aaaaaaaa",
        "abababababab",
        "abcdefgh",
        "a" * 1024,
        "ada@example.org",
        "Lovelace1",
        "gateway1",
    ],
)
def test_passwords_that_are_guessed_first(password: str) -> None:
    assert is_guessable(password, PASSWORD, ["ada@example.org", "Ada", "Lovelace", None])


@pytest.mark.parametrize(
    "password", ["correct horse battery", "new password", "\N{PILE OF POO}" * 3 + "ünïcödé", "tr0ub4dor&3", "x7Kq-29vR"]
)
def test_passwords_that_are_not(password: str) -> None:
    assert not is_guessable(password, PASSWORD, ["ada@example.org", "Ada", "Lovelace", None])


WEAK = ["a" * 64, "0123456789abcdef" * 3, "secret" * 8, "password" * 5, "change-me-" * 4, "x" * 31 + "y"]


@pytest.mark.parametrize("secret", WEAK)
@pytest.mark.parametrize("variable", ["GATEWAY_SECRET", "GATEWAY_SECRET_PREVIOUS"])
def test_secrets_without_entropy_stop_the_start(monkeypatch: pytest.MonkeyPatch, secret: str, variable: str) -> None:
    monkeypatch.setenv("GATEWAY_SECRET", secrets.token_urlsafe(32))
    monkeypatch.setenv(variable, secret)
    with pytest.raises(ConfigurationError, match=f"{variable}: can be guessed") as caught:
        Settings.from_environment()
    assert secret not in str(caught.value)


def test_made_secrets_are_good() -> None:
    for _ in range(20):
        assert not is_guessable(secrets.token_hex(16), SECRET)
        assert not is_guessable(secrets.token_urlsafe(32), SECRET)


def test_a_secret_is_told_of_on_one_line() -> None:
    result = CliRunner().invoke(main, ["check-config"], env={"GATEWAY_SECRET": "a" * 40})
    assert result.exit_code == 1
    assert "GATEWAY_SECRET: can be guessed" in result.stderr
