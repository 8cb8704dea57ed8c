"""Small faults planted one by one, to see whether the tests notice: ``make check-deep``.

A mutant is a copy of the tree with one operator, comparison or number changed. It is killed when a test fails or hangs, or when its module
can't be imported, and survives when all tests of its package pass. The score of a package is the part of its mutants that were killed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: What is mutated, and the tests that must notice.
PACKAGES: Mapping[str, str] = {
    "serializers": "tests/serializers",
    "gateway/http": "tests/http",
    "gateway/users": "tests/users",
    "models": "tests/models",
}
#: Tests run on the engine that needs no server.
_ENGINES = "not mysql and not mariadb and not galera"
#: What is no part of the tree: caches, and what is installed or built.
_LEFT_OUT = (".git", ".venv", "build", "dist", "node_modules", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info")
#: What pytest's status says: all tests passed, or one failed. It ends with others when it can't run them.
_STATUSES: Mapping[int, str] = {0: "survived", 1: "killed"}

_COMPARISONS: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """One change: the file, the position of the node among all of its tree, and what becomes of it in words."""

    path: Path
    position: int
    line: int
    words: str


def list_mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    for position, node in enumerate(ast.walk(ast.parse((ROOT / path).read_text()))):
        changed = mutate(node)
        if changed is not None:
            yield Mutant(path, position, getattr(node, "lineno", 0), _format_change(node, changed))


def _format_change(node: ast.AST, changed: ast.AST) -> str:
    """The change, in one line."""
    return " ".join(f"{ast.unparse(node)} -> {ast.unparse(changed)}".split())


def mutate(node: ast.AST) -> ast.AST | None:
    """The node with a small fault; None for a node that none is known for."""
    # PERF: a copy of everything in a file, again for everything in which it is, takes seconds.
    if not isinstance(node, ast.Compare | ast.BoolOp | ast.BinOp | ast.UnaryOp | ast.Constant):
        return None
    changed = copy.deepcopy(node)
    match changed:
        case ast.Compare(ops=[operator, *_]) if type(operator) in _COMPARISONS:
            changed.ops[0] = _COMPARISONS[type(operator)]()
        case ast.BoolOp():
            changed.op = ast.Or() if isinstance(changed.op, ast.And) else ast.And()
        case ast.BinOp() if type(changed.op) in _OPERATORS and not _is_type(changed):
            changed.op = _OPERATORS[type(changed.op)]()
        case ast.UnaryOp(op=ast.Not()):
            return changed.operand
        case ast.Constant(value=bool() as flag):
            changed.value = not flag
        case ast.Constant(value=int() as number):
            changed.value = number + 1
        case _:
            return None
    return changed


def _is_type(node: ast.BinOp) -> bool:
    """Whether the node may be a union of types, or a text that is joined."""
    return isinstance(node.op, ast.BitOr) or any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


class _Swap(ast.NodeTransformer):
    def __init__(self, target: ast.AST, changed: ast.AST) -> None:
        self._target, self._changed = target, changed

    def visit(self, node: ast.AST) -> ast.AST:
        return self._changed if node is self._target else super().generic_visit(node)


def build_source(mutant: Mutant) -> str:
    """The file's text with the fault in it."""
    tree = ast.parse((ROOT / mutant.path).read_text())
    target = next(node for position, node in enumerate(ast.walk(tree)) if position == mutant.position)
    changed = mutate(target)
    assert changed is not None
    return ast.unparse(ast.fix_missing_locations(_Swap(target, ast.copy_location(changed, target)).visit(tree)))


class Trial:
    """A copy of the tree, and the tests of one package in it.

    :ivar patience: seconds that tests have with a fault in the tree: several times what they take without one.
    """

    def __init__(self, tree: Path, tests: str) -> None:
        self._tree = tree
        self._tests = tests
        self.patience: float | None = None

    def prepare(self) -> float:
        """Run the tests without a fault; the seconds that they took.

        :raises SystemExit: when they do not pass: then nothing can be learned from faults.
        """
        began = time.monotonic()
        printed, status = self._run_python(*self._build_arguments())
        took = time.monotonic() - began
        if status != 0:
            raise SystemExit(f"{self._tests}: the tests fail without a fault (status {status}):\n{printed[-4000:]}")
        self.patience = 60 + 4 * took
        return took

    def run(self, mutant: Mutant) -> str:
        """What becomes of a fault.

        killed: a test fails, or the tests take several times as long as without it, or its module can't be imported.
        survived: all tests pass.
        unclear: the tests did not run, though the module can be imported.
        """
        path = self._tree / mutant.path
        original = path.read_text()
        # Tests that are named as the module come first: they notice soonest.
        named_tests = (self._tree / self._tests).rglob(f"test_*{path.stem}*.py")
        first_tests = sorted(test_file.relative_to(self._tree).as_posix() for test_file in named_tests)
        try:
            path.write_text(build_source(mutant))
            _, status = self._run_python(*self._build_arguments(*first_tests))
            if status not in _STATUSES and self._run_python("-c", f"import {read_module_name(mutant.path)}")[1] != 0:
                return "killed"
        except subprocess.TimeoutExpired:
            return "killed"
        finally:
            path.write_text(original)
        return _STATUSES.get(status, "unclear")

    def _build_arguments(self, *first_tests: str) -> Sequence[str]:
        return ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", _ENGINES, *first_tests, self._tests)

    def _run_python(self, *arguments: str) -> tuple[str, int]:
        """Output and status of Python with these arguments, in the copy. The copy's modules come before installed ones, in processes that
        tests start too."""
        inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        # NOTE: two faults in a file within a second may have one size; bytecode would be taken for that of the other.
        bytecode = {} if self.patience is None else {"PYTHONDONTWRITEBYTECODE": "1"}
        with subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self._tree,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**inherited, **bytecode, "PYTHONPATH": str(self._tree)},
        ) as process:
            try:
                return process.communicate(timeout=self.patience)[0], process.returncode
            finally:
                # What tests started ends with them.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def read_module_name(path: Path) -> str:
    """The name under which a file is imported."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def list_all(package: str) -> list[Mutant]:
    """All mutants of a package."""
    files = sorted(path.relative_to(ROOT) for path in (ROOT / package).rglob("*.py"))
    return [mutant for path in files for mutant in list_mutants(path)]


def choose(package: str, count: int, seed: int) -> list[Mutant]:
    """Some mutants of a package, the same ones for the same seed."""
    all_mutants = list_all(package)
    return random.Random(seed).sample(all_mutants, min(count, len(all_mutants)))


def main() -> None:
    """Plant some faults in each package and print what survives, and the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=25, help="mutants of each package (default 25)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default 1)")
    parser.add_argument("--package", action="append", choices=PACKAGES, help="this package alone; may be repeated")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
        for package in options.package or PACKAGES:
            report(package, Trial(tree, PACKAGES[package]), options.count, options.seed)


def report(package: str, trial: Trial, count: int, seed: int) -> None:
    """Plant some faults in a package and print what becomes of each one, then the score."""
    planted = choose(package, count, seed)
    print(f"{package}: seed {seed}, {len(planted)} of {len(list_all(package))} faults", flush=True)
    print(f"{package}: without a fault all tests pass in {trial.prepare():.0f} s", flush=True)
    outcomes = Counter[str]()
    for mutant in planted:
        outcome = trial.run(mutant)
        outcomes[outcome] += 1
        print(f"{outcome:<8}  {mutant.path}:{mutant.line}  {mutant.words}", flush=True)
    counts = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in ("killed", "survived", "unclear"))
    print(f"{package}: seed {seed}, {len(planted)} faults: {counts}", flush=True)


if __name__ == "__main__":
    main()
