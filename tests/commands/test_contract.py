"""``gateway types``, ``routes`` and ``openapi`` print what a server answers."""

from __future__ import annotations

import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.metadata import types
from tests.servers import Gateway
from tests.sessions_api import catalog


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def get_body(gateway: Gateway, path: str) -> bytes:
    with urllib.request.urlopen(gateway.url + path, timeout=20) as response:
        body: bytes = response.read()
    return body


@pytest.mark.parametrize("language", types.LANGUAGES)
def test_types(lasting_gateway: Gateway, language: str) -> None:
    output = run("types", language, "--base-url", lasting_gateway.url).stdout_bytes
    assert output == get_body(lasting_gateway, f"/types/{language}")
    assert b"NewSession" in output


def test_part_of_the_types(lasting_gateway: Gateway) -> None:
    query = {"Package": "org.example", "IncludeTypes": "NewSession.*,GetSession", "ExcludeTypes": "FlowChannels"}
    flags = ["--include", query["IncludeTypes"], "--exclude", query["ExcludeTypes"], "--option", "package=org.example"]
    output = run("types", "java", *flags, "--base-url", lasting_gateway.url).stdout_bytes
    assert output == get_body(lasting_gateway, f"/types/java?{urlencode(query)}")
    assert b"package org.example;" in output
    assert b"enum FlowChannels" not in output


def test_other_names_of_languages(lasting_gateway: Gateway) -> None:
    assert run("types", "ts", "--base-url", lasting_gateway.url).stdout_bytes == get_body(
        lasting_gateway, "/types/typescript"
    )


def test_unknown_languages_and_options() -> None:
    done = run("types", "klingon")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "csharp, typescript" in done.stderr
    done = run("types", "java", "--option", "MakePartial=True")
    assert done.exit_code == 2
    assert "no 'MakePartial' in java" in done.stderr
    assert "SettersReturnThis" in done.stderr


def test_openapi(lasting_gateway: Gateway) -> None:
    output = run("openapi", "--base-url", lasting_gateway.url).stdout_bytes
    assert output == get_body(lasting_gateway, "/openapi.json")
    assert output.startswith(b'{"openapi":"3.1.0",')


def test_routes() -> None:
    lines = run("routes").stdout.splitlines()
    assert len(lines) == sum(len(operation.routes) for operation in catalog)
    assert lines == sorted(lines, key=lambda line: line.split()[1])
    rows = {tuple(line.split(maxsplit=3)) for line in lines}
    assert ("POST", "/sessions", "NewSession", "User") in rows
    assert ("GET,POST,DELETE", "/auth", "Authenticate", "anyone") in rows
    assert ("GET", "/accounts", "ListAccounts", "signed in") in rows


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all' ({path}, line 1)"),
        ("def (", "SyntaxError: invalid syntax (broken.py, line 1)"),
        ("\nraise RuntimeError('no luck')", "RuntimeError: no luck ({path}, line 2)"),
        (
            "from gateway import DtoEnum\nclass Level(DtoEnum):\n    Low = 1",
            "TypeError: Level: 1 is not a text; write member(number=1) for a number ({path}, line 2)",
        ),
    ],
)
def test_a_module_that_cannot_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, told: str
) -> None:
    """One line says what is wrong, and where in the service's own files."""
    path = tmp_path / "broken.py"
    path.write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "broken", raising=False)
    monkeypatch.setenv("GATEWAY_SERVICE", "")
    done = run("check", "broken:service")
    assert done.exit_code == 1
    assert done.stderr == f"gateway: the module 'broken' can't be imported: {told.format(path=path)}\n"
