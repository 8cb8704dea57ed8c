"""Sphinx's settings: `make docs`.

The pages are plain reStructuredText that any viewer of the repository shows: they link each other by file name, and index.rst lists them.
Here such links become links between pages, and index.rst becomes the table of contents. Pages that need Sphinx are in site/.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import click
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import gateway  # noqa: E402 - found by the line above
import gateway.rows  # noqa: E402
from gateway.contract.catalog import Operation  # noqa: E402
from gateway.service import Service  # noqa: E402
from gateway.sessions.service import service  # noqa: E402

project = "Sessions gateway"
author = "The authors of Sessions gateway"
project_copyright = f"2026, {author}"
release = version = gateway.__version__

extensions = ["sphinx.ext.autodoc", "sphinx_click"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"{project} {release}"
html_show_sourcelink = False
# Console blocks hold responses beside commands.
highlight_language = "none"
suppress_warnings = ["misc.highlighting_failure"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_default_options = {"members": True, "exclude-members": "Meta, opts, with_traceback, add_note"}

#: A link of a page to another one, as any viewer of the repository follows it.
_PAGE = re.compile(r"(?P<page>[\w./-]+)\.rst(?P<anchor>#[\w-]+)?")


class LinksOfFiles(SphinxTransform):
    """Links by file name become links between pages. Sphinx warns of those that lead nowhere."""

    default_priority = 5

    def apply(self, **kwargs: Any) -> None:
        """Replace them."""
        for reference in list(self.document.findall(nodes.reference)):
            found = _PAGE.fullmatch(reference.get("refuri", ""))
            if found is None:
                continue
            if found["page"].startswith("../"):
                reference.replace_self(nodes.literal("", found["page"].removeprefix("../") + ".rst"))
                continue
            link = addnodes.pending_xref(
                "",
                refdomain="std",
                reftype="doc",
                reftarget=re.sub("^docs/", "/", found["page"]),
                refexplicit=True,
                refwarn=True,
            )
            link["refdoc"] = self.env.docname
            link += nodes.inline("", reference.astext(), classes=["xref", "std", "std-doc"])
            reference.replace_self(link)


def contents(source: str) -> Iterator[str]:
    """A hidden toctree for each section of index.rst, with the pages that it links, and one for pages that it does not link yet."""
    sections = re.split(r"\n(?=[^\n]+\n-{3,}\n)", source)[1:]
    linked = {each.partition("\n")[0]: re.findall(r"<([\w./-]+)\.rst>`_", each) for each in sections}
    known = {"index", *(page for pages in linked.values() for page in pages)}
    linked["More"] = sorted({each.stem for each in HERE.glob("*.rst")} - known)
    for caption, pages in linked.items():
        if pages:
            yield "\n".join(
                [
                    "",
                    "",
                    ".. toctree::",
                    "   :hidden:",
                    f"   :caption: {caption}",
                    "",
                    *(f"   {each}" for each in pages),
                    "",
                ]
            )


def add_generated(_app: Sphinx, name: str, source: list[str]) -> None:
    """Add what is read from the code: the table of contents, the public names, the operations."""
    if name == "index":
        source[0] += "".join(contents(source[0]))
    elif name == "site/api":
        source[0] += "\n".join(_public())
    elif name == "site/catalog":
        source[0] += "\n".join(_catalog(service))


def escape_help(_app: Sphinx, _context: click.Context, lines: list[str]) -> None:
    """Escape names such as ``GATEWAY_…`` in the help of a command, which Sphinx takes for references."""
    lines[:] = [re.sub(r"(?<=\w)_(?!\w)", r"\\_", each) for each in lines]


def _public() -> Iterator[str]:
    """The public names of Python: autodoc's directives for them."""
    for module in (gateway, gateway.rows):
        title = module.__name__
        yield from (title, "-" * len(title), "")
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, type) and (module is gateway or name not in gateway.__all__):
                yield from (f".. autoclass:: {title}.{name}", "")
            elif isinstance(value, FunctionType):
                yield from (f".. autofunction:: {title}.{name}", "")
    yield from (
        "Client",
        "------",
        "",
        "What ``service.client()`` returns.",
        "",
        ".. autoclass:: gateway.http.testing.Client",
        "",
    )
    for name in gateway.__all__:
        value = getattr(gateway, name)
        if isinstance(value, ModuleType):
            title = f"gateway.{name}"
            shown = {each for each in gateway.__all__ if hasattr(value, each)}
            yield from (title, "-" * len(title), "", f".. automodule:: {value.__name__}")
            yield from (f"   :exclude-members: {', '.join(sorted({*shown, 'Meta', 'opts'}))}", "")


def _catalog(service: Service) -> Iterator[str]:
    by_tag: dict[str, list[Operation]] = {}
    for operation in service.catalog:
        by_tag.setdefault(next(iter(operation.tags), "other"), []).append(operation)
    for tag, operations in sorted(by_tag.items()):
        title = tag.capitalize()
        yield from (title, "-" * len(title), "")
        for operation in operations:
            yield from _operation(operation)


def _operation(operation: Operation) -> Iterator[str]:
    yield from (
        operation.name,
        "~" * len(operation.name),
        "",
        (operation.dto.__doc__ or operation.name).strip().splitlines()[0],
        "",
    )
    for route in operation.routes:
        yield f"- ``{', '.join(route.verbs)} {route.path}``"
    yield ""
    returns = operation.returns
    yield f"Access: {_access(operation)}. Returns: {getattr(returns, '__name__', None) or 'no content'}."
    yield ""
    rows = [
        (field.data_key, type(field).__name__, getattr(field, "description", ""))
        for _, field in operation.dto.wire_fields()
    ]
    if rows:
        yield from (
            ".. list-table::",
            "   :header-rows: 1",
            "   :widths: 30 15 55",
            "",
            "   * - Field",
            "     - Type",
            "     - Description",
        )
        for name, kind, description in rows:
            yield from (f"   * - ``{name}``", f"     - {kind}", f"     - {description}")
        yield ""


def _access(operation: Operation) -> str:
    access = operation.access
    if access is None or not access.signed_in:
        return "anyone"
    roles = [*access.all_of, *(["or ".join(access.any_of)] if access.any_of else [])]
    return f"role {', '.join(roles)}" if roles else "every signed-in caller"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what is above."""
    app.add_transform(LinksOfFiles)
    app.connect("source-read", add_generated)
    app.connect("sphinx-click-process-description", escape_help)
    return {"parallel_read_safe": True}
