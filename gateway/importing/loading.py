"""Declarations as an importable module: for a mock, and to compare an earlier import with a new one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from types import ModuleType

from gateway.contract.typeinfo import Contract, describe
from gateway.importing.declarations import Header, write
from gateway.importing.drafts import ImportFailed, Losses
from gateway.service import Service
from serializers.dialect import DEFAULT, Dialect

#: The module from which declarations import ``service``.
DECLARED = "declared"


def list_roles(contract: Contract) -> tuple[str, ...]:
    """Return the roles that operations name, each once."""
    return tuple(dict.fromkeys(role for operation in contract.operations for role in operation.access.roles))


def find_version(text: str) -> str:
    """Return a host's version in the form that `Dialect.of` accepts; empty if the text is not a version."""
    match = re.match(r"(\d{1,3})(\.\d{1,4})?", text)
    # Packages for .NET Core started at 1 when the others were at 4.5, and hosts of version 4.0 wrote 1.
    version = "" if match is None else "4.5" if match[1] == "1" else match[0]
    try:
        return version if Dialect.of(version) else ""
    except ValueError:
        return ""


def find_dialect(text: str) -> Dialect:
    """Return the dialect of hosts of a version; the gateway's own if the text is not a version."""
    version = find_version(text)
    return Dialect.of(version) if version else DEFAULT


def format_service_line(package: str) -> str:
    """Return the line that imports ``service`` in a package's module of declarations."""
    return f"from {package}.{DECLARED} import service"


def declare(contract: Contract, service: Service, losses: Losses, name: str) -> None:
    """Declare the operations of a contract in a service.

    :param name: of the module that holds the DTOs until the process ends.
    :raises ImportFailed: when they can't be declared.
    """
    header = Header(("Declarations that live in memory.",), format_service_line(name))
    execute(write(contract, header, losses), name, service)


def read_declarations(text: str, package: str, roles: Iterable[str] = ()) -> Contract:
    """Return the contract of a module that was written for a package.

    :raises ImportFailed: when the module can't be executed.
    """
    service = Service(package, roles=roles)
    name = f"_{package}_before"
    execute(text.replace(format_service_line(package), format_service_line(name), 1), name, service)
    return describe(service.catalog)


def execute(text: str, name: str, service: Service) -> None:
    """Execute a module of declarations; fields resolve each other by the module's name.

    :raises ImportFailed: when it can't be executed.
    """
    module, service_module = ModuleType(name), ModuleType(f"{name}.{DECLARED}")
    module.__file__ = None
    service_module.__dict__["service"] = service
    sys.modules[name], sys.modules[service_module.__name__] = module, service_module
    try:
        exec(compile(text, f"<{name}>", "exec"), module.__dict__)  # noqa: S102 - our own writer's text
    except Exception as error:
        raise ImportFailed(f"the declarations can't be used: {type(error).__name__}: {error}") from error
