"""Parses files of Swift; each place that is no Swift is told with its line."""

import sys
from pathlib import Path

import tree_sitter
import tree_sitter_swift


def find_errors(node):
    """The deepest nodes that the grammar does not know."""
    errors = [error for child in node.children if child.has_error for error in find_errors(child)]
    return errors or [node]


for name in sys.argv[1:]:
    root = (
        tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language())).parse(Path(name).read_bytes()).root_node
    )
    if root.has_error:
        sys.exit("\n".join(f"{name}:{error.start_point.row + 1}: {error.text[:80]!r}" for error in find_errors(root)))
