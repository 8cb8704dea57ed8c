"""The rules of `tests/conftest.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SKIPPED = {
    "test_body.py": "import pytest\ndef test(): pytest.skip('no engine')\n",
    "test_mark.py": "import pytest\n@pytest.mark.skipif(True, reason='no wheels')\ndef test(): pass\n",
    "test_fixture.py": "import pytest\n@pytest.fixture\ndef car(): pytest.skip('no car')\ndef test(car): pass\n",
    "test_module.py": "import pytest\npytest.importorskip('no_such_module_anywhere')\n",
    "test_part.py": "import pytest\ndef test(subtests):\n    with subtests.test('part'): pytest.skip('no part')\n",
}
NO_SKIP = "import pytest\n@pytest.mark.xfail(strict=True)\ndef test(): assert False\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of tests under the same rules."""
    hooks = "from tests.conftest import pytest_make_collect_report, pytest_runtest_makereport\n"
    (tmp_path / "conftest.py").write_text(hooks)
    (tmp_path / "test_expected.py").write_text(NO_SKIP)
    for name, text in SKIPPED.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, ci: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [*command, f"--rootdir={folder}", str(folder)], cwd=folder, env=environment, capture_output=True, text=True
    )
    return process.returncode, process.stdout


def test_what_is_skipped_fails_in_ci(folder: Path) -> None:
    status, output = run(folder, "true")
    assert status == 1
    for name in SKIPPED:
        assert f"{name}::test is skipped, and CI" in output or f"{name} is skipped, and CI" in output
    assert "test_expected.py::test is skipped" not in output


def test_elsewhere_it_does_not(folder: Path) -> None:
    status, output = run(folder, "")
    assert status == 0, output
