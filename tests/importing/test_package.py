"""``gateway import`` writes a package that runs, brings it up to date, and leaves alone what people wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from docutils.core import publish_doctree
from docutils.utils import Reporter

from gateway.cli import main
from gateway.importing.package import MARK
from tests.commands.test_new import run
from tests.importing.test_metadata_json import document, operation, prop, record


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_source(here: Path, value: Any) -> str:
    path = here / "contract.json"
    path.write_text(json.dumps(value))
    return str(path)


def run_import(*arguments: str, status: int = 0, text: str | None = None) -> str:
    result = CliRunner().invoke(main, ["import", *arguments], input=text)
    assert result.exit_code == status, result.output
    return result.output


ORDER = document(
    operation("NewOrder", prop("Name", "String"), prop("Size", "Point", isValueType=True), requiredRoles=["Clerk"]),
    operation("FindOrder", requiresAuth=False, returnType={"name": "Order"}),
    types=[record("Order", prop("Name", "String"))],
)


def test_a_package(here: Path) -> None:
    output = run_import(write_source(here, ORDER), "--package", "shop")
    assert "2 operations, 3 types" in output
    assert "not in the declarations: 1 x Point is not declared in the document" in output
    folder = here / "shop"
    assert "5 passed" in run(folder, "pytest", "-q", "-p", "gateway.fixtures", "-p", "no:cacheprovider")
    run(folder, "ruff", "check", "--isolated", ".")
    run(folder, "ruff", "format", "--isolated", "--check", ".")
    assert "2 operations, no faults" in run(folder, "gateway", "check", "shop.service:service")
    routes = run(folder, "gateway", "routes", "shop.service:service")
    assert "NewOrder   Clerk" in routes
    assert "FindOrder  anyone" in routes
    readme = (folder / "README.rst").read_text()
    assert "NewOrder.Size" in readme
    publish_doctree(readme, settings_overrides={"halt_level": Reporter.WARNING_LEVEL, "report_level": 2})


def test_operations_return_501_until_they_are_written(here: Path) -> None:
    run_import(write_source(here, ORDER), "--package", "shop")
    script = """
from gateway import Principal
from shop.service import service
client = service.client(as_=Principal.of("ada", roles=["Clerk"]))
response = client.post("/api/NewOrder", json={})
refused = service.client().post("/api/NewOrder", json={})
print(response.status_code, response.json["responseStatus"]["errorCode"])
print(refused.status_code)
"""
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=here / "shop",
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines()[-2:] == ["501 NotImplemented", "401"]


def test_importing_again_keeps_edited_modules(here: Path) -> None:
    path = write_source(here, ORDER)
    run_import(path, "--package", "shop")
    folder = here / "shop"
    use_cases = folder / "shop" / "use_cases.py"
    use_cases.write_text(use_cases.read_text() + "\n# mine\n")
    readme = folder / "README.rst"
    readme.write_text("My shop\n=======\n" + readme.read_text())
    assert "wrote nothing new" in run_import(path, "--package", "shop")

    order = json.loads(json.dumps(ORDER))
    order["operations"].append(operation("DropOrder", requiredRoles=["Boss"]))
    order["operations"][0]["request"]["properties"][0]["type"] = "Int32"
    path = write_source(here, order)
    before = {path: path.read_bytes() for path in folder.rglob("*.py")}
    output = run_import(path, "--package", "shop", "--check", status=1)
    assert output.splitlines() == [
        "new operation DropOrder",
        "new type DropOrder",
        "NewOrder.Name was String, is Int32, never null",
    ]
    assert {path: path.read_bytes() for path in folder.rglob("*.py")} == before

    monkey = os.getcwd()
    os.chdir(folder)
    try:
        assert "new operation DropOrder" in run_import(path, "--package", "shop")
        assert run_import(path, "--package", "shop", "--check") == "nothing changed\n"
    finally:
        os.chdir(monkey)
    assert use_cases.read_text().endswith("# mine\n")
    assert readme.read_text().startswith("My shop")
    assert '"Boss"' in (folder / "shop" / "roles.py").read_text()
    assert "3 operations, no faults" in run(folder, "gateway", "check", "shop.service:service")
    assert not list(folder.rglob("*.new"))


def test_an_edited_module_is_not_replaced(here: Path) -> None:
    path = write_source(here, ORDER)
    run_import(path, "--package", "shop")
    dtos = here / "shop" / "shop" / "dtos.py"
    dtos.write_text(dtos.read_text().replace('"Clerk"', '"Boss"'))
    output = run_import(path, "--package", "shop", status=1)
    assert "was edited since it was imported" in output
    assert '"Boss"' in dtos.read_text()


def test_a_readme_without_its_mark_is_left_alone(here: Path) -> None:
    path = write_source(here, ORDER)
    run_import(path, "--package", "shop")
    readme = here / "shop" / "README.rst"
    readme.write_text(readme.read_text().partition(MARK)[0])
    path = write_source(here, document(*ORDER["operations"][:1]))
    assert "operation FindOrder is gone" in run_import(path, "--package", "shop")
    assert MARK not in readme.read_text()


@pytest.mark.parametrize("name", ["class", "Shop", "json", "tests", "x" * 31])
def test_names_of_packages(here: Path, name: str) -> None:
    run_import(write_source(here, ORDER), "--package", name, status=1)
    assert [*here.iterdir()] == [here / "contract.json"]


def test_nothing_is_half_written(here: Path) -> None:
    run_import(write_source(here, document(operation("Ask"), operation("ask"))), "--package", "shop", status=1)
    assert [*here.iterdir()] == [here / "contract.json"]
    (here / "shop").mkdir()
    assert "exists already" in run_import(write_source(here, ORDER), "--package", "shop", status=1)
    assert not [*(here / "shop").iterdir()]


def test_check_needs_a_package(here: Path) -> None:
    assert "import the contract without --check first" in run_import(write_source(here, ORDER), "--check", status=1)


def test_standard_input(here: Path) -> None:
    output = run_import("-", "--package", "shop", text=json.dumps(ORDER))
    assert "2 operations" in output
    assert "standard input" in (here / "shop" / "README.rst").read_text()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the document is empty"),
        (b"\xff\x00\xfa", "not a text in utf-8"),
        (b"[" + b" " * 10_000_000 + b"]", "longer than the limit of 10000000 bytes"),
    ],
)
def test_documents_that_cannot_be_imported(here: Path, data: bytes, message: str) -> None:
    (here / "contract.json").write_bytes(data)
    assert message in run_import("contract.json", status=1)
    assert "No such file" in run_import("nothing.json", status=1)


def test_the_name_and_the_dialect_of_a_host(here: Path) -> None:
    app = {"app": {"serviceName": "Acme Shop!", "serviceStackVersion": "5.81"}, "api": ORDER}
    run_import(write_source(here, app))
    assert 'dialect=Dialect.of("5.81")' in (here / "acme_shop" / "acme_shop" / "declared.py").read_text()
    run(here / "acme_shop", "gateway", "check", "acme_shop.service:service")


def test_texts_cannot_leave_their_literals(here: Path) -> None:
    nasty = '"""\nimport os\\\n$name ${x} *`|_ \u2028 \x00 \''
    ask_operation = operation("Ask", prop("A", "String", description=nasty))
    ask_operation["request"] |= {"description": nasty, "routes": [{"path": "/a/{A}"}]}
    app = {"app": {"serviceName": nasty}, "api": document(ask_operation)}
    run_import(write_source(here, app), "--package", "shop")
    assert "1 operation, no faults" in run(here / "shop", "gateway", "check", "shop.service:service")
