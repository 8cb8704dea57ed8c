"""Which way imports go is checked over every module: a wrong import is refused, wherever it is, and so is a module without a layer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the packages and of their rules."""
    copy = tmp_path_factory.mktemp("tree")
    for package in ("gateway", "serializers", "models"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", copy)
    yield copy
    shutil.rmtree(copy)


def lint(tree: Path) -> tuple[int, str]:
    """The exit status and what import-linter prints."""
    process = subprocess.run(
        [sys.executable, "-c", _LINT],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": "."},
    )
    return process.returncode, process.stdout + process.stderr


def test_the_tree_keeps_its_rules(tree: Path) -> None:
    status, printed = lint(tree)
    assert status == 0, printed


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("gateway/metadata/pages.py", "import falcon"),
        ("gateway/metadata/openapi.py", "import gateway.http.app"),
        ("gateway/serving/heap.py", "import gateway.http.app"),
        ("gateway/errors.py", "import gateway.settings"),
        ("gateway/addresses.py", "import gateway.contract.dto"),
        ("gateway/origins.py", "import falcon"),
        ("gateway/contract/naming.py", "import gateway.sessions.declared"),
        ("gateway/users/tokens.py", "import gateway.sessions.sessions"),
        ("gateway/http/routing.py", "import gateway.users.tokens"),
        ("gateway/sessions/sessions.py", "import gateway.metadata.pages"),
        ("gateway/sessions/sessions.py", "from gateway.contract.dto import Dto"),
        ("gateway/sessions/sessions.py", "import serializers.jsv"),
        ("gateway/sessions/sessions.py", "import marshmallow"),
        ("gateway/http/routing.py", "import marshmallow"),
        ("gateway/http/routing.py", "import peewee"),
        ("gateway/http/routing.py", "import gateway.wsgi"),
        ("gateway/wsgi.py", "import environs"),
        ("gateway/serving/worker.py", "import falcon"),
        ("gateway/commands/contract.py", "import gunicorn.glogging"),
        ("serializers/jsv/__init__.py", "import brotli"),
        ("serializers/shape.py", "import models.engine.ids"),
        ("models/engine/ids.py", "import serializers.shape"),
        ("models/engine/ids.py", "import structlog"),
        ("models/engine/ids.py", "import models.users.tables"),
        ("models/users/user.py", "import models.sessions.tables"),
        ("gateway/rows.py", "import gateway.http.app"),
        ("models/sessions/account.py", "import models.users.tables"),
    ],
)
def test_a_wrong_import_is_refused(tree: Path, module: str, statement: str) -> None:
    path = tree / module
    original = path.read_text()
    try:
        path.write_text(f"{original}\n{statement}\n")
        status, printed = lint(tree)
    finally:
        path.write_text(original)
    assert status == 1, printed
    assert "BROKEN" in printed
    assert path.relative_to(tree).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__") in printed


def test_a_module_without_a_layer_is_refused(tree: Path) -> None:
    stray = tree / "gateway" / "stray.py"
    try:
        stray.write_text('"""A module that no layer names."""\n')
        status, printed = lint(tree)
    finally:
        stray.unlink()
    assert status == 1
    assert "stray" in printed


def test_no_library_is_forgotten() -> None:
    """What the server needs is forbidden to the serializers, and to the models but for their own."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    required = config["options"]["install_requires"].split("\n")
    names = {requirement.split()[0].lower() for requirement in required if requirement.strip()}
    imported = {"argon2-cffi": "argon2", "prometheus-client": "prometheus_client", "pyjwt": "jwt"}
    for contract, own_libraries in (("serializers", set[str]()), ("models", {"peewee"})):
        forbidden = {*config[f"importlinter:contract:{contract}"]["forbidden_modules"].split()}
        assert {imported.get(name, name) for name in names} - own_libraries <= forbidden
