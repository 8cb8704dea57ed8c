"""``gateway new``: a small package as the start of a service."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Mapping
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from string import Template

import click

from gateway.errors import GatewayError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
#: Names that the package's tests use.
_RESERVED_NAMES = frozenset({"test", "tests", "conftest"})

#: Every file of the package, with its template; without a template, the file has only a docstring.
_FILES: Mapping[str, str] = {
    "README.rst": "README.rst.txt",
    "pyproject.toml": "pyproject.toml.txt",
    "{name}/__init__.py": '"""{title}: a service for ServiceStack clients."""\n',
    "{name}/contract.py": "contract.py.txt",
    "{name}/customers.py": "customers.py.txt",
    "{name}/models.py": "models.py.txt",
    "{name}/migrations/__init__.py": '"""The steps that make the tables, in order."""\n',
    "{name}/migrations/m0001_first.py": "m0001_first.py.txt",
    "{name}/service.py": "service.py.txt",
    "tests/conftest.py": "conftest.py.txt",
    "tests/test_customers.py": "test_customers.py.txt",
}


class NotCreated(GatewayError):
    """A package that can't be written, with the reason."""


@click.command()
@click.argument("name")
def new(name: str) -> None:
    """Write a small service into the new folder NAME: a contract, use cases, a table with a migration, and tests.

    \b
    Example:
      gateway new acme
    """
    folder = create(name, Path.cwd())
    click.echo(f"wrote {len(_FILES)} files into {folder.name}; to serve them:\n")
    click.echo(f"    cd {name}\n    gateway serve {name}.service:service")


def create(name: str, parent: Path) -> Path:
    """Write a package into a new folder of the same name; return the folder.

    :raises NotCreated: when the name is not valid for a package, or is taken, or the folder can't be written.
    """
    folder = parent / name
    check_name(name, folder)
    title = " ".join(part.capitalize() for part in name.split("_") if part)
    names = {"name": name, "title": title, "underlined": f"{title}\n{'=' * len(title)}"}
    templates = resources.files("gateway.commands") / "templates"
    try:
        folder.mkdir()
        for path_template, source in _FILES.items():
            path = folder / path_template.format(**names)
            path.parent.mkdir(parents=True, exist_ok=True)
            is_template = source.endswith(".txt")
            text = (templates / source).read_text(encoding="utf-8") if is_template else source.format(**names)
            path.write_text(Template(text).substitute(names) if is_template else text, encoding="utf-8")
    except OSError as error:
        raise NotCreated(f"{error.filename or folder} can't be written: {error.strerror}") from error
    return folder


def check_name(name: str, folder: Path) -> None:
    """Refuse a name that a package can't have, or a folder that exists. Raises NotCreated."""
    if not _NAME.fullmatch(name):
        likely = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:30].strip("_")
        hint = f", for instance {likely}" if _NAME.fullmatch(likely) else ""
        raise NotCreated(
            f"{name!r} is not a name for a package: use a letter, then letters, digits and underscores, all in lower case, 30 at most{hint}"
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise NotCreated(f"{name!r} is a keyword of Python; choose another name")
    if folder.exists() or folder.is_symlink():
        raise NotCreated(f"{folder} exists already; nothing was written")
    if name in _RESERVED_NAMES or name in sys.stdlib_module_names or find_spec(name) is not None:
        raise NotCreated(f"there is a module {name!r} already, which the package would hide; choose another name")
