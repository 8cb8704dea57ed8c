"""The explorer: one page that calls every operation in every format, with nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from gateway.contract.catalog import Operation
from gateway.contract.typeinfo import Contract, EnumInfo, Property, RecordInfo
from gateway.metadata import constraints
from gateway.metadata.languages.python import member_name
from gateway.metadata.pages import BASE_URL, place_of, render_kept, rules, templates, type_text
from serializers.html.style import STYLE_SOURCE

_SCRIPT = "explorer.js"


def page(operations: Iterable[Operation], contract: Contract, title: str) -> str:
    """The whole page.

    :param title: the service's name.
    """
    found = [dict(_operation(each, contract)) for each in sorted(operations, key=lambda each: each.name)]
    return render_kept(
        "explorer.html", title, title=f"Explorer · {title}", api={"operations": found, "root": urlsplit(BASE_URL).path}
    )


def policy() -> str:
    """The page's Content-Security-Policy: its own script, this service, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src {STYLE_SOURCE}; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def script() -> str:
    """The page's script as it stands between its tags."""
    return "\n" + templates().get_template(_SCRIPT).render() + "\n"


def _operation(operation: Operation, contract: Contract) -> Iterator[tuple[str, Any]]:
    assert operation.access is not None
    info = contract.by_name[operation.name]
    yield "name", operation.name
    yield "summary", operation.dto.summary()
    yield "returns", type_text(info.returns) if info.returns else ""
    yield (
        "access",
        "; ".join(f"{name} {roles}" for name, roles in rules(operation.access))
        or ("Requires Authentication" if operation.access.signed_in else ""),
    )
    yield "routes", [{"verb": verb, "path": route.path} for route in operation.addresses for verb in route.verbs]
    yield "aliases", {name.lower(): wire for name, wire in operation.dto.aliases.items()}
    demanded, bases = constraints.demanded(operation.dto), dict(_bases(info.request, contract))
    yield (
        "fields",
        [
            {**dict(_field(each, operation, contract)), "required": each.wire in demanded, "within": bases[each.wire]}
            for each in contract.all_properties(info.request)
        ],
    )


def _bases(record: RecordInfo, contract: Contract, *below: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each of a record's fields with the types that it is inherited through."""
    yield from ((each.wire, below) for each in record.properties)
    if record.base is not None:
        yield from _bases(contract.record(record.base.name), contract, *below, record.base.name)


def _field(each: Property, operation: Operation, contract: Contract) -> Iterator[tuple[str, Any]]:
    yield "name", each.name
    yield "wire", each.wire
    yield "python", member_name(each.name)
    yield "kind", each.type.name if each.type.kind == "scalar" else each.type.kind
    yield "type", type_text(each.type)
    yield "place", place_of(each, operation)
    yield "description", each.description
    known = contract.types.get(each.type.name)
    if isinstance(known, EnumInfo):
        yield "values", [known.text_of(name) for name, _ in known.members]
