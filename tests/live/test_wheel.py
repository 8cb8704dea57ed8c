"""The wheel that is built from the checkout is complete, and works outside of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import end, free_port, needs, wait_until

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "models", "serializers")


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """Run a command that must succeed, in an environment without settings of the gateway or of Python; return its output."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "PYTHON"))}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**clean, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


@dataclass(frozen=True)
class Built:
    """The wheel and the source distribution.

    :ivar packaged: the files of the packages in the checkout from which they were built.
    """

    wheel: Path
    sdist: Path
    packaged: frozenset[str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The distributions, built from a copy of the files that git tracks, because an old ``build/lib`` would leak into the wheel."""
    needs("git")
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of git's")
    folder = tmp_path_factory.mktemp("built")
    tracked_names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    files = [name for name in tracked_names if name and (ROOT / name).is_file()]
    for name in files:
        copy = folder / "source" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy)
    # The wheel is built from the source distribution, which tests that, too.
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", cwd=folder / "source")
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    return Built(wheel, sdist, frozenset(name for name in files if name.split("/")[0] in PACKAGES))


def test_the_wheel_has_every_file_of_the_packages_and_no_other(built: Built) -> None:
    names = {name for name in zipfile.ZipFile(built.wheel).namelist() if ".dist-info/" not in name}
    assert names == built.packaged
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    for folder in ("gateway/metadata/templates/", "gateway/commands/templates/"):
        assert any(name.startswith(folder) for name in names)


def test_an_index_takes_the_metadata_and_shows_the_readme(built: Built) -> None:
    output = run(sys.executable, "-m", "twine", "check", "--strict", built.wheel, built.sdist, cwd=built.wheel.parent)
    assert output.count("PASSED") == 2
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    for field in ("Author", "Keywords", "Summary", "License", "Requires-Python"):
        assert f"\n{field}: " in metadata, field
    # Relative links do not work on a package index.
    assert re.findall(r"<(?!https?:|mailto:)[^>\s]*>`_", metadata) == []


def test_the_source_distribution_has_them_and_the_documents_and_no_tests(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    assert built.packaged <= names
    assert {"README.rst", "CHANGES.rst", "LICENSE", "docs/http.rst", "deploy/nginx/gateway.conf"} <= names
    assert not [name for name in names if name.startswith(("tests", "build", ".", "benchmarks"))]


def test_the_installed_wheel_serves_from_an_empty_folder(built: Built, tmp_path: Path) -> None:
    needs("curl")
    venv.create(tmp_path / "venv", with_pip=True)
    programs, folder, port = tmp_path / "venv" / "bin", tmp_path / "empty", free_port()
    folder.mkdir()
    run(programs / "python", "-m", "pip", "install", "--quiet", "--retries=10", built.wheel, cwd=folder)
    run(programs / "python", "-m", "pip", "check", cwd=folder)
    # Tests may be imported from the checkout, but the package must be the installed one.
    assert str(tmp_path) in run(programs / "python", "-c", "import gateway; print(gateway.__file__)", cwd=folder)
    assert "serve" in run(programs / "gateway", "--help", cwd=folder)
    # The templates are in the wheel, too, and the new package's tests find the fixture of the installed plugin.
    run(programs / "python", "-m", "pip", "install", "--quiet", "--retries=10", "pytest", cwd=folder)
    run(programs / "gateway", "new", "acme", cwd=folder)
    assert "5 passed" in run(programs / "pytest", "-q", cwd=folder / "acme")
    bind = {"GATEWAY_BIND": f"127.0.0.1:{port}"}
    assert f"GATEWAY_BIND=127.0.0.1:{port}" in run(programs / "gateway", "check-config", cwd=folder, **bind)
    output = folder / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [programs / "gateway", "serve"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], **bind},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
        try:
            wait_until(lambda: "Listening at" in output.read_text(), "the installed gateway", process)
            (line,) = re.findall(r"^ *(curl .+)$", output.read_text(), re.MULTILINE)
            response = run("bash", "-c", f"{line} --silent --max-time 30", cwd=folder)
            assert response.startswith("{dialState:None,callState:Connected,")
            page = run("curl", "--silent", "--max-time", "30", f"http://127.0.0.1:{port}/metadata", cwd=folder)
            assert "NewSession" in page
        finally:
            assert end(process) == 0
