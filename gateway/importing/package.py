"""A package of an imported contract: the first import writes it, and later ones update it."""

from __future__ import annotations

import hashlib
import keyword
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from gateway.contract import servicestack
from gateway.contract.typeinfo import Contract, OperationInfo
from gateway.errors import CatalogError
from gateway.importing.changes import find_differences
from gateway.importing.code import add_prefix, make_tuple, quote, write_docstring, write_lines
from gateway.importing.declarations import Header, write
from gateway.importing.drafts import ImportFailed, Losses
from gateway.importing.loading import execute, find_version, format_service_line, list_roles, read_declarations
from gateway.importing.sources import Imported
from gateway.metadata.languages.texts import snake_case
from gateway.service import Service
from gateway.terminal import counted

_DIGEST = re.compile(r"^Digest: ([0-9a-f]{16})$", re.MULTILINE)
_NO_DIGEST = "0" * 16
#: Each import replaces the README below this line.
MARK = ".. Everything below this line is replaced when the contract is imported again."
#: Names that the stubs of use cases can't have.
_RESERVED = frozenset(("answer_unwritten", "dtos", "errors", "service", "unwritten"))


@dataclass(frozen=True)
class Written:
    """The result of an import.

    :ivar folder: the package's project.
    :ivar files: the files that were written, relative to it.
    :ivar changes: differences from the previous contract.
    """

    folder: Path
    files: tuple[str, ...]
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """The project of a package, which need not exist yet.

    :ivar folder: the folder that holds the package, its tests and its README.
    """

    folder: Path
    name: str

    @classmethod
    def of(cls, name: str, working: Path) -> Project:
        """Return the project of a package: the working folder if it holds the package, otherwise a folder of its name there."""
        return cls(working if (working / name / "dtos.py").is_file() else working / name, name)

    @property
    def dtos(self) -> Path:
        """Return the path of the module of declarations."""
        return self.folder / self.name / "dtos.py"

    @property
    def exists(self) -> bool:
        """Return whether a contract was imported here before."""
        return self.dtos.is_file()


def find_changes(project: Project, imported: Imported) -> list[str]:
    """Return the differences between the package's contract and the imported one.

    :raises ImportFailed: when the package was not written by an import.
    """
    if not project.exists:
        raise ImportFailed(f"{project.dtos} does not exist: import the contract without --check first")
    text = project.dtos.read_text(encoding="utf-8")
    before = read_declarations(text, project.name, list_roles(imported.contract))
    # Losses are not changes.
    fresh = read_declarations(
        write(imported.contract, _build_header(imported, project.name), Losses()),
        project.name,
        list_roles(imported.contract),
    )
    return [*find_differences(before, fresh)]


def write_package(project: Project, imported: Imported) -> Written:
    """Write the package, or update its generated modules.

    :raises ImportFailed: when the folder is something else, the generated module was edited, or files can't be written.
    """
    if project.exists:
        return _update(project, imported)
    if project.folder.exists() or project.folder.is_symlink():
        raise ImportFailed(f"{project.folder} exists already, without {project.name}/dtos.py; nothing was written")
    files = {**_write_generated(project.name, imported), **_write_starting(project.name, imported)}
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{project.name}-", dir=project.folder.parent))
        try:
            for where, text in files.items():
                path = folder / where
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            folder.chmod(0o777 & ~_umask())
            folder.rename(project.folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    except OSError as error:
        raise ImportFailed(f"{error.filename or project.folder} can't be written: {error.strerror}") from error
    return Written(project.folder, tuple(files))


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


def _update(project: Project, imported: Imported) -> Written:
    text = project.dtos.read_text(encoding="utf-8")
    if not _is_untouched(text):
        raise ImportFailed(
            f"{project.dtos} was edited since it was imported. Move what you changed to another module, or delete the file's "
            f"Digest line to have your changes replaced; nothing was written"
        )
    contract_changes = find_changes(project, imported)
    files = _write_generated(project.name, imported)
    readme = project.folder / "README.rst"
    if readme.is_file():
        head, mark, _ = readme.read_text(encoding="utf-8").partition(MARK)
        if mark:
            files["README.rst"] = head + _describe_import(imported)
    fresh = {where: text for where, text in files.items() if _differs(project.folder / where, text)}
    try:
        for where, text in fresh.items():
            path = project.folder / where
            beside = path.with_name(f".{path.name}.new")
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)
    except OSError as error:
        raise ImportFailed(f"{error.filename or project.folder} can't be written: {error.strerror}") from error
    return Written(project.folder, tuple(fresh), tuple(contract_changes))


def _differs(path: Path, text: str) -> bool:
    return not path.is_file() or path.read_text(encoding="utf-8") != text


def _write_generated(name: str, imported: Imported) -> dict[str, str]:
    """Return the files that each import replaces."""
    text = write(imported.contract, _build_header(imported, name), imported.losses)
    roles = list_roles(imported.contract)
    _try_out(text, name, roles)
    role_lines = write_lines(add_prefix("ROLES: tuple[str, ...] = ", make_tuple(map(quote, roles))))
    docstring = '"""The roles that operations name. Importing the contract again replaces this file."""'
    return {
        f"{name}/dtos.py": _sign(text),
        f"{name}/roles.py": "\n".join([docstring, "", *role_lines]) + "\n",
    }


def _try_out(text: str, name: str, roles: tuple[str, ...]) -> None:
    """Execute the declarations before they are written. Raises ImportFailed when they can't be served."""
    service = Service(name, roles=roles)
    execute(text.replace(format_service_line(name), format_service_line(f"_{name}_new"), 1), f"_{name}_new", service)
    for operation in service.catalog:
        service.handles(operation.dto)(lambda _request, _context: None)
    try:
        service.catalog.check()
    except CatalogError as error:
        raise ImportFailed(f"the contract contradicts itself: {error}") from None


def _build_header(imported: Imported, name: str) -> Header:
    return Header(
        (
            f"The contract of {_escape(imported.title or name)}: what clients send and get, on which routes, and who may call.",
            "",
            f"Imported from {_escape(imported.source)}. Importing again replaces this file: do not edit it.",
            "",
            f"Digest: {_NO_DIGEST}",
        ),
        format_service_line(name),
    )


def _escape(text: str) -> str:
    return write_docstring(text)[3:-3].replace('"', "'")


def _sign(text: str) -> str:
    return _DIGEST.sub(f"Digest: {_compute_digest(text)}", text, count=1)


def _compute_digest(text: str) -> str:
    return hashlib.sha256(_DIGEST.sub("", text, count=1).encode()).hexdigest()[:16]


def _is_untouched(text: str) -> bool:
    match = _DIGEST.search(text)
    return match is None or match[1] == _compute_digest(text)


def _write_starting(name: str, imported: Imported) -> dict[str, str]:
    """Return the files that only the first import writes."""
    title = imported.title or " ".join(part.capitalize() for part in name.split("_") if part)
    version = find_version(imported.version)
    dialect = f"Dialect.of({quote(version)})" if version else ""
    values: Mapping[str, str] = {
        "name": name,
        "title": quote(title),
        "underlined": f"{title}\n{'=' * max(len(title), 1)}",
        "source": imported.source,
        "imports": "Credentials, Dialect, Principal, Service" if dialect else "Credentials, Principal, Service",
        "dialect": f"\n    dialect={dialect}," if dialect else "",
    }
    templates = resources.files("gateway.importing") / "templates"

    def fill(template: str) -> str:
        return Template((templates / template).read_text(encoding="utf-8")).substitute(values)

    return {
        "README.rst": fill("README.rst.txt") + _describe_import(imported),
        "pyproject.toml": fill("pyproject.toml.txt"),
        f"{name}/__init__.py": write_docstring(f"{title}: a service for ServiceStack clients.") + "\n",
        f"{name}/declared.py": fill("declared.py.txt"),
        f"{name}/service.py": fill("service.py.txt"),
        f"{name}/use_cases.py": "\n".join(_write_use_cases(name, imported.contract)) + "\n",
        f"tests/test_{name}.py": fill("test_service.py.txt"),
    }


def _write_use_cases(name: str, contract: Contract) -> Iterator[str]:
    yield '"""The use cases: what the operations do. Each returns 501 until it is written."""'
    yield from ("", "from gateway import Context, errors", "")
    if contract.operations:
        yield f"from {name} import dtos"
        yield f"from {name}.declared import service"
    yield from ("", "", "def unwritten(operation: str) -> errors.StatusError:")
    yield '    """Return the error of an operation without a use case."""'
    yield '    return errors.status(501, "NotImplemented", f"{operation} is not implemented yet.")'
    yield from ("", "", "def answer_unwritten(request: object, context: Context) -> object:")
    yield '    """Refuse a request of an operation that has no use case in this module."""'
    yield '    raise unwritten("This operation")'
    names = set(_RESERVED)
    for operation in contract.operations:
        if operation.name in servicestack.OF_USERS:
            # Users() handles them; without it they return 501.
            continue
        function = snake_case(operation.name)
        while function in names or not function.isidentifier() or keyword.iskeyword(function):
            function += "_"
        names.add(function)
        yield from ("", "", *_write_use_case(operation, function))


def _write_use_case(operation: OperationInfo, function: str) -> Iterator[str]:
    yield f"@service.handles(dtos.{operation.name})"
    flat = f"def {function}(request: dtos.{operation.name}, context: Context) -> object:"
    if len(flat) <= 88:
        yield flat
    else:
        yield f"def {function}("
        yield f"    request: dtos.{operation.name}, context: Context"
        yield ") -> object:"
    yield f"    {write_docstring(operation.request.description or operation.name)}"
    yield f"    raise unwritten({quote(operation.name)})"


def _describe_import(imported: Imported) -> str:
    """Return the README's part about the import."""
    lines = [MARK, "", "What was imported", "-----------------"]
    operations, types = (
        counted(len(imported.contract.operations), "operation"),
        counted(len(imported.contract.types), "type"),
    )
    lines += [f"{operations} and {types} from {imported.kind}: {imported.source}.", ""]
    if shared := [
        operation.name for operation in imported.contract.operations if operation.name in servicestack.OF_USERS
    ]:
        lines += [f"Come from ``Users()`` if the service uses it: {', '.join(shared)}.", ""]
    if imported.losses.positions:
        lines += ["What has no counterpart in the declarations:", ""]
        for kind, positions in imported.losses.positions.items():
            lines += [f"- {_escape_rst(kind)}: {len(positions)}", "", "  .. code-block:: text", ""]
            lines += [f"     {_format_rst_line(position)}" for position in positions]
            lines += [""]
    else:
        lines += ["Everything has a counterpart in the declarations.", ""]
    return "\n".join(lines)


def _escape_rst(text: str) -> str:
    return re.sub(r"([\\*`_|])", r"\\\1", " ".join(text.split()))


def _format_rst_line(text: str) -> str:
    return " ".join(text.split())
