"""The faults that ``make check-deep`` plants."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests import mutate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", "a <= b"),
        ("a >= b", "a > b"),
        ("a == b", "a != b"),
        ("a in b", "a not in b"),
        ("a is None", "a is not None"),
        ("a and b", "a or b"),
        ("not a", "a"),
        ("a + 1", "a - 1"),
        ("7", "8"),
        ("True", "False"),
        ("int | None", None),
        ("'a' + b", None),
        ("'text'", None),
    ],
)
def test_a_fault(text: str, expected: str | None) -> None:
    changed = mutate.mutate(ast.parse(text, mode="eval").body)
    assert (None if changed is None else ast.unparse(changed)) == expected


@pytest.mark.parametrize("package", mutate.PACKAGES)
def test_the_same_seed_chooses_the_same_faults(package: str) -> None:
    mutants = mutate.choose(package, 5, seed=3)
    assert len(mutants) == 5
    assert mutants == mutate.choose(package, 5, seed=3)
    for mutant in mutants:
        original = (mutate.ROOT / mutant.path).read_text()
        assert ast.dump(ast.parse(mutate.build_source(mutant))) != ast.dump(ast.parse(original))


#: A module whose faults end in every way.
MODULE = """
FLAG = True
assert len("a") == 1

def known(number):
    return number < FIRST

def unknown(number):
    return number < SECOND

def down(number):
    while number > ZERO:
        number = number - FLAG

FIRST, SECOND, ZERO = (int(each) for each in "780")
"""
TESTS = """
from package import module

assert module.FLAG

def test():
    module.down(3)
    assert [module.known(6), module.known(7)] == [True, False]
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with one module and its tests."""
    for name, text in (("package/module.py", MODULE), ("tests/test_module.py", TESTS)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    monkeypatch.setattr(mutate, "PACKAGES", {"package": "tests"})
    return tmp_path


def test_what_becomes_of_a_fault(tree: Path) -> None:
    """One that hangs is killed, and so is one that its module can't be imported with. Tests that can't begin for it say nothing."""
    trial = mutate.Trial(tree, "tests")
    trial.prepare()
    assert trial.patience is not None
    assert trial.patience > 60
    outcomes = {}
    for mutant in mutate.list_mutants(Path("package/module.py")):
        trial.patience = 5 if "-" in mutant.words.split("->")[0] else 100
        outcomes[mutant.words] = trial.run(mutant)
    assert outcomes == {
        "True -> False": "unclear",
        "len('a') == 1 -> len('a') != 1": "killed",
        "1 -> 2": "killed",
        "number < FIRST -> number <= FIRST": "killed",
        "number < SECOND -> number <= SECOND": "survived",
        "number > ZERO -> number >= ZERO": "survived",
        "number - FLAG -> number + FLAG": "killed",
    }
    assert (tree / "package/module.py").read_text() == MODULE


def test_the_report(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mutate.report("package", mutate.Trial(tree, "tests"), count=2, seed=4)
    first_line, second_line, *planted, last_line = capsys.readouterr().out.splitlines()
    assert first_line == "package: seed 4, 2 of 7 faults"
    assert second_line.startswith("package: without a fault all tests pass in ")
    assert len(planted) == 2
    outcomes = Counter(line.split()[0] for line in planted)
    for line, mutant in zip(planted, mutate.choose("package", 2, seed=4), strict=True):
        assert line.endswith(f"  package/module.py:{mutant.line}  {mutant.words}")
    counts = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in ("killed", "survived", "unclear"))
    assert last_line == f"package: seed 4, 2 faults: {counts}"


def test_tests_that_fail_without_a_fault(tree: Path) -> None:
    (tree / "tests/test_module.py").write_text(f"{TESTS}\n    assert False\n")
    with pytest.raises(SystemExit, match="the tests fail without a fault"):
        mutate.Trial(tree, "tests").prepare()
