"""Contracts that readers are tried with: the sessions API, and one of every kind."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from gateway.contract.dto_field import DataMember
from gateway.contract.typeinfo import Contract, Property, RecordInfo, TypeInfo, describe
from gateway.importing import loading, sources
from gateway.importing.declarations import Header, write
from gateway.importing.drafts import Losses
from gateway.importing.sources import Imported, Source
from gateway.metadata import documents
from gateway.service import Service
from gateway.sessions.service import service as sessions_service
from tests.contract import every_kind

CORPUS = Path(__file__).parent.parent / "corpora" / "types"
#: Contracts of other products by name, where there are any. They are no part of this project; the variable CONTRACTS names their folder.
OTHERS = {
    path.name: path
    for path in sorted(
        Path(os.environ.get("CONTRACTS", Path(__file__).parents[3] / "shared" / "vectors" / "import")).glob("*.json")
    )
}


@cache
def describe_sessions() -> Contract:
    """The sessions API."""
    return describe(sorted(sessions_service.catalog, key=lambda operation: operation.dto.__module__))


@cache
def describe_every_kind() -> Contract:
    """Every kind of type."""
    return describe(every_kind.catalog())


def build_metadata(contract: Contract) -> dict[str, Any]:
    """``/types/metadata.json``."""
    return documents.build_types_metadata(contract, "http://host")


def read(text: str, name: str = "document") -> Imported:
    """The declarations of a document."""
    return sources.read(Source(name, text))


def read_json(value: Any) -> Imported:
    """What a document of JSON declares."""
    return read(json.dumps(value))


def write_module(contract: Contract, losses: Losses | None = None) -> str:
    """The module of declarations."""
    return write(contract, Header(("Declarations.",), loading.format_service_line("written")), losses or Losses())


def declare(contract: Contract) -> Contract:
    """The contract of the module of declarations."""
    roles = loading.list_roles(contract)
    service = Service("Written", roles=roles)
    loading.execute(write_module(contract), "written", service)
    return describe(service.catalog)


def make_comparable(contract: Contract) -> dict[str, Any]:
    """What two contracts are compared by: everything but who is an administrator."""
    parts: dict[str, Any] = {
        f"operation {operation.name}": replace(operation, access=replace(operation.access, administrator=""))
        for operation in contract.operations
    }
    return parts | contract.types | {"order": ([*contract.by_name], [*contract.types])}


def remove_lengths(contract: Contract) -> Contract:
    """The contract as ServiceStack's documents can have it: without the longest texts and nulls of pairs, and with numbers for members
    whose order is declared by their class."""

    def change(info: TypeInfo) -> TypeInfo:
        if not isinstance(info, RecordInfo):
            return info
        properties = (
            replace(
                field,
                longest=None,
                nullable=field.nullable and field.type.name != "KeyValuePair",
                data_member=_number_data_member(info, field) if info.is_contract else None,
            )
            for field in info.properties
        )
        return replace(info, ordered=False, properties=tuple(properties))

    types = {name: change(info) for name, info in contract.types.items()}
    operations = tuple(replace(operation, request=types[operation.name]) for operation in contract.operations)  # type: ignore[arg-type]
    return Contract(operations, types)


def _number_data_member(info: RecordInfo, field: Property) -> DataMember:
    return replace(field.data_member or DataMember(), order=info.number_of(field))
