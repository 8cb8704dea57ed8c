"""``gateway new`` writes a package that works as it is, and nothing where it can't."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from docutils.core import publish_doctree
from docutils.utils import Reporter

from gateway.cli import main
from gateway.commands.new import NotCreated, create
from tests.servers import end, free_port, wait_until

ROOT = Path(__file__).parents[2]


def run(folder: Path, *arguments: str) -> str:
    """What a module of Python prints in a folder, without settings of ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "PYTEST", "COV"))}
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["acme", "z", "a_shop_of_a_very_long_name_000"])
def test_a_package(tmp_path: Path, name: str) -> None:
    folder = create(name, tmp_path)
    assert "5 passed" in run(folder, "pytest", "-q", "-p", "gateway.fixtures", "-p", "no:cacheprovider")
    assert not list(folder.glob("*.db*"))
    run(folder, "ruff", "check", "--isolated", ".")
    assert f"tables: {name}" in run(folder, "gateway", "check", f"{name}.service:service")
    assert "/customers/{Id}  GetCustomer" in run(folder, "gateway", "routes", f"{name}.service:service")
    settings = {"halt_level": Reporter.WARNING_LEVEL}
    publish_doctree((folder / "README.rst").read_text(), settings_overrides=settings)


def test_it_is_formatted(tmp_path: Path) -> None:
    run(create("acme", tmp_path), "ruff", "format", "--isolated", "--check", ".")


def test_it_serves(tmp_path: Path) -> None:
    port = free_port()
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "new", "acme"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "gateway serve acme.service:service" in done.stdout
    output = tmp_path / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", "acme.service:service"],
            cwd=tmp_path / "acme",
            env={"PYTHONPATH": str(ROOT), "GATEWAY_BIND": f"127.0.0.1:{port}", "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
        try:
            wait_until(lambda: "Listening at" in output.read_text(), "the new service", process)
            body = b'{"name":"Ada","email":"ada@example.org"}'
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/customers", body, {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=30) as response:
                customer = json.load(response)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/customers.csv", timeout=30) as response:
                assert response.read().decode().splitlines()[1] == f"{customer['id']},Ada,ada@example.org"
        finally:
            assert end(process) == 0
    assert not (tmp_path / "acme" / "gateway.db.secret").exists(), "it signs no tokens"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Acme", "for instance acme"),
        ("my-shop", "for instance my_shop"),
        ("../acme", "not a name for a package"),
        ("/tmp/acme", "not a name for a package"),
        ("", "not a name for a package"),
        ("1st", "not a name for a package"),
        ("a" * 31, "30 at most"),
        ("ünï", "not a name for a package"),
        ("a b", "for instance a_b"),
        ("class", "a keyword of Python"),
        ("match", "a keyword of Python"),
        ("json", "there is a module 'json' already"),
        ("gateway", "there is a module 'gateway' already"),
        ("peewee", "there is a module 'peewee' already"),
        ("tests", "there is a module 'tests' already"),
    ],
)
def test_other_names(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(NotCreated) as caught:
        create(name, tmp_path)
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme").mkdir()
    done = CliRunner().invoke(main, ["new", "acme"])
    assert done.exit_code == 1
    assert "acme exists already; nothing was written" in done.stderr
    assert list((tmp_path / "acme").iterdir()) == []
    (tmp_path / "shop").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotCreated, match="exists already"):
        create("shop", tmp_path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotCreated, match="can't be written: No such file or directory"):
        create("acme", tmp_path / "nowhere")
