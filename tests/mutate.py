"""Small faults planted one by one, to see whether the tests notice: ``make check-deep``.

A mutant is a copy of the tree with one operator, comparison or number changed. It is killed when a test fails (or hangs), and survives when
all tests of its package pass. The score of a package is the part of its mutants that were killed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
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
_PATIENCE = 600.0

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


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    for position, node in enumerate(ast.walk(ast.parse((ROOT / path).read_text()))):
        changed = mutated(node)
        if changed is not None:
            yield Mutant(path, position, getattr(node, "lineno", 0), f"{ast.unparse(node)} -> {ast.unparse(changed)}")


def mutated(node: ast.AST) -> ast.AST | None:
    """The node with a small fault; None for a node that none is known for."""
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


def source_of(mutant: Mutant) -> str:
    """The file's text with the fault in it."""
    tree = ast.parse((ROOT / mutant.path).read_text())
    target = next(node for position, node in enumerate(ast.walk(tree)) if position == mutant.position)
    changed = mutated(target)
    assert changed is not None
    return ast.unparse(ast.fix_missing_locations(_Swap(target, ast.copy_location(changed, target)).visit(tree)))


def survives(mutant: Mutant, tree: Path, tests: str) -> bool:
    """Whether all tests pass with the fault planted in a copy of the tree."""
    path = tree / mutant.path
    original = path.read_text()
    # Tests that are named as the module come first: they notice soonest.
    first = sorted(each.relative_to(tree).as_posix() for each in (tree / tests).glob(f"test_*{path.stem}*.py"))
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", _ENGINES, *first, tests]
    try:
        path.write_text(source_of(mutant))
        done = subprocess.run(
            command,
            cwd=tree,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            env={"PYTHONPATH": ".", "PATH": "/usr/bin:/bin"},
        )
    except subprocess.TimeoutExpired:
        return False
    finally:
        path.write_text(original)
    return done.returncode == 0


def chosen(package: str, count: int, seed: int) -> list[Mutant]:
    """Some mutants of a package, the same ones for the same seed."""
    files = sorted(path.relative_to(ROOT) for path in (ROOT / package).rglob("*.py"))
    every = [each for path in files for each in mutants(path)]
    return random.Random(seed).sample(every, min(count, len(every)))


def main() -> None:
    """Plant some faults in each package and print what survives, and the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=25, help="mutants of each package (default 25)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default 1)")
    parser.add_argument("--package", action="append", choices=PACKAGES, help="this package alone; may be repeated")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("gateway", "serializers", "models", "tests", "deploy", "docs"):
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        for name in ("setup.cfg", "setup.py", "README.rst"):
            shutil.copy(ROOT / name, tree)
        for package in options.package or PACKAGES:
            found = chosen(package, options.count, options.seed)
            alive = 0
            for each in found:
                if survives(each, tree, PACKAGES[package]):
                    alive += 1
                    print(f"survived  {each.path}:{each.line}  {each.words[:100]}", flush=True)
            print(f"{package}: {len(found) - alive} of {len(found)} killed", flush=True)


if __name__ == "__main__":
    main()
