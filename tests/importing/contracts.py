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
    each.name: each
    for each in sorted(
        Path(os.environ.get("CONTRACTS", Path(__file__).parents[3] / "shared" / "vectors" / "import")).glob("*.json")
    )
}


@cache
def sessions() -> Contract:
    """The sessions API."""
    return describe(sorted(sessions_service.catalog, key=lambda each: each.dto.__module__))


@cache
def every() -> Contract:
    """Every kind of type."""
    return describe(every_kind.catalog())


def metadata(contract: Contract) -> dict[str, Any]:
    """``/types/metadata.json``."""
    return documents.types_metadata(contract, "http://host")


def read(text: str, name: str = "document") -> Imported:
    """The declarations of a document."""
    return sources.read(Source(name, text))


def read_json(value: Any) -> Imported:
    """What a document of JSON declares."""
    return read(json.dumps(value))


def written(contract: Contract, losses: Losses | None = None) -> str:
    """The module of declarations."""
    return write(contract, Header(("Declarations.",), loading.service_line("written")), losses or Losses())


def declared(contract: Contract) -> Contract:
    """The contract of the module of declarations."""
    roles = loading.roles_of(contract)
    service = Service("Written", roles=roles)
    loading.execute(written(contract), "written", service)
    return describe(service.catalog)


def plain(contract: Contract) -> dict[str, Any]:
    """What two contracts are compared by: everything but who is an administrator."""
    found: dict[str, Any] = {
        f"operation {each.name}": replace(each, access=replace(each.access, administrator=""))
        for each in contract.operations
    }
    return found | contract.types | {"order": ([*contract.by_name], [*contract.types])}


def without_lengths(contract: Contract) -> Contract:
    """The contract as ServiceStack's documents can have it: without the longest texts and nulls of pairs, and with numbers for members
    whose order is declared by their class."""

    def changed(info: TypeInfo) -> TypeInfo:
        if not isinstance(info, RecordInfo):
            return info
        properties = (
            replace(
                each,
                longest=None,
                nullable=each.nullable and each.type.name != "KeyValuePair",
                data_member=_numbered(info, each) if info.is_contract else None,
            )
            for each in info.properties
        )
        return replace(info, ordered=False, properties=tuple(properties))

    types = {name: changed(info) for name, info in contract.types.items()}
    operations = tuple(replace(each, request=types[each.name]) for each in contract.operations)  # type: ignore[arg-type]
    return Contract(operations, types)


def _numbered(info: RecordInfo, each: Property) -> DataMember:
    return replace(each.data_member or DataMember(), order=info.number_of(each))
